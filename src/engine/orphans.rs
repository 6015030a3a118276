//! SQLite: rows that a rebuild leaves without the row that they refer to. Rows are those of `PRAGMA foreign_key_check`:
//! table, row, the table referred to, and which of its foreign keys. Pure.

use dunlin_compat::model::Row;

use crate::db::{DbError, DbErrorKind};

/// The violations in tables that have more of them than before, without those that were there before. Rows may have got
/// new numbers, so their number alone does not make them new.
pub(super) fn new_orphans(before: &[Row], after: Vec<Row>) -> Vec<Row> {
    let tables = |row: &Row| (row.first().cloned().flatten(), row.get(2).cloned().flatten());
    let count = |rows: &[Row], wanted: &Row| rows.iter().filter(|row| tables(row) == tables(wanted)).count();
    let more: Vec<bool> = after.iter().map(|row| count(&after, row) > count(before, row)).collect();
    let rows = after.into_iter().zip(more).filter(|(row, more)| *more && !before.contains(row));
    rows.map(|(row, _)| row).collect()
}

/// They as an error.
pub(super) fn orphaned_rows(violations: &[Row]) -> DbError {
    let mut names: Vec<String> = violations
        .iter()
        .map(|row| {
            let value = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
            format!("{} (row {}) refers to {}", value(0), value(1), value(2))
        })
        .collect();
    let count = names.len();
    names.truncate(3);
    DbError::new(
        DbErrorKind::Statement,
        format!("the rebuild leaves {count} rows without the row that they refer to: {}", names.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, number: &str, parent: &str) -> Row {
        [table, number, parent, "0"].map(|value| Some(value.to_owned())).to_vec()
    }

    #[test]
    fn orphans_are_new_where_a_table_has_more_of_them() {
        let old = row("grade", "7", "pupil");
        let moved = row("grade", "1", "pupil");
        let new = row("pupil", "3", "class");
        for (before, after, expected) in [
            (vec![old.clone()], vec![old.clone()], vec![]),
            (vec![old.clone()], vec![moved.clone()], vec![]),
            (vec![old.clone()], vec![new.clone()], vec![new.clone()]),
            (vec![old.clone()], vec![old.clone(), moved.clone()], vec![moved]),
        ] {
            assert_eq!(new_orphans(&before, after), expected);
        }
    }
}
