//! What is refused, and that no file is touched then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

/// What is refused where a file lies at a path that the baseline would be written to; nothing of the project changes.
fn occupied(project: &Project, database: &Database, path: &str, arguments: &[&str]) {
    let before = contents(&project.path());
    for more in [&["--dry-run"][..], &[]] {
        let refused = dunlin(project, database, &[&["squash"], arguments, more].concat()).fails();
        let expected = format!("{path} is there already, and the baseline would overwrite it");
        assert!(refused.stderr.contains(&expected), "{refused}");
        assert!(refused.stderr.contains("Give the baseline another name with --name"), "{refused}");
        assert_eq!(contents(&project.path()), before);
    }
}

/// Every file below a folder with its text; folders and links without.
fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        }
        // A database is no text.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        found.insert(path, text);
    }
    found
}

#[test]
fn an_old_file_of_the_baselines_name_is_in_nobodys_way() {
    let database = Database::sqlite();
    let project = shop(&database);
    dunlin(&project, &database, &["squash", "--delete"]).success();
    let first = project.read("migrations/2_baseline.sql");
    dunlin(&project, &database, &["squash", "--archive", "attic"]).success();
    assert_eq!(project.read("attic/migrations/2_baseline.sql"), first);
    assert_eq!(files(&project), ["2_baseline.sql", "3_orders.sql"]);
}

#[test]
fn a_configuration_of_the_baselines_name_is_in_its_way() {
    let database = Database::sqlite();
    let project = Project::with(&[
        ("sql/V1__orders.sql", "CREATE TABLE orders (note varchar(90));\n"),
        ("sql/V2__first.sql", "INSERT INTO orders VALUES ('${nope}');\n"),
        ("sql/V2__first.sql.conf", "placeholderReplacement=false\n"),
        ("sql/B1__baseline.sql.conf", "ours\n"),
        ("sql/B2__baseline.sql.conf", "ours\n"),
    ]);
    project.flyway_config(&database, "");
    project.dunlin(&["up"]).success();
    occupied(&project, &database, "sql/B2__baseline.sql.conf", &["--keep"]);
    // One that needs none would get it all the same.
    let refused = dunlin(&project, &database, &["squash", "--to", "1"]).fails();
    let expected = "sql/B1__baseline.sql.conf would hold for the baseline, which is tried without it";
    assert!(refused.stderr.contains(expected), "{refused}");
    dunlin(&project, &database, &["squash", "--name", "shop"]).success();
    assert_eq!(project.read("sql/B2__baseline.sql.conf"), "ours\n");
    assert_eq!(project.read("sql/B2__shop.sql.conf"), "placeholderReplacement=false\n");
}

#[test]
fn a_revision_that_stays_is_in_the_way_of_the_baseline() {
    if !crate::support::needs(&[crate::support::Need::Pack]) {
        return;
    }
    let database = Database::sqlite();
    let project = crate::alembic::project_of(&database);
    project.dunlin(&["up", "--to", "0004"]).success();
    let [later, baseline] = ["0005_later.py", "0004_baseline.py"]
        .map(|name| project.path().join("migrations/versions").join(name));
    std::fs::rename(later, baseline).unwrap();
    let before = contents(&project.path().join("migrations/versions"));
    let refused = project.dunlin(&["squash", "--archive", "attic"]).fails();
    assert!(refused.stderr.contains("migrations/versions/0004_baseline.py is there already"), "{refused}");
    assert_eq!(contents(&project.path().join("migrations/versions")), before);
    assert!(!project.path().join("attic").exists());
    project.dunlin(&["squash", "--archive", "attic", "--name", "shop"]).success();
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
