//! PostgreSQL, MariaDB and MySQL.

use crate::compare::Scene;
use crate::support::{ServerKind, flyway_is_here, servers};

const SHOP: &[(&str, &str)] = &[
    ("sql/V1__customers.sql", "CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL);\n"),
    (
        "sql/V2__orders.sql",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER);\nINSERT INTO orders VALUES (1, 1);\n",
    ),
    (
        "sql/R__totals.sql",
        "DROP VIEW IF EXISTS totals;\nCREATE VIEW totals AS SELECT count(*) AS n FROM orders;\n",
    ),
];

fn real() -> impl Iterator<Item = ServerKind> {
    servers().into_iter().filter(|kind| *kind != ServerKind::Sqlite)
}

/// Rows alone, which one transaction can hold on every server.
#[test]
fn a_group_that_fails() {
    if !flyway_is_here() {
        return;
    }
    let visits: &[(&str, &str)] = &[
        ("sql/V1__one.sql", "INSERT INTO visit VALUES (1);\n"),
        ("sql/V2__two.sql", "INSERT INTO visit VALUES (2);\n"),
        ("sql/V3__three.sql", "INSERT INTO visit VALUES (3);\nINSERT INTO nowhere VALUES (3);\n"),
    ];
    for kind in real() {
        let scene = Scene::on(kind, visits, "CREATE TABLE visit (id INTEGER);");
        let arguments = ["migrate", "-group=true", "-baselineOnMigrate=true", "-baselineVersion=0"];
        if kind == ServerKind::Postgres {
            scene.same_but_fails(&arguments).done();
            continue;
        }
        // Ours says that it was rolled back, as it was, and goes on with the next `migrate`; the rows are the same.
        let (original, ours) = (scene.original(&arguments), scene.ours(&arguments, &|_| {}));
        assert_eq!(ours.stdout, original.stdout);
        assert!(ours.stderr.contains("Changes successfully rolled back."), "{}", ours.stderr);
        let rows = |database: &str| {
            database
                .split('\n')
                .filter(|line| line.starts_with(char::is_numeric))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&ours.database), rows(&original.database), "{kind:?}");
        assert_eq!(rows(&ours.database).len(), 2);
    }
}

#[test]
fn refused_connections() {
    if !flyway_is_here() {
        return;
    }
    for kind in real() {
        Scene::on(kind, SHOP, "")
            .all_same(&["info -password=wrong", "migrate -password=wrong -outputType=json"])
            .done();
    }
}

#[test]
fn servers_that_cannot_be_reached() {
    if !flyway_is_here() {
        return;
    }
    for kind in real() {
        let scheme = if kind == ServerKind::Postgres { "postgresql" } else { "mariadb" };
        let info = format!("info -connectRetries=0 -url=jdbc:{scheme}://127.0.0.1:1/shop");
        let json = format!("{info} -outputType=json");
        Scene::on(kind, SHOP, "").all_same(&[info.as_str(), json.as_str()]).done();
    }
}

#[test]
fn empty_databases() {
    if !flyway_is_here() {
        return;
    }
    for kind in real() {
        let scene = Scene::on(kind, SHOP, "");
        scene.all_same(&[
            "info",
            "info -outputType=json",
            "validate",
            "migrate",
            "migrate -outputType=json",
            "migrate info validate",
            "migrate clean info -cleanDisabled=false",
            "baseline info",
            "repair",
        ]);
        scene.done();
    }
}
