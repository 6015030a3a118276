//! `package:folder`: a folder inside a Python package (`coerce_resource_to_filename`).

use std::path::{Path, PathBuf};

use super::super::environments;
use crate::settings::alembic::AlembicSettings;

/// Where Python packages are looked for, besides `prepend_sys_path`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageSearch {
    /// `PYTHONPATH` and the folders of installed packages, absolute. Files `*.pth` in them name more.
    pub folders: Vec<PathBuf>,
}

impl PackageSearch {
    /// The folders of a project: `PYTHONPATH`, what `dunlin.toml` names, and those of its virtual environments.
    pub fn of_project(
        directory: &Path,
        settings: &AlembicSettings,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> PackageSearch {
        let mut folders = Vec::new();
        let python_path = variable("PYTHONPATH").unwrap_or_default();
        let named = python_path.split(':').filter(|folder| !folder.is_empty());
        folders.extend(named.map(|folder| directory.join(folder)));
        folders.extend(settings.site_packages.iter().map(|folder| directory.join(folder)));
        let environments = environments::of_project(directory, settings.python.as_deref(), variable);
        for folder in environments.iter().flat_map(|each| environments::site_packages(each)) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        PackageSearch { folders }
    }

    /// All folders in the order of Python's search, with those that `*.pth` files name.
    pub(crate) fn search_path(&self, prepended: &[PathBuf]) -> Vec<PathBuf> {
        let mut path = prepended.to_vec();
        for folder in &self.folders {
            path.push(folder.clone());
            path.extend(environments::named_by_pth(folder));
        }
        path
    }
}

/// The folder of a package by its dotted name.
pub(super) fn find(package: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    let relative: PathBuf = package.split('.').collect();
    let folders = || search_path.iter().map(|folder| folder.join(&relative)).filter(|folder| folder.is_dir());
    // A folder without `__init__.py` is a package only if none with one is found.
    folders().find(|folder| folder.join("__init__.py").is_file()).or_else(|| folders().next())
}
