use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{ChangeKind, TableName};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-index-without-concurrently",
    title: "An index is dropped while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`DROP INDEX` takes an ACCESS EXCLUSIVE lock on the index's table. It is short once it has the lock, \
                 but it waits for every query that runs on the table, and everybody else waits behind it.\n\n`DROP \
                 INDEX CONCURRENTLY` waits without keeping others from the table. It cannot run in a transaction, nor \
                 with CASCADE, and takes one index. The down of a migration deserves it as much as the up: it runs \
                 when there is trouble already.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         INDEX orders_status_idx ON orders (status)",
        flagged: "DROP INDEX orders_status_idx",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "DROP INDEX CONCURRENTLY orders_status_idx",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::RequireConcurrentIndexDeletion],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropIndex { names, concurrently: false, cascade, if_exists, .. } = &change.kind
        else {
            continue;
        };
        let tables: Vec<TableName> = names.iter().filter_map(|name| table_of(site, name)).collect();
        if tables.len() == names.len() && tables.iter().all(|table| form::is_harmless(site, table)) {
            continue;
        }
        let exists = if *if_exists { " IF EXISTS" } else { "" };
        let statements = names.iter().map(|name| {
            let text = format!("DROP INDEX CONCURRENTLY{exists}");
            format!("{} {}", form::keyword(site, &text), form::table(site, name))
        });
        let fix =
            Fix { title: "drop the index concurrently".to_owned(), groups: vec![Group::alone(statements)] };
        let list = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut hit = Hit::at(
            change,
            format!("dropping {list} waits for every query on its table, and everybody else waits behind it"),
            "Drop it CONCURRENTLY, outside a transaction.",
        )
        .fix((!cascade).then_some(fix));
        hit.effects = site.effects(change);
        for (effect, table) in hit.effects.iter_mut().zip(&tables) {
            effect.table = table.clone();
        }
        hit.table = tables.into_iter().next();
        hits.push(hit);
    }
}

/// The table of an index: one that the migration itself made, or as the database tells.
fn table_of(site: &Site<'_>, index: &TableName) -> Option<TableName> {
    let made = site.read.get(..site.index)?.iter().flat_map(|read| &read.changes).find_map(|change| {
        match &change.kind {
            ChangeKind::CreateIndex { index: made, .. } if made.name.as_deref() == Some(&index.name) => {
                Some(made.table.clone())
            }
            _ => None,
        }
    });
    made.or_else(|| site.facts?.table_of_index(index))
}
