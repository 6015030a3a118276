//! `dunlin plugin`: one file per command.

mod bench;
mod build;
mod case;
mod inspect;
mod json;
mod new;
mod test;
mod toolchain;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dunlin_compat::settings::Settings;

use super::exit::Exit;
use super::failure::Failure;
use super::{Global, output};
use crate::plugin::{Level, Message, OptionValue, PluginError, PluginSettings, file_of};

/// Write, build and try plugins: code in a sandbox that changes rows, does a migration's step or checks migrations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin new split-name           a skeleton in plugins/split-name
  dunlin plugin build split-name         compile it to plugins/split-name.wasm
  dunlin plugin test split-name          run it on the rows of its cases/*.json
  dunlin plugin inspect split-name       what it is, and its digest")]
pub struct PluginArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::NewArgs),
    Build(build::BuildArgs),
    Inspect(inspect::InspectArgs),
    Test(test::TestArgs),
    Bench(bench::BenchArgs),
}

/// Runs the command.
pub fn run(global: &Global, arguments: &PluginArgs) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::New(arguments) => new::run(global, arguments),
        Command::Build(arguments) => build::run(global, arguments),
        Command::Inspect(arguments) => inspect::run(global, arguments),
        Command::Test(arguments) => test::run(global, arguments),
        Command::Bench(arguments) => bench::run(global, arguments),
    }
}

/// A plugin that an argument names.
struct Named {
    /// Its name in `dunlin.toml` and in migrations.
    name: String,
    /// The compiled file, which need not be there.
    file: PathBuf,
    /// The folder of its source, if it lies where `new` puts it.
    source: Option<PathBuf>,
    /// What `dunlin.toml` gives it.
    settings: PluginSettings,
}

/// Finds a plugin by its name, its compiled file or the folder of its source.
fn find(global: &Global, argument: &str) -> Result<Named, Failure> {
    let root = super::project::root(global)?;
    let settings = Settings::load(&root).map_err(|error| super::project::settings_failure(&error))?;
    let given = Path::new(argument);
    let is_file = given.extension().is_some_and(|extension| extension == "wasm");
    let is_folder = !is_file && given.join("cases").is_dir()
        || given.join("Cargo.toml").is_file()
        || given.join("package.json").is_file();
    let is_name = !is_file && !argument.contains(['/', '\\']);
    let stem = given.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = match stem {
        Some(stem) if is_file || is_folder || is_name => stem,
        _ => {
            return Err(Failure::usage(format!(
                "`{argument}` is neither a plugin's name, nor a .wasm file, nor the folder of one"
            ))
            .help("`dunlin plugin new NAME` makes one."));
        }
    };
    let table = settings.plugin.get(&name);
    let file = match (is_file, is_folder && !is_name) {
        (true, _) => given.to_owned(),
        (false, true) => given.with_file_name(format!("{name}.wasm")),
        (false, false) => file_of(&name, table, &root),
    };
    let source = if is_folder && !is_name { given.to_owned() } else { file.with_file_name(&name) };
    let settings = match table {
        Some(table) => PluginSettings::of_table(&name, table, &root).map_err(PluginError::from)?,
        None => PluginSettings::default(),
    };
    Ok(Named { source: source.is_dir().then_some(source), name, file, settings })
}

/// Reads `--option name=value`.
fn option_argument(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("an option is written name=value".to_owned()),
    }
}

/// Puts options over those of `dunlin.toml`. What comes from a command line or a file of test data is no secret, and may
/// stand for one.
fn with_options<'a>(
    mut settings: PluginSettings,
    options: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> PluginSettings {
    for (name, value) in options {
        settings.options.insert(name.clone(), OptionValue::secret(value, "given for a trial"));
    }
    settings
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Failure {
        let failure = Failure::new(error.code(), error.to_string());
        match error.advice() {
            Some(advice) => failure.help(advice),
            None => failure,
        }
    }
}

/// What a plugin said, on standard error.
fn show_messages(messages: &[Message]) {
    for message in messages {
        let level = match message.level {
            Level::Debug => continue,
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        output::note(&format!("{level}: {}", message.text));
    }
}
