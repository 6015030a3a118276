//! Tables for people, as wide as the terminal allows.

use owo_colors::{OwoColorize, Style};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What stands above it.
    pub header: &'static str,
    /// What happens to it where not everything fits.
    pub squeeze: Squeeze,
}

/// How a column makes room. Columns are left out before others are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Squeeze {
    /// Stays as it is.
    Never,
    /// Is left out, the lowest number first.
    LeaveOut(u8),
    /// Its texts are cut, with `…` at their ends.
    Cut,
}

/// A cut text keeps so many columns at least, so that it can still be told from the others.
const SHORTEST_CUT: usize = 8;

/// Formats rows under a header, without borders. `style` tells a cell's from its header and text; `width` is how many columns there
/// are, `None` when nothing has to fit.
pub fn format(
    columns: &[Column],
    rows: &[Vec<String>],
    width: Option<usize>,
    style: impl Fn(&str, &str) -> Option<Style>,
) -> String {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut longest = usize::MAX;
    if let Some(width) = width {
        while total_width(columns, rows, &shown) > width {
            let next = shown
                .iter()
                .enumerate()
                .filter_map(|(place, index)| match columns.get(*index)?.squeeze {
                    Squeeze::LeaveOut(order) => Some((order, place)),
                    Squeeze::Never | Squeeze::Cut => None,
                })
                .min();
            let Some((_, place)) = next else { break };
            shown.remove(place);
        }
        let excess = total_width(columns, rows, &shown).saturating_sub(width);
        if excess > 0 {
            let widest = columns
                .iter()
                .enumerate()
                .filter(|(_, column)| column.squeeze == Squeeze::Cut)
                .map(|(index, _)| column_width(columns, rows, index))
                .max()
                .unwrap_or(0);
            longest = widest.saturating_sub(excess).max(SHORTEST_CUT);
        }
    }
    let widths: Vec<usize> = shown
        .iter()
        .map(|index| column_width(columns, rows, *index).min(limit(columns, *index, longest)))
        .collect();
    let line = |cell: &dyn Fn(usize) -> String, style: &dyn Fn(usize, String) -> String| {
        let mut line = String::new();
        for (place, (index, width)) in shown.iter().zip(&widths).enumerate() {
            let text = cell(*index);
            let text = console::truncate_str(&text, limit(columns, *index, longest), "…").into_owned();
            let padding = width.saturating_sub(console::measure_text_width(&text));
            line.push_str(&style(*index, text));
            // A column further on may be empty; spaces at the end are taken away below.
            if place + 1 < shown.len() {
                line.push_str(&" ".repeat(padding + GAP));
            }
        }
        line.trim_end().to_owned() + "\n"
    };
    let header = |index: usize| columns.get(index).map_or("", |column| column.header).to_owned();
    let mut table = line(&header, &|_, text| text.bold().to_string());
    for row in rows {
        let cell = |index: usize| row.get(index).cloned().unwrap_or_default();
        table.push_str(&line(&cell, &|index, text| match style(&header(index), &cell(index)) {
            Some(style) => text.style(style).to_string(),
            None => text,
        }));
    }
    table
}

/// Spaces between two columns.
const GAP: usize = 2;

fn limit(columns: &[Column], index: usize, longest: usize) -> usize {
    match columns.get(index).map(|column| column.squeeze) {
        Some(Squeeze::Cut) => longest,
        _ => usize::MAX,
    }
}

fn total_width(columns: &[Column], rows: &[Vec<String>], shown: &[usize]) -> usize {
    let widths = shown.iter().map(|index| column_width(columns, rows, *index));
    widths.sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

fn column_width(columns: &[Column], rows: &[Vec<String>], index: usize) -> usize {
    let header = columns.get(index).map_or("", |column| column.header);
    let texts = rows.iter().filter_map(|row| row.get(index)).map(String::as_str);
    texts.chain([header]).map(console::measure_text_width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { header: "Version", squeeze: Squeeze::Never },
        Column { header: "Description", squeeze: Squeeze::Cut },
        Column { header: "Kind", squeeze: Squeeze::LeaveOut(0) },
        Column { header: "State", squeeze: Squeeze::Never },
    ];

    fn formatted(width: Option<usize>) -> String {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["1", "customers_of_the_shop", "sql", "applied"]),
            row(["20240102", "orders", "sql", "pending"]),
        ];
        let text =
            format(&COLUMNS, &rows, width, |header, _| (header == "State").then(|| Style::new().green()));
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn columns_line_up_without_trailing_spaces() {
        insta::assert_snapshot!(formatted(None), @"
        Version   Description            Kind  State
        1         customers_of_the_shop  sql   applied
        20240102  orders                 sql   pending
        ");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_then_cut() {
        insta::assert_snapshot!(formatted(Some(45)), @"
        Version   Description            State
        1         customers_of_the_shop  applied
        20240102  orders                 pending
        ");
        insta::assert_snapshot!(formatted(Some(31)), @"
        Version   Description   State
        1         customers_o…  applied
        20240102  orders        pending
        ");
        // Too narrow for a table of any use: what matters is kept.
        insta::assert_snapshot!(formatted(Some(10)), @"
        Version   Descrip…  State
        1         custome…  applied
        20240102  orders    pending
        ");
    }
}
