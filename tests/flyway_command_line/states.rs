//! Databases in all states that a history can be in, on SQLite.

use crate::compare::{FILE, Scene};
use crate::support::{Project, flyway_is_here};

const PATIENTS: &str = "CREATE TABLE patient (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n";
const VISITS: &str = "CREATE TABLE visit (id INTEGER PRIMARY KEY, patient INTEGER REFERENCES patient (id));\n\
                      INSERT INTO visit (id) VALUES (1);\n";
const NOTES: &str = "ALTER TABLE visit ADD COLUMN notes TEXT;\n";
const REPORT: &str =
    "DROP VIEW IF EXISTS report;\nCREATE VIEW report AS SELECT count(*) AS visits FROM visit;\n";

/// A clinic's migrations.
pub const CLINIC: &[(&str, &str)] = &[
    ("sql/V1__patients.sql", PATIENTS),
    ("sql/V2__visits.sql", VISITS),
    ("sql/V3__notes_of_visits.sql", NOTES),
    ("sql/R__report.sql", REPORT),
];

/// Every command, as text and as JSON.
const COMMANDS: &[&str] = &[
    "info",
    "info -outputType=json",
    "validate",
    "validate -outputType=json",
    "migrate",
    "migrate -outputType=json",
    "repair",
    "repair -outputType=json",
    "baseline",
    "baseline -outputType=json",
    "clean -cleanDisabled=false",
    "clean -cleanDisabled=false -outputType=json",
];

fn execute(project: &Project, script: &str) {
    let mut command = std::process::Command::new("sqlite3");
    assert!(command.arg(project.path().join(FILE)).arg(script).status().unwrap().success());
}

fn migrated(project: &Project) {
    project.flyway_again(&["migrate"]).success();
}

#[test]
fn an_empty_database() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |_| {});
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "clean",
        "clean -outputType=json",
        "info validate",
        "migrate info",
        "info migrate -outputType=json",
    ]);
    scene.same(&["migrate", "info", "validate", "-outputType=json"]).done();
}

#[test]
fn an_empty_database_with_targets() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |_| {});
    for target in ["2", "1.0", "next", "current", "latest", "NEXT", "7", "7?", "2?", "a", ""] {
        scene.same(&["migrate", &format!("-target={target}")]);
        scene.same(&["info", &format!("-target={target}")]);
    }
    scene.done();
}

#[test]
fn a_partly_migrated_database() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        project.flyway_again(&["migrate", "-target=1"]).success();
    });
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "migrate -target=2",
        "migrate -target=current",
        "migrate -target=next",
        "migrate -target=1",
        "info -target=1",
        "info -target=current",
        "validate -target=1",
        "migrate -group=true",
        "migrate -group=true -outputType=json",
        "migrate -skipExecutingMigrations=true",
        "migrate -outOfOrder=true",
        "validate -ignoreMigrationPatterns=*:pending",
        "validate -ignoreMigrationPatterns=versioned:pending",
        "migrate -validateOnMigrate=false",
        "migrate -installedBy=nightly",
    ]);
    scene.done();
}

#[test]
fn an_up_to_date_database() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, migrated);
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "clean migrate info -cleanDisabled=false",
        "clean migrate -cleanDisabled=false -outputType=json",
    ]);
    scene.all_same(&["migrate -outOfOrder=true", "-q info", "-q migrate", "-q validate", "-q repair"]);
    scene.done();
}

#[test]
fn a_failing_migration() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        project.write(
            "sql/V2__visits.sql",
            "CREATE TABLE visit (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n",
        );
    });
    scene
        .same_but_fails(&["migrate"])
        .same_but_fails(&["migrate", "info"])
        .same_but_fails(&["-q", "migrate"]);
    scene.same_but_fails(&["migrate", "-group=true"]).done();
}

#[test]
fn a_failed_migration() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        project.flyway_again(&["migrate", "-target=2"]).success();
        execute(project, "UPDATE flyway_schema_history SET success = 0 WHERE version = '2'");
    });
    scene.all_same(COMMANDS);
    scene.same(&["repair", "info"]).done();
}

#[test]
fn a_failed_repeatable_migration_and_a_failed_future_one() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        execute(project, "UPDATE flyway_schema_history SET success = 0 WHERE version IS NULL");
    });
    scene.all_same(&[
        "info",
        "validate",
        "validate -outputType=json",
        "migrate",
        "repair",
        "repair -outputType=json",
    ]);
    scene.done();
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        execute(project, "UPDATE flyway_schema_history SET success = 0 WHERE version = '3'");
        project.remove("sql/V3__notes_of_visits.sql");
    });
    scene.all_same(&[
        "info",
        "validate",
        "validate -outputType=json",
        "migrate",
        "repair",
        "repair -outputType=json",
    ]);
    scene.done();
}

#[test]
fn a_migration_out_of_order() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        project.write("sql/V1.1__rooms.sql", "CREATE TABLE room (id INTEGER);\n");
    });
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "migrate -outOfOrder=true",
        "migrate -outOfOrder=true -outputType=json",
        "migrate info -outOfOrder=true",
        "info -outOfOrder=true",
        "validate -outOfOrder=true",
        "validate -ignoreMigrationPatterns=*:ignored",
        "migrate -ignoreMigrationPatterns=*:ignored",
    ]);
    scene.done();
}

#[test]
fn a_missing_file() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        project.remove("sql/V2__visits.sql").remove("sql/R__report.sql");
    });
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "validate -ignoreMigrationPatterns=*:missing",
        "migrate -ignoreMigrationPatterns=*:missing",
        "repair info",
    ]);
    scene.done();
}

#[test]
fn a_history_from_the_future() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        project.remove("sql/V3__notes_of_visits.sql");
    });
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "validate -ignoreMigrationPatterns=",
        "migrate -ignoreMigrationPatterns=*:missing",
        "repair -ignoreMigrationPatterns=*:missing",
    ]);
    scene.done();
}

#[test]
fn edited_renamed_and_retyped_files() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        project.write("sql/V1__patients.sql", format!("-- the clinic's patients\n{PATIENTS}"));
        project.remove("sql/V2__visits.sql").write("sql/V2__visits_of_patients.sql", VISITS);
        execute(project, "UPDATE flyway_schema_history SET type = 'JDBC' WHERE version = '3'");
    });
    scene.all_same(COMMANDS);
    scene.all_same(&["repair validate", "repair info validate -outputType=json"]);
    scene.same_but_fails(&["migrate", "-validateOnMigrate=false"]);
    scene.done();
}

#[test]
fn a_changed_repeatable_migration() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        migrated(project);
        project.write("sql/R__report.sql", format!("-- for the board\n{REPORT}"));
        project.write(
            "sql/R__index.sql",
            "DROP INDEX IF EXISTS by_name;\nCREATE INDEX by_name ON patient (name);\n",
        );
    });
    scene.all_same(COMMANDS);
    scene.all_same(&["migrate info", "validate -ignoreMigrationPatterns=repeatable:pending"]);
    scene.done();
}

#[test]
fn a_baseline() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        execute(project, "CREATE TABLE patient (id INTEGER, name TEXT); CREATE TABLE visit (id INTEGER);");
        project
            .flyway_again(&["baseline", "-baselineVersion=2", "-baselineDescription=from the old system"])
            .success();
    });
    scene.all_same(COMMANDS);
    scene.same(&["baseline", "-baselineVersion=2", "-baselineDescription=from the old system"]);
    scene.same(&[
        "baseline",
        "-baselineVersion=2",
        "-baselineDescription=from the old system",
        "-outputType=json",
    ]);
    scene.all_same(&[
        "baseline -baselineVersion=3",
        "baseline -baselineVersion=3 -outputType=json",
        "migrate info",
    ]);
    scene.done();
}

#[test]
fn tables_without_a_history() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        execute(project, "CREATE TABLE legacy (id INTEGER);");
    });
    scene.all_same(COMMANDS);
    scene.all_same(&[
        "migrate -baselineOnMigrate=true",
        "migrate -baselineOnMigrate=true -outputType=json",
        "migrate info -baselineOnMigrate=true -baselineVersion=0",
        "baseline migrate info -baselineVersion=0.9",
        "baseline -baselineVersion=x",
        "baseline -baselineVersion=",
        "migrate -baselineOnMigrate=true -baselineVersion=3",
    ]);
    scene.done();
}

#[test]
fn baseline_files() {
    if !flyway_is_here() {
        return;
    }
    let all = format!("{PATIENTS}{VISITS}");
    let files = [CLINIC, &[("sql/B2__all_until_visits.sql", &*all)]].concat();
    let scene = Scene::new(&files, |_| {});
    scene.all_same(&[
        "info",
        "info -outputType=json",
        "validate",
        "migrate",
        "migrate -outputType=json",
        "migrate info validate",
    ]);
    scene.done();
    let scene = Scene::new(&files, migrated);
    scene.all_same(&["info", "info -outputType=json", "validate", "migrate", "repair"]);
    scene.done();
}
