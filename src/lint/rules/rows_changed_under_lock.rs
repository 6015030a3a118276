use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, Effect, PostgresLock, RowChange, TableLock};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "rows-changed-under-lock",
    title: "Rows are changed in the transaction that changed a schema",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "The lock of the `ALTER TABLE` is kept until the transaction ends: while the rows are changed nobody reads or writes the table.\n\nChange rows in a block of their own.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders ADD COLUMN paid boolean; UPDATE orders SET paid = true",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if !site.in_transaction() {
        return;
    }
    let Some(held) = site.situation.altered.last() else { return };
    for change in site.changes() {
        let ChangeKind::Rows(
            RowChange::Update { table, .. }
            | RowChange::Delete { table, .. }
            | RowChange::Insert { table, from_query: true },
        ) = &change.kind
        else {
            continue;
        };
        if site.names_one_row(table) {
            continue;
        }
        let message = format!(
            "{held} was altered in this transaction, and nobody can use it until these rows are changed"
        );
        let mut hit =
            Hit::at(change, message, "Change the rows in a block of their own, in batches.").on(held);
        hit.effects = vec![Effect {
            table: held.clone(),
            lock: TableLock::Postgres(PostgresLock::AccessExclusive),
            rewrites: false,
            scans: true,
        }];
        hits.push(hit);
    }
}
