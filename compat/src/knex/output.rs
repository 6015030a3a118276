//! What Knex' command line prints, without colours.

/// How far a command got: the batch, and the names of what it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// The batch's number.
    pub batch: i64,
    /// Names, in the order in which they ran.
    pub names: Vec<String>,
}

/// `migrate:latest`.
pub fn latest(ran: &Ran, verbose: bool) -> String {
    match ran.names.is_empty() {
        true => "Already up to date".to_owned(),
        false => counted(&format!("Batch {} run", ran.batch), &ran.names, verbose),
    }
}

/// `migrate:rollback`.
pub fn rollback(ran: &Ran, verbose: bool) -> String {
    match ran.names.is_empty() {
        true => "Already at the base migration".to_owned(),
        false => counted(&format!("Batch {} rolled back", ran.batch), &ran.names, verbose),
    }
}

/// `migrate:up`, `migrate:to`, `migrate:before`.
pub fn up(ran: &Ran) -> String {
    match ran.names.is_empty() {
        true => "Already up to date".to_owned(),
        false => format!("Batch {} ran the following migrations:\n{}", ran.batch, ran.names.join("\n")),
    }
}

/// `migrate:down`.
pub fn down(ran: &Ran) -> String {
    match ran.names.is_empty() {
        true => "Already at the base migration".to_owned(),
        false => {
            format!("Batch {} rolled back the following migrations:\n{}", ran.batch, ran.names.join("\n"))
        }
    }
}

/// `migrate:list` and `migrate:status`; the last line ends with a line break of its own.
pub fn list(completed: &[String], pending: &[String]) -> String {
    let part = |word: &str, names: &[String]| match names.len() {
        0 => format!("No {word} Migration files Found.\n"),
        count => {
            let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
            format!("Found {count} {word} Migration file/files.\n{lines}")
        }
    };
    part("Completed", completed) + &part("Pending", pending)
}

/// `migrate:currentVersion`.
pub fn current_version(version: &str) -> String {
    format!("Current Version: {version}")
}

/// `migrate:unlock`, misspelt as Knex has it.
pub const UNLOCKED: &str = "Succesfully unlocked the migrations lock table";

/// `migrate:make`.
pub fn created(path: &str) -> String {
    format!("Created Migration: {path}")
}

/// What is warned of when the lock is taken: a line each.
pub fn cannot_lock(message: &str) -> [String; 2] {
    [
        format!("Can't take lock to run migrations: {message}"),
        "If you are sure migrations are not running you can release the lock manually by running 'knex migrate:unlock'"
            .to_owned(),
    ]
}

/// What is warned of when a migration fails: a line each.
pub fn failed(name: Option<&str>, message: &str) -> Vec<String> {
    let file = name.map(|name| format!("migration file \"{name}\" failed"));
    file.into_iter().chain([format!("migration failed with error: {message}")]).collect()
}

fn counted(head: &str, names: &[String], verbose: bool) -> String {
    let line = format!("{head}: {} migrations", names.len());
    if verbose { format!("{line}\n{}", names.join("\n")) } else { line }
}
