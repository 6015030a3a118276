//! `package:folder`: a folder inside a Python package (`coerce_resource_to_filename`).

use std::fs;
use std::path::{Path, PathBuf};

/// Where Python packages are looked for, besides `prepend_sys_path`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageSearch {
    /// `PYTHONPATH` and the folders of installed packages, absolute. Files `*.pth` in them name more.
    pub folders: Vec<PathBuf>,
}

impl PackageSearch {
    /// The folders of a project: `PYTHONPATH`, what `dunlin.toml` names, and those of a virtual environment that
    /// `VIRTUAL_ENV` names or that lies in the project as `.venv` or `venv`.
    pub fn of_project(
        directory: &Path,
        site_packages: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> PackageSearch {
        let mut folders = Vec::new();
        let python_path = environment("PYTHONPATH").unwrap_or_default();
        let named = python_path.split(':').filter(|folder| !folder.is_empty());
        folders.extend(named.map(|folder| directory.join(folder)));
        folders.extend(site_packages.iter().map(|folder| directory.join(folder)));
        let active = environment("VIRTUAL_ENV").filter(|folder| !folder.is_empty());
        let active = active.into_iter().map(|folder| directory.join(folder));
        for environment in active.chain([directory.join(".venv"), directory.join("venv")]) {
            for folder in site_packages_of(&environment) {
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        PackageSearch { folders }
    }

    /// All folders in the order of Python's search, with those that `*.pth` files name.
    pub(crate) fn search_path(&self, prepended: &[PathBuf]) -> Vec<PathBuf> {
        let mut path = prepended.to_vec();
        for folder in &self.folders {
            path.push(folder.clone());
            path.extend(named_by_pth_files(folder));
        }
        path
    }
}

/// `lib/python*/site-packages` of a virtual environment.
fn site_packages_of(environment: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(environment.join("lib")) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python"))
        .map(|entry| entry.path().join("site-packages"))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders
}

/// What the module `site` adds for the `*.pth` files of a folder: each line that is an existing folder.
fn named_by_pth_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pth"));
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let lines = texts.flat_map(|text| text.split(['\n', '\r']).map(str::to_owned).collect::<Vec<String>>());
    let is_path = |line: &String| {
        !line.trim().is_empty()
            && !line.starts_with('#')
            && !line.starts_with("import ")
            && !line.starts_with("import\t")
    };
    lines.filter(is_path).map(|line| folder.join(line.trim_end())).filter(|path| path.is_dir()).collect()
}

/// The folder of a package by its dotted name.
pub(super) fn find(package: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    let relative: PathBuf = package.split('.').collect();
    let folders = || search_path.iter().map(|folder| folder.join(&relative)).filter(|folder| folder.is_dir());
    // A folder without `__init__.py` is a package only if none with one is found.
    folders().find(|folder| folder.join("__init__.py").is_file()).or_else(|| folders().next())
}
