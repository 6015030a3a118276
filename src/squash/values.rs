//! Values as literals, and rows as INSERTs.

/// So many rows stand in one statement.
const ROWS_AT_ONCE: usize = 50;

/// Statements that insert rows of literals.
pub(super) fn inserts(table: &str, columns: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let columns = columns.join(", ");
    rows.chunks(ROWS_AT_ONCE)
        .map(|rows| {
            let rows: Vec<String> = rows.iter().map(|row| format!("\n({})", row.join(", "))).collect();
            format!("INSERT INTO {table} ({columns}) VALUES{}", rows.join(","))
        })
        .collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
