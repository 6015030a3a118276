//! What is said of statements, by kind of fact.

use super::*;

const POSTGRES: (Dialect, (u32, u32, u32)) = (Dialect::Postgres, (15, 0, 0));
const MARIADB: (Dialect, (u32, u32, u32)) = (Dialect::Mariadb, (10, 11, 2));
const MYSQL: (Dialect, (u32, u32, u32)) = (Dialect::Mysql, (8, 4, 0));
const SQLITE: (Dialect, (u32, u32, u32)) = (Dialect::Sqlite, (3, 40, 0));

fn facts(statement: &str, (dialect, version): (Dialect, (u32, u32, u32))) -> Facts {
    classify(statement, dialect, version)
}

/// Asserts that a fact holds for the first statements and not for the second.
fn assert_fact(
    server: (Dialect, (u32, u32, u32)),
    fact: impl Fn(&Facts) -> bool,
    holds: &[&str],
    does_not: &[&str],
) {
    for statement in holds {
        assert!(fact(&facts(statement, server)), "should hold: {statement}");
    }
    for statement in does_not {
        assert!(!fact(&facts(statement, server)), "should not hold: {statement}");
    }
}

#[test]
fn postgres_refuses_these_inside_a_transaction() {
    assert_fact(
        POSTGRES,
        |facts| facts.transaction.is_forbidden(),
        &[
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "-- note\n/* and */ create unique index concurrently if not exists i on t (a)",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "REINDEX INDEX CONCURRENTLY i",
            "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
            "REINDEX (CONCURRENTLY TRUE) TABLE t",
            "REINDEX SCHEMA public",
            "REINDEX (VERBOSE) DATABASE shop",
            "VACUUM",
            "VACUUM FULL t",
            "CREATE DATABASE shop",
            "DROP DATABASE IF EXISTS shop",
            "CREATE TABLESPACE fast LOCATION '/x'",
            "DROP TABLESPACE fast",
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
            "ALTER SYSTEM SET work_mem = '1MB'",
            "ALTER DATABASE shop SET TABLESPACE fast",
            "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
            "ALTER TABLE IF EXISTS ONLY s.a DETACH PARTITION s.b CONCURRENTLY",
            "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
            "ALTER SUBSCRIPTION s SET PUBLICATION p",
            "DISCARD ALL",
            "CLUSTER",
            "CLUSTER VERBOSE",
            "COMMIT PREPARED 'x'",
        ],
        &[
            "CREATE INDEX concurrently_i ON t (a)",
            "DROP INDEX i",
            "REINDEX TABLE t",
            "REINDEX (CONCURRENTLY false) TABLE t",
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false, slot_name = 's')",
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
            "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
            "ALTER DATABASE shop SET work_mem = '1MB'",
            "ALTER TABLE a DETACH PARTITION b",
            "ALTER TYPE mood ADD VALUE 'x'",
            "DISCARD TEMP",
            "CLUSTER t USING i",
            "SELECT 'VACUUM'",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        ],
    );
    assert!(
        classify("ALTER TYPE s.mood ADD VALUE 'x'", Dialect::Postgres, (11, 0, 0)).transaction.is_forbidden()
    );
}

#[test]
fn sqlite_refuses_or_ignores_these_inside_a_transaction() {
    assert_fact(
        SQLITE,
        |facts| facts.transaction.is_forbidden(),
        &[
            "VACUUM",
            "PRAGMA foreign_keys = OFF",
            "pragma main.journal_mode(WAL)",
            "PRAGMA synchronous = OFF",
            "DETACH b",
        ],
        &[
            "PRAGMA foreign_keys",
            "PRAGMA user_version = 1",
            "ATTACH 'a' AS b",
            "PRAGMA table_info(t)",
            "CREATE TABLE t (a)",
        ],
    );
}

#[test]
fn mysql_commits_before_these() {
    for server in [MYSQL, MARIADB] {
        assert_fact(
            server,
            |facts| facts.implicit_commit,
            &[
                "CREATE TABLE t (a int)",
                "create or replace view v as select 1",
                "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @a = 1 */",
                "ALTER TABLE t ADD a int",
                "DROP TABLE t",
                "TRUNCATE t",
                "RENAME TABLE a TO b",
                "GRANT SELECT ON a.* TO b",
                "SET PASSWORD FOR a = 'b'",
                "SET autocommit = 1",
                "SET @@session.autocommit=0",
                "BEGIN",
                "START TRANSACTION",
                "LOCK TABLES a WRITE",
                "UNLOCK TABLES",
                "ANALYZE TABLE t",
                "FLUSH PRIVILEGES",
            ],
            &[
                "CREATE TEMPORARY TABLE t (a int)",
                "DROP TEMPORARY TABLE t",
                "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
                "INSERT INTO t VALUES (1)",
                "SET @a = 1",
                "SET @old = @@autocommit",
                "SET NAMES utf8",
                "USE shop",
                "LOAD DATA INFILE 'x' INTO TABLE t",
                "DROP PREPARE p",
                "SELECT 'CREATE TABLE'",
                "/*!99998 CREATE TABLE t (a int) */",
            ],
        );
    }
}

#[test]
fn key_caches_commit_in_mysql_only() {
    assert!(facts("LOAD INDEX INTO CACHE t", MYSQL).implicit_commit);
    assert!(!facts("LOAD INDEX INTO CACHE t", MARIADB).implicit_commit);
}

#[test]
fn an_executable_comment_counts_where_the_server_runs_it() {
    let set = "/*!50708 SET NAMES utf8 */";
    assert!(facts(set, MYSQL).session);
    assert!(!classify(set, Dialect::Mysql, (5, 6, 0)).session);
    // MariaDB leaves out what is meant for MySQL 5.7 and later.
    assert!(!facts(set, MARIADB).session);
    assert!(facts("/*M!100100 SET NAMES utf8 */", MARIADB).session);
    assert!(!facts("/*M!100100 SET NAMES utf8 */", MYSQL).session);
}

#[test]
fn these_change_nothing_but_the_session() {
    assert_fact(
        POSTGRES,
        |facts| facts.session,
        &[
            "SET search_path = shop",
            "SET SESSION work_mem = '1MB'",
            "SET TIME ZONE 'UTC'",
            "SET ROLE clerk",
            "SET SESSION AUTHORIZATION clerk",
            "RESET ALL",
            "PREPARE p AS SELECT 1",
            "DEALLOCATE p",
            "LISTEN news",
            "SELECT pg_catalog.set_config('search_path', '', false)",
        ],
        &[
            "SET LOCAL search_path = shop",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET CONSTRAINTS ALL DEFERRED",
            "PREPARE TRANSACTION 'x'",
            "SELECT 1",
            "CREATE TABLE t (a int)",
        ],
    );
    assert_fact(
        MYSQL,
        |facts| facts.session,
        &[
            "SET @a = 1",
            "SET foreign_key_checks = 0",
            "SET NAMES utf8",
            "USE shop",
            "PREPARE p FROM 'SELECT 1'",
            "DEALLOCATE PREPARE p",
            "SELECT COUNT(*) INTO @total FROM t",
            "SELECT @total := COUNT(*) FROM t",
            "LOCK TABLES t WRITE",
        ],
        &[
            "SET GLOBAL a = 1",
            "SET PASSWORD = 'a'",
            "SELECT @total",
            "SELECT 1 INTO OUTFILE 'x'",
            "EXECUTE p",
        ],
    );
    assert_fact(
        SQLITE,
        |facts| facts.session,
        &["PRAGMA foreign_keys = ON", "PRAGMA legacy_alter_table(1)", "ATTACH 'a' AS b"],
        &["PRAGMA foreign_keys", "PRAGMA user_version = 3", "PRAGMA table_info('t')", "SELECT 1"],
    );
}

#[test]
fn these_objects_end_with_the_session() {
    assert_fact(
        POSTGRES,
        |facts| facts.temporary_object,
        &[
            "CREATE TEMP TABLE t (a int)",
            "CREATE LOCAL TEMPORARY TABLE t (a int)",
            "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
            "CREATE TABLE pg_temp.t (a int)",
            "SELECT 1 INTO TEMP t",
        ],
        &["CREATE TABLE temp (a int)", "SELECT 1 INTO t", "DROP TABLE t"],
    );
    assert_fact(
        MARIADB,
        |facts| facts.temporary_object,
        &["CREATE OR REPLACE TEMPORARY TABLE t (a int)"],
        &[],
    );
    assert_fact(
        SQLITE,
        |facts| facts.temporary_object,
        &[
            "CREATE TEMP TABLE t (a)",
            "CREATE TABLE temp.t (a)",
            "CREATE TEMPORARY TRIGGER t DELETE ON a BEGIN END",
        ],
        &["CREATE TABLE main.t (a)"],
    );
}

#[test]
fn these_begin_or_end_a_transaction() {
    let common =
        ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE SAVEPOINT a", "ROLLBACK TO SAVEPOINT a"];
    for server in [POSTGRES, MARIADB, MYSQL, SQLITE] {
        assert_fact(
            server,
            |facts| facts.controls_transaction,
            &common,
            &["SELECT 1", "CREATE TABLE t (a int)"],
        );
    }
    let postgres = ["START TRANSACTION", "END", "ABORT", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'"];
    assert_fact(POSTGRES, |facts| facts.controls_transaction, &postgres, &["PREPARE p AS SELECT 1"]);
    let mysql =
        ["START TRANSACTION", "SET autocommit=0", "SET @@autocommit := 1", "XA START 'x'", "BEGIN WORK"];
    let other = ["BEGIN NOT ATOMIC SELECT 1; END", "START SLAVE", "SET @a = @@autocommit"];
    assert_fact(MARIADB, |facts| facts.controls_transaction, &mysql, &other);
}

#[test]
fn these_change_how_later_text_is_read() {
    assert_fact(
        POSTGRES,
        |facts| facts.changes_parsing,
        &[
            "SET standard_conforming_strings = off",
            "SET LOCAL client_encoding TO 'LATIN1'",
            "SET NAMES 'LATIN1'",
            "RESET ALL",
            "SELECT set_config('client_encoding', 'LATIN1', false)",
        ],
        &["SET search_path = a", "SELECT 'standard_conforming_strings'"],
    );
    assert_fact(
        MARIADB,
        |facts| facts.changes_parsing,
        &[
            "SET sql_mode = ''",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "SET @@session.sql_mode := ''",
            "SET NAMES utf8",
            "SET CHARACTER SET utf8",
        ],
        &["SET @old = @@sql_mode", "SET foreign_key_checks = 0"],
    );
}

#[test]
fn these_change_the_role() {
    assert_fact(
        POSTGRES,
        |facts| facts.changes_role,
        &[
            "SET ROLE clerk",
            "SET LOCAL ROLE clerk",
            "SET SESSION ROLE clerk",
            "set role = clerk",
            "SET SESSION AUTHORIZATION clerk",
            "SET LOCAL SESSION AUTHORIZATION clerk",
            "RESET ROLE",
            "RESET SESSION AUTHORIZATION",
            "DISCARD ALL",
            "SELECT set_config('role', 'clerk', true)",
        ],
        &[
            "SET search_path = role",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "DROP ROLE clerk",
        ],
    );
    assert_fact(MARIADB, |facts| facts.changes_role, &["SET ROLE clerk"], &["SET DEFAULT ROLE clerk"]);
}

#[test]
fn these_give_every_lock_back() {
    assert_fact(
        POSTGRES,
        |facts| facts.drops_locks,
        &[
            "DISCARD ALL",
            "SELECT pg_advisory_unlock_all()",
            "DO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$",
        ],
        &["DISCARD PLANS", "SELECT pg_advisory_unlock(1)", "SELECT 'pg_advisory_unlock_all()'"],
    );
    assert_fact(
        MARIADB,
        |facts| facts.drops_locks,
        &["SELECT RELEASE_ALL_LOCKS()", "DO release_all_locks()"],
        &["SELECT RELEASE_LOCK('a')"],
    );
}

#[test]
fn copy_from_stdin_is_told_from_other_copies() {
    assert_fact(
        POSTGRES,
        |facts| facts.copy_from_stdin,
        &["COPY t FROM STDIN", "copy s.t (a, \"from\") from stdin with (format csv)"],
        &["COPY t TO STDOUT", "COPY t FROM 'stdin'", "COPY (SELECT a FROM stdin) TO STDOUT"],
    );
}

#[test]
fn definitions_are_told_from_data() {
    assert_fact(
        POSTGRES,
        |facts| facts.ddl,
        &["CREATE TABLE t (a int)", "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO a", "SELECT 1 INTO t"],
        &[
            "INSERT INTO t VALUES (1)",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "SELECT 1",
            "SET a = 1",
        ],
    );
    assert_fact(
        MARIADB,
        |facts| facts.ddl,
        &["RENAME TABLE a TO b"],
        &["SELECT 1 INTO @a", "DROP PREPARE p"],
    );
    assert_fact(SQLITE, |facts| facts.ddl, &["ALTER TABLE t RENAME TO u"], &["PRAGMA foreign_keys = ON"]);
}
