//! The tables in which a backfill keeps where it is, and the statements on them. Pure.
//!
//! | table | a row for | lives |
//! |---|---|---|
//! | `dunlin_backfills` | each backfill | as long as its record is wanted |
//! | `dunlin_backfill_chunks` | each chunk that was planned and is not done | while a backfill is unfinished |
//! | `dunlin_backfill_workers` | each worker: what it did, in the transactions that did it | the same |
//! | `dunlin_backfill_failures` | each row in the quarantine | while there is one |

use dunlin_compat::model::Dialect;

use super::key::{KeyValue, encode};

/// One row for each backfill.
pub const RECORDS: &str = "dunlin_backfills";
/// One row for each chunk to be done.
pub const CHUNKS: &str = "dunlin_backfill_chunks";
/// One row for each worker.
pub const WORKERS: &str = "dunlin_backfill_workers";
/// One row for each row that failed.
pub const FAILURES: &str = "dunlin_backfill_failures";

/// How long a worker may keep a chunk to itself where the server has no `SKIP LOCKED`, in seconds. A worker that is slower
/// loses nothing: whoever takes over waits for its transaction.
pub const LEASE_SECONDS: u64 = 30;

/// The tables on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    dialect: Dialect,
    schema: String,
}

/// Which columns a [`Tables::read`] gives, in this order.
const RECORD_COLUMNS: &str = "name, history, work, pace, state, recorded, pass_number, last_key, bound_key, chunk_rows, \
                              estimate, rows_done, rows_changed, chunks_done, message";

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
        let table = self.dialect.quote_literal(table);
        let schema = self.dialect.quote_literal(&self.schema);
        match self.dialect {
            Dialect::Postgres => format!(
                "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relname = {table} AND n.nspname = {schema}"
            ),
            Dialect::Mysql | Dialect::Mariadb => format!(
                "SELECT 1 FROM information_schema.tables WHERE table_name = {table} AND table_schema = {schema}"
            ),
            Dialect::Sqlite => format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {table}"),
        }
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

    /// A new record. Fails when there is one of this name.
    pub fn insert(&self, record: &NewRecord<'_>) -> String {
        format!(
            "INSERT INTO {} (name, history, work, pace, state, recorded, pass_number, last_key, bound_key, next_chunk, \
             chunk_rows, estimate, rows_done, rows_changed, chunks_done, started_at) \
             VALUES ({}, {}, {}, {}, 'running', 0, 1, NULL, {}, 1, {}, {}, 0, 0, 0, {})",
            self.name(RECORDS),
            self.literal(record.name),
            self.literal(record.history),
            self.literal(record.work),
            self.literal(record.pace),
            self.optional(record.bound.map(encode).as_deref()),
            record.chunk_rows,
            record.estimate.map_or("NULL".to_owned(), |rows| rows.to_string()),
            self.now(),
        )
    }

    /// A record, or with `None` all of them, the newest first. The last two columns are the times of start and end.
    pub fn read(&self, name: Option<&str>) -> String {
        let (start, end) = (self.shown_time("started_at"), self.shown_time("ended_at"));
        let condition = name.map(|name| format!(" WHERE name = {}", self.literal(name))).unwrap_or_default();
        format!(
            "SELECT {RECORD_COLUMNS}, {start}, {end} FROM {}{condition} ORDER BY started_at DESC, name",
            self.name(RECORDS)
        )
    }

    /// Where a pass is: state, pass, last key, bound. Keeps others from planning at the same time.
    pub fn position_for_update(&self, name: &str) -> String {
        format!(
            "SELECT state, pass_number, last_key, bound_key FROM {} WHERE {}{}",
            self.name(RECORDS),
            self.named(name),
            self.for_update()
        )
    }

    /// The state alone.
    pub fn state(&self, name: &str) -> String {
        format!("SELECT state, pass_number FROM {} WHERE {}", self.name(RECORDS), self.named(name))
    }

    /// A planned chunk: its row, and where planning goes on.
    pub fn plan_chunk(&self, name: &str, chunk: &NewChunk<'_>) -> Vec<String> {
        vec![
            self.insert_chunk(name, chunk.from, chunk.to, chunk.rows),
            format!(
                "UPDATE {} SET next_chunk = next_chunk + 1, chunk_rows = {}, last_key = {} WHERE {}",
                self.name(RECORDS),
                chunk.size,
                self.literal(&encode(chunk.planned_to)),
                self.named(name)
            ),
        ]
    }

    /// A chunk of its own number, to be sent before the record's number is raised.
    fn insert_chunk(&self, name: &str, from: &KeyValue, to: &KeyValue, rows: u64) -> String {
        format!(
            "INSERT INTO {} (backfill, number, first_key, final_key, row_count) \
             SELECT name, next_chunk, {}, {}, {rows} FROM {} WHERE {}",
            self.name(CHUNKS),
            self.literal(&encode(from)),
            self.literal(&encode(to)),
            self.name(RECORDS),
            self.named(name)
        )
    }

    /// Says that nothing of the pass is left to plan.
    pub fn planned_to_the_end(&self, name: &str) -> String {
        format!("UPDATE {} SET last_key = bound_key WHERE {}", self.name(RECORDS), self.named(name))
    }

    /// The next chunk that nobody works on: number, first key, last key, rows. It stays this session's until its
    /// transaction ends, however it ends.
    pub fn claim(&self, name: &str) -> String {
        let lock = if self.dialect == Dialect::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
        format!("{} ORDER BY number LIMIT 1{lock}", self.select_chunk(name))
    }

    /// Takes a chunk for a while where the server has no `SKIP LOCKED`: one statement in a transaction of its own.
    pub fn lease(&self, name: &str, worker: &str) -> String {
        let (chunks, worker) = (self.name(CHUNKS), self.literal(worker));
        let free = format!(
            "{} AND (owner IS NULL OR owner = {worker} OR lease_until < {})",
            self.of(name),
            self.now()
        );
        let set = format!("SET owner = {worker}, lease_until = {}", self.later(LEASE_SECONDS));
        if self.dialect.is_mysql_family() {
            return format!("UPDATE {chunks} {set} WHERE {free} ORDER BY number LIMIT 1");
        }
        format!(
            "UPDATE {chunks} {set} WHERE {free} AND number = (SELECT min(number) FROM {chunks} WHERE {free})"
        )
    }

    /// The chunk that a worker has leased, if it still has it.
    pub fn leased(&self, name: &str, worker: &str) -> String {
        format!(
            "{} AND owner = {} ORDER BY number LIMIT 1{}",
            self.select_chunk(name),
            self.literal(worker),
            self.for_update()
        )
    }

    /// A chunk by its number, if it is still there; nobody else can take it then.
    pub fn chunk_for_update(&self, name: &str, number: i64) -> String {
        format!("{} AND number = {number}{}", self.select_chunk(name), self.for_update())
    }

    fn select_chunk(&self, name: &str) -> String {
        format!(
            "SELECT number, first_key, final_key, row_count FROM {} WHERE {}",
            self.name(CHUNKS),
            self.of(name)
        )
    }

    /// How many chunks are planned and not done, whoever has them.
    pub fn count_chunks(&self, name: &str) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.name(CHUNKS), self.of(name))
    }

    /// A chunk is done: in the transaction that did it.
    pub fn finish_chunk(
        &self,
        name: &str,
        number: i64,
        worker: &str,
        rows: u64,
        changed: u64,
    ) -> Vec<String> {
        vec![
            format!("DELETE FROM {} WHERE {} AND number = {number}", self.name(CHUNKS), self.of(name)),
            format!(
                "UPDATE {} SET rows_done = rows_done + {rows}, rows_changed = rows_changed + {changed}, \
                 chunks_done = chunks_done + 1, last_seen = {} WHERE {} AND worker = {}",
                self.name(WORKERS),
                self.now(),
                self.of(name),
                self.literal(worker)
            ),
        ]
    }

    /// Cuts a chunk in two: the first half stays where it is, the second becomes a chunk of its own.
    pub fn split_chunk(&self, name: &str, number: i64, halves: &Halves<'_>) -> Vec<String> {
        vec![
            format!(
                "UPDATE {} SET final_key = {}, row_count = {}, owner = NULL WHERE {} AND number = {number}",
                self.name(CHUNKS),
                self.literal(&encode(halves.first_to)),
                halves.first_rows,
                self.of(name)
            ),
            self.insert_chunk(name, halves.second_from, halves.second_to, halves.second_rows),
            format!(
                "UPDATE {} SET next_chunk = next_chunk + 1 WHERE {}",
                self.name(RECORDS),
                self.named(name)
            ),
        ]
    }

    /// A worker begins; its row is counted up by its chunks.
    pub fn enlist(&self, name: &str, worker: &str, session_id: i64) -> String {
        format!(
            "INSERT INTO {} (backfill, worker, session_id, rows_done, rows_changed, chunks_done, last_seen) \
             VALUES ({}, {}, {session_id}, 0, 0, 0, {})",
            self.name(WORKERS),
            self.literal(name),
            self.literal(worker),
            self.now()
        )
    }

    /// What all workers did, and how many were there in the last seconds.
    pub fn totals(&self, name: &str) -> String {
        format!(
            "SELECT COALESCE(SUM(rows_done), 0), COALESCE(SUM(rows_changed), 0), COALESCE(SUM(chunks_done), 0), \
             COALESCE(SUM(CASE WHEN last_seen > {} THEN 1 ELSE 0 END), 0) FROM {} WHERE {}",
            self.earlier(15),
            self.name(WORKERS),
            self.of(name)
        )
    }

    /// Asks for the right to look whether the pass is complete; granted when one row is affected.
    pub fn begin_check(&self, name: &str, pass: u64, worker: &str) -> String {
        format!(
            "UPDATE {} SET checker = {}, checked_until = {} WHERE {} AND state = 'running' AND pass_number = {pass} \
             AND (checker IS NULL OR checked_until < {})",
            self.name(RECORDS),
            self.literal(worker),
            self.later(LEASE_SECONDS * 2),
            self.named(name),
            self.now()
        )
    }

    /// Gives that right back.
    pub fn end_check(&self, name: &str, worker: &str) -> String {
        format!(
            "UPDATE {} SET checker = NULL WHERE {} AND checker = {}",
            self.name(RECORDS),
            self.named(name),
            self.literal(worker)
        )
    }

    /// Begins the next pass behind `last`, up to `bound`.
    pub fn next_pass(&self, name: &str, pass: u64, last: Option<&KeyValue>, bound: &KeyValue) -> String {
        format!(
            "UPDATE {} SET pass_number = {}, last_key = {}, bound_key = {}, checker = NULL \
             WHERE {} AND state = 'running' AND pass_number = {pass}",
            self.name(RECORDS),
            pass + 1,
            self.optional(last.map(encode).as_deref()),
            self.literal(&encode(bound)),
            self.named(name)
        )
    }

    /// The end: what the workers did goes into the record.
    pub fn finish(&self, name: &str, pass: u64) -> Vec<String> {
        let sum = |column: &str| {
            format!(
                "{column} + COALESCE((SELECT SUM(w.{column}) FROM {} w WHERE w.{}), 0)",
                self.name(WORKERS),
                self.of(name)
            )
        };
        vec![
            format!(
                "UPDATE {} SET state = 'done', ended_at = {}, message = NULL, checker = NULL, rows_done = {}, \
                 rows_changed = {}, chunks_done = {} WHERE {} AND state = 'running' AND pass_number = {pass}",
                self.name(RECORDS),
                self.now(),
                sum("rows_done"),
                sum("rows_changed"),
                sum("chunks_done"),
                self.named(name)
            ),
            // Only if it is done: another may have begun the next pass.
            format!(
                "DELETE FROM {} WHERE {} AND EXISTS (SELECT 1 FROM {} WHERE {} AND state = 'done')",
                self.name(WORKERS),
                self.of(name),
                self.name(RECORDS),
                self.named(name)
            ),
        ]
    }

    /// Changes the state of a record that is in one of `from`.
    pub fn change_state(&self, name: &str, from: &[State], to: State, message: Option<&str>) -> String {
        let from: Vec<String> = from.iter().map(|state| self.literal(state.word())).collect();
        let ended = if matches!(to, State::Cancelled) { self.now() } else { "NULL".to_owned() };
        format!(
            "UPDATE {} SET state = '{}', message = {}, ended_at = {ended}, checker = NULL WHERE {} AND state IN ({})",
            self.name(RECORDS),
            to.word(),
            self.optional(message),
            self.named(name),
            from.join(", ")
        )
    }

    /// Says that the history tells of it, so that the next run of its migration begins anew.
    pub fn set_recorded(&self, name: &str) -> String {
        format!("UPDATE {} SET recorded = 1 WHERE {}", self.name(RECORDS), self.named(name))
    }

    /// Forgets a backfill and all that belongs to it; the tables must be there.
    pub fn forget(&self, name: &str) -> Vec<String> {
        let mut statements: Vec<String> = [CHUNKS, WORKERS, FAILURES]
            .into_iter()
            .map(|table| format!("DELETE FROM {} WHERE {}", self.name(table), self.of(name)))
            .collect();
        statements.push(self.forget_record(name));
        statements
    }

    /// Forgets its quarantine alone.
    pub fn forget_failures(&self, name: &str) -> String {
        format!("DELETE FROM {} WHERE {}", self.name(FAILURES), self.of(name))
    }

    /// Forgets the record alone.
    pub fn forget_record(&self, name: &str) -> String {
        format!("DELETE FROM {} WHERE {}", self.name(RECORDS), self.named(name))
    }

    /// Puts a row into the quarantine.
    pub fn quarantine(&self, name: &str, key: &KeyValue, digest: &str, message: &str) -> String {
        let columns = "(backfill, key_digest, row_key, message, failed_at)";
        let values = format!(
            "({}, {}, {}, {}, {})",
            self.literal(name),
            self.literal(digest),
            self.literal(&encode(key)),
            self.literal(message),
            self.now()
        );
        let table = self.name(FAILURES);
        if self.dialect.is_mysql_family() {
            return format!("REPLACE INTO {table} {columns} VALUES {values}");
        }
        format!(
            "INSERT INTO {table} {columns} VALUES {values} ON CONFLICT (backfill, key_digest) DO UPDATE SET message = excluded.message"
        )
    }

    /// How many rows are in the quarantine.
    pub fn count_failures(&self, name: &str) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.name(FAILURES), self.of(name))
    }

    /// The rows in the quarantine: key, message, time.
    pub fn failures(&self, name: &str, limit: u64) -> String {
        format!(
            "SELECT row_key, message, {} FROM {} WHERE {} ORDER BY failed_at, key_digest LIMIT {limit}",
            self.shown_time("failed_at"),
            self.name(FAILURES),
            self.of(name)
        )
    }

    /// Whether any backfill is unfinished.
    pub fn unfinished(&self) -> String {
        format!("SELECT 1 FROM {} WHERE state IN ('running', 'paused', 'failed') LIMIT 1", self.name(RECORDS))
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

/// A record that begins.
#[derive(Debug, Clone)]
pub struct NewRecord<'a> {
    /// Its name.
    pub name: &'a str,
    /// The history table that its migration belongs to; empty for one without a migration.
    pub history: &'a str,
    /// What it does, as JSON.
    pub work: &'a str,
    /// How fast, as JSON.
    pub pace: &'a str,
    /// The last key at the start; `None` when there are no rows.
    pub bound: Option<&'a KeyValue>,
    /// Rows of the first chunk.
    pub chunk_rows: u64,
    /// Rows of the table.
    pub estimate: Option<u64>,
}

/// A chunk that is planned.
#[derive(Debug, Clone)]
pub struct NewChunk<'a> {
    /// Its first key.
    pub from: &'a KeyValue,
    /// Its last.
    pub to: &'a KeyValue,
    /// How many rows it has.
    pub rows: u64,
    /// Where planning goes on.
    pub planned_to: &'a KeyValue,
    /// How many rows it could have had.
    pub size: u64,
}

/// Two halves of a chunk.
#[derive(Debug, Clone)]
pub struct Halves<'a> {
    /// The last key of the first.
    pub first_to: &'a KeyValue,
    /// Its rows.
    pub first_rows: u64,
    /// The first key of the second.
    pub second_from: &'a KeyValue,
    /// Its last.
    pub second_to: &'a KeyValue,
    /// Its rows.
    pub second_rows: u64,
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
