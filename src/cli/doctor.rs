//! `dunlin doctor`

use clap::Args;
use dunlin_compat::model::{ForeignKeys, Standing};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, progress};
use crate::db::{Access, Connection};
use crate::engine;

/// Say what was detected: the project, the database, the lock, and what would stop a run
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// What was found, in the order in which it is shown.
struct Findings {
    facts: Vec<(&'static str, String)>,
    obstacles: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, _arguments: &DoctorArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut findings = Findings { facts: project.describe(), obstacles: Vec::new() };
    match project.connect(Access::Read) {
        Ok(mut connection) => examine(&project, connection.as_mut(), &mut findings),
        Err(failure) => findings.obstacles.push(failure.message),
    }
    match global.format {
        Format::Json => {
            let facts: serde_json::Map<String, serde_json::Value> =
                findings.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            anstream::println!("{:#}", json!({ "facts": facts, "obstacles": findings.obstacles }));
        }
        Format::Table => {
            let width = findings.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            for (name, value) in &findings.facts {
                anstream::println!("{name:width$}  {value}");
            }
            match findings.obstacles.as_slice() {
                [] => anstream::println!("\nNothing would stop a run."),
                obstacles => {
                    anstream::println!("\nThis would stop a run:");
                    for obstacle in obstacles {
                        anstream::println!("- {obstacle}");
                    }
                }
            }
        }
    }
    Ok(if findings.obstacles.is_empty() { Exit::Done } else { Exit::Found })
}

fn examine(project: &Project, connection: &mut dyn Connection, findings: &mut Findings) {
    let adapter = project.adapter();
    let server = connection.server().clone();
    let facts = &mut findings.facts;
    facts.push(("server", format!("{} {}", server.dialect, server.version_text)));
    facts.push(("database", server.database.clone()));
    if !server.schema.is_empty() {
        facts.push(("schema", server.schema.clone()));
    }
    if !server.user.is_empty() {
        facts.push(("user", server.user.clone()));
    }
    if server.dialect == dunlin_compat::model::Dialect::Sqlite {
        let enforced = adapter.foreign_keys() == ForeignKeys::Enforced;
        facts.push((
            "foreign keys",
            if enforced { "enforced" } else { "off, as the tool leaves them" }.to_owned(),
        ));
    }
    let transactional = server.dialect.has_transactional_ddl();
    facts.push((
        "DDL",
        if transactional {
            "in one transaction with the history row"
        } else {
            "not transactional: statement by statement, journaled"
        }
        .to_owned(),
    ));
    facts.push(("lock time-out", progress::duration(project.options.lock_timeout)));
    facts.push(("history", adapter.history_table(&server)));
    for lock in engine::locks(adapter, &server) {
        match connection.lock_holder(&lock) {
            Some(holder) => {
                findings.facts.push(("lock", format!("{lock}, held by {holder}")));
                findings.obstacles.push(format!("the {lock} is held by {holder}"));
            }
            None => findings.facts.push(("lock", format!("{lock}, free"))),
        }
    }
    match engine::status(connection, adapter) {
        Ok((snapshot, entries)) => {
            let count = |standing| entries.iter().filter(|entry| entry.standing == standing).count();
            findings.facts.push((
                "migrations",
                format!("{} applied, {} pending", count(Standing::Applied), count(Standing::Pending)),
            ));
            if let Some(entry) = &snapshot.entry {
                findings.obstacles.push(format!(
                    "{} ({}) is half done: {} statements ran; `dunlin {}` continues it",
                    entry.id, entry.direction, entry.next, entry.direction
                ));
            }
            let plan = adapter.plan(&snapshot.context(connection), &dunlin_compat::model::Request::default());
            match plan {
                Ok(plan) => {
                    if let Err(error) = engine::prepare_plan(&plan, &server) {
                        findings.obstacles.push(error.to_string());
                    }
                }
                Err(error) => findings.obstacles.push(Failure::from(error).message),
            }
        }
        Err(error) => findings.obstacles.push(error.to_string()),
    }
}
