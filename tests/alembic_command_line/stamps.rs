//! `stamp`, `ensure_version`, and upgrades and downgrades that have nothing to run or are refused.

use crate::listings::clinic_on;
use crate::support::ServerKind;

const ALL: &[&str] = &[
    "ensure_version",
    "ensure_version",
    "stamp a101",
    "stamp a101",
    "stamp a103",
    "stamp b202",
    "stamp a102",
    "stamp c301",
    "stamp d402",
    "stamp heads",
    "stamp heads",
    "stamp d401",
    "stamp staff@base",
    "stamp base",
    "stamp abcd abce c301",
    "stamp a101 d401",
    "stamp --purge a103 b202",
    "stamp --purge base",
    "stamp --purge heads",
    "stamp -1",
    "stamp billing@-1",
    "stamp head",
    "stamp nothing",
    "stamp abc",
    "stamp a101 nothing",
    "stamp --purge nothing",
    "stamp wards@b201",
    "-q stamp c301",
    "upgrade base",
    "upgrade c301",
    "upgrade a101",
    "upgrade nothing",
    "upgrade head",
    "upgrade -1",
    "upgrade +99",
    "upgrade c301+1",
    "upgrade a101:c301",
    "upgrade wards@b201",
    "downgrade heads",
    "downgrade c301",
    "downgrade +1",
    "downgrade -99",
    "downgrade nothing",
    "downgrade a101:base",
    "downgrade abcd",
    "downgrade --sql a101",
    "downgrade c301-99",
    "downgrade nothing@base",
    "stamp --purge base",
    "downgrade base",
    "downgrade -1",
    "downgrade a101",
    "current",
];

fn rows_move(kind: ServerKind) {
    let Some(mut pair) = clinic_on(kind) else { return };
    pair.all_same(ALL).done();
}

#[test]
fn rows_move_as_with_alembic_on_sqlite() {
    rows_move(ServerKind::Sqlite);
}

#[test]
fn rows_move_as_with_alembic_on_postgres() {
    rows_move(ServerKind::Postgres);
}

#[test]
fn rows_move_as_with_alembic_on_mariadb() {
    rows_move(ServerKind::MariaDb);
}

#[test]
fn rows_that_fit_no_file_are_refused_as_alembic_refuses_them() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    pair.all_same(&["ensure_version"]);
    pair.sql("INSERT INTO alembic_version (version_num) VALUES ('gone')");
    pair.all_same(&[
        "current",
        "history -i",
        "show current",
        "stamp a101",
        "upgrade heads",
        "downgrade base",
        "check",
        "current -c",
        "stamp --purge a101",
    ]);
    // A row that another implies.
    pair.sql("INSERT INTO alembic_version (version_num) VALUES ('a102')");
    pair.all_same(&["current", "upgrade heads", "stamp c301", "stamp base", "current"]);
    // A part of an id.
    pair.sql("INSERT INTO alembic_version (version_num) VALUES ('abcd')");
    pair.all_same(&["current", "history -i", "stamp a101", "stamp billing@base", "stamp --purge base"]);
    pair.done();
}

#[test]
fn a_table_without_a_key_may_have_a_row_twice() {
    let Some(mut pair) = clinic_on(ServerKind::Sqlite) else { return };
    pair.sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)");
    pair.sql("INSERT INTO alembic_version (version_num) VALUES ('a102'), ('a102')");
    pair.all_same(&["current", "stamp a103", "current", "stamp base", "current"]);
    pair.done();
}
