use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "wide-index",
    title: "An index has more than three columns",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Each write maintains every index, and columns behind the third rarely narrow a search further. Put the most selective column first, and leave out the rest unless the index is to answer queries alone.",
    examples: &[Example {
        dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
        setup: "CREATE TABLE orders (a integer, b integer, c integer, d integer)",
        flagged: "CREATE INDEX orders_wide ON orders (a, b, c, d)",
        flagged_does: ("", false),
        safe: "CREATE UNIQUE INDEX orders_key ON orders (a, b, c, d)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateIndex { index, .. } = &change.kind else { continue };
        if index.unique || index.columns.len() <= 3 {
            continue;
        }
        let message = format!(
            "this index of {} has {} columns, which every write maintains",
            index.table,
            index.columns.len()
        );
        hits.push(
            Hit::at(change, message, "Keep the columns that narrow the search most.")
                .on(&index.table)
                .whatever_size(),
        );
    }
}
