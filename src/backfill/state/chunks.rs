//! Statements on the chunks, and on the workers that do them.

use dunlin_compat::model::Dialect;

use super::super::key::{KeyValue, encode};
use super::{CHUNKS, RECORDS, Tables, WORKERS};

/// How long a worker may keep a chunk to itself where the server has no `SKIP LOCKED`, in seconds. A worker that is slower
/// loses nothing: whoever takes over waits for its transaction.
pub(super) const LEASE_SECONDS: u64 = 30;

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

impl Tables {
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
}
