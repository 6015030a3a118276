use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "vacuum-full",
    title: "VACUUM FULL or CLUSTER writes the table anew while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`VACUUM FULL` and `CLUSTER` write the table and its indexes anew under an ACCESS EXCLUSIVE \
                 lock.\n\nPlain `VACUUM` makes room for new rows while others read and write; the extension \
                 `pg_repack` gives the room back to the system that way.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
            flagged: "VACUUM FULL orders",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "VACUUM orders",
            safe_does: ("ShareUpdateExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
            flagged: "CLUSTER orders USING orders_pkey",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[squawk_linter::Rule::PreferRepack],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RewriteTable { table, command } = &change.kind else { continue };
        let of = table.as_ref().map_or_else(|| "every table".to_owned(), ToString::to_string);
        if table.as_ref().is_some_and(|table| form::is_harmless(site, table)) {
            continue;
        }
        let mut hit = Hit::at(
            change,
            format!("{command} writes {of} anew, and nobody reads or writes meanwhile"),
            "Use plain VACUUM, or pg_repack where room must be given back.",
        );
        hit.table.clone_from(table);
        hits.push(hit);
    }
}
