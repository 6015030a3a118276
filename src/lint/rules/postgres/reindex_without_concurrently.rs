use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};
use squawk_syntax::SyntaxKind;

pub const RULE: Rule = Rule {
    id: "reindex-without-concurrently",
    title: "Indexes are rebuilt while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`REINDEX` takes a SHARE lock on the table and an ACCESS EXCLUSIVE lock on the index that it \
                 rebuilds: nobody writes, and queries that would use the index wait.\n\n`REINDEX … CONCURRENTLY` \
                 (PostgreSQL 12) builds a second index beside the first and exchanges them.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "REINDEX TABLE orders",
        flagged_does: ("ShareLock", false),
        safe: "REINDEX TABLE CONCURRENTLY orders",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::RequireConcurrentReindex],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::Reindex { what, name, concurrently: false } = &change.kind else { continue };
        if what == "TABLE" && form::is_harmless(site, name) {
            continue;
        }
        let target = match what.as_str() {
            "INDEX" => Some(SyntaxKind::INDEX_KW),
            "TABLE" => Some(SyntaxKind::TABLE_KW),
            "SCHEMA" => Some(SyntaxKind::SCHEMA_KW),
            "DATABASE" => Some(SyntaxKind::DATABASE_KW),
            // The catalog's indexes cannot be rebuilt so.
            _ => None,
        };
        let statement = target.and_then(|target| form::behind(site, target, "CONCURRENTLY"));
        let mut hit = Hit::at(
            change,
            format!("nobody writes to the table while indexes of {name} are rebuilt, and queries that need them wait"),
            "Rebuild CONCURRENTLY, outside a transaction.",
        )
        .fix(statement.map(|statement| Fix::alone("rebuild concurrently", statement)));
        if what == "TABLE" {
            hit = hit.on(name);
        }
        hits.push(hit);
    }
}
