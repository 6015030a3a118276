//! What each command of Knex chooses to run, and how it shares transactions.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::client::Client;
use super::config::Migrations;
use super::files::{MigrationFile, duplicate};
use super::history::{self, Applied, HistoryTable};
use crate::model::{
    AdapterError, Block, Body, Carrier, Code, Context, Direction, EachStatement, GuestProgram, MigrationStep,
    Plan, Record, Setup, Source, Step, TransactionRule,
};

/// Every migration of a command shares this transaction when none opts out.
const ONE_TRANSACTION: u32 = 1;

/// A project of Knex.
#[derive(Debug, Clone)]
pub struct KnexAdapter {
    /// Which driver.
    pub client: Client,
    /// `migrations` of the configuration.
    pub migrations: Migrations,
    /// Where the history is.
    pub table: HistoryTable,
    /// The files, in the order in which they run.
    pub files: Vec<MigrationFile>,
    /// What runs them.
    pub guest: Arc<GuestProgram>,
    /// Where single migrations run, by their names.
    pub carriers: BTreeMap<String, Carrier>,
    /// What the modules say of transactions.
    pub transactions: Transactions,
    /// Where relative folders begin, absolute.
    pub working_directory: PathBuf,
    /// The knexfile, absolute, if there is one.
    pub knexfile: Option<PathBuf>,
    /// Asks modules for what `transactions` does not know.
    pub modules: Option<Arc<dyn Modules>>,
}

/// Whoever can evaluate migrations.
pub trait Modules: fmt::Debug + Send + Sync {
    /// What the modules of some files say of transactions.
    ///
    /// # Errors
    /// One of them cannot be loaded.
    fn transactions(&self, files: &[MigrationFile]) -> Result<Transactions, AdapterError>;
}

/// `config.transaction` of the migrations that are to run, by their names; only the modules know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transactions(pub BTreeMap<String, Option<bool>>);

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `migrate:latest`: all that is pending.
    Latest,
    /// `migrate:up`: the next, or a certain one.
    Up(Option<String>),
    /// `migrate:to`: what is pending up to one, and it.
    To(String),
    /// `migrate:before`: what is pending before one.
    Before(String),
    /// `migrate:rollback`: the last batch, or all.
    Rollback {
        /// `--all`
        all: bool,
    },
    /// `migrate:down`: the last, or a certain one.
    Down(Option<String>),
}

impl Command {
    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        match self {
            Command::Latest | Command::Up(_) | Command::To(_) | Command::Before(_) => Direction::Up,
            Command::Rollback { .. } | Command::Down(_) => Direction::Down,
        }
    }
}

/// What a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The files, in the order in which they run.
    pub files: Vec<MigrationFile>,
    /// Up or down.
    pub direction: Direction,
    /// The batch in which they are recorded; going down, the last one there is.
    pub batch: i64,
}

impl KnexAdapter {
    /// Chooses what a command runs.
    ///
    /// # Errors
    /// In Knex' words: the history names files that are gone, a name is unknown or was not run.
    pub fn choose(&self, rows: &[Applied], command: &Command) -> Result<Chosen, AdapterError> {
        self.validate_list(rows)?;
        let is_applied = |file: &&MigrationFile| rows.iter().any(|row| row.name == file.name);
        let pending = || self.files.iter().filter(|file| !is_applied(file));
        let up_to = |name: &str, more: usize| {
            let position = self.files.iter().position(|file| file.name == name);
            let position = position.ok_or_else(|| not_found(name))?;
            let until = self.files.iter().take(position + more);
            Ok(until.filter(|file| !is_applied(file)).cloned().collect())
        };
        let files: Vec<MigrationFile> = match command {
            Command::Latest => pending().cloned().collect(),
            Command::Up(None) => pending().next().cloned().into_iter().collect(),
            Command::Up(Some(name)) if rows.iter().any(|row| row.name == *name) => Vec::new(),
            Command::Up(Some(name)) => {
                let found = pending().find(|file| file.name == *name).cloned();
                vec![found.ok_or_else(|| not_found(name))?]
            }
            Command::To(name) => up_to(name, 1)?,
            Command::Before(name) => up_to(name, 0)?,
            Command::Rollback { all: true } => self.files.iter().rev().filter(is_applied).cloned().collect(),
            Command::Rollback { all: false } => self.last_batch(rows)?,
            Command::Down(None) => self.files.iter().rfind(is_applied).cloned().into_iter().collect(),
            Command::Down(Some(name)) => {
                let found = self.files.iter().filter(is_applied).find(|file| file.name == *name).cloned();
                vec![found.ok_or_else(|| refused(format!("Migration \"{name}\" was not run.")))?]
            }
        };
        if let Some(twice) = duplicate(&files) {
            return Err(twice);
        }
        let direction = command.direction();
        let last = rows.iter().filter_map(|row| row.batch).max().unwrap_or(0);
        let batch = if direction == Direction::Up { last + 1 } else { last };
        Ok(Chosen { files, direction, batch })
    }

    /// Each name of the history has to have a file.
    fn validate_list(&self, rows: &[Applied]) -> Result<(), AdapterError> {
        if self.migrations.disable_list_validation {
            return Ok(());
        }
        let missing = self.missing(rows);
        if missing.is_empty() {
            return Ok(());
        }
        Err(refused(corrupt(&missing)).advise(
            "Bring the files back, or set `migrations.disableMigrationsListValidation` if they are meant to be gone.",
        ))
    }

    /// Names of the history that have no file, in the order of the history.
    pub fn missing(&self, rows: &[Applied]) -> Vec<String> {
        let has_file = |row: &&Applied| self.files.iter().any(|file| file.name == row.name);
        rows.iter().filter(|row| !has_file(row)).map(|row| row.name.clone()).collect()
    }

    /// The rows with the highest batch, the last first.
    fn last_batch(&self, rows: &[Applied]) -> Result<Vec<MigrationFile>, AdapterError> {
        let Some(last) = rows.iter().filter_map(|row| row.batch).max() else { return Ok(Vec::new()) };
        let of_batch = rows.iter().rev().filter(|row| row.batch == Some(last));
        let files = of_batch.map(|row| {
            let file = self.files.iter().find(|file| file.name == row.name).cloned();
            file.ok_or_else(|| refused(corrupt(std::slice::from_ref(&row.name))))
        });
        files.collect()
    }

    /// What a command does to a database.
    ///
    /// # Errors
    /// [`KnexAdapter::choose`]'s, or a file cannot be read.
    pub fn plan_command(&self, context: &Context<'_>, command: &Command) -> Result<Plan, AdapterError> {
        let rows = history::applied(context)?;
        let chosen = self.choose(&rows, command)?;
        let asked = match &self.modules {
            Some(modules) if !chosen.files.is_empty() => Some(modules.transactions(&chosen.files)?),
            _ => None,
        };
        let transactions = asked.as_ref().unwrap_or(&self.transactions);
        let mut plan = Plan::default();
        let dialect = context.server.dialect;
        if !context.history.exists {
            plan.steps.push(Step::Setup(Setup {
                message: format!("Creating {}", self.table.quoted(dialect)),
                statements: vec![self.table.create(dialect)],
            }));
        }
        // `Migrator.latest`: one transaction for all unless one opts out; `Migrator.rollback` and `down` never have one.
        let shares = chosen.direction == Direction::Up
            && !self.migrations.disable_transactions
            && chosen.files.iter().all(|file| transactions.of(file, false));
        for file in &chosen.files {
            let in_transaction = shares || transactions.of(file, self.migrations.disable_transactions);
            let step = self.step(context, file, &chosen, (in_transaction, shares))?;
            plan.steps.push(Step::Migration(Box::new(step)));
        }
        Ok(plan)
    }

    fn step(
        &self,
        context: &Context<'_>,
        file: &MigrationFile,
        chosen: &Chosen,
        (in_transaction, shares): (bool, bool),
    ) -> Result<MigrationStep, AdapterError> {
        let source = match &file.path {
            Some(path) => Source::file(
                path,
                std::fs::read_to_string(path).map_err(|error| {
                    AdapterError::refused("FILE", format!("{} cannot be read: {error}", path.display()))
                })?,
            ),
            // Only the project's own source has the text.
            None => Source::file(self.knexfile.clone().unwrap_or_default(), ""),
        };
        let dialect = context.server.dialect;
        let record = match chosen.direction {
            Direction::Up => self.table.insert(&file.name, chosen.batch, dialect),
            Direction::Down => self.table.delete(&file.name, dialect),
        };
        let block = Block {
            source,
            body: Body::Code(Box::new(Code {
                guest: Arc::clone(&self.guest),
                carrier: self.carriers.get(&file.name).copied(),
                options: self.run_options(file, chosen, in_transaction, shares),
            })),
            transaction: if in_transaction { TransactionRule::Auto } else { TransactionRule::Never },
        };
        Ok(MigrationStep {
            id: file.name.clone(),
            title: file.name.clone(),
            direction: chosen.direction,
            before: Vec::new(),
            blocks: vec![block],
            after: Vec::new(),
            on_error: Vec::new(),
            each_statement: EachStatement::default(),
            session: Vec::new(),
            restore: Vec::new(),
            record: Record { success: vec![record], failure: Vec::new(), one_row_each: true },
            group: shares.then_some(ONE_TRANSACTION),
        })
    }
}

impl KnexAdapter {
    /// What the guest is told of one migration. The hooks around the whole batch are called beside its first and last one.
    fn run_options(
        &self,
        file: &MigrationFile,
        chosen: &Chosen,
        in_transaction: bool,
        shares: bool,
    ) -> serde_json::Value {
        let told = |file: &MigrationFile| json!({"file": file.name, "directory": file.directory});
        let mut options = json!({
            "transaction": in_transaction,
            "shared_transaction": shares,
            "migration": told(file),
        });
        let all = || chosen.files.iter().map(told).collect::<Vec<_>>();
        for (hook, key, place) in [
            ("beforeAll", "before_all", chosen.files.first()),
            ("afterAll", "after_all", chosen.files.last()),
        ] {
            if place == Some(file) && self.migrations.hooks.iter().any(|name| name == hook) {
                options[key] = all().into();
            }
        }
        options
    }
}

impl Transactions {
    /// `Migrator._useTransaction`: what a module says counts, whatever the configuration says.
    fn of(&self, file: &MigrationFile, disabled: bool) -> bool {
        self.0.get(&file.name).copied().flatten().unwrap_or(!disabled)
    }
}

/// Knex' words for files that are gone.
pub fn corrupt(missing: &[String]) -> String {
    format!("The migration directory is corrupt, the following files are missing: {}", missing.join(", "))
}

fn not_found(name: &str) -> AdapterError {
    refused(format!("Migration \"{name}\" not found."))
}

fn refused(message: impl Into<String>) -> AdapterError {
    AdapterError::refused("MIGRATION", message)
}

#[cfg(test)]
mod tests;
