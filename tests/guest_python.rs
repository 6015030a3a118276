//! The guest for Python by itself: our halves of the database drivers beside the genuine ones, and revisions in it, by the
//! tests in `tests/guest_python`, which play the engine.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{Need, command, needs, run};

#[test]
fn the_guest_is_as_the_drivers_that_it_stands_in_for() {
    if !needs(&[Need::Alembic]) {
        return;
    }
    let python = Need::Alembic.setting().expect("asked for before");
    let home = tempfile::tempdir().unwrap();
    let mut pytest = command(python, home.path());
    pytest.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest_python"));
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).env("PYTHONDONTWRITEBYTECODE", "1");
    for need in [Need::Postgres, Need::MariaDb, Need::MySql] {
        if let Some(url) = need.setting() {
            pytest.env(format!("DUNLIN_TEST_{}", need.name().to_uppercase()), url);
        }
    }
    let output = run(pytest, "").success();
    assert!(output.stdout.contains(" passed"), "{output}");
}
