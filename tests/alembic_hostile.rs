//! Revisions that do what no migration should: each is stopped or refused with a message that says so, and the database
//! and the machine are as before.
//!
//! Each is first shown to be an attack: plain Alembic lets it through.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{
    Database, Need, Output, Project, SECRET, ServerKind, assert_stopped, calls_home, command, copy_folder,
    interrupted_when_it_says, needs, run, told_home, write_beside,
};

/// What the sandbox is allowed: enough for any honest revision here, and soon used up.
const LIMITS: &str = "carrier = \"sandbox\"\ncode-memory-limit = \"256MiB\"\ncode-time-limit = \"3s\"\n";

/// The shop's project with one attack as its second revision, on a database where the first is applied.
struct Scene {
    project: Project,
    database: Database,
}

impl Scene {
    fn new(attack: &str, kind: ServerKind) -> Option<Self> {
        if !needs(&[Need::Alembic, Need::Pack]) {
            return None;
        }
        let database = Database::create(kind)?;
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_hostile");
        let project = Project::new();
        copy_folder(&fixtures.join("project"), &project.path());
        let scene = Self { project, database };
        scene.alembic("upgrade", "0001", &[]).success();
        let file = fixtures.join("attacks").join(format!("{attack}.py"));
        fs::copy(file, scene.project.path().join("migrations/versions/0002_attack.py")).unwrap();
        write_beside(&scene.project);
        Some(scene)
    }

    fn alembic(&self, verb: &str, target: &str, variables: &[(&str, &str)]) -> Output {
        let python = Need::Alembic.setting().expect("asked for before");
        let mut process = command(python, &self.project.home());
        process.current_dir(self.project.path()).envs(variables.iter().copied()).env("SHOP_SECRET", SECRET);
        process.env("PYTHONDONTWRITEBYTECODE", "1");
        process.args(["-m", "alembic", "-x", &self.url(), verb, target]);
        run(process, "")
    }

    fn dunlin(&self, variables: &[(&str, &str)]) -> Output {
        self.dunlin_under(LIMITS, variables)
    }

    fn dunlin_under(&self, settings: &str, variables: &[(&str, &str)]) -> Output {
        // The project's packages, as its Python has them.
        self.project.use_carrier("host").write("dunlin.toml", settings);
        self.project.dunlin_with(&["alembic", "-x", &self.url(), "upgrade", "head"], |process| {
            process.envs(variables.iter().copied()).env("SHOP_SECRET", SECRET).env("PATH", "");
        })
    }

    fn url(&self) -> String {
        format!("url={}", self.database.sqlalchemy_url(None))
    }
}

/// Dunlin stops it, says one of these words, and everything is as before.
#[track_caller]
fn is_stopped(attack: &str, words: &[&str]) {
    for kind in [ServerKind::Sqlite, ServerKind::Postgres] {
        let Some(scene) = Scene::new(attack, kind) else { return };
        assert_stopped(&scene.project, &scene.database, "0002_attack.py", words, || scene.dunlin(&[]));
    }
}

/// Plain Alembic lets it through: what is refused above would have happened.
#[track_caller]
fn by_alembic(attack: &str) -> Option<(Scene, Output)> {
    let scene = Scene::new(attack, ServerKind::Sqlite)?;
    let output = scene.alembic("upgrade", "head", &[]);
    Some((scene, output))
}

#[test]
fn alembic_lets_a_revision_write_read_and_start_what_it_likes() {
    for (attack, left) in [
        ("write_file", Some("migrations/versions/left_behind.txt")),
        ("start_program", Some("started_a_program.txt")),
        ("read_outside", None),
        ("native_extension", None),
    ] {
        let Some((scene, output)) = by_alembic(attack) else { return };
        output.success();
        let taken = scene.database.query("SELECT status FROM orders");
        assert_ne!(taken, [["open"]], "{attack}");
        if let Some(file) = left {
            assert!(scene.project.path().join(file).exists(), "{attack}");
        }
    }
}

#[test]
fn alembic_lets_a_revision_tell_secrets() {
    for attack in ["print_environment", "read_above_the_project"] {
        let Some((_, output)) = by_alembic(attack) else { return };
        assert!(output.stdout.contains(SECRET), "{attack}\n{output}");
    }
}

#[test]
fn alembic_lets_a_revision_call_home() {
    let Some(scene) = Scene::new("socket", ServerKind::Sqlite) else { return };
    let told = told_home(|port| scene.alembic("upgrade", "head", &[("LISTENER", port)]));
    assert_eq!(told, "orders taken");
}

#[test]
fn an_endless_loop_is_interrupted() {
    is_stopped("endless_loop", &["ran for more than 3 s"]);
}

/// The next migration begins to compute while this one is committed, and nobody hears of it when that fails.
#[test]
fn a_commit_that_fails_is_told_though_the_next_revision_never_ends() {
    let Some(scene) = Scene::new("commit_fails", ServerKind::Postgres) else { return };
    let attacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_hostile/attacks");
    let third = scene.project.path().join("migrations/versions/0003_never_asks.py");
    fs::copy(attacks.join("never_asks.py"), third).unwrap();
    let settings = format!("{LIMITS}[alembic]\ntransaction-per-migration = true\n");
    let said =
        assert_stopped(&scene.project, &scene.database, "0002", &["violates foreign key constraint"], || {
            scene.dunlin_under(&settings, &[])
        });
    assert!(!said.contains("third"), "{said}");
}

/// Whoever runs it stops it, before its time is over.
#[test]
#[cfg(unix)]
fn ctrl_c_takes_back_what_code_did() {
    use rustix::process::Signal;

    for (carrier, signal) in [("sandbox", Signal::INT), ("host", Signal::INT), ("host", Signal::TERM)] {
        let Some(scene) = Scene::new("interrupted", ServerKind::Postgres) else { return };
        let before = scene.database.contents();
        scene.project.use_carrier("host").write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let url = scene.url();
        let process = scene.project.dunlin_command(&["alembic", "-x", &url, "upgrade", "head"]);
        // The migration prints this when it has changed something, and never ends.
        let (code, told) = interrupted_when_it_says(process, "orders are taken", signal);
        assert_eq!(code, Some(1), "{carrier}: {told}");
        assert!(told.contains("interrupted") && told.contains("rolled back"), "{carrier}: {told}");
        assert_eq!(scene.database.contents(), before, "{carrier}");
    }
}

#[test]
fn an_endless_call_of_the_library_is_interrupted() {
    is_stopped("endless_regular_expression", &["ran for more than 3 s"]);
}

#[test]
fn a_memory_bomb_meets_the_limit() {
    is_stopped("memory_bomb", &["memory"]);
}

#[test]
fn a_socket_is_refused() {
    is_stopped("socket", &["socket", "network"]);
}

#[test]
fn nobody_is_called() {
    let Some(scene) = Scene::new("socket", ServerKind::Sqlite) else { return };
    assert!(!calls_home(|port| scene.dunlin(&[("LISTENER", port)])), "somebody called");
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
    is_stopped("print_environment", &["RuntimeError"]);
}

#[test]
fn a_program_cannot_be_started() {
    is_stopped("start_program", &["subprocess", "process"]);
}

#[test]
fn a_native_extension_is_refused_and_the_way_out_named() {
    is_stopped("native_extension", &["a native extension", "_speedups"]);
    is_stopped("native_extension", &["carrier = \"host\""]);
}

#[test]
fn a_missing_import_is_refused_with_its_line() {
    is_stopped("missing_import", &["shop_of_another_team"]);
    // The line of the import.
    is_stopped("missing_import", &["0002_attack.py:7"]);
}
