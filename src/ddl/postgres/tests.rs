use super::*;
use crate::ddl::{Column, Constraint, RowChange, TableName};
use proptest::prelude::*;

fn only(text: &str) -> ChangeKind {
    let read = read(text);
    assert_eq!(read.unread, Vec::<std::ops::Range<usize>>::new(), "{text}");
    assert_eq!(read.changes.len(), 1, "{text}: {:?}", read.changes);
    read.changes[0].kind.clone()
}

fn column(text: &str) -> Column {
    match only(&format!("ALTER TABLE orders ADD COLUMN {text}")) {
        ChangeKind::AddColumn { column, .. } => *column,
        other => panic!("{other:?}"),
    }
}

fn constraint(text: &str) -> Constraint {
    match only(&format!("ALTER TABLE orders ADD {text}")) {
        ChangeKind::AddConstraint { constraint, .. } => *constraint,
        other => panic!("{other:?}"),
    }
}

/// Each statement with the beginning of what it is read as.
#[test]
fn statements() {
    for (text, expected) in [
        (
            "ALTER TABLE ONLY Shop.\"Orders\" DROP COLUMN IF EXISTS Status CASCADE",
            "DropColumn { table: TableName { schema: Some(\"shop\"), name: \"Orders\" }, column: \"status\", if_exists: true, cascade: true }",
        ),
        (
            "alter table orders rename status to state",
            "RenameColumn { table: TableName { schema: None, name: \"orders\" }, column: \"status\", to: \"state\" }",
        ),
        (
            "ALTER TABLE orders RENAME TO purchases",
            "RenameTable { table: TableName { schema: None, name: \"orders\" }, to: TableName { schema: None, name: \"purchases\" } }",
        ),
        ("ALTER TABLE orders SET SCHEMA archive", "SetSchema"),
        (
            "ALTER TABLE orders ALTER total TYPE numeric (12, 2) USING total::numeric",
            "SetColumnType { table: TableName { schema: None, name: \"orders\" }, column: \"total\", data_type: \"numeric(12,2)\", using: Some(\"total::numeric\") }",
        ),
        (
            "ALTER TABLE orders ALTER placed SET DATA TYPE TIMESTAMP(3)  WITH TIME ZONE",
            "SetColumnType { table: TableName { schema: None, name: \"orders\" }, column: \"placed\", data_type: \"timestamp(3) with time zone\", using: None }",
        ),
        (
            "ALTER TABLE orders ALTER status SET DEFAULT 'new'::text",
            "SetDefault { table: TableName { schema: None, name: \"orders\" }, column: \"status\", default: ColumnDefault { text: \"'new'::text\", is_constant: true, is_null: false, may_be_volatile: false } }",
        ),
        ("ALTER TABLE orders ALTER status DROP DEFAULT", "DropDefault"),
        ("ALTER TABLE orders ALTER COLUMN status SET NOT NULL", "SetNotNull"),
        ("ALTER TABLE orders ALTER COLUMN status DROP NOT NULL", "DropNotNull"),
        (
            "ALTER TABLE orders ALTER id ADD GENERATED ALWAYS AS IDENTITY",
            "ChangeGenerated { table: TableName { schema: None, name: \"orders\" }, column: \"id\", adds: true }",
        ),
        ("ALTER TABLE orders ALTER status SET STATISTICS 500", "SetColumnOption"),
        ("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check", "ValidateConstraint"),
        ("ALTER TABLE orders DROP CONSTRAINT orders_total_check", "DropConstraint"),
        ("ALTER TABLE orders RENAME CONSTRAINT a TO b", "AlterConstraint"),
        (
            "ALTER TABLE orders ATTACH PARTITION orders_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            "AttachPartition",
        ),
        (
            "ALTER TABLE orders DETACH PARTITION orders_2020 CONCURRENTLY",
            "DetachPartition { table: TableName { schema: None, name: \"orders\" }, partition: TableName { schema: None, name: \"orders_2020\" }, concurrently: true }",
        ),
        (
            "ALTER TABLE orders SET UNLOGGED",
            "SetLogged { table: TableName { schema: None, name: \"orders\" }, logged: false }",
        ),
        ("ALTER TABLE orders SET ACCESS METHOD heap", "SetAccessMethod"),
        ("ALTER TABLE orders SET TABLESPACE fast", "SetTablespace"),
        (
            "ALTER TABLE orders SET (fillfactor = 70)",
            "TableOptions { table: TableName { schema: None, name: \"orders\" }, options: [(\"FILLFACTOR\", \"70\")] }",
        ),
        ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "RowSecurity"),
        ("ALTER TABLE orders REPLICA IDENTITY FULL", "ReplicaIdentity"),
        (
            "ALTER TABLE orders DISABLE TRIGGER ALL",
            "EnableTrigger { table: TableName { schema: None, name: \"orders\" }, enable: false }",
        ),
        ("ALTER TABLE orders OWNER TO app", "SetOwner"),
        ("ALTER TABLE orders INHERIT documents", "Inherit"),
        ("ALTER TABLE orders CLUSTER ON orders_pkey", "OtherTableChange"),
        (
            "DROP TABLE IF EXISTS a, shop.b CASCADE",
            "DropTable { tables: [TableName { schema: None, name: \"a\" }, TableName { schema: Some(\"shop\"), name: \"b\" }], if_exists: true, cascade: true }",
        ),
        (
            "TRUNCATE TABLE ONLY a, b CASCADE",
            "Truncate { tables: [TableName { schema: None, name: \"a\" }, TableName { schema: None, name: \"b\" }], cascade: true }",
        ),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON shop.orders USING hash (lower(email), \"Id\" DESC) WHERE paid",
            "CreateIndex { index: Index { name: Some(\"i\"), table: TableName { schema: Some(\"shop\"), name: \"orders\" }, columns: [IndexColumn { text: \"lower(email)\", is_expression: true }, IndexColumn { text: \"Id\", is_expression: false }], unique: true, concurrently: true, method: Some(\"hash\"), partial: true, only: false }, if_not_exists: true }",
        ),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS shop.i",
            "DropIndex { table: None, names: [TableName { schema: Some(\"shop\"), name: \"i\" }], concurrently: true, if_exists: true",
        ),
        (
            "REINDEX (VERBOSE, CONCURRENTLY) TABLE orders",
            "Reindex { what: \"TABLE\", name: TableName { schema: None, name: \"orders\" }, concurrently: true }",
        ),
        (
            "REINDEX SCHEMA shop",
            "Reindex { what: \"SCHEMA\", name: TableName { schema: None, name: \"shop\" }, concurrently: false }",
        ),
        ("ALTER INDEX i RENAME TO j", "RenameIndex"),
        (
            "VACUUM (FULL, ANALYZE) orders",
            "RewriteTable { table: Some(TableName { schema: None, name: \"orders\" }), command: \"VACUUM FULL\" }",
        ),
        ("VACUUM ANALYZE orders", "Other { words: \"VACUUM ANALYZE ORDERS\" }"),
        (
            "CLUSTER orders USING orders_pkey",
            "RewriteTable { table: Some(TableName { schema: None, name: \"orders\" }), command: \"CLUSTER\" }",
        ),
        (
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "CreateView { view: TableName { schema: None, name: \"v\" }, or_replace: true, materialized: false }",
        ),
        (
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "RefreshMaterializedView { view: TableName { schema: None, name: \"v\" }, concurrently: true }",
        ),
        (
            "DROP MATERIALIZED VIEW v",
            "DropView { views: [TableName { schema: None, name: \"v\" }], materialized: true",
        ),
        (
            "CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_it()",
            "CreateTrigger { table: TableName { schema: None, name: \"orders\" }, name: \"audit\" }",
        ),
        ("DROP TRIGGER audit ON orders", "DropTrigger"),
        (
            "CREATE FUNCTION shop.f(a int) RETURNS int LANGUAGE sql AS $$ SELECT a + $$",
            "CreateRoutine { name: TableName { schema: Some(\"shop\"), name: \"f\" }, or_replace: false }",
        ),
        ("DROP FUNCTION f(int)", "DropRoutine"),
        (
            "CREATE TYPE mood AS ENUM ('sad', 'it''s ok')",
            "CreateEnum { name: TableName { schema: None, name: \"mood\" }, values: [\"sad\", \"it's ok\"] }",
        ),
        (
            "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad' AFTER 'sad'",
            "AddEnumValue { name: TableName { schema: None, name: \"mood\" }, value: \"glad\", placed: true, if_not_exists: true }",
        ),
        (
            "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
            "RenameEnumValue { name: TableName { schema: None, name: \"mood\" }, from: \"sad\", to: \"blue\" }",
        ),
        (
            "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%')",
            "CreateDomain { name: TableName { schema: None, name: \"email\" }, constrained: true }",
        ),
        (
            "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE <> '') NOT VALID",
            "AddDomainConstraint { name: TableName { schema: None, name: \"email\" }, not_valid: true }",
        ),
        ("DROP TYPE mood CASCADE", "DropType"),
        ("CREATE SCHEMA IF NOT EXISTS clinic", "CreateSchema { name: \"clinic\" }"),
        ("DROP SCHEMA clinic, shop CASCADE", "DropSchema { names: [\"clinic\", \"shop\"], cascade: true }"),
        ("ALTER SCHEMA clinic RENAME TO practice", "RenameSchema { name: \"clinic\", to: \"practice\" }"),
        ("DROP DATABASE shop", "DropDatabase"),
        ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", "CreateExtension { name: \"uuid-ossp\" }"),
        ("CREATE SEQUENCE order_numbers", "CreateSequence"),
        ("DROP SEQUENCE order_numbers", "DropSequence"),
        (
            "INSERT INTO orders (id) VALUES (1) ON CONFLICT DO NOTHING",
            "Rows(Insert { table: TableName { schema: None, name: \"orders\" }, from_query: false })",
        ),
        (
            "INSERT INTO orders SELECT * FROM old_orders",
            "Rows(Insert { table: TableName { schema: None, name: \"orders\" }, from_query: true })",
        ),
        (
            "UPDATE orders SET status = 'x' WHERE id BETWEEN :from AND :to",
            "Rows(Update { table: TableName { schema: None, name: \"orders\" }, filtered: true, limited: false })",
        ),
        (
            "UPDATE orders SET status = 'x' WHERE true",
            "Rows(Update { table: TableName { schema: None, name: \"orders\" }, filtered: false",
        ),
        (
            "DELETE FROM ONLY orders",
            "Rows(Delete { table: TableName { schema: None, name: \"orders\" }, filtered: false",
        ),
        ("MERGE INTO orders o USING new n ON o.id = n.id WHEN MATCHED THEN DELETE", "Rows(Merge"),
        ("COPY orders FROM STDIN", "Rows(Load"),
        ("COPY orders TO STDOUT", "Query"),
        ("EXPLAIN UPDATE orders SET id = 1", "Query"),
        (
            "SELECT pg_catalog.set_config('lock_timeout', '5s', true)",
            "SetSetting { name: \"lock_timeout\", value: \"5s\", local: true }",
        ),
        (
            "SET LOCAL lock_timeout TO '5s'",
            "SetSetting { name: \"lock_timeout\", value: \"5s\", local: true }",
        ),
        (
            "SET statement_timeout = 5000",
            "SetSetting { name: \"statement_timeout\", value: \"5000\", local: false }",
        ),
        ("RESET lock_timeout", "SetSetting { name: \"lock_timeout\", value: \"default\", local: false }"),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "Transaction { verb: \"BEGIN\" }"),
        ("END", "Transaction { verb: \"COMMIT\" }"),
        ("ABORT", "Transaction { verb: \"ROLLBACK\" }"),
        ("SAVEPOINT a", "Other"),
        ("ROLLBACK TO a", "Other"),
        (
            "LOCK TABLE orders, lines IN SHARE MODE",
            "LockTable { tables: [TableName { schema: None, name: \"orders\" }, TableName { schema: None, name: \"lines\" }], mode: \"SHARE\" }",
        ),
        (
            "LOCK orders",
            "LockTable { tables: [TableName { schema: None, name: \"orders\" }], mode: \"ACCESS EXCLUSIVE\" }",
        ),
        ("DO $$ BEGIN PERFORM 1; END $$", "Opaque { verb: \"DO\" }"),
        ("CALL tidy()", "Opaque { verb: \"CALL\" }"),
        ("COMMENT ON TABLE orders IS 'x'", "Other { words: \"COMMENT ON TABLE\" }"),
        ("GRANT SELECT ON orders TO app", "Other"),
    ] {
        let found = format!("{:?}", only(text));
        assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
    }
}

#[test]
fn a_table_with_all_that_it_may_have() {
    let read = read(
        "CREATE TABLE IF NOT EXISTS shop.orders (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  number serial,\n  email text NOT NULL UNIQUE CHECK (email <> ''),\n  \
         customer int REFERENCES customers (id) ON DELETE SET NULL,\n  net numeric, gross numeric GENERATED ALWAYS AS (net * 1.2) STORED,\n  \
         CONSTRAINT pair UNIQUE (id, number), FOREIGN KEY (a, b) REFERENCES x.y (c, d) ON UPDATE CASCADE,\n  EXCLUDE USING gist (room WITH =, during WITH &&))",
    );
    let ChangeKind::CreateTable { table, columns, constraints, if_not_exists, .. } = &read.changes[0].kind
    else {
        panic!("{read:?}")
    };
    assert_eq!(table.to_string(), "shop.orders");
    assert!(*if_not_exists);
    let types: Vec<_> =
        columns.iter().map(|column| (column.name.as_str(), column.data_type.as_str())).collect();
    assert_eq!(
        types,
        [
            ("id", "bigint"),
            ("number", "serial"),
            ("email", "text"),
            ("customer", "int"),
            ("net", "numeric"),
            ("gross", "numeric")
        ]
    );
    assert!(
        columns[0].identity
            && columns[0].not_null
            && columns[1].auto_increment
            && columns[5].generated_stored
    );
    assert_eq!(columns[2].constraints.len(), 2);
    let reference = columns[3].constraints[0].references.as_ref().unwrap();
    assert_eq!(
        (reference.table.name.as_str(), reference.on_delete.as_deref()),
        ("customers", Some("SET NULL"))
    );
    assert_eq!(columns[3].constraints[0].columns, ["customer"]);
    assert_eq!(constraints[0].columns, ["id", "number"]);
    let key = constraints[1].references.as_ref().unwrap();
    assert_eq!(
        (key.columns.join(","), constraints[1].columns.join(",")),
        ("c,d".to_owned(), "a,b".to_owned())
    );
    assert_eq!(constraints.len(), 3);
}

#[test]
fn defaults_are_judged() {
    for (text, constant, volatile) in [
        ("0", true, false),
        ("-1", true, false),
        ("NULL", true, false),
        ("'{}'::jsonb", true, false),
        ("ARRAY[]::text[]", true, false),
        ("interval '1 day'", true, false),
        ("date '2026-01-01'", true, false),
        ("true", true, false),
        ("now()", false, false),
        ("CURRENT_TIMESTAMP", false, false),
        ("pg_catalog.now() + interval '1 day'", false, false),
        ("timezone('utc'::text, now())", false, false),
        ("lower('A')", false, false),
        ("random()", false, true),
        ("gen_random_uuid()", false, true),
        ("clock_timestamp()", false, true),
        ("nextval('numbers'::regclass)", false, true),
        ("app.now()", false, true),
        ("coalesce(current_setting('app.tenant', true), md5(random()::text))", false, true),
    ] {
        let default = column(&format!("x text DEFAULT {text}")).default.unwrap();
        assert_eq!((default.is_constant, default.may_be_volatile), (constant, volatile), "{text}");
        assert_eq!(default.is_null, text == "NULL", "{text}");
        assert_eq!(default.text, text);
    }
    assert!(NON_VOLATILE.is_sorted());
}

#[test]
fn constraints() {
    let key = constraint("CONSTRAINT k FOREIGN KEY (a) REFERENCES b NOT VALID");
    assert!(key.not_valid && key.name.as_deref() == Some("k") && key.columns == ["a"]);
    let check = constraint("CHECK (total > 0 AND paid) NOT VALID");
    assert_eq!(check.expression.as_deref(), Some("total > 0 AND paid"));
    let unique = constraint("CONSTRAINT u UNIQUE USING INDEX u_index");
    assert_eq!(unique.using_index.as_deref(), Some("u_index"));
    let named = constraint("CONSTRAINT n NOT NULL status NOT VALID");
    assert!(named.not_valid && named.columns == ["status"]);
}

#[test]
fn spans_hold_what_asks_for_the_change() {
    let text = "-- why\nALTER TABLE orders /* a */ ADD a int, DROP COLUMN b ; ";
    let read = read(text);
    let parts: Vec<_> = read.changes.iter().map(|change| &text[change.span.clone()]).collect();
    assert_eq!(parts, ["ADD a int", "DROP COLUMN b"]);
}

#[test]
fn data_changing_queries_are_row_changes() {
    let read = read("WITH gone AS (DELETE FROM a WHERE x RETURNING *) INSERT INTO b SELECT * FROM gone");
    let tables: Vec<_> = read
        .changes
        .iter()
        .map(|change| match &change.kind {
            ChangeKind::Rows(RowChange::Insert { table, .. } | RowChange::Delete { table, .. }) => {
                table.name.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(tables, ["b", "a"]);
}

#[test]
fn what_is_not_understood_says_so() {
    assert!(!read("ALTER TABLE orders FROB COLUMN a").unread.is_empty());
    assert!(!read("this is no statement").unread.is_empty());
    let dump = format!("INSERT INTO Shop.orders VALUES {}", vec!["(1, 'a')"; 40_000].join(", "));
    let table = TableName { schema: Some("shop".to_owned()), name: "orders".to_owned() };
    assert_eq!(read(&dump).changes[0].kind, ChangeKind::Rows(RowChange::Insert { table, from_query: false }));
}

#[test]
fn types_that_need_no_rewrite() {
    for (from, to, same) in [
        ("character varying(20)", "varchar(40)", true),
        ("character varying(20)", "text", true),
        ("text", "varchar", true),
        ("text", "varchar(20)", false),
        ("varchar(40)", "varchar(20)", false),
        ("numeric(10,2)", "decimal(12, 2)", true),
        ("numeric(10,2)", "numeric(12,3)", false),
        ("numeric(10,2)", "numeric", true),
        ("integer", "bigint", false),
        ("int4", "integer", true),
        ("cidr", "inet", true),
        ("inet", "cidr", false),
        ("timestamp without time zone", "timestamptz", false),
        ("timestamp(3) without time zone", "timestamp", true),
        ("character(3)", "char(5)", false),
        ("text[]", "varchar[]", false),
        ("json", "jsonb", false),
    ] {
        assert_eq!(is_binary_coercible(&canonical(from), &canonical(to)), same, "{from} → {to}");
    }
}

#[test]
fn nesting_exhausts_nothing() {
    for text in [
        format!("SELECT {}1", "(".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(60_000)),
        format!("SELECT {}true", "NOT ".repeat(30_000)),
        format!("SELECT {}", "CASE WHEN ".repeat(10_000)),
        format!("SELECT {}1", "1 + ".repeat(30_000)),
        format!("SELECT {}true", "true AND ".repeat(10_000)),
        format!("SELECT 1 {}", "UNION SELECT 1 ".repeat(8_000)),
        format!("SELECT {}", "a.".repeat(60_000)),
        format!("SELECT * FROM a {}", "JOIN b ON true ".repeat(8_000)),
        format!("{}SELECT 1", "EXPLAIN ".repeat(15_000)),
        format!("CREATE TABLE t (a int{})", "[]".repeat(60_000)),
        format!("SELECT a{}", "::int".repeat(20_000)),
        format!("SELECT a{}", " IS NULL".repeat(16_000)),
        format!("SELECT a{}", " COLLATE x".repeat(12_000)),
    ] {
        let _ = read(&text);
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in ".*") {
        let _ = read(&text);
    }

    #[test]
    fn any_cut_statement_is_read(cut in 0usize..200, end in 0usize..200, which in 0usize..6) {
        let statements = [
            "CREATE TABLE IF NOT EXISTS shop.orders (id bigint GENERATED ALWAYS AS IDENTITY, n numeric(1,2) DEFAULT random() CHECK (n > 0), FOREIGN KEY (a) REFERENCES b (c))",
            "ALTER TABLE orders ADD COLUMN a text COLLATE \"C\" NOT NULL DEFAULT 'x', ALTER b TYPE text USING b::text, DROP CONSTRAINT IF EXISTS c CASCADE",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON orders USING btree (lower(a) text_pattern_ops DESC NULLS LAST) INCLUDE (b) WHERE c IS NULL",
            "WITH a AS (UPDATE b SET c = $1 WHERE d = E'\\'' RETURNING *) INSERT INTO e SELECT * FROM a ON CONFLICT DO NOTHING",
            "ALTER TYPE mood ADD VALUE 'ö' BEFORE 'é'; CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql",
            "SET LOCAL search_path TO a, \"B\"; REINDEX (CONCURRENTLY) TABLE a; VACUUM (FULL true) a, b; LOCK a IN SHARE MODE",
        ];
        let text = statements[which];
        let from = text.floor_char_boundary(cut.min(text.len()));
        let to = text.floor_char_boundary(end.min(text.len())).max(from);
        for part in [&text[from..to], &text[..from], &text[from..]] {
            for change in read(part).changes {
                prop_assert!(part.get(change.span).is_some());
            }
        }
    }
}
