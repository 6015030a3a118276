//! Rails as the engine sees it: one database of a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::files::{self, MigrationFile};
use super::history::{self, HistoryTables, MetadataKey};
use super::plan::{self, Chosen, Command};
use super::release::Release;
use super::squash;
use crate::model::{
    Adapter, AdapterError, Block, Body, Carrier, Code, Context, Direction, EachStatement, ForeignKeys,
    GuestProgram, HistoryQueries, Lock, MigrationStep, Plan, Problem, Record, Request, Server, Setup, Source,
    SquashFiles, SquashScope, Standing, StatusEntry, Step, TransactionRule, Unfinished,
};

/// One database of a Rails project, its files read.
#[derive(Debug, Clone)]
pub struct RailsAdapter {
    /// The release of Active Record.
    pub release: Release,
    /// The environment that is written to `ar_internal_metadata`.
    pub environment: String,
    /// Where the history is.
    pub tables: HistoryTables,
    /// The files, by version.
    pub files: Vec<MigrationFile>,
    /// `advisory_locks`.
    pub takes_lock: bool,
    /// What sessions that migrate begin with on SQLite.
    pub session: Vec<String>,
    /// Whether sessions on SQLite enforce foreign keys.
    pub foreign_keys: ForeignKeys,
    /// Whether SQLite takes text in double quotes for a string where it names no column: not with `strict`.
    pub takes_double_quoted_strings: bool,
    /// What runs the files.
    pub guest: Arc<GuestProgram>,
    /// Where single migrations run, by their versions.
    pub carriers: BTreeMap<String, Carrier>,
    /// Files of SQL that run up instead of migrations, absolute, by the migrations' versions.
    pub stand_ins: BTreeMap<String, PathBuf>,
    /// Whether migrations tell what they do.
    pub verbose: bool,
}

impl RailsAdapter {
    /// The versions that are recorded.
    pub fn applied(context: &Context<'_>) -> Vec<u128> {
        history::applied(&context.history.rows)
    }

    /// What a command does to the database.
    ///
    /// # Errors
    /// [`plan::choose`]'s, or a file cannot be read.
    pub fn plan_command(&self, context: &Context<'_>, command: &Command) -> Result<Plan, AdapterError> {
        let applied = Self::applied(context);
        let chosen = plan::choose(&self.files, &applied, command)?;
        self.plan_of(context, &chosen)
    }

    fn plan_of(&self, context: &Context<'_>, chosen: &Chosen<'_>) -> Result<Plan, AdapterError> {
        let mut plan = Plan::default();
        if !chosen.touches {
            return Ok(plan);
        }
        plan.steps.extend(self.set_up(context, chosen.direction).map(Step::Setup));
        for file in &chosen.files {
            plan.steps.push(Step::Migration(Box::new(self.step(context, file, chosen.direction)?)));
        }
        Ok(plan)
    }

    /// Both tables, where they are missing; going up, the environment.
    fn set_up(&self, context: &Context<'_>, direction: Direction) -> Option<Setup> {
        let dialect = context.server.dialect;
        let mut statements = Vec::new();
        let mut created = Vec::new();
        if !context.history.exists {
            statements.push(self.tables.create(dialect));
            created.push(self.tables.quoted(dialect));
        }
        if self.tables.uses_metadata {
            if !self.has_metadata(context) {
                statements.push(self.tables.create_metadata(dialect));
                created.push(self.tables.quoted_metadata(dialect));
            }
            let is_there = Self::stored_environment(context) == Some(self.environment.as_str());
            if direction == Direction::Up && !is_there {
                statements.extend(self.tables.set(MetadataKey::Environment, &self.environment, dialect));
            }
        }
        let message = match created.is_empty() {
            true => format!("Recording the environment {}", self.environment),
            false => format!("Creating {}", created.join(" and ")),
        };
        (!statements.is_empty()).then_some(Setup { message, statements })
    }

    /// What `ar_internal_metadata` says of the environment.
    pub fn stored_environment<'a>(context: &Context<'a>) -> Option<&'a str> {
        context.answers.get(1)?.first()?.first()?.as_deref()
    }

    fn has_metadata(&self, context: &Context<'_>) -> bool {
        context.answers.first().is_some_and(|rows| !rows.is_empty())
    }

    fn step(
        &self,
        context: &Context<'_>,
        file: &MigrationFile,
        direction: Direction,
    ) -> Result<MigrationStep, AdapterError> {
        let dialect = context.server.dialect;
        let id = file.version.to_string();
        let stand_in = self.stand_ins.get(&id).filter(|_| direction == Direction::Up);
        let path = stand_in.unwrap_or(&file.path);
        let text = std::fs::read_to_string(path).map_err(|error| {
            AdapterError::refused("FILE", format!("{} cannot be read: {error}", path.display())).at(path, 1)
        })?;
        let in_transaction = dialect.has_transactional_ddl() && !files::disables_transaction(&text);
        let transaction = if in_transaction { TransactionRule::Always } else { TransactionRule::Never };
        let body = match stand_in {
            Some(_) => Body::Sql,
            None => Body::Code(Box::new(Code {
                guest: Arc::clone(&self.guest),
                carrier: self.carriers.get(&id).copied(),
                options: json!({ "transaction": in_transaction, "verbose": self.verbose }),
            })),
        };
        let transaction = if stand_in.is_some() { TransactionRule::Auto } else { transaction };
        let record = match direction {
            Direction::Up => self.tables.insert(file.version, dialect),
            Direction::Down => self.tables.delete(file.version, dialect),
        };
        Ok(MigrationStep {
            title: format!("{id} {}", file.name),
            id,
            direction,
            before: Vec::new(),
            blocks: vec![Block { source: Source::file(path, text), body, transaction }],
            after: Vec::new(),
            on_error: Vec::new(),
            each_statement: EachStatement::default(),
            session: Vec::new(),
            restore: Vec::new(),
            record: Record { success: vec![record], failure: Vec::new(), one_row_each: true },
            group: None,
        })
    }

    /// What is recorded after a schema file was loaded: for `schema.rb` the version and those of the files below it, which
    /// for `structure.sql` the file itself records; then the environment and the file's digest.
    ///
    /// # Errors
    /// Two files have one version.
    pub fn record_schema(
        &self,
        context: &Context<'_>,
        version: Option<u128>,
        sha1: &str,
    ) -> Result<Setup, AdapterError> {
        let dialect = context.server.dialect;
        let mut statements = Vec::new();
        if let Some(version) = version {
            if !context.history.exists {
                statements.push(self.tables.create(dialect));
            }
            statements.extend(self.assume(context, version)?);
        }
        if self.tables.uses_metadata {
            if !self.has_metadata(context) {
                statements.push(self.tables.create_metadata(dialect));
            }
            statements.extend(self.tables.set(MetadataKey::Environment, &self.environment, dialect));
            statements.extend(self.tables.set(MetadataKey::SchemaSha1, sha1, dialect));
        }
        Ok(Setup { message: "Recording what the schema file has".to_owned(), statements })
    }

    fn assume(&self, context: &Context<'_>, version: u128) -> Result<Vec<String>, AdapterError> {
        let versions: Vec<u128> = self.files.iter().map(|file| file.version).collect();
        let applied = Self::applied(context);
        self.tables.assume_migrated(version, &versions, &applied, self.release, context.server.dialect).map_err(
            |twice| {
                AdapterError::refused(
                    "RuntimeError",
                    format!("Duplicate migration {twice}. Please renumber your migrations to resolve the conflict."),
                )
            },
        )
    }

    /// What `db:environment:set` does.
    ///
    /// # Errors
    /// In Rails' words: the database keeps no metadata.
    pub fn set_environment(&self, context: &Context<'_>) -> Result<Setup, AdapterError> {
        if !self.tables.uses_metadata {
            return Err(AdapterError::refused(
                "ActiveRecord::EnvironmentStorageError",
                "You are attempting to store the environment in a database where metadata is disabled.\nCheck your database configuration to see if this is intended.",
            ));
        }
        let dialect = context.server.dialect;
        let mut statements = Vec::new();
        if !self.has_metadata(context) {
            statements.push(self.tables.create_metadata(dialect));
        }
        statements.extend(self.tables.set(MetadataKey::Environment, &self.environment, dialect));
        Ok(Setup { message: format!("Recording the environment {}", self.environment), statements })
    }
}

fn version(text: &str) -> Result<u128, AdapterError> {
    super::task::target(Some(text))?.ok_or_else(|| AdapterError::refused("VERSION", "the version is empty"))
}

impl Adapter for RailsAdapter {
    fn tool(&self) -> &'static str {
        "rails"
    }

    fn missing_down(&self, _path: &std::path::Path, text: &str) -> Option<crate::model::MissingDown> {
        super::missing_down::missing_down(text)
    }

    fn history_table(&self, server: &Server) -> String {
        self.tables.quoted(server.dialect)
    }

    fn history_schema(&self, server: &Server) -> String {
        self.tables.schema().map_or_else(|| server.schema.clone(), str::to_owned)
    }

    fn locks(&self, server: &Server) -> Vec<Lock> {
        if self.takes_lock { history::lock(server) } else { Vec::new() }
    }

    fn history_queries(&self, server: &Server) -> HistoryQueries {
        self.tables.queries(server.dialect)
    }

    /// `ar_internal_metadata` and the environment in it, so that nothing is written that is there.
    fn beside(&self, server: &Server) -> Vec<HistoryQueries> {
        if !self.tables.uses_metadata {
            return Vec::new();
        }
        vec![HistoryQueries {
            exists: self.tables.metadata_exists(server.dialect),
            rows: self.tables.metadata_value(MetadataKey::Environment, server.dialect),
        }]
    }

    fn session_statements(&self, _server: &Server) -> Vec<String> {
        self.session.clone()
    }

    fn still_unfinished(&self, context: &Context<'_>, unfinished: &Unfinished) -> bool {
        let applied = Self::applied(context);
        let is_applied = unfinished.id.parse().is_ok_and(|version: u128| applied.contains(&version));
        match unfinished.direction {
            Direction::Up => !is_applied,
            Direction::Down => is_applied,
        }
    }

    /// Active Record turns them on in every session, unless it is told not to.
    fn foreign_keys(&self) -> ForeignKeys {
        self.foreign_keys
    }

    fn takes_double_quoted_strings(&self) -> bool {
        self.takes_double_quoted_strings
    }

    /// Around each table that it rebuilds.
    fn code_switches_foreign_keys(&self) -> bool {
        true
    }

    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        let lines = plan::status(&self.files, &Self::applied(context), self.release);
        let entry = |line: plan::Status<'_>| StatusEntry {
            id: line.version.to_string(),
            description: line.words,
            kind: "ruby".to_owned(),
            state: if line.is_up { "up" } else { "down" }.to_owned(),
            standing: match (line.is_up, line.file) {
                (false, _) => Standing::Pending,
                (true, Some(_)) => Standing::Applied,
                (true, None) => Standing::Drifted,
            },
            applied_at: None,
            path: line.file.map(|file| file.path.clone()),
            reversible: line.file.is_some_and(|file| goes_back(&file.path)),
        };
        Ok(lines.into_iter().map(entry).collect())
    }

    /// Up is `db:migrate`, cut short by what the request says; down takes back the last migration that is applied, or as many
    /// as it says.
    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        let to = request.to.as_deref().map(version).transpose()?;
        let applied = Self::applied(context);
        let direction = request.direction();
        let target = if direction == Direction::Down { Some(to.unwrap_or(0)) } else { to };
        let mut chosen = plan::towards(direction, &self.files, &applied, target)?;
        let steps = match (direction, to) {
            (Direction::Down, None) => request.steps.unwrap_or(1),
            _ => request.steps.unwrap_or(usize::MAX),
        };
        chosen.files.truncate(steps);
        self.plan_of(context, &chosen)
    }

    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        let applied = Self::applied(context);
        let missing =
            applied.iter().filter(|version| self.files.iter().all(|file| file.version != **version));
        let problem = |version: &u128| Problem {
            code: "NO_FILE".to_owned(),
            message: format!("{version} is recorded but has no file; Rails leaves it alone"),
            path: None,
        };
        Ok(missing.map(problem).collect())
    }

    /// Nothing: Rails has no such command, and which row is wrong only its user knows.
    fn repair(&self, _context: &Context<'_>) -> Result<Plan, AdapterError> {
        Ok(Plan::default())
    }

    /// As after loading a schema of a version: what is in files up to it is recorded without being run.
    fn baseline(&self, context: &Context<'_>, given: Option<&str>) -> Result<Plan, AdapterError> {
        if !context.history.rows.is_empty() {
            return Err(AdapterError::refused("HISTORY", "the history has begun already"));
        }
        let version = match given {
            Some(text) => Some(version(text)?),
            None => self.files.last().map(|file| file.version),
        };
        let mut setup = self
            .set_up(context, Direction::Up)
            .unwrap_or_else(|| Setup { message: String::new(), statements: Vec::new() });
        if let Some(version) = version {
            setup.statements.extend(self.assume(context, version)?);
            setup.message = format!("Starting the history at {version}");
        }
        Ok(Plan { steps: vec![Step::Setup(setup)], ..Plan::default() })
    }

    fn squash_scope(&self, context: &Context<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
        squash::scope(self, context, to.map(version).transpose()?)
    }

    fn squashed(
        &self,
        gone: &[PathBuf],
        _new: &SquashFiles,
        _staging: &Path,
    ) -> Result<Box<dyn Adapter>, AdapterError> {
        Ok(Box::new(squash::squashed(self, gone)))
    }
}

/// Whether a migration can be taken back, as far as its file tells.
fn goes_back(path: &Path) -> bool {
    std::fs::read_to_string(path).map_or(true, |text| super::missing_down::missing_down(&text).is_none())
}

#[cfg(test)]
mod tests;
