//! Two migrations that claim the same place (`CompositeMigrationResolver.checkForIncompatibilities`).

use std::cmp::Ordering;
use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::flyway::location::compare_utf16;
use crate::flyway::scan::{MigrationKind, ResolvedMigration};

/// Two migrations of one version, or two repeatable migrations of one description, in Flyway's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Found more than one {place}\nOffenders:\n-> {} ({})\n-> {} ({})",
    offenders[0].path.display(), offenders[0].type_name, offenders[1].path.display(), offenders[1].type_name
)]
pub struct Collision {
    /// What both claim.
    pub place: ClaimedPlace,
    /// The two files.
    pub offenders: Box<[Offender; 2]>,
}

/// What two migrations claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedPlace {
    /// A version, as the first file writes it.
    Version(String),
    /// The description of a repeatable migration.
    Repeatable(String),
}

/// One of two migrations that claim one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offender {
    /// The file.
    pub path: PathBuf,
    /// Its type as in the history.
    pub type_name: &'static str,
}

impl Collision {
    /// A migration that is found twice, as one with versions and as one without, because both have one prefix.
    pub fn with_itself(migration: &ResolvedMigration) -> Collision {
        collision(migration, migration)
    }

    /// Flyway's error code.
    pub fn code(&self) -> &'static str {
        match self.place {
            ClaimedPlace::Version(_) => "DUPLICATE_VERSIONED_MIGRATION",
            ClaimedPlace::Repeatable(_) => "DUPLICATE_REPEATABLE_MIGRATION",
        }
    }
}

impl fmt::Display for ClaimedPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimedPlace::Version(version) => write!(formatter, "migration with version {version}"),
            ClaimedPlace::Repeatable(description) => {
                write!(formatter, "repeatable migration with description {description}")
            }
        }
    }
}

/// Sorts migrations as Flyway does, drops those that are the same file found in two locations, and fails when two others
/// claim one place.
///
/// Order: versions ascending, then repeatable migrations by description in the order of UTF-16 code units; of one
/// version first the regular, then the baseline, then the undo migration.
pub fn arrange(mut migrations: Vec<ResolvedMigration>) -> Result<Vec<ResolvedMigration>, Collision> {
    // A stable sort: of identical files that in the first location stays.
    migrations.sort_by(compare_places);
    migrations.dedup_by(|later, earlier| is_same(earlier, later));
    match migrations.windows(2).find_map(|pair| collide(pair.first()?, pair.last()?)) {
        Some(collision) => Err(collision),
        None => Ok(migrations),
    }
}

fn compare_places(left: &ResolvedMigration, right: &ResolvedMigration) -> Ordering {
    match (&left.version, &right.version) {
        (Some(version), Some(other)) => version.cmp(other).then_with(|| lane(left).cmp(&lane(right))),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => compare_utf16(&left.description, &right.description),
    }
}

/// Migrations of one version collide only within a lane. A baseline migration that is a program runs in the lane of the
/// regular ones, since Flyway builds it as such.
fn lane(migration: &ResolvedMigration) -> u8 {
    match migration.kind {
        MigrationKind::Undo => 2,
        MigrationKind::Baseline if !migration.is_program => 1,
        MigrationKind::Versioned | MigrationKind::Repeatable | MigrationKind::Baseline => 0,
    }
}

fn is_same(left: &ResolvedMigration, right: &ResolvedMigration) -> bool {
    left.script == right.script
        && left.version == right.version
        && left.description == right.description
        && left.checksum == right.checksum
        && left.type_name == right.type_name
        && left.is_program == right.is_program
}

fn collide(first: &ResolvedMigration, second: &ResolvedMigration) -> Option<Collision> {
    (compare_places(first, second) == Ordering::Equal).then(|| collision(first, second))
}

fn collision(first: &ResolvedMigration, second: &ResolvedMigration) -> Collision {
    let place = match &first.version {
        Some(version) => ClaimedPlace::Version(version.to_string()),
        None => ClaimedPlace::Repeatable(first.description.clone()),
    };
    let offender = |migration: &ResolvedMigration| Offender {
        path: migration.path.clone(),
        type_name: migration.type_name,
    };
    Collision { place, offenders: Box::new([offender(first), offender(second)]) }
}
