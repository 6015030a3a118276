use dunlin_compat::model::Dialect;

use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "not-idempotent",
    title: "A statement outside a transaction cannot be run twice",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "What runs outside a transaction stays when a later statement fails. A tool that begins the migration \
                 anew then fails on it: `relation already exists`. Dunlin goes on behind it, if the migration is run \
                 with Dunlin again.\n\nSay IF NOT EXISTS or IF EXISTS. (An index that was left invalid is there too: \
                 drop it before.)",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         INDEX orders_status_idx ON orders (status)",
        flagged: "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
        flagged_does: ("refused", false),
        safe: "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_status_idx ON orders (status)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::PreferRobustStmts],
    check: Check::Squawk(check),
};

fn check(site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    if site.in_transaction() {
        return None;
    }
    let fix = found.corrected.clone().map(|statement| Fix::alone("let it be run twice", statement));
    Some(Hit {
        span: found.span.clone(),
        message: "fails when the migration is begun anew after a later statement failed".to_owned(),
        advice: "Say IF NOT EXISTS or IF EXISTS.".to_owned(),
        fix,
        is_whatever_size: true,
        ..Hit::default()
    })
}
