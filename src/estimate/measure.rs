//! How fast this server reads a table.

use std::time::{Duration, Instant};

use dunlin_compat::model::Dialect;

use crate::db::Connection;
use crate::ddl::TableName;
use crate::lint::TableFacts;

/// How fast a server reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// Bytes per second.
    pub bytes_per_second: u64,
    /// Whether it was measured; else it is assumed.
    pub is_measured: bool,
}

/// What is assumed where no table is large enough to measure: a disk of moderate speed.
const ASSUMED: Speed = Speed { bytes_per_second: 100 << 20, is_measured: false };

/// A smaller table tells of the round trip, and not of reading.
const LEAST_BYTES: u64 = 1 << 20;
/// As much is read at most.
const MOST_BYTES: u64 = 64 << 20;

/// Reads a part of the largest of these tables, and takes the time. Writes nothing.
pub fn measure(connection: &mut dyn Connection, tables: &[(TableName, TableFacts)]) -> Speed {
    let Some((table, facts)) = tables.iter().max_by_key(|(_, facts)| facts.bytes) else { return ASSUMED };
    if facts.bytes < LEAST_BYTES || facts.rows == 0 {
        return ASSUMED;
    }
    let dialect = connection.server().dialect;
    let quote = |text: &str| dialect.quote_identifier(text);
    let name = match &table.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&table.name)),
        None => quote(&table.name),
    };
    let share = (MOST_BYTES as f64 / facts.bytes as f64).min(1.0);
    let query = if dialect == Dialect::Postgres && share < 1.0 {
        format!("SELECT count(*) FROM {name} TABLESAMPLE SYSTEM ({})", share * 100.0)
    } else {
        // Every row is read by its own, as a change of the table reads it.
        let rows = ((facts.rows as f64 * share) as u64).max(1);
        format!("SELECT count(*) FROM (SELECT * FROM {name} LIMIT {rows}) AS part")
    };
    let begun = Instant::now();
    if connection.execute(&query).is_err() {
        return ASSUMED;
    }
    let seconds = begun.elapsed().max(Duration::from_micros(100)).as_secs_f64();
    Speed { bytes_per_second: (facts.bytes as f64 * share / seconds) as u64, is_measured: true }
}
