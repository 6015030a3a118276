use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, RowChange};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "delete-without-where",
    title: "Every row of a table is deleted",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A `DELETE` without `WHERE` takes every row, in one transaction, and is more often a slip than a wish. No down brings rows back.",
    examples: &[Example {
        dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status varchar(20)); INSERT INTO orders VALUES (1, 'new')",
        flagged: "DELETE FROM orders",
        flagged_does: ("", false),
        safe: "DELETE FROM orders WHERE id = 0",
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
        let ChangeKind::Rows(RowChange::Delete { table, filtered: false, limited: false }) = &change.kind
        else {
            continue;
        };
        if site.is_new(table) || site.statement.is_batched {
            continue;
        }
        let message = format!("every row of {table} is deleted, in one transaction");
        let advice = "Say which rows with WHERE; for all of them on purpose, allow it here with a reason.";
        hits.push(Hit::at(change, message, advice).on(table).whatever_size());
    }
}
