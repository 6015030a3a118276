//! Statements on the records: where each backfill is, its passes and its end.

use super::super::key::{KeyValue, encode};
use super::chunks::LEASE_SECONDS;
use super::{CHUNKS, FAILURES, RECORDS, State, Tables, WORKERS};

/// Which columns a [`Tables::read`] gives, in this order.
const RECORD_COLUMNS: &str = "name, history, work, pace, state, recorded, pass_number, last_key, bound_key, chunk_rows, \
                              estimate, rows_done, rows_changed, chunks_done, message";

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

impl Tables {
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

    /// Takes that right from whoever has it, dead or alive. Two that look at once do no harm: the next pass begins, and the end
    /// comes, only where the pass is still what it was.
    pub fn release_check(&self, name: &str) -> String {
        format!(
            "UPDATE {} SET checker = NULL WHERE {} AND state = 'running' AND checker IS NOT NULL",
            self.name(RECORDS),
            self.named(name)
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

    /// Forgets the record alone.
    pub fn forget_record(&self, name: &str) -> String {
        format!("DELETE FROM {} WHERE {}", self.name(RECORDS), self.named(name))
    }

    /// Whether any backfill is unfinished.
    pub fn unfinished(&self) -> String {
        format!("SELECT 1 FROM {} WHERE state IN ('running', 'paused', 'failed') LIMIT 1", self.name(RECORDS))
    }
}
