//! A baseline migration (`B`) in the place of versioned ones.
//!
//! Where the history is empty, Flyway begins with the highest baseline migration and ignores versioned ones up to its version;
//! elsewhere it ignores the baseline. It wants the file of every applied migration (`validate`), unless
//! `ignoreMigrationPatterns` says otherwise, so the old files stay by default.

use std::path::{Path, PathBuf};

use crate::flyway::adapter::FlywayAdapter;
use crate::flyway::scan::{MigrationKind, ResolvedMigration};
use crate::flyway::states::{IGNORE_EVERYTHING, MigrationInfo};
use crate::flyway::status::View;
use crate::flyway::version::MigrationVersion;
use crate::model::{AdapterError, BaselineSql, SquashFiles, SquashScope};

/// What the baseline stands for: versioned migrations up to `to`, else up to the highest that is applied.
pub fn scope(view: &View<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
    let infos = view.infos(&view.rules(&[IGNORE_EVERYTHING], None)?)?;
    let wanted = to
        .map(MigrationVersion::parse)
        .transpose()
        .map_err(|error| AdapterError::refused("UNKNOWN_VERSION", error.to_string()))?;
    let versioned: Vec<&MigrationInfo> = infos
        .all
        .iter()
        .filter(|info| info.version().is_some() && !info.kind().is_undo() && !info.kind().is_synthetic())
        .collect();
    let last = match &wanted {
        Some(wanted) => versioned
            .iter()
            .find(|info| info.version() == Some(wanted) && info.state.is_resolved())
            .ok_or_else(|| {
                AdapterError::refused(
                    "UNKNOWN_VERSION",
                    format!("there is no migration with version {wanted}"),
                )
            })?,
        None => {
            let applied = versioned.iter().filter(|info| info.state.is_applied() && info.state.is_resolved());
            applied.max_by(|left, right| left.version().cmp(&right.version())).ok_or_else(|| {
                AdapterError::refused("NOTHING_APPLIED", "no versioned migration is applied on this database").advise(
                    "Only what is applied can be replaced: run `dunlin up`, or name a database with --url.",
                )
            })?
        }
    };
    let Some(version) = last.version() else {
        return Err(AdapterError::refused("SQUASH", "a repeatable migration has no version"));
    };
    let dash = if last.description().is_empty() { "" } else { " - " };
    let adapter = view.adapter;
    let replaced = |file: &&ResolvedMigration| file.version.as_ref().is_some_and(|own| own <= version);
    if let Some(other) = adapter.scan.migrations.iter().find(|file| {
        file.kind == MigrationKind::Baseline && file.version.as_ref().is_some_and(|own| own >= version)
    }) {
        return Err(AdapterError::refused(
            "SQUASH",
            format!("{} is a baseline of that version, or of a later one, already", other.path.display()),
        ));
    }
    // What an earlier baseline stands for runs nowhere any more, and need not have a file.
    let earlier = adapter
        .scan
        .migrations
        .iter()
        .filter(|file| file.kind == MigrationKind::Baseline)
        .filter_map(|file| file.version.as_ref())
        .max();
    let has_file = |info: &MigrationInfo| info.resolved.as_ref().is_some_and(|file| !file.path.is_empty());
    let is_covered = |info: &MigrationInfo| {
        !has_file(info) && earlier.is_some_and(|earlier| info.version() <= Some(earlier))
    };
    let mut ids: Vec<String> = Vec::new();
    let up_to = versioned.iter().filter(|info| info.version().is_some_and(|own| own <= version));
    for info in up_to.filter(|info| !is_covered(info)) {
        let spellings = [
            info.resolved.as_ref().and_then(|file| file.version.as_ref()),
            info.applied.as_ref().and_then(|row| row.version.as_ref()),
        ];
        for id in spellings.into_iter().flatten().map(ToString::to_string) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let mut files = Vec::new();
    for file in adapter.scan.migrations.iter().filter(replaced) {
        files.push(file.path.clone());
        files.extend(Some(conf_of(&file.path)).filter(|path| path.is_file()));
    }
    let resolved = last.resolved.as_ref().and_then(|file| file.version.as_ref()).unwrap_or(version);
    Ok(SquashScope {
        to: resolved.to_string(),
        title: format!("{version}{dash}{}", last.description()),
        ids,
        files,
        may_stay: true,
        stays: Some(
            "Flyway's validate wants the file of every applied migration; where they are to go, set \
             `ignoreMigrationPatterns = [\"*:missing\", \"*:future\"]` first"
                .to_owned(),
        ),
        ..SquashScope::default()
    })
}

/// `B<version>__<name>.sql`, and where it is needed the configuration beside it.
pub fn files(
    adapter: &FlywayAdapter,
    scope: &SquashScope,
    name: Option<&str>,
    sql: &BaselineSql,
) -> Result<SquashFiles, AdapterError> {
    let config = &adapter.config;
    let name = name.unwrap_or("baseline");
    if name.is_empty() || name.contains(['/', '\\']) || name.contains(config.sql_migration_separator.as_str())
    {
        return Err(AdapterError::refused(
            "NAME",
            format!("`{name}` cannot be the description of a migration"),
        ));
    }
    let suffix = config.sql_migration_suffixes.first().map_or(".sql", String::as_str);
    let file = format!(
        "{}{}{}{}{suffix}",
        config.baseline_migration_prefix,
        scope.to,
        config.sql_migration_separator,
        name.replace(' ', "_")
    );
    let path = folder(adapter, scope)?.join(file);
    let text = format!("-- Stands for every versioned migration up to {}.\n{}", scope.title, sql.up_script);
    let mut settings = String::new();
    let mut notes = Vec::new();
    if config.placeholder_replacement && text.contains(config.placeholder_prefix.as_str()) {
        settings.push_str("placeholderReplacement=false\n");
    }
    if !text.is_ascii() && !config.encoding.name().eq_ignore_ascii_case("UTF-8") {
        settings.push_str("encoding=UTF-8\n");
    }
    let mut files = vec![(path.clone(), text)];
    let beside = conf_of(&path);
    if settings.is_empty() && beside.exists() {
        let message = format!("{} would hold for the baseline, which is tried without it", beside.display());
        return Err(AdapterError::refused("SQUASH", message)
            .advise("Give the baseline another name with --name, or move that file away."));
    }
    if !settings.is_empty() {
        notes.push(format!(
            "{} has text that Flyway would take for placeholders, or characters of another encoding; the file beside it says \
             that they are none",
            path.file_name().unwrap_or_default().to_string_lossy()
        ));
        files.push((beside, settings));
    }
    Ok(SquashFiles { files, notes, ..SquashFiles::default() })
}

/// The first location that is a folder, else where the last of the old files lies.
fn folder(adapter: &FlywayAdapter, scope: &SquashScope) -> Result<PathBuf, AdapterError> {
    let found = adapter.config.locations.iter().find_map(|location| {
        let path = location.trim().strip_prefix("filesystem:").filter(|path| !path.contains(['*', '?']))?;
        Some(adapter.working_directory.join(path)).filter(|path| path.is_dir())
    });
    let beside = || scope.files.last().and_then(|file| file.parent()).map(Path::to_owned);
    found.or_else(beside).ok_or_else(|| {
        AdapterError::refused("SQUASH", "no location of the project is a folder of the file system")
            .advise("Add one to `locations`, like \"filesystem:sql\".")
    })
}

fn conf_of(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".conf");
    PathBuf::from(path)
}

/// The project with the baseline, which lies in a folder of its own.
pub fn squashed(
    adapter: &FlywayAdapter,
    gone: &[PathBuf],
    staging: &Path,
) -> Result<FlywayAdapter, AdapterError> {
    let mut config = adapter.config.clone();
    config.locations.push(format!("filesystem:{}", staging.display()));
    let mut new = FlywayAdapter::load(
        config,
        adapter.working_directory.clone(),
        adapter.stand_ins.clone(),
        adapter.now.clone(),
    )?;
    new.scan.migrations.retain(|file| !gone.contains(&file.path));
    new.undo_record = adapter.undo_record;
    Ok(new)
}
