//! Flyway projects, with the original beside us.

use std::path::Path;

use serde_json::Value;

use crate::is_thorough;
use crate::support::{Database, Need, Output, Project, ServerKind, copy_folder, needs};

/// The history as Flyway shows it: version, type, state.
fn info(output: &Output) -> Vec<String> {
    let document = output.json();
    let lines = document["migrations"].as_array().unwrap_or_else(|| panic!("{output}")).iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines.map(|line| [&line["version"], &line["type"], &line["state"]].map(text).join(" ")).collect()
}

/// Both tools say the same, and neither finds anything to do.
fn agree(project: &Project) -> Vec<String> {
    project.flyway_again(&["-q", "validate"]).success();
    project.dunlin(&["flyway", "-q", "validate"]).success();
    let (theirs, ours) = (
        project.flyway_again(&["info", "-outputType=json"]),
        project.dunlin(&["flyway", "info", "-outputType=json"]),
    );
    // Undo files are lines of ours that Flyway's open edition does not have.
    let ours: Vec<String> = info(&ours).into_iter().filter(|line| !line.contains(" UNDO_SQL ")).collect();
    assert_eq!(info(&theirs), ours);
    info(&theirs)
}

#[test]
fn a_baseline_migration_takes_the_place_of_old_ones() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    let all = [ServerKind::Postgres, ServerKind::Sqlite, ServerKind::MariaDb];
    // Each is twenty starts of Java.
    let chosen = if is_thorough() { &all[..] } else { &all[..1] };
    for kind in chosen.iter().copied() {
        let (Some(old), Some(by_them), Some(by_us)) =
            (Database::create(kind), Database::create(kind), Database::create(kind))
        else {
            continue;
        };
        let body = match kind {
            ServerKind::MariaDb => "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT '${nope}'; END;\n",
            ServerKind::Postgres => {
                "CREATE FUNCTION p() RETURNS text LANGUAGE sql AS $$ SELECT '${nope}'; $$;\n"
            }
            _ => "CREATE TRIGGER p AFTER INSERT ON orders BEGIN SELECT 1; SELECT '${nope}'; END;\n",
        };
        let project = Project::with(&[
            ("sql/V1__orders.sql", "CREATE TABLE orders (id integer PRIMARY KEY, note varchar(90));\n"),
            ("sql/U1__orders.sql", "DROP TABLE orders;\n"),
            ("sql/V1.1__first.sql", "INSERT INTO orders VALUES (1, 'it''s :x ${nope} \\ %');\n"),
            ("sql/V1.1__first.sql.conf", "placeholderReplacement=false\n"),
            ("sql/V2__body.sql", body),
            ("sql/V2__body.sql.conf", "placeholderReplacement=false\n"),
            ("sql/V3__later.sql", "CREATE TABLE later (id integer);\n"),
            (
                "sql/R__open.sql",
                "DROP VIEW IF EXISTS open_orders;\nCREATE VIEW open_orders AS SELECT id FROM orders;\n",
            ),
        ]);
        if kind == ServerKind::MariaDb {
            project.write("sql/V1.1__first.sql", "INSERT INTO orders VALUES (1, 'it''s :x ${nope} %');\n");
        }
        project.flyway_config(&old, "");
        project.flyway_again(&["-q", "migrate"]).success();
        let before = old.contents();
        let output = project.dunlin(&["squash", "--to", "2"]).success();
        assert!(output.stdout.contains("Wrote sql/B2__baseline.sql\nWrote sql/B2__baseline.sql.conf\nThe old files stay: Flyway's validate"), "{output}");
        assert!(
            !project.read("sql/B2__baseline.sql").contains("open_orders"),
            "repeatable migrations stay what they are"
        );
        assert_eq!(old.contents(), before);
        let kept = agree(&project);
        assert!(kept.contains(&"2 SQL_BASELINE Ignored".to_owned()), "{kept:?}");
        project.flyway_again(&["-q", "migrate"]).success();

        project.flyway_config(&by_them, "");
        project.flyway_again(&["-q", "migrate"]).success();
        agree(&project);
        project.flyway_config(&by_us, "");
        project.dunlin(&["flyway", "-q", "migrate"]).success();
        agree(&project);
        let histories: Vec<Vec<String>> =
            [&by_them, &by_us].map(|database| database.history_rows("flyway_schema_history")).into();
        assert_eq!(histories[0], histories[1], "{kind:?}");
        assert!(histories[0][0].contains("2|baseline|SQL_BASELINE|B2__baseline.sql"), "{histories:?}");
        let state = |database: &Database| {
            let rows = database.table_rows("orders");
            (database.schema_dump(), rows)
        };
        assert_eq!(state(&by_them), state(&by_us), "{kind:?}");
        assert_eq!(by_us.table_rows("orders"), old.table_rows("orders"), "{kind:?}");
        let same = project.dunlin(&["diff", &old.url(), &by_us.url()]);
        assert_eq!(same.stdout, "The schemas are the same.\n", "{kind:?} {same}");
    }
}

#[test]
fn the_old_files_go_only_where_flyway_does_not_want_them() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    let database = Database::sqlite();
    let project = Project::with(&[
        ("sql/V1__orders.sql", "CREATE TABLE orders (id integer PRIMARY KEY);\n"),
        ("sql/U1__orders.sql", "DROP TABLE orders;\n"),
        ("sql/V2__later.sql", "CREATE TABLE later (id integer);\n"),
    ]);
    project.flyway_config(&database, "");
    project.flyway_again(&["-q", "migrate"]).success();
    let refused = project.dunlin(&["squash", "--to", "1", "--delete"]).exits(5);
    assert!(refused.stderr.contains("Detected applied migration not resolved locally: 1"), "{refused}");
    assert!(refused.stderr.contains("ignoreMigrationPatterns"), "{refused}");
    assert!(project.path().join("sql/V1__orders.sql").exists());
    project.flyway_config(&database, "ignoreMigrationPatterns = [\"*:missing\"]\n");
    project.dunlin(&["squash", "--to", "1", "--archive", "attic"]).success();
    assert!(!project.path().join("sql/V1__orders.sql").exists());
    assert_eq!(project.read("attic/sql/U1__orders.sql"), "DROP TABLE orders;\n");
    let gone = agree(&project);
    assert_eq!(gone, ["1 SQL Missing", "2 SQL Success", "1 SQL_BASELINE Ignored"]);
    project.flyway_again(&["-q", "migrate"]).success();
    // The next one stands on it.
    project.dunlin(&["squash"]).success();
    agree(&project);
    let new = Database::sqlite();
    project.flyway_config(&new, "");
    project.flyway_again(&["-q", "migrate"]).success();
    assert_eq!(new.tables(), ["flyway_schema_history", "later", "orders"]);
}

#[test]
fn a_whole_clinic_is_squashed() {
    for kind in [ServerKind::Postgres, ServerKind::MySql, ServerKind::Sqlite] {
        let Some(database) = Database::create(kind) else { continue };
        let project = Project::new();
        let clinic = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flyway/clinic");
        let own = match kind {
            ServerKind::Postgres => "postgresql",
            ServerKind::Sqlite => "sqlite",
            _ => "mysql",
        };
        for release in ["01-opening", "02-summer", "05-mended", "06-autumn"] {
            for part in ["common", own] {
                let folder = clinic.join(release).join(part).join("sql");
                if folder.is_dir() {
                    copy_folder(&folder, &project.path().join("sql"));
                }
                let folder = clinic.join(release).join(part).join("more");
                if folder.is_dir() {
                    copy_folder(&folder, &project.path().join("sql/more"));
                }
            }
        }
        project.flyway_config(&database, "mixed = true\n\n[flyway.placeholders]\nclinic = \"Old Mill\"\n");
        let up = project.dunlin(&["up", "--no-lint"]);
        assert_eq!(up.status, 0, "{kind:?} {up}");
        project.dunlin(&["squash"]).success();
        let Some(new) = Database::create(kind) else { continue };
        project.flyway_config(&new, "mixed = true\n\n[flyway.placeholders]\nclinic = \"Old Mill\"\n");
        project.dunlin(&["up", "--no-lint"]).success();
        let same = project.dunlin(&["diff", &database.url(), &new.url()]);
        assert_eq!(same.stdout, "The schemas are the same.\n", "{kind:?} {same}");
    }
}
