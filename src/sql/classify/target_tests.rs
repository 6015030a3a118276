//! What object a statement is said to be about.

use super::*;
use crate::sql::classify;
use dunlin_compat::model::Dialect;

fn read(statement: &str, dialect: Dialect) -> Target {
    classify(statement, dialect, (15, 0, 0)).target.unwrap_or_else(|| panic!("no target: {statement}"))
}

/// Names with a dot between schema and name.
fn shown(names: &[QualifiedName]) -> Vec<String> {
    let show = |name: &QualifiedName| match &name.schema {
        Some(schema) => format!("{schema}.{}", name.name),
        None => name.name.clone(),
    };
    names.iter().map(show).collect()
}

#[test]
fn kind_action_and_names_are_read() {
    use Dialect::{Mariadb, Mysql, Postgres, Sqlite};
    use ObjectKind::*;
    use TargetAction::*;
    let cases: &[(&str, Dialect, TargetAction, ObjectKind, &[&str])] = &[
        ("CREATE TABLE Shop.\"Or\"\"ders\" (a int)", Postgres, Create, Table, &["shop.Or\"ders"]),
        ("CREATE UNLOGGED TABLE IF NOT EXISTS db.s.t (a int)", Postgres, Create, Table, &["s.t"]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", Postgres, Create, View, &["v"]),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", Postgres, Create, MaterializedView, &["v"]),
        ("CREATE UNIQUE INDEX CONCURRENTLY I ON t (a)", Postgres, Create, Index, &["i"]),
        ("CREATE INDEX ON t (a)", Postgres, Create, Index, &[]),
        ("CREATE FUNCTION s.f(a int) RETURNS int RETURN 1", Postgres, Create, Function, &["s.f"]),
        ("CREATE SCHEMA IF NOT EXISTS s", Postgres, Create, Schema, &["s"]),
        ("CREATE SCHEMA AUTHORIZATION joe", Postgres, Create, Schema, &["joe"]),
        ("CREATE DATABASE d", Postgres, Create, Database, &["d"]),
        ("CREATE DATABASE d", Mysql, Create, Schema, &["d"]),
        ("CREATE TYPE mood AS ENUM ('a')", Postgres, Create, Type, &["mood"]),
        ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", Postgres, Create, Extension, &["uuid-ossp"]),
        ("CREATE ROLE clerk", Postgres, Create, User, &["clerk"]),
        ("CREATE USER 'a'@'h', b", Mysql, Create, User, &["a@h", "b@%"]),
        ("DROP TABLE IF EXISTS a, s.b CASCADE", Postgres, Drop, Table, &["a", "s.b"]),
        ("DROP FUNCTION f(int, text), g()", Postgres, Drop, Function, &["f", "g"]),
        ("TRUNCATE TABLE ONLY a, b", Postgres, Truncate, Table, &["a", "b"]),
        ("TRUNCATE `A`", Mysql, Truncate, Table, &["A"]),
        ("CREATE TABLE [a b] (c)", Sqlite, Create, Table, &["a b"]),
        ("CREATE VIRTUAL TABLE t USING fts5(a)", Sqlite, Create, Table, &["t"]),
        ("CREATE TABLE 'q' (c)", Sqlite, Create, Table, &["q"]),
        (
            "/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */ /*!50001 VIEW `v` AS SELECT 1 */",
            Mysql,
            Create,
            View,
            &["v"],
        ),
        (
            "CREATE DEFINER=CURRENT_USER() EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            Mariadb,
            Create,
            Event,
            &["e"],
        ),
        ("CREATE AGGREGATE FUNCTION f(x int) RETURNS int RETURN 1", Mariadb, Create, Function, &["f"]),
        ("ALTER ONLINE TABLE t ADD a int", Mariadb, Alter, Table, &["t"]),
        ("ALTER DATABASE CHARACTER SET utf8mb4", Mysql, Alter, Schema, &[]),
        ("ALTER SEQUENCE s RESTART", Postgres, Alter, Sequence, &["s"]),
    ];
    for &(statement, dialect, action, kind, names) in cases {
        let target = read(statement, dialect);
        assert_eq!((target.action, target.kind), (action, kind), "{statement}");
        assert_eq!(shown(&target.names), names, "{statement}");
    }
}

#[test]
fn names_longer_than_postgres_keeps_are_cut() {
    let target = read(&format!("CREATE TABLE {} (a int)", "é".repeat(40)), Dialect::Postgres);
    assert_eq!(target.names[0].name, "é".repeat(31));
}

#[test]
fn new_names_are_read() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let cases: &[(&str, Dialect, &[&str], &[&str])] = &[
        ("ALTER TABLE s.a RENAME TO b", Postgres, &["s.a"], &["s.b"]),
        ("ALTER TABLE IF EXISTS ONLY a RENAME TO b", Postgres, &["a"], &["b"]),
        ("ALTER TABLE a SET SCHEMA s", Postgres, &["a"], &["s.a"]),
        ("ALTER INDEX i RENAME TO j", Postgres, &["i"], &["j"]),
        ("ALTER FUNCTION f(int) RENAME TO g", Postgres, &["f"], &["g"]),
        ("ALTER TABLE a RENAME TO \"B\"", Sqlite, &["a"], &["B"]),
        ("ALTER TABLE a ADD COLUMN c int, RENAME AS d.b", Mysql, &["a"], &["d.b"]),
        ("ALTER TABLE a RENAME b", Mysql, &["a"], &["b"]),
        ("RENAME TABLE a TO b, d.c TO e", Mysql, &["a", "d.c"], &["b", "e"]),
        ("RENAME TABLE IF EXISTS a WAIT 5 TO b", Mysql, &["a"], &["b"]),
        ("RENAME USER a TO b@h", Mysql, &["a@%"], &["b@h"]),
    ];
    for &(statement, dialect, names, new_names) in cases {
        let target = read(statement, dialect);
        assert_eq!(target.action, TargetAction::Rename, "{statement}");
        assert_eq!(shown(&target.names), names, "{statement}");
        assert_eq!(shown(&target.new_names), new_names, "{statement}");
    }
}

#[test]
fn conditions_and_owners_are_read() {
    let index = read("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (a)", Dialect::Postgres);
    assert!(index.concurrently && index.if_not_exists && !index.or_replace);
    assert_eq!(shown(index.on_table.as_slice()), ["s.t"]);
    for (statement, dialect) in [
        ("CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f()", Dialect::Postgres),
        ("DROP TRIGGER IF EXISTS g ON t", Dialect::Postgres),
        ("CREATE POLICY p ON t USING (true)", Dialect::Postgres),
        ("DROP INDEX i ON t", Dialect::Mysql),
        ("CREATE INDEX i USING BTREE ON t (a)", Dialect::Mysql),
        ("CREATE TRIGGER g AFTER DELETE ON t FOR EACH ROW SET @a = 1", Dialect::Mariadb),
        ("CREATE TRIGGER IF NOT EXISTS g DELETE ON t BEGIN SELECT 1; END", Dialect::Sqlite),
    ] {
        assert_eq!(shown(read(statement, dialect).on_table.as_slice()), ["t"], "{statement}");
    }
    assert!(read("DROP VIEW IF EXISTS v", Dialect::Sqlite).if_exists);
    assert!(read("CREATE OR REPLACE TABLE t (a int)", Dialect::Mariadb).or_replace);
}

#[test]
fn changes_of_a_table_are_read_in_order() {
    use TableChange::*;
    let text = |text: &str| text.to_owned();
    let cases = [
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a numeric(3, 2), ADD b int",
            vec![AddColumn(text("a")), AddColumn(text("b"))],
        ),
        ("ALTER TABLE t DROP COLUMN a, DROP IF EXISTS b", vec![DropColumn(text("a")), DropColumn(text("b"))]),
        ("ALTER TABLE t RENAME COLUMN a TO b", vec![RenameColumn { from: text("a"), to: text("b") }]),
        ("ALTER TABLE t RENAME a TO b", vec![RenameColumn { from: text("a"), to: text("b") }]),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", vec![AddConstraint(text("c"))]),
        ("ALTER TABLE t ADD PRIMARY KEY (a, b), ADD UNIQUE (c)", vec![Other, Other]),
        ("ALTER TABLE t ALTER COLUMN a TYPE int", vec![Other]),
        ("ALTER TYPE t ADD VALUE IF NOT EXISTS 'it''s' BEFORE 'b'", vec![AddValue(text("it's"))]),
        ("ALTER TYPE t RENAME VALUE 'a' TO 'b'", vec![Other]),
    ];
    for (statement, changes) in cases {
        let target = read(statement, Dialect::Postgres);
        assert_eq!((target.action, target.changes), (TargetAction::Alter, changes), "{statement}");
    }
    let statement = "ALTER TABLE t ADD UNIQUE KEY i (a), ADD INDEX (b), DROP KEY j, DROP FOREIGN KEY f, ADD (x int, y int)";
    assert_eq!(
        read(statement, Dialect::Mysql).changes,
        [AddIndex(text("i")), Other, DropIndex(text("j")), DropConstraint(text("f")), Other]
    );
}

#[test]
fn what_is_indexed_anew_concurrently_is_read() {
    use ObjectKind::{Database, Index, Schema, Table};
    for (statement, kind, names) in [
        ("REINDEX INDEX CONCURRENTLY s.i", Index, &["s.i"][..]),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", Table, &["t"]),
        ("REINDEX (CONCURRENTLY on) SCHEMA s", Schema, &["s"]),
        ("REINDEX VERBOSE DATABASE CONCURRENTLY", Database, &[]),
    ] {
        let target = read(statement, Dialect::Postgres);
        assert_eq!((target.action, target.kind), (TargetAction::Reindex, kind), "{statement}");
        assert!(target.concurrently, "{statement}");
        assert_eq!(shown(&target.names), names, "{statement}");
    }
}

#[test]
fn what_no_catalog_lists_by_name_has_no_target() {
    for statement in [
        "REINDEX TABLE t",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "INSERT INTO t VALUES (1)",
        "CREATE CAST (a AS b) WITHOUT FUNCTION",
        "DROP OWNED BY a",
        "SELECT 1",
        "",
    ] {
        assert_eq!(classify(statement, Dialect::Postgres, (15, 0, 0)).target, None, "{statement}");
    }
}
