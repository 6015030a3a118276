use dunlin_compat::model::Dialect;

use crate::ddl::Blocks;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "missing-statement-timeout",
    title: "A statement that reads a table through under a strong lock runs without limit",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "With `statement_timeout` a statement that takes longer than was thought gives its lock back instead \
                 of keeping everybody out for as long as it takes.\n\nSet it to what the application can bear, before \
                 the statement.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ALTER COLUMN status SET NOT NULL",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "SET statement_timeout = '1min'; ALTER TABLE orders ADD COLUMN note text",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if site.situation.statement_timeout {
        return;
    }
    for change in site.changes() {
        let slow = site.effects(change).into_iter().find(|effect| {
            effect.lock.blocks() != Blocks::Nothing && effect.scans && !site.is_new(&effect.table)
        });
        let Some(slow) = slow else { continue };
        hits.push(
            Hit::at(
                change,
                format!("may keep others from {} for as long as it takes", slow.table),
                "SET statement_timeout before it.",
            )
            .on(&slow.table),
        );
        return;
    }
}
