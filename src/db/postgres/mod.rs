//! PostgreSQL. Statements go through the simple query protocol: values come back as the server's text, and several
//! statements cost one round trip.

mod batch;
mod connect;
mod libpq;
mod link;

pub(super) use connect::connect;

use super::error::{DbError, DbErrorKind};
use super::text::{is_blank, leading_words};
use super::{BatchError, Connection, ErrorFields, NoticeParts, Outcome, Parameter, TypedOutcome};
use batch::Message;
use dunlin_compat::model::{Dialect, Lock, Quoting, Server};
use link::{Answers, Failure, Link};
use std::error::Error as _;
use tokio_postgres::error::ErrorPosition;

/// A session on a PostgreSQL server.
pub(super) struct PostgresConnection {
    link: Link,
    server: Server,
}

impl Connection for PostgresConnection {
    fn server(&self) -> &Server {
        &self.server
    }

    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError> {
        if is_blank(sql, Dialect::Postgres) {
            return Ok(Outcome::default());
        }
        refuse_copy(sql)?;
        refuse_nul(sql)?;
        let Answers { mut outcomes, error } = self.link.simple_query(sql);
        match error {
            Some(failure) => Err(failed(&failure, None)),
            None => Ok(outcomes.pop().unwrap_or_default()),
        }
    }

    /// Outside of a transaction the server treats the message as one: if a statement fails, those before it are
    /// rolled back although they are listed in [`BatchError::done`].
    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        // What the protocol cannot carry ends the message; what stands before it still runs.
        let refused = statements.iter().enumerate().find_map(|(index, sql)| {
            refuse_copy(sql).and_then(|()| refuse_nul(sql)).err().map(|error| (index, error))
        });
        let sendable = refused.as_ref().map_or(statements.len(), |(index, _)| *index);
        let mut done = self.send(statements.get(..sendable).unwrap_or_default())?;
        match refused {
            Some((index, error)) => {
                done.truncate(index);
                Err(Box::new(BatchError { index: Some(index), done, error }))
            }
            None => Ok(done),
        }
    }

    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        returns_rows: bool,
    ) -> Result<TypedOutcome, DbError> {
        if !parameters.is_empty() {
            return Err(DbError::configuration(
                "parameters must be written into the statement on PostgreSQL",
            ));
        }
        if is_blank(sql, Dialect::Postgres) {
            return Ok(TypedOutcome::default());
        }
        refuse_copy(sql)?;
        refuse_nul(sql)?;
        self.link.typed_query(sql, returns_rows).map_err(|failure| failed(&failure, None))
    }

    fn copy_in(&mut self, statement: &str, data: &[u8]) -> Result<u64, DbError> {
        refuse_nul(statement)?;
        // Anything else would leave the session out of step.
        if copy_direction(statement) != Some(CopyDirection::FromClient) {
            return Err(DbError::new(DbErrorKind::Statement, "only COPY … FROM STDIN takes data"));
        }
        self.link.copy_in(statement, data).map_err(|failure| failed(&failure, None))
    }

    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError> {
        let key = advisory_key(lock)?;
        Ok(self.value(&format!("SELECT pg_try_advisory_lock({key})"))?.as_deref() == Some("t"))
    }

    fn unlock(&mut self, lock: &Lock) -> Result<(), DbError> {
        let key = advisory_key(lock)?;
        self.value(&format!("SELECT pg_advisory_unlock({key})")).map(drop)
    }

    fn lock_holder(&mut self, lock: &Lock) -> Option<String> {
        let key = advisory_key(lock).ok()?;
        // A key of 64 bits is shown as two of 32.
        let (high, low) = ((key >> 32) as u32, key as u32);
        let outcome = self
            .execute(&format!(
                "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'local') \
                 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
                 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {high} AND l.objid = {low} \
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
            ))
            .ok()?;
        let mut values = outcome.rows.into_iter().next()?.into_iter();
        let (process, application, address) = (values.next()??, values.next()??, values.next()??);
        Some(if application.is_empty() {
            format!("process {process} ({address})")
        } else {
            format!("process {process} ({application}, {address})")
        })
    }

    fn session_alive(&mut self, session_id: i64) -> Result<bool, DbError> {
        Ok(self.value(&format!("SELECT 1 FROM pg_stat_activity WHERE pid = {session_id}"))?.is_some())
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.link.take_notices()
    }

    fn notice_parts(&self) -> Vec<NoticeParts> {
        self.link.notice_parts().to_vec()
    }

    fn learn_quoting(&mut self) -> Result<(), DbError> {
        let conforming = self.value("SELECT current_setting('standard_conforming_strings')")?;
        self.server.quoting.initial = quoting(conforming.as_deref().unwrap_or_default());
        Ok(())
    }

    /// Outside of a transaction every message is one of its own and begins when its statement does.
    fn in_transaction(&mut self) -> Result<bool, DbError> {
        match self.value("SELECT now() <> statement_timestamp()") {
            Ok(value) => Ok(value.as_deref() == Some("t")),
            // In a transaction that has failed.
            Err(error) if error.sqlstate.as_deref() == Some("25P02") => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl PostgresConnection {
    /// One round trip; an empty statement gives an empty outcome without being sent.
    fn send(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        let message = Message::new(
            statements
                .iter()
                .enumerate()
                .filter(|(_, sql)| !is_blank(sql, Dialect::Postgres))
                .map(|(i, sql)| (i, *sql)),
        );
        if message.text.is_empty() {
            return Ok(vec![Outcome::default(); statements.len()]);
        }
        let Answers { outcomes, error } = self.link.simple_query(&message.text);
        let completed = outcomes.len();
        let mut done = vec![Outcome::default(); statements.len()];
        for (index, outcome) in message.indexes().zip(outcomes) {
            if let Some(place) = done.get_mut(index) {
                *place = outcome;
            }
        }
        let Some(failure) = error else { return Ok(done) };
        let mut error = failed(&failure, None);
        if error.kind == DbErrorKind::Connection {
            done.truncate(message.indexes().nth(completed).unwrap_or(statements.len()));
            return Err(Box::new(BatchError { index: None, done, error }));
        }
        // Texts that the server's encoding cannot hold fail before anything is parsed.
        let whole = matches!(error.sqlstate.as_deref(), Some("22P05" | "22021"));
        let (index, position) = message.failed(completed, error.position, whole);
        error.position = position;
        // Before the first completion nothing is done, except statements that are empty.
        done.truncate(if completed == 0 { 0 } else { index.unwrap_or(0) });
        Err(Box::new(BatchError { index, done, error }))
    }

    /// The first value of the first row.
    fn value(&mut self, sql: &str) -> Result<Option<String>, DbError> {
        let outcome = self.execute(sql)?;
        Ok(outcome.rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }
}

/// How strings are read under a `standard_conforming_strings`.
fn quoting(standard_conforming_strings: &str) -> Quoting {
    let backslash_escapes = standard_conforming_strings == "off";
    Quoting { backslash_escapes, ..Quoting::of(Dialect::Postgres) }
}

fn advisory_key(lock: &Lock) -> Result<i64, DbError> {
    match lock {
        Lock::Advisory(key) => Ok(*key),
        other => Err(DbError::configuration(format!("PostgreSQL has no {other}"))),
    }
}

/// A `COPY` between server and client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyDirection {
    FromClient,
    ToClient,
}

fn copy_direction(sql: &str) -> Option<CopyDirection> {
    if leading_words(sql, Dialect::Postgres, 1).first().map(String::as_str) != Some("COPY") {
        return None;
    }
    let words: Vec<String> = sql
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let has = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
    if has("FROM", "STDIN") {
        return Some(CopyDirection::FromClient);
    }
    has("TO", "STDOUT").then_some(CopyDirection::ToClient)
}

/// `COPY` from or to the client needs messages of its own and would leave the session waiting for data.
fn refuse_copy(sql: &str) -> Result<(), DbError> {
    let message = match copy_direction(sql) {
        None => return Ok(()),
        Some(CopyDirection::FromClient) => "COPY … FROM STDIN must be followed by its data",
        Some(CopyDirection::ToClient) => "COPY … TO STDOUT is not supported: nothing would take the data",
    };
    Err(DbError::new(DbErrorKind::Statement, message))
}

fn refuse_nul(sql: &str) -> Result<(), DbError> {
    match sql.find('\0') {
        Some(_) => Err(DbError::new(
            DbErrorKind::Statement,
            "the statement holds a NUL character, which PostgreSQL cannot take",
        )),
        None => Ok(()),
    }
}

/// The server's or client's error in neutral terms.
fn failed(failure: &Failure, hint: Option<&str>) -> DbError {
    let error = match failure {
        Failure::Io(error) => return DbError::connection(error.to_string()),
        Failure::Client(error) => error,
    };
    let Some(server) = error.as_db_error() else {
        let message = chain(error);
        let password_missing = message.contains("password missing");
        let mut error = match message.starts_with("error encoding message") {
            // Larger than the protocol allows; nothing was sent.
            true => DbError::new(DbErrorKind::Statement, message),
            false => DbError::connection(message),
        };
        if password_missing {
            error = DbError::new(
                DbErrorKind::Authentication,
                "the server asks for a password and none was given",
            );
        }
        error.hint = hint.map(str::to_owned);
        return error;
    };
    let sqlstate = server.code().code();
    DbError {
        kind: kind(sqlstate),
        message: server.message().to_owned(),
        sqlstate: Some(sqlstate.to_owned()),
        code: None,
        position: match server.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        },
        detail: server.detail().map(str::to_owned),
        hint: server.hint().or(hint).map(str::to_owned),
        fields: Some(Box::new(ErrorFields {
            severity: server.severity().to_owned(),
            schema: server.schema().map(str::to_owned),
            table: server.table().map(str::to_owned),
            column: server.column().map(str::to_owned),
            data_type: server.datatype().map(str::to_owned),
            constraint: server.constraint().map(str::to_owned),
        })),
    }
}

/// The error and its causes, outermost first.
fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn kind(sqlstate: &str) -> DbErrorKind {
    match sqlstate {
        "28000" | "28P01" => DbErrorKind::Authentication,
        // The database does not exist.
        "3D000" => DbErrorKind::Configuration,
        "55P03" => DbErrorKind::LockTimeout,
        "40P01" | "40001" => DbErrorKind::Deadlock,
        "25006" | "53100" | "58030" => DbErrorKind::Storage,
        // Shut down, terminated, starting up, too many connections.
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" => DbErrorKind::Connection,
        state if state.starts_with("08") => DbErrorKind::Connection,
        _ => DbErrorKind::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_between_client_and_server_is_refused() {
        for (sql, fine) in [
            ("COPY orders FROM STDIN", false),
            ("copy orders (id, note) from stdin;", false),
            ("COPY orders TO STDOUT WITH CSV", false),
            ("COPY orders(id)FROM STDIN(FORMAT csv)", false),
            ("COPY orders FROM '/tmp/orders.csv'", true),
            ("INSERT INTO notes VALUES ('copy from stdin')", true),
        ] {
            assert_eq!(refuse_copy(sql).is_ok(), fine, "{sql}");
        }
    }

    #[test]
    fn sqlstates_have_a_kind() {
        for (sqlstate, expected) in [
            ("28P01", DbErrorKind::Authentication),
            ("55P03", DbErrorKind::LockTimeout),
            ("40001", DbErrorKind::Deadlock),
            ("08006", DbErrorKind::Connection),
            ("25006", DbErrorKind::Storage),
            ("42601", DbErrorKind::Statement),
        ] {
            assert_eq!(kind(sqlstate), expected, "{sqlstate}");
        }
    }
}
