use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "enum-value-unordered",
    title: "A value is added at an enum's end",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Without BEFORE or AFTER a value goes to the end, and values sort in the order of the enum: `ORDER BY \
                 state` and `state < 'paid'` see it as the greatest. The order cannot be changed later.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TYPE order_state AS ENUM ('new', 'paid')",
        flagged: "ALTER TYPE order_state ADD VALUE 'draft'",
        flagged_does: ("", false),
        safe: "ALTER TYPE order_state ADD VALUE 'draft' BEFORE 'new'",
        safe_does: ("", false),
    }],
    squawk: &[squawk_linter::Rule::RequireEnumValueOrdering],
    check: Check::Squawk(check),
};

fn check(site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    let value = site.parsed.changes.iter().find_map(|change| match &change.kind {
        ChangeKind::AddEnumValue { value, .. } => Some(value),
        _ => None,
    })?;
    Some(Hit {
        span: found.span.clone(),
        message: format!("'{value}' sorts behind all others"),
        advice: "Say BEFORE or AFTER which value it belongs.".to_owned(),
        ..Hit::default()
    })
}
