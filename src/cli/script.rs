//! A plan as a script for the server's own client.

use std::path::Path;

use dunlin_compat::model::{
    Adapter, Body, Dialect, Direction, ForeignKeys, MigrationStep, Plan, Server, Step,
};
use serde_json::{Value, json};

use super::failure::Failure;
use crate::engine::{self, Entry, Prepared, RunOptions, UnitMode};

/// A step as it is shown.
pub struct Shown {
    kind: &'static str,
    id: Option<String>,
    direction: Option<Direction>,
    title: String,
    /// Whether all of it is one transaction.
    transaction: Option<bool>,
    statements: Vec<Sql>,
}

/// A statement with the data that follows it.
struct Sql {
    text: String,
    copy_data: Option<String>,
}

impl From<String> for Sql {
    fn from(text: String) -> Sql {
        Sql { text, copy_data: None }
    }
}

impl Shown {
    fn new(kind: &'static str, title: String, statements: Vec<String>) -> Shown {
        let statements = statements.into_iter().map(Sql::from).collect();
        Shown { kind, id: None, direction: None, title, transaction: None, statements }
    }

    /// The step in JSON.
    pub fn json(&self) -> Value {
        let statements = self.statements.iter().map(|sql| match &sql.copy_data {
            Some(data) => format!("{};\n{data}\\.\n", sql.text),
            None => sql.text.clone(),
        });
        json!({
            "kind": self.kind,
            "id": self.id,
            "direction": self.direction.map(|direction| direction.to_string()),
            "title": self.title,
            "transaction": self.transaction,
            "statements": statements.collect::<Vec<String>>(),
        })
    }

    /// The step for the server's client, under a comment.
    pub fn text(&self, dialect: Dialect) -> String {
        let how = match self.transaction {
            Some(true) => " (one transaction)",
            Some(false) => " (statement by statement, journaled)",
            None => "",
        };
        let title = self.title.replace(['\n', '\r'], " ");
        let mut text = match self.direction {
            Some(direction) => format!("-- {direction} {title}{how}\n"),
            None => format!("-- {title}{how}\n"),
        };
        for sql in &self.statements {
            text.push_str(&delimited(sql, dialect));
        }
        text
    }
}

/// A statement as the server's client reads it to its end.
fn delimited(sql: &Sql, dialect: Dialect) -> String {
    let text = &sql.text;
    if let Some(data) = &sql.copy_data {
        return format!("{text};\n{data}\\.\n");
    }
    if text.starts_with("-- ") && !text.contains('\n') {
        return format!("{text}\n");
    }
    // A comment at the end would swallow the delimiter.
    let last_line = text.rsplit(['\n', '\r']).next().unwrap_or(text);
    let line_end = if last_line.contains("--") || last_line.contains('#') { "\n" } else { "" };
    // The clients of MySQL and MariaDB cut at every delimiter outside of strings, in bodies too.
    if dialect.is_mysql_family() && text.contains(';') {
        let delimiter =
            ["//", "$$", ";;", "%%", "\\\\"].into_iter().find(|each| !text.contains(each)).unwrap_or("//");
        return format!("DELIMITER {delimiter}\n{text}{line_end}{delimiter}\nDELIMITER ;\n");
    }
    format!("{text}{line_end};\n")
}

/// Everything that a run of the plan sends, except reading, locking and the journal; of a migration that is half done
/// only the rest.
pub fn of_plan(
    adapter: &dyn Adapter,
    options: &RunOptions,
    plan: &Plan,
    prepared: &[Prepared<'_>],
    server: &Server,
    half_done: Option<&Entry>,
) -> Result<Vec<Shown>, Failure> {
    let mut migrations = prepared.iter();
    let mut shown = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Setup(setup) => {
                let mut statements = setup.statements.clone();
                if !server.dialect.is_mysql_family() {
                    let begin = if server.dialect == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
                    statements.insert(0, begin.to_owned());
                    statements.push("COMMIT".to_owned());
                }
                shown.push(Shown::new("setup", setup.message.clone(), statements));
            }
            Step::Script(script) => {
                let source = &script.block.source;
                let found = crate::sql::split_quoted(&source.text, server.dialect, server.quoting);
                let found = found.map_err(|error| {
                    let line = error.line + source.first_line - 1;
                    Failure::new("SYNTAX", error.to_string()).at(&source.path, line)
                })?;
                let statements = found.into_iter().map(|statement| statement.text).collect();
                shown.push(Shown::new("script", script.name.clone(), statements));
            }
            Step::Migration(migration) => {
                if let Some(prepared) = migrations.next() {
                    let done = half_done
                        .filter(|entry| entry.id == migration.id && entry.direction == migration.direction)
                        .map_or(0, |entry| entry.next);
                    shown.push(of_migration(adapter, options, migration, prepared, server, done));
                }
            }
        }
    }
    if !shown.is_empty() {
        let session = session(adapter, options, server);
        if !session.is_empty() {
            shown.insert(0, Shown::new("session", "The session".to_owned(), session));
        }
    }
    Ok(shown)
}

/// What the engine sets when it opens a session.
fn session(adapter: &dyn Adapter, options: &RunOptions, server: &Server) -> Vec<String> {
    let mut statements = match server.dialect {
        Dialect::Sqlite => {
            let switch = if adapter.foreign_keys() == ForeignKeys::Enforced { "ON" } else { "OFF" };
            vec![format!("PRAGMA foreign_keys = {switch}")]
        }
        Dialect::Mysql | Dialect::Mariadb if !options.lock_timeout.is_zero() => {
            vec![format!("SET SESSION lock_wait_timeout = {}", options.lock_timeout.as_secs().max(1))]
        }
        Dialect::Mysql | Dialect::Mariadb | Dialect::Postgres => Vec::new(),
    };
    statements.extend(server.beginning.iter().cloned());
    statements.extend(adapter.session_statements(server));
    statements
}

fn of_migration(
    adapter: &dyn Adapter,
    options: &RunOptions,
    step: &MigrationStep,
    prepared: &Prepared<'_>,
    server: &Server,
    mut done: usize,
) -> Shown {
    let dialect = server.dialect;
    let keys_enforced = dialect == Dialect::Sqlite && adapter.foreign_keys() == ForeignKeys::Enforced;
    let begin = begin(dialect, options);
    let record: Vec<Sql> = step
        .restore
        .iter()
        .cloned()
        .chain(step.record.success.iter().map(|statement| statement.with_elapsed("0")))
        .map(Sql::from)
        .collect();
    let mut statements: Vec<Sql> = step.session.iter().cloned().map(Sql::from).collect();
    let mut push = |sql: &str| statements.push(Sql::from(sql.to_owned()));
    let atomic = prepared.is_atomic();
    let code = step.blocks.iter().filter(|block| matches!(block.body, Body::Code(_)));
    let code: Vec<String> = code.map(|block| runs(&block.source.path, UNKNOWN)).collect();
    if atomic {
        let guards_keys = keys_enforced && prepared.units.iter().any(|unit| unit.rebuilds_tables);
        if guards_keys {
            push("PRAGMA foreign_keys = OFF");
        }
        begin.iter().for_each(|sql| push(sql));
        code.iter().for_each(|comment| push(comment));
        statements.extend(prepared.statements().map(of_statement));
        statements.extend(record);
        end(&mut statements, guards_keys);
    } else {
        code.iter().for_each(|comment| push(comment));
        for unit in &prepared.units {
            let rest = unit.statements.get(done..).unwrap_or_default();
            done = done.saturating_sub(unit.statements.len());
            if rest.is_empty() && unit.program.is_none() {
                continue;
            }
            let transaction = unit.mode == UnitMode::Transaction;
            let guards_keys = keys_enforced && transaction && unit.rebuilds_tables;
            if guards_keys {
                statements.push(Sql::from("PRAGMA foreign_keys = OFF".to_owned()));
            }
            if transaction {
                statements.extend(begin.iter().cloned().map(Sql::from));
            }
            statements.extend(rest.iter().map(of_statement));
            if let Some(block) = unit.program {
                statements.push(Sql::from(runs(&block.source.path, "")));
            }
            if transaction {
                end(&mut statements, guards_keys);
            }
        }
        statements.extend(begin.into_iter().map(Sql::from));
        statements.extend(record);
        end(&mut statements, false);
    }
    Shown {
        kind: "migration",
        id: Some(step.id.clone()),
        direction: Some(step.direction),
        title: step.title.clone(),
        transaction: Some(atomic),
        statements,
    }
}

/// What is said of code beside the file.
const UNKNOWN: &str = ", whose statements are known only then";

/// The comment in the place of what no client can run.
fn runs(path: &Path, more: &str) -> String {
    format!("-- runs {}{more}", path.display().to_string().replace(['\n', '\r'], " "))
}

/// How the engine begins a transaction of its own.
fn begin(dialect: Dialect, options: &RunOptions) -> Vec<String> {
    match dialect {
        Dialect::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
        Dialect::Mysql | Dialect::Mariadb => vec!["START TRANSACTION".to_owned()],
        Dialect::Postgres if options.lock_timeout.is_zero() => vec!["BEGIN".to_owned()],
        Dialect::Postgres => {
            vec!["BEGIN".to_owned(), format!("SET LOCAL lock_timeout = {}", options.lock_timeout.as_millis())]
        }
    }
}

fn end(statements: &mut Vec<Sql>, guards_keys: bool) {
    // A client shows what the check finds; a run stops at a row that it did not find before.
    let check = guards_keys.then_some("PRAGMA foreign_key_check");
    let switch = guards_keys.then_some("PRAGMA foreign_keys = ON");
    let all = check.into_iter().chain(["COMMIT"]).chain(switch);
    statements.extend(all.map(|sql| Sql::from(sql.to_owned())));
}

fn of_statement(statement: &engine::Statement<'_>) -> Sql {
    Sql { text: statement.text.clone(), copy_data: statement.copy_data.clone() }
}
