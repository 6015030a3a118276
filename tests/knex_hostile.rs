//! Migrations that do what no migration should: each is stopped or refused with a message that says so, and the database
//! and the machine are as before.
//!
//! Those that could do harm are first shown to: plain Knex lets them.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{
    Database, Need, Output, Project, SECRET, ServerKind, assert_stopped, calls_home, copy_folder,
    interrupted_when_it_says, needs, told_home, write_beside,
};

/// What the sandbox is allowed: enough for any honest migration here, and soon used up.
const LIMITS: &str = "carrier = \"sandbox\"\ncode-memory-limit = \"256MiB\"\ncode-time-limit = \"3s\"\n";

/// The shop's project with one attack as its second migration, on a database where the first is applied.
struct Scene {
    project: Project,
    database: Database,
    limits: String,
}

impl Scene {
    fn new(attack: &str, kind: ServerKind) -> Option<Self> {
        if !needs(&[Need::Knex]) {
            return None;
        }
        let database = Database::create(kind)?;
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_hostile");
        let project = Project::new();
        copy_folder(&fixtures.join("project"), &project.path());
        let scene = Self { project, database, limits: LIMITS.to_owned() };
        scene.knex("migrate:latest", &[]).success();
        let file = fixtures.join("attacks").join(format!("{attack}.js"));
        fs::copy(file, scene.project.path().join("migrations/2_attack.js")).unwrap();
        write_beside(&scene.project);
        Some(scene)
    }

    fn variables(&self) -> [(&'static str, String); 3] {
        let (client, connection) = self.database.knex_connection();
        [
            ("LIBRARY_CLIENT", client.to_owned()),
            ("LIBRARY_CONNECTION", connection),
            ("SHOP_SECRET", SECRET.to_owned()),
        ]
    }

    fn knex(&self, command: &str, variables: &[(&str, &str)]) -> Output {
        self.project.knex_with(&[command], |process| {
            process.envs(variables.iter().copied()).envs(self.variables());
        })
    }

    fn dunlin(&self, variables: &[(&str, &str)]) -> Output {
        self.project.write("dunlin.toml", &self.limits);
        self.project.dunlin_with(&["knex", "migrate:latest"], |process| {
            process.envs(variables.iter().copied()).envs(self.variables()).env("PATH", "");
        })
    }
}

/// Dunlin stops it, says one of these words, and everything is as before.
#[track_caller]
fn is_stopped(attack: &str, words: &[&str]) {
    is_stopped_under(LIMITS, attack, words);
}

/// The same under other limits.
#[track_caller]
fn is_stopped_under(limits: &str, attack: &str, words: &[&str]) {
    for kind in [ServerKind::Sqlite, ServerKind::Postgres] {
        let Some(mut scene) = Scene::new(attack, kind) else { return };
        scene.limits = limits.to_owned();
        assert_stopped(&scene.project, &scene.database, "2_attack.js", words, || scene.dunlin(&[]));
    }
}

#[test]
fn knex_lets_a_migration_write_read_and_start_what_it_likes() {
    for (attack, left) in [
        ("write_file", Some("migrations/left_behind.txt")),
        ("start_program", Some("started_a_program.txt")),
        ("read_outside", None),
        ("native_extension", None),
    ] {
        let Some(scene) = Scene::new(attack, ServerKind::Sqlite) else { return };
        scene.knex("migrate:latest", &[]).success();
        let taken = scene.database.query("SELECT status FROM orders");
        assert_ne!(taken, [["open"]], "{attack}");
        if let Some(file) = left {
            assert!(scene.project.path().join(file).exists(), "{attack}");
        }
    }
}

#[test]
fn knex_lets_a_migration_tell_secrets() {
    for attack in ["print_environment", "read_above_the_project"] {
        let Some(scene) = Scene::new(attack, ServerKind::Sqlite) else { return };
        let output = scene.knex("migrate:latest", &[]);
        assert!(output.stdout.contains(SECRET), "{attack}\n{output}");
    }
}

#[test]
fn knex_lets_a_migration_call_home() {
    let Some(scene) = Scene::new("socket", ServerKind::Sqlite) else { return };
    let told = told_home(|port| scene.knex("migrate:latest", &[("LISTENER", port)]));
    assert_eq!(told, "orders taken");
}

/// The next migration begins to compute while this one is committed, and nobody hears of it when that fails.
#[test]
fn a_commit_that_fails_is_told_though_the_next_migration_never_ends() {
    let Some(scene) = Scene::new("commit_fails", ServerKind::Postgres) else { return };
    let attacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_hostile/attacks");
    fs::copy(attacks.join("never_asks.js"), scene.project.path().join("migrations/3_never_asks.js")).unwrap();
    let output = scene.dunlin(&[]).fails();
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains("2_attack.js") && said.contains("violates foreign key constraint"), "{said}");
    assert!(!said.contains("third"), "{said}");
    // The history's own sequence goes on, as it does with Knex.
    assert_eq!(scene.database.query("SELECT name FROM knex_migrations"), [["1_orders.js"]]);
    assert!(!scene.database.tables().contains(&"customers".to_owned()));
}

#[test]
fn an_endless_loop_is_interrupted() {
    is_stopped("endless_loop", &["ran for more than 3 s"]);
}

#[test]
fn an_endless_wait_is_interrupted() {
    is_stopped("endless_wait", &["ran for more than 3 s"]);
}

#[test]
fn an_endless_regular_expression_is_interrupted() {
    is_stopped("endless_regular_expression", &["ran for more than 3 s"]);
}

#[test]
fn a_memory_bomb_meets_the_limit() {
    // On a busy machine filling it takes longer than the others may.
    is_stopped_under(&LIMITS.replace("3s", "60s"), "memory_bomb", &["memory"]);
}

#[test]
fn an_endless_recursion_ends() {
    is_stopped("endless_recursion", &["Maximum call stack size exceeded", "stack"]);
}

/// Whoever runs it stops it, before its time is over.
#[test]
#[cfg(unix)]
fn ctrl_c_takes_back_what_code_did() {
    use rustix::process::Signal;

    for (carrier, signal) in [("sandbox", Signal::INT), ("host", Signal::INT), ("host", Signal::TERM)] {
        let Some(scene) = Scene::new("interrupted", ServerKind::Postgres) else { return };
        let before = scene.database.contents();
        scene.project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let mut process = scene.project.dunlin_command(&["knex", "migrate:latest"]);
        process.envs(scene.variables());
        // The migration prints this when it has changed something, and never ends.
        let (code, told) = interrupted_when_it_says(process, "orders are taken", signal);
        assert_eq!(code, Some(1), "{carrier}: {told}");
        assert!(told.contains("interrupted") && told.contains("rolled back"), "{carrier}: {told}");
        assert_eq!(scene.database.contents(), before, "{carrier}");
    }
}

#[test]
fn sockets_are_refused_and_nobody_is_called() {
    is_stopped("socket", &["net", "network"]);
    is_stopped("fetch", &["fetch", "network"]);
    for attack in ["socket", "fetch"] {
        let Some(scene) = Scene::new(attack, ServerKind::Sqlite) else { return };
        assert!(!calls_home(|port| scene.dunlin(&[("LISTENER", port)])), "somebody called");
    }
}

#[test]
fn files_outside_the_project_are_not_there() {
    is_stopped("read_outside", &["/etc/passwd"]);
    is_stopped("read_above_the_project", &["beside_the_project.txt"]);
}

#[test]
fn a_file_cannot_be_written() {
    is_stopped("write_file", &["left_behind.txt"]);
}

#[test]
fn secrets_of_the_environment_are_not_there() {
    is_stopped("print_environment", &["RangeError", "2_attack.js failed"]);
}

#[test]
fn a_program_cannot_be_started() {
    is_stopped("start_program", &["child_process"]);
}

#[test]
fn a_native_extension_is_refused_and_the_way_out_named() {
    is_stopped("native_extension", &["better_sqlite3.node"]);
    is_stopped("native_extension", &["carrier = \"host\""]);
}

#[test]
fn a_missing_import_is_refused_with_its_line() {
    is_stopped("missing_import", &["shop-of-another-team"]);
    // The line of the import.
    is_stopped("missing_import", &["2_attack.js:2"]);
}

/// Transactions are the engine's: a commit in a statement of the migration's own commits nothing.
#[test]
fn a_commit_behind_the_back_of_knex_commits_nothing() {
    is_stopped("engine_reached", &["commit"]);
}
