//! The same statement in other situations: what the database knows, what the migration did before, which server it is, which way it
//! goes.

use dunlin::ddl::{Known, KnownColumn, ServerVersion, TableName};
use dunlin::lint::{self, Direction, Facts, Finding, Migration, Settings, Severity, TableFacts};
use dunlin_compat::model::Dialect;

use crate::{linted, measure};

const NEWEST: ServerVersion = ServerVersion { dialect: Dialect::Postgres, version: (18, 0, 0) };

/// A database with one table, `orders`, and an index on it.
struct Orders(TableFacts);

impl Facts for Orders {
    fn table(&self, table: &TableName) -> Option<TableFacts> {
        (table.name == "orders").then(|| self.0.clone())
    }

    fn table_of_index(&self, index: &TableName) -> Option<TableName> {
        (index.name == "orders_status_idx").then(|| TableName::plain("orders"))
    }
}

fn orders(rows: u64) -> TableFacts {
    let column = |name: &str, data_type: &str, not_null| KnownColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        not_null,
        indexed: name == "id",
        ..KnownColumn::default()
    };
    TableFacts {
        rows,
        bytes: rows * 100,
        known: Known {
            columns: Some(vec![
                column("id", "bigint", true),
                column("status", "character varying(20)", false),
                column("total", "numeric(10,2)", true),
            ]),
            ..Known::default()
        },
        primary_key: vec!["id".to_owned()],
        indexes: vec![vec!["id".to_owned()], vec!["status".to_owned()]],
        ..TableFacts::default()
    }
}

fn found(migration: Migration, facts: Option<TableFacts>, server: ServerVersion) -> Vec<Finding> {
    let facts = facts.map(Orders);
    let facts = facts.as_ref().map(|facts| facts as &dyn Facts);
    lint::findings(&[migration], server, facts, &Settings::default())
}

/// The severity with which a rule finds something in statements that share a transaction.
fn severity(rule: &str, sql: &str, facts: Option<TableFacts>) -> Option<Severity> {
    let migration = linted::migration(&linted::in_one(&measure::statements(sql)));
    found(migration, facts, NEWEST)
        .into_iter()
        .find(|finding| finding.rule == rule)
        .map(|finding| finding.severity)
}

#[test]
fn a_database_decides_how_bad_it_is() {
    let with_check = |check: &str| {
        let mut facts = orders(2_000_000);
        facts.known.checks.push(check.to_owned());
        facts
    };
    let index = "CREATE INDEX i ON orders (total)";
    let not_null = "ALTER TABLE orders ALTER COLUMN status SET NOT NULL";
    let varchar = "ALTER TABLE orders ALTER COLUMN status TYPE ";
    let (error, warning, note) = (Some(Severity::Error), Some(Severity::Warning), Some(Severity::Note));
    for (rule, sql, facts, expected) in [
        ("index-without-concurrently", index, None, warning),
        ("index-without-concurrently", index, Some(orders(0)), None),
        ("index-without-concurrently", index, Some(orders(500)), note),
        ("index-without-concurrently", index, Some(orders(100_000)), warning),
        ("index-without-concurrently", index, Some(orders(5_000_000)), error),
        ("drop-index-without-concurrently", "DROP INDEX orders_status_idx", Some(orders(0)), None),
        ("drop-index-without-concurrently", "DROP INDEX orders_status_idx", Some(orders(100_000)), warning),
        ("set-not-null", not_null, Some(orders(2_000_000)), error),
        ("set-not-null", not_null, Some(with_check("CHECK ((status IS NOT NULL))")), None),
        ("set-not-null", not_null, Some(with_check("CHECK (((status IS NOT NULL) AND (total > 0)))")), None),
        ("set-not-null", not_null, Some(with_check("CHECK (((status IS NOT NULL) OR (total > 0)))")), error),
        ("set-not-null", not_null, Some(with_check("CHECK ((old_status IS NOT NULL))")), error),
        ("set-not-null", "ALTER TABLE orders ALTER total SET NOT NULL", Some(orders(2_000_000)), None),
        ("type-change-rewrites", &format!("{varchar} varchar(40)"), None, warning),
        ("type-change-rewrites", &format!("{varchar} text"), None, note),
        ("type-change-rewrites", &format!("{varchar} varchar(40)"), Some(orders(2_000_000)), None),
        ("type-change-rewrites", &format!("{varchar} text"), Some(orders(2_000_000)), None),
        (
            "type-change-rewrites",
            &format!("{varchar} text USING status::text"),
            Some(orders(2_000_000)),
            None,
        ),
        (
            "type-change-rewrites",
            &format!("{varchar} text USING lower(status)"),
            Some(orders(2_000_000)),
            error,
        ),
        ("type-change-rewrites", &format!("{varchar} varchar(10)"), Some(orders(2_000_000)), error),
        (
            "type-change-rewrites",
            "ALTER TABLE orders ALTER total TYPE numeric(12,2)",
            Some(orders(2_000_000)),
            None,
        ),
        (
            "type-change-rewrites",
            "ALTER TABLE orders ALTER total TYPE numeric(12,3)",
            Some(orders(2_000_000)),
            error,
        ),
    ] {
        assert_eq!(severity(rule, sql, facts), expected, "{sql}");
    }
}

#[test]
fn what_the_migration_made_keeps_nobody_waiting() {
    let made = "CREATE TABLE shop.parcels (id bigint); ";
    for (rule, sql) in [
        ("index-without-concurrently", "CREATE INDEX i ON shop.parcels (id)"),
        ("drop-index-without-concurrently", "CREATE INDEX i ON shop.parcels (id); DROP INDEX i"),
        ("check-without-not-valid", "ALTER TABLE parcels ADD CONSTRAINT c CHECK (id > 0)"),
        (
            "foreign-key-without-not-valid",
            "ALTER TABLE shop.parcels ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES orders (id)",
        ),
        ("unique-constraint-without-index", "ALTER TABLE shop.parcels ADD CONSTRAINT u UNIQUE (id)"),
        ("primary-key-without-index", "ALTER TABLE shop.parcels ADD PRIMARY KEY (id)"),
        ("set-not-null", "ALTER TABLE shop.parcels ALTER id SET NOT NULL"),
        ("volatile-default", "ALTER TABLE shop.parcels ADD token uuid DEFAULT gen_random_uuid()"),
        ("generated-column-rewrite", "ALTER TABLE shop.parcels ADD n bigint GENERATED ALWAYS AS IDENTITY"),
        ("type-change-rewrites", "ALTER TABLE shop.parcels ALTER id TYPE text"),
        ("set-logged", "ALTER TABLE shop.parcels SET UNLOGGED"),
        ("trigger-added", "CREATE TRIGGER t AFTER INSERT ON shop.parcels FOR EACH ROW EXECUTE FUNCTION f()"),
    ] {
        assert_eq!(severity(rule, &format!("{made}{sql}"), None), None, "{sql}");
        let flagged = sql.replace("; DROP", "_; DROP").replace("INDEX i ON", "INDEX i_ ON");
        if rule != "drop-index-without-concurrently" {
            assert!(severity(rule, &flagged, None).is_some(), "{sql} is found where the table was there");
        }
    }
}

#[test]
fn the_version_decides() {
    let text = "ALTER TABLE orders ADD COLUMN source text DEFAULT 'web'";
    let migration = || linted::migration(&linted::in_one(&measure::statements(text)));
    let old = ServerVersion { version: (10, 23, 0), ..NEWEST };
    let rules = |server| -> Vec<String> {
        found(migration(), None, server).into_iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules(old), ["volatile-default"]);
    assert_eq!(rules(NEWEST), Vec::<String>::new());
    let detach = linted::migration(&linted::in_one(&measure::statements(
        "ALTER TABLE visits DETACH PARTITION visits_2020",
    )));
    let thirteen = ServerVersion { version: (13, 0, 0), ..NEWEST };
    assert_eq!(found(detach, None, thirteen).len(), 0, "there is no CONCURRENTLY yet");
}

/// The example of the practice that Dunlin makes easy, with the three remarks at its end.
#[test]
fn the_practice_is_kept() {
    let up = measure::statements(
        "ALTER TABLE orders ADD COLUMN status TEXT; UPDATE orders SET status = 'pending' WHERE id BETWEEN 1 AND 10000; ALTER TABLE orders \
         ALTER COLUMN status SET DEFAULT 'pending'; ALTER TABLE orders ALTER COLUMN status SET NOT NULL; CREATE INDEX CONCURRENTLY \
         idx_orders_status ON orders (status)",
    );
    let findings = found(linted::migration(&linted::apart(&up)), None, NEWEST);
    let above = |rule: &str| {
        findings.iter().find(|finding| finding.rule == rule && finding.severity >= Severity::Warning)
    };
    assert_eq!(above("default-after-backfill").unwrap().line, 3);
    let not_null = above("set-not-null").unwrap();
    let steps: Vec<String> =
        not_null.fix.as_ref().unwrap().groups.iter().flat_map(|group| group.statements.clone()).collect();
    assert_eq!(
        steps,
        [
            "ALTER TABLE orders ADD CONSTRAINT orders_status_not_null CHECK (status IS NOT NULL) NOT VALID",
            "ALTER TABLE orders VALIDATE CONSTRAINT orders_status_not_null",
            "ALTER TABLE orders ALTER COLUMN status SET NOT NULL",
            "ALTER TABLE orders DROP CONSTRAINT orders_status_not_null",
        ]
    );
    let down = measure::statements(
        "DROP INDEX IF EXISTS idx_orders_status; ALTER TABLE orders DROP COLUMN IF EXISTS status",
    );
    let mut down = linted::migration(&linted::in_one(&down));
    down.direction = Direction::Down;
    let findings = found(down, None, NEWEST);
    let drop = findings.iter().find(|finding| finding.rule == "drop-index-without-concurrently").unwrap();
    let group = &drop.fix.as_ref().unwrap().groups[0];
    assert_eq!(group.statements, ["DROP INDEX CONCURRENTLY IF EXISTS idx_orders_status"]);
    assert!(!group.transaction);
}

#[test]
fn a_default_that_differs_is_filled_in_batches() {
    let sql = measure::statements("ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()");
    let findings = found(linted::migration(&linted::in_one(&sql)), Some(orders(2_000_000)), NEWEST);
    let fix = findings[0].fix.clone().unwrap();
    let statements: Vec<&str> =
        fix.groups.iter().flat_map(|group| &group.statements).map(String::as_str).collect();
    assert_eq!(
        statements,
        [
            "ALTER TABLE orders ADD COLUMN token uuid",
            "ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid()",
            "UPDATE orders SET token = gen_random_uuid() WHERE id BETWEEN :from AND :to AND token IS NULL",
        ]
    );
    assert_eq!(fix.groups[1].batch, Some(("orders".to_owned(), "id".to_owned())));
}

/// What our reader does not understand squawk may, and says it under our rule's id; nothing is said twice.
#[test]
fn nothing_is_said_twice() {
    for sql in [
        "CREATE INDEX i ON orders (a)",
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES customers (id)",
        "ALTER TABLE orders ALTER a SET NOT NULL, ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ALTER b TYPE bigint",
        "CREATE TABLE t (a char(2), b timestamp, c serial, d json)",
    ] {
        let migration = linted::migration(&linted::in_one(&measure::statements(sql)));
        let findings = found(migration, None, NEWEST);
        let mut places: Vec<(String, usize)> =
            findings.iter().map(|finding| (finding.rule.clone(), finding.span.start)).collect();
        let all = places.len();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), all, "{sql}: {places:?}");
        assert!(all > 0, "{sql}");
    }
}

proptest::proptest! {
    /// No text makes the rules stumble.
    #[test]
    fn any_text_is_checked(one in ".{0,60}", which in 0usize..8, cut in 0usize..90) {
        let statements = [
            "ALTER TABLE \"Ö\" ADD COLUMN a uuid DEFAULT f('é') REFERENCES b (c), ALTER d SET NOT NULL",
            "CREATE UNIQUE INDEX ON a (lower(\"É\"), b) WHERE c = 'ü'",
            "ALTER TABLE a ADD CONSTRAINT \"ß\" UNIQUE (b, \"ç\") DEFERRABLE",
            "ALTER TYPE a ADD VALUE 'x'; UPDATE b SET c = 'x'",
            "REINDEX TABLE \"é\"; DROP INDEX a, \"ö\"",
            "ALTER TABLE a ADD CHECK (\"é\" > 0 AND b IS NULL), ADD FOREIGN KEY (a, b) REFERENCES c",
            "CREATE TABLE a (b int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c char(3), d json, e timestamp)",
            "ALTER TABLE a ATTACH PARTITION b DEFAULT; ALTER TABLE a DETACH PARTITION b",
        ];
        let text = statements[which];
        let cut = &text[..text.floor_char_boundary(cut.min(text.len()))];
        let both = format!("{cut}{one}");
        let all = [cut, one.as_str(), both.as_str()].map(|text| (text.to_owned(), Some(0)));
        found(linted::migration(&all), Some(orders(2_000_000)), NEWEST);
    }
}
