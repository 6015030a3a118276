use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{self, Blocks, ChangeKind, Known, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "slow-statement-under-lock",
    title: "A slow statement runs while an earlier one's lock keeps everybody out",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A lock is kept until the transaction ends. What follows a change that took ACCESS EXCLUSIVE runs \
                 under that lock too: a moment's lock becomes one as long as the slowest statement behind it.\n\nPut \
                 the slow statement into a transaction of its own.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         TABLE customers (id bigint PRIMARY KEY, name text)",
        flagged: "ALTER TABLE orders ADD COLUMN note text; ALTER TABLE customers ALTER COLUMN name SET NOT \
                         NULL",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE orders ADD COLUMN note text",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let Some(held) = held(site) else { return };
    for change in site.changes() {
        let slow = site
            .effects(change)
            .into_iter()
            .find(|effect| (effect.scans || effect.rewrites) && !form::is_harmless(site, &effect.table));
        let Some(slow) = slow else { continue };
        let mut hit = Hit::at(
            change,
            format!(
                "nobody reads or writes {held}, which the transaction has locked, while this reads {}",
                slow.table
            ),
            "Run it in a transaction of its own.",
        )
        .on(&slow.table);
        hit.effects = vec![slow];
        hits.push(hit);
        return;
    }
}

/// A table that the transaction has locked against everybody.
fn held(site: &Site<'_>) -> Option<TableName> {
    if !site.in_transaction() {
        return None;
    }
    for index in (0..site.index).rev() {
        let earlier = site.migration.statements.get(index)?;
        let read = site.read.get(index)?;
        if earlier.transaction != site.statement.transaction
            || read.changes.iter().any(|change| matches!(change.kind, ChangeKind::Transaction { .. }))
        {
            return None;
        }
        let locked = read
            .changes
            .iter()
            .filter(|change| change.kind.altered_table().is_some())
            .flat_map(|change| ddl::effects(read, change, site.server, &|_| Known::default()));
        let locked = locked.into_iter().find(|effect| {
            effect.lock.blocks() == Blocks::ReadsAndWrites && !form::is_harmless(site, &effect.table)
        });
        if let Some(locked) = locked {
            return Some(locked.table);
        }
    }
    None
}
