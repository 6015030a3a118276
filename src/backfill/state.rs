//! The tables in which a backfill keeps where it is, and the statements on them, a file for each table or two. Pure.
//!
//! | table | a row for | lives |
//! |---|---|---|
//! | `dunlin_backfills` | each backfill | as long as its record is wanted |
//! | `dunlin_backfill_chunks` | each chunk that was planned and is not done | while a backfill is unfinished |
//! | `dunlin_backfill_workers` | each worker: what it did, in the transactions that did it | the same |
//! | `dunlin_backfill_failures` | each row in the quarantine | while there is one |

mod chunks;
mod quarantine;
mod records;

use dunlin_compat::model::Dialect;

pub use chunks::{Halves, NewChunk};
pub use records::NewRecord;

use crate::db;

/// One row for each backfill.
pub const RECORDS: &str = "dunlin_backfills";
/// One row for each chunk to be done.
pub const CHUNKS: &str = "dunlin_backfill_chunks";
/// One row for each worker.
pub const WORKERS: &str = "dunlin_backfill_workers";
/// One row for each row that failed.
pub const FAILURES: &str = "dunlin_backfill_failures";

/// The tables on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    dialect: Dialect,
    schema: String,
}

impl Tables {
    /// The tables in a schema; an empty one means the session's.
    pub fn new(dialect: Dialect, schema: &str) -> Tables {
        Tables { dialect, schema: schema.to_owned() }
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A table's name as SQL.
    pub fn name(&self, table: &str) -> String {
        let table = self.dialect.quote_identifier(table);
        if self.schema.is_empty() || self.dialect == Dialect::Sqlite {
            return table;
        }
        format!("{}.{table}", self.dialect.quote_identifier(&self.schema))
    }

    /// A query that returns a row exactly when the table exists.
    pub fn exists(&self, table: &str) -> String {
        db::table_exists_query(self.dialect, &self.schema, table)
    }

    /// Makes the table of records.
    pub fn create_records(&self) -> String {
        let Types { name, text, time, options } = self.types();
        format!(
            "CREATE TABLE IF NOT EXISTS {} (name {name} NOT NULL PRIMARY KEY, history {name} NOT NULL, work {text} NOT NULL, \
             pace {text} NOT NULL, state VARCHAR(16) NOT NULL, recorded INTEGER NOT NULL, pass_number INTEGER NOT NULL, \
             last_key {text}, bound_key {text}, next_chunk BIGINT NOT NULL, chunk_rows BIGINT NOT NULL, estimate BIGINT, \
             rows_done BIGINT NOT NULL, rows_changed BIGINT NOT NULL, chunks_done BIGINT NOT NULL, message {text}, \
             checker {name}, checked_until {time}, started_at {time} NOT NULL, ended_at {time}){options}",
            self.name(RECORDS)
        )
    }

    /// Makes the other tables.
    pub fn create_others(&self) -> Vec<String> {
        let Types { name, text, time, options } = self.types();
        vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {} (backfill {name} NOT NULL, number BIGINT NOT NULL, first_key {text} NOT NULL, \
                 final_key {text} NOT NULL, row_count BIGINT NOT NULL, owner {name}, lease_until {time}, \
                 PRIMARY KEY (backfill, number)){options}",
                self.name(CHUNKS)
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (backfill {name} NOT NULL, worker {name} NOT NULL, session_id BIGINT NOT NULL, \
                 rows_done BIGINT NOT NULL, rows_changed BIGINT NOT NULL, chunks_done BIGINT NOT NULL, last_seen {time} NOT NULL, \
                 PRIMARY KEY (backfill, worker)){options}",
                self.name(WORKERS)
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (backfill {name} NOT NULL, key_digest VARCHAR(64) NOT NULL, row_key {text} NOT NULL, \
                 message {text} NOT NULL, failed_at {time} NOT NULL, PRIMARY KEY (backfill, key_digest)){options}",
                self.name(FAILURES)
            ),
        ]
    }

    /// The server's time.
    pub fn now(&self) -> String {
        match self.dialect {
            Dialect::Postgres => "clock_timestamp()".to_owned(),
            Dialect::Mysql | Dialect::Mariadb => "UTC_TIMESTAMP(3)".to_owned(),
            Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')".to_owned(),
        }
    }

    fn later(&self, seconds: u64) -> String {
        self.moved(&format!("+{seconds}"))
    }

    fn earlier(&self, seconds: u64) -> String {
        self.moved(&format!("-{seconds}"))
    }

    fn moved(&self, seconds: &str) -> String {
        match self.dialect {
            Dialect::Postgres => format!("clock_timestamp() + interval '{seconds} seconds'"),
            Dialect::Mysql | Dialect::Mariadb => format!("UTC_TIMESTAMP(3) + INTERVAL {seconds} SECOND"),
            Dialect::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{seconds} seconds')"),
        }
    }

    fn shown_time(&self, column: &str) -> String {
        match self.dialect {
            Dialect::Postgres => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
            }
            Dialect::Mysql | Dialect::Mariadb => format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%sZ')"),
            Dialect::Sqlite => format!("substr({column}, 1, 19) || 'Z'"),
        }
    }

    fn types(&self) -> Types {
        match self.dialect {
            Dialect::Postgres => Types { name: "TEXT", text: "TEXT", time: "TIMESTAMPTZ", options: "" },
            Dialect::Mysql | Dialect::Mariadb => Types {
                name: "VARCHAR(255)",
                text: "LONGTEXT",
                time: "DATETIME(3)",
                options: " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            },
            Dialect::Sqlite => Types { name: "TEXT", text: "TEXT", time: "TEXT", options: "" },
        }
    }

    fn for_update(&self) -> &'static str {
        if self.dialect == Dialect::Sqlite { "" } else { " FOR UPDATE" }
    }

    fn named(&self, name: &str) -> String {
        format!("name = {}", self.literal(name))
    }

    fn of(&self, name: &str) -> String {
        format!("backfill = {}", self.literal(name))
    }

    fn literal(&self, text: &str) -> String {
        self.dialect.quote_literal(text)
    }

    fn optional(&self, text: Option<&str>) -> String {
        text.map_or_else(|| "NULL".to_owned(), |text| self.literal(text))
    }
}

struct Types {
    name: &'static str,
    text: &'static str,
    time: &'static str,
    options: &'static str,
}

/// What a backfill is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Worked on, or to be gone on with by the next run.
    Running,
    /// Told to wait.
    Paused,
    /// Stopped by an error; the next run goes on.
    Failed,
    /// Given up; the next run begins anew.
    Cancelled,
    /// At its end.
    Done,
}

impl State {
    const ALL: [State; 5] = [State::Running, State::Paused, State::Failed, State::Cancelled, State::Done];

    /// As the record says it.
    pub fn word(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Paused => "paused",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Done => "done",
        }
    }

    /// What a record says.
    pub fn of(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}
