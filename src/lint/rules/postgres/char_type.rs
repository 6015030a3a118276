use dunlin_compat::model::Dialect;

use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "char-type",
    title: "A column is char(n), which is filled with blanks",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "`char(n)` fills values with blanks to its length, ignores them in some comparisons and not in \
                 others, and is no faster than `text`.\n\nUse `text`, with a check where the length matters, or \
                 `varchar(n)`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE TABLE countries (code char(2) PRIMARY KEY)",
        flagged_does: ("", false),
        safe: "CREATE TABLE countries (code text PRIMARY KEY CHECK (length(code) = 2))",
        safe_does: ("", false),
    }],
    squawk: &[squawk_linter::Rule::BanCharField],
    check: Check::Squawk(check),
};

fn check(_site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    Some(Hit {
        span: found.span.clone(),
        message: "values of char(n) are filled with blanks to their length".to_owned(),
        advice: "Use text, with a check where the length matters.".to_owned(),
        ..Hit::default()
    })
}
