use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-table",
    title: "A table is dropped while deployed code may still use it",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Code that is running while the migration runs still reads the table, and its rows are gone for good: no down brings them back.\n\nStop using it first, deploy, and drop it with the next release; where there is doubt, rename it aside and drop it later.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "DROP TABLE orders",
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
        let ChangeKind::DropTable { tables, .. } = &change.kind else { continue };
        for table in tables.iter().filter(|table| !site.is_new(table) && !site.is_replaced(table)) {
            hits.push(
                Hit::at(
                    change,
                    format!("{table} is dropped with its rows, and code that is deployed may still use it"),
                    "Stop using it first, and drop it with the next release.",
                )
                .on(table)
                .whatever_size(),
            );
        }
    }
}
