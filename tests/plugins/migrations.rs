//! Plugins that do a step of a migration, on real servers: a branch of a hospital's units moves to another parent.

#[cfg(feature = "fault-points")]
#[path = "../crash/harness.rs"]
mod harness;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::step::module;
use super::support::{self, Database, Need, Output, Project, ServerKind, databases};

const SETTINGS: &str = "\
[plugin.reparent-tree.options]
table = \"unit\"
branch = 4
from = 3
to = 2

[plugin.to-the-top]
path = \"plugins/reparent-tree.wasm\"
options = { table = \"unit\", branch = 4, from = 2, to = 1 }
";

/// Three migrations: the tree, a step between blocks of SQL, a step alone.
fn hospital(kind: ServerKind) -> Project {
    let text = if kind.is_mysql_like() { "varchar(80)" } else { "text" };
    let project = Project::new();
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/reparent-tree.wasm");
    project.write("plugins/reparent-tree.wasm", fs::read(compiled).unwrap());
    project.write("dunlin.toml", SETTINGS);
    project.write(
        "migrations/1_units.sql",
        format!(
            "-- migrate:up
CREATE TABLE unit (id integer NOT NULL PRIMARY KEY, parent_id integer, name {text} NOT NULL, path {text});
INSERT INTO unit VALUES (1, NULL, 'hospital', 'hospital'), (2, 1, 'surgery', 'hospital/surgery'),
  (3, 1, 'medicine', 'hospital/medicine'), (4, 3, 'ward', 'hospital/medicine/ward'), (5, 4, 'room', NULL);
-- migrate:down
DROP TABLE unit;
"
        ),
    );
    project.write(
        "migrations/2_ward.sql",
        "-- migrate:up
ALTER TABLE unit ADD COLUMN moved integer NOT NULL DEFAULT 0;
-- migrate:step plugin=reparent-tree
-- migrate:up
UPDATE unit SET moved = moved + 1 WHERE path LIKE '%surgery/ward%';
-- migrate:step plugin=reparent-tree direction=down
-- migrate:down
ALTER TABLE unit DROP COLUMN moved;
",
    );
    project.write(
        "migrations/3_ward_to_the_top.sql",
        "-- migrate:step plugin=to-the-top\n-- migrate:step plugin=to-the-top direction=down\n",
    );
    project
}

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let url = database.url();
    let all: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
    project.dunlin(&all)
}

fn paths(database: &Database) -> Vec<String> {
    database.query("SELECT path FROM unit WHERE id > 3 ORDER BY id").concat()
}

#[test]
fn a_step_goes_up_and_down() {
    for database in databases() {
        let kind = database.kind();
        let project = hospital(kind);
        let planned = dunlin(&project, &database, &["plan"]).success().stdout;
        assert!(planned.contains("-- step by plugin reparent-tree"), "{planned}");
        dunlin(&project, &database, &["up", "--to", "2"]).success();
        assert_eq!(paths(&database), ["hospital/surgery/ward", "hospital/surgery/ward/room"], "{kind:?}");
        assert_eq!(database.query("SELECT sum(moved) FROM unit"), [["2"]], "{kind:?}");
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(paths(&database), ["hospital/ward", "hospital/ward/room"], "{kind:?}");

        let recorded = "SELECT plugin_name, plugin_version, length(plugin_sha256) FROM dunlin_migrations \
                        WHERE plugin_name IS NOT NULL ORDER BY version";
        let expected = [["reparent-tree", "1.0.0", "64"], ["to-the-top", "1.0.0", "64"]];
        assert_eq!(database.query(recorded), expected, "{kind:?}");
        let listed = dunlin(&project, &database, &["--format", "json", "status"]).success().json();
        assert_eq!(listed["migrations"][2]["kind"], "step");

        dunlin(&project, &database, &["down", "--to", "1"]).success();
        assert_eq!(paths(&database), ["hospital/medicine/ward", "hospital/medicine/ward/room"], "{kind:?}");
        assert_eq!(database.query("SELECT count(*) FROM unit WHERE parent_id IS NULL"), [["1"]], "{kind:?}");
        assert!(!database.tables().contains(&"dunlin_journal".to_owned()), "{kind:?}");
    }
}

#[test]
fn a_step_that_fails_leaves_nothing_of_itself() {
    for database in databases() {
        let kind = database.kind();
        let project = hospital(kind);
        dunlin(&project, &database, &["up", "--to", "1"]).success();
        // Found when the branch has its new parent already.
        database.sql("UPDATE unit SET parent_id = 99 WHERE id = 3;");
        let failed = dunlin(&project, &database, &["up"]).exits(1);
        let shown = failed.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("2_ward failed: plugin reparent-tree 1.0.0: there is no row 99"), "{failed}");
        assert!(shown.contains("migrations/2_ward.sql:3"), "{failed}");
        assert_eq!(
            database.query("SELECT parent_id FROM unit WHERE id = 4"),
            [["3"]],
            "{kind:?}: the first statement of the step is still there"
        );
        database.sql("UPDATE unit SET parent_id = 1 WHERE id = 3;");
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(paths(&database), ["hospital/ward", "hospital/ward/room"], "{kind:?}");
    }
}

/// A step that drops a table and then fails; one that hangs.
#[test]
fn what_a_step_did_to_the_schema_goes_too() {
    for database in databases() {
        let kind = database.kind();
        database.sql("CREATE TABLE orders (id integer);");
        let migration = "-- migrate:step plugin=drop-orders\n";
        for (then, reason) in [
            ("(return (i32.const 192))", "plugin drop-orders 1.0.0: it cannot be done"),
            ("(loop (br 0))", "it took more time than 300ms"),
        ] {
            let project = Project::with(&[
                ("migrations/1_orders.sql", migration),
                ("dunlin.toml", "[plugin.drop-orders]\ntime = \"300ms\"\n"),
            ]);
            project.write("plugins/drop-orders.wasm", module(then));
            let failed = dunlin(&project, &database, &["--format", "json", "up"]).exits(1).json();
            assert_eq!(failed["error"]["code"], "PLUGIN_FAILED", "{kind:?} {failed}");
            assert!(failed["error"]["message"].as_str().unwrap().contains(reason), "{kind:?} {failed}");
            assert!(database.tables().contains(&"orders".to_owned()), "{kind:?} after {reason}");
        }
        // The plugin lives with the error that it gets where a change of the schema commits.
        let project = Project::with(&[("migrations/1_orders.sql", migration)]);
        project.write("plugins/drop-orders.wasm", module(""));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(database.tables().contains(&"orders".to_owned()), kind.is_mysql_like(), "{kind:?}");
    }
}

#[test]
fn a_plugin_that_was_exchanged_shows() {
    let database = Database::create(ServerKind::Sqlite).unwrap();
    let project = hospital(ServerKind::Sqlite);
    dunlin(&project, &database, &["up"]).success();
    dunlin(&project, &database, &["validate"]).success();
    project.write("plugins/reparent-tree.wasm", module(""));
    let found = dunlin(&project, &database, &["validate"]).exits(5);
    assert_eq!(found.stdout.matches("PLUGIN_MISMATCH").count(), 2, "{found}");
    let refused = dunlin(&project, &database, &["down"]).exits(1);
    assert!(refused.stderr.contains("it has no inverse, so there is no way down with it"), "{refused}");
}

#[test]
fn a_half_done_migration_is_not_gone_on_with_by_another_plugin() {
    for database in databases() {
        let project = hospital(database.kind());
        let text = project.read("migrations/2_ward.sql");
        project.write("migrations/2_ward.sql", text.replace("SET moved", "SET no_such_column"));
        dunlin(&project, &database, &["up"]).exits(1);
        let compiled = fs::read(project.path().join("plugins/reparent-tree.wasm")).unwrap();
        project.write("plugins/reparent-tree.wasm", module(""));
        let refused = dunlin(&project, &database, &["up"]).exits(1);
        assert!(refused.stderr.contains("was changed after it had run"), "{:?} {refused}", database.kind());
        project.write("plugins/reparent-tree.wasm", compiled);
        project.write("migrations/2_ward.sql", text);
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(paths(&database), ["hospital/ward", "hospital/ward/room"], "{:?}", database.kind());
    }
}

/// The whole transaction is tried again, with a plugin that begins anew.
#[test]
fn a_step_that_gets_no_lock_is_tried_again() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = hospital(database.kind());
    dunlin(&project, &database, &["up", "--to", "2"]).success();
    thread::scope(|scope| {
        // Paths are written in the order of keys: the row 4 has its new one when the row 5 is waited for.
        scope.spawn(|| {
            database.sql("BEGIN; UPDATE unit SET name = name WHERE id = 5; SELECT pg_sleep(3); COMMIT;");
        });
        thread::sleep(Duration::from_millis(700));
        let output = dunlin(&project, &database, &["--lock-timeout", "1s", "up"]).success();
        assert!(output.stderr.contains("trying again"), "{output}");
    });
    assert_eq!(paths(&database), ["hospital/ward", "hospital/ward/room"]);
}

#[cfg(feature = "fault-points")]
fn subject(kind: ServerKind) -> harness::Subject {
    harness::Subject {
        project: hospital(kind),
        kind,
        target: harness::native,
        variables: harness::no_variables,
        command: &["up"],
        stride: if Need::Thorough.setting().is_some() { 1 } else { 9 },
        prepare: Box::new(|_, _| {}),
        history: "SELECT version, name, kind, checksum, plugin_sha256 FROM dunlin_migrations ORDER BY version",
    }
}

/// A step that ran twice would be refused: the branch is not where it was.
#[cfg(feature = "fault-points")]
#[test]
fn a_step_is_finished_by_the_next_run_whenever_the_process_dies() {
    for kind in support::servers() {
        harness::survives_every_crash(&subject(kind));
        let prepare = |project: &Project, database: &Database| {
            harness::run(project, database, &["up"], harness::UNDISTURBED).success();
        };
        let down =
            harness::Subject { command: &["down", "--to", "1"], prepare: Box::new(prepare), ..subject(kind) };
        harness::survives_every_crash(&down);
    }
}
