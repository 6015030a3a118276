use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "refresh-without-concurrently",
    title: "A materialized view is filled while its readers wait",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`REFRESH MATERIALIZED VIEW` takes an ACCESS EXCLUSIVE lock on the view for as long as its query \
                 runs.\n\nWith CONCURRENTLY others read the old rows meanwhile. It needs a unique index over columns \
                 of the view, without WHERE, and a view that has been filled once.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         MATERIALIZED VIEW sales AS SELECT status, count(*) FROM orders GROUP BY status; CREATE \
                         UNIQUE INDEX ON sales (status)",
        flagged: "REFRESH MATERIALIZED VIEW sales",
        flagged_does: ("AccessExclusiveLock", true),
        safe: "REFRESH MATERIALIZED VIEW CONCURRENTLY sales",
        safe_does: ("ExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RefreshMaterializedView { view, concurrently: false } = &change.kind else {
            continue;
        };
        if form::is_harmless(site, view) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("nobody reads {view} while it is filled anew"),
                "Refresh it CONCURRENTLY, for which it needs a unique index.",
            )
            .on(view),
        );
    }
}
