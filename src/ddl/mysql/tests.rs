use super::super::{ChangeKind, ServerVersion, Statement};
use dunlin_compat::model::Dialect;

const MYSQL: ServerVersion = ServerVersion { dialect: Dialect::Mysql, version: (9, 7, 0) };
const MARIADB: ServerVersion = ServerVersion { dialect: Dialect::Mariadb, version: (10, 11, 0) };

fn read(text: &str) -> Statement {
    super::read(text, MYSQL)
}

/// The changes in Rust's words, shortened to what tells them apart.
fn told(text: &str) -> String {
    let found = read(text);
    assert!(found.unread.is_empty(), "{text}: {:?}", found.unread);
    let names: Vec<String> = found
        .changes
        .iter()
        .map(|change| {
            let debug = format!("{:?}", change.kind);
            debug.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
        })
        .collect();
    let named = [found.algorithm, found.lock].into_iter().flatten().collect::<Vec<_>>().join("/");
    format!("{} {named}", names.join(" ")).trim_end().to_owned()
}

#[test]
fn clauses_of_alter_table_are_read() {
    for (text, changes) in [
        (
            "ALTER TABLE orders ADD COLUMN status varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'new' COMMENT 'a, b' AFTER id, ALGORITHM=INSTANT",
            "AddColumn INSTANT",
        ),
        (
            "ALTER TABLE orders ADD (a int, b enum('x','y') DEFAULT 'x', INDEX (a)), LOCK = NONE",
            "AddColumn AddColumn CreateIndex NONE",
        ),
        (
            "ALTER TABLE orders ADD a int, DROP COLUMN b, CHANGE c d bigint unsigned FIRST, MODIFY COLUMN e text",
            "AddColumn DropColumn RedefineColumn RedefineColumn",
        ),
        (
            "ALTER TABLE orders ALTER COLUMN a SET DEFAULT 3, ALTER b DROP DEFAULT, ALTER INDEX i INVISIBLE, ALTER CHECK c NOT ENFORCED, ALTER CONSTRAINT d ENFORCED",
            "SetDefault DropDefault AlterIndex AlterConstraint ValidateConstraint",
        ),
        (
            "ALTER TABLE orders RENAME COLUMN a TO b, RENAME INDEX i TO j, RENAME KEY k TO l, RENAME TO shop.orders2",
            "RenameColumn RenameIndex RenameIndex RenameTable",
        ),
        (
            "ALTER TABLE orders ADD UNIQUE KEY u (a, b(10) DESC), ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES shop.customers (id) ON DELETE SET NULL ON UPDATE CASCADE, ADD CHECK (a > 0), ADD PRIMARY KEY USING BTREE (id), ADD FULLTEXT INDEX ft (t) WITH PARSER ngram",
            "CreateIndex AddConstraint AddConstraint AddConstraint CreateIndex",
        ),
        (
            "ALTER TABLE orders DROP PRIMARY KEY, DROP INDEX i, DROP FOREIGN KEY f, DROP CHECK c, DROP CONSTRAINT x",
            "DropConstraint DropIndex DropConstraint DropConstraint DropConstraint",
        ),
        (
            "ALTER TABLE orders ENGINE=InnoDB ROW_FORMAT=DYNAMIC, COMMENT 'x', AUTO_INCREMENT 7, DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "RewriteTable TableOptions",
        ),
        (
            "ALTER TABLE orders CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, FORCE",
            "ConvertCharacterSet RewriteTable",
        ),
        (
            "ALTER TABLE orders ALGORITHM=INPLACE, LOCK=NONE, DROP PARTITION p0, p1",
            "Repartition INPLACE/NONE",
        ),
        (
            "ALTER TABLE orders ADD COLUMN z int PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "AddColumn Repartition",
        ),
        ("ALTER TABLE orders ORDER BY a DESC, b, ADD INDEX (a)", "OtherTableChange CreateIndex"),
        ("ALTER TABLE orders DISCARD TABLESPACE", "OtherTableChange"),
        ("ALTER TABLE orders DISABLE KEYS", "OtherTableChange"),
        (
            "ALTER TABLE orders ADD COLUMN total decimal(10,2) GENERATED ALWAYS AS (price * (1 + tax)) STORED NOT NULL",
            "AddColumn",
        ),
        ("ALTER TABLE orders /*!80000 ADD COLUMN a int, */ DROP COLUMN b", "AddColumn DropColumn"),
        ("ALTER TABLE orders /*!99998 ADD COLUMN a int, */ DROP COLUMN b", "DropColumn"),
    ] {
        assert_eq!(told(text), changes, "{text}");
    }
}

#[test]
fn statements_are_known_by_their_first_words() {
    for (text, changes) in [
        (
            "CREATE TABLE IF NOT EXISTS a (id int unsigned NOT NULL AUTO_INCREMENT, b serial, PRIMARY KEY (id), KEY k (b), CONSTRAINT c CHECK (b > 0) NOT ENFORCED) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='x' PARTITION BY HASH (id) PARTITIONS 4",
            "CreateTable",
        ),
        ("CREATE TEMPORARY TABLE a AS SELECT 1", "CreateTable"),
        ("CREATE OR REPLACE TABLE a LIKE b", "DropTable CreateTable"),
        (
            "CREATE UNIQUE INDEX i USING BTREE ON a (b, (c + 1)) COMMENT 'x' ALGORITHM=INPLACE LOCK=NONE",
            "CreateIndex INPLACE/NONE",
        ),
        ("DROP INDEX i ON a ALGORITHM = INPLACE", "DropIndex INPLACE"),
        ("RENAME TABLE a TO b, c TO d", "RenameTable RenameTable"),
        ("TRUNCATE a", "Truncate"),
        ("OPTIMIZE TABLE a, b", "RewriteTable RewriteTable"),
        ("LOCK TABLES a READ LOCAL, b AS x WRITE", "LockTable"),
        ("UNLOCK TABLES", "Other"),
        ("CREATE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW v AS SELECT 1", "CreateView"),
        ("CREATE ALGORITHM=MERGE VIEW v AS SELECT 1", "CreateView"),
        ("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN UPDATE b SET x = 1; END", "CreateTrigger"),
        ("CREATE PROCEDURE p() BEGIN DELETE FROM a; END", "CreateRoutine"),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a", "Other"),
        ("DROP DATABASE IF EXISTS a", "DropDatabase"),
        ("START TRANSACTION", "Transaction"),
        ("ROLLBACK TO SAVEPOINT x", "Other"),
        ("CALL p()", "Opaque"),
        ("SET SESSION lock_wait_timeout = 5, @x = 3", "SetSetting Other"),
        ("SET @@session.sql_mode = 'ANSI'", "SetSetting"),
        ("SET NAMES utf8mb4", "SetSetting"),
        ("(SELECT 1) UNION (SELECT 2)", "Query"),
        ("", "Other"),
    ] {
        assert_eq!(told(text), changes, "{text}");
    }
}

#[test]
fn rows_are_counted_for_the_table_that_they_are_of() {
    use super::super::RowChange as R;
    for (text, wanted) in [
        ("UPDATE orders SET a = 1", "orders false false"),
        (
            "UPDATE orders o JOIN customers c ON c.id = o.customer SET c.name = 'x' LIMIT 3",
            "customers true true",
        ),
        ("UPDATE shop.orders SET a = 1 WHERE id < 5", "shop.orders true false"),
        ("DELETE FROM orders LIMIT 10", "orders false true"),
        ("DELETE o FROM orders AS o JOIN customers c ON c.id = o.customer", "orders true false"),
        ("DELETE FROM o USING orders AS o, customers WHERE o.a = customers.a", "orders true false"),
        ("WITH x AS (SELECT 1) DELETE FROM orders WHERE id IN (SELECT * FROM x)", "orders true false"),
    ] {
        let found = read(text);
        let Some(ChangeKind::Rows(
            R::Update { table, filtered, limited } | R::Delete { table, filtered, limited },
        )) = found.changes.first().map(|change| change.kind.clone())
        else {
            panic!("{text}: {found:?}");
        };
        assert_eq!(format!("{table} {filtered} {limited}"), wanted, "{text}");
    }
    for (text, from_query) in [
        ("INSERT IGNORE INTO a (b) VALUES (1)", false),
        ("REPLACE a SELECT 1", true),
        ("INSERT INTO a (SELECT 1)", true),
        ("INSERT INTO a SET b = 1", false),
    ] {
        let kind = read(text).changes.first().map(|change| change.kind.clone());
        let Some(ChangeKind::Rows(R::Insert { from_query: found, .. })) = kind else { panic!("{text}") };
        assert_eq!(found, from_query, "{text}");
    }
    let load = read("LOAD DATA LOCAL INFILE 'x' IGNORE INTO TABLE a FIELDS TERMINATED BY ','");
    assert!(matches!(load.changes[0].kind, ChangeKind::Rows(R::Load { .. })), "{load:?}");
}

#[test]
fn columns_are_read_whole() {
    let found = read(
        "ALTER TABLE a ADD COLUMN b BIGINT  UNSIGNED ZEROFILL NULL DEFAULT -1 ON UPDATE now(6) INVISIBLE, MODIFY c Enum( 'A', 'b,c' ) NOT NULL",
    );
    let ChangeKind::AddColumn { column, .. } = &found.changes[0].kind else { panic!() };
    assert_eq!(column.data_type, "bigint unsigned zerofill");
    assert!(column.on_update && column.says_null);
    assert!(column.default.as_ref().is_some_and(|default| default.is_constant && default.text == "-1"));
    let ChangeKind::RedefineColumn { column, .. } = &found.changes[1].kind else { panic!() };
    assert_eq!(column.data_type, "enum('A','b,c')");
    let found = super::read(
        "ALTER TABLE a ADD b char(36) DEFAULT uuid() NOT NULL, ADD c datetime DEFAULT current_timestamp()",
        MARIADB,
    );
    let ChangeKind::AddColumn { column, .. } = &found.changes[0].kind else { panic!() };
    assert!(column.not_null && column.default.as_ref().is_some_and(|default| default.may_be_volatile));
}

#[test]
fn what_is_not_known_is_left_out_and_the_next_clause_is_read() {
    let text = "ALTER TABLE a FROBNICATE (x, y) z, DROP COLUMN b";
    let found = read(text);
    assert_eq!(
        found.unread.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(),
        ["FROBNICATE (x, y) z"]
    );
    assert!(matches!(found.changes[..], [ref one] if matches!(one.kind, ChangeKind::DropColumn { .. })));
}

#[test]
fn what_no_rule_looks_at_is_told_from_what_is_misspelt() {
    for text in [
        "GRANT SELECT ON shop.* TO ada",
        "CREATE USER ada IDENTIFIED BY 'x'",
        "CREATE DEFINER = CURRENT_USER EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a",
        "ALTER DATABASE shop CHARACTER SET utf8mb4",
        "DROP SEQUENCE IF EXISTS s",
        "ROLLBACK TO SAVEPOINT a",
        "START REPLICA",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION TRANSACTION READ ONLY",
        "SET DEFAULT ROLE NONE TO ada",
        "PREPARE a FROM 'SELECT 1'",
        "IF (SELECT 1) THEN SELECT 2; END IF",
        "USE shop",
        "/*!99999 SOMETHING NEWER */",
    ] {
        let found = read(text);
        assert!(found.unread.is_empty(), "{text}: {:?}", found.unread);
        assert!(
            matches!(found.changes[..], [ref one] if matches!(one.kind, ChangeKind::Other { .. })),
            "{text}"
        );
    }
    for (text, from) in [
        ("ALTER TABEL a ADD b int", "TABEL a ADD b int"),
        ("CRATE TABLE a (b int)", "CRATE TABLE a (b int)"),
        ("DROP TABLE", ""),
        ("SET NAME", ""),
        ("UPDATE a SETT b = 1", "UPDATE a SETT b = 1"),
        ("CREATE TABLE a (b text CHARACTER SET utf8mb4 NUT NULL)", "NUT NULL"),
    ] {
        let found = read(text);
        let rests: Vec<&str> = found.unread.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(rests, [from], "{text}");
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
        "`b` ",
        "int ",
        "varchar(3) ",
        "DEFAULT ",
        "'x' ",
        "NOT NULL ",
        "CHANGE ",
        "MODIFY ",
        "RENAME ",
        "TO ",
        "DROP ",
        "INDEX ",
        "PRIMARY KEY ",
        "FOREIGN KEY ",
        "REFERENCES ",
        "CHECK ",
        "PARTITION ",
        "BY ",
        "ALGORITHM=",
        "LOCK ",
        "= ",
        "ENGINE ",
        "ORDER BY ",
        "CREATE ",
        "TABLE ",
        "SELECT ",
        "UPDATE ",
        "SET ",
        "WHERE ",
        "DELETE FROM ",
        "USING ",
        "JOIN ",
        "INSERT INTO ",
        "/*!50003 ",
        "*/",
        ".",
        "@",
        ":",
        "WITH ",
        "AS ",
        "é",
        "5 ",
        "CONVERT ",
    ];

    proptest! {
        #[test]
        fn any_text_is_read(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30), cut in 0_usize..200) {
            let text: String = pieces.concat();
            let text = &text[..text.floor_char_boundary(cut.min(text.len()))];
            for server in [MYSQL, MARIADB] {
                let found = super::super::read(text, server);
                for change in &found.changes {
                    prop_assert!(text.get(change.span.clone()).is_some(), "{text}: {change:?}");
                    super::super::effects(&found, change, server, &|_| Default::default());
                }
                for range in &found.unread {
                    prop_assert!(text.get(range.clone()).is_some());
                }
            }
        }
    }
}
