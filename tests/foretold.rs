//! A guest in the sandbox hears that a table is made while the server still makes it. Here one is not made: the code catches
//! the failure, and what it does, says and leaves behind is what the original's does and says, once.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{
    Client, Database, KnexStage, Need, Output, Project, RailsAdapter, RailsStage, ServerKind, Version,
    command, copy_folder, needs, run,
};

const SERVERS: [ServerKind; 3] = [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::MySql];

fn fixture(tool: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foretold").join(tool)
}

/// The lines that the migrations print.
fn printed(output: &Output) -> Vec<String> {
    let lines = output.stdout.split('\n').chain(output.stderr.split('\n')).map(str::trim);
    let of_migration =
        |line: &&str| ["books ", "refused: ", "loans"].iter().any(|begin| line.starts_with(begin));
    lines.filter(of_migration).map(str::to_owned).collect()
}

/// What is there, which is the same whoever ran the migrations. Numbers are used up by rows that are taken back, so they tell how
/// often a row was written; the token is random, and one for all rows.
fn left(database: &Database) -> (Vec<String>, Vec<Vec<String>>) {
    let rows = database.query("SELECT id, count(*) OVER (PARTITION BY token) FROM books ORDER BY id");
    (database.tables(), rows)
}

/// Runs the original, then Dunlin on an empty database.
#[track_caller]
fn is_as_the_original(
    database: &Database,
    original: impl FnOnce() -> Output,
    dunlin: impl FnOnce() -> Output,
) {
    let kind = database.kind();
    let said = printed(&original().success());
    let before = left(database);
    let known = |line: &String| line.contains("true") || line.contains("True");
    assert_eq!(said.iter().filter(|line| known(line)).count(), 2, "{kind:?}: {said:?}");
    database.reset();
    let output = dunlin().success();
    let mut told = printed(&output);
    // The guest that goes on after the failure is a new one, which the first migration has told nothing.
    assert!(
        !told.iter().any(|line| line.starts_with("refused") && known(line)),
        "{kind:?}: nothing was foretold\n{output}"
    );
    for (told, said) in told.iter_mut().zip(&said).filter(|(told, _)| told.starts_with("refused")) {
        assert_eq!(told.split_once(',').unwrap().0, said.split_once(',').unwrap().0, "{kind:?}");
        told.clone_from(said);
    }
    assert_eq!(told, said, "{kind:?}\n{output}");
    assert_eq!(left(database), before, "{kind:?}");
}

#[test]
fn a_table_that_is_not_made_is_known_to_a_knex_migration() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for client in [Client::PG, Client::MARIADB, Client::MYSQL] {
        let Some(stage) = KnexStage::empty(client, Version::Three) else { return };
        copy_folder(&fixture("knex"), &stage.project.path());
        let latest = ["migrate:latest"];
        is_as_the_original(&stage.database, || stage.knex(&latest), || stage.dunlin("sandbox", &latest));
        let made = |statement: &String| {
            statement.starts_with("create table `shelves`")
                || statement.starts_with("create table \"shelves\"")
        };
        let received: Vec<String> = stage.take_statements().into_iter().filter(made).collect();
        assert_eq!(received.len(), 4, "twice by each: {received:#?}");
    }
}

#[test]
fn a_table_that_is_not_made_is_known_to_an_alembic_revision() {
    if !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    for kind in SERVERS {
        let Some(database) = Database::create(kind) else { return };
        let project = Project::new();
        // The settings are those of another project, whose revisions do not matter here.
        copy_folder(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_race"),
            &project.path(),
        );
        std::fs::remove_dir_all(project.path().join("migrations/versions")).unwrap();
        copy_folder(&fixture("alembic"), &project.path());
        project.use_carrier("sandbox");
        let url = format!("url={}", database.sqlalchemy_url(None));
        let original = || {
            let mut process = command(Need::Alembic.setting().unwrap(), &project.home());
            process.current_dir(project.path()).env("PYTHONDONTWRITEBYTECODE", "1");
            process.args(["-m", "alembic", "-x", &url, "upgrade", "head"]);
            run(process, "")
        };
        let dunlin = || project.dunlin(&["alembic", "-x", &url, "upgrade", "head"]);
        is_as_the_original(&database, original, dunlin);
    }
}

#[test]
fn a_table_that_is_not_made_is_known_to_a_rails_migration() {
    if !support::rails_is_here("sandbox") {
        return;
    }
    for kind in SERVERS {
        let Some(stage) = RailsStage::of("foretold/rails", RailsAdapter::of(kind), "7.2") else { return };
        let migrate = ["db:migrate"];
        is_as_the_original(&stage.database, || stage.rails(&migrate), || stage.dunlin("sandbox", &migrate));
    }
}

/// What the first migration leaves in memory is written by the second, which a new guest cannot know: it begins anew with the first.
#[test]
fn code_that_does_something_else_when_it_is_run_again_is_begun_anew() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let Some(stage) = KnexStage::empty(Client::PG, Version::Three) else { return };
    copy_folder(&fixture("knex"), &stage.project.path());
    stage.project.write(
        "migrations/2_books.js",
        "exports.up = async (knex) => {
           await knex.schema.createTable('books', (table) => table.boolean('known'));
           await knex('books').insert({ known: Boolean(globalThis.shelvesAreThere) });
           await knex.transaction((inner) => inner.schema.createTable('shelves', () => {})).catch(() => {});
         };
         exports.down = () => {};",
    );
    for run in [KnexStage::knex, |stage: &KnexStage, latest: &[&str]| stage.dunlin("sandbox", latest)] {
        run(&stage, &["migrate:latest"]).success();
        assert_eq!(stage.database.query("SELECT known FROM books"), [["t"]]);
        assert_eq!(stage.database.query("SELECT count(*) FROM knex_migrations"), [["3"]]);
        stage.database.reset();
    }
}
