use dunlin_compat::model::Dialect;

use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "unqualified-table",
    title: "A table is named without its schema",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "Which table it is depends on the `search_path` of whoever runs the migration.\n\nName the schema.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE TABLE visits (id bigint PRIMARY KEY)",
        flagged_does: ("", false),
        safe: "CREATE TABLE public.visits (id bigint PRIMARY KEY)",
        safe_does: ("", false),
    }],
    squawk: &[squawk_linter::Rule::RequireTableSchema],
    check: Check::Squawk(check),
};

fn check(site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    let name = site.statement.text.get(found.span.clone())?.trim();
    Some(Hit {
        span: found.span.clone(),
        message: format!("which table {name} is depends on the search_path"),
        advice: "Name the schema.".to_owned(),
        ..Hit::default()
    })
}
