//! Statements in the words and letters of the one that is fixed.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::AstNode;
use squawk_syntax::quote::quote_ident;

use crate::ddl::{Change, Constraint, ConstraintKind, TableName, postgres};
use crate::lint::Site;

/// The part of the statement that asks for a change.
pub(super) fn source<'a>(site: &Site<'a>, change: &Change) -> &'a str {
    site.statement.text.get(change.span.clone()).unwrap_or_default()
}

/// The statement's text with the part that asks for a change replaced.
pub(super) fn with(site: &Site<'_>, change: &Change, part: &str) -> Option<String> {
    let text = &site.statement.text;
    let before = text.get(..change.span.start)?;
    let after = text.get(change.span.end..)?;
    Some(format!("{before}{part}{after}").trim().to_owned())
}

/// A name as the statement writes it, quoted if need be.
pub(super) fn name(site: &Site<'_>, name: &str) -> String {
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    if site.statement.text.contains(&quoted) { quoted } else { quote_ident(name) }
}

/// A table's name as the statement writes it.
pub(super) fn table(site: &Site<'_>, table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", name(site, schema), name(site, &table.name)),
        None => name(site, &table.name),
    }
}

/// Names in a list.
pub(super) fn list(site: &Site<'_>, names: &[String]) -> String {
    names.iter().map(|one| name(site, one)).collect::<Vec<_>>().join(", ")
}

/// A keyword in the letters that the statement begins in.
pub(super) fn keyword(site: &Site<'_>, word: &str) -> String {
    let first = site.statement.text.trim_start().chars().next();
    if first.is_some_and(|first| first.is_ascii_lowercase()) { word.to_lowercase() } else { word.to_owned() }
}

/// The statement with a word put behind its first token of a kind.
pub(super) fn behind(site: &Site<'_>, kind: SyntaxKind, word: &str) -> Option<String> {
    let text = &site.statement.text;
    let parsed = postgres::parse(text)?;
    let token = parsed
        .file
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .find(|token| token.kind() == kind)?;
    let end = usize::from(token.text_range().end());
    let (before, after) = (text.get(..end)?, text.get(end..)?);
    Some(format!("{before} {}{after}", keyword(site, word)).trim().to_owned())
}

/// The name that the server gives a constraint without one: `orders_customer_id_fkey`.
pub(super) fn constraint_name(table: &TableName, constraint: &Constraint) -> String {
    if let Some(name) = &constraint.name {
        return name.clone();
    }
    let (middle, ending) = match constraint.kind {
        ConstraintKind::PrimaryKey => (String::new(), "pkey"),
        ConstraintKind::Unique => (constraint.columns.join("_"), "key"),
        ConstraintKind::ForeignKey => (constraint.columns.join("_"), "fkey"),
        ConstraintKind::Exclusion => (constraint.columns.join("_"), "excl"),
        ConstraintKind::NotNull => (constraint.columns.join("_"), "not_null"),
        ConstraintKind::Check => (single_column(constraint.expression.as_deref()), "check"),
    };
    fitted(&table.name, &middle, ending)
}

/// PostgreSQL shortens the longer of the two names until the whole fits 63 bytes.
fn fitted(table: &str, middle: &str, ending: &str) -> String {
    let parts = if middle.is_empty() { 1 } else { 2 };
    let room = 63_usize.saturating_sub(ending.len() + parts);
    let (mut first, mut second) = (table.len(), middle.len());
    while first + second > room {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let table = table.get(..table.floor_char_boundary(first)).unwrap_or_default();
    let middle = middle.get(..middle.floor_char_boundary(second)).unwrap_or_default();
    if middle.is_empty() { format!("{table}_{ending}") } else { format!("{table}_{middle}_{ending}") }
}

/// The column of a check that names but one.
fn single_column(expression: Option<&str>) -> String {
    let Some(parsed) = expression.and_then(|text| postgres::parse(&format!("SELECT {text}"))) else {
        return String::new();
    };
    let mut columns: Vec<String> = parsed
        .file
        .syntax()
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::NAME_REF)
        .filter(|node| node.parent().is_none_or(|parent| parent.kind() != SyntaxKind::CALL_EXPR))
        .map(|node| squawk_syntax::ast::normalize_name_node(&node))
        .collect();
    columns.sort();
    columns.dedup();
    if columns.len() == 1 { columns.remove(0) } else { String::new() }
}

/// A name of up to 63 bytes for something new at a column.
pub(super) fn new_name(table: &TableName, column: &str, ending: &str) -> String {
    fitted(&table.name, column, ending)
}

/// Whether the table is known to hold nothing, so that nothing takes long on it.
pub(super) fn is_empty(site: &Site<'_>, table: &TableName) -> bool {
    site.table(table).is_some_and(|facts| facts.rows == 0)
}

/// Whether nobody can be kept waiting: the migration made the table, or it is empty.
pub(super) fn is_harmless(site: &Site<'_>, table: &TableName) -> bool {
    site.is_new(table) || is_empty(site, table)
}
