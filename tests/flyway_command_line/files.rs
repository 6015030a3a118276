//! What lies in the locations: names, duplicates, missing folders, callbacks, script configuration.

use crate::compare::Scene;
use crate::states::CLINIC;
use crate::support::flyway_is_here;

const SHORT: &[&str] = &[
    "info",
    "info -outputType=json",
    "validate",
    "validate -outputType=json",
    "migrate",
    "migrate -outputType=json",
];

fn with(more: &[(&'static str, &'static str)]) -> Scene {
    Scene::new(&[CLINIC, more].concat(), |_| {})
}

#[test]
fn names_that_are_none() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[
        ("sql/V4_rooms.sql", "CREATE TABLE room (id INTEGER);\n"),
        ("sql/Va__letters.sql", "SELECT 1;\n"),
        ("sql/R1__versioned.sql", "SELECT 1;\n"),
        ("sql/afterMigrat__typo.sql", "SELECT 1;\n"),
        ("sql/README.md", "text\n"),
        ("sql/helper.sql", "SELECT 1;\n"),
    ]);
    scene.all_same(SHORT);
    scene.all_same(&[
        "info -validateMigrationNaming=true",
        "validate -validateMigrationNaming=true",
        "migrate -validateMigrationNaming=true",
        "migrate -validateMigrationNaming=true -outputType=json",
        "repair -validateMigrationNaming=true",
        "baseline -validateMigrationNaming=true",
    ]);
    scene.done();
}

#[test]
fn duplicates() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/later/V2__again.sql", "SELECT 1;\n")]);
    scene.all_same(SHORT).done();
    let scene = with(&[("sql/later/R__report.sql", "SELECT 1;\n")]);
    scene.all_same(SHORT).done();
    let scene =
        with(&[("sql/afterMigrate__a.sql", "SELECT 1;\n"), ("sql/later/afterMigrate__a.sql", "SELECT 2;\n")]);
    scene.all_same(SHORT).done();
    // What else there is to say of the files comes before.
    let scene = with(&[("sql/later/V2__again.sql", "SELECT 1;\n"), ("sql/V4_rooms.sql", "SELECT 1;\n")]);
    scene
        .all_same(&["info", "migrate -outputType=json", "info -validateMigrationNaming=true"])
        .same(&["info", "-locations=filesystem:sql,filesystem:nowhere"])
        .done();
}

/// A repeatable migration needs its placeholders before it can be compared with its row.
#[test]
fn placeholders_without_value() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/R__wards.sql", "CREATE VIEW wards AS\nSELECT '${hospital}' AS hospital;\n")]);
    scene.all_same(SHORT).done();
    assert!(scene.ours(&["info"], &|_| {}).stderr.contains("configuration!"));
}

#[test]
fn locations() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("more/V4__rooms.sql", "CREATE TABLE room (id INTEGER);\n")]);
    for locations in [
        "filesystem:nowhere",
        "filesystem:sql,filesystem:nowhere",
        "filesystem:sql,filesystem:more",
        "filesystem:*",
        "filesystem:sql/V1__patients.sql",
        "filesystem:",
    ] {
        scene.same(&["info", &format!("-locations={locations}")]);
        scene.same(&["migrate", &format!("-locations={locations}")]);
    }
    scene.all_same(&[
        "migrate -locations=filesystem:nowhere -failOnMissingLocations=true",
        "migrate -locations=filesystem:nowhere -failOnMissingLocations=true -outputType=json",
        "info -locations=filesystem:nowhere -outputType=json",
        "migrate -locations=filesystem:nowhere -outputType=json",
        "validate -locations=filesystem:nowhere",
        "validate -locations=filesystem:nowhere -outputType=json",
        "info -callbackLocations=filesystem:nowhere",
    ]);
    scene.done();
}

#[test]
fn callbacks() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[
        ("sql/beforeMigrate.sql", "SELECT 'before migrate';\n"),
        ("sql/beforeEachMigrate__log.sql", "SELECT 'each' AS one, 2 AS two;\n"),
        ("sql/afterEachMigrate.sql", "SELECT 1;\n"),
        ("sql/afterMigrate.sql", "SELECT 1;\n"),
        ("sql/afterMigrateApplied.sql", "SELECT 1;\n"),
        ("sql/afterVersioned.sql", "SELECT 1;\n"),
        ("sql/beforeRepeatables.sql", "SELECT 1;\n"),
        ("sql/beforeValidate.sql", "SELECT 1;\n"),
        ("sql/afterValidate.sql", "SELECT 1;\n"),
        ("sql/afterValidateError.sql", "SELECT 1;\n"),
        ("sql/beforeInfo.sql", "SELECT 1;\n"),
        ("sql/afterInfo.sql", "SELECT 1;\n"),
        ("sql/beforeClean.sql", "SELECT 1;\n"),
        ("sql/afterClean.sql", "SELECT 1;\n"),
        ("sql/beforeBaseline.sql", "SELECT 1;\n"),
        ("sql/afterBaseline.sql", "SELECT 1;\n"),
        ("sql/beforeRepair.sql", "SELECT 1;\n"),
        ("sql/afterRepair.sql", "SELECT 1;\n"),
        ("sql/afterConnect.sql", "SELECT 1;\n"),
        ("sql/beforeCreateSchema.sql", "SELECT 1;\n"),
    ]);
    scene.all_same(SHORT);
    scene.all_same(&[
        "repair",
        "baseline",
        "clean -cleanDisabled=false",
        "migrate clean -cleanDisabled=false",
    ]);
    scene.all_same(&["migrate -skipDefaultCallbacks=true", "migrate -outputQueryResults=false"]);
    scene.done();
}

/// An old trick: a callback that mends the history before it is validated.
#[test]
fn callbacks_around_a_validation_that_fails() {
    if !flyway_is_here() {
        return;
    }
    let edited = |mends: &'static str| {
        let files = [
            ("sql/beforeValidate.sql", mends),
            ("sql/afterConnect.sql", "SELECT 1;\n"),
            ("sql/afterValidate.sql", "SELECT 2;\n"),
            ("sql/afterValidateError.sql", "SELECT 3;\n"),
            ("sql/beforeMigrate.sql", "SELECT 4;\n"),
            ("sql/afterMigrateError.sql", "SELECT 5;\n"),
        ];
        Scene::new(&[CLINIC, &files[..]].concat(), |project| {
            project.flyway_again(&["migrate", "-target=2", "-skipDefaultCallbacks=true"]).success();
            project.write(
                "sql/V1__patients.sql",
                "CREATE TABLE patient (id INTEGER PRIMARY KEY, name TEXT, born DATE);\n",
            );
        })
    };
    let commands = ["migrate", "migrate -outputType=json", "validate", "migrate -validateOnMigrate=false"];
    edited("SELECT 0;\n").all_same(&commands).done();
    edited("DELETE FROM flyway_schema_history WHERE version = '1';\n").all_same(&commands).done();
    edited("UPDATE flyway_schema_history SET checksum = NULL WHERE version = '1';\n")
        .all_same(&commands)
        .done();
    // Before there is a schema history it runs all the same.
    with(&[("sql/beforeValidate.sql", "CREATE TABLE early (id INTEGER);\n")]).all_same(SHORT).done();
}

#[test]
fn a_failing_callback() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/beforeMigrate.sql", "INSERT INTO nowhere VALUES (1);\n")]);
    scene.same_but_fails(&["migrate"]).same(&["migrate", "-outputType=json"]).done();
    let scene = with(&[("sql/afterConnect.sql", "INSERT INTO nowhere VALUES (1);\n")]);
    scene.all_same(&["info -outputType=json", "clean -cleanDisabled=false -outputType=json"]).done();
}

/// In the transaction that has failed, where Flyway runs it, it could do nothing that stays.
/// In a transaction SQLite's switch does nothing, and a callback of a migration is in the migration's.
#[test]
fn callbacks_that_switch_foreign_keys() {
    if !flyway_is_here() {
        return;
    }
    for event in ["beforeMigrate", "beforeEachMigrate", "afterEachMigrate"] {
        let callback = format!("sql/{event}.sql");
        Scene::new(
            &[
                (callback.as_str(), "PRAGMA foreign_keys = ON;\n"),
                ("sql/V1__clinic.sql", "CREATE TABLE pet (id INTEGER PRIMARY KEY);\nCREATE TABLE visit (id INTEGER PRIMARY KEY, pet INTEGER REFERENCES pet (id));\n"),
                ("sql/V2__nobodys_visit.sql", "INSERT INTO visit VALUES (1, 99);\n"),
            ],
            |_| {},
        )
        .all_same(&["migrate", "info"])
        .done();
    }
}

#[test]
fn what_a_callback_does_after_a_failed_migration_stays() {
    let scene = with(&[
        ("sql/V4__rooms.sql", "CREATE TABLE room (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n"),
        ("sql/afterEachMigrateError.sql", "CREATE TABLE failure (id INTEGER);\n"),
    ]);
    let ours = scene.ours(&["migrate"], &|_| {});
    assert!(ours.status == 1 && ours.stdout.contains("Executing SQL callback: afterEachMigrateError"));
    assert!(ours.database.contains("CREATE TABLE failure") && !ours.database.contains("CREATE TABLE room"));
}

#[test]
fn queries_print_their_rows() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[(
        "sql/V4__questions.sql",
        "INSERT INTO patient VALUES (1, 'Ann'), (2, 'Bé'), (3, '');\nSELECT id, name, NULL AS missing, 1.5 AS number FROM patient;\n\
         SELECT * FROM patient WHERE id > 9;\n",
    )]);
    scene
        .all_same(&["migrate", "migrate -outputQueryResults=false", "-q migrate", "migrate -outputType=json"])
        .done();
}

#[test]
fn script_configuration() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/V2__visits.sql.conf", "executeInTransaction=false\n")]);
    scene.all_same(&["info", "migrate", "migrate -outputType=json"]).done();
    let scene = with(&[("sql/V2__visits.sql.conf", "executeInTransactions=false\n")]);
    scene.all_same(&["info", "migrate", "migrate -outputType=json"]).done();
}

#[test]
fn placeholders() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/V4__wards.sql", "CREATE TABLE ward_${name} (id INTEGER);\n")]);
    scene.all_same(&["info", "validate", "migrate -placeholders.name=a", "info -placeholders.name=a"]);
    scene.all_same(&["migrate -placeholderReplacement=false -target=3"]);
    scene.done();
}

#[test]
fn unbalanced_scripts() {
    if !flyway_is_here() {
        return;
    }
    let scene = with(&[("sql/V1.5__broken.sql", "SELECT 'never ends;\n")]);
    scene.all_same(&["info"]).done();
}
