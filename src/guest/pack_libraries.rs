//! The libraries of a pack: fetched by pip or copied from where they are installed, and stripped of what is compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_compat::alembic::environments;

use super::pack_build::{BuildError, BuildRequest, make_folder, run};
use super::protocol::Library;
use super::python_pins::normalised;

/// What a pack's folder of libraries holds.
#[derive(Debug, Default)]
pub struct Chosen {
    /// With versions, by name.
    pub libraries: Vec<Library>,
    /// What can be imported.
    pub modules: Vec<String>,
}

/// Compiled code, which no sandbox loads.
const COMPILED: [&str; 6] = ["so", "pyd", "dylib", "dll", "lib", "a"];

/// Distributions that are nothing without their compiled part, and that nobody needs in the sandbox.
const ONLY_COMPILED: [&str; 1] = ["greenlet"];

/// Folders that pip puts beside the modules, some because a package was put together carelessly.
const BESIDE: [&str; 7] = ["bin", "docs", "examples", "include", "share", "tests", "__pycache__"];

/// Wheels of database drivers for the system and the version of Python that all of them have. What is compiled in them is
/// thrown away, so it does not matter that it is for another machine; a source would have to be compiled to be unpacked.
const WHEELS_OF_DRIVERS: [&str; 6] =
    ["--platform", "win_amd64", "--python-version", "3.12", "--only-binary=:all:", "--no-deps"];

/// Fills the folder `libraries`. `python` is the build's own, which has pip.
pub fn collect(
    request: &BuildRequest,
    python: &Path,
    work: &Path,
    libraries: &Path,
) -> Result<Chosen, BuildError> {
    let recipe = request.recipe;
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    let mut drivers: BTreeMap<String, String> = BTreeMap::new();
    recipe.libraries.iter().for_each(|name| drop(wanted.insert(normalised(name), (*name).to_owned())));
    recipe.drivers.iter().for_each(|name| drop(drivers.insert(driver(name), (*name).to_owned())));
    for requirement in &request.with {
        let name = name_of(requirement);
        match drivers.get_mut(&driver(&name)) {
            Some(place) => place.clone_from(requirement),
            None => drop(wanted.insert(normalised(&name), requirement.clone())),
        }
    }
    let own_drivers = work.join("drivers");
    make_folder(&own_drivers)?;
    if let Some(from) = &request.from {
        copy_from(from, &mut wanted, &mut drivers, libraries, &own_drivers)?;
    }
    pip(python, libraries, &[], wanted.values(), "installing the libraries")?;
    pip(python, &own_drivers, &WHEELS_OF_DRIVERS, drivers.values(), "installing the database drivers")?;
    strip(libraries)?;
    strip(&own_drivers)?;
    move_all(&own_drivers, libraries)?;
    Ok(Chosen { libraries: versions_in(libraries), modules: modules_in(libraries) })
}

/// A driver by the name that its source and its binary form share.
fn driver(name: &str) -> String {
    let name = normalised(name);
    name.strip_suffix("-binary").unwrap_or(&name).to_owned()
}

/// `SQLAlchemy` of `SQLAlchemy[asyncio]>=2.0`.
fn name_of(requirement: &str) -> String {
    let end = requirement.find(|character: char| !(character.is_alphanumeric() || "-_.".contains(character)));
    requirement.trim().get(..end.unwrap_or(requirement.len())).unwrap_or(requirement).trim().to_owned()
}

fn pip<'a>(
    python: &Path,
    target: &Path,
    options: &[&str],
    requirements: impl Iterator<Item = &'a String>,
    doing: &str,
) -> Result<(), BuildError> {
    let requirements: Vec<&String> = requirements.collect();
    if requirements.is_empty() {
        return Ok(());
    }
    run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"])
            .args(options)
            .arg("--target")
            .arg(target)
            .args(requirements)
            // Where there is no wheel for the build's own Python, there may be no compiler either.
            .env("DISABLE_SQLALCHEMY_CEXT", "1"),
        doing,
    )
    .map(drop)
}

/// A distribution where it is installed.
struct Installed {
    version: String,
    /// Relative to the folder.
    files: Vec<PathBuf>,
    /// What it needs, by normalised name.
    requires: Vec<String>,
}

/// Copies what is wanted from a folder of installed packages, with what that needs, and removes it from what pip has to
/// fetch. Of drivers, those that are there.
fn copy_from(
    from: &Path,
    wanted: &mut BTreeMap<String, String>,
    drivers: &mut BTreeMap<String, String>,
    libraries: &Path,
    own_drivers: &Path,
) -> Result<(), BuildError> {
    let environment = environments::site_packages(from);
    let from = environment.first().map_or(from, PathBuf::as_path);
    let installed = installed_in(from)?;
    let mut copied = BTreeSet::new();
    let mut next: Vec<String> = wanted.keys().cloned().collect();
    while let Some(name) = next.pop() {
        let Some(distribution) = installed.get(&name) else { continue };
        if let Some(requirement) = wanted.remove(&name) {
            check_version(&requirement, &name, &distribution.version, from)?;
        }
        if copied.insert(name) {
            copy(from, &distribution.files, libraries)?;
            next.extend(distribution.requires.iter().cloned());
        }
    }
    if copied.is_empty() {
        let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let text = format!(
            "{} has none of {}; name the site-packages folder of an environment",
            from.display(),
            names.join(", ")
        );
        return Err(BuildError::Refused(text));
    }
    let is_there = |name: &String| {
        [name.clone(), format!("{name}-binary")].into_iter().find(|name| installed.contains_key(name))
    };
    let names: Vec<String> = drivers.keys().cloned().collect();
    for name in names {
        if let Some(distribution) = is_there(&name).and_then(|name| installed.get(&name)) {
            drivers.remove(&name);
            copy(from, &distribution.files, own_drivers)?;
        }
    }
    Ok(())
}

fn check_version(requirement: &str, name: &str, version: &str, from: &Path) -> Result<(), BuildError> {
    match requirement.split_once("==") {
        Some((_, asked)) if asked.trim() != version => Err(BuildError::Refused(format!(
            "{} has {name} {version}, but --with asks for {}; give one of the two",
            from.display(),
            asked.trim()
        ))),
        _ => Ok(()),
    }
}

fn installed_in(folder: &Path) -> Result<BTreeMap<String, Installed>, BuildError> {
    let mut installed = BTreeMap::new();
    let unreadable = |error| BuildError::File { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)?.flatten() {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let Some((name, version)) =
            file_name.strip_suffix(".dist-info").and_then(|stem| stem.rsplit_once('-'))
        else {
            continue;
        };
        let text = |file: &str| fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let requires = text("METADATA")
            .split('\n')
            .take_while(|line| !line.trim().is_empty())
            .filter_map(|line| line.strip_prefix("Requires-Dist:"))
            .filter(|requirement| !requirement.contains("extra =="))
            .map(|requirement| normalised(&name_of(requirement.trim())))
            .collect();
        // A name in RECORD is quoted when it has a comma, which no module has.
        let files = text("RECORD")
            .split('\n')
            .filter_map(|line| line.split(',').next())
            .filter(|path| !path.is_empty() && !path.starts_with("..") && !path.starts_with(['/', '"']))
            .map(PathBuf::from)
            .collect();
        installed.insert(normalised(name), Installed { version: version.to_owned(), files, requires });
    }
    Ok(installed)
}

fn copy(from: &Path, files: &[PathBuf], to: &Path) -> Result<(), BuildError> {
    for file in files {
        let (source, target) = (from.join(file), to.join(file));
        // What is listed and was removed since is compiled code, as a rule.
        if !source.is_file() {
            continue;
        }
        make_folder(target.parent().unwrap_or(to))?;
        fs::copy(&source, &target).map_err(|error| BuildError::File { path: source, error })?;
    }
    Ok(())
}

/// Removes compiled code, and what consists of it alone.
fn strip(folder: &Path) -> Result<(), BuildError> {
    for name in BESIDE {
        let _ = fs::remove_dir_all(folder.join(name));
    }
    for name in ONLY_COMPILED {
        let _ = fs::remove_dir_all(folder.join(name));
    }
    for (path, name) in entries(folder)? {
        let of_compiled = name.ends_with(".dist-info")
            && ONLY_COMPILED.iter().any(|compiled| name.starts_with(&format!("{compiled}-")));
        if of_compiled || name.ends_with(".libs") {
            fs::remove_dir_all(&path).map_err(|error| BuildError::File { path, error })?;
        }
    }
    strip_files(folder)
}

fn strip_files(folder: &Path) -> Result<(), BuildError> {
    for (path, name) in entries(folder)? {
        let removed = if path.is_dir() {
            if name != "__pycache__" {
                strip_files(&path)?;
                continue;
            }
            fs::remove_dir_all(&path)
        } else if path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|extension| COMPILED.contains(&extension))
        {
            fs::remove_file(&path)
        } else {
            continue;
        };
        removed.map_err(|error| BuildError::File { path, error })?;
    }
    Ok(())
}

fn move_all(from: &Path, to: &Path) -> Result<(), BuildError> {
    for (path, name) in entries(from)? {
        let target = to.join(name);
        // A package that both have is the library's.
        if !target.exists() {
            fs::rename(&path, target).map_err(|error| BuildError::File { path, error })?;
        }
    }
    Ok(())
}

/// Packages and modules in a folder.
fn modules_in(folder: &Path) -> Vec<String> {
    let module = |(path, name): (PathBuf, String)| {
        let stem = if path.is_dir() { name } else { name.strip_suffix(".py")?.to_owned() };
        let identifier = stem.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
        identifier.then_some(stem)
    };
    entries(folder).unwrap_or_default().into_iter().filter_map(module).collect()
}

fn versions_in(folder: &Path) -> Vec<Library> {
    let library = |(_, name): (PathBuf, String)| {
        let (name, version) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
        Some(Library { name: normalised(name), version: version.to_owned() })
    };
    entries(folder).unwrap_or_default().into_iter().filter_map(library).collect()
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, BuildError> {
    let unreadable = |error| BuildError::File { path: folder.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        found.push((entry.path(), entry.file_name().to_string_lossy().into_owned()));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_has_a_name() {
        let cases = [
            ("SQLAlchemy[asyncio]>=2.0", "SQLAlchemy"),
            ("alembic==1.20.1", "alembic"),
            ("tzdata", "tzdata"),
            ("a.b_c ~= 1", "a.b_c"),
        ];
        for (requirement, name) in cases {
            assert_eq!(name_of(requirement), name);
        }
        assert_eq!(driver("psycopg2-binary"), driver("psycopg2"));
    }

    #[test]
    fn compiled_code_is_left_out_and_python_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "sqlalchemy/__init__.py",
            "sqlalchemy/cyextension/util.cpython-312-x86_64-linux-gnu.so",
            "sqlalchemy/cyextension/util.pyx",
            "sqlalchemy-2.0.58.dist-info/METADATA",
            "greenlet/__init__.py",
            "greenlet-3.5.0.dist-info/METADATA",
            "psycopg2_binary.libs/libpq.so.5",
            "typing_extensions.py",
            "bin/alembic",
        ];
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        strip(folder.path()).unwrap();
        assert_eq!(modules_in(folder.path()), ["sqlalchemy", "typing_extensions"]);
        let versions = versions_in(folder.path());
        assert_eq!(versions, [Library { name: "sqlalchemy".to_owned(), version: "2.0.58".to_owned() }]);
        assert!(folder.path().join("sqlalchemy/cyextension/util.pyx").exists());
        assert!(!folder.path().join("sqlalchemy/cyextension/util.cpython-312-x86_64-linux-gnu.so").exists());
    }
}
