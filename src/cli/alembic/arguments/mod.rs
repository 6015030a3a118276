//! The arguments of Alembic's command line.

mod argparse;
mod commands;

use dunlin_compat::alembic::python::text::repr;

use argparse::{End, Found, Opt, OptKind, Positional, Takes, parse};
use commands::{COMMANDS, CommandWords};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// `-c`, in order.
    pub config: Vec<String>,
    /// `-n`.
    pub name: Option<String>,
    /// `-x`, in order.
    pub x: Vec<String>,
    /// `--raiseerr`.
    pub raise_errors: bool,
    /// `-q`.
    pub quiet: bool,
    /// The command.
    pub command: Command,
}

/// A command with its own arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Branches { verbose: bool },
    Check,
    Current { check_heads: bool, verbose: bool },
    Downgrade { revision: String, sql: bool, tag: Option<String> },
    Edit { revision: String },
    EnsureVersion { sql: bool },
    Heads { verbose: bool, resolve_dependencies: bool },
    History { range: Option<String>, verbose: bool, indicate_current: bool },
    Init { directory: String, template: String, package: bool },
    ListTemplates,
    Merge(NewMerge),
    Revision(NewRevision),
    Show { revision: String },
    Stamp { revisions: Vec<String>, sql: bool, tag: Option<String>, purge: bool },
    Upgrade { revision: String, sql: bool, tag: Option<String> },
}

/// The arguments of `merge`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMerge {
    pub revisions: Vec<String>,
    pub message: Option<String>,
    pub branch_label: Option<String>,
    pub rev_id: Option<String>,
    pub splice: bool,
}

/// The arguments of `revision`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevision {
    pub message: Option<String>,
    pub autogenerate: bool,
    pub sql: bool,
    pub head: Option<String>,
    pub splice: bool,
    pub branch_label: Option<String>,
    pub version_path: Option<String>,
    pub rev_id: Option<String>,
    pub depends_on: Vec<String>,
}

/// What to print instead of running anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// On standard output.
    Show(String),
    /// On standard error; exit code 2.
    Usage(String),
}

impl Arguments {
    /// Reads a command line without the program's name.
    ///
    /// # Errors
    /// Help is asked for, or the arguments are wrong.
    pub fn parse(arguments: &[String]) -> Result<Arguments, Instead> {
        let top = CommandWords::top();
        let found = parse(top.options, top.positionals, arguments).map_err(|end| top.instead(end))?;
        let Some((name, rest)) = found.values.get("command").and_then(|values| values.split_first()) else {
            return Err(if found.unrecognized.is_empty() {
                top.wrong("too few arguments")
            } else {
                top.wrong(&format!("unrecognized arguments: {}", found.unrecognized.join(" ")))
            });
        };
        let Some(words) = COMMANDS.iter().find(|words| words.name == *name) else {
            let names: Vec<String> = COMMANDS.iter().map(|words| repr(words.name)).collect();
            let all: Vec<&str> = COMMANDS.iter().map(|words| words.name).collect();
            return Err(top.wrong(&format!(
                "argument {{{}}}: invalid choice: {} (choose from {})",
                all.join(","),
                repr(name),
                names.join(", ")
            )));
        };
        let own = parse(words.options, words.positionals, rest).map_err(|end| words.instead(end))?;
        let unrecognized: Vec<&str> =
            found.unrecognized.iter().chain(&own.unrecognized).map(String::as_str).collect();
        if !unrecognized.is_empty() {
            return Err(top.wrong(&format!("unrecognized arguments: {}", unrecognized.join(" "))));
        }
        Ok(Arguments {
            config: found.all("--config"),
            name: found.last("--name"),
            x: found.all("-x"),
            raise_errors: found.has("--raiseerr"),
            quiet: found.has("--quiet"),
            command: command(words.name, &own),
        })
    }
}

fn command(name: &str, found: &Found) -> Command {
    let one = |name: &str| found.last(name).unwrap_or_default();
    let (verbose, sql, tag) = (found.has("--verbose"), found.has("--sql"), found.last("--tag"));
    match name {
        "branches" => Command::Branches { verbose },
        "check" => Command::Check,
        "current" => Command::Current { check_heads: found.has("--check-heads"), verbose },
        "downgrade" => Command::Downgrade { revision: one("revision"), sql, tag },
        "edit" => Command::Edit { revision: one("rev") },
        "ensure_version" => Command::EnsureVersion { sql },
        "heads" => Command::Heads { verbose, resolve_dependencies: found.has("--resolve-dependencies") },
        "history" => Command::History {
            range: found.last("--rev-range"),
            verbose,
            indicate_current: found.has("--indicate-current"),
        },
        "init" => Command::Init {
            directory: one("directory"),
            template: found.last("--template").unwrap_or_else(|| "generic".to_owned()),
            package: found.has("--package"),
        },
        "list_templates" => Command::ListTemplates,
        "merge" => Command::Merge(NewMerge {
            revisions: found.all("revisions"),
            message: found.last("--message"),
            branch_label: found.last("--branch-label"),
            rev_id: found.last("--rev-id"),
            splice: found.has("--splice"),
        }),
        "revision" => Command::Revision(NewRevision {
            message: found.last("--message"),
            autogenerate: found.has("--autogenerate"),
            sql,
            head: found.last("--head"),
            splice: found.has("--splice"),
            branch_label: found.last("--branch-label"),
            version_path: found.last("--version-path"),
            rev_id: found.last("--rev-id"),
            depends_on: found.all("--depends-on"),
        }),
        "show" => Command::Show { revision: one("rev") },
        "stamp" => {
            Command::Stamp { revisions: found.all("revisions"), sql, tag, purge: found.has("--purge") }
        }
        _ => Command::Upgrade { revision: one("revision"), sql, tag },
    }
}

impl Found {
    fn all(&self, name: &str) -> Vec<String> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn last(&self, name: &str) -> Option<String> {
        self.values.get(name).and_then(|values| values.last().cloned())
    }

    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
}

impl CommandWords {
    fn instead(&self, end: End) -> Instead {
        match end {
            End::Help => Instead::Show(self.help.to_owned()),
            End::Version => {
                Instead::Show(format!("alembic {}\n", dunlin_compat::alembic::output::ALEMBIC_VERSION))
            }
            End::Wrong(message) => self.wrong(&message),
        }
    }

    fn wrong(&self, message: &str) -> Instead {
        let usage = self.help.split("\n\n").next().unwrap_or_default().trim_end();
        let program =
            if self.name.is_empty() { "alembic".to_owned() } else { format!("alembic {}", self.name) };
        Instead::Usage(format!("{usage}\n{program}: error: {message}\n"))
    }
}

#[cfg(test)]
mod tests;
