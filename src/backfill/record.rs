//! What a record says: reading `dunlin_backfills` back.

use dunlin_compat::backfill::{Pace, RowChange};
use dunlin_compat::model::Row;
use serde::{Deserialize, Serialize};

use super::key::{KeyValue, decode};
use super::state::State;

/// A backfill as its record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// The history table that its migration belongs to; empty for one without a migration.
    pub history: String,
    /// What it does, as it was written: two texts that differ are two backfills.
    pub work: String,
    /// How fast, as whoever began it wanted.
    pub pace: String,
    /// Where it stands.
    pub state: State,
    /// Whether the history tells that its migration is done.
    pub recorded: bool,
    /// Which pass over the table, from 1.
    pub pass: u64,
    /// The last key that was planned.
    pub last_key: Option<KeyValue>,
    /// The last key of the pass.
    pub bound: Option<KeyValue>,
    /// Rows of the chunk that was planned last.
    pub chunk_rows: u64,
    /// How many rows the table had, as far as known.
    pub estimate: Option<u64>,
    /// Rows done by workers that are gone.
    pub rows_done: u64,
    /// Rows changed by them.
    pub rows_changed: u64,
    /// Chunks done by them.
    pub chunks_done: u64,
    /// Why it failed.
    pub message: Option<String>,
    /// When it began, in UTC.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
}

/// What a backfill does, with the key that it goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedWork {
    /// As asked for.
    pub change: RowChange,
    /// The table's name in full.
    pub table: String,
    /// The key's columns.
    pub key: Vec<String>,
    /// What else decides what becomes of a row: the digest of a plugin.
    pub version: Option<String>,
}

impl Record {
    /// Reads a row of [`super::state::Tables::read`]; `None` when dunlin did not write it.
    pub fn of_row(row: Row) -> Option<Record> {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        Some(Record {
            name: next()?,
            history: next()?,
            work: next()?,
            pace: next()?,
            state: State::of(&next()?)?,
            recorded: next()? == "1",
            pass: next()?.parse().ok()?,
            last_key: key(next())?,
            bound: key(next())?,
            chunk_rows: next()?.parse().ok()?,
            estimate: next().and_then(|text| text.parse().ok()),
            rows_done: next()?.parse().ok()?,
            rows_changed: next()?.parse().ok()?,
            chunks_done: next()?.parse().ok()?,
            message: next(),
            started_at: next()?,
            ended_at: next(),
        })
    }

    /// What it does.
    pub fn recorded_work(&self) -> Option<RecordedWork> {
        serde_json::from_str(&self.work).ok()
    }

    /// How fast, as whoever began it wanted.
    pub fn recorded_pace(&self) -> Option<Pace> {
        serde_json::from_str(&self.pace).ok()
    }
}

/// `Some(None)` for null, `None` for what is no key.
fn key(value: Option<String>) -> Option<Option<KeyValue>> {
    value.map_or(Some(None), |text| decode(&text).map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_as_the_record_it_was_written_from() {
        let values = [
            "orders",
            "",
            "{}",
            "{}",
            "paused",
            "0",
            "2",
            "[\"7\"]",
            "",
            "500",
            "",
            "10",
            "9",
            "1",
            "",
            "2024-01-02T03:04:05Z",
            "",
        ];
        let row: Row = values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect();
        assert_eq!(Record::of_row(row.clone()), None, "the history is empty, not null");
        let mut row = row;
        row[1] = Some(String::new());
        let record = Record::of_row(row).unwrap();
        assert_eq!((record.state, record.pass), (State::Paused, 2));
        assert_eq!((record.last_key, record.bound), (Some(vec!["7".to_owned()]), None));
        assert_eq!((record.estimate, record.rows_done), (None, 10));
    }
}
