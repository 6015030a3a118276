//! `dunlin plan`

use clap::Args;
use dunlin_compat::model::{Dialect, Direction, MigrationStep, Plan, Request, Server, Step};
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global};
use crate::db::Access;
use crate::engine::{self, Prepared, UnitMode};

/// Show the exact SQL that `up` or `down` would run; writes nothing
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Plan a `down` instead of an `up`
    #[arg(long)]
    down: bool,
    /// Up to and including this version; down to but not including it
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Exit with 3 if there is anything to do
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &PlanArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let request = Request {
        direction: Some(if arguments.down { Direction::Down } else { Direction::Up }),
        to: arguments.to.clone(),
        steps: arguments.steps,
    };
    let plan = engine::plan(connection.as_mut(), project.adapter(), &request)?;
    let server = connection.server().clone();
    let prepared = engine::prepare_plan(&plan, &server)?;
    let shown = show(&plan, &prepared, &server)?;
    match global.format {
        Format::Json => {
            let steps: Vec<Value> = shown.iter().map(Shown::json).collect();
            anstream::println!("{:#}", json!({ "steps": steps, "warnings": plan.warnings }));
        }
        Format::Table => {
            for warning in &plan.warnings {
                anstream::eprintln!("warning: {warning}");
            }
            if prepared.is_empty() {
                anstream::println!("-- Nothing to do.");
            } else {
                let texts: Vec<String> = shown.iter().map(Shown::text).collect();
                anstream::print!("{}", texts.join("\n"));
            }
        }
    }
    Ok(if arguments.check && !prepared.is_empty() { Exit::Pending } else { Exit::Done })
}

/// The SQL of a plan as a script, each step under a comment.
pub fn script(plan: &Plan, server: &Server) -> Result<String, Failure> {
    let prepared = engine::prepare_plan(plan, server)?;
    let texts: Vec<String> = show(plan, &prepared, server)?.iter().map(Shown::text).collect();
    Ok(if prepared.is_empty() { "-- Nothing to do.\n".to_owned() } else { texts.join("\n") })
}

/// A step as it is shown.
struct Shown {
    title: String,
    kind: &'static str,
    how: &'static str,
    statements: Vec<String>,
}

impl Shown {
    fn json(&self) -> Value {
        json!({ "kind": self.kind, "title": self.title, "how": self.how, "statements": self.statements })
    }

    fn text(&self) -> String {
        // A title of several lines has to stay a comment.
        let mut text = format!("-- {} ({})\n", self.title.replace(['\r', '\n'], " "), self.how);
        for statement in &self.statements {
            text.push_str(statement);
            // A comment at the end would swallow the delimiter.
            let last_line = statement.rsplit(['\n', '\r']).next().unwrap_or(statement);
            if last_line.contains("--") || last_line.contains('#') {
                text.push('\n');
            }
            text.push_str(";\n");
        }
        text
    }
}

fn show(plan: &Plan, prepared: &[Prepared<'_>], server: &Server) -> Result<Vec<Shown>, Failure> {
    let mut migrations = prepared.iter();
    let mut shown = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Setup(setup) => shown.push(Shown {
                title: setup.message.clone(),
                kind: "setup",
                how: "history",
                statements: setup.statements.clone(),
            }),
            Step::Script(script) => shown.push(Shown {
                title: script.name.clone(),
                kind: "script",
                how: "callback",
                statements: crate::sql::split(&script.block.source.text, server.dialect)
                    .map_err(|error| {
                        let line = error.line + script.block.source.first_line - 1;
                        Failure::new("SYNTAX", error.to_string()).at(&script.block.source.path, line)
                    })?
                    .into_iter()
                    .map(|statement| statement.text)
                    .collect(),
            }),
            Step::Migration(migration) => {
                if let Some(prepared) = migrations.next() {
                    shown.push(show_migration(migration, prepared, server));
                }
            }
        }
    }
    Ok(shown)
}

fn show_migration(step: &MigrationStep, prepared: &Prepared<'_>, server: &Server) -> Shown {
    let begin = if server.dialect == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
    let record = || {
        let restore = step.restore.iter().cloned();
        restore.chain(step.record.success.iter().map(|statement| statement.with_elapsed("0")))
    };
    let mut statements: Vec<String> = step.session.clone();
    if prepared.is_atomic() {
        statements.push(begin.to_owned());
        statements.extend(prepared.statements().map(with_data));
        statements.extend(record());
        statements.push("COMMIT".to_owned());
    } else {
        for unit in &prepared.units {
            let transaction = unit.mode == UnitMode::Transaction;
            if transaction {
                statements.push(begin.to_owned());
            }
            statements.extend(unit.statements.iter().map(with_data));
            if let Some(block) = unit.program {
                statements.push(format!("-- runs {}", block.source.path.display()));
            }
            if transaction {
                statements.push("COMMIT".to_owned());
            }
        }
        statements.push(begin.to_owned());
        statements.extend(record());
        statements.push("COMMIT".to_owned());
    }
    Shown {
        title: format!("{} {}", step.direction, step.title),
        kind: "migration",
        how: if prepared.is_atomic() { "one transaction" } else { "statement by statement, journaled" },
        statements,
    }
}

fn with_data(statement: &engine::Statement<'_>) -> String {
    match &statement.copy_data {
        Some(data) => format!("{};\n{data}\\.\n", statement.text),
        None => statement.text.clone(),
    }
}
