use super::MYSQL_FAMILY;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "partitions-changed",
    title: "Partitions are dropped, emptied or written anew",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`DROP PARTITION` and `TRUNCATE PARTITION` delete rows for good. `REORGANIZE`, `REBUILD`, `COALESCE` and a new `HASH` or \
                  `KEY` partition write rows anew while nobody else writes to the table; `PARTITION BY` and `REMOVE PARTITIONING` copy \
                  it whole, although MariaDB takes `ALGORITHM=INSTANT` for them without a word. A new `RANGE` or `LIST` partition is \
                  made without touching rows.\n\nAdd partitions ahead of time, so that none has to be split.",
    examples: &[
        Example {
            dialects: &[Dialect::Mysql],
            setup: "CREATE TABLE orders (id int PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2; INSERT INTO orders VALUES (1)",
            flagged: "ALTER TABLE orders ADD PARTITION PARTITIONS 2",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: &[Dialect::Mysql],
            setup: "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)",
            flagged: "ALTER TABLE orders PARTITION BY HASH (id) PARTITIONS 2",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20)); INSERT INTO orders VALUES (1)",
            flagged: "ALTER TABLE orders DROP PARTITION p0",
            flagged_does: ("", false),
            safe: "ALTER TABLE orders ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::Repartition { table, verb } = &change.kind else { continue };
        if site.is_new(table) {
            continue;
        }
        let (message, advice) = match verb.as_str() {
            "DROP PARTITION" | "TRUNCATE PARTITION" => (
                format!("the rows of these partitions of {table} are deleted for good"),
                "Keep a copy if anybody may need them.",
            ),
            "REORGANIZE PARTITION" | "REBUILD PARTITION" | "COALESCE PARTITION" | "ADD HASH PARTITION" => (
                format!("rows of {table} are written anew while nobody else writes to it"),
                "Run it when nobody writes.",
            ),
            "PARTITION BY" | "REMOVE PARTITIONING" | "OPTIMIZE PARTITION" => (
                format!("{table} is copied whole while nobody else writes to it"),
                "Run it when nobody writes, or move rows into a new table in batches.",
            ),
            "EXCHANGE PARTITION" | "CONVERT" => (
                format!(
                    "a partition of {table} changes places with a table, whose rows are read while both are locked"
                ),
                "Say WITHOUT VALIDATION only if the rows are known to fit.",
            ),
            _ => continue,
        };
        let deletes = matches!(verb.as_str(), "DROP PARTITION" | "TRUNCATE PARTITION");
        let mut hit = Hit::at(change, message, advice).on(table);
        hit.is_whatever_size = deletes;
        hits.push(hit);
    }
}
