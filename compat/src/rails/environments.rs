//! Protected environments: what a database remembers of who migrated it, and what that forbids.

use crate::model::AdapterError;

/// What a database remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Whether `ar_internal_metadata` is used at all.
    pub uses_metadata: bool,
    /// Whether a version is recorded.
    pub has_versions: bool,
    /// The row `environment`; none where it or its table is missing.
    pub environment: Option<String>,
}

/// `check_protected_environments!`: whether a command that destroys may run.
///
/// # Errors
/// In Rails' words: the environment is protected, another, or not known.
pub fn check(memory: &Memory, current: &str, protected: &[String]) -> Result<(), AdapterError> {
    if !memory.uses_metadata || !memory.has_versions {
        return Ok(());
    }
    let Some(stored) = &memory.environment else {
        return Err(AdapterError::refused(
            "ActiveRecord::NoEnvironmentInSchemaError",
            format!(
                "Environment data not found in the schema. To resolve this issue, run: \n\n        bin/rails db:environment:set RAILS_ENV={current}"
            ),
        ));
    };
    if protected.contains(stored) {
        return Err(AdapterError::refused(
            "ActiveRecord::ProtectedEnvironmentError",
            format!(
                "You are attempting to run a destructive action against your '{stored}' database.\nIf you are sure you want to continue, run the same command with the environment variable:\nDISABLE_DATABASE_ENVIRONMENT_CHECK=1"
            ),
        ));
    }
    if stored != current {
        return Err(AdapterError::refused(
            "ActiveRecord::EnvironmentMismatchError",
            format!(
                "You are attempting to modify a database that was last run in `{stored}` environment.\nYou are running in `{current}` environment. If you are sure you want to continue, first set the environment using:\n\n        bin/rails db:environment:set RAILS_ENV={current}\n\n"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(environment: Option<&str>, has_versions: bool, current: &str) -> Option<String> {
        let memory =
            Memory { uses_metadata: true, has_versions, environment: environment.map(str::to_owned) };
        match check(&memory, current, &["production".to_owned()]) {
            Err(AdapterError::Refused { code, .. }) => Some(code),
            Err(other) => Some(other.to_string()),
            Ok(()) => None,
        }
    }

    #[test]
    fn what_is_protected_is_not_destroyed() {
        let code = |name: &str| Some(format!("ActiveRecord::{name}Error"));
        assert_eq!(checked(Some("production"), true, "production"), code("ProtectedEnvironment"));
        assert_eq!(checked(Some("production"), true, "staging"), code("ProtectedEnvironment"));
        assert_eq!(checked(Some("staging"), true, "development"), code("EnvironmentMismatch"));
        assert_eq!(checked(None, true, "staging"), code("NoEnvironmentInSchema"));
        assert_eq!(checked(None, false, "staging"), None);
        assert_eq!(checked(Some("staging"), true, "staging"), None);
    }
}
