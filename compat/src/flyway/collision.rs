//! Two migrations that claim the same place (`CompositeMigrationResolver.checkForIncompatibilities`).

use std::cmp::Ordering;
use std::path::PathBuf;

use thiserror::Error;

use crate::flyway::location::compare_utf16;
use crate::flyway::scan::{MigrationKind, ResolvedMigration};
use crate::flyway::version::MigrationVersion;

/// Two migrations of one version, or two repeatable migrations of one description, in Flyway's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Collision {
    /// Of one version.
    #[error(
        "Found more than one migration with version {version}\nOffenders:\n-> {} ({first_type})\n-> {} ({second_type})",
        first.display(), second.display()
    )]
    Version {
        /// The version, as the first file writes it.
        version: MigrationVersion,
        /// The first file.
        first: PathBuf,
        /// Its type.
        first_type: &'static str,
        /// The second file.
        second: PathBuf,
        /// Its type.
        second_type: &'static str,
    },
    /// Of one description.
    #[error(
        "Found more than one repeatable migration with description {description}\nOffenders:\n-> {} ({first_type})\n\
         -> {} ({second_type})",
        first.display(), second.display()
    )]
    Repeatable {
        /// The description.
        description: String,
        /// The first file.
        first: PathBuf,
        /// Its type.
        first_type: &'static str,
        /// The second file.
        second: PathBuf,
        /// Its type.
        second_type: &'static str,
    },
}

impl Collision {
    /// Flyway's error code.
    pub fn code(&self) -> &'static str {
        match self {
            Collision::Version { .. } => "DUPLICATE_VERSIONED_MIGRATION",
            Collision::Repeatable { .. } => "DUPLICATE_REPEATABLE_MIGRATION",
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
    migrations.sort_by(|left, right| {
        compare_places(left, right).then_with(|| compare_utf16(&left.script, &right.script))
    });
    migrations.dedup_by(|later, earlier| is_same(earlier, later));
    match migrations
        .windows(2)
        .find_map(|pair| collide(pair.first()?, pair.last()?))
    {
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
    if compare_places(first, second) != Ordering::Equal {
        return None;
    }
    Some(match &first.version {
        Some(version) => Collision::Version {
            version: version.clone(),
            first: first.path.clone(),
            first_type: first.type_name,
            second: second.path.clone(),
            second_type: second.type_name,
        },
        None => Collision::Repeatable {
            description: first.description.clone(),
            first: first.path.clone(),
            first_type: first.type_name,
            second: second.path.clone(),
            second_type: second.type_name,
        },
    })
}
