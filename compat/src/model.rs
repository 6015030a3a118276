//! The neutral words that adapters and engine share: what a project, a status and a plan are made of.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::backfill::Backfill;

/// The SQL dialect of a server. MySQL and MariaDB differ in quoting of comments, locks and catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL (Oracle's).
    Mysql,
    /// MariaDB.
    Mariadb,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Whether the server is MySQL or MariaDB.
    pub fn is_mysql_family(self) -> bool {
        matches!(self, Dialect::Mysql | Dialect::Mariadb)
    }

    /// Whether DDL can be rolled back: PostgreSQL and SQLite yes, MySQL and MariaDB no.
    pub fn has_transactional_ddl(self) -> bool {
        !self.is_mysql_family()
    }

    /// Quotes an identifier: `"a"` or `` `a` ``, the quote character doubled inside.
    pub fn quote_identifier(self, name: &str) -> String {
        let quote = if self.is_mysql_family() { '`' } else { '"' };
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push(quote);
        for character in name.chars() {
            if character == quote {
                quoted.push(quote);
            }
            quoted.push(character);
        }
        quoted.push(quote);
        quoted
    }

    /// Quotes a string as a literal that means the same under every session setting: `'it''s'`. A backslash is
    /// written so that neither `standard_conforming_strings=off` nor `NO_BACKSLASH_ESCAPES` changes it.
    pub fn quote_literal(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        if !text.contains('\\') {
            return format!("'{doubled}'");
        }
        match self {
            Dialect::Sqlite => format!("'{doubled}'"),
            Dialect::Postgres => format!("E'{}'", doubled.replace('\\', "\\\\")),
            // A hexadecimal literal does not depend on sql_mode.
            Dialect::Mysql | Dialect::Mariadb => {
                let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
                format!("CONVERT(X'{hex}' USING utf8mb4)")
            }
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Dialect::Postgres => "PostgreSQL",
            Dialect::Mysql => "MySQL",
            Dialect::Mariadb => "MariaDB",
            Dialect::Sqlite => "SQLite",
        })
    }
}

/// What is known of the server and session right after connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The dialect spoken.
    pub dialect: Dialect,
    /// Version as three numbers, for comparisons: PostgreSQL 15.18 is `(15, 18, 0)`.
    pub version: (u32, u32, u32),
    /// Version as the server prints it.
    pub version_text: String,
    /// The current database (PostgreSQL, MySQL) or the file's path (SQLite).
    pub database: String,
    /// The current schema: PostgreSQL's `current_schema()` (empty when there is none), MySQL's database, SQLite's `main`.
    pub schema: String,
    /// The session's user: `current_user`, MySQL's `user()` before `@`, empty on SQLite.
    pub user: String,
    /// PostgreSQL's `search_path` as text at connect; empty elsewhere.
    pub search_path: String,
    /// The session's identity on the server, to find it again after a crash: backend process id or connection id.
    pub session_id: i64,
    /// How the session reads strings and names.
    pub quoting: SessionQuoting,
    /// MySQL and MariaDB: what the database's URL sets in every session, names and values as SQL; empty elsewhere.
    pub session_settings: Vec<(String, String)>,
    /// What drivers know of a session without asking, because the server says it: names and values as at connect.
    pub reported_settings: Vec<(String, String)>,
}

impl Server {
    /// The statement that sets what `session_settings` names; there must be some.
    pub fn setting(session_settings: &[(String, String)]) -> String {
        let all: Vec<String> =
            session_settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("SET {}", all.join(", "))
    }
}

/// How a session reads strings and names at connect, and again after `SET … = DEFAULT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionQuoting {
    /// At connect.
    pub initial: Quoting,
    /// What the server gives a session that asks for its default.
    pub default: Quoting,
}

impl From<Quoting> for SessionQuoting {
    fn from(quoting: Quoting) -> SessionQuoting {
        SessionQuoting { initial: quoting, default: quoting }
    }
}

/// How a session reads strings and names, where the server has a setting for it. Scripts are cut by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoting {
    /// A backslash escapes in a plain `'…'`: MySQL without `NO_BACKSLASH_ESCAPES`, PostgreSQL with
    /// `standard_conforming_strings = off`.
    pub backslash_escapes: bool,
    /// `"…"` is a name; MySQL only with `ANSI_QUOTES`.
    pub ansi_quotes: bool,
    /// MariaDB speaks PL/SQL: `sql_mode = ORACLE`.
    pub oracle: bool,
}

impl Quoting {
    /// What a server does unless it is told otherwise.
    pub fn of(dialect: Dialect) -> Quoting {
        let mysql = dialect.is_mysql_family();
        Quoting { backslash_escapes: mysql, ansi_quotes: !mysql, oracle: false }
    }

    /// What a `sql_mode` of MySQL or MariaDB makes of it: the value as the server prints it.
    pub fn of_sql_mode(sql_mode: &str) -> Quoting {
        let has = |name: &str| sql_mode.split(',').any(|mode| mode.trim().eq_ignore_ascii_case(name));
        Quoting {
            backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
            ansi_quotes: has("ANSI_QUOTES"),
            oracle: has("ORACLE"),
        }
    }
}

/// One value as the server's own text; `None` is NULL.
pub type Value = Option<String>;

/// One row of a result.
pub type Row = Vec<Value>;

/// The tool's own table of applied migrations, as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the table exists.
    pub exists: bool,
    /// Its rows, columns and order as the adapter's [`HistoryQueries::rows`] asked for.
    pub rows: Vec<Row>,
}

/// How to read a history: two statements, since one that names an absent table is an error on every server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQueries {
    /// Returns at least one row exactly when the table exists.
    pub exists: String,
    /// The rows; only sent when the table exists.
    pub rows: String,
}

/// Everything an adapter may look at besides its files.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The server.
    pub server: &'a Server,
    /// The history.
    pub history: &'a History,
    /// The answers to [`Adapter::inquiries`], in their order.
    pub answers: &'a [Vec<Row>],
    /// A migration that began without a transaction and has not ended. It is about to be resumed, so a failed row
    /// of it is no reason to refuse a plan, and its [`Record::success`] should take that row away.
    pub unfinished: Option<&'a Unfinished>,
}

/// A migration that began without a transaction and has not ended, as the statement journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// [`MigrationStep::id`].
    pub id: String,
    /// The direction it was run in.
    pub direction: Direction,
    /// Whether [`Record::failure`] was written for it: in one transaction with this, and not taken away since by us.
    pub failed: bool,
}

/// A lock that a tool takes on the server, in neutral terms. All are held by a session and end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// PostgreSQL: `pg_try_advisory_lock(key)`.
    Advisory(i64),
    /// MySQL and MariaDB: `GET_LOCK(name, 0)`.
    Named(String),
    /// SQLite: an operating system lock on the database file.
    DatabaseFile,
}

impl fmt::Display for Lock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lock::Advisory(key) => write!(formatter, "advisory lock {key}"),
            Lock::Named(name) => write!(formatter, "named lock '{name}'"),
            Lock::DatabaseFile => formatter.write_str("lock on the database file"),
        }
    }
}

/// A lock that a tool keeps as a row of a table of its own. It outlives its holder, so what we put there tells that it is ours:
/// whoever holds our own lock and finds it knows that the run that left it is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRow {
    /// The table, quoted and qualified, for messages.
    pub table: String,
    /// Returns a row if the table is there.
    pub exists: String,
    /// Makes it.
    pub create: String,
    /// Puts the row into it, unless there is one.
    pub fill: String,
    /// The state of each row: 0 is free, more is the tool's own, less is ours.
    pub states: String,
    /// Takes what is free or ours; it has to change exactly one row.
    pub take: String,
    /// Gives it back.
    pub free: String,
    /// How a user frees one that nobody holds: a command of the tool.
    pub way_out: String,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Apply.
    Up,
    /// Revert.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}

/// One line of a status: a migration of the project, of the history, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// What the tool calls version, revision or name; empty for a repeatable Flyway migration.
    pub id: String,
    /// Readable description.
    pub description: String,
    /// The tool's word for its kind: `SQL`, `BASELINE`, `plugin` …
    pub kind: String,
    /// The tool's own word for its state: `Pending`, `Success`, `Out of Order` …
    pub state: String,
    /// What the state means to the engine.
    pub standing: Standing,
    /// When it was applied, as the history says it.
    pub applied_at: Option<String>,
    /// The file, if the project has one.
    pub path: Option<PathBuf>,
    /// Whether it can be taken back: a down block, an undo file.
    pub reversible: bool,
}

/// What a state means, whatever the tool calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Applied and as the project says.
    Applied,
    /// To be applied by the next `up`.
    Pending,
    /// Neither applied nor to be: below a baseline, above a target, ignored.
    Skipped,
    /// Applied, but not in the project, edited since, or failed: needs a look.
    Drifted,
}

/// What a caller asks of [`Adapter::plan`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Direction; up by default.
    pub direction: Option<Direction>,
    /// Up to and including this id; down to but not including it.
    pub to: Option<String>,
    /// At most so many migrations.
    pub steps: Option<usize>,
}

impl Request {
    /// The direction, up unless said otherwise.
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Up)
    }
}

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

/// How a migration that is code is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// What runs it; migrations of one project share it.
    pub guest: Arc<GuestProgram>,
    /// Where it runs, if the project says so for this migration.
    pub carrier: Option<Carrier>,
    /// What the guest is told with this migration: `options` of the step protocol's `run`.
    pub options: serde_json::Value,
}

/// A program that runs migrations in the language of a tool, on the tool's own library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestProgram {
    /// The tool, by which its packs are known: `alembic`.
    pub tool: &'static str,
    /// The language.
    pub language: Language,
    /// Its modules, each a name and its text. Python's are of one package, by their dotted names, a package's own ending
    /// in `__init__`: the host carrier runs the package's `__main__`; the sandbox calls `sandbox.converse(message, exchange)`,
    /// and when a pack is built `preload.run()`, if there is one.
    pub modules: &'static [(&'static str, &'static str)],
    /// The project's folders from which it imports, absolute, in order.
    pub import_paths: Vec<PathBuf>,
    /// What it is told when it starts: `options` of the step protocol's `start`.
    pub options: serde_json::Value,
}

/// What a pack for a tool is built from: libraries that its guest finds in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackRecipe {
    /// [`GuestProgram::tool`].
    pub tool: &'static str,
    /// [`GuestProgram::language`].
    pub language: Language,
    /// [`GuestProgram::modules`].
    pub modules: &'static [(&'static str, &'static str)],
    /// Libraries, as their package index names them; what they need comes along.
    pub libraries: &'static [&'static str],
    /// Database drivers, of which the guest uses what is not compiled; without what they need.
    pub drivers: &'static [&'static str],
    /// Libraries of which a project has to have the same major and minor version, by their normalised names.
    pub decisive: &'static [&'static str],
}

/// The language of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript, and TypeScript without its types.
    JavaScript,
    /// Ruby.
    Ruby,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::Ruby => "Ruby",
        })
    }
}

/// How a guest is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// In the sandbox when what it needs is there, else by the machine's own interpreter.
    #[default]
    Auto,
    /// In a sandbox, without an interpreter on the machine.
    Sandbox,
    /// By the project's or machine's own interpreter.
    Host,
}

impl fmt::Display for Carrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Carrier::Auto => "auto",
            Carrier::Sandbox => "sandbox",
            Carrier::Host => "host",
        })
    }
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

/// How SQLite sessions of this tool treat foreign keys outside of rebuilds. Flyway's and others' drivers leave them off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKeys {
    /// `PRAGMA foreign_keys = ON`.
    Enforced,
    /// `PRAGMA foreign_keys = OFF`, SQLite's own default.
    Off,
}

/// A finding of [`Adapter::validate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The tool's own code, or ours: `CHECKSUM_MISMATCH`.
    pub code: String,
    /// What is wrong and the way out.
    pub message: String,
    /// The file, if there is one.
    pub path: Option<PathBuf>,
}

/// Why an adapter refuses. Every variant names the file, the reason and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// Something in the project or the request is wrong.
    #[error("{message}")]
    Refused {
        /// The tool's own code or ours, for JSON output: `VALIDATE_ERROR`.
        code: String,
        /// The whole message.
        message: String,
        /// File and line (from 1) it is about.
        place: Option<(PathBuf, usize)>,
        /// What to do.
        advice: Option<String>,
    },
    /// The history does not fit the project.
    #[error("{message}")]
    Invalid {
        /// The message that heads the findings.
        message: String,
        /// The findings.
        problems: Vec<Problem>,
    },
}

impl AdapterError {
    /// A refusal with a code and a message.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> AdapterError {
        AdapterError::Refused { code: code.into(), message: message.into(), place: None, advice: None }
    }

    /// The same, at a place in a file.
    #[must_use]
    pub fn at(mut self, path: impl Into<PathBuf>, line: usize) -> AdapterError {
        if let AdapterError::Refused { place, .. } = &mut self {
            *place = Some((path.into(), line));
        }
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn advise(mut self, text: impl Into<String>) -> AdapterError {
        if let AdapterError::Refused { advice, .. } = &mut self {
            *advice = Some(text.into());
        }
        self
    }
}

/// A tool's project, loaded from disk. Its methods are pure: they compute from files, server facts and history.
pub trait Adapter: Send {
    /// The tool's name: `native`, `flyway`.
    fn tool(&self) -> &'static str;

    /// How the history table is named for people, quoted and qualified.
    fn history_table(&self, server: &Server) -> String;

    /// The schema the history lives in, unquoted; the engine keeps its journal beside it.
    fn history_schema(&self, server: &Server) -> String {
        server.schema.clone()
    }

    /// The locks of the original tool, to exclude it while we run. Ours is added by the engine.
    fn locks(&self, server: &Server) -> Vec<Lock>;

    /// The original tool's lock where it is a row of a table.
    fn lock_row(&self, _server: &Server) -> Option<LockRow> {
        None
    }

    /// How to read the history.
    fn history_queries(&self, server: &Server) -> HistoryQueries;

    /// More queries whose answers status or plan need, given the history.
    fn inquiries(&self, _server: &Server, _history: &History) -> Vec<String> {
        Vec::new()
    }

    /// Queries that can be asked only once the answers to those are known; their own answers come after them.
    fn further_inquiries(&self, _server: &Server, _answers: &[Vec<Row>]) -> Vec<String> {
        Vec::new()
    }

    /// Statements for every new session (Flyway's `initSql` and `afterConnect` scripts are steps instead).
    fn session_statements(&self, _server: &Server) -> Vec<String> {
        Vec::new()
    }

    /// Whether what the journal says of a half-done migration still holds by the history, which others may have changed
    /// since: then it is resumed, else forgotten. `context` has `unfinished` in it too.
    fn still_unfinished(&self, _context: &Context<'_>, _unfinished: &Unfinished) -> bool {
        true
    }

    /// How SQLite sessions treat foreign keys.
    fn foreign_keys(&self) -> ForeignKeys;

    /// Whether migrations that are code, and what their connections begin with, may switch them. Where they may not, what the
    /// code says of them is passed over.
    fn code_switches_foreign_keys(&self) -> bool {
        false
    }

    /// Project and history joined, in the tool's order and words.
    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError>;

    /// What to run for a request.
    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError>;

    /// What of the history does not fit the project.
    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError>;

    /// How to mend the history: what the tool's own `repair` would do.
    fn repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError>;

    /// How to start a history at `version` on a database that already has its schema.
    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError>;
}
