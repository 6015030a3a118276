use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "rename-table",
    title: "A table or schema is renamed while deployed code uses the old name",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "From the moment the migration commits, every query of deployed code that names the table fails. A view under the old name, made in the same transaction, carries simple reads and writes over; better is a new table kept in step until the old one is used no more.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders RENAME TO purchases",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    // The code that used it goes back as well.
    if site.is_down() {
        return;
    }
    for change in site.changes() {
        let (table, to) = match &change.kind {
            ChangeKind::RenameTable { table, to } => (table, to.to_string()),
            ChangeKind::SetSchema { table, schema } => (table, format!("{schema}.{}", table.name)),
            ChangeKind::RenameSchema { name, to } => (&TableName::plain(name), to.clone()),
            _ => continue,
        };
        if site.is_new(table) || site.is_replaced(table) || site.gets_a_view(table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("deployed code that names {table} fails from the moment it is {to}"),
                "Make a view under the old name in the same transaction, and drop it when no code uses it any more.",
            )
            .on(table)
            .whatever_size(),
        );
    }
}
