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
