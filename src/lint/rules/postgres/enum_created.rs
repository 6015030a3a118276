use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "enum-created",
    title: "An enum is created",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "Values of an enum can be added and renamed, but neither removed nor put in another order. A table of \
                 its own, or a text column with a check, can be changed like any other.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE TYPE order_state AS ENUM ('new', 'paid')",
        flagged_does: ("", false),
        safe: "CREATE TABLE order_states (name text PRIMARY KEY)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateEnum { name, .. } = &change.kind else { continue };
        hits.push(Hit::at(
            change,
            format!("values of {name} can never be removed"),
            "Consider a table of its own, or a text column with a check.",
        ));
    }
}
