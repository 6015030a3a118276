use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-not-null",
    title: "A column may be null from now on",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Code that is deployed takes it that the column has a value. The lock is a moment's.\n\nLet code that \
                 expects nulls run first, and have the down put the constraint back in steps.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text NOT NULL)",
        flagged: "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[squawk_linter::Rule::BanDropNotNull],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropNotNull { table, column } = &change.kind else { continue };
        if site.is_new(table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("code that is deployed takes it that {table}.{column} has a value"),
                "Deploy code that expects nulls first.",
            )
            .on(table)
            .whatever_size(),
        );
    }
}
