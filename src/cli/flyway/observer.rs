//! A run in Flyway's words.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use dunlin_compat::flyway::{migrate, output};
use dunlin_compat::model::{Body, Dialect, MigrationStep, Script};

use super::console::Console;
use crate::cli::backfill::sentence;
use crate::db::Outcome;
use crate::engine::{Event, Observer};
use crate::sql;

/// Callbacks that run before Flyway has said anything about the history.
const BEFORE_HISTORY: &[&str] =
    &["beforeConnect", "afterConnect", "beforeValidate", "beforeInfo", "beforeRepair", "beforeBaseline"];
/// Callbacks that run before Flyway says which version the schema has.
const BEFORE_VERSION: &[&str] = &[
    "afterValidate",
    "afterValidateError",
    "createSchema",
    "beforeCreateSchema",
    "afterBaseline",
    "beforeMigrate",
    "beforeUndo",
];
/// Callbacks that run after Flyway has said what came of it.
const AFTER_SUMMARY: &[&str] =
    &["afterMigrateApplied", "afterMigrate", "afterBaseline", "afterRepair", "afterUndo"];

/// What the planner learns and the observer says.
#[derive(Debug, Default)]
pub struct Preface {
    /// Lines before the setup: that there is no history yet, that the rest was validated.
    pub before_setup: Vec<String>,
    /// That the run began with a baseline.
    pub baselined: Option<String>,
    /// The line before the first migration.
    pub before_migrations: Option<String>,
}

/// Shared between planner and observer.
pub type SharedPreface = Rc<RefCell<Preface>>;

/// A line that waits for the file whose execution it announces.
struct Announcement {
    path: PathBuf,
    line: Option<String>,
}

/// Prints the events of a run.
pub struct FlywayObserver<'c> {
    console: &'c Console,
    preface: SharedPreface,
    prints_results: bool,
    /// Warnings for which the current version comes first.
    warnings: Vec<String>,
    /// What was said before the run and is not repeated.
    said: Vec<String>,
    /// Migrations that began, with what is still to be said of them.
    begun: VecDeque<VecDeque<Announcement>>,
    /// Lines of callbacks that come after the summary, which the command prints; `None` before them.
    held: Option<Vec<String>>,
    /// Whether the server has DDL in transactions, so that running without one is worth a mark.
    marks_transactions: bool,
    /// The migrations that run without a transaction, by id.
    without_transaction: Vec<String>,
    /// The migrations that ended, by id, with their times.
    pub finished: Vec<(String, Duration)>,
    /// Whether a migration failed, and not a callback outside of them.
    pub migration_failed: bool,
}

impl<'c> FlywayObserver<'c> {
    /// An observer; `prints_results` shows what queries of migrations return.
    pub fn new(console: &'c Console, preface: SharedPreface, prints_results: bool) -> FlywayObserver<'c> {
        FlywayObserver {
            console,
            preface,
            prints_results,
            warnings: Vec::new(),
            said: Vec::new(),
            begun: VecDeque::new(),
            held: None,
            marks_transactions: false,
            without_transaction: Vec::new(),
            finished: Vec::new(),
            migration_failed: false,
        }
    }

    /// The same for a server that has DDL in transactions: what runs without one is marked.
    #[must_use]
    pub fn marking_transactions(mut self, marks: bool) -> FlywayObserver<'c> {
        self.marks_transactions = marks;
        self
    }

    /// A migration's title as Flyway has it (`DbMigrate.toMigrationText`).
    fn title(&self, step: &MigrationStep) -> String {
        const MARK: &str = " [non-transactional]";
        let marked = self.marks_transactions && self.without_transaction.contains(&step.id);
        if marked && !step.title.ends_with(MARK) {
            format!("{}{MARK}", step.title)
        } else {
            step.title.clone()
        }
    }

    /// The same without the warnings that were printed already.
    #[must_use]
    pub fn without(mut self, said: Vec<String>) -> FlywayObserver<'c> {
        self.said = said;
        self
    }

    /// Says what comes before the first migration, if it was not said.
    pub fn say_current_version(&mut self) {
        self.say_preface();
        let Preface { baselined, before_migrations, .. } = std::mem::take(&mut *self.preface.borrow_mut());
        if let Some(line) = baselined {
            self.console.info(&line);
        }
        // What is doubtful about a group comes before, the state of things after.
        let (first, rest): (Vec<String>, Vec<String>) = std::mem::take(&mut self.warnings)
            .into_iter()
            .partition(|warning| warning.starts_with(migrate::OF_GROUPS));
        for warning in first {
            self.warn(&warning);
        }
        if let Some(line) = before_migrations {
            self.console.info(&line);
        }
        for warning in rest {
            self.warn(&warning);
        }
    }

    /// Says what comes before the setup, if it was not said.
    pub fn say_preface(&mut self) {
        let lines = std::mem::take(&mut self.preface.borrow_mut().before_setup);
        for line in lines {
            self.console.info(&line);
        }
    }

    /// Prints what callbacks did that come after the command's summary.
    pub fn say_held(&mut self) {
        for line in self.held.take().unwrap_or_default() {
            self.console.info(&line);
        }
    }

    fn warn(&self, text: &str) {
        // Flyway does not call these warnings.
        if output::is_information(text) { self.console.info(text) } else { self.console.warn(text) }
    }

    fn say(&mut self, line: &str) {
        match &mut self.held {
            Some(held) => held.push(line.to_owned()),
            None => self.console.info(line),
        }
    }

    fn script(&mut self, name: &str, transactional: bool) {
        let event = name.split(" - ").next().unwrap_or(name);
        if !BEFORE_HISTORY.contains(&event) {
            self.say_preface();
            if AFTER_SUMMARY.contains(&event) {
                self.held.get_or_insert_default();
            }
            if !BEFORE_VERSION.contains(&event) {
                self.say_current_version();
            }
        }
        self.say(&output::callback(name, transactional));
    }

    fn started(&mut self, step: &MigrationStep, transactional: bool) {
        self.say_current_version();
        let script = |script: &Script| Announcement {
            path: script.block.source.path.clone(),
            line: Some(output::callback(&script.name, transactional && !switches_foreign_keys(script))),
        };
        if !transactional {
            self.without_transaction.push(step.id.clone());
        }
        let title = self.title(step);
        let mut lines: VecDeque<Announcement> = step.before.iter().map(script).collect();
        let runs = step.blocks.iter().any(|block| block.body != Body::Nothing);
        lines.push_back(Announcement {
            path: step.blocks.first().map(|block| block.source.path.clone()).unwrap_or_default(),
            line: runs.then(|| output::migrating(&title)),
        });
        lines.extend(step.after.iter().map(script));
        self.begun.push_back(lines);
        // Of migrations that share a transaction only the first has begun.
        if self.begun.len() == 1
            && let Some(first) = self.begun.front_mut().and_then(VecDeque::front_mut)
            && let Some(line) = first.line.take()
        {
            self.console.info(&line);
        }
    }

    /// Says what leads to the execution of a file.
    fn reached(&mut self, path: &Path) {
        while let Some(lines) = self.begun.front_mut() {
            let Some(position) = lines.iter().position(|line| line.path == path) else {
                for line in self.begun.pop_front().into_iter().flatten().filter_map(|line| line.line) {
                    self.console.info(&line);
                }
                continue;
            };
            let passed: Vec<Announcement> = lines.drain(..position).collect();
            let own = lines.front_mut().and_then(|line| line.line.take());
            for line in passed.into_iter().filter_map(|line| line.line).chain(own) {
                self.console.info(&line);
            }
            return;
        }
    }

    fn finished(&mut self, step: &MigrationStep, elapsed: Duration) {
        // All that began before it is through, too.
        for line in self.begun.pop_front().into_iter().flatten().filter_map(|line| line.line) {
            self.console.info(&line);
        }
        self.finished.push((step.id.clone(), elapsed));
    }

    fn failed(&mut self, step: &MigrationStep, rolled_back: bool) {
        self.migration_failed = true;
        let body = step.blocks.first().map(|block| block.source.path.clone()).unwrap_or_default();
        if self.begun.iter().flatten().any(|line| line.path == body && line.line.is_some()) {
            self.reached(&body);
        }
        self.begun.clear();
        let title = self.title(step);
        self.console.error(&output::failed(&title, rolled_back));
    }

    fn notice(&mut self, text: &str) {
        let plain =
            ["NOTICE: ", "INFO: ", "LOG: ", "DEBUG: "].iter().find_map(|level| text.strip_prefix(level));
        match plain {
            Some(text) => self.console.info(&format!("DB: {text}")),
            None => match mysql_warning(text) {
                Some((code, message)) => {
                    self.console.warn(&format!("DB: {message} (SQL State:  - Error Code: {code})"));
                }
                None => self.console.warn(&format!("DB: {}", text.strip_prefix("WARNING: ").unwrap_or(text))),
            },
        }
    }
}

/// Code and message of `Note 1051: Unknown table 'a'`.
fn mysql_warning(text: &str) -> Option<(&str, &str)> {
    let rest = ["Note ", "Warning ", "Error "].iter().find_map(|level| text.strip_prefix(level))?;
    let (code, message) = rest.split_once(": ")?;
    code.bytes().all(|byte| byte.is_ascii_digit()).then_some((code, message))
}

/// Flyway marks a callback by what is in it, even where it shares the migration's transaction; of SQLite's statements these
/// are the ones.
fn switches_foreign_keys(script: &Script) -> bool {
    let text = &script.block.source.text;
    text.to_ascii_lowercase().contains("foreign_keys")
        && sql::split(text, Dialect::Sqlite).is_ok_and(|statements| {
            statements.iter().any(|statement| sql::is_foreign_keys_pragma(&statement.text))
        })
}

impl Observer for FlywayObserver<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Checked { .. } => {}
            Event::Planned { warnings, .. } => {
                let new = warnings.iter().filter(|warning| !self.said.contains(warning));
                self.warnings = new.cloned().collect();
                if self.preface.borrow().before_migrations.is_none() {
                    self.say_current_version();
                }
            }
            Event::Setup { message } => {
                self.say_preface();
                if !message.is_empty() {
                    self.console.info(message);
                }
            }
            Event::Script { name, transactional } => self.script(name, transactional),
            Event::MigrationStarted { step, transactional, .. } => self.started(step, transactional),
            Event::Resumed { step, next_statement, total } => self.console.warn(&format!(
                "{}: the first {next_statement} of {total} statements ran before; continuing behind them",
                step.title
            )),
            Event::StatementDone { path, outcome, text, .. } => {
                self.reached(path);
                self.console.debug(&format!("Executed: {text}"));
                if self.prints_results && !outcome.columns.is_empty() {
                    self.say(&result_table(outcome));
                }
            }
            // Of a stand-in; Flyway has no words for it.
            Event::Backfill { event, .. } => {
                if let Some(text) = sentence(event) {
                    self.console.info(&text);
                }
            }
            Event::Notice { text } => self.notice(text),
            Event::ProgramOutput { line }
            | Event::GuestLog { text: line, .. }
            | Event::GuestOutput { text: line } => self.console.info(line),
            Event::Retry { error, attempt, delay } => self.console.warn(&format!(
                "{}; trying again in {:.1} s (attempt {attempt})",
                error.message,
                delay.as_secs_f64()
            )),
            // Flyway has none.
            Event::LockRowWait { .. } => {}
            Event::LockWait { lock, holder, waited } => self.console.debug(&format!(
                "Waiting for the {lock}, held by {} ({} s)",
                holder.unwrap_or("another session"),
                waited.as_secs()
            )),
            Event::MigrationFinished { step, elapsed } => self.finished(step, elapsed),
            Event::MigrationFailed { step, rolled_back } => self.failed(step, rolled_back),
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
