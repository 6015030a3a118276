//! Asking a guest for something else than running a migration: to write statements instead of running them, to compare a schema
//! with the project's models.

use std::sync::Arc;

use dunlin_compat::model::{Carrier, Dialect, GuestProgram};
use serde_json::Value;

use super::RunError;
use super::code_values::{self, refusal};
use super::event::{Event, Observer};
use crate::db::{Connection, DbError, DbErrorKind, Parameter, TypedOutcome};
use crate::guest::protocol::{Answer, Query, SavepointAction};
use crate::guest::{GuestSource, Steps};
use crate::sql;

/// What is asked of a guest.
#[derive(Debug)]
pub struct Call<'a> {
    /// What runs it.
    pub program: &'a Arc<GuestProgram>,
    /// Where, if it is not the project's choice.
    pub carrier: Option<Carrier>,
    /// Its name.
    pub name: &'a str,
    /// With what.
    pub arguments: &'a Value,
}

/// Has a guest do something, and returns what it gives. It may read from the server, in a transaction that is taken back at the
/// end; without a connection it may not.
///
/// # Errors
/// [`RunError::Guest`], and [`RunError::Server`] when the transaction cannot be begun.
pub fn call(
    connection: Option<&mut dyn Connection>,
    guests: &mut dyn GuestSource,
    call: &Call<'_>,
    observer: &mut dyn Observer,
) -> Result<Value, RunError> {
    let server = connection.as_ref().map(|connection| connection.server().clone());
    let mut steps = Reading { connection, observer };
    if let Some(connection) = &mut steps.connection {
        let begin = match connection.server().dialect {
            Dialect::Postgres | Dialect::Sqlite => "BEGIN",
            // Elsewhere a change of the schema would be taken back too.
            Dialect::Mysql | Dialect::Mariadb => "START TRANSACTION READ ONLY",
        };
        connection.execute(begin).map_err(RunError::server("beginning to read"))?;
    }
    let result = guests
        .get(call.program, call.carrier, server.as_ref(), &mut steps)
        .and_then(|guest| guest.call(call.name, call.arguments, &mut steps));
    if let Some(connection) = steps.connection {
        // Nothing is lost if it cannot be said: the session ends with the command.
        let _ = connection.execute("ROLLBACK");
    }
    Ok(result?)
}

/// Sends a statement of a guest. Only SQLite takes parameters; elsewhere they are written into the text.
pub(super) fn send(
    connection: &mut dyn Connection,
    text: &str,
    parameters: &[Parameter],
    types: &[Option<u32>],
    returns_rows: bool,
) -> Result<TypedOutcome, DbError> {
    let dialect = connection.server().dialect;
    if parameters.is_empty() || dialect == Dialect::Sqlite {
        return connection.execute_typed(text, parameters, returns_rows);
    }
    let literals: Vec<String> = parameters
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let literal = code_values::literal(value, dialect);
            match types.get(index).copied().flatten().and_then(code_values::type_name) {
                Some(name) if dialect == Dialect::Postgres => format!("{literal}::{name}"),
                _ => literal,
            }
        })
        .collect();
    let text = sql::bind(text, dialect, &literals)
        .map_err(|error| DbError::new(DbErrorKind::Statement, error.to_string()))?;
    connection.execute_typed(&text, &[], returns_rows)
}

/// Answers a guest that reads.
struct Reading<'c, 'o> {
    connection: Option<&'c mut dyn Connection>,
    observer: &'o mut dyn Observer,
}

/// What takes a failed statement back, so that PostgreSQL goes on in the transaction.
const SAVEPOINT: &str = "dunlin_read";

impl Reading<'_, '_> {
    fn try_query(&mut self, query: &Query) -> Result<Answer, Answer> {
        let Some(connection) = &mut self.connection else {
            return Err(refusal("no server is connected, so no statement is sent"));
        };
        let server = connection.server().clone();
        let values = query.parameters.as_deref().unwrap_or_default();
        let parameters: Result<Vec<Parameter>, String> = values.iter().map(code_values::parameter).collect();
        let parameters = parameters.map_err(refusal)?;
        let types = query.types.as_deref().unwrap_or_default();
        let found = if parameters.is_empty() {
            sql::split_quoted(&query.sql, server.dialect, server.quoting).ok()
        } else {
            None
        };
        // Blanks around a single statement are the guest's own; a text that makes no sense is the server's to refuse.
        let texts: Vec<&str> = match &found {
            Some(found) if found.is_empty() => return Ok(Answer::Result(Default::default())),
            Some(found) if found.len() > 1 && query.single => {
                return Err(code_values::several(server.dialect));
            }
            Some(found) if found.len() > 1 => found.iter().map(|statement| statement.text.as_ref()).collect(),
            _ => vec![&query.sql],
        };
        let mut last = Answer::Ok;
        for text in texts {
            if sql::classify(text, server.dialect, server.version).control.is_some() {
                return Err(refusal("this command only reads, so transactions are not the project's to end"));
            }
            let verb = sql::verb(text, server.dialect);
            let outcome = send_apart(*connection, text, &parameters, types, verb.returns_rows);
            last = match outcome {
                Ok(outcome) => code_values::result(outcome, &verb),
                Err(error) => return Err(code_values::error(&error)),
            };
        }
        Ok(last)
    }
}

fn send_apart(
    connection: &mut dyn Connection,
    text: &str,
    parameters: &[Parameter],
    types: &[Option<u32>],
    returns_rows: bool,
) -> Result<TypedOutcome, DbError> {
    if connection.server().dialect != Dialect::Postgres {
        return send(connection, text, parameters, types, returns_rows);
    }
    connection.execute(&format!("SAVEPOINT {SAVEPOINT}"))?;
    let outcome = send(connection, text, parameters, types, returns_rows);
    let back = if outcome.is_ok() { "RELEASE SAVEPOINT" } else { "ROLLBACK TO SAVEPOINT" };
    connection.execute(&format!("{back} {SAVEPOINT}"))?;
    outcome
}

impl Steps for Reading<'_, '_> {
    fn query(&mut self, query: Query) -> Answer {
        self.try_query(&query).unwrap_or_else(|refused| refused)
    }

    fn begin(&mut self) -> Answer {
        Answer::Ok
    }

    fn commit(&mut self) -> Answer {
        refusal("this command only reads, so nothing is committed")
    }

    fn rollback(&mut self) -> Answer {
        Answer::Ok
    }

    fn savepoint(&mut self, action: SavepointAction, name: &str) -> Answer {
        let Some(connection) = &mut self.connection else {
            return refusal("no server is connected, so no statement is sent");
        };
        let name = connection.server().dialect.quote_identifier(name);
        let statement = match action {
            SavepointAction::Set => format!("SAVEPOINT {name}"),
            SavepointAction::Release => format!("RELEASE SAVEPOINT {name}"),
            SavepointAction::Rollback => format!("ROLLBACK TO SAVEPOINT {name}"),
        };
        match connection.execute(&statement) {
            Ok(_) => Answer::Ok,
            Err(error) => code_values::error(&error),
        }
    }

    fn log(&mut self, level: &str, logger: &str, text: &str) {
        self.observer.event(Event::GuestLog { level, logger, text });
    }

    fn output(&mut self, text: &str) {
        self.observer.event(Event::GuestOutput { text });
    }
}
