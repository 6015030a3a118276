use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "changed-default",
    title: "The default of a column changes while deployed code relies on it",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Rows that deployed code inserts without naming the column get the new default from now on; an ORM that fills in defaults itself, read at its start, goes on with the old one.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text DEFAULT 'new')",
        flagged: "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'pending'",
        flagged_does: ("AccessExclusiveLock", false),
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
        let (ChangeKind::SetDefault { table, column, .. } | ChangeKind::DropDefault { table, column }) =
            &change.kind
        else {
            continue;
        };
        if site.is_new(table) || site.adds_column(table, column) || !site.had_default(table, column) {
            continue;
        }
        let message = format!(
            "deployed code that relies on the default of {table}.{column} gets another, or keeps the old one"
        );
        hits.push(Hit::at(change, message, "Have the code name the column first.").on(table));
    }
}
