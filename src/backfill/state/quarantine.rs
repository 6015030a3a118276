//! Statements on the quarantine.

use super::super::key::{KeyValue, encode};
use super::{FAILURES, Tables};

impl Tables {
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

    /// Forgets its quarantine alone.
    pub fn forget_failures(&self, name: &str) -> String {
        format!("DELETE FROM {} WHERE {}", self.name(FAILURES), self.of(name))
    }
}
