//! Changes of the history alone: repair and baseline.

use crate::model::{AdapterError, Plan, Setup, Step};

use super::history::{self, Kind};
use super::plan::Situation;
use super::status::State;
use super::version::Version;

/// Takes edited files as they are and forgets migrations whose files are gone.
pub(super) fn repair(situation: &Situation<'_>) -> Result<Plan, AdapterError> {
    let (table, server) = (situation.table, situation.server);
    let has_run = situation.joined.iter().filter(|joined| joined.state.has_run());
    let (known, missing): (Vec<_>, Vec<_>) = has_run.partition(|joined| joined.state != State::Missing);
    if known.is_empty() && missing.len() > 1 {
        return Err(AdapterError::refused(
            "ALL_MISSING",
            format!("none of the {} applied migrations has a file; nothing was repaired", missing.len()),
        )
        .advise(
            "Check that this is the right project and database, and what `migrations` in dunlin.toml says.",
        ));
    }

    let mut plan = Plan::default();
    for joined in situation.joined {
        let (message, statement) = match (joined.state, joined.file, joined.row) {
            (State::Edited, Some(file), Some(row)) => (
                format!("Accepting {} as the file is now", joined.title()),
                history::update(table, server, &row.version, file, joined.plugin_sha256.as_deref()),
            ),
            // A plugin that is gone cannot be taken as it is.
            (State::PluginChanged, Some(file), Some(row)) if joined.plugin_sha256.is_some() => (
                format!("Accepting {} with its plugins as they are now", joined.title()),
                history::update(table, server, &row.version, file, joined.plugin_sha256.as_deref()),
            ),
            (State::Applied, Some(file), Some(row)) if file.name != row.name => (
                format!("Renaming {}_{} to {}", row.version, row.name, joined.title()),
                history::update(table, server, &row.version, file, None),
            ),
            (State::Missing, _, Some(row)) => (
                format!("Forgetting {}, whose file is gone", joined.title()),
                history::delete(table, server, &row.version),
            ),
            _ => continue,
        };
        plan.steps.push(Step::Setup(Setup { message, statements: vec![statement] }));
    }
    Ok(plan)
}

/// Starts the history at a version on a database that already has its schema.
pub(super) fn baseline(situation: &Situation<'_>, version: Option<&str>) -> Result<Plan, AdapterError> {
    let Some(wanted) = version else {
        return Err(AdapterError::refused("BASELINE_VERSION", "baseline needs a version").advise(
            "Give the version of the last migration whose changes the database already has: `dunlin baseline 20240102`.",
        ));
    };
    let Some(version) = Version::parse(wanted).filter(|version| !version.is_zero()) else {
        return Err(AdapterError::refused(
            "BASELINE_VERSION",
            format!("`{wanted}` cannot be a baseline: a version is a number above 0"),
        )
        .advise("Give the digits that a file's name begins with: `dunlin baseline 20240102`."));
    };
    if let [row] = situation.rows
        && row.kind == Kind::Baseline
        && row.version == version
    {
        let warnings = vec![format!("the history already begins at baseline {version}")];
        return Ok(Plan { warnings, ..Plan::default() });
    }
    if !situation.rows.is_empty() {
        return Err(AdapterError::refused(
            "HISTORY_NOT_EMPTY",
            format!("cannot set a baseline: {} already has rows", situation.table),
        )
        .advise("A baseline begins a history; `dunlin status` shows the one there is."));
    }

    let file =
        situation.joined.iter().find(|joined| *joined.version == version).and_then(|joined| joined.file);
    // The file's own spelling of the version, when there is one.
    let version = file.map_or(&version, |file| &file.version);
    let name = file.map_or("baseline", |file| &file.name);
    let insert = history::insert_baseline(situation.table, situation.server, version, name);

    let mut plan = Plan::default();
    if !situation.history_exists {
        plan.steps.push(Step::Setup(history::create(situation.table, situation.server)?));
    }
    plan.steps.push(Step::Setup(Setup {
        message: format!("Starting the history at baseline {version}"),
        statements: vec![insert],
    }));
    if file.is_none() {
        plan.warnings.push(format!("no migration file has version {version}"));
    }
    Ok(plan)
}
