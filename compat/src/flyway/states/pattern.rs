//! `ignoreMigrationPatterns` (classes `ValidatePattern` and `ValidatePatternUtils`).

use thiserror::Error;

use crate::flyway::states::MigrationState;

/// Which migrations a pattern means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    All,
    Versioned,
    Repeatable,
}

/// A pattern such as `*:future` or `repeatable:missing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IgnorePattern {
    kinds: Kinds,
    /// `None` means every state.
    state: Option<MigrationState>,
}

/// A pattern that Flyway refuses, in its words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPattern {
    /// Not two parts.
    #[error("Invalid pattern '{0}'. Pattern must be of the form <migration_type>:<migration_state>")]
    Form(String),
    /// The first part.
    #[error("Invalid migration type '{0}'. Valid types are: [*, repeatable, versioned]")]
    Type(String),
    /// The second part.
    #[error("Invalid migration state '{0}'. Valid states are: [*, missing, pending, ignored, future]")]
    State(String),
}

impl IgnorePattern {
    /// `*:*`.
    pub const EVERYTHING: IgnorePattern = IgnorePattern {
        kinds: Kinds::All,
        state: None,
    };
    /// `*:pending`.
    pub const PENDING: IgnorePattern = IgnorePattern {
        kinds: Kinds::All,
        state: Some(MigrationState::Pending),
    };

    /// Reads a pattern; case and blanks around the parts do not matter.
    pub fn parse(text: &str) -> Result<IgnorePattern, InvalidPattern> {
        // Java's split drops empty parts at the end.
        let trimmed = text.trim_end_matches(':');
        let (kinds, state) = match trimmed.split_once(':') {
            Some((kinds, state)) if !state.contains(':') => (kinds, state),
            _ => return Err(InvalidPattern::Form(text.to_owned())),
        };
        let parsed_kinds = match kinds.trim().to_lowercase().as_str() {
            "*" => Kinds::All,
            "versioned" => Kinds::Versioned,
            "repeatable" => Kinds::Repeatable,
            _ => return Err(InvalidPattern::Type(kinds.to_owned())),
        };
        let parsed_state = match state.trim().to_lowercase().as_str() {
            "*" => None,
            "missing" => Some(MigrationState::MissingSuccess),
            "pending" => Some(MigrationState::Pending),
            "ignored" => Some(MigrationState::Ignored),
            "future" => Some(MigrationState::FutureSuccess),
            _ => return Err(InvalidPattern::State(state.to_owned())),
        };
        Ok(IgnorePattern {
            kinds: parsed_kinds,
            state: parsed_state,
        })
    }

    /// Whether it means a migration in this state. A pattern for a state does not mean its failed sibling.
    pub fn matches(self, is_versioned: bool, state: MigrationState) -> bool {
        let kind_fits = match self.kinds {
            Kinds::All => true,
            Kinds::Versioned => is_versioned,
            Kinds::Repeatable => !is_versioned,
        };
        kind_fits && self.state.is_none_or(|own| own == state)
    }
}

/// Whether patterns together ignore a state for both versioned and repeatable migrations.
pub fn ignore_all_in_state(patterns: &[IgnorePattern], state: MigrationState) -> bool {
    [true, false]
        .into_iter()
        .all(|versioned| patterns.iter().any(|pattern| pattern.matches(versioned, state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_case_do_not_matter() {
        assert_eq!(IgnorePattern::parse(" * : Pending "), Ok(IgnorePattern::PENDING));
        assert_eq!(IgnorePattern::parse("*:*"), Ok(IgnorePattern::EVERYTHING));
    }

    #[test]
    fn bad_patterns_are_refused_by_their_bad_part() {
        for text in ["", "missing", "*:missing:x", "*:"] {
            assert_eq!(
                IgnorePattern::parse(text),
                Err(InvalidPattern::Form(text.to_owned()))
            );
        }
        assert_eq!(
            IgnorePattern::parse("undo:missing"),
            Err(InvalidPattern::Type("undo".to_owned()))
        );
        assert_eq!(
            IgnorePattern::parse("*:outdated"),
            Err(InvalidPattern::State("outdated".to_owned()))
        );
    }

    #[test]
    fn a_pattern_means_its_kind_and_state_only() {
        let repeatable_missing = IgnorePattern::parse("repeatable:missing").unwrap();
        assert!(repeatable_missing.matches(false, MigrationState::MissingSuccess));
        assert!(!repeatable_missing.matches(true, MigrationState::MissingSuccess));
        assert!(!repeatable_missing.matches(false, MigrationState::MissingFailed));
    }

    #[test]
    fn two_halves_ignore_the_whole() {
        let versioned = IgnorePattern::parse("versioned:future").unwrap();
        let repeatable = IgnorePattern::parse("repeatable:*").unwrap();
        assert!(ignore_all_in_state(
            &[versioned, repeatable],
            MigrationState::FutureSuccess
        ));
        assert!(!ignore_all_in_state(&[versioned], MigrationState::FutureSuccess));
    }
}
