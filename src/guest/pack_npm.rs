//! The pack of a tool in JavaScript: its npm packages, without what is compiled. QuickJS needs no component.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::pack::{self, Manifest};
use super::pack_build::{BuildError, BuildRequest, compiled_for, make_folder, run};
use super::protocol::Library;

/// Where a pack's packages are, below its libraries.
const PACKAGES: &str = "node_modules";

/// Fills the folder of a pack and gives its manifest.
pub fn build(
    request: &BuildRequest,
    work: &Path,
    done: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Manifest, BuildError> {
    let recipe = request.recipe;
    let libraries = done.join(pack::LIBRARIES);
    let packages = libraries.join(PACKAGES);
    make_folder(&packages)?;
    say("Collecting the packages");
    let mut wanted: BTreeMap<String, Option<String>> =
        recipe.libraries.iter().chain(recipe.drivers).map(|name| ((*name).to_owned(), None)).collect();
    for requirement in &request.with {
        let (name, version) = match requirement.split_once("==") {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (requirement.as_str(), None),
        };
        wanted.insert(name.trim().to_owned(), version.map(|version| version.trim().to_owned()));
    }
    match &request.from {
        Some(from) => copy_installed(from, recipe.libraries, &wanted, &packages)?,
        None => install(&wanted, work, &packages)?,
    }
    strip(&packages)?;
    Ok(Manifest {
        format: pack::FORMAT,
        tool: recipe.tool.to_owned(),
        interpreter: "QuickJS".to_owned(),
        libraries: wanted.keys().filter_map(|name| library(&packages, name)).collect(),
        decisive: recipe.decisive.iter().map(|name| (*name).to_owned()).collect(),
        built_with: BTreeMap::from([("dunlin".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        guest_sha256: pack::digest_of_modules(recipe.modules),
        component_sha256: String::new(),
        file_sha256: String::new(),
        libraries_sha256: pack::digest_of_folder(&libraries)?,
        libraries_seen_as: String::new(),
        compiled_for: compiled_for(),
        missing: BTreeMap::new(),
    })
}

/// Has npm fetch them, without running a script of theirs.
fn install(
    wanted: &BTreeMap<String, Option<String>>,
    work: &Path,
    packages: &Path,
) -> Result<(), BuildError> {
    let app = work.join("app");
    make_folder(&app)?;
    let manifest = app.join("package.json");
    fs::write(&manifest, "{\"private\": true}\n")
        .map_err(|error| BuildError::File { path: manifest, error })?;
    let names = wanted.iter().map(|(name, version)| match version {
        Some(version) => format!("{name}@{version}"),
        None => name.clone(),
    });
    let options =
        ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--omit=dev"];
    run(
        Command::new("npm").current_dir(&app).args(options).args(["--loglevel", "error"]).args(names),
        "installing the packages with npm",
    )?;
    let installed = app.join(PACKAGES);
    fs::remove_dir_all(packages).map_err(|error| BuildError::File { path: packages.to_owned(), error })?;
    fs::rename(&installed, packages).map_err(|error| BuildError::File { path: installed, error })
}

/// Copies those that are installed, with what they need.
fn copy_installed(
    from: &Path,
    needed: &[&str],
    wanted: &BTreeMap<String, Option<String>>,
    packages: &Path,
) -> Result<(), BuildError> {
    let inside = from.join(PACKAGES);
    let from = if inside.is_dir() { inside.as_path() } else { from };
    let mut next: Vec<String> = Vec::new();
    for (name, version) in wanted {
        let Some(found) = library(from, name) else {
            if needed.contains(&name.as_str()) || version.is_some() {
                let text =
                    format!("{} has no {name}; name a folder node_modules, or its project", from.display());
                return Err(BuildError::Refused(text));
            }
            continue;
        };
        if let Some(asked) = version.as_ref().filter(|asked| **asked != found.version) {
            return Err(BuildError::Refused(format!(
                "{} has {name} {}, but --with asks for {asked}; give one of the two",
                from.display(),
                found.version
            )));
        }
        next.push(name.clone());
    }
    let mut copied = BTreeSet::new();
    while let Some(name) = next.pop() {
        let source = from.join(&name);
        // What is optional need not be there.
        if !source.is_dir() || !copied.insert(name.clone()) {
            continue;
        }
        copy(&source, &packages.join(&name))?;
        let manifest = manifest_of(&source).unwrap_or_default();
        for kind in ["dependencies", "optionalDependencies", "peerDependencies"] {
            let names = manifest.get(kind).and_then(Value::as_object);
            next.extend(names.into_iter().flatten().map(|(name, _)| name.clone()));
        }
        next.extend(nested(&source));
    }
    Ok(())
}

/// What packages inside of a package need, which may lie beside it.
fn nested(package: &Path) -> Vec<String> {
    let folder = package.join(PACKAGES);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let manifest = manifest_of(&entry.path()).unwrap_or_default();
        let needs = manifest.get("dependencies").and_then(Value::as_object);
        names.extend(needs.into_iter().flatten().map(|(name, _)| name.clone()));
    }
    names
}

fn library(packages: &Path, name: &str) -> Option<Library> {
    let manifest = manifest_of(&packages.join(name))?;
    let version = manifest.get("version")?.as_str()?.to_owned();
    Some(Library { name: name.to_owned(), version })
}

fn manifest_of(package: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(package.join("package.json")).ok()?).ok()
}

fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    make_folder(to)?;
    let unreadable = |error| BuildError::File { path: from.to_owned(), error };
    for entry in fs::read_dir(from).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else if source.is_file() {
            fs::copy(&source, &target).map_err(|error| BuildError::File { path: source, error })?;
        }
    }
    Ok(())
}

/// Removes compiled code, and the links to programs.
fn strip(folder: &Path) -> Result<(), BuildError> {
    let unreadable = |error| BuildError::File { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let removed = match name.as_str() {
            ".bin" | ".cache" => fs::remove_dir_all(&path),
            name if name.ends_with(".node") && path.is_file() => fs::remove_file(&path),
            _ if path.is_dir() => {
                strip(&path)?;
                continue;
            }
            _ => continue,
        };
        removed.map_err(|error| BuildError::File { path, error })?;
    }
    Ok(())
}

/// Where packages are found that a pack has, for a guest's import paths.
pub fn import_path(pack: &pack::Pack) -> PathBuf {
    pack.folder.join(pack::LIBRARIES)
}
