//! Tables (classes `AsciiTable` and `MigrationInfoDumper`).

use std::collections::HashSet;

use crate::flyway::output::{category, installed_on_table, is_delete};
use crate::flyway::states::{MigrationInfo, MigrationState};
use crate::flyway::version::MigrationVersion;

/// A table with a header, every line ended. Widths count UTF-16 units, as Java does.
pub fn ascii_table<S: AsRef<str>>(columns: &[&str], rows: &[Vec<S>], empty: &str) -> String {
    let mut widths: Vec<usize> = columns.iter().map(|column| width(column)).collect();
    for row in rows {
        for (own, cell) in widths.iter_mut().zip(row) {
            *own = width(cell.as_ref()).max(*own);
        }
    }
    let mut ruler = String::from("+");
    for own in &widths {
        ruler.push_str(&"-".repeat(own + 2));
        ruler.push('+');
    }
    ruler.push('\n');
    let mut table = ruler.clone();
    table.push_str(&line(columns, &widths));
    table.push_str(&ruler);
    if rows.is_empty() {
        // The ruler's length counts its line end as well.
        let room = ruler.len() - ruler.len().min(5);
        table.push_str(&format!("| {} |\n", padded(empty, room)));
    }
    for row in rows {
        table.push_str(&line(row, &widths));
    }
    table.push_str(&ruler);
    table
}

/// The table that `info` prints: undo files do not appear, but make their migrations undoable.
pub fn info_table(infos: &[&MigrationInfo]) -> String {
    let undoable: HashSet<&MigrationVersion> =
        infos.iter().filter(|info| info.kind().is_undo()).filter_map(|info| info.version()).collect();
    let rows: Vec<Vec<String>> = without_undo(infos)
        .map(|info| {
            vec![
                category(info).to_owned(),
                info.version().map_or_else(String::new, ToString::to_string),
                info.description().to_owned(),
                info.kind().name().to_owned(),
                installed_on_table(info.applied.as_ref().and_then(|row| row.installed_on.as_deref())),
                info.state.display_name().to_owned(),
                undoable_cell(info, &undoable).to_owned(),
            ]
        })
        .collect();
    let columns = ["Category", "Version", "Description", "Type", "Installed On", "State", "Undoable"];
    ascii_table(&columns, &rows, "No migrations found")
}

/// What `info -migrationIds` prints, without a line end: versions, and descriptions of repeatable migrations.
pub fn migration_ids(infos: &[&MigrationInfo]) -> String {
    let id = |info: &MigrationInfo| match info.version() {
        Some(version) => version.history_text().unwrap_or_default(),
        None => info.description().to_owned(),
    };
    without_undo(infos).map(id).collect::<Vec<_>>().join(",")
}

fn without_undo<'a>(infos: &[&'a MigrationInfo]) -> impl Iterator<Item = &'a MigrationInfo> {
    infos.iter().copied().filter(|info| !info.kind().is_undo())
}

fn undoable_cell(info: &MigrationInfo, undoable: &HashSet<&MigrationVersion>) -> &'static str {
    let Some(version) = info.version() else { return "" };
    if is_delete(info) || matches!(info.state, MigrationState::Deleted | MigrationState::Undone) {
        return "";
    }
    if !info.state.is_failed() && undoable.contains(version) { "Yes" } else { "No" }
}

fn line<S: AsRef<str>>(cells: &[S], widths: &[usize]) -> String {
    let mut line = String::from("|");
    for (cell, own) in cells.iter().zip(widths) {
        line.push_str(&format!(" {} |", padded(cell.as_ref(), *own)));
    }
    line.push('\n');
    line
}

fn padded(text: &str, room: usize) -> String {
    let length = width(text);
    if length <= room {
        return format!("{text}{}", " ".repeat(room - length));
    }
    let units: Vec<u16> = text.encode_utf16().take(room).collect();
    String::from_utf16_lossy(&units)
}

fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let table = ascii_table(&["id", "name"], &[vec!["1", "Ann"], vec!["1024", "😀"]], "none");
        let expected = "\
+------+------+
| id   | name |
+------+------+
| 1    | Ann  |
| 1024 | 😀   |
+------+------+
";
        assert_eq!(table, expected);
    }

    #[test]
    fn an_empty_list_says_so_in_one_cell() {
        let expected = "\
+----------+---------+-------------+------+--------------+-------+----------+
| Category | Version | Description | Type | Installed On | State | Undoable |
+----------+---------+-------------+------+--------------+-------+----------+
| No migrations found                                                       |
+----------+---------+-------------+------+--------------+-------+----------+
";
        assert_eq!(info_table(&[]), expected);
    }
}
