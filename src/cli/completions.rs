//! `dunlin completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(dunlin completions bash)              in ~/.bashrc
  dunlin completions zsh > ~/.zfunc/_dunlin      with fpath+=~/.zfunc before compinit in ~/.zshrc
  dunlin completions fish > ~/.config/fish/completions/dunlin.fish")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "dunlin", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
