//! Columns that a statement makes, with their types.

use crate::ddl::{Change, ChangeKind, Column, TableName, postgres};
use crate::lint::Site;

/// Each column that the statement makes, with the change that makes it, its table, and its type's canonical name.
pub(super) fn made<'a>(
    site: &'a Site<'_>,
) -> impl Iterator<Item = (&'a Change, &'a TableName, &'a Column, String)> {
    site.parsed.changes.iter().flat_map(|change| {
        let (table, columns): (Option<&TableName>, &[Column]) = match &change.kind {
            ChangeKind::CreateTable { table, columns, temporary: false, .. } => (Some(table), columns),
            ChangeKind::AddColumn { table, column, .. } => (Some(table), std::slice::from_ref(column)),
            _ => (None, &[]),
        };
        table.into_iter().flat_map(move |table| {
            columns
                .iter()
                .map(move |column| (change, table, column, postgres::canonical(&column.data_type).name))
        })
    })
}

/// The bytes of a column's definition in the statement, or of the change as a whole.
pub(super) fn place(site: &Site<'_>, change: &Change, column: &Column) -> std::ops::Range<usize> {
    let Some(text) = site.statement.text.get(change.span.clone()) else { return change.span.clone() };
    let lower = text.to_ascii_lowercase();
    let is_part = |at: usize, length: usize| {
        let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        word(at.checked_sub(1).and_then(|before| lower.as_bytes().get(before)))
            || word(lower.as_bytes().get(at + length))
    };
    let name = column.name.to_ascii_lowercase();
    // The name, then its type: a table's own name may be the same.
    let first = column.data_type.split(['(', ' ', '[']).next().unwrap_or_default();
    let found = lower.match_indices(&name).map(|(at, _)| at).find(|at| {
        !is_part(*at, name.len())
            && lower
                .get(at + name.len()..)
                .is_some_and(|rest| rest.trim_start_matches(['"', ' ', '\t', '\n', '\r']).starts_with(first))
    });
    match found {
        Some(at) => change.span.start + at..change.span.start + at + name.len(),
        None => change.span.clone(),
    }
}
