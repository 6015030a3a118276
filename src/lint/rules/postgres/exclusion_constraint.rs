use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "exclusion-constraint",
    title: "An exclusion constraint builds its index while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD EXCLUDE` builds an index and compares all rows under an ACCESS EXCLUSIVE lock: nobody reads or \
                 writes until it is done. There is no form that does it in steps.\n\nMake the constraint when the \
                 table is made; or make a new table with it, fill it in batches, and exchange the two.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE bookings (id bigint PRIMARY KEY, during tsrange)",
        flagged: "ALTER TABLE bookings ADD CONSTRAINT bookings_during_excl EXCLUDE USING gist (during WITH &&)",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddConstraint { table, constraint, .. } = &change.kind else { continue };
        if constraint.kind != ConstraintKind::Exclusion || form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("nobody reads or writes {table} until all its rows have been compared"),
                "Make a new table with the constraint, fill it in batches, and exchange the two.",
            )
            .on(table),
        );
    }
}
