//! What of a history does not fit the files (class `DbValidate` and the method `validate` of `MigrationInfoImpl`).

use std::fmt::Display;

use crate::flyway::adapter::FlywayAdapter;
use crate::flyway::history::{AppliedMigration, MigrationType, shorten_description};
use crate::flyway::states::{Infos, MigrationInfo, MigrationState, Resolved, ignore_all_in_state, ignores};
use crate::flyway::status::View;
use crate::model::{Problem, Server};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMigration {
    /// The version; `None` for a repeatable migration.
    pub version: Option<String>,
    /// The description.
    pub description: String,
    /// The file's absolute path; empty without one.
    pub path: String,
    /// Flyway's code.
    pub code: &'static str,
    /// Flyway's message, of several lines.
    pub message: String,
}

/// What a database without an entry for an empty description writes instead; none of ours does.
const NO_DESCRIPTION: &str = "<< no description >>";

/// The findings in the order of the list, at most one for each line. What is ignored comes from the rules that
/// `infos` were made by.
pub fn validate(infos: &Infos) -> Vec<InvalidMigration> {
    let patterns = &infos.rules().ignore;
    let checks = Checks {
        infos,
        pending_ignored: ignore_all_in_state(patterns, MigrationState::Pending),
        ignored_ignored: infos.rules().cherry_pick.is_some()
            || ignore_all_in_state(patterns, MigrationState::Ignored),
        missing_ignored: ignore_all_in_state(patterns, MigrationState::MissingSuccess),
        future_ignored: ignore_all_in_state(patterns, MigrationState::FutureSuccess),
    };
    infos.all.iter().filter_map(|info| checks.finding(info)).collect()
}

struct Checks<'a> {
    infos: &'a Infos,
    pending_ignored: bool,
    ignored_ignored: bool,
    missing_ignored: bool,
    future_ignored: bool,
}

impl Checks<'_> {
    fn finding(&self, info: &MigrationInfo) -> Option<InvalidMigration> {
        let (code, message) = self.problem(info)?;
        Some(InvalidMigration {
            version: info.version().and_then(|version| version.history_text()),
            description: info.description().to_owned(),
            path: info.path().to_owned(),
            code,
            message,
        })
    }

    fn problem(&self, info: &MigrationInfo) -> Option<(&'static str, String)> {
        let state = info.state;
        if matches!(state, MigrationState::Undone | MigrationState::AboveTarget | MigrationState::Deleted) {
            return None;
        }
        let rules = self.infos.rules();
        if rules.ignore.iter().any(|pattern| ignores(pattern, info.version().is_some(), state)) {
            return None;
        }
        if state.is_failed() && !(self.future_ignored && state == MigrationState::FutureFailed) {
            return Some(failed(info));
        }
        if let Some(picks) = &rules.cherry_pick
            && picks.position(info.version(), info.description()).is_none()
        {
            return None;
        }
        if self.is_unresolved(info) {
            return Some(by_kind(
                info,
                "APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED",
                "APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED",
                |name| {
                    format!(
                        "Detected applied migration not resolved locally: {name}.\nIf you removed this migration \
                         intentionally, run repair to mark the migration as deleted."
                    )
                },
            ));
        }
        if let Some(file) = &info.resolved
            && state == MigrationState::Ignored
            && !self.ignored_ignored
            && !file.kind.is_baseline()
            && !file.kind.is_undo()
        {
            return file.should_execute.then(|| ignored(info));
        }
        if !self.pending_ignored && state == MigrationState::Pending {
            return Some(pending(info));
        }
        if !self.pending_ignored && state == MigrationState::Outdated {
            let message = format!(
                "Detected outdated resolved repeatable migration that should be re-applied to database: {}.\nRun migrate \
                 to execute this migration.",
                info.description()
            );
            return Some(("OUTDATED_REPEATABLE_MIGRATION", message));
        }
        self.mismatch(state, info.resolved.as_ref()?, info.applied.as_ref()?)
    }

    fn is_unresolved(&self, info: &MigrationInfo) -> bool {
        let Some(row) = info.applied.as_ref().filter(|_| info.resolved.is_none()) else {
            return false;
        };
        let is_missing = matches!(info.state, MigrationState::MissingSuccess | MigrationState::MissingFailed);
        let is_future = matches!(info.state, MigrationState::FutureSuccess | MigrationState::FutureFailed);
        let needs_file =
            !row.kind.is_synthetic() && !row.kind.is_undo() && info.state != MigrationState::Superseded;
        let is_ignored = (self.missing_ignored && is_missing) || (self.future_ignored && is_future);
        needs_file && !is_ignored
    }

    fn mismatch(
        &self,
        state: MigrationState,
        file: &Resolved,
        row: &AppliedMigration,
    ) -> Option<(&'static str, String)> {
        if row.kind == MigrationType::Delete || row.kind.is_undo() {
            return None;
        }
        let above_baseline = match (&row.version, &self.infos.applied_baseline) {
            (Some(version), Some(baseline)) => version > baseline,
            _ => true,
        };
        if !above_baseline {
            return None;
        }
        let name = match &row.version {
            None => row.script.clone(),
            Some(version) => format!("version {version}"),
        };
        if file.kind != row.kind {
            return Some(("TYPE_MISMATCH", mismatch_message("type", &name, &row.kind, &file.kind)));
        }
        // Repeatable migrations may differ: then they are pending. Only where nothing may be pending do they count.
        let compares_checksum = file.version.is_some()
            || (self.pending_ignored
                && !matches!(state, MigrationState::Outdated | MigrationState::Superseded));
        if compares_checksum
            && let (Some(recorded), Some(current)) =
                (row.checksum, file.checksum.or(file.equivalent_checksum))
            && recorded != current
        {
            return Some(("CHECKSUM_MISMATCH", mismatch_message("checksum", &name, &recorded, &current)));
        }
        if descriptions_differ(file, row) {
            let message = mismatch_message("description", &name, &row.description, &file.description);
            return Some(("DESCRIPTION_MISMATCH", message));
        }
        None
    }
}

fn by_kind(
    info: &MigrationInfo,
    versioned: &'static str,
    repeatable: &'static str,
    message: impl Fn(&str) -> String,
) -> (&'static str, String) {
    match info.version() {
        Some(version) => (versioned, message(&version.to_string())),
        None => (repeatable, message(info.description())),
    }
}

fn failed(info: &MigrationInfo) -> (&'static str, String) {
    const ADVICE: &str =
        "Please remove any half-completed changes then run repair to fix the schema history.";
    let description = info.description();
    match info.version() {
        None => (
            "FAILED_REPEATABLE_MIGRATION",
            format!("Detected failed repeatable migration: {description}.\n{ADVICE}"),
        ),
        Some(version) => (
            "FAILED_VERSIONED_MIGRATION",
            format!("Detected failed migration to version {version} ({description}).\n{ADVICE}"),
        ),
    }
}

fn ignored(info: &MigrationInfo) -> (&'static str, String) {
    match info.version() {
        Some(version) => (
            "RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED",
            format!(
                "Detected resolved migration not applied to database: {version}.\nTo ignore this migration, set \
                 -ignoreMigrationPatterns='*:ignored'. To allow executing this migration, set -outOfOrder=true."
            ),
        ),
        None => (
            "RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED",
            format!(
                "Detected resolved repeatable migration not applied to database: {}.\nTo ignore this migration, set \
                 -ignoreMigrationPatterns='*:ignored'.",
                info.description()
            ),
        ),
    }
}

fn pending(info: &MigrationInfo) -> (&'static str, String) {
    const ADVICE: &str =
        "To fix this error, either run migrate, or set -ignoreMigrationPatterns='*:pending'.";
    match info.version() {
        Some(version) => (
            "RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED",
            format!("Detected resolved migration not applied to database: {version}.\n{ADVICE}"),
        ),
        None => (
            "RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED",
            format!(
                "Detected resolved repeatable migration not applied to database: {}.\n{ADVICE}",
                info.description()
            ),
        ),
    }
}

fn mismatch_message(what: &str, name: &str, applied: &dyn Display, resolved: &dyn Display) -> String {
    format!(
        "Migration {what} mismatch for migration {name}\n-> Applied to database : {applied}\n-> Resolved locally    : \
         {resolved}\nEither revert the changes to the migration, or run repair to update the schema history."
    )
}

fn descriptions_differ(file: &Resolved, row: &AppliedMigration) -> bool {
    if row.description == NO_DESCRIPTION {
        return !file.description.is_empty();
    }
    shorten_description(&file.description) != row.description
}

/// A finding as the engine has it.
pub(crate) fn problem(finding: &InvalidMigration) -> Problem {
    Problem {
        code: finding.code.to_owned(),
        message: finding.message.clone(),
        path: (!finding.path.is_empty()).then(|| finding.path.clone().into()),
    }
}

/// The only finding when the schema of the history does not exist although there are migrations.
pub fn missing_schema(view: &View<'_>) -> Option<Problem> {
    let is_missing = !view.default_facts().exists && !view.files.is_empty();
    is_missing.then(|| absent_schema(view.adapter, view.server)).flatten()
}

/// The same where the server has refused to look into the schema, as SQLite does.
pub fn absent_schema(adapter: &FlywayAdapter, server: &Server) -> Option<Problem> {
    let pending_ignored =
        ignore_all_in_state(&adapter.config.ignore_migration_patterns, MigrationState::Pending);
    if adapter.scan.migrations.is_empty() && adapter.stand_ins.is_empty() || pending_ignored {
        return None;
    }
    let schema = server.dialect.quote_identifier(&adapter.default_schema(server));
    let message = format!("Schema {schema} doesn't exist yet");
    Some(Problem { code: "SCHEMA_DOES_NOT_EXIST".to_owned(), message, path: None })
}
