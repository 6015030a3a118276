use dunlin_compat::model::Dialect;

use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "timestamp-without-time-zone",
    title: "A point in time is kept without its zone",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "`timestamp` drops the offset of what is written to it: 12:00+02 and 12:00-06 become the same value, \
                 and `now()` is written in the zone of whoever writes.\n\nUse `timestamptz`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE TABLE visits (id bigint PRIMARY KEY, started timestamp)",
        flagged_does: ("", false),
        safe: "CREATE TABLE visits (id bigint PRIMARY KEY, started timestamptz)",
        safe_does: ("", false),
    }],
    squawk: &[squawk_linter::Rule::PreferTimestampTz],
    check: Check::Squawk(check),
};

fn check(_site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    Some(Hit {
        span: found.span.clone(),
        message: "timestamp drops the offset of what is written to it".to_owned(),
        advice: "Use timestamptz.".to_owned(),
        ..Hit::default()
    })
}
