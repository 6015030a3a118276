use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "rename-enum-value",
    title: "An enum's value is renamed while deployed code uses the old one",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Code that is deployed writes and compares the old name: its statements fail from that moment \
                 on.\n\nAdd the new value, let code write that, change the rows in batches, and leave the old one.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TYPE order_state AS ENUM ('new', 'paid')",
        flagged: "ALTER TYPE order_state RENAME VALUE 'paid' TO 'settled'",
        flagged_does: ("", false),
        safe: "ALTER TYPE order_state ADD VALUE 'settled' AFTER 'paid'",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RenameEnumValue { name, from, to } = &change.kind else { continue };
        hits.push(
            Hit::at(
                change,
                format!("statements of deployed code that say '{from}' fail once {name} knows it as '{to}'"),
                "Add the new value, change the rows in batches, and leave the old value unused.",
            )
            .whatever_size(),
        );
    }
}
