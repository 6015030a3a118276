//! Flyway's own command line: its arguments, its output, its exit codes. `dunlin flyway …`, or the binary called `flyway`.

mod baseline;
mod callbacks;
mod clean;
mod console;
mod error;
mod help;
mod info;
mod migrate;
mod observer;
mod repair;
mod session;
mod undo;
mod validate;

pub use session::open;

use dunlin_compat::flyway::config::{self, Invocation, ProcessEnvironment};
use dunlin_compat::flyway::output;
use serde_json::{Value, json};

use super::exit::Exit;
use console::Console;
use error::CommandError;
use session::Session;

/// Runs Flyway's command line and returns 0 or 1, as Flyway does.
pub fn main(arguments: &[String]) -> Exit {
    let invocation = match Invocation::parse(arguments) {
        Ok(invocation) => invocation,
        Err(error) => {
            let as_json = arguments.iter().any(|argument| argument.eq_ignore_ascii_case("-outputType=json"));
            let console = Console::bare(as_json);
            console.failure("ERROR", &error.to_string());
            return Exit::Failed;
        }
    };
    let mut console = Console::new(&invocation);
    if let Some(which) = invocation.help() {
        help::print(which);
        return Exit::Done;
    }
    match run(&invocation, &mut console) {
        Ok(exit) => exit,
        Err(error) => {
            error.print(&console);
            Exit::Failed
        }
    }
}

fn run(invocation: &Invocation, console: &mut Console) -> Result<Exit, CommandError> {
    let only = match invocation.operations.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    if only == Some("version") {
        console.header();
        if console.is_json() {
            console.document(&json!({
                "command": "version",
                "edition": Value::Null,
                "permitExpiry": Value::Null,
                "pluginVersions": [],
                "version": output::FLYWAY_VERSION,
            }));
        }
        return Ok(Exit::Done);
    }
    let loaded = config::load(invocation, &ProcessEnvironment)?;
    for warning in &loaded.warnings {
        console.warn(warning);
    }
    console.header();
    let session = Session::new(loaded.config)?;
    let mut results = Vec::new();
    let mut exit = Exit::Done;
    for operation in &invocation.operations {
        let result = match operation.as_str() {
            "migrate" => migrate::run(&session, console),
            "info" => info::run(&session, console, invocation),
            "validate" => validate::run(&session, console),
            "repair" => repair::run(&session, console),
            "baseline" => baseline::run(&session, console),
            "clean" => clean::run(&session, console),
            "undo" => undo::run(&session, console),
            other => Err(CommandError::new("ERROR", not_here(other))),
        };
        match result {
            Ok(document) => results.push(document),
            // A failed migration is a result too; the operations behind it do not run.
            Err(CommandError { document: Some(document), message, .. }) => {
                if !console.is_json() {
                    console.error(&message);
                }
                results.push(document);
                exit = Exit::Failed;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    if console.is_json() {
        match (only, results.pop()) {
            (Some(_), Some(result)) => console.document(&result),
            (_, last) => {
                results.extend(last);
                console.document(&json!({ "individualResults": results }));
            }
        }
    }
    Ok(exit)
}

fn not_here(operation: &str) -> String {
    format!(
        "{operation} is not a command of dunlin's Flyway. There are migrate, info, validate, repair, baseline, clean, undo \
         and version"
    )
}
