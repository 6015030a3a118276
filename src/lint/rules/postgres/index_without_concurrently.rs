use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};
use squawk_syntax::SyntaxKind;

pub const RULE: Rule = Rule {
    id: "index-without-concurrently",
    title: "An index is built while writing waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`CREATE INDEX` takes a SHARE lock: nobody inserts, updates or deletes until the whole table has been \
                 read and sorted.\n\n`CREATE INDEX CONCURRENTLY` lets others write. It cannot run in a transaction, \
                 takes about twice as long, and leaves an invalid index behind when it fails; drop that one and build \
                 it again. A partitioned table takes it not at all: build the index on each partition concurrently, \
                 on the parent with `ON ONLY`, and attach.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "CREATE INDEX orders_status_idx ON orders (status)",
        flagged_does: ("ShareLock", false),
        safe: "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::RequireConcurrentIndexCreation],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateIndex { index, .. } = &change.kind else { continue };
        let table = &index.table;
        if index.concurrently || index.only || form::is_harmless(site, table) {
            continue;
        }
        let statement = form::behind(site, SyntaxKind::INDEX_KW, "CONCURRENTLY");
        hits.push(
            Hit::at(
                change,
                format!("nobody writes to {table} until the index is built"),
                "Build it CONCURRENTLY, outside a transaction.",
            )
            .on(table)
            .fix(statement.map(|statement| Fix::alone("build the index concurrently", statement))),
        );
    }
}
