//! The rows of Flyway's schema history table (classes `BaseAppliedMigration` and `JdbcTableSchemaHistory`).

mod kind;
mod shorten;
mod table;

pub use kind::{MigrationType, UnknownType};
pub use shorten::{shorten_description, shorten_script};
pub use table::{HistoryTable, NewRow, java_string_hash};

use thiserror::Error;

use crate::flyway::version::{InvalidVersion, MigrationVersion};
use crate::model::{Row, Value};

/// One row of the history, in the table's own column order except that `installed_on` comes before `installed_by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedMigration {
    /// `installed_rank`, from 0.
    pub rank: i64,
    /// The version; `None` for repeatable migrations and for SCHEMA markers.
    pub version: Option<MigrationVersion>,
    /// The description.
    pub description: String,
    /// The type.
    pub kind: MigrationType,
    /// Path relative to its location, class name, or a marker's text.
    pub script: String,
    /// The checksum, if one was recorded.
    pub checksum: Option<i32>,
    /// When, as the server writes it: local time on PostgreSQL and MySQL, UTC on SQLite.
    pub installed_on: Option<String>,
    /// By whom.
    pub installed_by: String,
    /// How long it took, in milliseconds.
    pub execution_time: i64,
    /// Whether it succeeded.
    pub success: bool,
}

/// A row that Flyway could not have written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A type that Flyway does not know.
    #[error(transparent)]
    UnknownType(#[from] UnknownType),
    /// A version that is none.
    #[error("{source} (installed_rank {rank} of the schema history table)")]
    InvalidVersion {
        /// The row's rank.
        rank: i64,
        /// Why.
        source: InvalidVersion,
    },
    /// A column without a value or with an unreadable one.
    #[error(
        "Row {row} of the schema history table has {found} in column {column}. Correct it by hand: the table must have \
         the columns that Flyway creates."
    )]
    Column {
        /// Which row, counted from 1 in the order of ranks.
        row: usize,
        /// The column.
        column: &'static str,
        /// What it holds.
        found: String,
    },
}

/// Reads rows as [`HistoryTable::rows_query`] returns them.
pub fn parse_rows(rows: &[Row]) -> Result<Vec<AppliedMigration>, HistoryError> {
    rows.iter().enumerate().map(|(index, row)| parse_row(index + 1, row)).collect()
}

fn parse_row(number: usize, row: &[Value]) -> Result<AppliedMigration, HistoryError> {
    let cells = Cells { number, row };
    let rank = cells.integer(0, "installed_rank")?.ok_or_else(|| cells.wrong(0, "installed_rank"))?;
    let version = match cells.text(1) {
        None => None,
        Some(text) => {
            let parsed = MigrationVersion::parse(text);
            Some(parsed.map_err(|source| HistoryError::InvalidVersion { rank, source })?)
        }
    };
    let checksum = match cells.integer(5, "checksum")? {
        None => None,
        Some(number) => Some(i32::try_from(number).map_err(|_| cells.wrong(5, "checksum"))?),
    };
    Ok(AppliedMigration {
        rank,
        version,
        description: cells.required(2, "description")?.to_owned(),
        kind: MigrationType::parse(cells.required(3, "type")?)?,
        script: cells.required(4, "script")?.to_owned(),
        checksum,
        installed_on: cells.text(6).map(str::to_owned),
        installed_by: cells.text(7).unwrap_or_default().to_owned(),
        execution_time: cells.integer(8, "execution_time")?.unwrap_or_default(),
        success: cells.truth(9, "success")?,
    })
}

/// A row with its number, for messages.
struct Cells<'a> {
    number: usize,
    row: &'a [Value],
}

impl<'a> Cells<'a> {
    fn text(&self, index: usize) -> Option<&'a str> {
        self.row.get(index).and_then(|value| value.as_deref())
    }

    fn required(&self, index: usize, column: &'static str) -> Result<&'a str, HistoryError> {
        self.text(index).ok_or_else(|| self.wrong(index, column))
    }

    fn integer(&self, index: usize, column: &'static str) -> Result<Option<i64>, HistoryError> {
        match self.text(index) {
            None => Ok(None),
            Some(text) => text.trim().parse().map(Some).map_err(|_| self.wrong(index, column)),
        }
    }

    /// PostgreSQL sends `t` and `f`, the others numbers.
    fn truth(&self, index: usize, column: &'static str) -> Result<bool, HistoryError> {
        match self.required(index, column)? {
            "t" | "true" | "TRUE" => Ok(true),
            "f" | "false" | "FALSE" => Ok(false),
            number => number.parse::<i64>().map(|number| number != 0).map_err(|_| self.wrong(index, column)),
        }
    }

    fn wrong(&self, index: usize, column: &'static str) -> HistoryError {
        let found = self.text(index).map_or_else(|| "NULL".to_owned(), |text| format!("'{text}'"));
        HistoryError::Column { row: self.number, column, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 10]) -> Row {
        cells.iter().map(|cell| (*cell != "NULL").then(|| (*cell).to_owned())).collect()
    }

    #[test]
    fn reads_what_each_server_sends() {
        for truth in ["t", "1", "true"] {
            let rows = [row([
                "3",
                "001.2",
                "orders",
                "SQL",
                "V1.sql",
                "-5",
                "2026-01-02 03:04:05",
                "ann",
                "12",
                truth,
            ])];
            let parsed = parse_rows(&rows).unwrap();
            assert_eq!(parsed[0].rank, 3);
            assert_eq!(parsed[0].version.as_ref().unwrap().to_string(), "001.2");
            assert_eq!(parsed[0].checksum, Some(-5));
            assert_eq!(parsed[0].execution_time, 12);
            assert!(parsed[0].success);
        }
    }

    #[test]
    fn null_checksum_is_not_zero() {
        let parse = |checksum| {
            let rows = [row(["1", "1", "", "BASELINE", "", checksum, "NULL", "", "0", "f"])];
            parse_rows(&rows).unwrap().remove(0).checksum
        };
        assert_eq!(parse("NULL"), None);
        assert_eq!(parse("0"), Some(0));
    }

    #[test]
    fn names_what_it_cannot_read() {
        let broken = |cells| parse_rows(&[row(cells)]).unwrap_err().to_string();
        assert_eq!(
            broken(["1", "1", "a", "WASM", "a", "1", "NULL", "", "0", "t"]),
            "Unknown migration type 'WASM' found in schema history.\n\
             You might be missing a required extension JAR on the classpath."
        );
        assert!(
            broken(["1", "1", "NULL", "SQL", "a", "1", "NULL", "", "0", "t"])
                .contains("NULL in column description")
        );
        assert!(
            broken(["x", "1", "a", "SQL", "a", "1", "NULL", "", "0", "t"])
                .contains("'x' in column installed_rank")
        );
        assert!(
            broken(["7", "one", "a", "SQL", "a", "1", "NULL", "", "0", "t"]).contains("installed_rank 7")
        );
        assert!(broken(["1", "1", "a", "SQL", "a", "4294967296", "NULL", "", "0", "t"]).contains("checksum"));
        assert!(parse_rows(&[Vec::new()]).is_err());
    }
}
