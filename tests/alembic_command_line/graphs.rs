//! Revision files that do not fit together.

use crate::clinic::project;
use crate::listings::files_on;
use crate::support::ServerKind;

const COMMANDS: &[&str] = &[
    "heads",
    "heads --resolve-dependencies",
    "branches",
    "history",
    "show a1",
    "show heads",
    "current",
    "stamp heads",
    "upgrade heads",
    "downgrade base",
    "edit a1",
    "merge heads",
    "revision --rev-id z9",
];

fn same(revisions: &[(&str, &str, &str, &str)]) {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &project(revisions)) else { return };
    pair.all_same(COMMANDS).done();
}

#[test]
fn a_down_revision_that_is_missing() {
    same(&[("a1", "None", "", "patients"), ("a2", "\"gone\"", "", "wards")]);
}

#[test]
fn a_dependency_that_is_missing() {
    same(&[("a1", "None", "depends_on = \"gone\"", "patients")]);
}

#[test]
fn a_circle() {
    same(&[("a1", "\"a3\"", "", "patients"), ("a2", "\"a1\"", "", "wards"), ("a3", "\"a2\"", "", "beds")]);
}

#[test]
fn a_circle_beside_a_line() {
    same(&[("a1", "None", "", "patients"), ("b2", "\"b3\"", "", "wards"), ("b3", "\"b2\"", "", "beds")]);
}

#[test]
fn a_circle_of_dependencies() {
    same(&[
        ("a1", "None", "depends_on = \"b1\"", "patients"),
        ("b1", "None", "depends_on = \"a1\"", "doctors"),
    ]);
}

#[test]
fn a_revision_that_is_its_own() {
    same(&[("a1", "\"a1\"", "", "patients")]);
    same(&[("a1", "None", "depends_on = \"a1\"", "patients")]);
}

#[test]
fn an_id_with_a_sign() {
    same(&[("a1", "None", "", "patients"), ("a-2", "\"a1\"", "", "wards")]);
}

#[test]
fn a_label_twice() {
    // Of one revision, so that it does not matter which of two comes first.
    same(&[("a1", "None", "branch_labels = (\"wards\", \"wards\")", "patients")]);
    same(&[("a1", "None", "", "patients"), ("a2", "\"a1\"", "branch_labels = \"a1\"", "wards")]);
}

#[test]
fn a_file_without_a_revision() {
    let mut files = project(&[("a1", "None", "", "patients")]);
    files.push(("db/versions/notes.py".to_owned(), "# nothing\n".to_owned()));
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(COMMANDS).done();
}

#[test]
fn a_revision_that_is_there_twice() {
    let mut files = project(&[("a1", "None", "", "patients"), ("a2", "\"a1\"", "", "wards")]);
    let again = crate::clinic::revision("a2", "\"a1\"", "", "wards again");
    files.push(("db/versions/b2.py".to_owned(), again));
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(&["heads", "history", "branches", "show a2", "stamp a1", "current", "stamp head"]).done();
}
