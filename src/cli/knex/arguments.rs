//! Knex' arguments, read as its command line reads them: options in any place, `--name value` and `--name=value` alike.

use dunlin_compat::knex::config::Overrides;
use dunlin_compat::knex::plan;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Runs migrations.
    Migrate(plan::Command),
    /// `migrate:list`, `migrate:status`
    List,
    /// `migrate:currentVersion`
    CurrentVersion,
    /// `migrate:unlock`
    Unlock,
    /// `migrate:make`
    Make(String),
}

/// A command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// What is to be done.
    pub command: Option<Command>,
    /// `--knexfile`
    pub knexfile: Option<String>,
    /// `--cwd`
    pub cwd: Option<String>,
    /// `--env`
    pub environment: Option<String>,
    /// `--client` and others that replace what the knexfile says.
    pub overrides: Overrides,
    /// `--disable-transactions`
    pub disable_transactions: bool,
    /// `--verbose`
    pub verbose: bool,
    /// `-x`
    pub extension: Option<String>,
    /// `--stub`
    pub stub: Option<String>,
}

/// Options that dunlin has no use for.
const IGNORED: [&str; 3] = ["--debug", "--esm", "--timestamp-filename-prefix"];

impl Arguments {
    /// Reads a command line.
    ///
    /// # Errors
    /// What is wrong, in the words of Knex' parser.
    pub fn parse(given: &[String]) -> Result<Arguments, String> {
        let mut found = Arguments::default();
        let mut words: Vec<String> = Vec::new();
        let mut all = false;
        let mut rest = given.iter().peekable();
        while let Some(argument) = rest.next() {
            if !argument.starts_with('-') || argument == "-" {
                words.push(argument.clone());
                continue;
            }
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let overrides = &mut found.overrides;
            let slot = match name {
                "--all" => {
                    all = true;
                    continue;
                }
                "--disable-transactions" => {
                    found.disable_transactions = true;
                    continue;
                }
                "--verbose" => {
                    found.verbose = true;
                    continue;
                }
                name if IGNORED.contains(&name) => continue,
                "--knexfile" => &mut found.knexfile,
                "--cwd" => &mut found.cwd,
                "--env" => &mut found.environment,
                "--client" => &mut overrides.client,
                "--connection" => &mut overrides.connection,
                "--migrations-directory" => &mut overrides.migrations_directory,
                "--migrations-table-name" => &mut overrides.migrations_table_name,
                "-x" => &mut found.extension,
                "--stub" => &mut found.stub,
                "--knexpath" | "--specific" => {
                    return Err(format!("error: the option '{name}' is not known to dunlin"));
                }
                _ => return Err(format!("error: unknown option '{name}'")),
            };
            let next = || rest.next_if(|next| !next.starts_with('-')).cloned();
            *slot = inline.or_else(next);
        }
        let mut words = words.into_iter();
        let Some(command) = words.next() else { return Ok(found) };
        let name = words.next();
        let needed = || name.clone().ok_or_else(|| "error: missing required argument 'name'".to_owned());
        found.command = Some(match command.as_str() {
            "migrate:latest" => Command::Migrate(plan::Command::Latest),
            "migrate:up" => Command::Migrate(plan::Command::Up(name)),
            "migrate:to" => Command::Migrate(plan::Command::To(needed()?)),
            "migrate:before" => Command::Migrate(plan::Command::Before(needed()?)),
            "migrate:rollback" => Command::Migrate(plan::Command::Rollback { all }),
            "migrate:down" => Command::Migrate(plan::Command::Down(name)),
            "migrate:list" | "migrate:status" => Command::List,
            "migrate:currentVersion" => Command::CurrentVersion,
            "migrate:unlock" => Command::Unlock,
            "migrate:make" => Command::Make(needed()?),
            other => return Err(format!("error: unknown command '{other}'")),
        });
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_stand_anywhere() {
        let found = parse("--knexfile db/knexfile.js migrate:up --env=test 1_users.js").unwrap();
        assert_eq!(found.knexfile.as_deref(), Some("db/knexfile.js"));
        assert_eq!(found.environment.as_deref(), Some("test"));
        assert_eq!(found.command, Some(Command::Migrate(plan::Command::Up(Some("1_users.js".to_owned())))));
        let found = parse("migrate:rollback --all --verbose").unwrap();
        assert_eq!(found.command, Some(Command::Migrate(plan::Command::Rollback { all: true })));
        assert!(found.verbose);
    }

    #[test]
    fn what_is_wrong_is_said_as_knex_says_it() {
        for (line, expected) in [
            ("migrate:everything", "error: unknown command 'migrate:everything'"),
            ("migrate:latest --al", "error: unknown option '--al'"),
            ("migrate:to", "error: missing required argument 'name'"),
        ] {
            assert_eq!(parse(line).unwrap_err(), expected, "{line}");
        }
    }
}
