//! Flyway as the engine sees it.

mod stand_in;

pub use stand_in::StandIn;

use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

use crate::flyway::baseline::Marker;
use crate::flyway::config::Config;
use crate::flyway::history::HistoryTable;
use crate::flyway::lock::lock;
use crate::flyway::migrate;
use crate::flyway::name::Naming;
use crate::flyway::placeholder::Placeholders;
use crate::flyway::scan::{MigrationKind, Notice, NoticeLevel, Scan, ScanOptions, scan_into};
use crate::flyway::squash;
use crate::flyway::states::{IGNORE_EVERYTHING, MigrationState};
use crate::flyway::status::{View, refuse_scan};
use crate::flyway::undo::{self, Stop, UndoRecord};
use crate::flyway::validate::{self, InvalidMigration};
use crate::flyway::version::MigrationVersion;
use crate::model::{
    Adapter, AdapterError, BaselineSql, Context, Dialect, Direction, ForeignKeys, History, HistoryQueries,
    Lock, Plan, Problem, Request, Row, Server, SquashFiles, SquashScope, StatusEntry, Unfinished,
};

/// A Flyway project, its files read.
#[derive(Debug, Clone)]
pub struct FlywayAdapter {
    /// The configuration in effect.
    pub config: Config,
    /// The files.
    pub scan: Scan,
    /// What runs instead of migrations that cannot be run here.
    pub stand_ins: Vec<StandIn>,
    /// The working directory, absolute.
    pub working_directory: PathBuf,
    /// The moment of the command: the value of `flyway:timestamp`, and the zone of the history's times.
    pub now: ZonedDateTime,
    /// What taking a migration back leaves in the history.
    pub undo_record: UndoRecord,
}

impl FlywayAdapter {
    /// Reads the project's files. `working_directory` must be absolute.
    pub fn load(
        config: Config,
        working_directory: PathBuf,
        stand_ins: Vec<StandIn>,
        now: ZonedDateTime,
    ) -> Result<FlywayAdapter, AdapterError> {
        FlywayAdapter::load_with_notices(config, working_directory, stand_ins, now, &mut Vec::new())
    }

    /// The same; `notices` is what to say of the files, even if they cannot be used.
    pub fn load_with_notices(
        config: Config,
        working_directory: PathBuf,
        stand_ins: Vec<StandIn>,
        now: ZonedDateTime,
        notices: &mut Vec<Notice>,
    ) -> Result<FlywayAdapter, AdapterError> {
        let mut scan = Scan::default();
        let scanned = scan_into(&scan_options(&config, working_directory.clone()), &mut scan);
        notices.clone_from(&scan.notices);
        // Flyway looks at the names before it looks for migrations.
        if let Some(message) = scan.bad_names_message(config.validate_migration_naming) {
            if config.validate_migration_naming {
                return Err(AdapterError::refused("ERROR", message));
            }
            notices.push(Notice::new(NoticeLevel::Info, message));
        }
        scanned.map_err(|error| refuse_scan(&error))?;
        Ok(FlywayAdapter { config, scan, stand_ins, working_directory, now, undo_record: UndoRecord::Delete })
    }

    /// What commands do is worked out on this.
    pub fn view<'a>(&'a self, context: &Context<'a>) -> Result<View<'a>, AdapterError> {
        View::new(self, context)
    }

    /// The schema of the history: `defaultSchema`, else the first of `schemas`, else the session's; empty without any.
    pub fn default_schema(&self, server: &Server) -> String {
        let configured = self.config.default_schema.as_ref().or(self.config.schemas.first());
        if let Some(schema) = configured {
            return schema.clone();
        }
        // As Flyway does: a search path that names no existing schema is itself taken for one.
        if server.schema.trim().is_empty() { server.search_path.clone() } else { server.schema.clone() }
    }

    /// The managed schemas: the default schema comes first unless `schemas` lists it.
    pub fn schemas(&self, server: &Server) -> Vec<String> {
        let default = self.default_schema(server);
        let mut schemas = self.config.schemas.clone();
        if !schemas.contains(&default) {
            schemas.insert(0, default);
        }
        schemas
    }

    /// Where the history is.
    pub fn table(&self, server: &Server) -> HistoryTable {
        HistoryTable {
            dialect: server.dialect,
            schema: self.default_schema(server),
            name: self.config.table.clone(),
            tablespace: self.config.tablespace.clone(),
        }
    }

    /// The placeholders of SQL files, built-in ones included.
    pub fn placeholders(&self, server: &Server) -> Placeholders {
        let config = &self.config;
        let mut placeholders = Placeholders::new(
            &config.placeholder_prefix,
            &config.placeholder_suffix,
            &config.placeholder_separator,
        );
        for (name, value) in config.placeholders.iter() {
            placeholders.set(name, value);
        }
        placeholders.set_default("defaultSchema", &self.default_schema(server));
        // SQLite's driver knows no name for the database.
        if server.dialect != Dialect::Sqlite {
            placeholders.set_default("database", &server.database);
        }
        placeholders.set_default("user", &server.user);
        placeholders.set_default("timestamp", &self.now.strftime("%Y-%m-%d %H:%M:%S").to_string());
        placeholders.set_default("workingDirectory", &self.working_directory.display().to_string());
        placeholders.set_default("table", &config.table);
        placeholders.set_default("environment", &config.environment);
        placeholders
    }

    /// The findings of `validate` by the configured patterns, and how many lines were looked at.
    pub fn findings(&self, context: &Context<'_>) -> Result<(Vec<InvalidMigration>, usize), AdapterError> {
        let view = self.view(context)?;
        let infos = view.infos(&view.rules(&self.config.ignore_migration_patterns, None)?)?;
        // Undo files are lines of ours that Flyway's open edition does not have.
        let count = infos.all.iter().filter(|info| info.state != MigrationState::Available).count();
        Ok((validate::validate(&infos), count))
    }

    /// The marker of `baseline`; `version` replaces the configured one.
    pub fn marker(&self, version: Option<&str>) -> Result<Marker, AdapterError> {
        let version = MigrationVersion::parse(version.unwrap_or(&self.config.baseline_version))
            .map_err(|error| AdapterError::refused("ERROR", error.to_string()))?;
        Ok(Marker { version, description: self.config.baseline_description.clone() })
    }

    /// What the user should know of the files: skipped folders, bad names.
    pub fn notices(&self) -> Vec<String> {
        self.scan
            .notices
            .iter()
            .map(|notice| notice.text.clone())
            .chain(self.scan.bad_names_message(false))
            .collect()
    }
}

impl Adapter for FlywayAdapter {
    fn tool(&self) -> &'static str {
        "flyway"
    }

    /// Undo files are written in some projects and not in others: only where there are any is one missing.
    fn missing_down(&self, path: &std::path::Path, _text: &str) -> Option<crate::model::MissingDown> {
        let undo = || self.scan.migrations.iter().filter(|file| file.kind == MigrationKind::Undo);
        let own = self.scan.migrations.iter().find(|file| file.path == path)?;
        let is_missing = own.kind == MigrationKind::Versioned
            && undo().next().is_some()
            && !undo().any(|file| file.version == own.version);
        let prefix = &self.config.undo_sql_migration_prefix;
        is_missing.then(|| crate::model::MissingDown {
            line: 1,
            reason: format!("other migrations have an undo file ({prefix}…), and it has none"),
        })
    }

    fn history_table(&self, server: &Server) -> String {
        self.table(server).qualified()
    }

    fn history_schema(&self, server: &Server) -> String {
        self.default_schema(server)
    }

    fn locks(&self, server: &Server) -> Vec<Lock> {
        vec![lock(&self.table(server))]
    }

    fn history_queries(&self, server: &Server) -> HistoryQueries {
        self.table(server).queries()
    }

    fn inquiries(&self, server: &Server, history: &History) -> Vec<String> {
        crate::flyway::status::inquiries(server.dialect, &self.schemas(server), history.exists)
    }

    /// Its schemas are there, with nothing in them.
    fn answers_of_empty(&self, server: &Server) -> Vec<Vec<Row>> {
        let is_there_and_empty = || vec![vec![Some("1".to_owned()), Some("1".to_owned())]];
        let schemas = self.schemas(server).into_iter().map(|_| is_there_and_empty());
        schemas.chain((server.dialect == Dialect::Mysql).then(Vec::new)).collect()
    }

    fn session_statements(&self, server: &Server) -> Vec<String> {
        let mut statements: Vec<String> = self.config.init_sql.iter().cloned().collect();
        if server.dialect == Dialect::Postgres {
            // Java's driver gives the session the client's zone, in which `installed_on` then is.
            if let Some(zone) = self.now.time_zone().iana_name() {
                statements.push(format!("SET TIME ZONE {}", server.dialect.quote_literal(zone)));
            }
            statements.extend(migrate::search_path_statement(server, &self.default_schema(server)));
        }
        statements
    }

    fn still_unfinished(&self, context: &Context<'_>, unfinished: &Unfinished) -> bool {
        migrate::still_unfinished(context.history, unfinished)
    }

    fn foreign_keys(&self) -> ForeignKeys {
        ForeignKeys::Off
    }

    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        let view = self.view(context)?;
        let infos = view.infos(&view.rules(&[IGNORE_EVERYTHING], None)?)?;
        Ok(view.entries(&infos))
    }

    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        let view = self.view(context)?;
        match request.direction() {
            Direction::Up => migrate::plan(&view, request),
            Direction::Down => {
                let stop =
                    Stop { above: request.to.clone(), through: None, steps: request.steps.or(Some(1)) };
                let stop = if request.to.is_some() { Stop { steps: request.steps, ..stop } } else { stop };
                undo::plan(&view, &stop)
            }
        }
    }

    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        let view = self.view(context)?;
        if let Some(problem) = validate::missing_schema(&view) {
            return Ok(vec![problem]);
        }
        if !view.default_facts().exists {
            return Ok(Vec::new());
        }
        let (findings, _) = self.findings(context)?;
        Ok(findings.iter().map(validate::problem).collect())
    }

    fn repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError> {
        migrate::repair_plan(&self.view(context)?)
    }

    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError> {
        migrate::baseline_plan(&self.view(context)?, &self.marker(version)?)
    }

    fn squash_scope(&self, context: &Context<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
        squash::scope(&self.view(context)?, to)
    }

    fn squash_files(
        &self,
        scope: &SquashScope,
        name: Option<&str>,
        sql: &BaselineSql,
        _server: &Server,
    ) -> Result<SquashFiles, AdapterError> {
        squash::files(self, scope, name, sql)
    }

    fn squashed(
        &self,
        gone: &[PathBuf],
        _new: &SquashFiles,
        staging: &Path,
    ) -> Result<Box<dyn Adapter>, AdapterError> {
        Ok(Box::new(squash::squashed(self, gone, staging)?))
    }
}

fn scan_options(config: &Config, working_directory: PathBuf) -> ScanOptions {
    ScanOptions {
        project: working_directory,
        // `-locations=` names none, and then there are no files.
        locations: config.locations.iter().filter(|location| !location.trim().is_empty()).cloned().collect(),
        callback_locations: config.callback_locations.clone(),
        fail_on_missing_locations: config.fail_on_missing_locations,
        naming: Naming {
            versioned_prefix: config.sql_migration_prefix.clone(),
            repeatable_prefix: config.repeatable_sql_migration_prefix.clone(),
            baseline_prefix: config.baseline_migration_prefix.clone(),
            undo_prefix: Some(config.undo_sql_migration_prefix.clone()),
            separator: config.sql_migration_separator.clone(),
            suffixes: config.sql_migration_suffixes.clone(),
        },
        encoding: config.encoding.name().to_owned(),
        detect_encoding: config.detect_encoding,
        placeholder_replacement: config.placeholder_replacement,
        skip_default_resolvers: config.skip_default_resolvers,
        skip_default_callbacks: config.skip_default_callbacks,
    }
}

#[cfg(test)]
mod tests;
