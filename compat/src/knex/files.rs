//! Migration files: which there are, and in which order Knex runs them.

use std::cmp::Ordering;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::config::Migrations;
use crate::model::AdapterError;

/// What Knex loads when the configuration does not say. `.mjs` and `.mts` are not among them.
pub const LOAD_EXTENSIONS: [&str; 9] =
    [".co", ".coffee", ".eg", ".iced", ".js", ".cjs", ".litcoffee", ".ls", ".ts"];

/// A migration of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// Its name in the history: the file's, with its extension and without its folder.
    pub name: String,
    /// The folder, as the configuration says it.
    pub directory: String,
    /// The file, absolute. None when it comes from a `migrationSource` of the project's own.
    pub path: Option<PathBuf>,
}

impl MigrationFile {
    fn place(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "the migrationSource".to_owned(),
        }
    }
}

/// The migrations of all folders, in the order in which they run. Relative folders are below `working_directory`.
///
/// # Errors
/// A folder cannot be read, or a name is not UTF-8.
pub fn list(migrations: &Migrations, working_directory: &Path) -> Result<Vec<MigrationFile>, AdapterError> {
    let mut all = Vec::new();
    for directory in &migrations.directories {
        let folder = resolved(&working_directory.join(directory));
        let mut names = names(&folder).map_err(|error| unreadable(&folder, &error))?;
        if migrations.sort_dirs_separately {
            names.sort_by(|left, right| code_units(left, right));
        }
        all.extend(names.into_iter().map(|name| MigrationFile {
            path: Some(folder.join(&name)),
            directory: directory.clone(),
            name,
        }));
    }
    if !migrations.sort_dirs_separately {
        all.sort_by(|left, right| code_units(&left.name, &right.name));
    }
    all.retain(|file| migrations.load_extensions.iter().any(|wanted| wanted == extension(&file.name)));
    Ok(all)
}

/// An absolute path without `.` and `..`, which are resolved as text, as Node's `path.resolve` does it.
pub fn resolved(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            other => result.push(other),
        }
    }
    result
}

/// The migrations of a custom `migrationSource`, in its order.
pub fn of_source(names: Vec<String>) -> Vec<MigrationFile> {
    names.into_iter().map(|name| MigrationFile { name, directory: String::new(), path: None }).collect()
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        names.push(name.into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the name {} is not UTF-8", name.display()))
        })?);
    }
    // The system's order is none.
    names.sort_by(|left, right| code_units(left, right));
    Ok(names)
}

fn unreadable(folder: &Path, error: &io::Error) -> AdapterError {
    AdapterError::refused(
        "DIRECTORY",
        format!("the folder of migrations {} cannot be read: {error}", folder.display()),
    )
    .advise(
        "`migrations.directory` of the knexfile names it; a relative one begins where knex is called, or at the \
         knexfile when `--knexfile` says which.",
    )
}

/// Refuses two files of one name, which cannot be told apart in the history: Knex would take the one for done when the other
/// has run.
pub fn duplicate<'a>(files: impl IntoIterator<Item = &'a MigrationFile>) -> Option<AdapterError> {
    let mut sorted: Vec<&MigrationFile> = files.into_iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    let [first, second] = sorted.windows(2).find_map(|pair| match pair {
        [first, second] if first.name == second.name => Some([*first, *second]),
        _ => None,
    })?;
    Some(
        AdapterError::refused(
            "DUPLICATE",
            format!("two migrations have the name {}: {} and {}", first.name, first.place(), second.place()),
        )
        .advise("The history knows a migration by its file's name alone; rename the one that has not run."),
    )
}

/// Node's `path.extname`.
fn extension(name: &str) -> &str {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.get(dot..).unwrap_or_default(),
        _ => "",
    }
}

/// How JavaScript compares strings: by UTF-16 code units.
pub fn code_units(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(migrations: &Migrations, files: &[&str]) -> Result<Vec<String>, AdapterError> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Ok(list(migrations, folder.path())?.into_iter().map(|file| file.name).collect())
    }

    #[test]
    fn names_are_compared_as_javascript_does() {
        let migrations = Migrations { directories: vec!["m".to_owned()], ..Migrations::default() };
        let files = ["m/2_b.js", "m/10_a.js", "m/B.js", "m/a.js", "m/\u{ff21}.js", "m/\u{1d400}.js"];
        assert_eq!(
            listed(&migrations, &files).unwrap(),
            ["10_a.js", "2_b.js", "B.js", "a.js", "\u{1d400}.js", "\u{ff21}.js"]
        );
    }

    #[test]
    fn only_what_knex_loads_takes_part() {
        let migrations = Migrations { directories: vec!["m".to_owned()], ..Migrations::default() };
        let files = ["m/1.js", "m/2.ts", "m/3.cjs", "m/4.mjs", "m/5.js.map", "m/.js", "m/README", "m/6.d.ts"];
        assert_eq!(listed(&migrations, &files).unwrap(), ["1.js", "2.ts", "3.cjs", "6.d.ts"]);
    }

    #[test]
    fn folders_mix_unless_they_are_sorted_separately() {
        let directories = vec!["b".to_owned(), "a".to_owned()];
        let files = ["b/1.js", "b/3.js", "a/2.js", "a/4.js"];
        let mixed = Migrations { directories: directories.clone(), ..Migrations::default() };
        assert_eq!(listed(&mixed, &files).unwrap(), ["1.js", "2.js", "3.js", "4.js"]);
        let separate = Migrations { directories, sort_dirs_separately: true, ..Migrations::default() };
        assert_eq!(listed(&separate, &files).unwrap(), ["1.js", "3.js", "2.js", "4.js"]);
    }

    #[test]
    fn one_name_in_two_folders_is_refused() {
        let file = |directory: &str| MigrationFile {
            name: "1.js".to_owned(),
            directory: directory.to_owned(),
            path: Some(Path::new(directory).join("1.js")),
        };
        let error = duplicate(&[file("a"), file("b")]).unwrap().to_string();
        assert!(error.starts_with("two migrations have the name 1.js: "), "{error}");
    }

    #[test]
    fn extensions_are_what_node_says() {
        for (name, expected) in
            [("a.js", ".js"), (".js", ""), ("a", ""), ("a.", "."), ("a.b.ts", ".ts"), ("..js", ".js")]
        {
            assert_eq!(extension(name), expected, "{name}");
        }
    }
}
