use super::super::{ChangeKind, Statement};
use super::read;

fn names(found: &Statement) -> String {
    let names: Vec<String> = found
        .changes
        .iter()
        .map(|change| {
            let debug = format!("{:?}", change.kind);
            debug.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
        })
        .collect();
    names.join(" ")
}

#[test]
fn statements_are_read() {
    for (text, changes) in [
        (
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b VARCHAR ( 20 ) NOT NULL DEFAULT 'x' COLLATE NOCASE, c REFERENCES d (e) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CONSTRAINT u UNIQUE (b) ON CONFLICT IGNORE CHECK (b <> '')) STRICT, WITHOUT ROWID",
            "CreateTable",
        ),
        ("CREATE TEMP TABLE a AS SELECT 1", "CreateTable"),
        ("CREATE VIRTUAL TABLE a USING fts5(b)", "CreateTable"),
        ("ALTER TABLE a ADD b int DEFAULT (1 + 2) CHECK (b > 0)", "AddColumn"),
        ("ALTER TABLE a RENAME TO [b]", "RenameTable"),
        ("ALTER TABLE a RENAME b TO c", "RenameColumn"),
        ("ALTER TABLE a DROP COLUMN b", "DropColumn"),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", "AddConstraint"),
        ("ALTER TABLE a ALTER COLUMN b SET NOT NULL", "SetNotNull"),
        ("ALTER TABLE a ALTER b TYPE text", "SetColumnType"),
        (
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON a (b COLLATE NOCASE DESC, lower(c)) WHERE b IS NOT NULL",
            "CreateIndex",
        ),
        ("CREATE TRIGGER t AFTER UPDATE OF b ON a BEGIN DELETE FROM c; END", "CreateTrigger"),
        ("PRAGMA foreign_keys = OFF", "SetSetting"),
        ("PRAGMA table_info(a)", "Query"),
        ("PRAGMA main.journal_mode(wal)", "SetSetting"),
        ("INSERT OR REPLACE INTO a (b) SELECT 1", "Rows"),
        ("UPDATE a SET b = 1", "Rows"),
        ("WITH x AS (SELECT 1) DELETE FROM a WHERE b IN x", "Rows"),
        ("VACUUM", "RewriteTable"),
        ("REINDEX a", "Reindex"),
        ("END", "Transaction"),
        ("DROP VIEW IF EXISTS a", "DropView"),
        ("ATTACH 'x' AS y", "Other"),
    ] {
        let found = read(text);
        assert!(found.unread.is_empty(), "{text}: {:?}", found.unread);
        assert_eq!(names(&found), changes, "{text}");
    }
}

#[test]
fn columns_are_read_whole() {
    let found = read(
        "CREATE TABLE a (b VARCHAR ( 20 ) NOT NULL DEFAULT -1, c GENERATED ALWAYS AS (b || 'x') STORED)",
    );
    let ChangeKind::CreateTable { columns, .. } = &found.changes[0].kind else { panic!() };
    assert_eq!(columns[0].data_type, "varchar(20)");
    assert!(columns[0].not_null && columns[0].default.as_ref().is_some_and(|default| default.is_constant));
    assert!(columns[1].generated_stored && columns[1].data_type.is_empty());
}

#[test]
fn affinities_follow_the_declared_type() {
    for (data_type, affinity) in [
        ("bigint", "INTEGER"),
        ("varchar(3)", "TEXT"),
        ("", "BLOB"),
        ("double", "REAL"),
        ("datetime", "NUMERIC"),
        ("floating point", "INTEGER"),
    ] {
        assert_eq!(super::affinity(data_type), affinity, "{data_type}");
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    const PIECES: &[&str] = &[
        "ALTER TABLE t ",
        "ADD ",
        "COLUMN ",
        "(",
        ")",
        ",",
        "a ",
        "[b] ",
        "int ",
        "text(3) ",
        "DEFAULT ",
        "'x' ",
        "NOT NULL ",
        "RENAME ",
        "TO ",
        "DROP ",
        "INDEX ",
        "ON ",
        "PRIMARY KEY ",
        "FOREIGN KEY ",
        "REFERENCES ",
        "CHECK ",
        "CREATE ",
        "TABLE ",
        "SELECT ",
        "UPDATE ",
        "SET ",
        "WHERE ",
        "DELETE FROM ",
        "INSERT INTO ",
        "PRAGMA ",
        "=",
        "STRICT",
        "WITHOUT ROWID",
        "AS ",
        "é",
        "5 ",
        ".",
        "UNIQUE ",
    ];

    proptest! {
        #[test]
        fn any_text_is_read(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30)) {
            let text: String = pieces.concat();
            let found = read(&text);
            for range in found.changes.iter().map(|change| &change.span).chain(&found.unread) {
                prop_assert!(text.get(range.clone()).is_some(), "{text}: {found:?}");
            }
        }
    }
}
