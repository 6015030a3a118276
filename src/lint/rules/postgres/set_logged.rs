use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "set-logged",
    title: "A table becomes logged or unlogged, and is written anew",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`SET LOGGED` and `SET UNLOGGED` write every row anew under an ACCESS EXCLUSIVE lock. An unlogged \
                 table is emptied after a crash of the server, and replicas do not have it.\n\nDecide when the table \
                 is made.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
            flagged: "ALTER TABLE orders SET UNLOGGED",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE UNLOGGED TABLE carts (id bigint PRIMARY KEY)",
            flagged: "ALTER TABLE carts SET LOGGED",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::SetLogged { table, logged } = &change.kind else { continue };
        if form::is_harmless(site, table) {
            continue;
        }
        let loss = if *logged { "" } else { "; after a crash of the server it is empty" };
        hits.push(
            Hit::at(
                change,
                format!("every row of {table} is written anew, and nobody reads or writes meanwhile{loss}"),
                "Make a second table in that form, fill it in batches, and exchange the two.",
            )
            .on(table),
        );
    }
}
