//! Kills a command at every message it sends and compares what the next run leaves with an undisturbed run.

// Each test program that includes this uses its own part of it.
#![allow(dead_code)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::support::{Database, Output, Project, ServerKind};

/// No fault.
pub const UNDISTURBED: &str = "";

/// When to kill, relative to a message, and how many messages to go on: for the server, after one is before the next.
const MOMENTS: [(&str, usize); 3] = [("before", 1), ("during", 1), ("after", 4)];

/// How many databases a test uses at once.
const WORKERS: usize = 2;

/// Brings an empty database to a state.
pub type Preparation = Box<dyn Fn(&Project, &Database) + Sync>;

/// A command on a project, and what to compare.
pub struct Subject {
    pub project: Project,
    pub kind: ServerKind,
    /// The arguments of `dunlin` that name the tool and the database.
    pub target: fn(&Database) -> Vec<String>,
    /// Variables of the environment that name the database.
    pub variables: fn(&Database) -> Vec<(&'static str, String)>,
    /// Those that follow.
    pub command: &'static [&'static str],
    /// Of how many messages one is tried.
    pub stride: usize,
    /// Brings an empty database to where the command begins.
    pub prepare: Preparation,
    /// A query of everything in the history that is the same in every run.
    pub history: &'static str,
}

/// A project with those files of a folder of `tests/fixtures` whose names are wanted.
pub fn project_of(fixture: &str, wanted: &dyn Fn(&str) -> bool) -> Project {
    let project = Project::new();
    // What crashes half way has made tables that are in use by the next run, which the safety rules would spare.
    project.write("dunlin.toml", "[lint]\nup = \"never\"\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    copy(&root, &project.path(), wanted);
    project
}

fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, wanted);
        } else if wanted(&entry.file_name().to_string_lossy()) {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The arguments that name the database of a native project.
pub fn native(database: &Database) -> Vec<String> {
    vec!["--url".to_owned(), database.url()]
}

/// No variables.
pub fn no_variables(_database: &Database) -> Vec<(&'static str, String)> {
    Vec::new()
}

/// Runs our binary on the database of a native project, killed at `fault`.
pub fn run(project: &Project, database: &Database, command: &[&str], fault: &str) -> Output {
    run_on(project, &native(database), &[], command, fault)
}

fn run_on(
    project: &Project,
    target: &[String],
    variables: &[(&'static str, String)],
    command: &[&str],
    fault: &str,
) -> Output {
    let arguments: Vec<&str> = target.iter().map(String::as_str).chain(command.iter().copied()).collect();
    project.dunlin_with(&arguments, |command| {
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        if fault != UNDISTURBED {
            command.env("DUNLIN_FAULT", fault);
        }
    })
}

/// Kills the command at one message after the other, until it survives because it sends no more.
pub fn survives_every_crash(subject: &Subject) {
    let Some((expected, databases)) = begin(subject) else { return };
    for (index, (moment, step)) in MOMENTS.into_iter().enumerate() {
        // With a stride each moment has messages of its own.
        let next = AtomicUsize::new(1 + index * subject.stride / 2 % subject.stride);
        let end = AtomicUsize::new(usize::MAX);
        thread::scope(|scope| {
            for database in &databases {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(step * subject.stride, Ordering::SeqCst);
                        if number >= end.load(Ordering::SeqCst) {
                            return;
                        }
                        let faults = [format!("{moment}:{number}")];
                        if !is_as_undisturbed(subject, database, &faults, &expected) {
                            end.fetch_min(number, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        let messages = end.load(Ordering::SeqCst);
        assert!(messages > 5, "only {messages} messages: the fault points are not compiled in");
    }
}

/// Kills the command, the run that resumes it, and the one that resumes that. Every sixth message is a beginning.
pub fn survives_crashes_in_a_row(subject: &Subject) {
    let Some((expected, databases)) = begin(subject) else { return };
    let next = AtomicUsize::new(0);
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        for database in &databases {
            scope.spawn(|| {
                while ended.load(Ordering::SeqCst) == 0 {
                    let round = next.fetch_add(1, Ordering::SeqCst);
                    let moment = |offset: usize| MOMENTS[(round + offset) % MOMENTS.len()].0;
                    let faults = [
                        format!("{}:{}", moment(0), 4 + 6 * round * subject.stride),
                        format!("{}:{}", moment(1), 4 + round % 5),
                        format!("{}:{}", moment(2), 6 + round % 3),
                    ];
                    if !is_as_undisturbed(subject, database, &faults, &expected) {
                        ended.store(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
}

/// What an undisturbed run leaves, and databases to compare with; `None` if the server is not there.
fn begin(subject: &Subject) -> Option<(String, Vec<Database>)> {
    let databases: Vec<Database> =
        (0..WORKERS).map(|_| Database::create(subject.kind)).collect::<Option<_>>()?;
    let database = &databases[0];
    (subject.prepare)(&subject.project, database);
    subject.run(database, UNDISTURBED).success();
    Some((state(subject, database), databases))
}

/// Runs with one fault after the other and then without; whether the first fault was reached.
fn is_as_undisturbed(subject: &Subject, database: &Database, faults: &[String], expected: &str) -> bool {
    empty(database);
    (subject.prepare)(&subject.project, database);
    let mut killed = Vec::new();
    for fault in faults {
        let output = subject.run(database, fault);
        if output.status == 0 {
            break;
        }
        assert!(output.status == -1, "with {killed:?} and then {fault}\n{output}");
        killed.push(fault);
    }
    let output = subject.run(database, UNDISTURBED);
    assert!(output.status == 0, "after {killed:?}\n{output}");
    let state = state(subject, database);
    assert!(
        state == expected,
        "after {killed:?} {} left something else\n{}\nresumed with\n{output}",
        subject.kind_name(),
        difference(expected, &state)
    );
    !killed.is_empty()
}

impl Subject {
    /// Runs the command on a database, killed at `fault`.
    pub fn run(&self, database: &Database, fault: &str) -> Output {
        let (target, variables) = ((self.target)(database), (self.variables)(database));
        run_on(&self.project, &target, &variables, self.command, fault)
    }

    fn kind_name(&self) -> String {
        format!("{:?} on {:?}", self.command, self.kind)
    }
}

/// Leaves a database as it was created.
pub fn empty(database: &Database) {
    match database.kind() {
        ServerKind::Sqlite => {
            for suffix in ["", "-journal", "-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{suffix}", database.name()));
            }
        }
        ServerKind::Postgres => {
            database.sql(
                "DROP SCHEMA IF EXISTS lending CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
            );
        }
        ServerKind::MariaDb | ServerKind::MySql => {
            let name = database.name();
            database.sql(&format!("DROP DATABASE {name}; CREATE DATABASE {name};"));
        }
    }
}

/// The schema, the rows of all tables but the history, and what of the history is always the same; in one call of the
/// server's client where that is possible, since it is made for every crash.
fn state(subject: &Subject, database: &Database) -> String {
    let tables = database.tables();
    assert!(!tables.contains(&"dunlin_journal".to_owned()), "the journal is left: {tables:?}");
    let mut script = match database.kind() {
        ServerKind::Sqlite => "SELECT type, name, sql FROM sqlite_schema ORDER BY name;\n".to_owned(),
        ServerKind::Postgres => POSTGRES_SCHEMA.to_owned(),
        ServerKind::MariaDb | ServerKind::MySql => MYSQL_SCHEMA.to_owned(),
    };
    for table in tables.iter().filter(|table| !subject.history.contains(table.as_str())) {
        script += &format!("SELECT '{table}', t.* FROM {table} t ORDER BY 2;\n");
    }
    script += subject.history;
    script += ";\n";
    // Rows of equal keys have no order of their own.
    let found = database.sql(&script).replace(&database.name(), "library");
    let mut lines: Vec<String> = found.split('\n').map(str::to_owned).collect();
    lines.sort();
    lines.join("\n")
}

const POSTGRES_SCHEMA: &str = "
SELECT n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema';
SELECT pg_get_indexdef(x.indexrelid), x.indisvalid FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE 'pg\\_%';
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0;
";

const MYSQL_SCHEMA: &str = "
SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra
FROM information_schema.columns WHERE table_schema = database();
SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM information_schema.statistics
WHERE table_schema = database();
SELECT table_name, table_comment, engine FROM information_schema.tables WHERE table_schema = database();
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = database();
SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = database();
SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = database();
";

fn difference(expected: &str, found: &str) -> String {
    let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let (mut missing, mut extra) = (lines(expected), Vec::new());
    for line in lines(found) {
        match missing.iter().position(|other| *other == line) {
            Some(index) => {
                missing.remove(index);
            }
            None => extra.push(line),
        }
    }
    let shown = |lines: Vec<String>, sign: &str| {
        lines.iter().map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    shown(missing, "-") + &shown(extra, "+")
}
