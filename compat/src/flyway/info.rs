//! What `info` shows (classes `DbInfo` and `MigrationFilterImpl`).

use jiff::civil::DateTime;

use crate::flyway::config::InfoFilter;
use crate::flyway::output::{InfoResult, parse_moment, timestamp};
use crate::flyway::states::{IGNORE_EVERYTHING, Infos, MigrationInfo, MigrationState};
use crate::flyway::status::{SchemaFacts, View, schema_queries};
use crate::flyway::version::MigrationVersion;
use crate::model::{AdapterError, Dialect, Row};

/// The lines of `info`, before any filter.
pub fn infos(view: &View<'_>) -> Result<Infos, AdapterError> {
    view.infos(&view.rules(&[IGNORE_EVERYTHING], None)?)
}

/// What is said when no line has a file (`MigrationConfigPrinter`): where was looked, and for which names.
pub fn no_files(view: &View<'_>) -> String {
    let config = &view.adapter.config;
    let directory = config.working_directory.as_ref().unwrap_or(&view.adapter.working_directory);
    crate::flyway::output::no_files(&[
        ("locations", config.locations.join(", ")),
        ("callbackLocations", config.callback_locations.join(", ")),
        ("workingDirectory", directory.display().to_string()),
        ("repeatableSqlMigrationPrefix", config.repeatable_sql_migration_prefix.clone()),
        ("sqlMigrationPrefix", config.sql_migration_prefix.clone()),
        ("baselineMigrationPrefix", config.baseline_migration_prefix.clone()),
        ("sqlMigrationSeparator", config.sql_migration_separator.clone()),
        ("sqlMigrationSuffixes", config.sql_migration_suffixes.join(", ")),
    ])
}

/// The lines that a filter lets through. Undo files always pass, since others' undoability depends on them.
pub fn filtered<'i>(infos: &'i Infos, filter: &InfoFilter) -> Result<Vec<&'i MigrationInfo>, AdapterError> {
    let version = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => MigrationVersion::parse(text)
            .map(Some)
            .map_err(|error| AdapterError::refused("ERROR", error.to_string())),
    };
    let (since, until) = (version(&filter.since_version)?, version(&filter.until_version)?);
    let passes = |info: &&MigrationInfo| {
        let installed =
            info.applied.as_ref().and_then(|row| row.installed_on.as_deref()).and_then(parse_moment);
        info.state == MigrationState::Available
            || (in_time(installed, filter)
                && in_versions(info.version(), since.as_ref(), until.as_ref())
                && filter.states.as_ref().is_none_or(|states| {
                    states.is_empty() || states.iter().any(|state| state == info.state.filter_name())
                }))
    };
    Ok(infos.all.iter().filter(passes).collect())
}

/// The bounds themselves are outside. What was not applied is after every first moment and before no last one.
fn in_time(installed: Option<DateTime>, filter: &InfoFilter) -> bool {
    let after = match (filter.since_date, installed) {
        (Some(since), Some(installed)) => installed > since,
        _ => true,
    };
    let before = match (filter.until_date, installed) {
        (None, _) => true,
        (Some(until), Some(installed)) => installed < until,
        (Some(_), None) => false,
    };
    after && before
}

/// The bounds themselves are inside. Repeatable migrations are after every first version and before no last one.
fn in_versions(
    version: Option<&MigrationVersion>,
    since: Option<&MigrationVersion>,
    until: Option<&MigrationVersion>,
) -> bool {
    let after = match (since, version) {
        (Some(since), Some(version)) => version >= since,
        _ => true,
    };
    let before = match (until, version) {
        (None, _) => true,
        (Some(until), Some(version)) => version <= until,
        (Some(_), None) => false,
    };
    after && before
}

/// Whether any line shown has a file; without one Flyway shows settings that may explain it.
pub fn has_files(shown: &[&MigrationInfo]) -> bool {
    shown.iter().any(|info| !info.path().is_empty())
}

/// The queries behind [`all_schemas_empty`], which only `info`'s JSON needs.
pub fn queries(view: &View<'_>) -> Vec<String> {
    schema_queries(view.server.dialect, &view.schemas)
}

/// Whether all schemas that exist are empty, by the answers to [`queries`].
pub fn all_schemas_empty(answers: &[Vec<Row>]) -> bool {
    let cell = |row: &Row, column: usize| row.get(column).and_then(Option::as_deref) == Some("1");
    let facts = answers.iter().filter_map(|rows| rows.first());
    let mut facts = facts.map(|row| SchemaFacts { exists: cell(row, 0), empty: cell(row, 1) });
    facts.all(|facts| !facts.exists || facts.empty)
}

/// The result as `-outputType=json` prints it; `shown` are the filtered lines, `infos` all.
pub fn result(
    view: &View<'_>,
    infos: &Infos,
    shown: &[&MigrationInfo],
    all_schemas_empty: bool,
) -> InfoResult {
    let now = &view.adapter.now;
    // By the time Flyway asks for the name the connection is closed, and SQLite's driver then says "" instead of null.
    let database = if view.server.dialect == Dialect::Sqlite { "" } else { view.server.database.as_str() };
    InfoResult::new(
        Some(database.to_owned()),
        &view.adapter.config.schemas,
        infos.current_version().history_text(),
        all_schemas_empty,
        shown,
        timestamp(now),
        now.time_zone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_time_are_outside_and_of_versions_inside() {
        let moment = |text: &str| -> DateTime { text.parse().unwrap() };
        let filter = InfoFilter {
            since_date: Some(moment("2026-01-01T00:00")),
            until_date: Some(moment("2026-02-01T00:00")),
            ..InfoFilter::default()
        };
        assert!(!in_time(Some(moment("2026-01-01T00:00")), &filter));
        assert!(in_time(Some(moment("2026-01-01T00:01")), &filter));
        assert!(!in_time(Some(moment("2026-02-01T00:00")), &filter));
        assert!(!in_time(None, &filter));
        let version = |text: &str| MigrationVersion::parse(text).unwrap();
        let (one, two) = (version("1"), version("2"));
        assert!(in_versions(Some(&one), Some(&one), Some(&two)));
        assert!(in_versions(Some(&two), Some(&one), Some(&two)));
        assert!(!in_versions(Some(&version("2.1")), Some(&one), Some(&two)));
        assert!(in_versions(None, Some(&one), None));
        assert!(!in_versions(None, None, Some(&two)));
    }

    #[test]
    fn missing_schemas_do_not_keep_the_others_from_being_empty() {
        let answer = |exists: &str, empty: &str| vec![vec![Some(exists.to_owned()), Some(empty.to_owned())]];
        assert!(all_schemas_empty(&[answer("1", "1"), answer("0", "0")]));
        assert!(!all_schemas_empty(&[answer("1", "1"), answer("1", "0")]));
    }
}
