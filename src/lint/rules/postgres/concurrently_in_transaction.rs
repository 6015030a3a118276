use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "concurrently-in-transaction",
    title: "CONCURRENTLY stands in a transaction, where the server refuses it",
    dialects: &[Dialect::Postgres],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "What is done CONCURRENTLY commits in between and waits for other transactions, so PostgreSQL refuses \
                 it inside one: `CREATE INDEX CONCURRENTLY cannot run inside a transaction block`.\n\nRun it by \
                 itself: in a native migration in a block headed `-- migrate:up transaction=none`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "BEGIN; CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
        flagged_does: ("refused", false),
        safe: "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::BanConcurrentIndexCreationInTransaction],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if !site.in_transaction() {
        return;
    }
    for change in site.changes() {
        let what = match &change.kind {
            ChangeKind::CreateIndex { index, .. } if index.concurrently => "CREATE INDEX CONCURRENTLY",
            ChangeKind::DropIndex { concurrently: true, .. } => "DROP INDEX CONCURRENTLY",
            ChangeKind::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
            ChangeKind::DetachPartition { concurrently: true, .. } => "DETACH PARTITION CONCURRENTLY",
            _ => continue,
        };
        let statement = site.statement.text.trim().to_owned();
        hits.push(
            Hit::at(
                change,
                format!("{what} cannot run inside a transaction: the server refuses it"),
                "Run it by itself, outside the transaction.",
            )
            .fix(Fix::alone("run it outside a transaction", statement))
            .whatever_size(),
        );
    }
}
