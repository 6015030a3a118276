//! MySQL and MariaDB. Statements go through the text protocol; several of them cost one round trip. Values are the
//! server's text; bytes that are not UTF-8 are given in hexadecimal, `0x0AFF`.

mod connect;
mod infile;
#[cfg(unix)]
mod tunnel;
mod typed;

pub(super) use connect::connect;

use super::error::{DbError, DbErrorKind};
use super::text::{holds_separator, is_blank, join, leading_words};
use super::{BatchError, Column, Connection, Outcome, Parameter, TypedOutcome};
use connect::Login;
use dunlin_compat::model::{Dialect, Lock, Quoting, Server, Value};
use infile::{Infile, is_local_load};
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError};

/// MySQL's limit for the name of a lock.
const LOCK_NAME_LIMIT: usize = 64;

/// What is added to a packet beside the statements.
const PACKET_OVERHEAD: usize = 1024;

/// A session on a MySQL or MariaDB server.
pub(super) struct MysqlConnection {
    login: Login,
    server: Server,
    infile: Infile,
    /// The server's `max_allowed_packet`, in bytes.
    packet_limit: usize,
    notices: Vec<String>,
}

/// The result of one statement and how many warnings it raised.
struct Answer {
    outcome: Outcome,
    warnings: u16,
}

/// Results before an error, and the error.
struct Stopped {
    done: Vec<Outcome>,
    error: DbError,
}

impl Connection for MysqlConnection {
    fn server(&self) -> &Server {
        &self.server
    }

    /// A procedure gives several results; the last is returned.
    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError> {
        if is_blank(sql, self.server.dialect) {
            return Ok(Outcome::default());
        }
        let mut outcomes = self.send(sql).map_err(|stopped| stopped.error)?;
        Ok(outcomes.pop().unwrap_or_default())
    }

    /// Statements that may give several results, or read a file, travel alone.
    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        let mut done: Vec<Outcome> = Vec::with_capacity(statements.len());
        let mut group: Vec<(usize, &str)> = Vec::new();
        let mut size = PACKET_OVERHEAD;
        for (index, sql) in statements.iter().enumerate() {
            if is_blank(sql, self.server.dialect) {
                continue;
            }
            let alone = self.travels_alone(sql);
            if !group.is_empty() && (alone || size.saturating_add(sql.len()) > self.packet_limit) {
                self.send_group(&mut group, &mut done)?;
                size = PACKET_OVERHEAD;
            }
            group.push((index, sql));
            size = size.saturating_add(sql.len() + 3);
            if alone {
                self.send_group(&mut group, &mut done)?;
                size = PACKET_OVERHEAD;
            }
        }
        self.send_group(&mut group, &mut done)?;
        done.resize(statements.len(), Outcome::default());
        Ok(done)
    }

    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        _returns_rows: bool,
    ) -> Result<TypedOutcome, DbError> {
        if !parameters.is_empty() {
            return Err(DbError::configuration("parameters must be written into the statement on MySQL"));
        }
        if is_blank(sql, self.server.dialect) {
            return Ok(TypedOutcome::default());
        }
        self.infile.check(sql)?;
        self.infile.begin(sql);
        let result = typed::query(&mut self.login.conn, sql);
        match (self.infile.finish(), result) {
            (Some(error), _) => Err(error),
            (None, result) => result.map_err(|error| failed(&error)),
        }
    }

    fn copy_in(&mut self, _statement: &str, _data: &[u8]) -> Result<u64, DbError> {
        Err(DbError::new(DbErrorKind::Statement, "COPY is PostgreSQL's; MySQL and MariaDB have LOAD DATA"))
    }

    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError> {
        let name = lock_name(lock)?;
        match self.value(&format!("SELECT GET_LOCK({name}, 0)"))? {
            Some(granted) => Ok(granted == "1"),
            None => {
                Err(DbError::new(DbErrorKind::Statement, format!("the server could not take the {lock}")))
            }
        }
    }

    fn unlock(&mut self, lock: &Lock) -> Result<(), DbError> {
        let name = lock_name(lock)?;
        self.value(&format!("SELECT RELEASE_LOCK({name})")).map(drop)
    }

    fn lock_holder(&mut self, lock: &Lock) -> Option<String> {
        let name = lock_name(lock).ok()?;
        let outcome = self
            .execute(&format!(
                "SELECT ID, USER, SUBSTRING_INDEX(HOST, ':', 1) FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK({name})"
            ))
            .ok()?;
        let mut values = outcome.rows.into_iter().next()?.into_iter();
        let (id, user, host) = (values.next()??, values.next()??, values.next()??);
        Some(format!("connection {id} ({user}, {host})"))
    }

    /// Without the privilege PROCESS only sessions of the same user are seen.
    fn session_alive(&mut self, session_id: i64) -> Result<bool, DbError> {
        let sql = format!("SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {session_id}");
        Ok(self.value(&sql)?.is_some())
    }

    fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    fn learn_quoting(&mut self) -> Result<(), DbError> {
        let sql_mode = self.value("SELECT @@sql_mode")?.unwrap_or_default();
        self.server.quoting.initial = Quoting::of_sql_mode(&sql_mode);
        Ok(())
    }

    /// A savepoint outside of a transaction is gone as soon as it is made.
    fn in_transaction(&mut self) -> Result<bool, DbError> {
        match self.send("SAVEPOINT dunlin_probe;\nRELEASE SAVEPOINT dunlin_probe") {
            Ok(_) => Ok(true),
            Err(stopped) if stopped.error.code == Some(1305) => Ok(false),
            Err(stopped) => Err(stopped.error),
        }
    }
}

impl MysqlConnection {
    /// One round trip, and another for the text of warnings if the last statement raised any. A `SHOW WARNINGS` behind
    /// a statement of the text gives that of others. An error comes with the results before it.
    fn send(&mut self, sql: &str) -> Result<Vec<Outcome>, Box<Stopped>> {
        self.infile.check(sql).map_err(|error| Box::new(Stopped { done: Vec::new(), error }))?;
        self.infile.begin(sql);
        let (answers, error) = query(&mut self.login.conn, sql);
        let infile_error = self.infile.finish();
        let last = answers.len();
        for (index, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.warnings > 0) {
            if answer.lists_warnings() {
                continue;
            }
            if let Some(list) = answers.get(index + 1).filter(|next| next.lists_warnings()) {
                self.notices.extend(list.outcome.rows.iter().filter_map(|row| warning(row)));
            } else if index + 1 == last && error.is_none() {
                self.show_warnings();
            } else {
                // Their text is gone once the next statement has run.
                self.notices.push(format!(
                    "Warning: statement {} of {last} raised {} warnings",
                    index + 1,
                    answer.warnings
                ));
            }
        }
        let outcomes = answers.into_iter().map(|answer| answer.outcome).collect();
        match (infile_error, error) {
            (Some(error), _) => Err(Box::new(Stopped { done: Vec::new(), error })),
            (None, Some(error)) => Err(Box::new(Stopped { done: outcomes, error: failed(&error) })),
            (None, None) => Ok(outcomes),
        }
    }

    /// Sends a group and empties it. `done` holds the outcomes of all statements before it.
    fn send_group(
        &mut self,
        group: &mut Vec<(usize, &str)>,
        done: &mut Vec<Outcome>,
    ) -> Result<(), Box<BatchError>> {
        let (indexes, statements): (Vec<usize>, Vec<&str>) = group.drain(..).unzip();
        if statements.is_empty() {
            return Ok(());
        }
        let (outcomes, error) = match self.send(&join(&statements).0) {
            Ok(outcomes) => (outcomes, None),
            Err(stopped) => (stopped.done, Some(stopped.error)),
        };
        let completed = outcomes.len();
        if let ([index], None) = (indexes.as_slice(), &error) {
            done.resize(*index, Outcome::default());
            done.push(outcomes.into_iter().last().unwrap_or_default());
            return Ok(());
        }
        for (index, outcome) in indexes.iter().zip(outcomes) {
            done.resize(*index, Outcome::default());
            done.push(outcome);
        }
        let Some(error) = error else { return Ok(()) };
        // A group of one that fails, fails itself, whatever it returned before.
        let failed = indexes.get(completed).or(indexes.last()).copied();
        done.resize(failed.unwrap_or_default(), Outcome::default());
        let index = failed.filter(|_| error.kind != DbErrorKind::Connection);
        Err(Box::new(BatchError { index, done: std::mem::take(done), error }))
    }

    /// Whether the results of a statement cannot be counted among those of others, or it would be another one among them.
    fn travels_alone(&self, sql: &str) -> bool {
        // Under another DELIMITER a statement keeps its own `;`, and ours behind it would be an empty statement.
        if holds_separator(sql) {
            return true;
        }
        let words = leading_words(sql, self.server.dialect, 2);
        let second = words.get(1).map(String::as_str);
        match words.first().map(String::as_str) {
            Some("CALL" | "EXECUTE" | "IF" | "CASE" | "FOR" | "LOOP" | "WHILE" | "REPEAT") => true,
            Some("BEGIN") => second == Some("NOT"),
            Some("LOAD") => is_local_load(sql),
            // MySQL keeps the separator behind a body of one statement as a part of it: `RETURN 1;`.
            Some("CREATE" | "ALTER") if self.server.dialect == Dialect::Mysql => {
                matches!(second, Some("DEFINER" | "FUNCTION" | "PROCEDURE" | "TRIGGER" | "EVENT"))
            }
            // An executable comment or a label: what is in it is not known here.
            None => true,
            Some(_) => false,
        }
    }

    fn show_warnings(&mut self) {
        let (answers, _) = query(&mut self.login.conn, "SHOW WARNINGS");
        let rows = answers.into_iter().flat_map(|answer| answer.outcome.rows);
        self.notices.extend(rows.filter_map(|row| warning(&row)));
    }

    /// The first value of the first row.
    fn value(&mut self, sql: &str) -> Result<Option<String>, DbError> {
        let outcome = self.execute(sql)?;
        Ok(outcome.rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }
}

/// A row of `SHOW WARNINGS` in words.
fn warning(row: &[Option<String>]) -> Option<String> {
    match row {
        [Some(level), Some(code), Some(message)] => Some(format!("{level} {code}: {message}")),
        _ => None,
    }
}

impl Answer {
    /// Whether this is the result of `SHOW WARNINGS`.
    fn lists_warnings(&self) -> bool {
        let columns = &self.outcome.columns;
        columns.len() == 3
            && columns.iter().zip(["Level", "Code", "Message"]).all(|(column, name)| column.name == name)
    }
}

/// Sends a text and reads all results up to an error.
fn query(conn: &mut Conn, sql: &str) -> (Vec<Answer>, Option<mysql::Error>) {
    let mut answers = Vec::new();
    let mut result = match conn.query_iter(sql) {
        Ok(result) => result,
        Err(error) => return (answers, Some(error)),
    };
    while let Some(mut set) = result.iter() {
        let columns: Vec<Column> = set
            .columns()
            .as_ref()
            .iter()
            .map(|column| Column {
                name: column.name_str().into_owned(),
                type_id: Some(u32::from(column.column_type() as u8)),
            })
            .collect();
        let (affected, warnings) = (set.affected_rows(), set.warnings());
        let mut rows = Vec::new();
        for row in set.by_ref() {
            match row {
                // The crate's name for taking a row apart; it fails only for rows that were read from before.
                Ok(row) => rows.push(row.unwrap().into_iter().map(print).collect()),
                Err(error) => return (answers, Some(error)),
            }
        }
        let affected = if columns.is_empty() { affected } else { rows.len() as u64 };
        answers.push(Answer { outcome: Outcome { columns, rows, affected }, warnings });
    }
    drop(result);
    (answers, None)
}

fn print(value: mysql::Value) -> Value {
    match value {
        mysql::Value::NULL => None,
        mysql::Value::Bytes(bytes) => Some(String::from_utf8(bytes).unwrap_or_else(|error| {
            let hex: String = error.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
            format!("0x{hex}")
        })),
        // The text protocol has no others.
        other => Some(other.as_sql(true)),
    }
}

fn lock_name(lock: &Lock) -> Result<String, DbError> {
    match lock {
        Lock::Named(name) if name.chars().count() > LOCK_NAME_LIMIT => Err(DbError::configuration(format!(
            "the name of the {lock} is longer than MySQL's {LOCK_NAME_LIMIT} characters"
        ))),
        Lock::Named(name) => Ok(Dialect::Mysql.quote_literal(name)),
        other => Err(DbError::configuration(format!("MySQL and MariaDB have no {other}"))),
    }
}

/// The server's or driver's error in neutral terms.
fn failed(error: &mysql::Error) -> DbError {
    match error {
        mysql::Error::MySqlError(server) => {
            let mut error = DbError::new(kind(server.code), server.message.clone());
            error.sqlstate = Some(server.state.clone());
            error.code = Some(i32::from(server.code));
            error
        }
        mysql::Error::IoError(error) => DbError::connection(error.to_string()),
        mysql::Error::TlsError(error) => DbError::connection(format!("TLS: {error}")),
        mysql::Error::DriverError(DriverError::PacketTooLarge) => {
            DbError::new(DbErrorKind::Statement, "the statement is larger than the protocol allows")
        }
        mysql::Error::DriverError(
            error @ (DriverError::UnknownAuthPlugin(_)
            | DriverError::OldMysqlPasswordDisabled
            | DriverError::CleartextPluginDisabled),
        ) => DbError::new(DbErrorKind::Authentication, error.to_string()),
        mysql::Error::DriverError(error) => DbError::connection(error.to_string()),
        other => DbError::connection(other.to_string()),
    }
}

fn kind(code: u16) -> DbErrorKind {
    match code {
        // Access denied; unknown or refused ways to log in; expired password.
        1044 | 1045 | 1251 | 1698 | 1820 | 1862 | 3118 | 4151 => DbErrorKind::Authentication,
        // The database does not exist.
        1049 => DbErrorKind::Configuration,
        1205 | 3572 => DbErrorKind::LockTimeout,
        1213 | 1614 => DbErrorKind::Deadlock,
        // Disk full, table full, read-only server or transaction.
        1021 | 1114 | 1290 | 1792 | 1836 | 3159 => DbErrorKind::Storage,
        // Too many connections, shutting down, host refused, killed, timed out.
        1040 | 1053 | 1129 | 1130 | 1152..=1161 | 1184 | 1203 | 1226 | 1927 | 2000..=2014 | 4031 => {
            DbErrorKind::Connection
        }
        _ => DbErrorKind::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_have_a_kind() {
        for (code, expected) in [
            (1045, DbErrorKind::Authentication),
            (1049, DbErrorKind::Configuration),
            (1205, DbErrorKind::LockTimeout),
            (1213, DbErrorKind::Deadlock),
            (1290, DbErrorKind::Storage),
            (2013, DbErrorKind::Connection),
            (1064, DbErrorKind::Statement),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_hexadecimal() {
        assert_eq!(print(mysql::Value::Bytes("é".into())).as_deref(), Some("é"));
        assert_eq!(print(mysql::Value::Bytes(vec![0x0a, 0xff])).as_deref(), Some("0x0AFF"));
        assert_eq!(print(mysql::Value::NULL), None);
    }

    #[test]
    fn names_of_locks_are_literals_of_limited_length() {
        assert_eq!(lock_name(&Lock::Named("it's".to_owned())).unwrap(), "'it''s'");
        assert!(lock_name(&Lock::Named("x".repeat(65))).is_err());
        assert!(lock_name(&Lock::DatabaseFile).is_err());
    }

    #[test]
    fn files_of_this_machine_are_read_only_if_that_is_allowed() {
        let load = "/* shop */ LOAD DATA CONCURRENT LOCAL INFILE '/etc/passwd' INTO TABLE a";
        assert!(Infile::new(false).check(load).is_err());
        assert!(Infile::new(true).check(load).is_ok());
        assert!(Infile::new(false).check("LOAD DATA INFILE 'local' INTO TABLE a").is_ok());
    }
}
