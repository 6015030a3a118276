use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "truncate",
    title: "A table's rows are all taken away",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`TRUNCATE` takes every row, under a lock that keeps readers out; on PostgreSQL `CASCADE` empties every table that refers to it as well, and MySQL commits what is open before it. No down brings rows back.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "TRUNCATE orders",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    // The code that used it goes back as well.
    if site.is_down() {
        return;
    }
    for change in site.changes() {
        let ChangeKind::Truncate { tables, cascade } = &change.kind else { continue };
        for table in tables.iter().filter(|table| !site.is_new(table)) {
            let message = if *cascade {
                format!("every row of {table} is taken away, and of every table that refers to it")
            } else {
                format!("every row of {table} is taken away, while nobody reads it")
            };
            let severity = if *cascade { Severity::Error } else { Severity::Warning };
            let advice = "Delete what is to go in batches, with `-- migrate:batch`; keep a copy of what may be missed.";
            hits.push(Hit::at(change, message, advice).on(table).severity(severity).whatever_size());
        }
    }
}
