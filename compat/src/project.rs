//! Which tool a directory belongs to, told from its files.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::native::layout;
use crate::settings::{FILE_NAME, Settings, SettingsError, Tool};

/// Where Flyway's command line looks for its configuration, in the project and in its `conf` folder.
const FLYWAY_FILES: [&str; 6] = [
    "flyway.toml",
    "flyway.user.toml",
    "flyway.conf",
    "conf/flyway.toml",
    "conf/flyway.user.toml",
    "conf/flyway.conf",
];

/// What Knex takes for its configuration; `.cjs` and `.mts` only when it is told.
const KNEX_EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "coffee", "eg", "ls"];

/// Where native migrations may lie. The first is where `dunlin new` puts them.
const NATIVE_FOLDERS: [&str; 2] = ["migrations", "db/migrations"];

/// Where Flyway migrations often lie without a configuration beside them.
const FLYWAY_FOLDERS: [&str; 3] = ["sql", "src/main/resources/db/migration", "db/migration"];

/// A directory whose tool is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// The tool.
    pub tool: Tool,
    /// The file or folder that told, relative to the directory.
    pub evidence: PathBuf,
    /// The folder of native migrations. It need not exist, unless the tool is native.
    pub migrations: PathBuf,
    /// What `dunlin.toml` says.
    pub settings: Settings,
}

/// Why the tool is not known, or not of use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DetectError {
    /// `dunlin.toml` is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Several tools' files.
    #[error(
        "{} belongs to more than one tool: found {}. Say which with `tool = \"{}\"` in dunlin.toml, or use the tool's own \
         command, as in `dunlin flyway …`",
        directory.display(), list(found), example(found)
    )]
    Ambiguous {
        /// The directory.
        directory: PathBuf,
        /// Each tool with what told.
        found: Vec<(Tool, PathBuf)>,
    },
    /// Native migrations in two places.
    #[error(
        "{} has migrations in {} and in {}. Say which with `migrations = \"{}\"` in dunlin.toml",
        directory.display(), first.display(), second.display(), first.display()
    )]
    TwoFolders {
        /// The directory.
        directory: PathBuf,
        /// One folder, relative to it.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// No tool's files.
    #[error("no migrations found in {}. {advice}", directory.display())]
    Nothing {
        /// The directory.
        directory: PathBuf,
        /// What to do.
        advice: String,
    },
}

fn list(found: &[(Tool, PathBuf)]) -> String {
    let shown: Vec<String> =
        found.iter().map(|(tool, path)| format!("{} ({tool})", path.display())).collect();
    shown.join(", ")
}

/// A tool to name in an example.
fn example(found: &[(Tool, PathBuf)]) -> Tool {
    found.first().map_or(Tool::Native, |(tool, _)| *tool)
}

/// Tells the tool of a directory. `tool` in `dunlin.toml` decides; else its `migrations` means native; else the
/// tools' own files do.
pub fn detect(directory: &Path) -> Result<Detected, DetectError> {
    let settings = Settings::load(directory)?;
    let (tool, evidence) = tool(directory, &settings)?;
    let migrations = match tool {
        Tool::Native => native_folder(directory, &settings)?,
        _ => settings.migrations.clone().unwrap_or_else(|| PathBuf::from(NATIVE_FOLDERS[0])),
    };
    Ok(Detected { tool, evidence, migrations, settings })
}

/// The folder of native migrations, relative to the directory: what `dunlin.toml` says, else `migrations` or
/// `db/migrations`, whichever has any, else `migrations`, where `dunlin new` puts the first.
pub fn native_folder(directory: &Path, settings: &Settings) -> Result<PathBuf, DetectError> {
    if let Some(folder) = &settings.migrations {
        return Ok(folder.clone());
    }
    match native_folders(directory).as_slice() {
        [] => Ok(PathBuf::from(NATIVE_FOLDERS[0])),
        [folder] => Ok(folder.clone()),
        [first, second, ..] => Err(DetectError::TwoFolders {
            directory: directory.to_owned(),
            first: first.clone(),
            second: second.clone(),
        }),
    }
}

fn tool(directory: &Path, settings: &Settings) -> Result<(Tool, PathBuf), DetectError> {
    if let Some(tool) = settings.tool {
        return Ok((tool, PathBuf::from(FILE_NAME)));
    }
    if settings.migrations.is_some() {
        return Ok((Tool::Native, PathBuf::from(FILE_NAME)));
    }
    let mut found: Vec<(Tool, PathBuf)> = Vec::new();
    found.extend(flyway(directory).map(|path| (Tool::Flyway, path)));
    found.extend(alembic(directory).map(|path| (Tool::Alembic, path)));
    let knexfile = settings.knex.knexfile.clone().or_else(|| knex(directory));
    found.extend(knexfile.map(|path| (Tool::Knex, path)));
    found.extend(rails(directory).map(|path| (Tool::Rails, path)));
    found.extend(native_folders(directory).into_iter().next().map(|path| (Tool::Native, path)));
    match found.as_slice() {
        [] => Err(DetectError::Nothing { directory: directory.to_owned(), advice: advice(directory) }),
        [one] => Ok(one.clone()),
        _ => Err(DetectError::Ambiguous { directory: directory.to_owned(), found }),
    }
}

fn flyway(directory: &Path) -> Option<PathBuf> {
    FLYWAY_FILES.iter().map(PathBuf::from).find(|name| directory.join(name).is_file())
}

fn alembic(directory: &Path) -> Option<PathBuf> {
    if directory.join("alembic.ini").is_file() {
        return Some(PathBuf::from("alembic.ini"));
    }
    let text = fs::read_to_string(directory.join("pyproject.toml")).ok()?;
    let project: toml::Table = text.parse().ok()?;
    project.get("tool")?.get("alembic")?;
    Some(PathBuf::from("pyproject.toml"))
}

fn knex(directory: &Path) -> Option<PathBuf> {
    let names = KNEX_EXTENSIONS.iter().map(|extension| PathBuf::from(format!("knexfile.{extension}")));
    names.into_iter().find(|name| directory.join(name).is_file())
}

/// How deep in a project a knexfile may lie, and how many folders are looked through for it.
const KNEXFILE_DEPTH: usize = 3;
const KNEXFILE_FOLDERS: usize = 500;

/// A knexfile in a folder of its own, as the one nearest to the directory.
fn knexfile_below(directory: &Path) -> Option<PathBuf> {
    let mut level = vec![PathBuf::new()];
    let mut looked = 0;
    for _ in 0..KNEXFILE_DEPTH {
        let mut below = Vec::new();
        for folder in &level {
            looked += 1;
            let entries = fs::read_dir(directory.join(folder)).into_iter().flatten().filter_map(Result::ok);
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
            below.extend(
                names
                    .filter(|name| {
                        !name.starts_with('.') && !["node_modules", "dist", "build"].contains(&name.as_str())
                    })
                    .map(|name| folder.join(name)),
            );
            if looked + below.len() > KNEXFILE_FOLDERS {
                return None;
            }
        }
        below.sort();
        let found = below.iter().find_map(|folder| Some(folder.join(knex(&directory.join(folder))?)));
        if found.is_some() {
            return found;
        }
        level = below;
    }
    None
}

fn rails(directory: &Path) -> Option<PathBuf> {
    let configured = directory.join("config/database.yml").is_file();
    (configured && directory.join("db/migrate").is_dir()).then(|| PathBuf::from("db/migrate"))
}

/// The folders in which at least one file is named like a native migration.
fn native_folders(directory: &Path) -> Vec<PathBuf> {
    let has_migration = |folder: &PathBuf| {
        sql_files(&directory.join(folder)).iter().any(|name| layout::split_name(name).is_ok())
    };
    NATIVE_FOLDERS.iter().map(PathBuf::from).filter(has_migration).collect()
}

fn sql_files(folder: &Path) -> Vec<String> {
    let entries = layout::entries(folder).unwrap_or_default();
    entries.into_iter().map(|(_, name)| name).collect()
}

fn advice(directory: &Path) -> String {
    let like_flyway = |name: &String| name.starts_with(['V', 'R', 'B']) && name.contains("__");
    for folder in FLYWAY_FOLDERS.iter().chain(&NATIVE_FOLDERS) {
        let names = sql_files(&directory.join(folder));
        if let Some(name) = names.iter().find(|name| like_flyway(name)) {
            return format!(
                "{folder}/{name} looks like Flyway's: use `dunlin flyway -locations=filesystem:{folder} …`, or write a flyway.toml"
            );
        }
        if let Some(name) = names.first().filter(|_| NATIVE_FOLDERS.contains(folder)) {
            return format!(
                "{folder}/{name} is not named like a migration: rename it to <version>_<name>.sql, as in 20240102030405_orders.sql"
            );
        }
    }
    if let Some(knexfile) = knexfile_below(directory) {
        return format!(
            "{0} is Knex': write `[knex]` and below it `knexfile = \"{0}\"` into dunlin.toml",
            knexfile.display()
        );
    }
    "`dunlin new <name>` writes a first migration; in another tool's project, go to the directory of its configuration"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use tempfile::TempDir;

    use super::*;

    fn project(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn detected(files: &[(&str, &str)]) -> (Tool, String) {
        let folder = project(files);
        let detected = detect(folder.path()).unwrap();
        (detected.tool, detected.evidence.display().to_string())
    }

    fn error(files: &[(&str, &str)]) -> String {
        let folder = project(files);
        let error = detect(folder.path()).unwrap_err();
        error.to_string().replace(&folder.path().display().to_string(), "shop")
    }

    #[test]
    fn a_tool_is_told_by_its_own_files() {
        let cases = [
            ("flyway.toml", Tool::Flyway),
            ("flyway.user.toml", Tool::Flyway),
            ("flyway.conf", Tool::Flyway),
            ("conf/flyway.conf", Tool::Flyway),
            ("alembic.ini", Tool::Alembic),
            ("migrations/1_orders.sql", Tool::Native),
            ("db/migrations/1_orders.sql", Tool::Native),
        ];
        for (file, tool) in cases {
            assert_eq!(detected(&[(file, "")]).0, tool, "{file}");
        }
    }

    #[test]
    fn a_knexfile_in_a_folder_of_its_own_is_named_in_dunlin_toml() {
        let knexfile = ("src/db/knexfile.ts", "");
        assert_snapshot!(
            error(&[knexfile, ("src/node_modules/knexfile.js", ""), ("src/db/old/knexfile.js", "")]),
            @"no migrations found in shop. src/db/knexfile.ts is Knex': write `[knex]` and below it `knexfile = \"src/db/knexfile.ts\"` into dunlin.toml"
        );
        let settings = ("dunlin.toml", "[knex]\nknexfile = \"src/db/knexfile.ts\"");
        assert_eq!(detected(&[knexfile, settings]), (Tool::Knex, "src/db/knexfile.ts".to_owned()));
        let both = error(&[knexfile, settings, ("alembic.ini", "")]);
        assert!(both.contains("alembic.ini (alembic), src/db/knexfile.ts (knex)"), "{both}");
    }

    #[test]
    fn dunlin_toml_decides() {
        let files =
            [("migrations/1_orders.sql", ""), ("flyway.toml", ""), ("dunlin.toml", "tool = \"native\"")];
        assert_eq!(detected(&files), (Tool::Native, "dunlin.toml".to_owned()));
        let files = [("flyway.toml", ""), ("dunlin.toml", "migrations = \"changes\"")];
        assert_eq!(detected(&files), (Tool::Native, "dunlin.toml".to_owned()));
    }

    #[test]
    fn the_folder_of_migrations_is_found() {
        let cases = [
            (vec![("db/migrations/1_orders.sql", "")], "db/migrations"),
            (vec![("dunlin.toml", "migrations = \"changes\"")], "changes"),
            (vec![("dunlin.toml", "tool = \"native\"")], "migrations"),
        ];
        for (files, expected) in cases {
            let folder = project(&files);
            assert_eq!(detect(folder.path()).unwrap().migrations, Path::new(expected));
        }
        assert_snapshot!(error(&[("migrations/1_a.sql", ""), ("db/migrations/1_a.sql", "")]), @r#"shop has migrations in migrations and in db/migrations. Say which with `migrations = "migrations"` in dunlin.toml"#);
    }

    #[test]
    fn two_tools_are_told_apart_by_the_user() {
        let files = [("migrations/1_orders.sql", ""), ("flyway.conf", ""), ("alembic.ini", "")];
        assert_snapshot!(error(&files), @r#"shop belongs to more than one tool: found flyway.conf (flyway), alembic.ini (alembic), migrations (native). Say which with `tool = "flyway"` in dunlin.toml, or use the tool's own command, as in `dunlin flyway …`"#);
    }

    #[test]
    fn a_directory_of_no_tool_says_how_to_begin() {
        let cases: [&[(&str, &str)]; 5] = [
            &[],
            &[("pyproject.toml", "[tool.ruff]\n"), ("config/database.yml", "")],
            &[("sql/V1__orders.sql", "")],
            &[("migrations/V1__orders.sql", "")],
            &[("migrations/orders.sql", "")],
        ];
        let errors: Vec<String> = cases.into_iter().map(error).collect();
        assert_snapshot!(errors.join("\n"), @"
    no migrations found in shop. `dunlin new <name>` writes a first migration; in another tool's project, go to the directory of its configuration
    no migrations found in shop. `dunlin new <name>` writes a first migration; in another tool's project, go to the directory of its configuration
    no migrations found in shop. sql/V1__orders.sql looks like Flyway's: use `dunlin flyway -locations=filesystem:sql …`, or write a flyway.toml
    no migrations found in shop. migrations/V1__orders.sql looks like Flyway's: use `dunlin flyway -locations=filesystem:migrations …`, or write a flyway.toml
    no migrations found in shop. migrations/orders.sql is not named like a migration: rename it to <version>_<name>.sql, as in 20240102030405_orders.sql
    ");
    }
}
