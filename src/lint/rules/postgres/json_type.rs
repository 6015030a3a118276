use dunlin_compat::model::Dialect;

use super::column_types;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "json-type",
    title: "A column is json, which cannot be compared",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`json` keeps its text and has no equality: `SELECT DISTINCT`, `GROUP BY` and `UNION` over a row that \
                 holds it fail, in queries that were right before, and it takes no index.\n\nUse `jsonb`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); INSERT \
                         INTO orders VALUES (1)",
        flagged: "ALTER TABLE orders ADD COLUMN extra json; SELECT DISTINCT * FROM orders",
        flagged_does: ("refused", false),
        safe: "ALTER TABLE orders ADD COLUMN extra jsonb; SELECT DISTINCT * FROM orders",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for (change, table, column, name) in column_types::made(site) {
        if name != "json" {
            continue;
        }
        hits.push(
            Hit {
                span: column_types::place(site, change, column),
                message: format!(
                    "{table}.{} is json, which has no equality: SELECT DISTINCT and GROUP BY over it fail",
                    column.name
                ),
                advice: "Use jsonb.".to_owned(),
                ..Hit::default()
            }
            .whatever_size(),
        );
    }
}
