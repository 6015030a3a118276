//! `heads`, `history`, `branches`, `current`, `show`: what is there and what is applied.

use crate::clinic::{clinic, project};
use crate::pair::Pair;
use crate::support::{Need, ServerKind, needs};

/// The clinic on a server; none if it or Alembic is missing.
pub fn clinic_on(kind: ServerKind) -> Option<Pair> {
    files_on(kind, &clinic())
}

/// A project on a server.
pub fn files_on(kind: ServerKind, files: &[(String, String)]) -> Option<Pair> {
    if !needs(&[Need::Alembic]) {
        return None;
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Pair::new(kind, &files)
}

const FILES_ALONE: &[&str] = &[
    "heads",
    "heads -v",
    "heads --resolve-dependencies",
    "heads -v --resolve-dependencies",
    "branches",
    "branches -v",
    "history",
    "history -v",
    "history -r a101:c301",
    "history -r :a103",
    "history -r b201:",
    "history -r b201:b202 -v",
    "history -r -3:",
    "history -r a101:+2",
    "history -r a102:b201",
    "history -r staff@base:staff@head",
    "history -r billing@base:",
    "history -r abcd",
    "history -r abcd:abce",
    "history -r nothing:",
    "history -r :nothing",
    "history -r a:b:c",
    "history -r  :",
    "show a101",
    "show a1",
    "show abcd",
    "show abc",
    "show abcdx",
    "show heads",
    "show head",
    "show base",
    "show wards",
    "show staff@head",
    "show billing@heads",
    "show wards@b201",
    "show nothing@head",
    "show -1",
    "show a101+1",
    "show @",
    "-q heads",
    "-q show nothing",
    "edit nothing",
    "edit base",
];

const ON_DATABASE: &[&str] = &[
    "current",
    "current -v",
    "current --check-heads",
    "history -i",
    "history -r current:",
    "history -r :current",
    "history -i -r a101:current -v",
    "show current",
    "edit current",
    "check",
    "-q current",
];

#[test]
fn files_are_listed_as_alembic_lists_them() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    pair.all_same(FILES_ALONE).done();
}

fn what_is_applied(kind: ServerKind) {
    let Some(mut pair) = clinic_on(kind) else { return };
    let fresh = |commands: &[&'static str]| -> Vec<&'static str> {
        // These need an editor or the project's models.
        commands.iter().copied().filter(|line| *line != "edit current").collect()
    };
    pair.all_same(ON_DATABASE);
    for stamp in ["stamp a102", "stamp b202", "stamp c301 d402", "stamp --purge heads"] {
        pair.all_same(&[stamp]);
        let commands: Vec<&str> = fresh(ON_DATABASE)
            .into_iter()
            .filter(|line| *line != "check" || !stamp.ends_with("heads"))
            .collect();
        pair.all_same(&commands);
    }
    pair.done();
}

#[test]
fn what_is_applied_on_sqlite_is_told_as_alembic_tells_it() {
    what_is_applied(ServerKind::Sqlite);
}

#[test]
fn what_is_applied_on_postgres_is_told_as_alembic_tells_it() {
    what_is_applied(ServerKind::Postgres);
}

#[test]
fn what_is_applied_on_mariadb_is_told_as_alembic_tells_it() {
    what_is_applied(ServerKind::MariaDb);
}

#[test]
fn a_project_without_revisions_has_nothing_to_list() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &project(&[])) else { return };
    pair.all_same(FILES_ALONE).all_same(ON_DATABASE).done();
}

#[test]
fn one_line_of_revisions_needs_no_names() {
    let files = project(&[
        ("a1", "None", "", "patients"),
        ("a2", "\"a1\"", "", "wards"),
        ("a3", "\"a2\"", "", "beds"),
    ]);
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(&["heads", "history", "branches", "show head", "show head-1", "show a1+1", "stamp a2"]);
    pair.all_same(ON_DATABASE);
    pair.done();
}
