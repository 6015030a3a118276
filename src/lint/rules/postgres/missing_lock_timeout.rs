use dunlin_compat::model::Dialect;

use crate::ddl::Blocks;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "missing-lock-timeout",
    title: "A lock is waited for without limit",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A statement that waits for a strong lock keeps everybody behind it waiting as well: one long query \
                 in front, and the table is out of use until it ends.\n\nSet `lock_timeout` to a few seconds before, \
                 and try again later. Dunlin sets one around every statement that it runs, so this is about files \
                 that another tool runs, or about runs in which it is off.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ADD COLUMN note text",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "SET lock_timeout = '5s'; ALTER TABLE orders ADD COLUMN note text",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let limited = site.migration.has_lock_timeout || site.situation.lock_timeout;
    // Said once for a migration.
    if limited || !site.situation.altered_before.is_empty() {
        return;
    }
    for change in site.changes() {
        let strong = site
            .effects(change)
            .into_iter()
            .find(|effect| effect.lock.blocks() != Blocks::Nothing && !site.is_new(&effect.table));
        let Some(strong) = strong else { continue };
        hits.push(
            Hit::at(
                change,
                format!("waits for {} without limit, and everybody else waits behind it", strong.table),
                "SET lock_timeout = '5s' before it, and try again when it runs out.",
            )
            .on(&strong.table)
            .whatever_size(),
        );
        return;
    }
}
