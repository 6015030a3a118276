//! Rails' tasks and their variables, as they are given on the command line.

use super::files;
use super::plan::{Command, Filter};
use super::release::Release;
use crate::model::AdapterError;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// `db:migrate`
    Migrate,
    /// `db:migrate:up`
    Up,
    /// `db:migrate:down`
    Down,
    /// `db:migrate:redo`
    Redo,
    /// `db:rollback`
    Rollback,
    /// `db:forward`
    Forward,
    /// `db:migrate:status`
    Status,
    /// `db:version`
    Version,
    /// `db:abort_if_pending_migrations`
    AbortIfPending,
    /// `db:schema:load`
    SchemaLoad,
    /// `db:schema:dump`
    SchemaDump,
    /// `db:prepare`
    Prepare,
    /// `db:environment:set`
    EnvironmentSet,
    /// `db:check_protected_environments`
    CheckProtected,
}

/// The tasks by their names, and whether each has one for every database of several. Longer names come first.
const TASKS: [(&str, TaskKind, bool); 14] = [
    ("db:abort_if_pending_migrations", TaskKind::AbortIfPending, true),
    ("db:check_protected_environments", TaskKind::CheckProtected, false),
    ("db:environment:set", TaskKind::EnvironmentSet, false),
    ("db:migrate:status", TaskKind::Status, true),
    ("db:migrate:down", TaskKind::Down, true),
    ("db:migrate:redo", TaskKind::Redo, true),
    ("db:migrate:up", TaskKind::Up, true),
    ("db:schema:load", TaskKind::SchemaLoad, true),
    ("db:schema:dump", TaskKind::SchemaDump, true),
    ("db:rollback", TaskKind::Rollback, true),
    ("db:version", TaskKind::Version, true),
    ("db:prepare", TaskKind::Prepare, false),
    ("db:forward", TaskKind::Forward, false),
    ("db:migrate", TaskKind::Migrate, true),
];

/// What Rails has beside them and dunlin leaves to Rails.
const LEFT_TO_RAILS: [&str; 17] = [
    "db:create",
    "db:drop",
    "db:purge",
    "db:reset",
    "db:setup",
    "db:seed",
    "db:migrate:reset",
    "db:charset",
    "db:collation",
    "db:truncate_all",
    "db:fixtures",
    "db:schema:cache",
    "db:structure",
    "db:encryption",
    "db:test",
    "db:load_config",
    "railties:install:migrations",
];

/// A task, of one database or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it does.
    pub kind: TaskKind,
    /// The database that its name ends in.
    pub database: Option<String>,
}

/// A command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The tasks, in their order.
    pub tasks: Vec<Task>,
    /// Variables that it sets, which come before those of the environment; of two the later counts.
    pub variables: Vec<(String, String)>,
    /// `--trace`
    pub trace: bool,
}

impl Task {
    /// A task by its name.
    ///
    /// # Errors
    /// There is none of this name, or dunlin leaves it to Rails.
    pub fn named(name: &str) -> Result<Task, AdapterError> {
        for (known, kind, has_variants) in TASKS {
            let Some(rest) = name.strip_prefix(known) else { continue };
            if rest.is_empty() {
                return Ok(Task { kind, database: None });
            }
            let is_left = LEFT_TO_RAILS.iter().any(|other| is_in(name, other));
            if let Some(database) = rest.strip_prefix(':')
                && has_variants
                && !is_left
                && !database.is_empty()
            {
                return Ok(Task { kind, database: Some(database.to_owned()) });
            }
        }
        if LEFT_TO_RAILS.iter().any(|other| is_in(name, other)) {
            return Err(AdapterError::refused("TASK", format!("dunlin does not run {name}"))
                .advise("Run it with bin/rails; what it leaves behind dunlin goes on with."));
        }
        Err(unknown(name))
    }

    /// The task's name.
    pub fn name(&self) -> String {
        let name = TASKS.iter().find(|(_, kind, _)| *kind == self.kind).map_or("", |(name, ..)| name);
        self.database.as_ref().map_or_else(|| name.to_owned(), |database| format!("{name}:{database}"))
    }

    /// Whether there is such a task: those of single databases are there where there are several.
    ///
    /// # Errors
    /// There is none, or the task has to be told which database is meant.
    pub fn check(&self, databases: &[&str]) -> Result<(), AdapterError> {
        match &self.database {
            Some(name) if databases.len() < 2 || !databases.contains(&name.as_str()) => {
                Err(unknown(&self.name()))
            }
            None if databases.len() > 1 && self.asks_for_one() => {
                let names: Vec<String> =
                    databases.iter().map(|database| format!("{}:{database}", self.name())).collect();
                Err(runtime(format!(
                    "You're using a multiple database application. To use `{}` you must run the namespaced task with a VERSION. Available tasks are {}.",
                    self.name(),
                    sentence(&names)
                )))
            }
            _ => Ok(()),
        }
    }

    fn asks_for_one(&self) -> bool {
        matches!(self.kind, TaskKind::Up | TaskKind::Down | TaskKind::Redo | TaskKind::Rollback)
    }

    /// What the task runs, one after the other; nothing for tasks that do not run migrations.
    ///
    /// # Errors
    /// In Rails' words: a variable is missing, not allowed or no version.
    pub fn commands(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
        release: Release,
    ) -> Result<Vec<Command>, AdapterError> {
        let version = variable("VERSION");
        let given = version.as_deref().filter(|version| !version.is_empty());
        let steps = || variable("STEP").map_or(1, |text| leading_integer(&text));
        let scope = variable("SCOPE").filter(|scope| !scope.trim().is_empty());
        let migrate = |target| {
            let filter = scope.clone().map_or(Filter::None, Filter::Scope);
            Command::Migrate { target, filter }
        };
        Ok(match self.kind {
            TaskKind::Migrate => vec![migrate(target(version.as_deref())?)],
            TaskKind::Up => vec![Command::Up(required(given, "VERSION is required")?)],
            TaskKind::Down => {
                vec![Command::Down(required(
                    given,
                    "VERSION is required - To go down one migration, use db:rollback",
                )?)]
            }
            TaskKind::Redo => match version.as_deref() {
                Some("") => return Err(runtime("Empty VERSION provided")),
                Some(_) => {
                    let version = required(given, "VERSION is required")?;
                    vec![Command::Down(version), Command::Up(version)]
                }
                None => vec![Command::Rollback(steps()), migrate(None)],
            },
            TaskKind::Rollback => {
                if version.is_some() && self.database.is_none() && release.rollback_refuses_version() {
                    return Err(runtime(
                        "VERSION is not supported - To rollback a specific version, use db:migrate:down",
                    ));
                }
                vec![Command::Rollback(steps())]
            }
            TaskKind::Forward => vec![Command::Forward(steps())],
            _ => Vec::new(),
        })
    }

    /// Whether migrations tell what they do: only `db:migrate` hears `VERBOSE`.
    pub fn is_verbose(&self, variable: &dyn Fn(&str) -> Option<String>) -> bool {
        self.kind != TaskKind::Migrate || variable("VERBOSE").is_none_or(|value| value != "false")
    }
}

/// The environments whose databases `db:prepare` and `db:schema:load` take up: that of tests goes with that of development.
pub fn environments(environment: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let with_tests = environment == "development"
        && variable("SKIP_TEST_DATABASE").is_none()
        && variable("DATABASE_URL").is_none();
    let tests = with_tests.then(|| "test".to_owned());
    [environment.to_owned()].into_iter().chain(tests).collect()
}

fn is_in(name: &str, task: &str) -> bool {
    name.strip_prefix(task).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

impl Invocation {
    /// Reads a command line: tasks, `NAME=value`, and Rake's options.
    ///
    /// # Errors
    /// A task or an option is not known.
    pub fn parse(arguments: &[String]) -> Result<Invocation, AdapterError> {
        let mut invocation = Invocation::default();
        for argument in arguments {
            if let Some((name, value)) = assignment(argument) {
                invocation.variables.push((name.to_owned(), value.to_owned()));
                continue;
            }
            match argument.as_str() {
                "--trace" | "-t" | "--backtrace" => invocation.trace = true,
                "--verbose" | "-v" | "--quiet" | "-q" | "--silent" | "-s" => {}
                option if option.starts_with('-') => {
                    return Err(AdapterError::refused("USAGE", format!("invalid option: {option}")));
                }
                name => invocation.tasks.push(Task::named(name)?),
            }
        }
        Ok(invocation)
    }

    /// The value of a variable: what the command line says, else what the environment has.
    pub fn variable(&self, name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let given = self.variables.iter().rev().find(|(known, _)| known == name);
        given.map(|(_, value)| value.clone()).or_else(|| environment(name))
    }
}

/// `\A(\w+)=(.*)\z`
fn assignment(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let fits = |character: char| character == '_' || character.is_alphanumeric();
    (!name.is_empty() && name.chars().all(fits)).then_some((name, value))
}

/// `target_version`, after `check_target_version`.
///
/// # Errors
/// It is neither a number nor the name of a file.
pub fn target(version: Option<&str>) -> Result<Option<u128>, AdapterError> {
    let Some(version) = version.filter(|version| !version.is_empty()) else { return Ok(None) };
    let is_number = version.bytes().next().is_some_and(|first| first.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && !version.contains("__")
        && !version.ends_with('_');
    if !is_number && files::parts(version).is_none() {
        return Err(runtime(format!("Invalid format of target version: `VERSION={version}`")));
    }
    let digits: String = if is_number {
        version.replace('_', "")
    } else {
        version.chars().take_while(char::is_ascii_digit).collect()
    };
    digits
        .parse()
        .map(Some)
        .map_err(|_| runtime(format!("Invalid format of target version: `VERSION={version}`")))
}

fn required(version: Option<&str>, message: &str) -> Result<u128, AdapterError> {
    target(version)?.ok_or_else(|| runtime(message))
}

/// `String#to_i`
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) =
        text.strip_prefix('-').map_or((1, text.strip_prefix('+').unwrap_or(text)), |rest| (-1, rest));
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    sign * digits.parse::<i64>().unwrap_or(if digits.is_empty() { 0 } else { i64::MAX })
}

/// `Array#to_sentence`
fn sentence(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

fn unknown(name: &str) -> AdapterError {
    runtime(format!(
        "Don't know how to build task '{name}' (See the list of available tasks with `bin/rails --tasks`)"
    ))
}

fn runtime(message: impl Into<String>) -> AdapterError {
    AdapterError::refused("RuntimeError", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Result<Invocation, AdapterError> {
        Invocation::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn commands(line: &str) -> Result<Vec<Command>, String> {
        let invocation = parse(line).map_err(|error| error.to_string())?;
        let variable = |name: &str| invocation.variable(name, &|_| None);
        invocation.tasks[0].commands(&variable, Release(8, 1)).map_err(|error| error.to_string())
    }

    #[test]
    fn tasks_and_variables_are_told_apart() {
        let invocation = parse("db:migrate:up:animals VERSION=5 --trace VERSION=6").unwrap();
        assert_eq!(invocation.tasks, [Task { kind: TaskKind::Up, database: Some("animals".to_owned()) }]);
        assert!(invocation.trace);
        let environment = |name: &str| (name == "STEP").then(|| "2".to_owned());
        assert_eq!(invocation.variable("VERSION", &environment).as_deref(), Some("6"));
        assert_eq!(invocation.variable("STEP", &environment).as_deref(), Some("2"));
        assert_eq!(parse("db:migrate:animals").unwrap().tasks[0].name(), "db:migrate:animals");
    }

    #[test]
    fn tasks_choose_their_commands() {
        let all = |target| Command::Migrate { target, filter: Filter::None };
        assert_eq!(commands("db:migrate").unwrap(), [all(None)]);
        assert_eq!(commands("db:migrate VERSION=").unwrap(), [all(None)]);
        assert_eq!(commands("db:migrate VERSION=0").unwrap(), [all(Some(0))]);
        assert_eq!(commands("db:migrate VERSION=2024_01_02").unwrap(), [all(Some(20_240_102))]);
        assert_eq!(commands("db:migrate VERSION=20240102_a.rb").unwrap(), [all(Some(20_240_102))]);
        let scoped = Command::Migrate { target: None, filter: Filter::Scope("tags".to_owned()) };
        assert_eq!(commands("db:migrate SCOPE=tags").unwrap(), [scoped]);
        assert_eq!(commands("db:migrate:redo VERSION=5").unwrap(), [Command::Down(5), Command::Up(5)]);
        assert_eq!(commands("db:migrate:redo STEP=2").unwrap(), [Command::Rollback(2), all(None)]);
        assert_eq!(commands("db:rollback STEP=x").unwrap(), [Command::Rollback(0)]);
        assert_eq!(commands("db:rollback:animals VERSION=1").unwrap(), [Command::Rollback(1)]);
        assert_eq!(commands("db:forward STEP=3").unwrap(), [Command::Forward(3)]);
        assert_eq!(commands("db:version").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_told_in_rails_words() {
        let errors = [
            "db:migrate VERSION=x",
            "db:migrate VERSION=1_",
            "db:migrate:up",
            "db:migrate:down VERSION=",
            "db:migrate:redo VERSION=",
            "db:rollback VERSION=1",
            "db:nope",
            "db:migrate:reset",
            "db:prepare:animals",
            "db:schema:cache:dump",
            "db:migrate --dry-run",
        ]
        .map(|line| commands(line).unwrap_err());
        insta::assert_snapshot!(errors.join("\n"), @r"
        Invalid format of target version: `VERSION=x`
        Invalid format of target version: `VERSION=1_`
        VERSION is required
        VERSION is required - To go down one migration, use db:rollback
        Empty VERSION provided
        VERSION is not supported - To rollback a specific version, use db:migrate:down
        Don't know how to build task 'db:nope' (See the list of available tasks with `bin/rails --tasks`)
        dunlin does not run db:migrate:reset
        Don't know how to build task 'db:prepare:animals' (See the list of available tasks with `bin/rails --tasks`)
        dunlin does not run db:schema:cache:dump
        invalid option: --dry-run
        ");
    }

    #[test]
    fn several_databases_have_tasks_of_their_own() {
        let check = |name: &str, databases: &[&str]| {
            Task::named(name).unwrap().check(databases).map_err(|error| error.to_string())
        };
        assert_eq!(check("db:migrate", &["primary", "animals"]), Ok(()));
        assert_eq!(check("db:forward", &["primary", "animals"]), Ok(()));
        assert_eq!(check("db:rollback:animals", &["primary", "animals"]), Ok(()));
        assert_eq!(check("db:rollback", &["primary"]), Ok(()));
        assert!(
            check("db:rollback:nope", &["primary", "animals"]).unwrap_err().starts_with("Don't know how")
        );
        assert!(check("db:rollback:primary", &["primary"]).unwrap_err().starts_with("Don't know how"));
        assert_eq!(
            check("db:rollback", &["primary", "animals"]).unwrap_err(),
            "You're using a multiple database application. To use `db:rollback` you must run the namespaced task with a VERSION. Available tasks are db:rollback:primary and db:rollback:animals."
        );
        assert!(
            check("db:migrate:up", &["a", "b", "c"])
                .unwrap_err()
                .ends_with("Available tasks are db:migrate:up:a, db:migrate:up:b, and db:migrate:up:c.")
        );
    }

    #[test]
    fn tests_go_with_development() {
        assert_eq!(environments("development", &|_| None), ["development", "test"]);
        assert_eq!(environments("production", &|_| None), ["production"]);
        for name in ["SKIP_TEST_DATABASE", "DATABASE_URL"] {
            let set = |asked: &str| (asked == name).then(|| "1".to_owned());
            assert_eq!(environments("development", &set), ["development"]);
        }
    }

    #[test]
    fn only_migrate_is_silenced() {
        let quiet = |name: &str| (name == "VERBOSE").then(|| "false".to_owned());
        assert!(!Task::named("db:migrate").unwrap().is_verbose(&quiet));
        assert!(Task::named("db:rollback").unwrap().is_verbose(&quiet));
        assert!(Task::named("db:migrate").unwrap().is_verbose(&|_| None));
    }

    proptest! {
        #[test]
        fn no_argument_panics(arguments in prop::collection::vec("(db:|migrate|up|:|=|-|VERSION|[a-z0-9_]{0,4}|\\PC){0,6}", 0..4)) {
            let _ = Invocation::parse(&arguments);
            for argument in &arguments {
                let _ = target(Some(argument));
            }
        }
    }
}
