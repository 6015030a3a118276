//! A project, a server and a history brought together: what every command starts from.

mod schemas;

pub(crate) use schemas::inquiries;
pub use schemas::{SchemaFacts, schema_queries};

use crate::flyway::adapter::FlywayAdapter;
use crate::flyway::config::{IgnorePattern, TargetPoint};
use crate::flyway::history::{AppliedMigration, HistoryTable, MigrationType, parse_rows};
use crate::flyway::placeholder::Placeholders;
use crate::flyway::scan::ScanError;
use crate::flyway::states::{CherryPick, Infos, MigrationInfo, Resolved, Rules, StatesError};
use crate::flyway::version::MigrationVersion;
use crate::model::{AdapterError, Context, Dialect, Direction, Server, StatusEntry};

/// Everything about one project on one server at one moment.
#[derive(Debug)]
pub struct View<'a> {
    /// The project.
    pub adapter: &'a FlywayAdapter,
    /// The server.
    pub server: &'a Server,
    /// Where the history is, or will be.
    pub table: HistoryTable,
    /// Whether it is there.
    pub history_exists: bool,
    /// The managed schemas; the default schema is among them.
    pub schemas: Vec<String>,
    /// What is known of each.
    pub facts: Vec<SchemaFacts>,
    /// Whether MySQL accepts CREATE TABLE … AS SELECT.
    pub select_into: bool,
    /// The rows, by rank.
    pub rows: Vec<AppliedMigration>,
    /// The project's migrations and stand-ins.
    pub files: Vec<Resolved>,
    /// Placeholders of SQL files.
    pub placeholders: Placeholders,
    /// Placeholders of programs.
    pub program_placeholders: Placeholders,
    /// The migration that is about to be resumed, by the id of its step.
    pub unfinished: Option<String>,
}

impl<'a> View<'a> {
    /// Brings everything together. Fails on a history that Flyway could not have written, and on placeholders without
    /// value in repeatable migrations.
    pub fn new(adapter: &'a FlywayAdapter, context: &Context<'a>) -> Result<View<'a>, AdapterError> {
        let server = context.server;
        let default_schema = adapter.default_schema(server);
        if default_schema.is_empty() {
            return Err(AdapterError::refused(
                "ERROR",
                "Unable to determine schema for the schema history table. Set a default schema for the connection or \
                 specify one using the 'defaultSchema' property",
            ));
        }
        let placeholders = adapter.placeholders(server);
        let config = &adapter.config;
        let program_placeholders =
            placeholders.for_programs(&config.script_placeholder_prefix, &config.script_placeholder_suffix);
        let schemas = adapter.schemas(server);
        let history = context.history;
        let rows = if history.exists { parse_rows(&history.rows) } else { Ok(Vec::new()) };
        let rows = rows.map_err(|error| AdapterError::refused("ERROR", error.to_string()))?;
        let mut files = resolve(adapter, &placeholders, &program_placeholders)?;
        files.extend(classes_of_rows(&rows, &files));
        Ok(View {
            adapter,
            server,
            table: adapter.table(server),
            history_exists: history.exists,
            facts: schemas::read_facts(&schemas, history.exists, context.answers),
            select_into: schemas::read_select_into(server.dialect, context.answers),
            rows,
            unfinished: context
                .unfinished
                .filter(|unfinished| unfinished.direction == Direction::Up)
                .map(|unfinished| unfinished.id.clone()),
            files,
            schemas,
            placeholders,
            program_placeholders,
        })
    }

    /// The default schema, quoted, as messages have it.
    pub fn schema(&self) -> String {
        self.server.dialect.quote_identifier(&self.table.schema)
    }

    /// Who is recorded: `installedBy`, else the session's user.
    pub fn installed_by(&self) -> &str {
        self.adapter.config.installed_by.as_deref().unwrap_or(&self.server.user)
    }

    /// What is known of the default schema.
    pub fn default_facts(&self) -> SchemaFacts {
        let index = self.schemas.iter().position(|schema| *schema == self.table.schema);
        index.and_then(|index| self.facts.get(index)).copied().unwrap_or_default()
    }

    /// The configured rules with these patterns; `to` replaces the target.
    pub fn rules(&self, ignore: &[IgnorePattern], to: Option<&str>) -> Result<Rules, AdapterError> {
        let config = &self.adapter.config;
        let invalid = |error: crate::flyway::version::InvalidVersion| {
            AdapterError::refused("ERROR", error.to_string())
                .advise("A target is a version, or one of current, next and latest.")
        };
        let (target, must_exist) = match (to, &config.target.point) {
            (Some(to), _) => (MigrationVersion::parse(to).map_err(invalid)?, true),
            (None, TargetPoint::Latest) => (MigrationVersion::LATEST, false),
            (None, TargetPoint::Current) => (MigrationVersion::CURRENT, false),
            (None, TargetPoint::Next) => (MigrationVersion::NEXT, false),
            (None, TargetPoint::Version(text)) => {
                (MigrationVersion::parse(text).map_err(invalid)?, !config.target.optional)
            }
        };
        let picks = &config.cherry_pick;
        Ok(Rules {
            target,
            fail_on_missing_target: must_exist,
            out_of_order: config.out_of_order,
            ignore: ignore.to_vec(),
            cherry_pick: (!picks.is_empty()).then(|| CherryPick::new(picks)),
        })
    }

    /// Files and rows joined by these rules.
    pub fn infos(&self, rules: &Rules) -> Result<Infos, AdapterError> {
        self.infos_of(&self.rows, rules)
    }

    /// Files and other rows joined by these rules: rows as they will be.
    pub fn infos_of(&self, rows: &[AppliedMigration], rules: &Rules) -> Result<Infos, AdapterError> {
        Infos::new(&self.files, rows, rules).map_err(|error| refuse_states(&error))
    }

    /// The lines for the engine, undo files shown as the reversibility of others.
    pub fn entries(&self, infos: &Infos) -> Vec<StatusEntry> {
        let undo: Vec<&MigrationVersion> = infos
            .all
            .iter()
            .filter(|info| info.kind().is_undo())
            .filter_map(MigrationInfo::version)
            .collect();
        let shown = infos.all.iter().filter(|info| !info.kind().is_undo());
        shown.map(|info| entry(info, info.version().is_some_and(|version| undo.contains(&version)))).collect()
    }

    /// The highest rank, or `None` without rows.
    pub fn last_rank(&self) -> Option<i64> {
        self.rows.iter().map(|row| row.rank).max()
    }
}

/// The error for a history without states.
pub(crate) fn refuse_states(error: &StatesError) -> AdapterError {
    AdapterError::refused(error.code(), error.to_string())
}

/// The error for a file that cannot be used.
pub(crate) fn refuse_scan(error: &ScanError) -> AdapterError {
    match error {
        ScanError::Placeholder { path, source } => {
            AdapterError::refused(error.code(), error.flyway_message()).at(path, source.line())
        }
        _ => AdapterError::refused(error.code(), error.to_string()),
    }
}

fn entry(info: &MigrationInfo, has_undo: bool) -> StatusEntry {
    StatusEntry {
        id: info.version().map_or_else(String::new, ToString::to_string),
        description: info.description().to_owned(),
        kind: info.kind().name().to_owned(),
        state: info.state.display_name().to_owned(),
        standing: info.state.standing(),
        applied_at: info.applied.as_ref().and_then(|row| row.installed_on.clone()),
        path: (!info.path().is_empty()).then(|| info.path().into()),
        reversible: has_undo,
    }
}

/// The project's migrations as states see them: files first, then stand-ins, in this order of indexes.
fn resolve(
    adapter: &FlywayAdapter,
    sql: &Placeholders,
    programs: &Placeholders,
) -> Result<Vec<Resolved>, AdapterError> {
    let mut scan = adapter.scan.clone();
    scan.replace_placeholders(sql, programs).map_err(|error| refuse_scan(&error))?;
    let mut resolved = Vec::with_capacity(scan.migrations.len() + adapter.stand_ins.len());
    for (index, file) in scan.migrations.iter().enumerate() {
        let kind = MigrationType::parse(file.type_name)
            .map_err(|error| AdapterError::refused("ERROR", error.to_string()).at(&file.path, 1))?;
        let config = match &file.config {
            None => None,
            Some(config) => {
                let variable = |name: &str| std::env::var(name).ok();
                Some(config.resolve(sql, variable).map_err(|error| refuse_scan(&error.into()))?)
            }
        };
        let should_execute = match &config {
            None => true,
            Some(config) => config.evaluate_should_execute().map_err(|error| refuse_scan(&error.into()))?,
        };
        resolved.push(Resolved {
            version: file.version.clone(),
            description: file.description.clone(),
            kind,
            script: file.script.clone(),
            checksum: Some(file.recorded_checksum()),
            equivalent_checksum: file.version.is_none().then_some(file.checksum),
            path: file.path.display().to_string(),
            should_execute_expression: file.config.as_ref().and_then(|config| config.should_execute.clone()),
            should_execute,
            index,
        });
    }
    let offset = resolved.len();
    resolved.extend(adapter.stand_ins.iter().enumerate().map(|(index, stand_in)| Resolved {
        version: stand_in.version.clone(),
        description: stand_in.description.clone(),
        kind: stand_in.kind,
        script: stand_in.script.clone(),
        checksum: stand_in.checksum,
        equivalent_checksum: None,
        path: stand_in.path.display().to_string(),
        should_execute_expression: None,
        should_execute: true,
        index: offset + index,
    }));
    Ok(resolved)
}

/// Java migrations that were applied and whose classes are not among the files: Flyway would find them on its class path,
/// so they count as found, with what their rows say. A version that a file claims is not one of them: then the class is
/// gone, and the states say so.
fn classes_of_rows(rows: &[AppliedMigration], files: &[Resolved]) -> Vec<Resolved> {
    let is_known = |row: &AppliedMigration| {
        files.iter().any(|file| {
            file.version == row.version && (row.version.is_some() || file.description == row.description)
        })
    };
    let classes = rows.iter().filter(|row| {
        matches!(row.kind, MigrationType::Jdbc | MigrationType::JdbcBaseline) && row.success && !is_known(row)
    });
    classes
        .map(|row| Resolved {
            version: row.version.clone(),
            description: row.description.clone(),
            kind: row.kind,
            script: row.script.clone(),
            checksum: row.checksum,
            equivalent_checksum: None,
            path: String::new(),
            should_execute_expression: None,
            should_execute: true,
            index: usize::MAX,
        })
        .collect()
}

/// Whether the dialect has its DDL in transactions and so keeps no trace of a failed migration.
pub(crate) fn keeps_failed_rows(dialect: Dialect, is_transactional_lock: bool) -> bool {
    match dialect {
        // Flyway's row is rolled back with the transaction that holds its lock.
        Dialect::Postgres => !is_transactional_lock,
        Dialect::Mysql | Dialect::Mariadb | Dialect::Sqlite => true,
    }
}
