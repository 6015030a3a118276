//! What `ignoreMigrationPatterns` ignores (classes `ValidatePattern` and `ValidatePatternUtils`).

use crate::flyway::config::{IgnorePattern, PatternState, PatternType};
use crate::flyway::states::MigrationState;

/// `*:*`.
pub const IGNORE_EVERYTHING: IgnorePattern =
    IgnorePattern { migrations: PatternType::Any, state: PatternState::Any };
/// `*:pending`.
pub const IGNORE_PENDING: IgnorePattern =
    IgnorePattern { migrations: PatternType::Any, state: PatternState::Pending };

/// Whether a pattern means a migration in this state. A pattern for a state does not mean its failed sibling.
pub fn ignores(pattern: &IgnorePattern, is_versioned: bool, state: MigrationState) -> bool {
    let kind_fits = match pattern.migrations {
        PatternType::Any => true,
        PatternType::Versioned => is_versioned,
        PatternType::Repeatable => !is_versioned,
    };
    let state_fits = match pattern.state {
        PatternState::Any => true,
        PatternState::Missing => state == MigrationState::MissingSuccess,
        PatternState::Pending => state == MigrationState::Pending,
        PatternState::Ignored => state == MigrationState::Ignored,
        PatternState::Future => state == MigrationState::FutureSuccess,
    };
    kind_fits && state_fits
}

/// Whether patterns together ignore a state for both versioned and repeatable migrations.
pub fn ignore_all_in_state(patterns: &[IgnorePattern], state: MigrationState) -> bool {
    [true, false]
        .into_iter()
        .all(|versioned| patterns.iter().any(|pattern| ignores(pattern, versioned, state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> IgnorePattern {
        IgnorePattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_means_its_kind_and_state_only() {
        let repeatable_missing = pattern("repeatable:missing");
        assert!(ignores(&repeatable_missing, false, MigrationState::MissingSuccess));
        assert!(!ignores(&repeatable_missing, true, MigrationState::MissingSuccess));
        assert!(!ignores(&repeatable_missing, false, MigrationState::MissingFailed));
        assert!(ignores(&IGNORE_EVERYTHING, true, MigrationState::Failed));
    }

    #[test]
    fn two_halves_ignore_the_whole() {
        let halves = [pattern("versioned:future"), pattern("repeatable:*")];
        assert!(ignore_all_in_state(&halves, MigrationState::FutureSuccess));
        assert!(!ignore_all_in_state(&halves[..1], MigrationState::FutureSuccess));
    }
}
