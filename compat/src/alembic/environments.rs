//! The virtual environments of a Python project, and where their packages lie.

use std::fs;
use std::path::{Path, PathBuf};

/// The virtual environments whose packages a project uses, the first before the others: the one of `python` in `dunlin.toml`,
/// and no other then; else those that `VIRTUAL_ENV` and `UV_PROJECT_ENVIRONMENT` name and those that are called `.venv` or
/// `venv`, in the project or above it, up to the root of its repository.
pub fn of_project(
    project: &Path,
    python: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<PathBuf> {
    if let Some(environment) = python.and_then(|python| of_interpreter(&project.join(python))) {
        return vec![environment];
    }
    let named = ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"].into_iter().filter_map(variable);
    let named = named.filter(|folder| !folder.is_empty()).map(|folder| project.join(folder));
    let inside = up_to_repository(project).into_iter();
    let inside = inside.flat_map(|folder| [".venv", "venv"].map(|name| folder.join(name)));
    let mut found: Vec<PathBuf> = Vec::new();
    for environment in named.chain(inside) {
        if !found.contains(&environment) {
            found.push(environment);
        }
    }
    found
}

/// Whether a folder is an environment, of `venv` or of Conda.
pub fn is_environment(folder: &Path) -> bool {
    folder.join("pyvenv.cfg").exists() || folder.join("conda-meta").exists()
}

/// The environment of `…/bin/python`, which is mostly a link to an interpreter elsewhere.
fn of_interpreter(python: &Path) -> Option<PathBuf> {
    let folder = python.parent()?.parent()?;
    is_environment(folder).then(|| folder.to_owned())
}

/// A project's folder and those above it, up to the root of its repository: above that begins somebody else's.
pub fn up_to_repository(project: &Path) -> Vec<&Path> {
    let mut folders = Vec::new();
    for folder in project.ancestors() {
        folders.push(folder);
        if folder.join(".git").exists() {
            break;
        }
    }
    folders
}

/// The folders of an environment that packages are installed in: `lib/python*/site-packages`.
pub fn site_packages(environment: &Path) -> Vec<PathBuf> {
    let versions = names_in(&environment.join("lib")).into_iter().filter(|name| name.starts_with("python"));
    let folders = versions.map(|name| environment.join("lib").join(name).join("site-packages"));
    folders.filter(|folder| folder.is_dir()).collect()
}

/// Folders that are imported from besides one of installed packages, as its `.pth` files say (the module `site`): where a
/// package lies that was installed to be edited.
pub fn named_by_pth(site_packages: &Path) -> Vec<PathBuf> {
    let files = names_in(site_packages).into_iter().filter(|name| name.ends_with(".pth"));
    let texts = files.filter_map(|name| fs::read_to_string(site_packages.join(name)).ok());
    let lines = texts.flat_map(|text| text.split(['\n', '\r']).map(str::to_owned).collect::<Vec<_>>());
    // Python executes lines that begin with an import; those that name a folder are joined to the packages' own.
    let is_path = |line: &String| {
        !line.trim().is_empty()
            && !line.starts_with('#')
            && !line.starts_with("import ")
            && !line.starts_with("import\t")
    };
    let paths = lines.filter(is_path).map(|line| site_packages.join(line.trim_end()));
    paths.filter(|path| path.is_dir()).collect()
}

/// The names of what is in a folder, in order; none if there is no such folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_the_interpreter_that_is_named_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let (project, elsewhere) =
            (folder.path().join("shop/backend"), folder.path().join("environments/shop"));
        for path in [&project, &folder.path().join("shop/.git"), &elsewhere.join("bin")] {
            fs::create_dir_all(path).unwrap();
        }
        fs::write(elsewhere.join("pyvenv.cfg"), "").unwrap();
        let python = elsewhere.join("bin/python");
        assert_eq!(of_project(&project, Some(&python), &|_| None), [elsewhere]);

        // An interpreter of the machine has no environment.
        let active = |name: &str| (name == "VIRTUAL_ENV").then(|| "/opt/active".to_owned());
        let found = of_project(&project, Some(Path::new("/usr/bin/python3")), &active);
        let shop = folder.path().join("shop");
        assert_eq!(
            found,
            [
                PathBuf::from("/opt/active"),
                project.join(".venv"),
                project.join("venv"),
                shop.join(".venv"),
                shop.join("venv")
            ]
        );
    }

    #[test]
    fn packages_that_are_edited_in_place_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let packages = folder.path().join(".venv/lib/python3.12/site-packages");
        fs::create_dir_all(&packages).unwrap();
        fs::create_dir_all(folder.path().join("src")).unwrap();
        let source = folder.path().join("src").display().to_string();
        fs::write(packages.join("_shop.pth"), format!("{source}\n/no/such/folder\n")).unwrap();
        fs::write(packages.join("hack.pth"), "import os; os.remove('a')\n# src\n").unwrap();
        assert_eq!(
            site_packages(&folder.path().join(".venv")),
            [folder.path().join(".venv/lib/python3.12/site-packages")]
        );
        assert_eq!(named_by_pth(&packages), [folder.path().join("src")]);
    }
}
