//! Taking migrations back through their undo files. Flyway's own `undo` is closed; this follows its documentation.

use crate::flyway::callback::Event;
use crate::flyway::history::{AppliedMigration, MigrationType, NewRow};
use crate::flyway::migrate::{callback_scripts, callback_steps, restore, session, step_id, user_variables};
use crate::flyway::repair::deletion;
use crate::flyway::states::{IGNORE_EVERYTHING, Infos, MigrationInfo, MigrationState, Resolved};
use crate::flyway::status::View;
use crate::flyway::version::MigrationVersion;
use crate::model::{AdapterError, Direction, EachStatement, MigrationStep, Plan, Record, Step};

/// What taking a migration back leaves in the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UndoRecord {
    /// A DELETE row: Flyway's open edition reads it and shows the migration as Deleted, and pending again.
    #[default]
    Delete,
    /// An UNDO_SQL row, as Flyway's commercial editions write it. The open edition refuses such a history.
    UndoSql,
}

/// How far to go back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stop {
    /// Down to this version, which stays.
    pub above: Option<String>,
    /// Down to this version, which goes as well: what Flyway's `undo -target` means.
    pub through: Option<String>,
    /// At most so many.
    pub steps: Option<usize>,
}

/// What to run to take migrations back, the latest applied first.
pub fn plan(view: &View<'_>, stop: &Stop) -> Result<Plan, AdapterError> {
    let infos = view.infos(&view.rules(&[IGNORE_EVERYTHING], Some("latest"))?)?;
    let mut steps = callback_steps(view, Event::BeforeUndo)?;
    let mut rank = view.last_rank().unwrap_or(0);
    let mut variables = std::collections::BTreeSet::new();
    let candidates = candidates(&infos, stop)?;
    for (info, row) in candidates.iter().take(stop.steps.unwrap_or(usize::MAX)) {
        let undo = undo_file(&infos, info, row)?;
        rank = rank.saturating_add(1);
        let step = step(view, row, undo, rank, &variables)?;
        if view.server.dialect.is_mysql_family() {
            step.blocks.iter().for_each(|block| variables.extend(user_variables(&block.source.text)));
        }
        steps.push(Step::Migration(Box::new(step)));
    }
    steps.extend(callback_steps(view, Event::AfterUndo)?);
    Ok(Plan { steps, on_failure: callback_scripts(view, Event::AfterUndoError)?, warnings: Vec::new() })
}

type Candidate<'i> = (&'i MigrationInfo, &'i AppliedMigration);

/// The versioned migrations to take back, newest first. A baseline is where going back ends.
fn candidates<'i>(infos: &'i Infos, stop: &Stop) -> Result<Vec<Candidate<'i>>, AdapterError> {
    let above = stop.above.as_deref().map(parse_version).transpose()?;
    let through = stop.through.as_deref().map(parse_version).transpose()?;
    if let Some(target) = above.as_ref().or(through.as_ref())
        && !infos.all.iter().any(|info| info.applied.is_some() && info.version() == Some(target))
    {
        return Err(AdapterError::refused(
            "ERROR",
            format!("Version {target} is not in the history, so there is no way back to it."),
        )
        .advise("Name a version that `status` shows as applied."));
    }
    let mut found = Vec::new();
    let mut rows: Vec<Candidate<'i>> =
        infos.all.iter().filter_map(|info| Some((info, info.applied.as_ref()?))).collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.rank));
    for (info, row) in rows {
        let Some(version) = &row.version else { continue };
        let is_gone = matches!(info.state, MigrationState::Deleted | MigrationState::Undone);
        if is_gone || row.kind.is_undo() || row.kind == MigrationType::Delete {
            continue;
        }
        let is_end = above.as_ref().is_some_and(|above| version <= above)
            || through.as_ref().is_some_and(|through| version < through);
        if row.kind.is_baseline() || is_end {
            break;
        }
        if info.state.is_failed() {
            return Err(AdapterError::refused(
                "ERROR",
                format!("Migration {version} failed, so it cannot be taken back."),
            )
            .advise("Remove what it left behind, then run repair."));
        }
        found.push((info, row));
    }
    Ok(found)
}

fn parse_version(text: &str) -> Result<MigrationVersion, AdapterError> {
    MigrationVersion::parse(text).map_err(|error| AdapterError::refused("ERROR", error.to_string()))
}

fn undo_file<'i>(
    infos: &'i Infos,
    info: &MigrationInfo,
    row: &AppliedMigration,
) -> Result<&'i Resolved, AdapterError> {
    let undo = infos.all.iter().filter_map(|other| other.resolved.as_ref());
    undo.filter(|file| file.kind.is_undo()).find(|file| file.version == row.version).ok_or_else(|| {
        let version = info.version().map_or_else(String::new, ToString::to_string);
        let description = row.description.replace(' ', "_");
        AdapterError::refused(
            "ERROR",
            format!("Migration {version} ({}) cannot be taken back: it has no undo file.", row.description),
        )
        .advise(format!(
            "Write U{version}__{description}.sql beside it, with the statements that reverse it."
        ))
    })
}

fn step(
    view: &View<'_>,
    row: &AppliedMigration,
    undo: &Resolved,
    rank: i64,
    variables: &std::collections::BTreeSet<String>,
) -> Result<MigrationStep, AdapterError> {
    let blocks = crate::flyway::migrate::file_blocks(view, undo)?;
    let new_row = match view.adapter.undo_record {
        UndoRecord::Delete => NewRow { timed: true, ..deletion(row, rank, view.installed_by()) },
        UndoRecord::UndoSql => NewRow {
            rank,
            version: row.version.as_ref().and_then(MigrationVersion::history_text),
            description: undo.description.clone(),
            kind: undo.kind,
            script: undo.script.clone(),
            checksum: undo.checksum,
            installed_by: view.installed_by().to_owned(),
            timed: true,
            success: true,
        },
    };
    let version = row.version.as_ref();
    let dash = if row.description.is_empty() { "" } else { " - " };
    Ok(MigrationStep {
        id: step_id(version, &row.script),
        title: format!(
            "schema {} from version \"{}{dash}{}\"",
            view.schema(),
            version.map_or_else(String::new, ToString::to_string),
            row.description
        ),
        direction: Direction::Down,
        before: callback_scripts(view, Event::BeforeEachUndo)?,
        after: callback_scripts(view, Event::AfterEachUndo)?,
        on_error: callback_scripts(view, Event::AfterEachUndoError)?,
        each_statement: EachStatement {
            before: callback_scripts(view, Event::BeforeEachUndoStatement)?,
            after: callback_scripts(view, Event::AfterEachUndoStatement)?,
            on_error: callback_scripts(view, Event::AfterEachUndoStatementError)?,
        },
        session: session(view.server, &view.table.schema, variables),
        restore: restore(view.server),
        record: Record { success: vec![view.table.insert(&new_row)], ..Record::default() },
        group: view.adapter.config.group.then_some(0),
        blocks,
    })
}
