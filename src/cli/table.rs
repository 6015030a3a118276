//! Tables for people, as wide as the terminal allows.

use comfy_table::{ContentArrangement, Table, presets};

/// Formats rows under a header, without borders, wrapped to the terminal.
pub fn format(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_without_trailing_spaces() {
        let rows = vec![vec!["1".into(), "shop".into()], vec!["20240102".into(), "orders".into()]];
        assert_eq!(format(&["Version", "Name"], &rows), "Version   Name\n1         shop\n20240102  orders\n");
    }
}
