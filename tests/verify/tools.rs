//! The projects of other tools: what is sound passes, and a down that forgets an index or a row is found.

use std::path::Path;

use crate::support::{
    Client, Database, KnexStage, Need, Output, Project, RailsAdapter, RailsStage, ServerKind, Version,
    copy_folder, needs, rails_is_here,
};

/// The codes of the findings of each migration.
fn codes(output: &Output) -> Vec<Vec<String>> {
    let document = output.json();
    let migrations = document["migrations"].as_array().unwrap_or_else(|| panic!("{output}"));
    let findings = migrations.iter().map(|one| one["findings"].as_array().unwrap());
    findings
        .map(|findings| findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect())
        .collect()
}

const SOUND: [&[&str]; 3] = [&[], &[], &[]];

#[test]
fn flyway_undoes_with_scripts() {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::Sqlite] {
        let Some(database) = Database::create(kind) else { continue };
        let drop = if kind == ServerKind::MariaDb {
            "DROP INDEX orders_status ON orders;"
        } else {
            "DROP INDEX orders_status;"
        };
        let project = Project::with(&[
            ("sql/V1__orders.sql", "CREATE TABLE orders (id integer PRIMARY KEY, status varchar(9));\n"),
            ("sql/U1__orders.sql", "DROP TABLE orders;\n"),
            ("sql/V2__index.sql", "CREATE INDEX orders_status ON orders (status);\n"),
            ("sql/U2__index.sql", drop),
            ("sql/V3__open.sql", "CREATE TABLE counts (number integer);\n"),
            (
                "sql/R__open.sql",
                "DROP VIEW IF EXISTS open_orders;\nCREATE VIEW open_orders AS SELECT id FROM orders;\n",
            ),
        ]);
        project.flyway_config(&database, "");
        let verify = || project.dunlin(&["verify", "--format", "json"]);
        let output = verify();
        assert_eq!(codes(&output), [&[][..], &[], &["NO_DOWN"], &[]], "{kind:?}");
        assert_eq!(output.json()["migrations"][3]["oneWay"], true, "{output}");
        project.write("sql/U3__open.sql", "DROP TABLE counts;\n");
        project.write("sql/U2__index.sql", "SELECT 1;\n");
        assert_eq!(codes(&verify())[1][0], "DOWN_DIFFERS");
        // What is applied stays as it is, and is what the rest is tried on.
        project.dunlin(&["up", "--steps", "2"]).success();
        let live = database.contents();
        assert_eq!(codes(&verify()), [Vec::<String>::new(), Vec::new()], "{kind:?}");
        assert_eq!(
            project.dunlin(&["drift"]).exits(0).stdout,
            "The live schema is what the applied migrations give.\n"
        );
        assert_eq!(database.contents(), live);
    }
}

#[test]
fn alembic_downgrades() {
    if !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    for kind in [ServerKind::Postgres, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        let project = Project::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_race");
        copy_folder(&folder, &project.path());
        let env = project.read("migrations/env.py").replace(
            "context.get_x_argument(as_dictionary=True)[\"url\"]",
            &format!("\"{}\"", database.sqlalchemy_url(None)),
        );
        project.write("migrations/env.py", env);
        let verify = || project.dunlin(&["verify", "--format", "json"]);
        let path = "migrations/versions/0003_status.py";
        let text = project.read(path);
        // The fixture closes orders and never opens them again.
        assert_eq!(codes(&verify()), [&[][..], &[], &["DOWN_LOSES_DATA"]], "{kind:?}");
        if kind == ServerKind::Postgres {
            let opens = "def downgrade():\n    op.execute(\"UPDATE orders SET status = 'open'\")\n";
            let text = text.replace("def downgrade():\n", opens);
            project.write(path, &text);
            assert_eq!(codes(&verify()), SOUND);
            let index = "    op.drop_index(\"ix_orders_status\", table_name=\"orders\")\n";
            project.write(path, text.replace(index, ""));
            assert_eq!(codes(&verify())[2][0], "DOWN_DIFFERS");
            project.write(path, text);
        }
        project.dunlin(&["up"]).success();
        database.sql("CREATE INDEX by_hand ON orders (status);");
        let drifted = project.dunlin(&["drift", "--format", "json"]).exits(3).json();
        let differences = drifted["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 1, "{drifted:#}");
        assert_eq!(differences[0]["changes"][0]["part"]["name"], "by_hand", "{drifted:#}");
    }
}

#[test]
fn knex_takes_back() {
    if !needs(&[Need::Knex, Need::Pack]) {
        return;
    }
    for client in [Client::PG, Client::BETTER_SQLITE3] {
        let Some(stage) = KnexStage::empty(client, Version::Three) else { continue };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_race");
        copy_folder(&folder, &stage.project.path());
        let dunlin = |arguments: &[&str]| {
            stage.project.dunlin_with(arguments, |command| {
                command
                    .env("LIBRARY_CLIENT", client.name)
                    .env("LIBRARY_CONNECTION", stage.database.knex_connection().1);
            })
        };
        let verify = || dunlin(&["verify", "--format", "json"]);
        assert_eq!(codes(&verify()), SOUND, "{client:?}");
        let path = "migrations/2_first_orders.js";
        let text = stage.project.read(path);
        stage.project.write(path, text.replace("  await knex('orders').del();\n", ""));
        assert_eq!(codes(&verify())[1][0], "DOWN_DIFFERS", "{client:?}");
        stage.project.write(path, text);
        dunlin(&["up"]).success();
        dunlin(&["drift"]).exits(0);
    }
}

#[test]
fn rails_reverses() {
    if !rails_is_here("sandbox") {
        return;
    }
    for adapter in [RailsAdapter::POSTGRES, RailsAdapter::SQLITE] {
        let Some(stage) = RailsStage::of("rails/orders", adapter, "7.2") else { continue };
        let dunlin = |arguments: &[&str]| stage.dunlin_with("sandbox", arguments, |_| {});
        let verify = || dunlin(&["verify", "--format", "json"]);
        assert_eq!(codes(&verify()), SOUND, "{adapter:?}");
        if adapter.kind == ServerKind::Postgres {
            let path = "db/migrate/003_status.rb";
            let text = stage.project.read(path);
            stage.project.write(path, text.replace("    remove_index :orders, :status\n", ""));
            assert_eq!(codes(&verify())[2][0], "DOWN_DIFFERS");
            let raises = "    raise ActiveRecord::IrreversibleMigration\n    remove_index";
            stage.project.write(path, text.replace("    remove_index", raises));
            assert_eq!(codes(&verify())[2][0], "DOWN_FAILS");
            stage.project.write(path, text);
        }
        dunlin(&["up"]).success();
        dunlin(&["drift"]).exits(0);
    }
}
