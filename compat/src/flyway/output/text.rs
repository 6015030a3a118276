//! The lines that Flyway's command line prints, without colour and without their level (`WARNING: `, `ERROR: `).

use crate::flyway::output::results::all_error_messages;
use crate::flyway::output::{FLYWAY_VERSION, ascii_table, execution_time, help_link};
use crate::flyway::states::MigrationInfo;
use crate::flyway::validate::InvalidMigration;
use crate::flyway::version::MigrationVersion;

/// The first line of every command. Flyway names its edition here; this is not Flyway, and says whose behaviour it has.
pub fn header() -> String {
    format!("Dunlin {}, compatible with Flyway {FLYWAY_VERSION}", env!("CARGO_PKG_VERSION"))
}

/// Which database: `Database: ******** (SQLite 3.50)`. The URL is given redacted, `********` where all of it is.
pub fn database(redacted_url: &str, product: &str) -> String {
    format!("Database: {redacted_url} ({product})")
}

/// That the history was looked for in vain; `table` quoted and qualified.
pub fn no_history(table: &str) -> String {
    format!("Schema history table {table} does not exist yet")
}

/// That the history is being created.
pub fn creating_history(table: &str, with_baseline: bool) -> String {
    format!("Creating Schema History table {table}{} ...", if with_baseline { " with baseline" } else { "" })
}

/// That a schema is being created; `schema` quoted.
pub fn creating_schema(schema: &str) -> String {
    format!("Creating schema {schema} ...")
}

/// That so many lines of the history are fine.
pub fn validated(count: usize, milliseconds: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!(
        "Successfully validated {count} migration{plural} (execution time {})",
        execution_time(milliseconds)
    )
}

/// The message with which a command fails whose validation found something.
pub fn validate_failure(findings: &[InvalidMigration]) -> String {
    check_failure("Migrations have failed validation", &all_error_messages(findings))
}

/// The message with which a command fails whose validation failed for this reason; `details` may be empty.
pub fn check_failure(reason: &str, details: &str) -> String {
    let link = help_link("flyway-blog/older-posts/customize-validation-rules-with-ignoremigrationpatterns");
    format!(
        "Validate failed: {reason}\n{details}\nNeed more flexibility with validation rules? Learn more: {link}"
    )
}

/// The version before a run; `current` is the line that it comes from. A history of repeatable migrations or markers
/// alone has none, which Flyway prints as `null`.
pub fn current_version(schema: &str, current: Option<&MigrationInfo>) -> String {
    let version = match current {
        None => MigrationVersion::EMPTY.to_string(),
        Some(current) => current.version().map_or_else(|| "null".to_owned(), ToString::to_string),
    };
    format!("Current version of schema {schema}: {version}")
}

/// The first line of `info`.
pub fn schema_version(version: &MigrationVersion) -> String {
    format!("Schema version: {version}")
}

/// What `migrate` says when `outOfOrder` is set.
pub fn out_of_order_active(schema: &str) -> String {
    format!("outOfOrder mode is active. Migration of schema {schema} may not be reproducible.")
}

/// The warning of a validation without anything to validate.
pub const NOTHING_FOUND: &str = "No migrations found. Are your locations set up correctly?";

/// Whether Flyway gives this warning of a plan as plain information.
pub fn is_information(warning: &str) -> bool {
    warning.starts_with("outOfOrder mode is active.") || warning.contains(" already initialized with (")
}

/// What `clean` says of objects outside of schemas, of which our databases have none; `pre` before the schemas, else after.
pub fn database_objects_dropped(pre: bool, milliseconds: u64) -> String {
    let when = if pre { "pre" } else { "post" };
    format!(
        "Successfully dropped {when}-schema database level objects (execution time {})",
        execution_time(milliseconds)
    )
}

/// That a migration begins; `title` is the step's.
pub fn migrating(title: &str) -> String {
    format!("Migrating {title}")
}

/// That a migration failed; `title` is the step's.
pub fn failed(title: &str, rolled_back: bool) -> String {
    let outcome = if rolled_back {
        "Changes successfully rolled back."
    } else {
        "Please restore backups and roll back database and code!"
    };
    format!("Migration of {title} failed! {outcome}")
}

/// The last line of `migrate`; `milliseconds` is the sum of the migrations' times.
pub fn summary(schema: &str, count: usize, target: Option<&str>, milliseconds: u64) -> String {
    if count == 0 {
        return format!("Schema {schema} is up to date. No migration necessary.");
    }
    let plural = if count == 1 { "" } else { "s" };
    let target = target.map_or_else(String::new, |version| format!(", now at version v{version}"));
    let time = execution_time(milliseconds);
    format!(
        "Successfully applied {count} migration{plural} to schema {schema}{target} (execution time {time})"
    )
}

/// That a history was begun at a version.
pub fn baselined(version: &MigrationVersion) -> String {
    format!("Successfully baselined schema with version: {version}")
}

/// That a callback runs; `name` as the plan has it.
pub fn callback(name: &str, in_transaction: bool) -> String {
    // A callback without description keeps the dash before it.
    let dash = if name.contains(" - ") { "" } else { " - " };
    let suffix = if in_transaction { "" } else { " [non-transactional]" };
    format!("Executing SQL callback: {name}{dash}{suffix}")
}

/// That the history was mended, and what is left to do by hand.
pub fn repaired(table: &str, milliseconds: u64, marked_deleted: bool, cleanup_needed: bool) -> Vec<String> {
    let time = execution_time(milliseconds);
    let mut lines =
        vec![format!("Successfully repaired schema history table {table} (execution time {time}).")];
    if marked_deleted {
        lines.push(
            "Please ensure the previous contents of the deleted migrations are removed from the database, or moved into \
             an existing migration."
                .to_owned(),
        );
    }
    if cleanup_needed {
        lines.push(
            "Manual cleanup of the remaining effects of the failed migration may still be required."
                .to_owned(),
        );
    }
    lines
}

/// That a schema was emptied.
pub fn cleaned(schema: &str, milliseconds: u64) -> String {
    format!("Successfully cleaned schema {schema} (execution time {})", execution_time(milliseconds))
}

/// That a schema was dropped.
pub fn dropped(schema: &str, milliseconds: u64) -> String {
    format!("Successfully dropped schema {schema} (execution time {})", execution_time(milliseconds))
}

/// What `info` and `migrate` say when no migration has a file: settings and values that may explain it.
pub fn no_files(settings: &[(&str, String)]) -> String {
    let rows: Vec<Vec<&str>> = settings.iter().map(|(name, value)| vec![*name, value.as_str()]).collect();
    let table = ascii_table(&["Setting", "Value"], &rows, "");
    format!("No migrations found on disk.\nHere are some relevant configuration settings.\n\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_plural() {
        assert_eq!(validated(1, 12), "Successfully validated 1 migration (execution time 00:00.012s)");
        assert_eq!(validated(0, 5), "Successfully validated 0 migrations (execution time 00:00.005s)");
        assert_eq!(
            summary("\"main\"", 2, Some("1"), 4),
            "Successfully applied 2 migrations to schema \"main\", now at version v1 (execution time 00:00.004s)"
        );
        assert_eq!(
            summary("\"main\"", 1, None, 2),
            "Successfully applied 1 migration to schema \"main\" (execution time 00:00.002s)"
        );
        assert_eq!(summary("\"main\"", 0, None, 0), "Schema \"main\" is up to date. No migration necessary.");
    }

    #[test]
    fn a_schema_without_history_is_empty() {
        assert_eq!(
            current_version("\"main\"", None),
            "Current version of schema \"main\": << Empty Schema >>"
        );
        assert_eq!(schema_version(&MigrationVersion::EMPTY), "Schema version: << Empty Schema >>");
    }

    #[test]
    fn links_name_the_version() {
        assert_eq!(
            help_link("rebaselining"),
            "https://help.red-gate.com/help/flyway-cli13/help_3.aspx?topic=rebaselining"
        );
    }
}
