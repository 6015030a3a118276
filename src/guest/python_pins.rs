//! Which versions of its libraries a Python project uses, as its environment and its lock files tell.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin_compat::alembic::environments::{names_in, up_to_repository};

/// Versions by name, names as package indexes normalise them (`typing-extensions`). What is installed comes before what
/// lock files say, and both before `requirements*.txt`. `import_paths` are folders that it imports from, those of installed packages
/// among them; files are looked for in the project and above it, up to the root of its repository.
pub fn of_project(project: &Path, import_paths: &[PathBuf]) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    let mut add = |found: Vec<(String, String)>| {
        for (name, version) in found {
            pins.entry(normalised(&name)).or_insert(version);
        }
    };
    for folder in import_paths {
        add(installed(folder));
    }
    for folder in up_to_repository(project) {
        for lock in ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"] {
            add(locked(&folder.join(lock)));
        }
        add(locked_by_pipenv(&folder.join("Pipfile.lock")));
        for requirements in requirements_files(folder) {
            add(required(&requirements));
        }
    }
    pins
}

/// A name as package indexes compare it.
pub fn normalised(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            result.push(character.to_ascii_lowercase());
        } else if !result.ends_with('-') {
            result.push('-');
        }
    }
    result
}

/// `alembic-1.20.1.dist-info`: the installers' own record of what is there.
fn installed(folder: &Path) -> Vec<(String, String)> {
    names_in(folder)
        .iter()
        .filter_map(|name| name.strip_suffix(".dist-info")?.rsplit_once('-'))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// `[[package]]` with `name` and `version`, as uv, Poetry and PDM write it; `[[packages]]` in `pylock.toml`.
fn locked(file: &Path) -> Vec<(String, String)> {
    let Some(table) = fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok()) else {
        return Vec::new();
    };
    let packages = table.get("package").or_else(|| table.get("packages")).and_then(|list| list.as_array());
    let pair = |package: &toml::Value| {
        Some((package.get("name")?.as_str()?.to_owned(), package.get("version")?.as_str()?.to_owned()))
    };
    packages.into_iter().flatten().filter_map(pair).collect()
}

fn locked_by_pipenv(file: &Path) -> Vec<(String, String)> {
    let document =
        fs::read(file).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let Some(packages) = document.as_ref().and_then(|document| document.get("default")?.as_object()) else {
        return Vec::new();
    };
    let version =
        |package: &serde_json::Value| Some(package.get("version")?.as_str()?.strip_prefix("==")?.to_owned());
    packages.iter().filter_map(|(name, package)| Some((name.clone(), version(package)?))).collect()
}

fn requirements_files(folder: &Path) -> Vec<PathBuf> {
    let is_text = |name: &String| name.ends_with(".txt");
    let here = names_in(folder).into_iter().filter(|name| name.starts_with("requirements")).filter(is_text);
    let mut files: Vec<PathBuf> = here.map(|name| folder.join(name)).collect();
    let inner = folder.join("requirements");
    files.extend(names_in(&inner).into_iter().filter(is_text).map(|name| inner.join(name)));
    files
}

/// Lines like `SQLAlchemy[asyncio]==2.0.58 ; python_version > "3.8"`; anything but `==` pins nothing.
fn required(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let pin = |line: &str| {
        let line = line.split(['#', ';']).next()?;
        let (name, version) = line.split_once("==")?;
        let name = name.split('[').next()?.trim();
        let version = version.trim_start_matches('=').split_whitespace().next()?;
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|each| each.is_ascii_alphanumeric() || matches!(each, '-' | '_' | '.' | '+'))
        };
        (plain(name) && plain(version)).then(|| (name.to_owned(), version.to_owned()))
    };
    text.split('\n').filter_map(pin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_compat::alembic::environments;

    #[test]
    fn versions_are_read_from_what_is_installed_and_from_every_lock_file() {
        let cases = [
            (".venv/lib/python3.13/site-packages/SQLAlchemy-2.0.58.dist-info/RECORD", "", "2.0.58"),
            ("uv.lock", "[[package]]\nname = \"sqlalchemy\"\nversion = \"2.1.9\"\n", "2.1.9"),
            ("../poetry.lock", "[[package]]\nname = \"SQLAlchemy\"\nversion = \"1.4.54\"\n", "1.4.54"),
            ("Pipfile.lock", r#"{"default": {"sqlalchemy": {"version": "==1.4.50"}}}"#, "1.4.50"),
            (
                "requirements-dev.txt",
                "# a\nSQLAlchemy[asyncio] == 2.0.5 ; python_version > '3' # why\n",
                "2.0.5",
            ),
            ("requirements/base.txt", "alembic>=1.13\nsqlalchemy==2.0.7 \\\n    --hash=sha256:00\n", "2.0.7"),
        ];
        for (path, content, version) in cases {
            let folder = tempfile::tempdir().unwrap();
            let project = folder.path().join("shop");
            let file = project.join(path);
            fs::create_dir_all(project.join(".keep")).unwrap();
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
            let pins = of_project(&project, &environments::site_packages(&project.join(".venv")));
            assert_eq!(pins.get("sqlalchemy").map(String::as_str), Some(version), "{path}");
        }
    }

    #[test]
    fn what_is_installed_comes_before_what_is_asked_for_and_other_repositories_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("shop/backend");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("shop/.git/HEAD", "");
        write("shop/backend/requirements.txt", "alembic==1.13.0\nSQLAlchemy>=2\n");
        write("libraries/alembic-1.14.0.dist-info/METADATA", "");
        write("requirements.txt", "sqlalchemy==1.3.0\n");
        assert_eq!(of_project(&project, &[]).into_values().collect::<Vec<_>>(), ["1.13.0"]);
        let imports = [folder.path().join("libraries")];
        assert_eq!(of_project(&project, &imports).into_values().collect::<Vec<_>>(), ["1.14.0"]);
    }
}
