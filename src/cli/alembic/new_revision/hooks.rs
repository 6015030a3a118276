//! Programs that the configuration has run on a new file: `alembic/script/write_hooks.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_compat::alembic::config::Hook;
use dunlin_compat::alembic::python::text::repr;

use crate::cli::alembic::console::Console;
use crate::cli::alembic::failure::CommandFailure;
use crate::cli::alembic::project::Project;

/// What options name the file by.
const TOKEN: &str = "REVISION_SCRIPT_FILENAME";

/// Runs them in order. How they end does not matter to Alembic.
pub fn run(project: &Project, path: &Path, console: &Console) -> Result<(), CommandFailure> {
    for hook in &project.config.post_write_hooks {
        let Some(kind) = hook.option("type") else {
            return Err(CommandFailure::failed(format!(
                "Key '{0}.type' (or 'type' in toml) is required for post write hook {1}",
                hook.name,
                repr(&hook.name)
            )));
        };
        console.message(&format!("Running post write hook {} ...", repr(&hook.name)));
        let result = one(project, hook, kind, path);
        console.line(if result.is_ok() { "  done" } else { "  FAILED" });
        result?;
    }
    Ok(())
}

fn one(project: &Project, hook: &Hook, kind: &str, path: &Path) -> Result<(), CommandFailure> {
    let mut command = match kind {
        "exec" => Command::new(required(hook, "executable")?),
        "module" => {
            let mut command = Command::new(python(project)?);
            command.arg("-m").arg(required(hook, "module")?);
            command
        }
        "console_scripts" => {
            let name = required(hook, "entrypoint")?;
            // Installed beside the interpreter, under the entry point's name.
            let beside = python(project)?.with_file_name(name);
            if !beside.exists() {
                return Err(CommandFailure::failed(format!(
                    "Could not find entrypoint console_scripts.{name}"
                )));
            }
            Command::new(beside)
        }
        kind => {
            return Err(CommandFailure::failed(format!("No formatter with name '{kind}' registered")));
        }
    };
    command.args(options(hook, path)?);
    if let Some(folder) = hook.option("cwd") {
        command.current_dir(folder);
    }
    command.status().map_err(|error| {
        let program = command.get_program().to_string_lossy().into_owned();
        CommandFailure::ours("HOOK", format!("post write hook {}: {program}: {error}", repr(&hook.name)))
    })?;
    Ok(())
}

fn required<'h>(hook: &'h Hook, key: &str) -> Result<&'h str, CommandFailure> {
    hook.option(key).ok_or_else(|| {
        CommandFailure::failed(format!(
            "Key {0}.{key} is required for post write hook {1}",
            hook.name,
            repr(&hook.name)
        ))
    })
}

fn options(hook: &Hook, path: &Path) -> Result<Vec<String>, CommandFailure> {
    let written = hook.option("options").unwrap_or_default();
    let written = if written.contains(TOKEN) { written.to_owned() } else { format!("{TOKEN} {written}") };
    let words = shlex::split(&written).ok_or_else(|| {
        CommandFailure::ours(
            "HOOK",
            format!("post write hook {}: the quotes of its options do not close", hook.name),
        )
    })?;
    let path = path.display().to_string();
    Ok(words.into_iter().map(|word| word.replace(TOKEN, &path)).collect())
}

/// The project's interpreter: what `dunlin.toml` says, a virtual environment, or the machine's.
fn python(project: &Project) -> Result<PathBuf, CommandFailure> {
    if let Some(python) = &project.settings.alembic.python {
        return Ok(project.directory.join(python));
    }
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let nearby = [".venv", "venv"].map(|folder| project.directory.join(folder));
    let in_environment = active.into_iter().chain(nearby).map(|folder| folder.join("bin/python"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("python3")).collect::<Vec<_>>();
    in_environment
        .chain(on_path)
        .find(|python| python.exists())
        .ok_or_else(|| CommandFailure::ours("HOOK", "there is no Python to run the post write hook with"))
}
