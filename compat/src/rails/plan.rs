//! What each command of Rails chooses to run.
//!
//! After `ActiveRecord::MigrationContext` and `ActiveRecord::Migrator`.

use std::collections::BTreeSet;

use super::files::{MigrationFile, duplicate};
use super::release::Release;
use crate::model::{AdapterError, Direction};

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `db:migrate`: up or down to a version, or up with all there is.
    Migrate {
        /// `VERSION`
        target: Option<u128>,
        /// Which files take part.
        filter: Filter,
    },
    /// `db:migrate:up`
    Up(u128),
    /// `db:migrate:down`
    Down(u128),
    /// `db:rollback` with its `STEP`.
    Rollback(i64),
    /// `db:forward` with its `STEP`.
    Forward(i64),
}

/// Which files take part in `db:migrate`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    None,
    /// Those of an engine: `SCOPE`.
    Scope(String),
    /// One: the turn of a version among several databases.
    Version(u128),
}

impl Filter {
    fn takes(&self, file: &MigrationFile) -> bool {
        match self {
            Filter::None => true,
            Filter::Scope(scope) => file.scope == *scope,
            Filter::Version(version) => file.version == *version,
        }
    }
}

/// What a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Up or down.
    pub direction: Direction,
    /// The files, in the order in which they run.
    pub files: Vec<&'a MigrationFile>,
    /// Whether anything is written at all: down to nothing where nothing is leaves everything alone.
    pub touches: bool,
}

/// Chooses what a command runs, of files in their order and the versions that are recorded.
///
/// # Errors
/// In Rails' words: a version is not known, or two files are the same.
pub fn choose<'a>(
    files: &'a [MigrationFile],
    applied: &[u128],
    command: &Command,
) -> Result<Chosen<'a>, AdapterError> {
    let applied: BTreeSet<u128> = applied.iter().copied().collect();
    let current = applied.last().copied().unwrap_or(0);
    let all: Vec<&MigrationFile> = files.iter().collect();
    match command {
        Command::Migrate { target, filter } => {
            let selected: Vec<&MigrationFile> = all.into_iter().filter(|file| filter.takes(file)).collect();
            match target {
                Some(0) if current == 0 => {
                    Ok(Chosen { direction: Direction::Down, files: Vec::new(), touches: false })
                }
                Some(target) if current > *target => go(Direction::Down, selected, &applied, Some(*target)),
                target => go(Direction::Up, selected, &applied, *target),
            }
        }
        Command::Up(version) => one(Direction::Up, all, &applied, *version),
        Command::Down(version) => one(Direction::Down, all, &applied, *version),
        Command::Rollback(steps) => step(Direction::Down, all, &applied, *steps),
        Command::Forward(steps) => step(Direction::Up, all, &applied, *steps),
    }
}

/// What lies between the history and a version, in one direction whatever is applied; all there is without a version.
///
/// # Errors
/// The version is not known, or two files are the same.
pub fn towards<'a>(
    direction: Direction,
    files: &'a [MigrationFile],
    applied: &[u128],
    target: Option<u128>,
) -> Result<Chosen<'a>, AdapterError> {
    go(direction, files.iter().collect(), &applied.iter().copied().collect(), target)
}

fn ordered<'a>(direction: Direction, files: &[&'a MigrationFile]) -> Vec<&'a MigrationFile> {
    match direction {
        Direction::Up => files.to_vec(),
        Direction::Down => files.iter().rev().copied().collect(),
    }
}

/// `Migrator#migrate`
fn go<'a>(
    direction: Direction,
    selected: Vec<&'a MigrationFile>,
    applied: &BTreeSet<u128>,
    target: Option<u128>,
) -> Result<Chosen<'a>, AdapterError> {
    duplicate(&selected)?;
    let files = ordered(direction, &selected);
    let place = |version: u128| files.iter().position(|file| file.version == version);
    let target_place = target.and_then(place);
    if let (Some(version), None) = (target.filter(|version| *version != 0), target_place) {
        return Err(unknown_version(version));
    }
    let start = match direction {
        Direction::Up => 0,
        Direction::Down => place(applied.last().copied().unwrap_or(0)).unwrap_or(0),
    };
    let end = target_place.map_or(files.len(), |place| place + 1);
    let mut range: Vec<&MigrationFile> = files.get(start..end).unwrap_or_default().to_vec();
    if direction == Direction::Down && target_place.is_some() {
        range.pop();
    }
    range.retain(|file| applied.contains(&file.version) == (direction == Direction::Down));
    Ok(Chosen { direction, files: range, touches: true })
}

/// `Migrator#run`
fn one<'a>(
    direction: Direction,
    files: Vec<&'a MigrationFile>,
    applied: &BTreeSet<u128>,
    version: u128,
) -> Result<Chosen<'a>, AdapterError> {
    duplicate(&files)?;
    let mut chosen: Vec<&MigrationFile> = files.into_iter().filter(|file| file.version == version).collect();
    if chosen.is_empty() {
        return Err(unknown_version(version));
    }
    chosen.retain(|file| applied.contains(&file.version) == (direction == Direction::Down));
    Ok(Chosen { direction, files: chosen, touches: true })
}

/// `MigrationContext#move`: steps in the list of files from that of the greatest row, whatever of them is applied.
fn step<'a>(
    direction: Direction,
    files: Vec<&'a MigrationFile>,
    applied: &BTreeSet<u128>,
    steps: i64,
) -> Result<Chosen<'a>, AdapterError> {
    duplicate(&files)?;
    let current = applied.last().copied().unwrap_or(0);
    let list = ordered(direction, &files);
    let start = match list.iter().position(|file| file.version == current) {
        Some(place) => place,
        None if current == 0 => 0,
        None => return Err(unknown_version(current)),
    };
    let place = i64::try_from(start).unwrap_or(i64::MAX).saturating_add(steps);
    // A negative place counts from the end, as in a Ruby list.
    let place = if place < 0 { place.saturating_add(i64::try_from(list.len()).unwrap_or(0)) } else { place };
    let target = usize::try_from(place).ok().and_then(|place| list.get(place)).map_or(0, |file| file.version);
    go(direction, files, applied, Some(target))
}

/// The versions that are pending, in the order of the files.
pub fn pending<'a>(files: &'a [MigrationFile], applied: &[u128]) -> Vec<&'a MigrationFile> {
    files.iter().filter(|file| !applied.contains(&file.version)).collect()
}

/// A line of `db:migrate:status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<'a> {
    /// Whether it is recorded.
    pub is_up: bool,
    /// The version.
    pub version: u128,
    /// Its name for people.
    pub words: String,
    /// The file, if there is one.
    pub file: Option<&'a MigrationFile>,
}

/// `migrations_status`: files and rows joined.
pub fn status<'a>(files: &'a [MigrationFile], applied: &[u128], release: Release) -> Vec<Status<'a>> {
    let mut lines: Vec<Status<'_>> = applied
        .iter()
        .filter(|version| files.iter().all(|file| file.version != **version))
        .map(|version| Status { is_up: true, version: *version, words: NO_FILE.to_owned(), file: None })
        .collect();
    lines.extend(files.iter().map(|file| Status {
        is_up: applied.contains(&file.version),
        version: file.version,
        words: file.words.clone(),
        file: Some(file),
    }));
    if release.status_by_number() {
        lines.sort_by_key(|line| line.version);
    } else {
        lines.sort_by_key(|line| format!("{:03}", line.version));
    }
    lines
}

const NO_FILE: &str = "********** NO FILE **********";

/// The turns of `db:migrate` with several databases: each version, and the databases (by their numbers) it is pending in.
pub fn turns(pending: &[Vec<u128>], target: Option<u128>) -> Vec<(u128, Vec<usize>)> {
    let versions: BTreeSet<u128> = pending
        .iter()
        .flatten()
        .copied()
        .filter(|version| target.is_none_or(|target| target == *version))
        .collect();
    let databases = |version: u128| {
        let of = pending.iter().enumerate().filter(move |(_, versions)| versions.contains(&version));
        of.map(|(number, _)| number).collect()
    };
    versions.into_iter().map(|version| (version, databases(version))).collect()
}

fn unknown_version(version: u128) -> AdapterError {
    AdapterError::refused(
        "ActiveRecord::UnknownMigrationVersionError",
        format!("No migration with version number {version}."),
    )
}

#[cfg(test)]
mod tests;
