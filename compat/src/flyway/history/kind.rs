//! What kinds of rows a history has (classes `CoreMigrationType` and `BaselineMigrationType`).

use std::fmt;

use thiserror::Error;

/// The type of a migration, as the history records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationType {
    /// Marks that Flyway created the schemas.
    Schema,
    /// Marks where a history begins on a database that had its schema already.
    Baseline,
    /// Marks a migration that `repair` found missing, or that we took back.
    Delete,
    /// An SQL file.
    Sql,
    /// A Java class.
    Jdbc,
    /// A program.
    Script,
    /// A program that takes a migration back. Flyway reads it, but its open edition draws no conclusion from it.
    UndoScript,
    /// A migration that Flyway's extensions resolved.
    Custom,
    /// A baseline migration in SQL.
    SqlBaseline,
    /// A baseline migration in Java.
    JdbcBaseline,
    /// An SQL file that took a migration back; only Flyway's commercial editions read it.
    UndoSql,
    /// A Java class that took a migration back; only Flyway's commercial editions read it.
    UndoJdbc,
}

/// A type that neither Flyway nor its commercial editions' undo would have written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Unknown migration type '{0}' found in schema history.\nYou might be missing a required extension JAR on the \
     classpath."
)]
pub struct UnknownType(pub String);

impl MigrationType {
    const ALL: [MigrationType; 12] = [
        MigrationType::Schema,
        MigrationType::Baseline,
        MigrationType::Delete,
        MigrationType::Sql,
        MigrationType::Jdbc,
        MigrationType::Script,
        MigrationType::UndoScript,
        MigrationType::Custom,
        MigrationType::SqlBaseline,
        MigrationType::JdbcBaseline,
        MigrationType::UndoSql,
        MigrationType::UndoJdbc,
    ];

    /// Reads the `type` column. The legacy `SPRING_JDBC` is read as `JDBC`.
    pub fn parse(name: &str) -> Result<MigrationType, UnknownType> {
        if name == "SPRING_JDBC" {
            return Ok(MigrationType::Jdbc);
        }
        let known = MigrationType::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownType(name.to_owned()))
    }

    /// What the `type` column holds.
    pub fn name(self) -> &'static str {
        match self {
            MigrationType::Schema => "SCHEMA",
            MigrationType::Baseline => "BASELINE",
            MigrationType::Delete => "DELETE",
            MigrationType::Sql => "SQL",
            MigrationType::Jdbc => "JDBC",
            MigrationType::Script => "SCRIPT",
            MigrationType::UndoScript => "UNDO_SCRIPT",
            MigrationType::Custom => "CUSTOM",
            MigrationType::SqlBaseline => "SQL_BASELINE",
            MigrationType::JdbcBaseline => "JDBC_BASELINE",
            MigrationType::UndoSql => "UNDO_SQL",
            MigrationType::UndoJdbc => "UNDO_JDBC",
        }
    }

    /// Whether such rows stand for no migration.
    pub fn is_synthetic(self) -> bool {
        matches!(self, MigrationType::Schema | MigrationType::Baseline | MigrationType::Delete)
    }

    /// Whether such migrations take others back.
    pub fn is_undo(self) -> bool {
        matches!(self, MigrationType::UndoScript | MigrationType::UndoSql | MigrationType::UndoJdbc)
    }

    /// Whether a row of this type makes the row of its version undone. `UNDO_SCRIPT` does not in the open edition.
    pub fn marks_undone(self) -> bool {
        matches!(self, MigrationType::UndoSql | MigrationType::UndoJdbc)
    }

    /// Whether a history may begin with such a row: the BASELINE marker and baseline migrations.
    pub fn is_baseline(self) -> bool {
        matches!(self, MigrationType::Baseline | MigrationType::SqlBaseline | MigrationType::JdbcBaseline)
    }

    /// Whether it is a baseline migration, which has a file, unlike the BASELINE marker.
    pub fn is_baseline_migration(self) -> bool {
        matches!(self, MigrationType::SqlBaseline | MigrationType::JdbcBaseline)
    }
}

impl fmt::Display for MigrationType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_only_in_upper_case() {
        for kind in MigrationType::ALL {
            assert_eq!(MigrationType::parse(kind.name()), Ok(kind));
            assert!(MigrationType::parse(&kind.name().to_lowercase()).is_err());
        }
        assert_eq!(MigrationType::parse("SPRING_JDBC"), Ok(MigrationType::Jdbc));
        for unknown in ["", "SCRIPT_BASELINE", "SQL_STATE_SCRIPT"] {
            assert_eq!(MigrationType::parse(unknown), Err(UnknownType(unknown.to_owned())));
        }
    }
}
