use dunlin_compat::model::Dialect;

use super::column_types;
use crate::ddl::{Change, ChangeKind, Column, Constraint, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "integer-key",
    title: "A key is a number that runs out",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A key of type `integer` runs out after 2,147,483,647 values, `smallint` after 32,767; sequences \
                 count what is rolled back too. Then every insert fails, and `bigint` takes the whole table's \
                 rewrite.\n\nUse `bigint` for keys, and for what refers to them.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE TABLE visits (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        flagged_does: ("", false),
        safe: "CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for (change, table, column, name) in column_types::made(site) {
        let most = match name.as_str() {
            "integer" => "2,147,483,647",
            "smallint" => "32,767",
            _ => continue,
        };
        let counts = column.identity
            || column.auto_increment
            || column
                .default
                .as_ref()
                .is_some_and(|default| default.text.to_lowercase().contains("nextval("));
        // A key that somebody gives out by hand, as of a few kinds or countries, does not run out.
        if !counts || !(is_key(change, column) || column.auto_increment || column.identity) {
            continue;
        }
        hits.push(
            Hit {
                span: column_types::place(site, change, column),
                message: format!("{table}.{} runs out after {most} values", column.name),
                advice: "Use bigint.".to_owned(),
                ..Hit::default()
            }
            .whatever_size(),
        );
    }
}

fn is_key(change: &Change, column: &Column) -> bool {
    let of_table: &[Constraint] = match &change.kind {
        ChangeKind::CreateTable { constraints, .. } => constraints,
        _ => &[],
    };
    column.constraints.iter().chain(of_table).any(|constraint| {
        constraint.kind == ConstraintKind::PrimaryKey && constraint.columns.contains(&column.name)
    })
}
