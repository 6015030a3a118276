//! A schema file in the place of migrations: Rails' own way, in which `db/schema.rb` or `db/structure.sql` says what a new database
//! begins with, and a recorded version without a file is left alone.

use std::path::PathBuf;

use super::adapter::RailsAdapter;
use super::files::MigrationFile;
use crate::model::{AdapterError, Context, SquashScope};

/// What the schema file stands for: up to the version `to`, else up to the highest that is recorded and has a file.
pub(super) fn scope(
    adapter: &RailsAdapter,
    context: &Context<'_>,
    to: Option<u128>,
) -> Result<SquashScope, AdapterError> {
    let applied = RailsAdapter::applied(context);
    let last = match to {
        Some(to) => adapter.files.iter().find(|file| file.version == to).ok_or_else(|| {
            AdapterError::refused("UNKNOWN_VERSION", format!("there is no migration with version {to}"))
        })?,
        None => adapter.files.iter().rfind(|file| applied.contains(&file.version)).ok_or_else(|| {
            AdapterError::refused(
                "NOTHING_APPLIED",
                "no migration of the application is applied on this database",
            )
            .advise("Only what is applied can be replaced: run `dunlin up`, or name a database with --url.")
        })?,
    };
    let without_file = applied.iter().find(|version| {
        **version < last.version && adapter.files.iter().all(|file| file.version != **version)
    });
    if let Some(version) = without_file {
        return Err(AdapterError::refused(
            "SQUASH",
            format!("{version} is recorded and has no file, so what it did cannot be run on a scratch database"),
        )
        .advise(
            "Where migrations have been replaced by the schema file before, it has what they did: dump it anew with \
             `db:schema:dump`, and delete what it has beside them.",
        ));
    }
    let replaced: Vec<&MigrationFile> =
        adapter.files.iter().filter(|file| file.version <= last.version).collect();
    Ok(SquashScope {
        to: last.version.to_string(),
        title: format!("{} {}", last.version, last.name),
        ids: replaced.iter().map(|file| file.version.to_string()).collect(),
        files: replaced.iter().map(|file| file.path.clone()).collect(),
        schema_file: true,
        harmless: vec!["NO_FILE".to_owned()],
        ..SquashScope::default()
    })
}

/// The application without these files.
pub(super) fn squashed(adapter: &RailsAdapter, gone: &[PathBuf]) -> RailsAdapter {
    let mut new = adapter.clone();
    new.files.retain(|file| !gone.contains(&file.path));
    new
}
