//! The statement journal: how far a migration without a transaction has come.
//!
//! One row per history, in a table beside it that exists only while such a migration is unfinished. A statement that can
//! share a transaction with the journal advances it there; one that cannot is marked as in flight before it is sent,
//! with a fingerprint of what it is about to change, so that [`super::resume`] can tell whether it took effect.

use dunlin_compat::model::{Adapter, Dialect, Direction, Server, Unfinished, Value};

use super::RunError;
use crate::db::{self, Connection, DbErrorKind, Outcome};

/// The journal's table.
pub const TABLE: &str = "dunlin_journal";

/// The journal of one history on one server.
#[derive(Debug, Clone)]
pub struct Journal {
    dialect: Dialect,
    table: String,
    schema: String,
    history: String,
}

/// What the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The migration.
    pub id: String,
    /// Its direction.
    pub direction: Direction,
    /// The next statement to run, from 0; the one in flight if there is one.
    pub next: usize,
    /// Whether that statement was sent and its end is not known.
    pub in_flight: bool,
    /// The state of what that statement changes, from before it was sent.
    pub fingerprint: Option<String>,
    /// What the statements before it left in the session (see [`super::session`]).
    pub session: Option<String>,
    /// The digests of all statements when the migration began.
    pub digests: Vec<String>,
    /// Whether the history tells of a failure of it.
    pub failed: bool,
    /// A code migration's [`super::replay`]: what its program was answered so far.
    pub replay: Option<String>,
    /// The number of the last of its rows, from 0. Only code has more than one.
    pub part: usize,
}

/// What is added to the journal of a code migration.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    /// The row that it goes to, from 0.
    pub part: usize,
    /// Whether that row is made of it; the one before it is there.
    pub is_new: bool,
    /// Which statement comes next.
    pub next: usize,
    /// The digests of what was done.
    pub digests: &'a [String],
    /// [`super::replay::lines`] of it.
    pub answers: &'a str,
    /// Of the statement that is about to be sent: its digest and the state of what it changes.
    pub flight: Option<&'a str>,
}

impl Entry {
    /// What adapters are told.
    pub fn unfinished(&self) -> Unfinished {
        Unfinished { id: self.id.clone(), direction: self.direction, failed: self.failed }
    }
}

impl Journal {
    /// The journal beside the adapter's history.
    pub fn new(adapter: &dyn Adapter, server: &Server) -> Journal {
        let dialect = server.dialect;
        let schema = adapter.history_schema(server);
        let table = if dialect == Dialect::Sqlite || schema.is_empty() {
            dialect.quote_identifier(TABLE)
        } else {
            format!("{}.{}", dialect.quote_identifier(&schema), dialect.quote_identifier(TABLE))
        };
        Journal { dialect, table, schema, history: adapter.history_table(server) }
    }

    /// The table's name, quoted and qualified.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// A query that returns a row exactly when the table exists.
    pub fn exists_query(&self) -> String {
        db::table_exists_query(self.dialect, &self.schema, TABLE)
    }

    /// The entry of this history; the table must exist.
    pub fn read(&self, connection: &mut dyn Connection) -> Result<Option<Entry>, RunError> {
        let query = format!(
            "SELECT migration, direction, next_statement, in_flight, fingerprint, session, digests, failed, replay FROM {} \
             WHERE {} ORDER BY part",
            self.table,
            self.own_row()
        );
        let outcome =
            connection.execute(&query).map_err(RunError::server("reading the statement journal"))?;
        Ok(outcome.rows.into_iter().map(entry_of_row).reduce(joined))
    }

    /// Statements that begin an entry, and make the table if it does not exist. On MySQL the latter commits implicitly.
    pub fn begin(&self, entry: &Entry, exists: bool) -> Vec<String> {
        let create = (!exists).then(|| self.create());
        // On MySQL, deleting a row that is not there locks the gap, and two runs that insert into it meet in a deadlock.
        let end = (!self.dialect.is_mysql_family()).then(|| self.end());
        create.into_iter().chain(end).chain([self.insert(entry)]).collect()
    }

    /// Says that statement `next` comes next and none is in flight. `session` is an expression for what the session
    /// holds now, where that is kept.
    pub fn advance(&self, next: usize, session: Option<&str>) -> String {
        let session = session.map_or_else(String::new, |session| format!(", session = {session}"));
        format!(
            "UPDATE {} SET next_statement = {next}, in_flight = 0, fingerprint = NULL{session} WHERE {}",
            self.table,
            self.own_row()
        )
    }

    /// Says that statement `next` is about to be sent, with the state of what it changes.
    pub fn mark(&self, next: usize, fingerprint: Option<&str>) -> String {
        let fingerprint =
            fingerprint.map_or_else(|| "NULL".to_owned(), |text| self.dialect.quote_literal(text));
        format!(
            "UPDATE {} SET next_statement = {next}, in_flight = 1, fingerprint = {fingerprint} WHERE {}",
            self.table,
            self.own_row()
        )
    }

    /// Adds to the journal of a code migration. A row says of the whole what the last of them says.
    pub fn add(&self, addition: &Addition<'_>) -> String {
        let Addition { part, is_new, next, digests, answers, flight } = addition;
        let fingerprint = flight.map_or_else(|| "NULL".to_owned(), |text| self.dialect.quote_literal(text));
        let in_flight = i32::from(flight.is_some());
        let digests: String = digests.iter().map(|digest| format!(" {digest}")).collect();
        let (digests, answers) = (self.dialect.quote_literal(&digests), self.dialect.quote_literal(answers));
        if *is_new {
            return format!(
                "INSERT INTO {0} (history_table, part, migration, direction, next_statement, in_flight, fingerprint, digests, \
                 failed, replay) SELECT history_table, {part}, migration, direction, {next}, {in_flight}, {fingerprint}, \
                 {digests}, failed, {answers} FROM {0} WHERE {1} AND part = {2}",
                self.table,
                self.own_row(),
                part.saturating_sub(1)
            );
        }
        let joined = |column: &str, added: &str| {
            if self.dialect.is_mysql_family() {
                format!("{column} = CONCAT(COALESCE({column}, ''), {added})")
            } else {
                format!("{column} = COALESCE({column}, '') || {added}")
            }
        };
        format!(
            "UPDATE {} SET next_statement = {next}, in_flight = {in_flight}, fingerprint = {fingerprint}, {}, {} WHERE {} AND part = {part}",
            self.table,
            joined("digests", &digests),
            joined("replay", &answers),
            self.own_row()
        )
    }

    /// Says that the history tells of the failure; belongs into the transaction that writes its row, so that the two can
    /// be compared later.
    pub fn failure_recorded(&self) -> String {
        format!("UPDATE {} SET failed = 1 WHERE {}", self.table, self.own_row())
    }

    /// Replaces the digests, after the rest of the migration was edited.
    pub fn set_digests(&self, digests: &[String]) -> String {
        format!(
            "UPDATE {} SET digests = {} WHERE {}",
            self.table,
            self.dialect.quote_literal(&digests.join(" ")),
            self.own_row()
        )
    }

    /// Ends the entry; belongs into the transaction that writes the history row.
    pub fn end(&self) -> String {
        format!("DELETE FROM {} WHERE {}", self.table, self.own_row())
    }

    /// Drops the table if no history has an entry in it. The table is locked before it is looked at: the other histories
    /// have locks of their own.
    pub fn drop_if_empty(&self, connection: &mut dyn Connection) -> Result<(), RunError> {
        let failed = || RunError::server("removing the statement journal");
        let table = &self.table;
        let drop = format!("DROP TABLE {table}");
        let (before, after) = match self.dialect {
            Dialect::Postgres => (
                vec![
                    "BEGIN".to_owned(),
                    "SET LOCAL lock_timeout = '2s'".to_owned(),
                    format!("LOCK TABLE {table}"),
                ],
                "COMMIT",
            ),
            Dialect::Mysql | Dialect::Mariadb => {
                (vec![format!("LOCK TABLES {table} WRITE")], "UNLOCK TABLES")
            }
            Dialect::Sqlite => (vec!["BEGIN IMMEDIATE".to_owned()], "COMMIT"),
        };
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        if let Err(failure) = connection.execute_many(&before) {
            let _ = connection.execute("ROLLBACK");
            let error = failure.error;
            // Somebody reads it, or it is gone already; the next run tidies up.
            return if error.is_missing_table() || error.kind == DbErrorKind::LockTimeout {
                Ok(())
            } else {
                Err(failed()(error))
            };
        }
        let result = connection
            .execute(&format!("SELECT 1 FROM {table} LIMIT 1"))
            .and_then(|left| if left.rows.is_empty() { connection.execute(&drop) } else { Ok(left) });
        let ended = connection.execute(after);
        result.and(ended).map(drop_outcome).map_err(failed())
    }

    fn own_row(&self) -> String {
        format!("history_table = {}", self.dialect.quote_literal(&self.history))
    }

    fn create(&self) -> String {
        let (name, text, options) = match self.dialect {
            Dialect::Mysql | Dialect::Mariadb => {
                ("VARCHAR(255)", "LONGTEXT", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
            }
            Dialect::Postgres | Dialect::Sqlite => ("TEXT", "TEXT", ""),
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {} (history_table {name} NOT NULL, part INTEGER NOT NULL, migration {text} NOT NULL, \
             direction VARCHAR(4) NOT NULL, next_statement INTEGER NOT NULL, in_flight INTEGER NOT NULL, fingerprint {text}, \
             session {text}, digests {text} NOT NULL, failed INTEGER NOT NULL, replay {text}, \
             PRIMARY KEY (history_table, part)){options}",
            self.table
        )
    }

    fn insert(&self, entry: &Entry) -> String {
        let literal = |text: &str| self.dialect.quote_literal(text);
        let optional = |text: &Option<String>| text.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        let verb = if self.dialect.is_mysql_family() { "REPLACE" } else { "INSERT" };
        format!(
            "{verb} INTO {} (history_table, part, migration, direction, next_statement, in_flight, fingerprint, digests, failed, \
             replay) VALUES ({}, 0, {}, {}, {}, {}, {}, {}, {}, {})",
            self.table,
            literal(&self.history),
            literal(&entry.id),
            literal(&entry.direction.to_string()),
            entry.next,
            i32::from(entry.in_flight),
            optional(&entry.fingerprint),
            literal(&entry.digests.join(" ")),
            i32::from(entry.failed),
            optional(&entry.replay)
        )
    }
}

fn drop_outcome(_: Outcome) {}

fn entry_of_row(row: Vec<Value>) -> Entry {
    let mut values = row.into_iter();
    let mut optional = || values.next().flatten();
    let id = optional().unwrap_or_default();
    let direction = if optional().as_deref() == Some("down") { Direction::Down } else { Direction::Up };
    let next = optional().and_then(|text| text.parse().ok()).unwrap_or(0);
    let in_flight = optional().as_deref() == Some("1");
    let fingerprint = optional();
    let session = optional();
    let digests = optional().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let failed = optional().as_deref() == Some("1");
    let replay = optional();
    Entry { id, direction, next, in_flight, fingerprint, session, digests, failed, replay, part: 0 }
}

/// An entry with the row that follows.
fn joined(mut entry: Entry, row: Entry) -> Entry {
    entry.digests.extend(row.digests);
    let replay = [entry.replay, row.replay].map(Option::unwrap_or_default).concat();
    Entry { digests: entry.digests, replay: Some(replay), part: entry.part + 1, ..row }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[&str]) -> Vec<Value> {
        values.iter().map(|value| Some((*value).to_owned())).collect()
    }

    #[test]
    fn a_row_reads_back_as_the_entry_it_was_written_from() {
        let entry = entry_of_row(row(&["20240101", "down", "2", "1", "abc", "1 6e=N", "aa bb", "0", "r"]));
        assert_eq!(
            entry,
            Entry {
                id: "20240101".into(),
                direction: Direction::Down,
                next: 2,
                in_flight: true,
                fingerprint: Some("abc".into()),
                session: Some("1 6e=N".into()),
                digests: vec!["aa".into(), "bb".into()],
                failed: false,
                replay: Some("r".into()),
                part: 0,
            }
        );
    }

    #[test]
    fn the_last_row_says_how_far_a_migration_came_and_all_say_what_it_did() {
        let first = entry_of_row(row(&["1", "up", "2", "1", "old", "", "aa bb", "0", "7 9\na\nb"]));
        let second = entry_of_row(row(&["1", "up", "3", "0", "", "", "cc", "0", "\nc"]));
        let entry = joined(first, second);
        assert_eq!((entry.next, entry.in_flight, entry.part), (3, false, 1));
        assert_eq!(entry.digests, ["aa", "bb", "cc"]);
        assert_eq!(entry.replay.as_deref(), Some("7 9\na\nb\nc"));
    }

    #[test]
    fn no_fingerprint_is_another_thing_than_an_empty_one() {
        let mut values = row(&["1", "up", "0", "0", "", "", "", "1"]);
        assert_eq!(entry_of_row(values.clone()).fingerprint.as_deref(), Some(""));
        values[4] = None;
        let entry = entry_of_row(values);
        assert_eq!(entry.fingerprint, None);
        assert!(entry.failed && entry.digests.is_empty());
    }
}
