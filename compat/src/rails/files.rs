//! Migration files: which there are, and in which order Rails runs them.

use std::collections::HashMap;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::inflector::Inflections;
use crate::model::AdapterError;

/// A migration of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// Its version.
    pub version: u128,
    /// Its class.
    pub name: String,
    /// The engine that it was copied from; empty for one of the project's own.
    pub scope: String,
    /// What `db:migrate:status` calls it.
    pub words: String,
    /// The file.
    pub path: PathBuf,
}

/// How the names of files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRules {
    /// The acronyms of the project.
    pub inflections: Inflections,
    /// Versions from this on are refused: a day from now. `None` refuses none.
    pub versions_before: Option<u128>,
}

impl FileRules {
    /// Refuses versions that lie more than a day in the future.
    pub fn versions_before(now: Timestamp) -> Option<u128> {
        let tomorrow = now.checked_add(SignedDuration::from_hours(24)).ok()?;
        tomorrow.strftime("%Y%m%d%H%M%S").to_string().parse().ok()
    }
}

/// The migrations of all folders, by version. Folders that are not there have none.
///
/// # Errors
/// In Rails' words: a name is illegal, or a version lies in the future. Two of one version or name are no error here: see
/// [`duplicate`].
pub fn list(folders: &[PathBuf], rules: &FileRules) -> Result<Vec<MigrationFile>, AdapterError> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(folder, &mut paths, 0)?;
    }
    let mut files = paths.iter().map(|path| read(path, rules)).collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(|file| file.version);
    Ok(files)
}

/// How deep folders of migrations may be.
const DEPTH: usize = 32;

/// Files `[0-9]*_*.rb` in a folder and below, as `Dir[]` gives them: no hidden ones, and no folders behind links.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>, depth: usize) -> Result<(), AdapterError> {
    let unreadable = |error: std::io::Error| {
        AdapterError::refused("DIRECTORY", format!("the folder {} cannot be read: {error}", folder.display()))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(unreadable)?);
    }
    found.sort_by_key(fs::DirEntry::file_name);
    for entry in found {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && depth < DEPTH {
            collect(&entry.path(), paths, depth + 1)?;
        }
        let fits = name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .strip_suffix(".rb")
                .is_some_and(|stem| stem.get(1..).is_some_and(|rest| rest.contains('_')));
        if fits && !is_folder {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// `MigrationFilenameRegexp`: version, name and scope.
pub fn parts(file_name: &str) -> Option<(&str, &str, &str)> {
    let stem = file_name.strip_suffix(".rb")?;
    let (version, rest) = stem.split_once('_')?;
    let (name, scope) = rest.split_once('.').unwrap_or((rest, ""));
    let legal = |text: &str| {
        text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    (is_version && legal(name) && legal(scope)).then_some((version, name, scope))
}

fn read(path: &Path, rules: &FileRules) -> Result<MigrationFile, AdapterError> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (digits, name, scope) = parts(file_name).ok_or_else(|| {
        AdapterError::refused(
            "ActiveRecord::IllegalMigrationNameError",
            format!(
                "Illegal name for migration file: {}\n\t(only lower case letters, numbers, and '_' allowed).",
                path.display()
            ),
        )
        .at(path, 1)
    })?;
    let version: u128 = digits.parse().map_err(|_| {
        AdapterError::refused("VERSION", format!("the version of {} is too large", path.display()))
            .at(path, 1)
    })?;
    if let Some(limit) = rules.versions_before
        && version >= limit
    {
        return Err(AdapterError::refused(
            "ActiveRecord::InvalidMigrationTimestampError",
            format!(
                "Invalid timestamp {digits} for migration file: {name}.\nTimestamp must be in form YYYYMMDDHHMMSS, and less than {limit}.\n"
            ),
        )
        .at(path, 1));
    }
    Ok(MigrationFile {
        version,
        name: rules.inflections.camelize(name),
        scope: scope.to_owned(),
        words: rules.inflections.humanize(&format!("{name}{scope}")),
        path: path.to_owned(),
    })
}

/// Whether a line of the source is the call of `disable_ddl_transaction!`. Whoever runs the file knows for certain.
pub fn disables_transaction(text: &str) -> bool {
    text.split('\n').any(|line| {
        let line = line.trim_start();
        line.strip_prefix("disable_ddl_transaction!").is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|next: char| {
                    next.is_whitespace() || next == ';' || next == '(' || next == '#'
                })
        })
    })
}

/// Refuses two files of one name or version, in Rails' words: the name is looked at first.
///
/// # Errors
/// There are two.
pub fn duplicate(files: &[&MigrationFile]) -> Result<(), AdapterError> {
    if let Some((first, other)) = second_of(files, |file| file.name.as_str()) {
        return Err(twice(
            "ActiveRecord::DuplicateMigrationNameError",
            format!("Multiple migrations have the name {}.", first.name),
            [first, other],
        ));
    }
    if let Some((first, other)) = second_of(files, |file| file.version) {
        return Err(twice(
            "ActiveRecord::DuplicateMigrationVersionError",
            format!("Multiple migrations have the version number {}.", first.version),
            [first, other],
        ));
    }
    Ok(())
}

/// The first file that has something in common with a later one, and that.
fn second_of<'f, K: Eq + Hash>(
    files: &[&'f MigrationFile],
    key: impl Fn(&'f MigrationFile) -> K,
) -> Option<(&'f MigrationFile, &'f MigrationFile)> {
    let mut first: HashMap<K, usize> = HashMap::with_capacity(files.len());
    let mut found: Option<(usize, usize)> = None;
    for (place, file) in files.iter().enumerate() {
        let before = *first.entry(key(file)).or_insert(place);
        if before < place && found.is_none_or(|(earliest, _)| before < earliest) {
            found = Some((before, place));
        }
    }
    let (before, place) = found?;
    Some((*files.get(before)?, *files.get(place)?))
}

fn twice(class: &str, message: String, [first, second]: [&MigrationFile; 2]) -> AdapterError {
    AdapterError::refused(class, message)
        .at(&second.path, 1)
        .advise(format!("The other is {}; rename the one that has not run.", first.path.display()))
}

/// The first line that `railties:install:migrations` writes: the engine, and the version there.
pub fn origin(text: &str) -> Option<(&str, &str)> {
    text.split('\n').find_map(|line| {
        let rest = line.trim_end().strip_prefix("# This migration comes from ")?;
        let (engine, version) = rest.split_once(" (originally ")?;
        Some((engine, version.strip_suffix(')')?))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(
        files: &[&str],
        folders: &[&str],
        rules: &FileRules,
    ) -> Result<Vec<(u128, String, String)>, String> {
        let project = tempfile::tempdir().unwrap();
        for file in files {
            let path = project.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let folders: Vec<PathBuf> = folders.iter().map(|folder| project.path().join(folder)).collect();
        let found = list(&folders, rules).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|file| (file.version, file.name, file.scope)).collect())
    }

    fn rules() -> FileRules {
        FileRules { inflections: Inflections::default(), versions_before: None }
    }

    #[test]
    fn files_of_all_folders_go_by_their_number() {
        let files = [
            "db/migrate/20240101000000_create_users.rb",
            "db/migrate/001_old.rb",
            "db/migrate/2023/20230101000000_deeper.rb",
            "db/migrate/20240102000000_create_tags.acts_as_taggable.rb",
            "db/more/20230601000000_between.rb",
            "db/migrate/README.md",
            "db/migrate/create_things.rb",
            "db/migrate/.hidden/20200101000000_no.rb",
            "db/migrate/20200101000000.rb",
            "db/migrate/20200101000000_no.rb.orig",
        ];
        let found = listed(&files, &["db/migrate", "db/more", "db/absent"], &rules()).unwrap();
        let names: Vec<String> =
            found.iter().map(|(version, name, scope)| format!("{version} {name} {scope}")).collect();
        assert_eq!(
            names,
            [
                "1 Old ",
                "20230101000000 Deeper ",
                "20230601000000 Between ",
                "20240101000000 CreateUsers ",
                "20240102000000 CreateTags acts_as_taggable"
            ]
        );
    }

    #[test]
    fn illegal_names_are_refused_in_rails_words() {
        for name in ["1_Bad.rb", "1_bad-name.rb", "1_a.b.c.rb", "1a_x.rb"] {
            let error = listed(&[&format!("m/{name}")], &["m"], &rules()).unwrap_err();
            assert!(error.starts_with("Illegal name for migration file: "), "{error}");
            assert!(
                error.ends_with(&format!("{name}\n\t(only lower case letters, numbers, and '_' allowed).")),
                "{error}"
            );
        }
    }

    #[test]
    fn versions_of_the_future_are_refused_where_that_is_wanted() {
        let now: Timestamp = "2026-11-27T01:21:18Z".parse().unwrap();
        let limit = FileRules::versions_before(now);
        assert_eq!(limit, Some(20_261_128_012_118));
        let strict = FileRules { versions_before: limit, ..rules() };
        let error = listed(&["m/20990101000000_future.rb"], &["m"], &strict).unwrap_err();
        assert_eq!(
            error,
            "Invalid timestamp 20990101000000 for migration file: future.\nTimestamp must be in form YYYYMMDDHHMMSS, and less than 20261128012118.\n"
        );
        assert!(listed(&["m/20990101000000_future.rb"], &["m"], &rules()).is_ok());
        assert!(listed(&["m/20261128012117_soon.rb"], &["m"], &strict).is_ok());
    }

    #[test]
    fn duplicates_are_refused_by_name_first() {
        let file = |version: u128, name: &str| MigrationFile {
            version,
            name: name.to_owned(),
            scope: String::new(),
            words: String::new(),
            path: PathBuf::from(format!("{version}_{name}.rb")),
        };
        let error =
            |files: &[MigrationFile]| duplicate(&files.iter().collect::<Vec<_>>()).unwrap_err().to_string();
        assert_eq!(error(&[file(1, "A"), file(1, "B")]), "Multiple migrations have the version number 1.");
        assert_eq!(
            error(&[file(1, "A"), file(1, "B"), file(2, "B")]),
            "Multiple migrations have the name B."
        );
    }

    #[test]
    fn the_call_that_disables_the_transaction_is_seen() {
        assert!(disables_transaction("class A < ActiveRecord::Migration[7.0]\n  disable_ddl_transaction!\n"));
        assert!(disables_transaction("  disable_ddl_transaction! # indexes\r\n"));
        assert!(!disables_transaction("  # disable_ddl_transaction!\n"));
        assert!(!disables_transaction("  disable_ddl_transaction!x\n"));
    }

    #[test]
    fn the_origin_of_a_copy_is_read() {
        let text =
            "# frozen_string_literal: true\n# This migration comes from tags (originally 2023)\nclass A\n";
        assert_eq!(origin(text), Some(("tags", "2023")));
        assert_eq!(origin("class A\n"), None);
    }

    proptest! {
        #[test]
        fn no_name_panics(name in "[0-9_a-zA-Z.\\-]{0,20}(\\.rb)?") {
            let _ = parts(&name);
        }
    }
}
