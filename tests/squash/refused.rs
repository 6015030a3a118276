//! What is refused, and that no file is touched then.

use crate::native::{dunlin, shop};
use crate::support::{Database, Project, ServerKind};

fn files(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path().join("migrations")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_not_applied_here_is_named() {
    let database = Database::sqlite();
    let project = shop(&database);
    let before = files(&project);
    let refused = dunlin(&project, &database, &["squash", "--to", "3", "--delete"]).exits(5);
    assert!(refused.stderr.contains("3 orders is pending on this database"), "{refused}");
    dunlin(&project, &database, &["squash", "--to", "9", "--delete"]).exits(2);
    dunlin(&project, &database, &["squash", "--keep"]).exits(2);
    dunlin(&project, &database, &["squash", "--archive", "migrations/old"]).exits(2);
    let empty = Database::sqlite();
    let refused = dunlin(&project, &empty, &["squash", "--delete"]).fails();
    assert!(refused.stderr.contains("no migration of the project is applied"), "{refused}");
    project.write("migrations/1_customers.sql", "-- migrate:up\nSELECT 1;\n");
    let refused = dunlin(&project, &database, &["squash", "--delete"]).exits(5);
    assert!(refused.stderr.contains("1 customers is edited on this database"), "{refused}");
    assert_eq!(files(&project), before);
}

#[test]
fn data_is_no_baseline() {
    let database = Database::sqlite();
    let project = shop(&database);
    project.write(
        "migrations/3_orders.sql",
        "-- migrate:up\nCREATE TABLE orders AS WITH RECURSIVE n(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < 10001) SELECT id FROM n;\n",
    );
    dunlin(&project, &database, &["up"]).success();
    let before = files(&project);
    let refused = dunlin(&project, &database, &["squash", "--delete"]).fails();
    assert!(refused.stderr.contains("10002 rows into orders, customers"), "{refused}");
    assert_eq!(files(&project), before);
}

#[test]
fn a_line_like_a_directive_is_refused_where_it_cannot_be_written_otherwise() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = shop(&database);
    project.write(
        "migrations/3_orders.sql",
        "-- migrate:up\nINSERT INTO customers VALUES (7, E'x\\n-- migrate:down');\n",
    );
    dunlin(&project, &database, &["up"]).success();
    let refused = dunlin(&project, &database, &["squash", "--delete"]).fails();
    assert!(refused.stderr.contains("a line that begins with `-- migrate:`"), "{refused}");
}

#[test]
fn knex_has_no_way() {
    let database = Database::sqlite();
    let project = Project::with(&[
        (
            "knexfile.js",
            &format!(
                "module.exports = {{ client: 'sqlite3', connection: {{ filename: '{}' }} }};\n",
                database.name()
            ),
        ),
        ("migrations/1_a.js", "exports.up = async () => {};\nexports.down = async () => {};\n"),
    ]);
    if !crate::support::needs(&[crate::support::Need::Pack]) {
        return;
    }
    let refused = project.dunlin(&["squash"]).fails();
    assert!(refused.stderr.contains("Knex has no way to replace migrations by a baseline"), "{refused}");
}
