//! `alembic init` and `alembic list_templates`

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use dunlin_compat::alembic::config::file_names;
use dunlin_compat::alembic::write::{InitError, InitRequest, InitStep, TEMPLATES, init};
use dunlin_compat::settings::Settings;

use super::arguments::Arguments;
use super::console::Console;
use super::failure::CommandFailure;
use super::project::{config_failure, invocation};
use crate::cli::project::settings_failure;

/// Lists the templates.
pub fn list_templates(console: &Console) {
    console.line("Available templates:\n");
    for template in &TEMPLATES {
        console.line(&format!("{} - {}", template.name, template.synopsis()));
    }
    console.line("\nTemplates are used via the 'init' command, e.g.:");
    console.line("\n  alembic init --template generic ./scripts");
}

/// Begins a project in a folder.
pub fn run(
    arguments: &Arguments,
    folder: &str,
    template: &str,
    package: bool,
    console: &Console,
) -> Result<(), CommandFailure> {
    let directory = std::env::current_dir()
        .map_err(|error| CommandFailure::ours("PROJECT", format!("the working directory: {error}")))?;
    let settings = Settings::load(&directory).map_err(|error| settings_failure(&error))?;
    let names = file_names(&invocation(arguments, &directory, &settings), &|name| std::env::var(name).ok());
    let request = InitRequest {
        folder: folder.to_owned(),
        template: template.to_owned(),
        package,
        names: names.map_err(config_failure)?,
        directory,
    };
    let steps = init(&request).map_err(|error| match error {
        InitError::NotEmpty(_) | InitError::NoTemplate(_) => CommandFailure::failed(error.to_string()),
        error => CommandFailure::ours("CONFIGURATION", error.to_string()),
    })?;
    steps.iter().try_for_each(|step| carry_out(step, console))
}

fn carry_out(step: &InitStep, console: &Console) -> Result<(), CommandFailure> {
    let doing = |text: String, path: &Path, action: &dyn Fn() -> io::Result<()>| {
        console.doing(&text, || {
            action().map_err(|error| CommandFailure::ours("FILE", format!("{}: {error}", path.display())))
        })
    };
    match step {
        InitStep::Say(text) => {
            console.message(text);
            Ok(())
        }
        InitStep::Folder(path) => {
            doing(format!("Creating directory {}", path.display()), path, &|| fs::create_dir_all(path))
        }
        InitStep::Generate { path, text } => {
            doing(format!("Generating {}", path.display()), path, &|| fs::write(path, text))
        }
        InitStep::Append { path, text } => {
            doing(format!("Appending to existing {}", path.display()), path, &|| {
                OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())
            })
        }
        InitStep::Add(path) => doing(format!("Adding {}", path.display()), path, &|| fs::write(path, "")),
    }
}
