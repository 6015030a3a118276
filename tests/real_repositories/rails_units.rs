//! Active Record's own tests of migrations, of what they write and of types, as an oracle: each file of them is run by a
//! migration, by Active Record under Ruby and by Dunlin with each carrier; what every test sends, how much it compares, and
//! whether it fails, are equal.
//!
//! `rails` in the corpus is a clone of Rails at the release that `tests/rails` installs; the code under test is the installed
//! one. The helper of the tests is stood in for by `tests/fixtures/rails_units`.

use std::fs;
use std::path::Path;

use super::check::root;
use super::support::{Extent, Need, RailsAdapter, RailsStage, needs, note_not_run};

/// Of all servers.
const FILES: [&str; 25] = [
    "migration/change_schema",
    "migration/change_table",
    "migration/check_constraint",
    "migration/column_attributes",
    "migration/column_positioning",
    "migration/columns",
    "migration/command_recorder",
    "migration/compatibility",
    "migration/create_join_table",
    "migration/exclusion_constraint",
    "migration/foreign_key",
    "migration/index",
    "migration/invalid_options",
    "migration/logger",
    "migration/references_foreign_key",
    "migration/references_index",
    "migration/references_statements",
    "migration/rename_table",
    "migration/schema_definitions",
    "migration/unique_constraint",
    "invertible_migration",
    "migration",
    "primary_keys",
    "comment",
    "schema_dumper",
];

/// Of its adapter.
const OF_ADAPTER: [&str; 5] = ["collation", "copy_table", "json", "quoting", "virtual_column"];

/// On SQLite alone: on PostgreSQL and MariaDB these tests rest on sessions and on commits of their own, of which a migration has
/// the engine's one.
#[test]
fn rails_units_are_the_same_on_sqlite() {
    if !needs(&[Need::Corpus, Need::Ruby, Need::Pack]) {
        return;
    }
    let tests = root().map(|root| root.join("rails/activerecord/test")).filter(|folder| folder.is_dir());
    let Some(tests) = tests else {
        eprintln!("there is no rails in the corpus");
        note_not_run(Need::Corpus, Extent::Test);
        return;
    };
    let original = stage(&tests);
    original.rails(&["db:migrate"]).success();
    let wanted = units(&original);
    let statements: usize = wanted.iter().map(|unit| unit.statements).sum();
    let failed = wanted.iter().filter(|unit| unit.failure != "NULL").count();
    assert!(wanted.len() > 600 && statements > 4000, "{} tests, {statements} statements", wanted.len());
    // Some expect what a newer SQLite does.
    assert!(failed < wanted.len() / 50, "Active Record fails {failed} of its own tests");
    for carrier in ["host", "sandbox"] {
        let mut stage = stage(&tests);
        stage.settings = "code-time-limit = \"600s\"\n".to_owned();
        stage.dunlin(carrier, &["db:migrate"]).success();
        let found = units(&stage);
        let different: Vec<_> =
            wanted.iter().zip(&found).filter(|(wanted, found)| wanted != found).take(5).collect();
        eprintln!("{carrier}: {} tests, {statements} statements, {failed} fail", found.len());
        assert!(wanted.len() == found.len() && different.is_empty(), "{carrier}: {different:#?}");
    }
}

fn stage(tests: &Path) -> RailsStage {
    let stage = RailsStage::of("rails_units", RailsAdapter::SQLITE, "7.2").expect("SQLite is there");
    copy_files(tests, &stage.project.path().join("vendor/activerecord/test"));
    let own = OF_ADAPTER.iter().map(|file| format!("cases/adapters/sqlite3/{file}_test"));
    let runs = FILES.iter().map(|file| format!("cases/{file}_test")).chain(own);
    let bodies = ["load_schema".to_owned()].into_iter().chain(runs.map(|file| format!("run(\"{file}\")")));
    for (at, body) in bodies.enumerate() {
        let text = format!(
            "require_relative \"../../lib/units\"\n\nclass Unit{at} < ActiveRecord::Migration[7.2]\n  \
             disable_ddl_transaction!\n\n  def up = Units.{body}\nend\n"
        );
        fs::write(stage.project.path().join(format!("db/migrate/202403010001{at:02}_unit_{at}.rb")), text)
            .unwrap();
    }
    stage
}

/// Without its links, which lead to folders beside it or nowhere.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_files(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A test of Active Record, and what it did.
#[derive(Debug, PartialEq)]
struct Unit {
    file: String,
    title: String,
    assertions: String,
    statements: usize,
    notes: String,
    failure: String,
}

fn units(stage: &RailsStage) -> Vec<Unit> {
    let rows = stage.database.query(
        "SELECT file, title, assertions, statements, notes, failure FROM units ORDER BY file, title, id",
    );
    rows.into_iter()
        .map(|row| {
            let [file, title, assertions, statements, notes, failure] = <[String; 6]>::try_from(row).unwrap();
            Unit { file, title, assertions, statements: statements.parse().unwrap(), notes, failure }
        })
        .collect()
}
