use dunlin_compat::model::Dialect;

use super::{form, using_index};
use crate::ddl::{Change, ChangeKind, ConstraintKind, TableName, postgres};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "primary-key-without-index",
    title: "A primary key builds its index, or reads all rows, while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD PRIMARY KEY` builds an index under an ACCESS EXCLUSIVE lock: nobody reads or writes until it is \
                 done. `USING INDEX` takes an index that is there; but where a column may be null it is made NOT NULL \
                 in passing, for which all rows are read under the same lock.\n\nBuild a unique index CONCURRENTLY, \
                 make the columns NOT NULL in steps (see `set-not-null`), and add the key `USING INDEX`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint NOT NULL, status text)",
        flagged: "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id)",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "CREATE UNIQUE INDEX CONCURRENTLY orders_pkey ON orders (id)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::AddingSerialPrimaryKeyField],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let (table, constraint) = match &change.kind {
            ChangeKind::AddConstraint { table, constraint, .. } => (table, constraint.as_ref()),
            ChangeKind::AddColumn { table, column, .. } => {
                let key = column.constraints.iter().find(|it| it.kind == ConstraintKind::PrimaryKey);
                let Some(key) = key else { continue };
                (table, key)
            }
            _ => continue,
        };
        if constraint.kind != ConstraintKind::PrimaryKey || form::is_harmless(site, table) {
            continue;
        }
        if let Some(index) = &constraint.using_index {
            hits.extend(nullable(site, change, table, index));
            continue;
        }
        let fix = matches!(change.kind, ChangeKind::AddConstraint { .. })
            .then(|| using_index::fix(site, change, table, constraint))
            .flatten();
        hits.push(
            Hit::at(
                change,
                format!("nobody reads or writes {table} until the index of the primary key is built"),
                "Build a unique index CONCURRENTLY, and add the key USING INDEX.",
            )
            .on(table)
            .fix(fix),
        );
    }
}

/// A key on an index whose columns may be null, as far as the migration or the database tell the columns.
fn nullable(site: &Site<'_>, change: &Change, table: &TableName, index: &str) -> Option<Hit> {
    let made = site.read.iter().flat_map(|read| &read.changes).find_map(|change| match &change.kind {
        ChangeKind::CreateIndex { index: made, .. } if made.name.as_deref() == Some(index) => Some(made),
        _ => None,
    })?;
    let facts = site.table(table)?;
    let columns = facts.known.columns.as_ref()?;
    let column = made.columns.iter().find(|column| {
        columns.iter().any(|known| known.name == column.text && !known.not_null)
            && !postgres::has_not_null_check(&facts.known, &column.text)
    })?;
    Some(
        Hit::at(
            change,
            format!(
                "{}.{} may be null: nobody reads or writes {table} while all rows are read",
                table, column.text
            ),
            "Make the column NOT NULL in steps first.",
        )
        .on(table),
    )
}
