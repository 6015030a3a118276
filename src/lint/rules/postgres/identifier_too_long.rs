use dunlin_compat::model::Dialect;

use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "identifier-too-long",
    title: "A name is cut to 63 bytes",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "PostgreSQL cuts names to 63 bytes and only notices. Two long names with the same beginning become \
                 one; and code that compares names as the catalog has them finds nothing.\n\nChoose a shorter name.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "CREATE INDEX CONCURRENTLY \
                         a_name_of_an_index_that_is_far_too_long_for_what_a_catalog_takes_of_it ON orders (status)",
        flagged_does: ("ShareUpdateExclusiveLock", false),
        safe: "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::IdentifierTooLong],
    check: Check::Squawk(check),
};

fn check(site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    let name = site.statement.text.get(found.span.clone())?.trim().trim_matches('"');
    let kept = name.get(..name.floor_char_boundary(63))?;
    Some(Hit {
        span: found.span.clone(),
        message: format!("the server cuts the name to {kept}"),
        advice: "Choose a name of at most 63 bytes.".to_owned(),
        ..Hit::default()
    })
}
