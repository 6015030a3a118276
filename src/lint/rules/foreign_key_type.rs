use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, Column, ConstraintKind, References};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "foreign-key-type",
    title: "A foreign key's column has another type than what it refers to",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Comparing two types costs a conversion for each row, keeps PostgreSQL from using an index in one direction, and is refused by MySQL for most types; a smaller type overflows one day, long before the key does.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY)",
        flagged: "CREATE TABLE invoices (customer_id integer REFERENCES customers (id)); CREATE INDEX ON invoices (customer_id)",
        flagged_does: ("", false),
        safe: "CREATE TABLE invoices (customer_id bigint REFERENCES customers (id)); CREATE INDEX ON invoices (customer_id)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    for (index, statement) in whole.read.iter().enumerate() {
        for change in &statement.changes {
            let columns: Vec<&Column> = match &change.kind {
                ChangeKind::AddColumn { column, .. } => vec![column],
                ChangeKind::CreateTable { columns, .. } => columns.iter().collect(),
                _ => continue,
            };
            for column in columns {
                let references =
                    column.constraints.iter().filter_map(|constraint| constraint.references.as_ref());
                for reference in references {
                    let Some(other) = referenced_type(whole, reference) else { continue };
                    if width(&column.data_type).zip(width(&other)).is_none_or(|(one, other)| one == other) {
                        continue;
                    }
                    let message = format!(
                        "{} is {}, but {} to which it refers is {other}",
                        column.name, column.data_type, reference.table
                    );
                    hits.push((
                        Some(index),
                        Hit::at(change, message, format!("Make it {other}.")).whatever_size(),
                    ));
                }
            }
        }
    }
}

/// The type of the column that is referred to, where migration or database tell.
fn referenced_type(whole: &Whole<'_>, reference: &References) -> Option<String> {
    let made =
        whole.read.iter().flat_map(|statement| &statement.changes).find_map(|change| match &change.kind {
            ChangeKind::CreateTable { table, columns, .. } if table.name == reference.table.name => {
                let is_key = |column: &&Column| {
                    column.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::PrimaryKey)
                };
                let found = match reference.columns.first() {
                    Some(name) => columns.iter().find(|column| column.name == *name),
                    None => columns.iter().find(is_key),
                };
                found.map(|column| column.data_type.clone())
            }
            _ => None,
        });
    made.or_else(|| {
        let facts = whole.facts?.table(&reference.table)?;
        let name = reference.columns.first().or(facts.primary_key.first())?.clone();
        facts.known.columns?.into_iter().find(|column| column.name == name).map(|column| column.data_type)
    })
}

/// Bytes of an integer type, by any of its names; `None` for others.
fn width(data_type: &str) -> Option<u8> {
    let first = data_type.split([' ', '(']).next().unwrap_or_default();
    Some(match first {
        "smallint" | "int2" | "smallserial" | "serial2" => 2,
        "integer" | "int" | "int4" | "serial" | "serial4" => 4,
        "bigint" | "int8" | "bigserial" | "serial8" => 8,
        _ => return None,
    })
}
