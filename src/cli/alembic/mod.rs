//! Alembic's own command line: its arguments, its output, its exit codes. `dunlin alembic …`, or the binary called
//! `alembic`.

mod arguments;
mod branches;
mod check;
mod console;
mod current;
mod edit;
mod ensure_version;
mod environment;
mod failure;
mod heads;
mod history;
mod init;
mod new_revision;
mod observer;
mod project;
mod show;
mod stamp;
mod upgrade;

use std::process::ExitCode;

use arguments::{Arguments, Command, Instead};
use console::Console;
use failure::CommandFailure;
use project::Project;

/// Runs Alembic's command line and returns its exit code: 0, 255 for what Alembic says went wrong, 1 for what it ends with
/// a traceback on, 2 for wrong arguments.
pub fn main(arguments: &[String]) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(Instead::Show(text)) => {
            console::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(Instead::Usage(text)) => {
            console::print_error(&text);
            return ExitCode::from(2);
        }
    };
    let mut console = Console::new(arguments.quiet);
    match run(&arguments, &mut console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(&console),
    }
}

fn run(arguments: &Arguments, console: &mut Console) -> Result<(), CommandFailure> {
    match &arguments.command {
        Command::ListTemplates => {
            init::list_templates(console);
            return Ok(());
        }
        Command::Init { directory, template, package } => {
            return init::run(arguments, directory, template, *package, console);
        }
        _ => {}
    }
    let project = Project::load(arguments)?;
    match &arguments.command {
        Command::Branches { verbose } => branches::run(&project, *verbose, console),
        Command::Check => check::run(&project, console),
        Command::Current { check_heads, verbose } => current::run(&project, *check_heads, *verbose, console),
        Command::Downgrade { revision, sql, .. } => upgrade::downgrade(&project, revision, *sql, console),
        Command::Edit { revision } => edit::run(&project, revision, console),
        Command::EnsureVersion { sql } => ensure_version::run(&project, *sql, console),
        Command::Heads { verbose, resolve_dependencies } => {
            heads::run(&project, *verbose, *resolve_dependencies, console)
        }
        Command::History { range, verbose, indicate_current } => {
            history::run(&project, range.as_deref(), *verbose, *indicate_current, console)
        }
        Command::Merge(merge) => new_revision::merge(&project, merge, console),
        Command::Revision(revision) => new_revision::run(&project, revision, console),
        Command::Show { revision } => show::run(&project, revision, console),
        Command::Stamp { revisions, sql, purge, .. } => {
            stamp::run(&project, revisions, *sql, *purge, console)
        }
        Command::Upgrade { revision, sql, .. } => upgrade::upgrade(&project, revision, *sql, console),
        Command::Init { .. } | Command::ListTemplates => Ok(()),
    }
}
