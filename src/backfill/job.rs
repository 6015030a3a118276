//! What the workers of a backfill have in common, and the queries on its table.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::key::{Comparison, Key, KeyValue, encode};
use super::state::{Halves, Tables};
use super::table::Table;
use super::work::{Chunk, FailedRow};
use super::worker::{Claimed, first_row};
use crate::db::{Connection, DbError};

/// A backfill that runs.
pub(super) struct Job<'a> {
    pub(super) name: &'a str,
    pub(super) table: &'a Table,
    pub(super) tables: &'a Tables,
    pub(super) filter: Option<&'a str>,
    pub(super) until: Option<&'a str>,
    pub(super) quarantine_limit: u64,
    pub(super) lock_timeout: Duration,
    /// How often a worker tries again when it gets no lock in time.
    pub(super) attempts: u32,
    pub(super) skips_locked: bool,
}

/// The first and last key of rows that follow one another, and how many they are.
pub(super) struct Stretch {
    pub(super) from: KeyValue,
    pub(super) to: KeyValue,
    pub(super) rows: u64,
}

/// Where a chunk is cut.
pub(super) struct Cut {
    first_to: KeyValue,
    first_rows: u64,
    second_from: KeyValue,
    second_rows: u64,
}

impl Cut {
    pub(super) fn borrowed<'a>(&'a self, second_to: &'a KeyValue) -> Halves<'a> {
        Halves {
            first_to: &self.first_to,
            first_rows: self.first_rows,
            second_from: &self.second_from,
            second_to,
            second_rows: self.second_rows,
        }
    }
}

impl Job<'_> {
    fn key(&self) -> &Key {
        &self.table.key
    }

    /// The next `size` rows behind `last`, up to `bound`.
    pub(super) fn stretch(
        &self,
        connection: &mut dyn Connection,
        last: Option<&KeyValue>,
        bound: &KeyValue,
        size: u64,
    ) -> Result<Option<Stretch>, DbError> {
        let mut conditions: Vec<String> =
            last.map(|last| self.key().compare(Comparison::Above, last)).into_iter().collect();
        conditions.push(self.key().compare(Comparison::To, bound));
        conditions.extend(self.filter.map(in_parentheses));
        let (names, order) = (self.key().names().join(", "), self.key().order());
        let query = format!(
            "SELECT {}, place, size FROM (SELECT {names}, row_number() OVER (ORDER BY {order}) AS place, count(*) OVER () AS size \
             FROM (SELECT {names} FROM {} WHERE {} ORDER BY {order} LIMIT {size}) dunlin_next) dunlin_ends \
             WHERE place = 1 OR place = size ORDER BY place",
            self.key().selection(),
            self.table.name,
            conditions.join(" AND ")
        );
        let rows = connection.execute(&query)?.rows;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let columns = self.key().columns.len();
        let rows = last.last().and_then(|value| value.as_deref()).and_then(|text| text.parse().ok());
        Ok(Some(Stretch { from: values(first, columns), to: values(last, columns), rows: rows.unwrap_or(0) }))
    }

    /// Where to cut a chunk in two; `None` when it has not even two rows.
    pub(super) fn halves(
        &self,
        connection: &mut dyn Connection,
        chunk: &Claimed,
    ) -> Result<Option<Cut>, DbError> {
        let rows = Chunk { table: self.table, from: &chunk.from, to: &chunk.to, filter: self.filter };
        let (selection, condition, order) = (self.key().selection(), rows.condition(), self.key().order());
        let table = &self.table.name;
        let count = connection.execute(&format!("SELECT count(*) FROM {table} WHERE {condition}"))?;
        let count: u64 = first_row(count)
            .and_then(|row| row.into_iter().next().flatten())
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        if count < 2 {
            return Ok(None);
        }
        let half = count / 2;
        let middle = connection.execute(&format!(
            "SELECT {selection} FROM {table} WHERE {condition} ORDER BY {order} LIMIT 2 OFFSET {}",
            half - 1
        ))?;
        let columns = self.key().columns.len();
        let [first, second] = middle.rows.as_slice() else { return Ok(None) };
        Ok(Some(Cut {
            first_to: values(first, columns),
            first_rows: half,
            second_from: values(second, columns),
            second_rows: count - half,
        }))
    }

    /// The last key of the table, behind another one if that is given.
    pub(super) fn last_key(
        &self,
        connection: &mut dyn Connection,
        behind: Option<&KeyValue>,
    ) -> Result<Option<KeyValue>, DbError> {
        let condition = behind
            .map(|behind| format!(" WHERE {}", self.key().compare(Comparison::Above, behind)))
            .unwrap_or_default();
        let outcome = connection.execute(&format!(
            "SELECT {} FROM {}{condition} ORDER BY {} LIMIT 1",
            self.key().selection(),
            self.table.name,
            self.key().reverse_order()
        ))?;
        Ok(outcome.rows.first().map(|row| values(row, self.key().columns.len())))
    }

    /// Keys of rows that the filter still holds for, at most so many.
    pub(super) fn remaining(
        &self,
        connection: &mut dyn Connection,
        filter: &str,
        limit: u64,
    ) -> Result<Vec<KeyValue>, DbError> {
        let outcome = connection.execute(&format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {limit}",
            self.key().selection(),
            self.table.name,
            in_parentheses(filter),
            self.key().order()
        ))?;
        let columns = self.key().columns.len();
        Ok(outcome.rows.iter().map(|row| values(row, columns)).collect())
    }

    /// The statement that puts a row into the quarantine.
    pub(super) fn quarantine(&self, row: &FailedRow) -> String {
        let digest = Sha256::digest(encode(&row.key));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.tables.quarantine(self.name, &row.key, &digest, &row.message)
    }
}

/// A condition of the user's; a comment at its end ends with its line.
fn in_parentheses(condition: &str) -> String {
    format!("({condition}\n)")
}

fn values(row: &[Option<String>], columns: usize) -> KeyValue {
    row.iter().take(columns).map(|value| value.clone().unwrap_or_default()).collect()
}
