//! Java migrations: dunlin runs no Java, so it has to know which there are. A class is found by its source (or compiled)
//! file where Maven and Gradle keep it, beside the `classpath:` locations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::flyway::adapter::StandIn;
use crate::flyway::history::MigrationType;
use crate::flyway::version::MigrationVersion;
use crate::model::AdapterError;

/// Where builds keep classes, relative to the project.
const SOURCE_FOLDERS: [&str; 3] = ["src/main/java", "src/main/kotlin", "src/main/groovy"];

/// Endings of files that hold a class.
const ENDINGS: [&str; 4] = ["java", "kt", "groovy", "class"];

/// Whether a file holds a class instead of SQL.
pub fn is_class_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
}

/// The Java migrations of a project with what is to run in their place. A class without a stand-in keeps its own file
/// as path, and is refused by name when it would have to run.
///
/// `stand_ins` maps versions, descriptions of repeatable migrations, or full class names to SQL files relative to
/// `project`.
///
/// # Errors
/// A stand-in whose key is no class name and fits no class that was found.
pub fn stand_ins(
    stand_ins: &BTreeMap<String, PathBuf>,
    locations: &[String],
    project: &Path,
) -> Result<Vec<StandIn>, AdapterError> {
    let mut found: Vec<StandIn> = classes(locations, project);
    for (key, file) in stand_ins {
        let path = project.join(file);
        if let Some(class) = found.iter_mut().find(|class| is_meant(class, key)) {
            class.path = path;
            continue;
        }
        let Some(named) = class(key, &path) else {
            return Err(AdapterError::refused(
                "CONFIGURATION",
                format!("the stand-in for {key} in dunlin.toml fits no Java migration that was found"),
            )
            .advise(
                "Name the class in full, as the history records it: `\"db.migration.V5__Fill_totals\" = \"…\"`.",
            ));
        };
        found.push(named);
    }
    Ok(found)
}

fn is_meant(class: &StandIn, key: &str) -> bool {
    class.script == key
        || match &class.version {
            Some(version) => MigrationVersion::parse(key).is_ok_and(|wanted| wanted == *version),
            None => class.description == key,
        }
}

fn classes(locations: &[String], project: &Path) -> Vec<StandIn> {
    let mut found: Vec<StandIn> = Vec::new();
    for location in locations {
        let location = location.trim();
        let package = match location.split_once(':') {
            None => location,
            Some(("classpath", path)) => path,
            Some(_) => continue,
        };
        let package = package.trim_matches('/');
        if package.is_empty() {
            continue;
        }
        for folder in SOURCE_FOLDERS {
            let Ok(entries) = std::fs::read_dir(project.join(folder).join(package)) else { continue };
            for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_class_file(path)) {
                let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
                let full = format!("{}.{name}", package.replace('/', "."));
                if let Some(class) = class(&full, &path)
                    && !found.iter().any(|other| other.script == class.script)
                {
                    found.push(class);
                }
            }
        }
    }
    found.sort_by(|first, second| first.script.cmp(&second.script));
    found
}

/// Reads `db.migration.V1_5__Fill_totals` (class `BaseJavaMigration`): version 1.5, description `Fill totals`.
fn class(full_name: &str, path: &Path) -> Option<StandIn> {
    let name = full_name.rsplit('.').next()?;
    let (head, description) = name.split_once("__")?;
    let version = match head.strip_prefix('V') {
        Some(version) => Some(MigrationVersion::parse(version).ok()?),
        None if head == "R" => None,
        None => return None,
    };
    Some(StandIn {
        version,
        description: description.replace('_', " "),
        script: full_name.to_owned(),
        kind: MigrationType::Jdbc,
        checksum: None,
        path: path.to_path_buf(),
    })
}

/// The refusal of a class that would have to run. The way out is part of the message, since Flyway's command line prints
/// no more than that.
pub fn refuse(class: &str, path: &Path, key: &str) -> AdapterError {
    let file = class.rsplit('.').next().unwrap_or(class);
    AdapterError::refused(
        "ERROR",
        format!(
            "{class} ({}) is a Java migration, and dunlin runs no Java.\nWrite what it does as SQL and name the file in \
             dunlin.toml, `[flyway.stand-in]` with `\"{key}\" = \"stand-ins/{file}.sql\"`; it is recorded as the original. Or let \
             Flyway run this one.",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let java = folder.path().join("src/main/java/db/migration");
        std::fs::create_dir_all(&java).unwrap();
        std::fs::write(java.join("V1_5__Fill_totals.java"), "class V1_5__Fill_totals {}").unwrap();
        std::fs::write(java.join("Helper.java"), "class Helper {}").unwrap();
        folder
    }

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, PathBuf> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), PathBuf::from(value))).collect()
    }

    #[test]
    fn classes_are_found_beside_classpath_locations() {
        let project = project();
        let found = stand_ins(&map(&[]), &["classpath:db/migration".into()], project.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].script, "db.migration.V1_5__Fill_totals");
        assert_eq!(found[0].description, "Fill totals");
        assert!(is_class_file(&found[0].path));
    }

    #[test]
    fn a_stand_in_is_named_by_version_or_class() {
        let project = project();
        for key in ["1.5", "01.5.0", "db.migration.V1_5__Fill_totals"] {
            let found =
                stand_ins(&map(&[(key, "totals.sql")]), &["db/migration".into()], project.path()).unwrap();
            assert_eq!(found.len(), 1, "{key}");
            assert_eq!(found[0].path, project.path().join("totals.sql"), "{key}");
        }
    }

    #[test]
    fn a_class_that_is_elsewhere_is_named_in_full() {
        let project = project();
        let found =
            stand_ins(&map(&[("com.shop.V7__Merge_carts", "carts.sql")]), &[], project.path()).unwrap();
        assert_eq!(found[0].version, MigrationVersion::parse("7").ok());
        let error = stand_ins(&map(&[("7", "carts.sql")]), &[], project.path()).unwrap_err();
        assert!(error.to_string().contains("the stand-in for 7"), "{error}");
    }
}
