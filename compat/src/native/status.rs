//! Files and history joined.

use std::collections::BTreeMap;
use std::fmt;

use crate::backfill::digest_of_plugins;
use crate::model::{Problem, Standing, StatusEntry};

use super::PluginDigests;
use super::history::{AppliedRow, Kind};
use super::layout::MigrationFile;
use super::parse::Directive;
use super::version::Version;

/// What a migration's state is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Applied, and the file is as it was.
    Applied,
    /// Not applied.
    Pending,
    /// Not applied, while a higher version is. `up` runs it.
    OutOfOrder,
    /// Applied, but there is no file.
    Missing,
    /// Applied, but what `up` would run has changed since.
    Edited,
    /// Applied, but with another plugin than the one of this name now.
    PluginChanged,
    /// The state found at the start.
    Baseline,
    /// A file that the baseline stands for.
    BelowBaseline,
    /// Applied, and a baseline file has taken the place of its own.
    Replaced,
    /// The same of the last of them, whose version the baseline file has.
    ReplacedLast,
    /// A baseline file, while the history began and stops before its version.
    Behind,
}

impl State {
    fn standing(self) -> Standing {
        match self {
            State::Applied | State::Baseline | State::ReplacedLast => Standing::Applied,
            State::Pending | State::OutOfOrder => Standing::Pending,
            State::Missing | State::Edited | State::PluginChanged | State::Behind => Standing::Drifted,
            State::BelowBaseline | State::Replaced => Standing::Skipped,
        }
    }

    /// Whether `up` would run it.
    pub(super) fn is_pending(self) -> bool {
        self.standing() == Standing::Pending
    }

    /// Whether `down` stops there: what is below is not taken back.
    pub(super) fn is_ground(self) -> bool {
        matches!(self, State::Baseline | State::Replaced | State::ReplacedLast)
    }

    /// Whether its up has run here, whatever became of the file.
    pub(super) fn has_run(self) -> bool {
        matches!(self, State::Applied | State::Missing | State::Edited | State::PluginChanged)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            State::Applied => "applied",
            State::Pending => "pending",
            State::OutOfOrder => "pending (out of order)",
            State::Missing => "missing",
            State::Edited => "edited",
            State::PluginChanged => "plugin changed",
            State::Baseline => "baseline",
            State::BelowBaseline => "below baseline",
            State::Replaced | State::ReplacedLast => "replaced",
            State::Behind => "behind",
        })
    }
}

/// A migration of the project, of the history, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined<'a> {
    pub(super) state: State,
    /// The version as the history writes it, else as the file does.
    pub(super) version: &'a Version,
    pub(super) file: Option<&'a MigrationFile>,
    pub(super) row: Option<&'a AppliedRow>,
    /// The digest of its plugins as they are now.
    pub(super) plugin_sha256: Option<String>,
    /// For [`State::Behind`], the migration at which the history stops.
    pub(super) stops_at: Option<String>,
}

impl Joined<'_> {
    /// How messages name it: `20240102_orders`.
    pub(super) fn title(&self) -> String {
        let name = self.file.map(|file| &file.name).or(self.row.map(|row| &row.name));
        match name {
            Some(name) => format!("{}_{name}", self.version),
            None => self.version.to_string(),
        }
    }
}

/// Joins files and rows by the value of their versions, in its order.
pub(super) fn join<'a>(
    files: &'a [MigrationFile],
    rows: &'a [AppliedRow],
    plugins: &PluginDigests,
) -> Vec<Joined<'a>> {
    let highest = |kind: Kind| rows.iter().filter(|row| row.kind == kind).map(|row| &row.version).max();
    let (highest_applied, baseline) = (highest(Kind::Migration), highest(Kind::Baseline));

    // There is nothing below it: see `layout::arrange`.
    let replaced_up_to = files.iter().find(|file| file.is_baseline()).map(|file| &file.version);

    let mut pairs: BTreeMap<&Version, (Option<&MigrationFile>, Option<&AppliedRow>)> = BTreeMap::new();
    for file in files {
        pairs.entry(&file.version).or_default().0 = Some(file);
    }
    for row in rows {
        pairs.entry(&row.version).or_default().1 = Some(row);
    }
    pairs
        .into_iter()
        .map(|(version, (file, row))| {
            let plugin_sha256 = file.and_then(|file| digest(file, plugins));
            let is_baseline_file = file.is_some_and(MigrationFile::is_baseline);
            let state = match (file, row) {
                (_, Some(row)) if row.kind == Kind::Baseline && row.checksum.is_none() => State::Baseline,
                (Some(_), Some(row)) if is_baseline_file && row.kind == Kind::Migration => {
                    State::ReplacedLast
                }
                (None, _) if replaced_up_to.is_some_and(|last| version < last) => State::Replaced,
                (None, _) => State::Missing,
                (Some(file), Some(row)) if row.checksum.as_deref() == Some(&file.checksum()) => {
                    // A row from before plugins were recorded tells nothing of them.
                    let same = row.plugin_sha256.is_none() || row.plugin_sha256 == plugin_sha256;
                    if same { State::Applied } else { State::PluginChanged }
                }
                (Some(_), Some(_)) => State::Edited,
                (Some(_), None) if baseline.is_some_and(|baseline| version < baseline) => {
                    State::BelowBaseline
                }
                (Some(_), None) if is_baseline_file && !rows.is_empty() => State::Behind,
                (Some(_), None) if highest_applied.is_some_and(|highest| version < highest) => {
                    State::OutOfOrder
                }
                (Some(_), None) => State::Pending,
            };
            let before = rows.iter().rfind(|row| row.version < *version).or(rows.last());
            let stops_at =
                before.filter(|_| state == State::Behind).map(|row| format!("{}_{}", row.version, row.name));
            let version = row.map_or(version, |row| &row.version);
            Joined { state, version, file, row, plugin_sha256, stops_at }
        })
        .collect()
}

/// The digest of a migration's plugins; `None` when it has none, or one cannot be read.
fn digest(file: &MigrationFile, plugins: &PluginDigests) -> Option<String> {
    let names = file.plugins();
    let found = names.iter().map(|name| Some((*name, plugins.get(*name)?.as_str())));
    digest_of_plugins(found.collect::<Option<Vec<_>>>()?)
}

/// A line of `status`.
pub(super) fn entry(joined: &Joined<'_>) -> StatusEntry {
    let name = joined.file.map(|file| &file.name).or(joined.row.map(|row| &row.name));
    StatusEntry {
        id: joined.version.to_string(),
        description: name.cloned().unwrap_or_default(),
        kind: kind(joined).to_owned(),
        state: joined.state.to_string(),
        standing: joined.state.standing(),
        applied_at: joined.row.map(|row| row.applied_at.clone()),
        path: joined.file.map(|file| file.path.clone()),
        reversible: !joined.state.is_ground() && joined.file.is_some_and(MigrationFile::is_reversible),
    }
}

fn kind(joined: &Joined<'_>) -> &'static str {
    if joined.state == State::Baseline {
        return "baseline";
    }
    if joined.file.is_some_and(MigrationFile::is_baseline) {
        return "sql baseline";
    }
    let has = |wanted: fn(&Directive) -> bool| {
        joined.file.is_some_and(|file| file.document.blocks.iter().any(|block| wanted(&block.directive)))
    };
    if has(|directive| matches!(directive, Directive::Backfill { .. } | Directive::Batch { .. })) {
        "backfill"
    } else if has(|directive| matches!(directive, Directive::Step { .. })) {
        "step"
    } else {
        "sql"
    }
}

/// What does not fit, if anything, and the way out.
pub(super) fn problem(joined: &Joined<'_>) -> Option<Problem> {
    let title = joined.title();
    let (code, message) = match (joined.state, joined.file) {
        (State::Edited, Some(file)) => (
            "CHECKSUM_MISMATCH",
            format!(
                "{}: {title} was changed after it had been applied. Undo the change and put it into a new \
                 migration, or accept the file as it is with `dunlin repair`.",
                file.path.display()
            ),
        ),
        (State::PluginChanged, Some(file)) => {
            let plugins = file.plugins();
            let which = if plugins.len() == 1 { "the plugin" } else { "one of the plugins" };
            let changed = if joined.plugin_sha256.is_some() { "changed" } else { "removed" };
            (
                "PLUGIN_MISMATCH",
                format!(
                    "{}: {which} {} was {changed} after {title} had been applied with it. Put it back and give the new one \
                     another name, or accept it as it is with `dunlin repair`.",
                    file.path.display(),
                    plugins.join(", ")
                ),
            )
        }
        (State::Behind, Some(file)) => (
            "BEHIND_BASELINE",
            format!(
                "{}: {title} stands for every migration up to {}, and this database stops at {}. First apply what it \
                 replaced, with the files as they were before: `dunlin up --to {}`.",
                file.path.display(),
                file.version,
                joined.stops_at.as_deref().unwrap_or("none of them"),
                file.version
            ),
        ),
        (State::Missing, _) => (
            "MISSING_FILE",
            format!(
                "{title} has been applied, but its file is gone. Bring the file back, or forget the migration \
                 with `dunlin repair`, which leaves what it did to the database."
            ),
        ),
        _ => return None,
    };
    Some(Problem { code: code.to_owned(), message, path: joined.file.map(|file| file.path.clone()) })
}
