//! What is to be done: steps, their blocks, and what is recorded of them.

use std::path::{Path, PathBuf};

use super::code::Code;
use super::history::Direction;
use crate::backfill::Backfill;

/// An ordered list of what to do, made from files and history alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Scripts to run when any step fails (Flyway's `afterMigrateError`).
    pub on_failure: Vec<Script>,
    /// What the user should know: ignored files, missing folders.
    pub warnings: Vec<String>,
}

impl Plan {
    /// The migrations among the steps.
    pub fn migrations(&self) -> impl Iterator<Item = &MigrationStep> {
        self.steps.iter().filter_map(|step| match step {
            Step::Migration(migration) => Some(migration.as_ref()),
            Step::Setup(_) | Step::Script(_) => None,
        })
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Creates what the history needs, or changes the history alone (baseline, repair).
    Setup(Setup),
    /// A script outside any migration (a run-level callback).
    Script(Script),
    /// One migration in one direction.
    Migration(Box<MigrationStep>),
}

/// Statements on schema and history tables, run in one transaction where DDL allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// One sentence for the user: `Creating Schema History table "public"."flyway_schema_history" ...`.
    pub message: String,
    /// Statements, each sent as it is.
    pub statements: Vec<String>,
}

/// A migration to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// The id under which history, journal and messages know it.
    pub id: String,
    /// How messages name it: `20240102_orders` or `version "1.2 - orders"`.
    pub title: String,
    /// The direction.
    pub direction: Direction,
    /// Scripts in the migration's own transaction, before its body.
    pub before: Vec<Script>,
    /// The body, in order.
    pub blocks: Vec<Block>,
    /// Scripts in the migration's own transaction, after its body and before its history row.
    pub after: Vec<Script>,
    /// Scripts to run after it failed and was rolled back.
    pub on_error: Vec<Script>,
    /// Scripts around every single statement of the body.
    pub each_statement: EachStatement,
    /// Statements that bring the session to its starting state (role, search path); sent before the transaction.
    pub session: Vec<String>,
    /// Statements sent in the same transaction right before `record`, so that it is written by the right role.
    pub restore: Vec<String>,
    /// What to write to the history.
    pub record: Record,
    /// Migrations with the same number, one after the other, share one transaction (Flyway's `group`).
    pub group: Option<u32>,
}

/// Scripts around each statement (Flyway's `beforeEachMigrateStatement` and its relatives).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EachStatement {
    /// Before each.
    pub before: Vec<Script>,
    /// After each that succeeded.
    pub after: Vec<Script>,
    /// After one that failed.
    pub on_error: Vec<Script>,
}

impl EachStatement {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty() && self.on_error.is_empty()
    }
}

/// A piece of SQL with the file it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// How messages name it: `afterMigrate` or a file name.
    pub name: String,
    /// The body.
    pub block: Block,
    /// Whether it wants a session of its own (Flyway's run-level migrate callbacks).
    pub own_session: bool,
}

/// A body or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The text and where it stands.
    pub source: Source,
    /// What is to be done with it.
    pub body: Body,
    /// How it relates to transactions.
    pub transaction: TransactionRule,
}

/// What a block runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The source's text is SQL.
    Sql,
    /// The source's text is only recorded as applied (Flyway's `skipExecutingMigrations`).
    Nothing,
    /// A program run as a child process (Flyway's script migrations); the path is the source's.
    Program {
        /// Program and arguments before the script's path; empty: the script itself.
        command: Vec<String>,
        /// Environment variables.
        environment: Vec<(String, String)>,
    },
    /// A change of a table's rows in chunks, each a transaction of its own; the source's text is what was written.
    Backfill(Box<Backfill>),
    /// A plugin does the step, in the transaction of the block.
    Plugin(PluginStep),
    /// The source's text is code that a guest runs.
    Code(Box<Code>),
}

/// A plugin that does a migration's step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginStep {
    /// Its name in the project.
    pub plugin: String,
    /// Whether it takes the step back.
    pub inverse: bool,
    /// Version and digest of what is run, once it is known; empty until then.
    pub identity: String,
}

/// Text with the place it came from, for errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The text to run, placeholders already replaced.
    pub text: String,
    /// The line of the file (from 1) on which the text begins.
    pub first_line: usize,
}

impl Source {
    /// A source that is a whole file.
    pub fn file(path: impl Into<PathBuf>, text: impl Into<String>) -> Source {
        Source { path: path.into(), text: text.into(), first_line: 1 }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How a block relates to transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionRule {
    /// In a transaction unless a statement of it cannot run in one; then the whole block runs without.
    Auto,
    /// As `Auto`, but a block in which both kinds of statements occur is refused (Flyway without `mixed`).
    AutoUnmixed,
    /// Always in a transaction.
    Always,
    /// Never.
    Never,
}

/// What to write to the history when a migration has run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// In the migration's transaction, after its body.
    pub success: Vec<HistoryStatement>,
    /// When it failed and something of it may remain (no transaction was rolled back); usually empty.
    pub failure: Vec<HistoryStatement>,
    /// Whether each statement of `success` must affect exactly one row, or the migration fails.
    pub one_row_each: bool,
}

/// A statement on the history with the values that are known only when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryStatement(pub Vec<HistoryPart>);

/// A part of a [`HistoryStatement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryPart {
    /// SQL as it is.
    Sql(String),
    /// How long the migration took, an integer number of milliseconds.
    ElapsedMilliseconds,
    /// What the migration's plugins are that ran, as a literal.
    Plugins(PluginFact),
}

/// What a history tells of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginFact {
    /// Their versions, as they say them.
    Version,
    /// The digest of their files.
    Sha256,
}

impl HistoryStatement {
    /// A statement without values to fill in.
    pub fn plain(sql: impl Into<String>) -> HistoryStatement {
        HistoryStatement(vec![HistoryPart::Sql(sql.into())])
    }

    /// The statement with `elapsed`, an SQL expression, in its places; nothing is told of plugins that were not told of
    /// with [`HistoryStatement::tell_of_plugins`].
    pub fn with_elapsed(&self, elapsed: &str) -> String {
        self.0
            .iter()
            .map(|part| match part {
                HistoryPart::Sql(sql) => sql.as_str(),
                HistoryPart::ElapsedMilliseconds => elapsed,
                HistoryPart::Plugins(_) => "NULL",
            })
            .collect()
    }

    /// Puts what `literal` gives, an SQL expression, where the statement tells of plugins.
    pub fn tell_of_plugins(&mut self, literal: impl Fn(PluginFact) -> String) {
        for part in &mut self.0 {
            if let HistoryPart::Plugins(fact) = part {
                *part = HistoryPart::Sql(literal(*fact));
            }
        }
    }
}
