use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{Change, ChangeKind, Column, TableName};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "volatile-default",
    title: "A default that differs from row to row rewrites the table",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A default that is a constant, or that is evaluated once (`now()`), is kept in the catalog when the \
                 column is added. One that may give each row another value (`gen_random_uuid()`, `clock_timestamp()`, \
                 `random()`, a function of your own) writes every row anew under an ACCESS EXCLUSIVE lock.\n\nAdd the \
                 column without it, set the default for rows to come, and fill the others in batches.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        flagged_does: ("AccessExclusiveLock", true),
        safe: "ALTER TABLE orders ADD COLUMN token uuid; ALTER TABLE orders ALTER COLUMN token SET DEFAULT \
                         gen_random_uuid()",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::AddingFieldWithDefault],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddColumn { table, column, .. } = &change.kind else { continue };
        let Some(default) = &column.default else { continue };
        let constant_is_kept = site.server.version.0 >= 11;
        if default.is_null || (!default.may_be_volatile && constant_is_kept) || form::is_harmless(site, table)
        {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!(
                    "every row of {table} is written anew, as {} may differ from row to row, and nobody reads or writes meanwhile",
                    default.text
                ),
                "Add the column without the default, set the default, and fill the rows in batches.",
            )
            .on(table)
            .fix(fix(site, change, table, column)),
        );
    }
}

/// Only where the column is the statement's one change, may be null, and the table has a whole number to cut batches by.
fn fix(site: &Site<'_>, change: &Change, table: &TableName, column: &Column) -> Option<Fix> {
    let default = column.default.as_ref()?;
    let facts = site.table(table)?;
    let [key] = facts.primary_key.as_slice() else { return None };
    let is_number = facts.known.columns.iter().flatten().any(|known| {
        known.name == *key
            && known.not_null
            && matches!(known.data_type.as_str(), "integer" | "bigint" | "smallint")
    });
    let source = form::source(site, change);
    let start = source.to_ascii_uppercase().find(" DEFAULT ")?;
    let rest = source.get(start + " DEFAULT ".len()..)?;
    if !is_number || column.not_null || rest.trim() != default.text || site.parsed.changes.len() != 1 {
        return None;
    }
    let (name, of) = (form::name(site, &column.name), form::table(site, table));
    let word = |text: &str| form::keyword(site, text);
    let set = format!(
        "{} {of} {} {name} {} {}",
        word("ALTER TABLE"),
        word("ALTER COLUMN"),
        word("SET DEFAULT"),
        default.text
    );
    let fill = format!(
        "{} {of} {} {name} = {} {} {} {} {} {name} {}",
        word("UPDATE"),
        word("SET"),
        default.text,
        word("WHERE"),
        form::name(site, key),
        word("BETWEEN :from AND :to"),
        word("AND"),
        word("IS NULL")
    );
    let mut batch = Group::alone([fill]);
    batch.batch = Some((table.to_string(), key.clone()));
    Some(Fix {
        title: "add the column, set the default, and fill the rows in batches".to_owned(),
        groups: vec![Group::together([form::with(site, change, source.get(..start)?)?, set]), batch],
    })
}
