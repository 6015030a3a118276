//! Flyway's own command line: its arguments, its output, its exit codes. `dunlin flyway …`, or the binary called `flyway`.

mod baseline;
mod callbacks;
mod clean;
mod console;
mod dry_run;
mod error;
mod help;
mod info;
mod migrate;
mod new;
mod observer;
mod repair;
mod session;
mod undo;
mod validate;

pub use new::create;
pub use session::open;

use std::path::PathBuf;

use dunlin_compat::flyway::config::{self, Invocation, ProcessEnvironment};
use dunlin_compat::flyway::output::{self, ErrorItem};
use serde_json::{Value, json};

use super::exit::Exit;
use crate::db::Access;
use console::Console;
use error::CommandError;
use session::Place;

/// Runs Flyway's command line and returns 0 or 1, as Flyway does.
pub fn main(arguments: &[String]) -> Exit {
    let invocation = match Invocation::parse(arguments) {
        Ok(invocation) => invocation,
        Err(error) => {
            let as_json = arguments.iter().any(|argument| argument.eq_ignore_ascii_case("-outputType=json"));
            let file = arguments.iter().find_map(|argument| argument.strip_prefix("-outputFile="));
            let console = Console::bare(as_json).with_output_file(file.map(PathBuf::from));
            console.failure(ErrorItem::new("ERROR", error.to_string()));
            return finish(&console, Exit::Failed);
        }
    };
    let console = Console::new(&invocation);
    if let Some(which) = invocation.help() {
        help::print(which);
        return Exit::Done;
    }
    let exit = match run(&invocation, &console) {
        Ok(exit) => exit,
        Err(error) => {
            error.print(&console);
            Exit::Failed
        }
    };
    finish(&console, exit)
}

fn finish(console: &Console, exit: Exit) -> Exit {
    match console.finish() {
        Ok(()) => exit,
        Err(error) => {
            anstream::eprintln!("ERROR: {}", error.message);
            Exit::Failed
        }
    }
}

fn run(invocation: &Invocation, console: &Console) -> Result<Exit, CommandError> {
    if invocation.operations == ["version"] {
        console.header();
        if console.is_json() {
            console.document(&version())?;
        }
        return Ok(Exit::Done);
    }
    if invocation.operations == ["list-engines"] {
        console.header();
        console.info(&engines());
        if console.is_json() {
            console.document(&json!({
                "version": output::FLYWAY_VERSION,
                "command": "list-engines",
                "edition": Value::Null,
                "dbInfoResults": ENGINES.map(|name| json!({ "name": name })),
            }))?;
        }
        return Ok(Exit::Done);
    }
    let loaded = config::load(invocation, &ProcessEnvironment)?;
    for warning in &loaded.warnings {
        console.warn(warning);
    }
    // Flyway prints its header before it misses an address, and after it fails to understand one.
    if loaded.config.url.as_ref().is_none_or(|url| url.reveal().trim().is_empty()) {
        console.header();
    }
    let place = Place::new(loaded.config)?;
    console.header();
    let mut results = Vec::new();
    let mut exit = Exit::Done;
    for operation in &invocation.operations {
        match execute(operation, &place, console, invocation) {
            Ok(result) => results.push(result),
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
        match (invocation.operations.len(), results.pop()) {
            (1, Some(result)) => console.document(&result)?,
            (_, last) => {
                results.extend(last);
                console.document(&json!({ "individualResults": results }))?;
            }
        }
    }
    Ok(exit)
}

fn execute(
    operation: &str,
    place: &Place,
    console: &Console,
    invocation: &Invocation,
) -> Result<Value, CommandError> {
    if operation == "version" {
        return Ok(version());
    }
    if !matches!(operation, "migrate" | "info" | "validate" | "repair" | "baseline" | "clean" | "undo") {
        return Err(CommandError::new("ERROR", not_here(operation)));
    }
    let access = match operation {
        "info" | "validate" => Access::Read,
        _ => Access::Write,
    };
    let session = place.begin(console, access)?;
    match operation {
        "migrate" => migrate::run(&session, console),
        "validate" => validate::run(&session, console),
        "repair" => repair::run(&session, console),
        "baseline" => baseline::run(&session, console),
        "clean" => clean::run(&session, console),
        "undo" => undo::run(&session, console),
        _ => info::run(&session, console, invocation),
    }
}

fn version() -> Value {
    json!({
        "command": "version",
        "edition": Value::Null,
        "permitExpiry": Value::Null,
        "pluginVersions": [],
        "version": output::FLYWAY_VERSION,
    })
}

const ENGINES: [&str; 4] = ["MariaDB", "MySQL", "PostgreSQL", "SQLite"];

/// As Flyway sets its list; which databases there are is our own to say.
fn engines() -> String {
    const TITLE: &str = "Database Name";
    let width = ENGINES.iter().map(|name| name.len()).chain([TITLE.len()]).max().unwrap_or_default() + 2;
    let line = |text: &str| format!("{text:<width$}");
    let lines = [line(TITLE), "-".repeat(width)].into_iter().chain(ENGINES.map(line));
    lines.collect::<Vec<String>>().join("\n")
}

fn not_here(operation: &str) -> String {
    format!(
        "{operation} is not a command of dunlin's Flyway. There are migrate, info, validate, repair, baseline, clean, undo, \
         version and list-engines"
    )
}
