//! Migrations that do what no migration should: each is stopped or refused with a message that says so, and the database
//! and the machine are as before.
//!
//! Those that could do harm are first shown to: plain Rails lets them.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{
    Need, Output, RailsAdapter, RailsStage, SECRET, ServerKind, assert_stopped, calls_home,
    interrupted_when_it_says, needs, rails_is_here, told_home, version_of, write_beside,
};

/// The file that an attack becomes.
const FILE: &str = "002_attack.rb";

/// What the sandbox is allowed: enough for any honest migration here, and soon used up.
const LIMITS: &str = "code-memory-limit = \"256MiB\"\ncode-time-limit = \"3s\"\n";

/// The orders with one attack as their second migration, on a database where the first is applied.
fn scene(attack: &str, kind: ServerKind) -> Option<RailsStage> {
    let mut stage = RailsStage::of("rails/orders", RailsAdapter::of(kind), "7.2")?;
    for path in stage.migrations().into_iter().filter(|path| version_of(path) > 1) {
        fs::remove_file(path).unwrap();
    }
    stage.rails(&["db:migrate"]).success();
    stage.database.sql("INSERT INTO orders (id, status) VALUES (1, 'open');");
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/rails/hostile/{attack}.rb"));
    fs::copy(file, stage.project.path().join("db/migrate").join(FILE)).unwrap();
    write_beside(&stage.project);
    stage.settings = LIMITS.to_owned();
    stage.variables = vec![("SHOP_SECRET".to_owned(), SECRET.to_owned())];
    Some(stage)
}

fn by_rails(stage: &RailsStage, port: &str) -> Output {
    stage.rails_with(&["db:migrate"], |command| {
        command.env("LISTENER", port);
    })
}

fn by_dunlin(stage: &RailsStage, port: &str) -> Output {
    stage.dunlin_with("sandbox", &["rails", "db:migrate"], |command| {
        command.env("LISTENER", port);
    })
}

/// Dunlin stops it, says one of these words, and everything is as before.
#[track_caller]
fn is_stopped(attack: &str, words: &[&str]) {
    if !rails_is_here("sandbox") {
        return;
    }
    for kind in [ServerKind::Sqlite, ServerKind::Postgres] {
        let Some(scene) = scene(attack, kind) else { return };
        assert_stopped(&scene.project, &scene.database, FILE, words, || by_dunlin(&scene, "9"));
    }
}

#[test]
fn rails_lets_a_migration_write_read_and_start_what_it_likes() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    for (attack, left) in [
        ("write_file", Some("db/migrate/left_behind.txt")),
        ("start_program", Some("started_a_program.txt")),
        ("read_outside", None),
        ("native_extension", None),
    ] {
        let scene = scene(attack, ServerKind::Sqlite).unwrap();
        by_rails(&scene, "9").success();
        let taken = scene.database.query("SELECT status FROM orders");
        assert_ne!(taken, [["open"]], "{attack}");
        if let Some(file) = left {
            assert!(scene.project.path().join(file).exists(), "{attack}");
        }
    }
}

#[test]
fn rails_lets_a_migration_tell_secrets() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    for attack in ["print_environment", "read_above_the_project"] {
        let output = by_rails(&scene(attack, ServerKind::Sqlite).unwrap(), "9");
        assert!(output.stdout.contains(SECRET), "{attack}\n{output}");
    }
}

#[test]
fn rails_lets_a_migration_call_home() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    let scene = scene("socket", ServerKind::Sqlite).unwrap();
    assert_eq!(told_home(|port| by_rails(&scene, port)), "orders taken");
}

/// On SQLite its transaction is Rails' own, which it ends.
#[test]
fn rails_lets_a_migration_commit_behind_its_back() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    let scene = scene("engine_reached", ServerKind::Sqlite).unwrap();
    by_rails(&scene, "9").fails();
    assert_eq!(scene.database.query("SELECT status FROM orders"), [["taken"]]);
}

/// The next migration begins to compute while this one is committed, and nobody hears of it when that fails.
#[test]
fn a_commit_that_fails_is_told_though_the_next_migration_never_ends() {
    if !rails_is_here("sandbox") {
        return;
    }
    let Some(scene) = scene("commit_fails", ServerKind::Postgres) else { return };
    let attacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rails/hostile");
    let third = scene.project.path().join("db/migrate/003_never_asks.rb");
    fs::copy(attacks.join("never_asks.rb"), third).unwrap();
    let words = ["violates foreign key constraint"];
    let said = assert_stopped(&scene.project, &scene.database, "2 Attack", &words, || by_dunlin(&scene, "9"));
    assert!(!said.contains("third"), "{said}");
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
    is_stopped("memory_bomb", &["memory"]);
}

#[test]
fn an_endless_recursion_ends() {
    is_stopped("endless_recursion", &["stack level too deep", "stack"]);
}

/// Whoever runs it stops it, before its time is over.
#[test]
#[cfg(unix)]
fn ctrl_c_takes_back_what_code_did() {
    use rustix::process::Signal;

    if !rails_is_here("sandbox") {
        return;
    }
    for (carrier, signal) in [("sandbox", Signal::INT), ("host", Signal::INT), ("host", Signal::TERM)] {
        let Some(mut scene) = scene("interrupted", ServerKind::Postgres) else { return };
        scene.settings = String::new();
        let before = scene.database.contents();
        let mut process = scene.project.dunlin_command(&["rails", "db:migrate"]);
        scene.prepare(carrier, &mut process);
        // The migration prints this when it has changed something, and never ends.
        let (code, told) = interrupted_when_it_says(process, "orders are taken", signal);
        assert_eq!(code, Some(1), "{carrier}: {told}");
        assert!(told.contains("interrupted") && told.contains("rolled back"), "{carrier}: {told}");
        assert_eq!(scene.database.contents(), before, "{carrier}");
    }
}

#[test]
fn sockets_are_refused_and_nobody_is_called() {
    is_stopped("socket", &["network", "Connection refused"]);
    is_stopped("fetch", &["network", "Connection refused"]);
    if !rails_is_here("sandbox") {
        return;
    }
    for attack in ["socket", "fetch"] {
        let scene = scene(attack, ServerKind::Sqlite).unwrap();
        assert!(!calls_home(|port| by_dunlin(&scene, port)), "somebody called");
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
    is_stopped("print_environment", &["SHOP", "RangeError", "PROJECT_DATABASE"]);
}

#[test]
fn a_program_cannot_be_started() {
    is_stopped("start_program", &["system", "spawn", "process"]);
}

#[test]
fn the_process_is_not_ended() {
    is_stopped("leave", &["exit", "ended"]);
}

#[test]
fn a_native_extension_is_refused_and_the_way_out_named() {
    is_stopped("native_extension", &["fiddle"]);
    is_stopped("native_extension", &["carrier = \"host\""]);
}

#[test]
fn a_missing_import_is_refused_with_its_line() {
    is_stopped("missing_import", &["shop_of_another_team"]);
    // The line of the import.
    is_stopped("missing_import", &["002_attack.rb:2"]);
}

/// Transactions are the engine's: a commit in a statement of the migration's own commits nothing.
#[test]
fn a_commit_behind_the_back_of_rails_commits_nothing() {
    // SQLite says so to Rails, too.
    is_stopped("engine_reached", &["nobody can take it back", "cannot rollback - no transaction is active"]);
}
