//! `dunlin doctor`

use crate::shop::Shop;
use crate::support::databases;
use insta::assert_snapshot;

#[test]
fn it_says_what_it_detected() {
    let shop = Shop::applied();
    assert_snapshot!(shop.says(&["doctor"]), @r#"
    exit 0
    project        <project>
    tool           native
    known from     migrations
    url            sqlite:shop.db
    url from       DATABASE_URL
    server         SQLite 3
    database       shop.db
    schema         main
    foreign keys   enforced
    DDL            in one transaction with the history row
    lock time-out  5 s
    history        "main"."dunlin_migrations"
    lock           lock on the database file, free
    migrations     3 applied, 0 pending

    Nothing would stop a run.
    "#);
    assert_snapshot!(shop.says(&["doctor", "--format", "json"]), @r#"
    exit 0
    {
      "project": "<project>",
      "tool": "native",
      "toolFrom": "migrations",
      "url": "sqlite:shop.db",
      "urlFrom": "DATABASE_URL",
      "server": "SQLite 3",
      "database": "shop.db",
      "schema": "main",
      "foreignKeys": "enforced",
      "ddl": "in one transaction with the history row",
      "lockTimeout": "5 s",
      "history": "\"main\".\"dunlin_migrations\"",
      "applied": 3,
      "pending": 0,
      "locks": [
        {
          "lock": "lock on the database file",
          "holder": null
        }
      ],
      "obstacles": []
    }
    "#);
}

#[test]
fn it_says_what_would_stop_a_run() {
    let shop = Shop::applied();
    shop.edit();
    assert_snapshot!(shop.says(&["doctor"]), @r#"
    exit 5
    project        <project>
    tool           native
    known from     migrations
    url            sqlite:shop.db
    url from       DATABASE_URL
    server         SQLite 3
    database       shop.db
    schema         main
    foreign keys   enforced
    DDL            in one transaction with the history row
    lock time-out  5 s
    history        "main"."dunlin_migrations"
    lock           lock on the database file, free
    migrations     2 applied, 0 pending

    This would stop a run:
    - the history does not fit the migration files; nothing was run
    - migrations/2_orders.sql: 2_orders was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.
    "#);
    let shop = Shop::new();
    shop.project.write("migrations/4_notes.sql", "-- migrate:up\nINSERT INTO notes VALUES ('open);\n");
    assert_snapshot!(shop.says(&["doctor"]), @r#"
    exit 5
    project        <project>
    tool           native
    known from     migrations
    url            sqlite:shop.db
    url from       DATABASE_URL
    server         SQLite 3
    database       shop.db
    schema         main
    foreign keys   enforced
    DDL            in one transaction with the history row
    lock time-out  5 s
    history        "main"."dunlin_migrations"
    lock           lock on the database file, free
    migrations     0 applied, 4 pending

    This would stop a run:
    - migrations/4_notes.sql:2: a string literal that starts here is never closed. Add the closing quote; a quote inside a literal is written twice.
    "#);
}

#[test]
fn on_every_server_nothing_stops_a_run_and_no_password_is_shown() {
    for database in databases() {
        let shop = Shop::on(database);
        let output = shop.dunlin(&["doctor"]).success();
        assert!(
            output.stdout.contains("0 applied, 3 pending\n")
                && output.stdout.contains("Nothing would stop a run."),
            "{output}"
        );
        if let Some((user, password)) = shop.database.login() {
            assert!(output.stdout.contains(&format!("//{user}@")), "{output}");
            assert!(!output.stdout.contains(&format!(":{password}@")), "{output}");
        }
        assert!(shop.database.tables().is_empty());
    }
}
