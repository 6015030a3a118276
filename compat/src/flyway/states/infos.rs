//! All migrations of a project and its history with their states, in Flyway's order (class `MigrationInfoServiceImpl`).

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use thiserror::Error;

use crate::flyway::history::{AppliedMigration, MigrationType};
use crate::flyway::states::context::{Context, Marks};
use crate::flyway::states::{MigrationState, Resolved, Rules};
use crate::flyway::version::MigrationVersion;

/// A file, a row, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationInfo {
    /// The file.
    pub resolved: Option<Resolved>,
    /// The row.
    pub applied: Option<AppliedMigration>,
    /// What they come to.
    pub state: MigrationState,
    marks: Marks,
}

/// A history or a target that has no states.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatesError {
    /// A version was marked as deleted twice.
    #[error("Corrupted schema history: multiple delete entries for version {0}")]
    DeletedTwice(String),
    /// No file and no row has the target.
    #[error(
        "No migration with a target version {0} could be found. Ensure target is specified correctly and the migration \
         exists."
    )]
    NoTarget(String),
}

impl StatesError {
    /// Flyway's code.
    pub fn code(&self) -> &'static str {
        match self {
            StatesError::DeletedTwice(_) => "DUPLICATE_DELETED_MIGRATION",
            StatesError::NoTarget(_) => "ERROR",
        }
    }
}

impl MigrationInfo {
    /// The version, of the row first.
    pub fn version(&self) -> Option<&MigrationVersion> {
        match &self.applied {
            Some(row) => row.version.as_ref(),
            None => self.resolved.as_ref().and_then(|file| file.version.as_ref()),
        }
    }

    /// The description, of the row first.
    pub fn description(&self) -> &str {
        match (&self.applied, &self.resolved) {
            (Some(row), _) => &row.description,
            (None, Some(file)) => &file.description,
            (None, None) => "",
        }
    }

    /// The type, of the row first.
    pub fn kind(&self) -> MigrationType {
        match (&self.applied, &self.resolved) {
            (Some(row), _) => row.kind,
            (None, Some(file)) => file.kind,
            (None, None) => MigrationType::Custom,
        }
    }

    /// The script, of the row first.
    pub fn script(&self) -> &str {
        match (&self.applied, &self.resolved) {
            (Some(row), _) => &row.script,
            (None, Some(file)) => &file.script,
            (None, None) => "",
        }
    }

    /// The file's absolute path, empty without one.
    pub fn path(&self) -> &str {
        self.resolved.as_ref().map_or("", |file| &file.path)
    }
}

/// All migrations with their states, in the order in which `info` lists them.
#[derive(Debug, Clone)]
pub struct Infos {
    /// The lines.
    pub all: Vec<MigrationInfo>,
    /// What the history begins with, if it was baselined.
    pub applied_baseline: Option<MigrationVersion>,
    rules: Rules,
}

type Marked<'a> = (&'a AppliedMigration, Marks);

impl Infos {
    /// Joins files and rows; `rows` in the order of their ranks.
    pub fn new(files: &[Resolved], rows: &[AppliedMigration], rules: &Rules) -> Result<Infos, StatesError> {
        let versioned_files = versioned_files(files);
        let repeatable_files: BTreeMap<&str, &Resolved> = files
            .iter()
            .filter(|file| file.version.is_none())
            .map(|file| (file.description.as_str(), file))
            .collect();
        let mut versioned_rows = versioned_rows(rows)?;
        let repeatable_rows = repeatable_rows(rows);
        let mut context = Context {
            target: Some(rules.target.clone()),
            out_of_order: rules.out_of_order,
            cherry_pick: rules.cherry_pick.clone(),
            pending_baseline: None,
            applied_baseline: highest(
                rows.iter().filter(|row| row.kind.is_baseline()).filter_map(version_of),
            ),
            last_resolved: highest(files.iter().filter_map(|file| file.version.as_ref()))
                .unwrap_or(MigrationVersion::EMPTY),
            last_applied: MigrationVersion::EMPTY,
            latest_runs: latest_runs(&repeatable_rows),
        };
        context.last_applied = mark_out_of_order(&mut versioned_rows);
        if rules.target == MigrationVersion::CURRENT {
            context.target = Some(context.last_applied.clone());
        }

        let pending_versioned = pending_versioned(&versioned_files, &versioned_rows);
        context.pending_baseline = highest(
            pending_versioned
                .iter()
                .filter(|file| file.kind.is_baseline())
                .filter_map(|file| file.version.as_ref()),
        );
        let pending_repeatable = pending_repeatable(&repeatable_files, &repeatable_rows, &context);

        let mut all = Vec::with_capacity(files.len() + rows.len());
        for (row, marks) in &versioned_rows {
            let file = row.version.as_ref().and_then(|version| versioned_files.get(&(version, row.kind)));
            all.push(info(&context, file.copied(), Some(row), *marks));
        }
        all.extend(pending_versioned.iter().map(|file| info(&context, Some(file), None, Marks::default())));
        check_target(rules, &all)?;
        for (row, marks) in &repeatable_rows {
            let file = repeatable_files.get(row.description.as_str());
            all.push(info(&context, file.copied(), Some(row), *marks));
        }
        all.extend(pending_repeatable.iter().map(|file| info(&context, Some(file), None, Marks::default())));
        sort(&mut all, &context);

        if rules.target == MigrationVersion::NEXT {
            limit_to_next(&mut all, &mut context);
        }
        Ok(Infos { all, applied_baseline: context.applied_baseline, rules: rules.clone() })
    }

    /// The rules that the states follow.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The line that is the schema's version: the highest version applied and not taken back, failed ones included;
    /// without any the latest repeatable migration.
    pub fn current(&self) -> Option<&MigrationInfo> {
        let counts = |info: &&MigrationInfo| {
            info.state.is_applied()
                && !matches!(info.state, MigrationState::Deleted | MigrationState::Undone)
                && info.kind() != MigrationType::Delete
        };
        let mut current: Option<&MigrationInfo> = None;
        for info in self.all.iter().filter(counts).filter(|info| info.version().is_some()) {
            if current.is_none_or(|current| info.version() > current.version()) {
                current = Some(info);
            }
        }
        current.or_else(|| self.all.iter().rev().filter(counts).find(|info| info.version().is_none()))
    }

    /// The schema's version: *empty* when no versioned migration counts.
    pub fn current_version(&self) -> MigrationVersion {
        self.current().and_then(MigrationInfo::version).cloned().unwrap_or(MigrationVersion::EMPTY)
    }

    /// What `migrate` would apply, in its order.
    pub fn pending(&self) -> impl Iterator<Item = &MigrationInfo> {
        self.all.iter().filter(|info| info.state == MigrationState::Pending)
    }

    /// The lines whose rows say that they failed.
    pub fn failed(&self) -> impl Iterator<Item = &MigrationInfo> {
        self.all.iter().filter(|info| info.state.is_failed())
    }

    /// The versioned lines that are later than all files.
    pub fn future(&self) -> impl Iterator<Item = &MigrationInfo> {
        self.all.iter().filter(|info| {
            matches!(info.state, MigrationState::FutureSuccess | MigrationState::FutureFailed)
                && info.version().is_some()
        })
    }

    /// The lines that have a file.
    pub fn resolved(&self) -> impl DoubleEndedIterator<Item = &MigrationInfo> {
        self.all.iter().filter(|info| info.state.is_resolved())
    }
}

fn version_of(row: &AppliedMigration) -> Option<&MigrationVersion> {
    row.version.as_ref()
}

/// The highest version, and of equal ones the first as it is written.
fn highest<'a>(versions: impl Iterator<Item = &'a MigrationVersion>) -> Option<MigrationVersion> {
    let mut highest: Option<&MigrationVersion> = None;
    for version in versions {
        if highest.is_none_or(|highest| version > highest) {
            highest = Some(version);
        }
    }
    highest.cloned()
}

type VersionedFiles<'a> = BTreeMap<(&'a MigrationVersion, MigrationType), &'a Resolved>;

fn versioned_files(files: &[Resolved]) -> VersionedFiles<'_> {
    files.iter().filter_map(|file| Some(((file.version.as_ref()?, file.kind), file))).collect()
}

/// The versioned rows in the order of their ranks, without markers of deletion, whose victims are marked instead.
fn versioned_rows(rows: &[AppliedMigration]) -> Result<Vec<Marked<'_>>, StatesError> {
    let mut versioned: Vec<Marked<'_>> = Vec::with_capacity(rows.len());
    // Where the newest row of each version stands, to find a marker's victim without going through all.
    let mut newest: HashMap<&MigrationVersion, usize> = HashMap::new();
    for row in rows {
        let Some(version) = &row.version else { continue };
        if row.success && (row.kind == MigrationType::Delete || row.kind.marks_undone()) {
            if let Some((_, marks)) = newest.get(version).and_then(|index| versioned.get_mut(*index)) {
                if row.kind.marks_undone() {
                    marks.undone = true;
                } else if marks.deleted {
                    return Err(StatesError::DeletedTwice(version.to_string()));
                } else {
                    marks.deleted = true;
                }
            }
            if row.kind == MigrationType::Delete {
                continue;
            }
        } else if !row.kind.is_synthetic() {
            newest.insert(version, versioned.len());
        }
        versioned.push((row, Marks::default()));
    }
    Ok(versioned)
}

/// The rows without version, markers of deletion included, their victims marked.
fn repeatable_rows(rows: &[AppliedMigration]) -> Vec<Marked<'_>> {
    let mut repeatable: Vec<Marked<'_>> = Vec::new();
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for row in rows.iter().filter(|row| row.version.is_none()) {
        let description = row.description.as_str();
        if row.kind == MigrationType::Delete && row.success {
            if let Some((_, marks)) = newest.get(description).and_then(|index| repeatable.get_mut(*index)) {
                marks.deleted = true;
            }
        } else if !row.kind.is_synthetic() {
            newest.insert(description, repeatable.len());
        }
        repeatable.push((row, Marks::default()));
    }
    repeatable
}

fn latest_runs(rows: &[Marked<'_>]) -> HashMap<String, i64> {
    let mut latest = HashMap::new();
    for (row, _) in rows {
        let rank = latest.entry(row.description.clone()).or_insert(row.rank);
        *rank = row.rank.max(*rank);
    }
    latest
}

/// Marks the rows that came after a later version, and returns the highest version that still counts.
fn mark_out_of_order(rows: &mut [Marked<'_>]) -> MigrationVersion {
    let mut last_applied = MigrationVersion::EMPTY;
    for (row, marks) in rows {
        let Some(version) = &row.version else { continue };
        if *version <= last_applied {
            marks.out_of_order = true;
        } else if row.kind != MigrationType::Delete
            && !row.kind.marks_undone()
            && !marks.deleted
            && !marks.undone
        {
            last_applied = version.clone();
        }
    }
    last_applied
}

fn pending_versioned<'a>(files: &VersionedFiles<'a>, rows: &[Marked<'_>]) -> Vec<&'a Resolved> {
    let live: HashSet<(&MigrationVersion, MigrationType)> = rows
        .iter()
        .filter(|(row, marks)| !marks.deleted && !marks.undone && row.kind != MigrationType::Delete)
        // A recorded undo leaves its file as available as it was.
        .filter(|(row, _)| !row.kind.marks_undone())
        .filter_map(|(row, _)| Some((row.version.as_ref()?, row.kind)))
        .collect();
    files.iter().filter(|(key, _)| !live.contains(*key)).map(|(_, file)| *file).collect()
}

fn pending_repeatable<'a>(
    files: &BTreeMap<&str, &'a Resolved>,
    rows: &[Marked<'_>],
    context: &Context,
) -> Vec<&'a Resolved> {
    let live: HashSet<&str> = rows
        .iter()
        .filter(|(row, marks)| !marks.deleted && row.kind != MigrationType::Delete)
        .filter(|(row, _)| context.latest_runs.get(&row.description) == Some(&row.rank))
        .filter(|(row, _)| {
            files.get(row.description.as_str()).is_some_and(|file| file.checksum_matches(row.checksum))
        })
        .map(|(row, _)| row.description.as_str())
        .collect();
    files.iter().filter(|(description, _)| !live.contains(*description)).map(|(_, file)| *file).collect()
}

fn info(
    context: &Context,
    file: Option<&Resolved>,
    row: Option<&AppliedMigration>,
    marks: Marks,
) -> MigrationInfo {
    let state = match (row, file) {
        (Some(row), file) => context.applied_state(row, file, marks),
        (None, Some(file)) => context.resolved_state(file),
        (None, None) => MigrationState::Ignored,
    };
    MigrationInfo { resolved: file.cloned(), applied: row.cloned(), state, marks }
}

fn check_target(rules: &Rules, versioned: &[MigrationInfo]) -> Result<(), StatesError> {
    if !rules.fail_on_missing_target || rules.target.is_marker() {
        return Ok(());
    }
    if versioned.iter().any(|info| info.version() == Some(&rules.target)) {
        return Ok(());
    }
    Err(StatesError::NoTarget(rules.target.to_string()))
}

/// Flyway compares pairs: rows by rank, below-baseline files before rows, other files after rows, files among
/// themselves by version. With keys instead of pairs the order is total even where Flyway's is not.
fn sort(all: &mut [MigrationInfo], context: &Context) {
    let has_rows = all.iter().any(|info| info.applied.is_some());
    let class = |info: &MigrationInfo| match (&info.applied, info.state) {
        _ if !has_rows => 0,
        (Some(_), _) => 1,
        (None, MigrationState::BelowBaseline | MigrationState::BaselineIgnored) => 0,
        (None, _) => 2,
    };
    let picked = |info: &MigrationInfo| {
        let position = context.cherry_pick.as_ref()?.position(info.version(), info.description());
        position.filter(|_| info.applied.is_none())
    };
    all.sort_by(|left, right| {
        class(left).cmp(&class(right)).then_with(|| match (&left.applied, &right.applied) {
            (Some(left), Some(right)) => left.rank.cmp(&right.rank),
            _ => match (picked(left), picked(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => compare_files(left, right),
            },
        })
    });
}

/// By version, a regular migration before a baseline before an undo; repeatable ones after, by description.
fn compare_files(left: &MigrationInfo, right: &MigrationInfo) -> Ordering {
    let rank = |info: &MigrationInfo| match info.kind() {
        kind if kind.is_undo() => 2,
        kind if kind.is_baseline() => 1,
        _ => 0,
    };
    match (left.version(), right.version()) {
        (Some(left_version), Some(right_version)) => {
            left_version.cmp(right_version).then_with(|| rank(left).cmp(&rank(right)))
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.description().encode_utf16().cmp(right.description().encode_utf16()),
    }
}

/// The target `next` stands for the first pending migration; if that is a repeatable one, there is no limit.
fn limit_to_next(all: &mut [MigrationInfo], context: &mut Context) {
    let next = all.iter().find(|info| info.state == MigrationState::Pending);
    context.target = next.and_then(MigrationInfo::version).cloned();
    for info in all.iter_mut().filter(|info| info.applied.is_none()) {
        if let Some(file) = &info.resolved {
            info.state = context.resolved_state(file);
        }
    }
}
