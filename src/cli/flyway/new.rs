//! `dunlin new` in a Flyway project.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use dunlin_compat::flyway::config::{self, Invocation, ProcessEnvironment};
use dunlin_compat::flyway::scan::MigrationKind;
use dunlin_compat::flyway::version::MigrationVersion;
use dunlin_compat::settings::Settings;
use jiff::Timestamp;

use super::session;
use crate::cli::Global;
use crate::cli::failure::Failure;

/// A version of so many digits is a moment, like `20240102030405` or `202401020304`.
const DATE_DIGITS: usize = 12;

/// Writes the next versioned migration into the first location of the file system and returns its path. Its version is
/// the highest first number plus one, or the moment in UTC where the project's versions are moments.
pub fn create(global: &Global, name: &str) -> Result<PathBuf, Failure> {
    let root = std::path::absolute(&global.directory)
        .map_err(|error| Failure::new("PROJECT", format!("{}: {error}", global.directory.display())))?;
    let invocation = Invocation::parse(&[format!("-workingDirectory={}", root.display())])
        .map_err(|error| Failure::new("CONFIGURATION", error.to_string()))?;
    let loaded = config::load(&invocation, &ProcessEnvironment)
        .map_err(|error| Failure::new("CONFIGURATION", error.to_string()))?;
    let settings = Settings::load(&root).map_err(|error| Failure::new("CONFIGURATION", error.to_string()))?;
    let adapter = session::adapter(loaded.config, root.clone(), &settings, &mut Vec::new())?;
    let versions: Vec<&MigrationVersion> = adapter
        .scan
        .migrations
        .iter()
        .filter(|migration| migration.kind != MigrationKind::Repeatable)
        .filter_map(|migration| migration.version.as_ref())
        .collect();
    let config = &adapter.config;
    let description = description(name)
        .ok_or_else(|| Failure::usage(format!("`{name}` has no letter or digit to name a file with")))?;
    let suffix = config.sql_migration_suffixes.first().map_or(".sql", String::as_str);
    let file = format!(
        "{}{}{}{description}{suffix}",
        config.sql_migration_prefix,
        next_version(&versions, Timestamp::now())?,
        config.sql_migration_separator
    );
    let folder = folder(&config.locations, &root)?;
    write(&folder, &file)
}

/// The first location that is a folder, without wildcards.
fn folder(locations: &[String], root: &Path) -> Result<PathBuf, Failure> {
    let found = locations.iter().find_map(|location| {
        location.trim().strip_prefix("filesystem:").filter(|path| !path.contains(['*', '?']))
    });
    found.map(|path| root.join(path)).ok_or_else(|| {
        Failure::new("NEW", "no location of the project is a folder of the file system")
            .help("Add one to `locations`, like \"filesystem:sql\".")
    })
}

fn next_version(versions: &[&MigrationVersion], now: Timestamp) -> Result<String, Failure> {
    let numbers: Vec<String> = versions
        .iter()
        .map(|version| version.to_string().split('.').next().unwrap_or_default().to_owned())
        .collect();
    let highest = numbers.iter().max_by_key(|number| {
        let digits = number.trim_start_matches('0');
        (digits.len(), digits.to_owned())
    });
    let Some(highest) = highest else { return Ok("1".to_owned()) };
    let is_moment = highest.len() >= DATE_DIGITS;
    let now = now.strftime("%Y%m%d%H%M%S").to_string();
    if is_moment && now[..highest.len().min(now.len())] > **highest {
        return Ok(now[..highest.len().min(now.len())].to_owned());
    }
    let next = highest
        .parse::<u128>()
        .ok()
        .and_then(|number| number.checked_add(1))
        .ok_or_else(|| Failure::new("NEW", format!("there is no version after {highest}")))?;
    // A project that fills up with zeros goes on doing so.
    Ok(format!("{next:0width$}", width = highest.len()))
}

/// Letters and digits, the rest as single underscores.
fn description(name: &str) -> Option<String> {
    let words: Vec<&str> =
        name.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join("_"))
}

fn write(folder: &Path, file: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(file);
    let unwritable =
        |error: std::io::Error| Failure::new("NEW", format!("{} cannot be written: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut created = OpenOptions::new().write(true).create_new(true).open(&path).map_err(unwritable)?;
    created.write_all(b"").map_err(unwritable)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(versions: &[&str]) -> String {
        let parsed: Vec<MigrationVersion> =
            versions.iter().map(|text| MigrationVersion::parse(text).unwrap()).collect();
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        next_version(&parsed.iter().collect::<Vec<_>>(), now).unwrap()
    }

    #[test]
    fn versions_go_on_as_they_began() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "1"),
            (&["1", "2"], "3"),
            (&["1.2", "10.1"], "11"),
            (&["001", "002"], "003"),
            (&["9", "10"], "11"),
            (&["20250102030405"], "20260102030405"),
            (&["202501020304"], "202601020304"),
            // A file of the future is not overtaken.
            (&["20990102030405"], "20990102030406"),
        ];
        for (versions, expected) in cases {
            assert_eq!(next(versions), *expected, "{versions:?}");
        }
    }

    #[test]
    fn descriptions_are_words() {
        assert_eq!(description("add  orders & items!").as_deref(), Some("add_orders_items"));
        assert_eq!(description("***"), None);
    }
}
