//! Mending a history (class `DbRepair`): failed rows go, rows without file are marked as deleted, rows that differ from
//! their file are aligned with it.

use std::collections::BTreeSet;

use crate::flyway::config::IgnorePattern;
use crate::flyway::history::{AppliedMigration, HistoryTable, MigrationType, NewRow, shorten_description};
use crate::flyway::output::{FLYWAY_VERSION, RepairItem, RepairResult};
use crate::flyway::states::{
    CherryPick, Infos, MigrationInfo, MigrationState, Resolved, Rules, StatesError, ignores,
};
use crate::flyway::version::MigrationVersion;

/// What a repair does, to be done in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The statements, in order.
    pub statements: Vec<String>,
    /// What Flyway says meanwhile, without the last lines ([`crate::flyway::output::repaired`]).
    pub messages: Vec<String>,
    /// The failed rows that go.
    pub removed: Vec<RepairItem>,
    /// The rows that are marked as deleted.
    pub deleted: Vec<RepairItem>,
    /// The rows that are aligned.
    pub aligned: Vec<RepairItem>,
}

/// What a repair needs to know.
#[derive(Debug, Clone, Copy)]
pub struct RepairInput<'a> {
    /// The table.
    pub table: &'a HistoryTable,
    /// Whether it exists.
    pub exists: bool,
    /// The files.
    pub files: &'a [Resolved],
    /// The rows.
    pub rows: &'a [AppliedMigration],
    /// `ignoreMigrationPatterns`: missing and future migrations that match are left alone.
    pub ignore: &'a [IgnorePattern],
    /// `cherryPick`: the only failed migrations to remove.
    pub cherry_pick: Option<&'a CherryPick>,
    /// Who writes the markers.
    pub installed_by: &'a str,
}

/// Works out a repair.
pub fn repair(input: &RepairInput<'_>) -> Result<Repair, StatesError> {
    let mut repair = Repair {
        statements: Vec::new(),
        messages: Vec::new(),
        removed: Vec::new(),
        deleted: Vec::new(),
        aligned: Vec::new(),
    };
    let remaining = remove_failed(input, &mut repair);
    let rules = Rules { out_of_order: true, cherry_pick: input.cherry_pick.cloned(), ..Rules::latest() };
    let infos = Infos::new(input.files, &remaining, &rules)?;
    mark_missing(input, &infos, &remaining, &mut repair);
    align(input, &infos, &mut repair);
    Ok(repair)
}

impl Repair {
    /// The result as `-outputType=json` prints it.
    pub fn result(&self, database: Option<String>) -> RepairResult {
        let actions = [
            (!self.removed.is_empty(), "Removed failed migrations"),
            (!self.deleted.is_empty(), "Marked missing migrations as deleted"),
            (!self.aligned.is_empty(), "Aligned applied migration checksums"),
        ];
        RepairResult {
            database,
            flyway_version: FLYWAY_VERSION.to_owned(),
            migrations_aligned: self.aligned.clone(),
            migrations_deleted: self.deleted.clone(),
            migrations_removed: self.removed.clone(),
            operation: "repair".to_owned(),
            repair_actions: actions
                .iter()
                .filter(|(done, _)| *done)
                .map(|(_, text)| (*text).to_owned())
                .collect(),
            warnings: Vec::new(),
        }
    }
}

/// Returns the rows that stay.
fn remove_failed(input: &RepairInput<'_>, repair: &mut Repair) -> Vec<AppliedMigration> {
    let table = input.table.qualified();
    if !input.exists {
        repair.messages.push(format!(
            "Repair of failed migration in Schema History table {table} not necessary as table doesn't exist."
        ));
        return Vec::new();
    }
    let is_meant = |row: &AppliedMigration| {
        let picks = input.cherry_pick;
        !row.success
            && picks.is_none_or(|picks| picks.position(row.version.as_ref(), &row.description).is_some())
    };
    let (failed, remaining): (Vec<_>, Vec<_>) = input.rows.iter().cloned().partition(is_meant);
    if failed.is_empty() {
        repair.messages.push(format!(
            "Repair of failed migration in Schema History table {table} not necessary. No failed migration detected."
        ));
    }
    let mut sent = BTreeSet::new();
    for row in &failed {
        let version = row.version.as_ref().and_then(MigrationVersion::history_text);
        let statement = input.table.delete_failed(version.as_deref(), &row.description);
        // Several failed rows of one version go with one statement.
        if sent.insert(statement.clone()) {
            repair.statements.push(statement);
        }
        repair.removed.push(RepairItem {
            description: row.description.clone(),
            filepath: String::new(),
            version: version.unwrap_or_default(),
        });
    }
    remaining
}

fn mark_missing(input: &RepairInput<'_>, infos: &Infos, rows: &[AppliedMigration], repair: &mut Repair) {
    let mut rank = rows.iter().map(|row| row.rank).max().unwrap_or(0);
    for info in &infos.all {
        let Some(row) = info.applied.as_ref().filter(|row| !row.kind.is_synthetic() && !row.kind.is_undo())
        else {
            continue;
        };
        let is_missing = matches!(
            info.state,
            MigrationState::MissingSuccess
                | MigrationState::MissingFailed
                | MigrationState::FutureSuccess
                | MigrationState::FutureFailed
        );
        let is_versioned = row.version.is_some();
        if !is_missing || input.ignore.iter().any(|pattern| ignores(pattern, is_versioned, info.state)) {
            continue;
        }
        rank += 1;
        let version = row.version.as_ref();
        repair.messages.push(match version {
            None => format!(
                "Repairing Schema History table for description \"{}\" (Marking as DELETED)  ...",
                row.description
            ),
            Some(version) => {
                format!("Repairing Schema History table for version \"{version}\" (Marking as DELETED)  ...")
            }
        });
        repair
            .statements
            .push(input.table.insert(&deletion(row, rank, input.installed_by)).with_elapsed("0"));
        repair.deleted.push(item(info));
    }
}

/// The marker by which a row counts as deleted.
pub(crate) fn deletion(row: &AppliedMigration, rank: i64, installed_by: &str) -> NewRow {
    NewRow {
        rank,
        version: row.version.as_ref().and_then(MigrationVersion::history_text),
        description: row.description.clone(),
        kind: MigrationType::Delete,
        script: row.script.clone(),
        checksum: row.checksum,
        installed_by: installed_by.to_owned(),
        timed: false,
        success: row.success,
    }
}

fn align(input: &RepairInput<'_>, infos: &Infos, repair: &mut Repair) {
    for info in &infos.all {
        let (Some(file), Some(row)) = (&info.resolved, &info.applied) else { continue };
        if row.kind.is_synthetic() || matches!(info.state, MigrationState::Undone | MigrationState::Ignored) {
            continue;
        }
        let description = shorten_description(&file.description);
        let differs = match file.version {
            Some(_) => {
                !file.checksum_matches(row.checksum)
                    || description != row.description
                    || file.kind != row.kind
            }
            None => file.checksum_is_only_equivalent(row.checksum),
        };
        if !differs {
            continue;
        }
        let checksum = file.checksum.or(file.equivalent_checksum);
        repair.messages.push(format!(
            "Repairing Schema History table for version {} (Description: {}, Type: {}, Checksum: {})  ...",
            row.version.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string),
            file.description,
            file.kind,
            checksum.map_or_else(|| "null".to_owned(), |checksum| checksum.to_string())
        ));
        repair.statements.push(input.table.align(row, &description, file.kind, checksum));
        repair.aligned.push(item(info));
    }
}

fn item(info: &MigrationInfo) -> RepairItem {
    RepairItem {
        description: info.description().to_owned(),
        filepath: info.path().to_owned(),
        version: crate::flyway::output::version_text(info),
    }
}
