//! The project's own Python: where it is, and how a guest is run by it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dunlin_compat::alembic::environments;
use dunlin_compat::model::GuestProgram;

use super::environment;
use super::guests::GuestSettings;
use super::host::HostCommand;

/// Takes the guest's modules from standard input and runs the first.
const BOOTSTRAP: &str = include_str!("python/bootstrap.py");

/// The variable from which Python seeds the hashes of texts, and with them the order of sets. A migration that is run
/// again has to send its statements in the same order.
const HASH_SEED: &str = "PYTHONHASHSEED";

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// Its path.
    pub program: PathBuf,
    /// What led to it: `python in dunlin.toml`, `VIRTUAL_ENV`.
    pub found_by: String,
}

/// The project's interpreter: what `dunlin.toml` says; else an activated environment, one in the project or above it, one
/// that Poetry or Pipenv keep elsewhere; else the machine's. `variable` reads the environment.
///
/// # Errors
/// There is none; the text says where it was looked for.
pub fn find(
    project: &Path,
    setting: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Python, String> {
    let found = |program: PathBuf, found_by: &str| Python { program, found_by: found_by.to_owned() };
    if let Some(named) = setting {
        let program =
            if named.components().count() > 1 { Some(project.join(named)) } else { on_path(named, variable) };
        return match program.filter(|program| is_program(program)) {
            Some(program) => Ok(found(program, "`python` in dunlin.toml")),
            None => Err(format!("`python` in dunlin.toml names {}, which is no program", named.display())),
        };
    }
    for name in ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"] {
        let folder = variable(name).filter(|value| !value.is_empty());
        if let Some(program) = folder.and_then(|folder| python_of(&project.join(folder))) {
            return Ok(found(program, name));
        }
    }
    for folder in project.ancestors() {
        for name in [".venv", "venv"] {
            if let Some(program) = python_of(&folder.join(name)) {
                return Ok(found(program, name));
            }
        }
        if let Some((program, manager)) = kept_elsewhere(folder, variable) {
            return Ok(found(program, manager));
        }
        // Above the root of a repository begins somebody else's.
        if folder.join(".git").exists() {
            break;
        }
    }
    for name in ["python3", "python"] {
        if let Some(program) = on_path(Path::new(name), variable) {
            return Ok(found(program, "PATH"));
        }
    }
    Err("there is no virtual environment in the project or above it, and no python3 in PATH".to_owned())
}

/// The interpreter of a virtual environment.
fn python_of(environment: &Path) -> Option<PathBuf> {
    if !environments::is_environment(environment) {
        return None;
    }
    let names = ["bin/python", "bin/python3"];
    names.into_iter().map(|name| environment.join(name)).find(|program| is_program(program))
}

/// Poetry and Pipenv keep environments in folders of theirs, whose names only they know.
fn kept_elsewhere(
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Option<(PathBuf, &'static str)> {
    let managers: [(&str, &str, &[&str]); 2] =
        [("poetry.lock", "poetry", &["env", "info", "--executable"]), ("Pipfile", "pipenv", &["--py"])];
    for (file, manager, arguments) in managers {
        if !folder.join(file).is_file() {
            continue;
        }
        let Some(program) = on_path(Path::new(manager), variable) else { continue };
        let said =
            Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&said.stdout);
        let python = PathBuf::from(text.trim());
        if said.status.success() && is_program(&python) {
            return Some((python, manager));
        }
    }
    None
}

fn on_path(name: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// How a guest is run by it.
pub fn command(python: &Python, program: &GuestProgram, settings: &GuestSettings) -> HostCommand {
    let modules = serde_json::json!(program.modules).to_string().into_bytes();
    let mut variables = environment::for_host(std::env::vars_os(), &settings.rules());
    variables.retain(|(name, _)| name != OsStr::new(HASH_SEED));
    variables.push((HASH_SEED.into(), "0".into()));
    HostCommand {
        name: format!("{} ({})", program.language, python.program.display()),
        program: python.program.clone(),
        arguments: vec!["-c".into(), BOOTSTRAP.into(), modules.len().to_string().into()],
        environment: variables,
        folder: settings.project.clone(),
        input: modules,
        limit: settings.time_limit,
        interrupt: settings.interrupt.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Makes a program of nothing.
    fn program(path: PathBuf) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn environment(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("pyvenv.cfg"), "").unwrap();
        program(folder.join("bin/python"))
    }

    #[test]
    fn the_nearest_interpreter_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("shop/backend");
        fs::create_dir_all(&project).unwrap();
        let machine = program(folder.path().join("usr/bin/python3"));
        let mut variables = vec![("PATH", machine.parent().unwrap().as_os_str().to_owned())];
        let found = |setting: Option<&str>, variables: &[(&str, OsString)]| {
            let variable =
                |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
            find(&project, setting.map(Path::new), &variable).map(|python| (python.program, python.found_by))
        };
        assert_eq!(found(None, &variables).unwrap(), (machine.clone(), "PATH".to_owned()));

        let above = environment(&folder.path().join("shop/venv"));
        assert_eq!(found(None, &variables).unwrap(), (above, "venv".to_owned()));
        let inside = environment(&project.join(".venv"));
        assert_eq!(found(None, &variables).unwrap(), (inside, ".venv".to_owned()));
        let active = environment(&folder.path().join("active"));
        variables.push(("VIRTUAL_ENV", folder.path().join("active").into()));
        assert_eq!(found(None, &variables).unwrap(), (active, "VIRTUAL_ENV".to_owned()));
        let named = program(project.join("tools/python"));
        let said = "`python` in dunlin.toml".to_owned();
        assert_eq!(found(Some("tools/python"), &variables).unwrap(), (named, said.clone()));
        assert_eq!(found(Some("python3"), &variables).unwrap(), (machine, said));
        assert!(found(Some("python9"), &variables).unwrap_err().contains("python9"));
    }

    #[test]
    fn poetry_is_asked_for_the_environment_that_it_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let python = program(folder.path().join("cache/shop-py3/bin/python"));
        let poetry = program(folder.path().join("bin/poetry"));
        fs::write(
            &poetry,
            format!("#!/bin/sh\n[ \"$*\" = 'env info --executable' ] && echo '{}'\n", python.display()),
        )
        .unwrap();
        let project = folder.path().join("shop");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("poetry.lock"), "").unwrap();
        let variable = |name: &str| (name == "PATH").then(|| folder.path().join("bin").into());
        let found = find(&project, None, &variable).unwrap();
        assert_eq!(found, Python { program: python, found_by: "poetry".to_owned() });
    }
}
