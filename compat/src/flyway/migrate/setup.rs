//! Creating schemas and history, and the commands that change the history alone.

use crate::flyway::baseline::{Baseline, Marker, baseline};
use crate::flyway::callback::Event;
use crate::flyway::history::{AppliedMigration, MigrationType, NewRow};
use crate::flyway::migrate::scripts;
use crate::flyway::output::{creating_history, creating_schema, help_link};
use crate::flyway::repair::{Repair, RepairInput, repair};
use crate::flyway::states::CherryPick;
use crate::flyway::status::{View, refuse_states};
use crate::flyway::version::MigrationVersion;
use crate::model::{AdapterError, Dialect, Plan, Setup, Step};

/// What creating schemas and history comes to, and the history as it will be.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub steps: Vec<Step>,
    pub warnings: Vec<String>,
    /// The rows there will be.
    pub rows: Vec<AppliedMigration>,
    pub history_exists: bool,
}

/// The steps that connect: programs before, scripts after.
pub(super) fn connect_steps(view: &View<'_>) -> Result<Vec<Step>, AdapterError> {
    let mut steps = scripts::steps(view, Event::BeforeConnect)?;
    steps.extend(scripts::steps(view, Event::AfterConnect)?);
    Ok(steps)
}

impl Prepared {
    /// The history as it is.
    pub fn new(view: &View<'_>, rows: Vec<AppliedMigration>) -> Prepared {
        Prepared { rows, history_exists: view.history_exists, ..Prepared::default() }
    }

    /// Creates the missing schemas, and with them the history and a SCHEMA marker (class `DbSchemas`). `first` is the
    /// baseline that the history then begins with.
    pub fn create_schemas(&mut self, view: &View<'_>, first: Option<&Marker>) -> Result<(), AdapterError> {
        if !view.adapter.config.create_schemas {
            if first.is_some() || !view.default_facts().exists {
                self.warnings.push(no_create_schemas(first.is_some()));
            }
            return Ok(());
        }
        self.steps.extend(scripts::steps(view, Event::CreateSchema)?);
        self.steps.extend(scripts::steps(view, Event::BeforeCreateSchema)?);
        let missing: Vec<String> = view
            .schemas
            .iter()
            .zip(&view.facts)
            .filter(|(_, facts)| !facts.exists)
            .map(|(schema, _)| view.server.dialect.quote_identifier(schema))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut messages: Vec<String> = missing.iter().map(|schema| creating_schema(schema)).collect();
        let mut statements = Vec::new();
        if view.server.dialect != Dialect::Sqlite {
            statements.extend(missing.iter().map(|schema| format!("CREATE SCHEMA {schema}")));
        }
        if !self.history_exists {
            refuse_empty_prefix(view)?;
            messages.push(creating_history(&view.table.qualified(), first.is_some()));
            let row = first.map(|marker| marker.row(view.installed_by()));
            statements.extend(view.table.create_statements(row.as_ref(), view.select_into));
            self.rows.extend(row.map(|row| applied(&row)));
            self.history_exists = true;
        }
        let marker = NewRow {
            rank: self.next_rank(MigrationType::Schema),
            version: None,
            description: "<< Flyway Schema Creation >>".to_owned(),
            kind: MigrationType::Schema,
            script: missing.join(","),
            checksum: None,
            installed_by: view.installed_by().to_owned(),
            timed: false,
            success: true,
        };
        statements.push(view.table.insert(&marker).with_elapsed("0"));
        self.rows.push(applied(&marker));
        self.steps.push(Step::Setup(Setup { message: messages.join("\n"), statements }));
        Ok(())
    }

    /// Creates the history, empty or with a first row.
    pub fn create_history(&mut self, view: &View<'_>, first: Option<&Marker>) -> Result<(), AdapterError> {
        refuse_empty_prefix(view)?;
        let row = first.map(|marker| marker.row(view.installed_by()));
        self.steps.push(Step::Setup(Setup {
            message: creating_history(&view.table.qualified(), first.is_some()),
            statements: view.table.create_statements(row.as_ref(), view.select_into),
        }));
        self.rows.extend(row.map(|row| applied(&row)));
        self.history_exists = true;
        Ok(())
    }

    /// The rank of the next row: 1 in an empty history, but 0 for a SCHEMA marker.
    pub fn next_rank(&self, kind: MigrationType) -> i64 {
        match self.rows.iter().map(|row| row.rank).max() {
            Some(last) => last.saturating_add(1),
            None if kind == MigrationType::Schema => 0,
            None => 1,
        }
    }
}

/// A row as it will be read back.
pub(super) fn applied(row: &NewRow) -> AppliedMigration {
    AppliedMigration {
        rank: row.rank,
        version: row.version.as_deref().and_then(|version| MigrationVersion::parse(version).ok()),
        description: row.description.clone(),
        kind: row.kind,
        script: row.script.clone(),
        checksum: row.checksum,
        installed_on: None,
        installed_by: row.installed_by.clone(),
        execution_time: 0,
        success: row.success,
    }
}

/// Flyway takes its own script for the history table through the placeholders too, and an empty prefix makes all of it the
/// name of one.
fn refuse_empty_prefix(view: &View<'_>) -> Result<(), AdapterError> {
    let config = &view.adapter.config;
    if !config.placeholder_replacement || !config.placeholder_prefix.is_empty() {
        return Ok(());
    }
    Err(AdapterError::refused(
        "ERROR",
        format!(
            "Unable to parse statement in  at line 1 col 1. See {} for more information. With an empty placeholderPrefix \
             every script is one placeholder, the one that creates the history table, too.  Check your configuration!",
            help_link("learn-more-about-flyway/troubleshooting/known-parser-limitations")
        ),
    ))
}

fn no_create_schemas(baselining: bool) -> String {
    let middle = if baselining {
        "Even though Flyway is configured not to create any schemas, the schema history table still needs a schema to \
         reside in."
    } else {
        "However, the schema history table still needs a schema to reside in."
    };
    format!(
        "The configuration option 'createSchemas' is false.\n{middle}\nYou must manually create a schema for the schema \
         history table to reside in.\nSee {}",
        help_link("flyway-concepts/migrations")
    )
}

/// The plan of `baseline`.
pub(crate) fn baseline_plan(view: &View<'_>, marker: &Marker) -> Result<Plan, AdapterError> {
    let mut prepared = Prepared::new(view, view.rows.clone());
    prepared.steps = connect_steps(view)?;
    prepared.create_schemas(view, Some(marker))?;
    prepared.steps.extend(scripts::steps(view, Event::BeforeBaseline)?);
    match baseline(&view.table, prepared.history_exists.then_some(prepared.rows.as_slice()), marker)? {
        Baseline::Create => prepared.create_history(view, Some(marker))?,
        Baseline::Already(message) => prepared.warnings.push(message),
    }
    prepared.steps.extend(scripts::steps(view, Event::AfterBaseline)?);
    let on_failure = scripts::scripts(view, Event::AfterBaselineError)?;
    Ok(Plan { steps: prepared.steps, on_failure, warnings: prepared.warnings })
}

/// What `repair` does, with its result.
pub fn repair_details(view: &View<'_>) -> Result<Repair, AdapterError> {
    let config = &view.adapter.config;
    let picks = (!config.cherry_pick.is_empty()).then(|| CherryPick::new(&config.cherry_pick));
    let input = RepairInput {
        table: &view.table,
        exists: view.history_exists,
        files: &view.files,
        rows: &view.rows,
        ignore: &config.ignore_migration_patterns,
        cherry_pick: picks.as_ref(),
        installed_by: view.installed_by(),
    };
    repair(&input).map_err(|error| refuse_states(&error))
}

/// The plan of `repair`.
pub(crate) fn repair_plan(view: &View<'_>) -> Result<Plan, AdapterError> {
    let details = repair_details(view)?;
    let mut steps = connect_steps(view)?;
    steps.extend(scripts::steps(view, Event::BeforeRepair)?);
    if !details.statements.is_empty() {
        let message = details.messages.join("\n");
        steps.push(Step::Setup(Setup { message, statements: details.statements }));
    }
    steps.extend(scripts::steps(view, Event::AfterRepair)?);
    Ok(Plan { steps, on_failure: scripts::scripts(view, Event::AfterRepairError)?, warnings: Vec::new() })
}
