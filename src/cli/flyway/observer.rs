//! A run in Flyway's words.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use dunlin_compat::flyway::output;

use super::console::Console;
use crate::db::Outcome;
use crate::engine::{Event, Observer};

/// What the planner learns and the observer says.
#[derive(Debug, Default)]
pub struct Preface {
    /// Lines before the setup: that there is no history yet, that the rest was validated.
    pub before_setup: Vec<String>,
    /// The line before the first migration.
    pub before_migrations: Option<String>,
}

/// Shared between planner and observer.
pub type SharedPreface = Rc<RefCell<Preface>>;

/// Prints the events of a run.
pub struct FlywayObserver<'c> {
    console: &'c Console,
    preface: SharedPreface,
    prints_results: bool,
    /// The migrations that ended, by id, with their times.
    pub finished: Vec<(String, Duration)>,
}

impl<'c> FlywayObserver<'c> {
    /// An observer; `prints_results` shows what queries of migrations return.
    pub fn new(console: &'c Console, preface: SharedPreface, prints_results: bool) -> FlywayObserver<'c> {
        FlywayObserver { console, preface, prints_results, finished: Vec::new() }
    }

    /// Says the line before the first migration, if it was not said.
    pub fn say_current_version(&self) {
        if let Some(line) = self.preface.borrow_mut().before_migrations.take() {
            self.console.info(&line);
        }
    }
}

impl Observer for FlywayObserver<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Planned { warnings, .. } => {
                for line in self.preface.borrow_mut().before_setup.drain(..) {
                    self.console.info(&line);
                }
                for warning in warnings {
                    self.console.warn(warning);
                }
            }
            Event::Setup { message } => self.console.info(message),
            Event::Script { name } => {
                self.say_current_version();
                self.console.info(&output::callback(name, true));
            }
            Event::MigrationStarted { step, .. } => {
                self.say_current_version();
                self.console.info(&output::migrating(&step.title));
            }
            Event::Resumed { step, next_statement, total } => self.console.warn(&format!(
                "{}: the first {next_statement} of {total} statements ran before; continuing behind them",
                step.title
            )),
            Event::StatementDone { outcome, text, .. } => {
                self.console.debug(&format!("Executed: {text}"));
                if self.prints_results && !outcome.columns.is_empty() {
                    self.console.info(&result_table(outcome));
                }
            }
            Event::Notice { text } => self.console.warn(&format!("DB: {text}")),
            Event::ProgramOutput { line } => self.console.info(line),
            Event::Retry { error, attempt, delay } => self.console.warn(&format!(
                "{}; trying again in {:.1} s (attempt {attempt})",
                error.message,
                delay.as_secs_f64()
            )),
            Event::LockWait { lock, holder, waited } => self.console.debug(&format!(
                "Waiting for the {lock}, held by {} ({} s)",
                holder.unwrap_or("another session"),
                waited.as_secs()
            )),
            Event::MigrationFinished { step, elapsed } => self.finished.push((step.id.clone(), elapsed)),
            Event::MigrationFailed { step, rolled_back } => {
                self.console.error(&output::failed(&step.title, rolled_back));
            }
        }
    }
}

fn result_table(outcome: &Outcome) -> String {
    let columns: Vec<&str> = outcome.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<Vec<String>> = outcome
        .rows
        .iter()
        .map(|row| row.iter().map(|value| value.clone().unwrap_or_default()).collect())
        .collect();
    output::ascii_table(&columns, &rows, "No rows returned")
}
