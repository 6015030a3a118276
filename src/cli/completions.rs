//! `dunlin completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::failure::Failure;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dunlin completions bash > /etc/bash_completion.d/dunlin")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &CompletionsArgs) -> Result<Exit, Failure> {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "dunlin", &mut std::io::stdout());
    Ok(Exit::Done)
}
