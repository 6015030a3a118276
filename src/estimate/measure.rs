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
pub const ASSUMED: Speed = Speed { bytes_per_second: 100 << 20, is_measured: false };

/// A smaller table tells of the round trip, and not of reading.
const LEAST_BYTES: u64 = 1 << 20;

/// How much is read, and how long at most; SQLite has no limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    bytes: u64,
    time: Duration,
}

impl Extent {
    /// For who asks how long it takes.
    pub const THOROUGH: Extent = Extent { bytes: 64 << 20, time: Duration::from_secs(30) };
    /// For who asks something else.
    pub const BRIEF: Extent = Extent { bytes: 16 << 20, time: Duration::from_secs(2) };
}

/// Whether a table is large enough to measure on.
pub fn tells(facts: &TableFacts) -> bool {
    facts.bytes >= LEAST_BYTES && facts.rows > 0
}

/// Reads a part of the largest of these tables, and takes the time. Writes nothing.
pub fn measure(connection: &mut dyn Connection, tables: &[(TableName, TableFacts)], extent: Extent) -> Speed {
    let largest = tables.iter().max_by_key(|(_, facts)| facts.bytes);
    let Some((table, facts)) = largest.filter(|(_, facts)| tells(facts)) else { return ASSUMED };
    let dialect = connection.server().dialect;
    let quote = |text: &str| dialect.quote_identifier(text);
    let name = match &table.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&table.name)),
        None => quote(&table.name),
    };
    let share = (extent.bytes as f64 / facts.bytes as f64).min(1.0);
    let part = if dialect == Dialect::Postgres && share < 1.0 {
        format!("{name} TABLESAMPLE SYSTEM ({})", share * 100.0)
    } else {
        // Every row is read by its own, as a change of the table reads it.
        let rows = ((facts.rows as f64 * share) as u64).max(1);
        format!("(SELECT * FROM {name} LIMIT {rows}) AS part")
    };
    let begun = Instant::now();
    let is_read = read(connection, &part, extent.time);
    let took = begun.elapsed().max(Duration::from_micros(100));
    // What did not come to its end in time is at least so slow.
    if !is_read && took < extent.time {
        return ASSUMED;
    }
    Speed { bytes_per_second: (facts.bytes as f64 * share / took.as_secs_f64()) as u64, is_measured: true }
}

/// Counts rows, and gives up after a time; whether it came to the end.
fn read(connection: &mut dyn Connection, part: &str, limit: Duration) -> bool {
    let milliseconds = limit.as_millis();
    match connection.server().dialect {
        Dialect::Postgres => {
            let begun = connection.execute("BEGIN READ ONLY").is_ok();
            let limits = format!("SET LOCAL statement_timeout = {milliseconds}");
            let is_read = begun
                && connection.execute(&limits).is_ok()
                && connection.execute(&format!("SELECT count(*) FROM {part}")).is_ok();
            connection.execute("ROLLBACK").is_ok() && is_read
        }
        Dialect::Mysql => {
            let hint = format!("/*+ MAX_EXECUTION_TIME({milliseconds}) */");
            connection.execute(&format!("SELECT {hint} count(*) FROM {part}")).is_ok()
        }
        Dialect::Mariadb => {
            let limited = format!("SET STATEMENT max_statement_time = {} FOR", limit.as_secs());
            connection.execute(&format!("{limited} SELECT count(*) FROM {part}")).is_ok()
        }
        Dialect::Sqlite => connection.execute(&format!("SELECT count(*) FROM {part}")).is_ok(),
    }
}
