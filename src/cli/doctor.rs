//! `dunlin doctor`

use clap::Args;
use dunlin_compat::model::{Dialect, ForeignKeys, Request, Server, Standing};
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output, progress};
use crate::db::{Access, Connection};
use crate::engine;

/// Say what was detected: the project, the database, the lock, and what would stop a run
///
/// Writes nothing. Exits with 5 if something would stop a run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin doctor
  dunlin doctor --format json")]
pub struct DoctorArgs {}

/// What was found, in the order in which it is shown.
struct Findings {
    /// The key in JSON, the label for people, the value.
    facts: Vec<(&'static str, &'static str, String)>,
    /// Each lock with its holder, if any.
    locks: Vec<(String, Option<String>)>,
    /// How many migrations are applied and pending.
    counts: Option<(usize, usize)>,
    obstacles: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, _arguments: &DoctorArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut findings =
        Findings { facts: project.describe(), locks: Vec::new(), counts: None, obstacles: Vec::new() };
    match project.connect(Access::Read) {
        Ok(mut connection) => examine(&project, connection.as_mut(), &mut findings),
        Err(failure) => findings.obstacles.push(with_help(&failure)),
    }
    match global.format {
        Format::Json => output::json(&findings.document())?,
        Format::Table => output::print(&findings.text())?,
    }
    Ok(if findings.obstacles.is_empty() { Exit::Done } else { Exit::Found })
}

impl Findings {
    fn document(&self) -> Value {
        let mut document: serde_json::Map<String, Value> =
            self.facts.iter().map(|(key, _, value)| ((*key).to_owned(), json!(value))).collect();
        document.insert("applied".to_owned(), json!(self.counts.map(|(applied, _)| applied)));
        document.insert("pending".to_owned(), json!(self.counts.map(|(_, pending)| pending)));
        let locks = self.locks.iter().map(|(lock, holder)| json!({ "lock": lock, "holder": holder }));
        document.insert("locks".to_owned(), locks.collect());
        document.insert("obstacles".to_owned(), json!(self.obstacles));
        Value::Object(document)
    }

    fn text(&self) -> String {
        let mut lines: Vec<(&str, String)> =
            self.facts.iter().map(|(_, label, value)| (*label, value.clone())).collect();
        lines.extend(self.locks.iter().map(|(lock, holder)| {
            let state = holder.as_ref().map_or("free".to_owned(), |holder| format!("held by {holder}"));
            ("lock", format!("{lock}, {state}"))
        }));
        if let Some((applied, pending)) = self.counts {
            lines.push(("migrations", format!("{applied} applied, {pending} pending")));
        }
        let width = lines.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        let mut text: String =
            lines.iter().map(|(label, value)| format!("{label:width$}  {value}\n")).collect();
        if self.obstacles.is_empty() {
            text.push_str("\nNothing would stop a run.\n");
        } else {
            text.push_str("\nThis would stop a run:\n");
            text.extend(self.obstacles.iter().map(|obstacle| format!("- {obstacle}\n")));
        }
        text
    }
}

fn examine(project: &Project, connection: &mut dyn Connection, findings: &mut Findings) {
    let adapter = project.adapter();
    let server = connection.server().clone();
    findings.facts.extend(of_server(&server, adapter.foreign_keys()));
    let lock_timeout = progress::duration(project.options.lock_timeout);
    findings.facts.push(("lockTimeout", "lock time-out", lock_timeout));
    findings.facts.push(("history", "history", adapter.history_table(&server)));
    for lock in engine::locks(adapter, &server) {
        let holder = connection.lock_holder(&lock);
        if let Some(holder) = &holder {
            findings.obstacles.push(format!("the {lock} is held by {holder}"));
        }
        findings.locks.push((lock.to_string(), holder));
    }
    if let Err(obstacles) = examine_migrations(project, connection, findings) {
        findings.obstacles.push(with_help(&obstacles));
    }
}

fn of_server(server: &Server, foreign_keys: ForeignKeys) -> Vec<(&'static str, &'static str, String)> {
    let mut facts = vec![
        ("server", "server", format!("{} {}", server.dialect, server.version_text)),
        ("database", "database", server.database.clone()),
        ("schema", "schema", server.schema.clone()),
        ("user", "user", server.user.clone()),
    ];
    facts.retain(|(_, _, value)| !value.is_empty());
    if server.dialect == Dialect::Sqlite {
        let enforced = foreign_keys == ForeignKeys::Enforced;
        let value = if enforced { "enforced" } else { "off, as the tool leaves them" };
        facts.push(("foreignKeys", "foreign keys", value.to_owned()));
    }
    let ddl = if server.dialect.has_transactional_ddl() {
        "in one transaction with the history row"
    } else {
        "not transactional: statement by statement, journaled"
    };
    facts.push(("ddl", "DDL", ddl.to_owned()));
    facts
}

fn examine_migrations(
    project: &Project,
    connection: &mut dyn Connection,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let adapter = project.adapter();
    let (snapshot, entries) = engine::status(connection, adapter)?;
    let count = |standing| entries.iter().filter(|entry| entry.standing == standing).count();
    findings.counts = Some((count(Standing::Applied), count(Standing::Pending)));
    if let Some(entry) = &snapshot.entry {
        findings.obstacles.push(format!(
            "{} ({}) is half done: {} of its statements ran; `dunlin {}` continues it",
            entry.id, entry.direction, entry.next, entry.direction
        ));
    }
    let plan = adapter.plan(&snapshot.context(connection), &Request::default())?;
    engine::prepare_plan(&plan, connection.server())?;
    Ok(())
}

/// A failure in one piece of text.
fn with_help(failure: &Failure) -> String {
    let message = match &failure.place {
        Some((path, line)) => format!("{}:{line}: {}", path.display(), failure.message),
        None => failure.message.clone(),
    };
    match &failure.help {
        Some(help) => format!("{message}. {help}"),
        None => message,
    }
}
