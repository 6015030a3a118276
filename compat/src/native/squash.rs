//! A baseline file in the place of all migrations up to a version.

use std::path::PathBuf;

use crate::model::{AdapterError, BaselineSql, SquashFiles, SquashScope};

use super::Native;
use super::layout::{self, MigrationFile, arrange, fits_name};
use super::parse::parse;
use super::plan::{Situation, find};

/// What the baseline stands for: up to `to`, else up to the highest applied version.
pub(super) fn scope(situation: &Situation<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
    let last = match to {
        Some(to) => find(situation, to)?,
        None => {
            situation.joined.iter().rfind(|joined| joined.row.is_some() && joined.file.is_some()).ok_or_else(
                || {
                    AdapterError::refused(
                    "NOTHING_APPLIED",
                    "no migration of the project is applied on this database",
                )
                .advise(
                    "Only what is applied can be replaced: run `dunlin up`, or name a database with --url.",
                )
                },
            )?
        }
    };
    let files: Vec<&MigrationFile> = situation
        .joined
        .iter()
        .filter(|joined| joined.version <= last.version)
        .filter_map(|joined| joined.file)
        .collect();
    Ok(SquashScope {
        // The spelling of the file, from which that of the new one is made.
        to: last.file.map_or(last.version, |file| &file.version).to_string(),
        title: last.title(),
        ids: files.iter().map(|file| file.version.to_string()).collect(),
        files: files.iter().map(|file| file.path.clone()).collect(),
        with_down: true,
        ..SquashScope::default()
    })
}

/// The baseline file.
pub(super) fn files(
    project: &Native,
    scope: &SquashScope,
    name: Option<&str>,
    sql: &BaselineSql,
) -> Result<SquashFiles, AdapterError> {
    let name = name.unwrap_or("baseline");
    if name.is_empty() || !name.chars().all(fits_name) {
        return Err(AdapterError::refused(
            "NAME",
            format!("`{name}` cannot stand in a file's name: letters, digits, `_`, `.` and `-` can"),
        ));
    }
    let path = project.directory.join(format!("{}_{name}.sql", scope.to));
    let mut text = format!(
        "-- Stands for every migration up to {}, which it replaces.\n-- migrate:baseline\n{}",
        scope.title, sql.up_script
    );
    let mut blocks = 1;
    if sql.down.is_some() {
        blocks += 1;
        text.push_str(&format!("\n-- migrate:down\n{}", sql.down_script));
    }
    // A line of a text or of a function's body may look like a directive, and would be one.
    let is_sound = parse(&text).is_ok_and(|document| document.blocks.len() == blocks);
    if !is_sound {
        return Err(AdapterError::refused(
            "SQUASH",
            "something in the schema or its rows has a line that begins with `-- migrate:`, which no file of this format \
             can hold",
        ));
    }
    Ok(SquashFiles { files: vec![(path, text)], ..SquashFiles::default() })
}

/// The project as it will be.
pub(super) fn squashed(
    project: &Native,
    gone: &[PathBuf],
    new: &SquashFiles,
) -> Result<Native, AdapterError> {
    let added = arrange(new.files.iter().cloned())
        .map_err(|errors| layout::as_adapter_error(errors).unwrap_or_else(unreadable))?;
    let kept = project.files.iter().filter(|file| !gone.contains(&file.path)).cloned();
    let mut files: Vec<MigrationFile> = kept.chain(added).collect();
    files.sort_by(|left, right| left.version.cmp(&right.version));
    Ok(Native { files, ..project.clone() })
}

fn unreadable() -> AdapterError {
    AdapterError::refused("SQUASH", "the baseline does not read")
}
