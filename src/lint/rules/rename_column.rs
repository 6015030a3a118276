use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "rename-column",
    title: "A column is renamed while deployed code uses the old name",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "From the moment the migration commits, every query of deployed code that names the column fails, and code that knows the new name fails before. No order of deploying helps.\n\nExpand and contract: add a column with the new name, keep both in step, move readers and writers over, drop the old one. `dunlin new --rename TABLE.OLD:NEW` writes the files.",
    examples: &[Example {
        dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status varchar(20)); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders RENAME COLUMN status TO state",
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
        let (table, column, to) = match &change.kind {
            ChangeKind::RenameColumn { table, column, to } => (table, column, to),
            ChangeKind::RedefineColumn { table, old_name, column, .. } if column.name != *old_name => {
                (table, old_name, &column.name)
            }
            _ => continue,
        };
        // What takes the place of a dropped column was kept in step with it.
        if site.is_new(table) || site.is_column_replaced(table, to) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("deployed code that names {table}.{column} fails from the moment it is {to}, and new code before"),
                format!(
                    "Expand and contract: add {to}, keep both in step, move the code over, drop {column}. \
                     `dunlin new --rename {table}.{column}:{to}` writes it."
                ),
            )
            .on(table)
            .whatever_size(),
        );
    }
}
