//! The plan of `migrate` (classes `Flyway`, `DbSchemas`, `DbBaseline` and `DbMigrate`).

mod scripts;
mod session;
mod setup;

pub(crate) use scripts::scripts as callback_scripts;
pub use scripts::steps as callback_steps;
pub(crate) use session::{restore, search_path_statement, session, user_variables};
pub use setup::repair_details;
pub(crate) use setup::{baseline_plan, repair_plan};

use std::collections::BTreeSet;

use crate::flyway::callback::Event;
use crate::flyway::history::{AppliedMigration, MigrationType, NewRow, parse_rows};
use crate::flyway::migrate::setup::{Prepared, connect_steps};
use crate::flyway::output::{help_link, out_of_order_active};
use crate::flyway::states::{
    IGNORE_EVERYTHING, IGNORE_PENDING, Infos, MigrationInfo, MigrationState, Resolved, ignore_all_in_state,
};
use crate::flyway::status::{View, keeps_failed_rows};
use crate::flyway::validate::{problem, validate};
use crate::flyway::version::MigrationVersion;
use crate::model::{
    AdapterError, Block, Dialect, Direction, EachStatement, History, HistoryStatement, MigrationStep, Plan,
    Record, Request, Step, TransactionRule, Unfinished,
};

/// What to run to bring the schema up to date.
pub(crate) fn plan(view: &View<'_>, request: &Request) -> Result<Plan, AdapterError> {
    let config = &view.adapter.config;
    let rows = rows_that_count(view);
    let mut before = connect_steps(view)?;
    if config.validate_on_migrate && view.default_facts().exists {
        refuse_invalid(view, &rows, request)?;
        before.extend(scripts::steps(view, Event::BeforeValidate)?);
        before.extend(scripts::steps(view, Event::AfterValidate)?);
    }
    let mut prepared = Prepared::new(view, rows);
    prepared.steps = before;
    prepared.create_schemas(view, None)?;
    if !prepared.history_exists {
        begin_history(view, &mut prepared)?;
    }
    let mut warnings = std::mem::take(&mut prepared.warnings);
    warnings.extend(view.adapter.notices());

    let rules = view.rules(&[IGNORE_EVERYTHING], request.to.as_deref())?;
    let infos = view.infos_of(&prepared.rows, &rules)?;
    warnings.extend(warnings_of(view, &infos));
    warnings.extend(refuse_failed(view, &infos)?);
    let limit = if rules.target == MigrationVersion::NEXT { Some(1) } else { request.steps };
    let pending: Vec<&MigrationInfo> = infos.pending().take(limit.unwrap_or(usize::MAX)).collect();

    let mut steps = std::mem::take(&mut prepared.steps);
    steps.extend(scripts::steps(view, Event::BeforeMigrate)?);
    let first_rank = prepared.next_rank(crate::flyway::history::MigrationType::Sql);
    let mut run = Run {
        view,
        first_rank,
        next_rank: first_rank,
        current: infos.current_version(),
        variables: BTreeSet::new(),
    };
    let mut is_previous_versioned = true;
    for info in &pending {
        if is_previous_versioned && info.version().is_none() {
            steps.extend(scripts::steps(view, Event::AfterVersioned)?);
            steps.extend(scripts::steps(view, Event::BeforeRepeatables)?);
            is_previous_versioned = false;
        }
        if let Some(file) = &info.resolved {
            steps.push(Step::Migration(Box::new(run.step(file)?)));
        }
    }
    if is_previous_versioned {
        steps.extend(scripts::steps(view, Event::AfterVersioned)?);
    }
    if !pending.is_empty() {
        steps.extend(scripts::steps(view, Event::AfterMigrateApplied)?);
    }
    steps.extend(scripts::steps(view, Event::AfterMigrate)?);
    Ok(Plan { steps, on_failure: scripts::scripts(view, Event::AfterMigrateError)?, warnings })
}

/// The id of a migration in journal and messages: its version, and the script of a repeatable one.
pub(crate) fn step_id(version: Option<&MigrationVersion>, script: &str) -> String {
    version.map_or_else(|| script.to_owned(), ToString::to_string)
}

/// Whether a row is of the migration with this [`step_id`]; versions are equal that differ in zeros.
fn is_of_step(row: &AppliedMigration, id: &str) -> bool {
    match &row.version {
        Some(version) => MigrationVersion::parse(id).is_ok_and(|parsed| parsed == *version),
        None => row.script == id,
    }
}

/// Whether a half-done migration is still to be resumed. Its failed row is there exactly while the journal says so:
/// Flyway's `repair` removes it, and Flyway's own attempt at what a killed process left writes one. With either, and when
/// Flyway has applied the version, the journal tells of a state that is past.
///
/// Rows of a repeatable migration that succeeded say nothing; it may have run before.
pub(crate) fn still_unfinished(history: &History, unfinished: &Unfinished) -> bool {
    let Ok(rows) = parse_rows(&history.rows) else { return true };
    if unfinished.direction == Direction::Down {
        return true;
    }
    let rows = || rows.iter().filter(|row| is_of_step(row, &unfinished.id));
    let has_failed_row = rows().any(|row| !row.success);
    let latest = rows().filter(|row| row.success && row.version.is_some()).max_by_key(|row| row.rank);
    let is_applied = latest.is_some_and(|row| !row.kind.is_undo() && row.kind != MigrationType::Delete);
    history.exists && has_failed_row == unfinished.failed && !is_applied
}

/// The rows without a failed one that is about to be resumed.
fn rows_that_count(view: &View<'_>) -> Vec<AppliedMigration> {
    let resumed = |row: &AppliedMigration| {
        !row.success && view.unfinished.as_deref().is_some_and(|id| is_of_step(row, id))
    };
    view.rows.iter().filter(|row| !resumed(row)).cloned().collect()
}

fn refuse_invalid(view: &View<'_>, rows: &[AppliedMigration], request: &Request) -> Result<(), AdapterError> {
    let mut ignore = view.adapter.config.ignore_migration_patterns.clone();
    ignore.push(IGNORE_PENDING);
    let infos = view.infos_of(rows, &view.rules(&ignore, request.to.as_deref())?)?;
    let findings = validate(&infos);
    if findings.is_empty() {
        return Ok(());
    }
    Err(AdapterError::Invalid {
        message: "Validate failed: Migrations have failed validation".to_owned(),
        problems: findings.iter().map(problem).collect(),
    })
}

/// Creates the history, with a baseline where the schemas are in use and that is wanted.
fn begin_history(view: &View<'_>, prepared: &mut Prepared) -> Result<(), AdapterError> {
    let config = &view.adapter.config;
    let used: Vec<String> = view
        .schemas
        .iter()
        .zip(&view.facts)
        .filter(|(_, facts)| facts.exists && !facts.empty)
        .map(|(schema, _)| view.server.dialect.quote_identifier(schema))
        .collect();
    if used.is_empty() && config.baseline_on_migrate {
        prepared.warnings.push(format!(
            "All configured schemas are empty; a baseline marker will not be added to Flyway's schema history table. A \
             baseline or migration script with a lower version than the baseline version may execute if available. \
             Check the Schemas parameter if this is not intended. See {} for more info",
            help_link("baseline-on-migrate")
        ));
    }
    if used.is_empty() || config.skip_executing_migrations {
        return prepared.create_history(view, None);
    }
    if !config.baseline_on_migrate {
        let message = format!(
            "Found non-empty schema(s) {} but no schema history table. Use baseline() or set baselineOnMigrate to true \
             to initialize the schema history table.",
            used.join(", ")
        );
        return Err(AdapterError::refused("NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE", message));
    }
    prepared.steps.extend(scripts::steps(view, Event::BeforeBaseline)?);
    prepared.create_history(view, Some(&view.adapter.marker(None)?))?;
    prepared.steps.extend(scripts::steps(view, Event::AfterBaseline)?);
    Ok(())
}

/// How the warning of groups begins.
pub const OF_GROUPS: &str = "Enabling the 'group' parameter";

/// What `migrate` says before it applies anything, except the current version.
fn warnings_of(view: &View<'_>, infos: &Infos) -> Vec<String> {
    let config = &view.adapter.config;
    let schema = view.schema();
    let mut warnings = Vec::new();
    if config.group && view.server.dialect.is_mysql_family() {
        warnings.push(format!(
            "{OF_GROUPS} is recommended only for databases that support DDL transactions. Using this \
             parameter with {} may cause undefined behavior in Flyway",
            view.server.dialect
        ));
    }
    if config.out_of_order {
        warnings.push(out_of_order_active(&schema));
    }
    if infos.future().next().is_some() {
        let current = infos.current().and_then(MigrationInfo::version);
        let current = current.map_or_else(|| "null".to_owned(), ToString::to_string);
        if infos.resolved().next().is_none() {
            warnings.push(format!(
                "Schema {schema} has version {current}, but no migration could be resolved in the configured locations !"
            ));
        } else if let Some(latest) = infos.resolved().rev().find_map(MigrationInfo::version) {
            warnings.push(format!(
                "Schema {schema} has a version ({current}) that is newer than the latest available migration ({latest}) !"
            ));
        }
    }
    warnings
}

/// A failed row stops everything, except a single one of the future where the future is ignored, of which it warns.
fn refuse_failed(view: &View<'_>, infos: &Infos) -> Result<Option<String>, AdapterError> {
    let mut failed = infos.failed();
    let Some(first) = failed.next() else { return Ok(None) };
    let is_only = failed.next().is_none();
    let patterns = &view.adapter.config.ignore_migration_patterns;
    if is_only
        && first.state == MigrationState::FutureFailed
        && ignore_all_in_state(patterns, MigrationState::FutureSuccess)
    {
        let version = first.version().map_or_else(|| "null".to_owned(), ToString::to_string);
        return Ok(Some(format!(
            "Schema {} contains a failed future migration to version {version} !",
            view.schema()
        )));
    }
    let schema = view.schema();
    let (code, message) = match first.version() {
        None => (
            "FAILED_REPEATABLE_MIGRATION",
            format!("Schema {schema} contains a failed repeatable migration (\"{}\") !", first.description()),
        ),
        Some(version) => {
            let is_baseline = first.kind().is_baseline();
            let code = if is_baseline { "FAILED_BASELINE_MIGRATION" } else { "FAILED_VERSIONED_MIGRATION" };
            (code, format!("Schema {schema} contains a failed migration to version {version} !"))
        }
    };
    let advice = "Remove what the failed migration left behind, then run repair.";
    Err(AdapterError::refused(code, message).advise(advice))
}

/// The migrations of one run, step by step.
struct Run<'v, 'a> {
    view: &'v View<'a>,
    first_rank: i64,
    next_rank: i64,
    /// The schema's version before the next step.
    current: MigrationVersion,
    /// What earlier steps may have left in a MySQL session.
    variables: BTreeSet<String>,
}

impl Run<'_, '_> {
    fn step(&mut self, file: &Resolved) -> Result<MigrationStep, AdapterError> {
        let view = self.view;
        let config = &view.adapter.config;
        let blocks = file_blocks(view, file)?;
        let is_out_of_order = file.version.as_ref().is_some_and(|version| *version < self.current);
        let without = blocks.iter().any(|block| block.transaction == TransactionRule::Never);
        let title = title(view, file, is_out_of_order, without);
        let skips = config.skip_executing_migrations;
        let callbacks = |event| if skips { Ok(Vec::new()) } else { scripts::scripts(view, event) };
        let step = MigrationStep {
            id: step_id(file.version.as_ref(), &file.script),
            title,
            direction: Direction::Up,
            before: callbacks(Event::BeforeEachMigrate)?,
            after: callbacks(Event::AfterEachMigrate)?,
            on_error: callbacks(Event::AfterEachMigrateError)?,
            each_statement: EachStatement {
                before: callbacks(Event::BeforeEachMigrateStatement)?,
                after: callbacks(Event::AfterEachMigrateStatement)?,
                on_error: callbacks(Event::AfterEachMigrateStatementError)?,
            },
            session: if skips {
                Vec::new()
            } else {
                session(view.server, &view.table.schema, &self.variables)
            },
            restore: restore(view.server),
            record: self.record(file),
            group: config.group.then_some(0),
            blocks,
        };
        if view.server.dialect.is_mysql_family() {
            for block in &step.blocks {
                self.variables.extend(user_variables(&block.source.text));
            }
        }
        self.next_rank = self.next_rank.saturating_add(1);
        if let Some(version) = file.version.clone().filter(|version| !config.group && *version > self.current)
        {
            self.current = version;
        }
        Ok(step)
    }

    fn record(&self, file: &Resolved) -> Record {
        let view = self.view;
        let row = NewRow {
            rank: self.next_rank,
            version: file.version.as_ref().and_then(MigrationVersion::history_text),
            description: file.description.clone(),
            kind: file.kind,
            script: file.script.clone(),
            checksum: file.checksum.or(file.equivalent_checksum),
            installed_by: view.installed_by().to_owned(),
            timed: true,
            success: true,
        };
        let mut success = Vec::new();
        let id = step_id(file.version.as_ref(), &file.script);
        if view.unfinished.as_deref() == Some(id.as_str()) {
            let remove = view.table.delete_failed(row.version.as_deref(), &row.description);
            success.push(HistoryStatement::plain(remove));
        }
        let mut failure = Vec::new();
        if keeps_failed_rows(view.server.dialect, view.adapter.config.postgresql_transactional_lock) {
            // It may fail again, and leaves one row all the same.
            failure.clone_from(&success);
            // Flyway knows of the rows of a group that it has read again: all but the last two, which may be taken back.
            let failed = NewRow { success: false, ..row.clone() };
            failure.push(if view.adapter.config.group && self.next_rank > self.first_rank {
                view.table.append(&NewRow { rank: self.next_rank.saturating_sub(1), ..failed })
            } else {
                view.table.insert(&failed)
            });
        }
        success.push(view.table.insert(&row));
        Record { success, failure, ..Record::default() }
    }
}

/// The body of a migration or of its stand-in.
pub(crate) fn file_blocks(view: &View<'_>, file: &Resolved) -> Result<Vec<Block>, AdapterError> {
    let migrations = &view.adapter.scan.migrations;
    match migrations.get(file.index) {
        Some(found) => Ok(vec![scripts::block(view, found)?]),
        None => scripts::stand_in_blocks(view, file),
    }
}

/// `schema "main" to version "1 - a"`, with what is special about it.
fn title(view: &View<'_>, file: &Resolved, is_out_of_order: bool, without_transaction: bool) -> String {
    let schema = view.schema();
    let suffix = if without_transaction { " [non-transactional]" } else { "" };
    match &file.version {
        None => format!("schema {schema} with repeatable migration \"{}\"{suffix}", file.description),
        Some(version) => {
            let dash = if file.description.is_empty() { "" } else { " - " };
            let order = if is_out_of_order { " [out of order]" } else { "" };
            format!("schema {schema} to version \"{version}{dash}{}\"{order}{suffix}", file.description)
        }
    }
}

/// Whether what a migration did is gone when it fails.
pub fn rolls_back(dialect: Dialect, in_transaction: bool) -> bool {
    dialect.has_transactional_ddl() && in_transaction
}
