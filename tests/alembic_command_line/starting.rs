//! `init`: a new project.

use crate::listings::files_on;
use crate::support::ServerKind;

#[test]
fn a_project_is_begun_as_alembic_begins_it() {
    for template in ["generic", "async", "multidb", "pyproject", "pyproject_async"] {
        let Some(mut pair) = files_on(ServerKind::Sqlite, &[]) else { return };
        pair.all_same(&[&format!("init -t {template} db"), "heads", &format!("init -t {template} db")]);
        pair.all_same(&[&format!("init --package --template={template} other/place"), "init -t nothing new"]);
        pair.done();
    }
}

#[test]
fn files_that_are_there_stay() {
    let files = [
        ("alembic.ini".to_owned(), "[alembic]\n".to_owned()),
        ("pyproject.toml".to_owned(), "[project]\nname = \"clinic\"\n".to_owned()),
        ("full/file".to_owned(), String::new()),
    ];
    let Some(mut pair) = files_on(ServerKind::Sqlite, &files) else { return };
    pair.all_same(&[
        "init db",
        "init full",
        "init full/",
        "-c conf/own.ini init db2",
        "init -t pyproject db3",
        "init -t pyproject db4",
        "-q init db5",
        "init ./a/../db6",
    ]);
    pair.done();
}
