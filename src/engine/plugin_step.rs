//! Steps that plugins do, in the transaction of their block.
//!
//! The transaction is ours: it begins before the plugin and ends behind it, with the history row or the journal. So a plugin can
//! neither end it nor leave anything behind in the session, and what is tried again is all of it, with a new instance.

use std::collections::HashMap;

use dunlin_compat::model::{Block, Dialect, PluginStep, Server};

use super::call;
use super::code_values;
use super::event::{Event, Observer};
use super::prepare::{Statement, Unit, UnitMode};
use super::run::Runner;
use crate::backfill::{mysql_kind, of_stored, of_text, postgres_kind, sqlite_kind, unwritable};
use crate::db::{Cell, Connection, DbError, DbErrorKind, Outcome, Parameter, TypedColumn, TypedOutcome};
use crate::plugin::{
    self, Column, DatabaseError, DatabaseSession, Direction, Kind, Level, PluginError, Rows, Value,
};
use crate::sql::{self, Control, Facts};

/// Under which name what plugins say is logged, where a tool logs by names.
const LOGGER: &str = "dunlin.plugin";

/// The unit of a step: one statement for journal and messages, in whose place the plugin runs.
pub(super) fn unit<'p>(block: &'p Block, step: &'p PluginStep) -> Unit<'p> {
    let source = &block.source;
    let way = if step.inverse { "the inverse of plugin" } else { "plugin" };
    let known = if step.identity.is_empty() { String::new() } else { format!(", {}", step.identity) };
    let statement = Statement {
        text: format!("-- step by {way} {}{known}", step.plugin),
        path: &source.path,
        line: source.first_line.saturating_sub(1).max(1),
        facts: Facts::default(),
        copy_data: None,
        plugin: Some(step),
        is_of_body: true,
    };
    Unit {
        mode: UnitMode::Transaction,
        statements: vec![statement],
        program: None,
        backfill: None,
        rebuilds_tables: false,
    }
}

impl Runner<'_> {
    /// Has a plugin do its step, in the transaction that is open.
    pub(super) fn run_plugin_step(
        &mut self,
        statement: &Statement<'_>,
        step: &PluginStep,
    ) -> Result<Outcome, DbError> {
        let plugin = self.options.plugins.step(&step.plugin).map_err(of_plugin)?;
        let direction = if step.inverse { Direction::Down } else { Direction::Up };
        let mut session = Session {
            connection: self.connection.as_mut(),
            observer: self.observer,
            statement,
            sent: 0,
            affected: 0,
            types: HashMap::new(),
            over: None,
        };
        let result = plugin.run(direction, &mut session);
        let Session { affected, over, .. } = session;
        // What became of the transaction is the server's word, whatever the plugin made of it.
        if let Some(error) = over {
            return Err(error);
        }
        let title = plugin.identity().to_string();
        for message in result.map_err(of_plugin)? {
            let level = match message.level {
                Level::Debug => "debug",
                Level::Info => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            let text = format!("{title}: {}", message.text);
            self.observer.event(Event::GuestLog { level, logger: LOGGER, text: &text });
        }
        Ok(Outcome { affected, ..Outcome::default() })
    }
}

/// As a failure of the statement that the step stands for.
fn of_plugin(error: PluginError) -> DbError {
    let mut failure = DbError::new(DbErrorKind::Plugin, error.to_string());
    failure.hint = error.advice();
    failure
}

/// What a plugin has of the session.
struct Session<'s> {
    connection: &'s mut dyn Connection,
    observer: &'s mut dyn Observer,
    statement: &'s Statement<'s>,
    sent: usize,
    affected: u64,
    /// PostgreSQL's types as it spells them, by OID and modifier.
    types: HashMap<(u32, i32), String>,
    /// Why the transaction is over, so that nothing more is sent.
    over: Option<DbError>,
}

impl DatabaseSession for Session<'_> {
    fn server(&self) -> plugin::Server {
        let server = self.connection.server();
        plugin::Server {
            dialect: plugin::dialect_name(server.dialect).to_owned(),
            version: server.version_text.clone(),
        }
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let outcome = self.send(sql, parameters)?;
        let columns = self.columns(&outcome.columns)?;
        let dialect = self.connection.server().dialect;
        let row = |cells: Vec<Cell>| {
            let values = cells.into_iter().zip(columns.iter().zip(&outcome.columns));
            values.map(|(cell, (column, typed))| value(dialect, cell, column.kind, typed)).collect()
        };
        let rows = outcome.rows.into_iter().map(row).collect();
        Ok(Rows { columns, rows })
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        Ok(self.send(sql, parameters)?.affected)
    }
}

impl Session<'_> {
    fn send(&mut self, text: &str, parameters: &[Value]) -> Result<TypedOutcome, DatabaseError> {
        if let Some(error) = &self.over {
            return Err(refused(format!("the transaction is over: {error}")));
        }
        let server = self.connection.server().clone();
        if let Some(reason) = refusal(text, &server) {
            return Err(refused(reason));
        }
        let parameters: Result<Vec<Parameter>, &str> =
            parameters.iter().map(|value| parameter(server.dialect, value)).collect();
        let parameters = parameters.map_err(refused)?;
        let verb = sql::verb(text, server.dialect);
        let outcome = call::send(self.connection, text, &parameters, &[], verb.returns_rows);
        let outcome = outcome.map_err(|error| self.failed(error))?;
        if outcome.columns.is_empty() {
            self.affected += outcome.affected;
        }
        self.sent += 1;
        self.observer.event(Event::StatementDone {
            path: self.statement.path,
            text,
            index: self.sent - 1,
            total: self.sent,
            outcome: &Outcome { affected: outcome.affected, ..Outcome::default() },
        });
        Ok(outcome)
    }

    fn failed(&mut self, error: DbError) -> DatabaseError {
        let told = DatabaseError {
            message: error.message.clone(),
            code: error.sqlstate.clone().or_else(|| error.code.map(|code| code.to_string())),
        };
        let ends =
            matches!(error.kind, DbErrorKind::Connection | DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
        if ends {
            self.over = Some(error);
        }
        told
    }

    /// The columns of a result, as a plugin is told of them.
    fn columns(&mut self, found: &[TypedColumn]) -> Result<Vec<Column>, DatabaseError> {
        if self.connection.server().dialect == Dialect::Postgres {
            self.learn_types(found)?;
        }
        let dialect = self.connection.server().dialect;
        Ok(found.iter().map(|column| self.column(dialect, column)).collect())
    }

    fn column(&self, dialect: Dialect, found: &TypedColumn) -> Column {
        let type_id = found.type_id.unwrap_or_default();
        let (kind, declared, nullable) = match dialect {
            Dialect::Postgres => {
                let declared = self.types.get(&(type_id, found.modifier.unwrap_or(-1)));
                (postgres_kind(postgres_type(type_id)), declared.cloned().unwrap_or_default(), true)
            }
            Dialect::Mysql | Dialect::Mariadb => {
                let declared = mysql_type(found);
                // MySQL's flag of a column that is NOT NULL.
                (mysql_kind(declared), declared.to_owned(), found.flags.unwrap_or_default() & 1 == 0)
            }
            Dialect::Sqlite => {
                let declared = found.declared.clone().unwrap_or_default();
                (sqlite_kind(&declared), declared, true)
            }
        };
        Column { name: found.name.clone(), kind, declared, nullable }
    }

    /// Asks the server how it spells types that were not seen before.
    fn learn_types(&mut self, found: &[TypedColumn]) -> Result<(), DatabaseError> {
        let all = found.iter().filter_map(|column| Some((column.type_id?, column.modifier.unwrap_or(-1))));
        let mut new: Vec<(u32, i32)> = all.filter(|key| !self.types.contains_key(key)).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        let spelled: Vec<String> =
            new.iter().map(|(oid, modifier)| format!("pg_catalog.format_type({oid}, {modifier})")).collect();
        let outcome = self.connection.execute(&format!("SELECT {}", spelled.join(", ")));
        let row = outcome.map_err(|error| self.failed(error))?.rows.into_iter().next().unwrap_or_default();
        self.types.extend(new.into_iter().zip(row.into_iter().map(Option::unwrap_or_default)));
        Ok(())
    }
}

fn refused(message: impl Into<String>) -> DatabaseError {
    DatabaseError { message: message.into(), code: None }
}

/// Why a statement has no place in a step, if it has none.
fn refusal(text: &str, server: &Server) -> Option<&'static str> {
    let dialect = server.dialect;
    // A text that makes no sense is the server's to refuse.
    let statements = sql::split_quoted(text, dialect, server.quoting).map_or(1, |found| found.len());
    if statements != 1 {
        return Some("a step sends one statement at a time");
    }
    let facts = sql::classify(text, dialect, server.version);
    if facts.control.is_some_and(|control| control != Control::Savepoint) {
        return Some("the transaction of a step is begun and ended by dunlin");
    }
    let called = dialect == Dialect::Postgres && sql::first_word(text, dialect) == "CALL";
    if facts.implicit_commit || (!called && sql::may_commit(text, dialect)) {
        return Some(
            "it would commit the transaction of the step: move it to a block `-- migrate:up` of its own",
        );
    }
    if facts.transaction.is_forbidden() {
        return Some("it does not run in a transaction: move it to a block `-- migrate:up` of its own");
    }
    if facts.copy_from_stdin {
        return Some("COPY … FROM STDIN needs a stream of data, which a step cannot send");
    }
    (facts.changes_role || facts.changes_parsing || facts.drops_locks)
        .then_some("it would change the session for what comes behind the step")
}

/// A value for a placeholder.
fn parameter(dialect: Dialect, value: &Value) -> Result<Parameter, &'static str> {
    if let Some(reason) = unwritable(dialect, value) {
        return Err(reason);
    }
    let is_plain = |text: &str| text.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9'));
    Ok(match value {
        Value::Null => Parameter::Null,
        Value::Boolean(truth) => Parameter::Boolean(*truth),
        Value::Integer(integer) => Parameter::Integer(*integer),
        Value::Float(number) => Parameter::Real(*number),
        Value::Bytes(bytes) => Parameter::Bytes(bytes.clone()),
        // As text it would be compared as a floating-point number.
        Value::Decimal(text) if dialect.is_mysql_family() && is_plain(text) => {
            Parameter::BigInteger(text.clone())
        }
        Value::Timestamp(text) if dialect != Dialect::Postgres => Parameter::Text(text.replacen('T', " ", 1)),
        _ => Parameter::Text(value.text().unwrap_or_default().to_owned()),
    })
}

/// A value of a result.
fn value(dialect: Dialect, cell: Cell, kind: Kind, column: &TypedColumn) -> Value {
    if dialect == Dialect::Sqlite {
        return of_stored(cell, kind);
    }
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => match text.strip_prefix("\\x") {
            Some(hexadecimal) if kind == Kind::Bytes => of_text(hexadecimal.to_owned(), kind),
            _ => of_text(text, kind),
        },
        Cell::Bytes(bytes) if column.type_id == Some(MYSQL_BIT) && bytes.len() < 8 => {
            Value::Integer(bytes.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte)))
        }
        Cell::Bytes(bytes) if kind == Kind::Bytes => Value::Bytes(bytes),
        // MySQL calls numbers and dates binary, too.
        Cell::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => of_text(text, kind),
            Err(error) => Value::Bytes(error.into_bytes()),
        },
        Cell::Integer(integer) => Value::Integer(integer),
        Cell::Real(number) => Value::Float(number),
    }
}

/// The catalog's name of a type; empty for those that have no kind of their own.
fn postgres_type(oid: u32) -> &'static str {
    match oid {
        19 => "name",
        1042 => "bpchar",
        _ => code_values::type_name(oid).unwrap_or_default(),
    }
}

const MYSQL_BIT: u32 = 16;
/// MySQL's number of the character set `binary`.
const BINARY: u16 = 63;
const ENUM_FLAG: u16 = 256;
const SET_FLAG: u16 = 2048;

/// The type of a column of MySQL or MariaDB, by the number that its protocol has for it.
fn mysql_type(column: &TypedColumn) -> &'static str {
    let flags = column.flags.unwrap_or_default();
    let binary = column.charset == Some(BINARY);
    match column.type_id.unwrap_or_default() {
        0 | 246 => "decimal",
        1 => "tinyint",
        2 => "smallint",
        3 => "int",
        4 => "float",
        5 => "double",
        7 | 17 => "timestamp",
        8 => "bigint",
        9 => "mediumint",
        10 | 14 => "date",
        11 | 19 => "time",
        12 | 18 => "datetime",
        13 => "year",
        MYSQL_BIT => "bit",
        245 => "json",
        247 => "enum",
        248 => "set",
        255 => "geometry",
        _ if flags & ENUM_FLAG != 0 => "enum",
        _ if flags & SET_FLAG != 0 => "set",
        249..=252 if binary => "blob",
        249..=252 => "text",
        254 if binary => "binary",
        254 => "char",
        _ if binary => "varbinary",
        _ => "varchar",
    }
}

#[cfg(test)]
mod tests {
    use dunlin_compat::model::Quoting;

    use super::*;

    fn server(dialect: Dialect) -> Server {
        Server {
            dialect,
            version: (8, 0, 30),
            version_text: "8.0.30".into(),
            database: "clinic".into(),
            schema: "clinic".into(),
            user: "clinic".into(),
            search_path: String::new(),
            session_id: 1,
            quoting: Quoting::of(dialect).into(),
            session_settings: Vec::new(),
            beginning: Vec::new(),
            reported_settings: Vec::new(),
        }
    }

    #[test]
    fn a_step_stays_in_its_transaction() {
        let (postgres, mysql, sqlite) =
            (server(Dialect::Postgres), server(Dialect::Mysql), server(Dialect::Sqlite));
        for (text, server, refused) in [
            ("UPDATE unit SET parent = 1", &postgres, false),
            ("SAVEPOINT here", &postgres, false),
            ("CREATE TABLE unit (id int)", &postgres, false),
            ("CREATE TABLE unit (id int)", &sqlite, false),
            ("CREATE TABLE unit (id int)", &mysql, true),
            ("CALL move_units()", &mysql, true),
            ("COMMIT", &postgres, true),
            ("BEGIN", &sqlite, true),
            ("SET autocommit = 1", &mysql, true),
            ("CREATE INDEX CONCURRENTLY i ON unit (id)", &postgres, true),
            ("VACUUM", &sqlite, true),
            ("COPY unit FROM STDIN", &postgres, true),
            ("SET ROLE clerk", &postgres, true),
            ("SET standard_conforming_strings = off", &postgres, true),
            ("DISCARD ALL", &postgres, true),
            ("UPDATE unit SET parent = 1; COMMIT", &postgres, true),
            ("", &postgres, true),
        ] {
            assert_eq!(refusal(text, server).is_some(), refused, "{text} on {:?}", server.dialect);
        }
    }

    #[test]
    fn values_are_what_the_columns_type_says() {
        let column = |type_id: u32, charset: u16, flags: u16| TypedColumn {
            type_id: Some(type_id),
            charset: Some(charset),
            flags: Some(flags),
            ..TypedColumn::default()
        };
        for (found, cell, expected) in [
            (column(3, 63, 1), Cell::Bytes(b"7".to_vec()), Value::Integer(7)),
            (column(246, 63, 0), Cell::Text("12.50".into()), Value::Decimal("12.50".into())),
            (column(252, 63, 0), Cell::Bytes(vec![255]), Value::Bytes(vec![255])),
            (column(252, 45, 0), Cell::Text("x".into()), Value::Text("x".into())),
            (column(254, 45, ENUM_FLAG), Cell::Text("open".into()), Value::Text("open".into())),
            (column(16, 63, 0), Cell::Bytes(vec![1, 2]), Value::Integer(258)),
            (column(245, 63, 0), Cell::Bytes(b"{}".to_vec()), Value::Json("{}".into())),
        ] {
            let kind = mysql_kind(mysql_type(&found));
            assert_eq!(value(Dialect::Mysql, cell, kind, &found), expected, "{found:?}");
        }
        let bytes =
            value(Dialect::Postgres, Cell::Text("\\x00ff".into()), Kind::Bytes, &TypedColumn::default());
        assert_eq!(bytes, Value::Bytes(vec![0, 255]));
        assert_eq!(postgres_kind(postgres_type(1184)), Kind::Timestamp);
    }

    #[test]
    fn a_decimal_is_written_as_a_number_only_if_it_is_one() {
        let decimal = |text: &str| parameter(Dialect::Mysql, &Value::Decimal(text.into())).unwrap();
        assert_eq!(decimal("-12.50"), Parameter::BigInteger("-12.50".into()));
        assert_eq!(decimal("1); DROP TABLE unit"), Parameter::Text("1); DROP TABLE unit".into()));
    }
}
