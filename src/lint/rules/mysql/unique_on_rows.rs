use crate::ddl::{ChangeKind, ConstraintKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "unique-on-rows",
    title: "A unique index is built on rows that may not be unique",
    dialects: &[Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "One pair of equal rows makes the statement fail after it has read the table, and statements before it stay committed \
                  on MySQL. Under a collation that ignores case or accents, `é` and `E` are equal too.\n\nLook for duplicates first: \
                  `SELECT … GROUP BY … HAVING count(*) > 1`.",
    examples: &[
        Example {
            dialects: &[Dialect::Mysql, Dialect::Mariadb],
            setup: "CREATE TABLE users (id int PRIMARY KEY, mail varchar(100)); INSERT INTO users VALUES (1, 'a')",
            flagged: "CREATE UNIQUE INDEX users_mail ON users (mail)",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
            safe: "CREATE INDEX users_mail ON users (mail)",
            safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
        },
        Example {
            dialects: &[Dialect::Sqlite],
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT); INSERT INTO users VALUES (1, 'a')",
            flagged: "CREATE UNIQUE INDEX users_mail ON users (mail)",
            flagged_does: ("", false),
            safe: "CREATE INDEX users_mail ON users (mail)",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let (table, columns): (&TableName, Vec<&str>) = match &change.kind {
            ChangeKind::CreateIndex { index, .. } if index.unique => {
                (&index.table, index.columns.iter().map(|column| column.text.as_str()).collect())
            }
            ChangeKind::AddConstraint { table, constraint, .. }
                if constraint.kind == ConstraintKind::PrimaryKey =>
            {
                (table, constraint.columns.iter().map(String::as_str).collect())
            }
            _ => continue,
        };
        // A column that the migration itself adds holds nothing but its default.
        if site.is_new(table) || columns.iter().any(|column| site.adds_column(table, column)) {
            continue;
        }
        let list = columns.join(", ");
        let message =
            format!("if two rows of {table} have the same {list}, this fails once it has read them all");
        let advice =
            format!("Look first: SELECT {list}, count(*) FROM {table} GROUP BY {list} HAVING count(*) > 1.");
        hits.push(Hit::at(change, message, advice).on(table).whatever_size());
    }
}
