use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-column",
    title: "A column is dropped while deployed code may still use it",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Code that is running while the migration runs still names the column: an ORM lists every column that it knew at \
                  start. Its values are gone, and no down brings them back.\n\nStop using the column first (tell the ORM to ignore \
                  it), deploy, and drop it with the next release.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text)",
        flagged: "ALTER TABLE orders DROP COLUMN status",
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
        let ChangeKind::DropColumn { table, column, .. } = &change.kind else { continue };
        if site.is_new(table) || site.is_column_replaced(table, column) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!(
                    "{table}.{column} is dropped with its values, and code that is deployed may still use it"
                ),
                "Stop using it first, and drop it with the next release.",
            )
            .on(table)
            .whatever_size(),
        );
    }
}
