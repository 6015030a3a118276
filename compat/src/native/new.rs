//! The name and text of a new migration.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use super::layout::fits_name;
use super::version::Version;

/// The longest file name that the usual file systems take, in bytes.
const LONGEST_FILE_NAME: usize = 255;

/// A version with fewer digits than a date (`20240102`) is a count.
const DATE_DIGITS: usize = 8;

/// A migration to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMigration {
    /// `<version>_<name>.sql`.
    pub file_name: String,
    /// The text, with blank up and down blocks.
    pub text: String,
}

/// Why there is no new migration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NewError {
    /// Nothing of the name can stand in a file's name.
    #[error("`{0}` has no letter or digit to name a file with; write what the migration is about")]
    NoName(String),
    /// The file's name would be too long.
    #[error("the name makes a file name of {0} bytes, and file systems take {LONGEST_FILE_NAME}; shorten it")]
    TooLong(usize),
    /// The file could not be written.
    #[error("{} cannot be written: {error}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Names a new migration. Its version is `now` in UTC as `20240102030405`, or the next number in a project that counts
/// (`001`, `002`); a version that is taken is stepped over.
pub fn new_migration<'a>(
    name: &str,
    now: Timestamp,
    existing: impl IntoIterator<Item = &'a Version>,
) -> Result<NewMigration, NewError> {
    let existing: Vec<&Version> = existing.into_iter().collect();
    let bare = file_name_part(name).ok_or_else(|| NewError::NoName(name.to_owned()))?;
    let file_name = format!("{}_{bare}.sql", next_version(now, &existing));
    if file_name.len() > LONGEST_FILE_NAME {
        return Err(NewError::TooLong(file_name.len()));
    }
    Ok(NewMigration { file_name, text: "-- migrate:up\n\n\n-- migrate:down\n\n".to_owned() })
}

impl NewMigration {
    /// Writes the file into a folder, which is created when it is missing. A file that is there is an error.
    pub fn create_in(&self, directory: &Path) -> Result<PathBuf, NewError> {
        std::fs::create_dir_all(directory)
            .map_err(|error| NewError::Unwritable { path: directory.to_owned(), error })?;
        let path = directory.join(&self.file_name);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(self.text.as_bytes()));
        match written {
            Ok(()) => Ok(path),
            Err(error) => Err(NewError::Unwritable { path, error }),
        }
    }
}

fn next_version(now: Timestamp, existing: &[&Version]) -> Version {
    let highest = existing.iter().max();
    let timestamp = Version::parse(&now.strftime("%Y%m%d%H%M%S").to_string());
    let mut version = match (highest, timestamp) {
        (Some(highest), _) if highest.as_str().len() < DATE_DIGITS => highest.next(),
        (_, Some(timestamp)) => timestamp,
        // A year before the common era has a sign.
        (highest, None) => highest.map_or_else(Version::first, |highest| highest.next()),
    };
    while existing.contains(&&version) {
        version = version.next();
    }
    version
}

/// What can stand in a file's name; runs of other characters become one `_`.
fn file_name_part(name: &str) -> Option<String> {
    let mut part = String::new();
    for character in name.chars() {
        if fits_name(character) && character != '_' {
            part.push(character);
        } else if !part.is_empty() && !part.ends_with('_') {
            part.push('_');
        }
    }
    let part = part.trim_matches(|character| matches!(character, '_' | '.' | '-'));
    part.chars().any(char::is_alphanumeric).then(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_name(name: &str, existing: &[&str]) -> String {
        let existing: Vec<Version> = existing.iter().map(|text| Version::parse(text).unwrap()).collect();
        let now: Timestamp = "2024-01-02T05:04:05+02:00".parse().unwrap();
        new_migration(name, now, &existing).unwrap().file_name
    }

    #[test]
    fn the_version_is_the_time_in_utc() {
        assert_eq!(file_name("orders", &[]), "20240102030405_orders.sql");
        assert_eq!(file_name("orders", &["20230101000000"]), "20240102030405_orders.sql");
    }

    #[test]
    fn a_project_that_counts_goes_on_counting() {
        assert_eq!(file_name("orders", &["001", "002"]), "003_orders.sql");
        assert_eq!(file_name("orders", &["9"]), "10_orders.sql");
    }

    #[test]
    fn a_version_that_is_taken_is_stepped_over() {
        let taken = ["20240102030405", "20240102030406"];
        assert_eq!(file_name("orders", &taken), "20240102030407_orders.sql");
    }

    #[test]
    fn names_become_file_names() {
        let cases = [
            ("Add orders table!", "Add_orders_table"),
            ("../../etc/passwd", "etc_passwd"),
            ("  prix en €  ", "prix_en_€"),
            ("größe", "größe"),
            ("a__b", "a_b"),
            ("v1.2-beta", "v1.2-beta"),
        ];
        for (name, expected) in cases {
            assert_eq!(file_name(name, &["1"]), format!("2_{expected}.sql"), "{name}");
        }
    }

    #[test]
    fn a_name_without_letters_or_digits_is_refused() {
        for name in ["", "   ", "../..", "_", "!?"] {
            let error = new_migration(name, Timestamp::UNIX_EPOCH, []).unwrap_err();
            assert!(matches!(error, NewError::NoName(_)), "{name:?}");
        }
    }

    #[test]
    fn a_name_too_long_for_a_file_is_refused() {
        let error = new_migration(&"é".repeat(120), Timestamp::UNIX_EPOCH, []).unwrap_err();
        assert!(matches!(error, NewError::TooLong(259)), "{error}");
    }

    #[test]
    fn a_new_file_is_a_migration_and_never_replaces_one() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("db/migrations");
        let new = new_migration("orders", Timestamp::UNIX_EPOCH, []).unwrap();
        new.create_in(&directory).unwrap();
        let files = super::super::load(&directory).unwrap();
        assert_eq!(files[0].title(), "19700101000000_orders");
        assert!(!files[0].is_reversible(), "a blank down is still to be written");
        assert!(matches!(new.create_in(&directory), Err(NewError::Unwritable { .. })));
    }
}
