//! What Rails' tasks print.

use std::time::Duration;

use super::plan::Status;
use crate::model::Direction;

/// `announce`: a line of `=` up to 79 characters.
fn announce(version: u128, name: &str, message: &str) -> String {
    let text = format!("{version} {name}: {message}");
    let rest = 75_usize.saturating_sub(text.chars().count());
    format!("== {text} {}", "=".repeat(rest))
}

/// The line before a migration runs.
pub fn begun(version: u128, name: &str, direction: Direction) -> String {
    let message = if direction == Direction::Up { "migrating" } else { "reverting" };
    announce(version, name, message)
}

/// The line after it has run; an empty one follows.
pub fn ended(version: u128, name: &str, direction: Direction, elapsed: Duration) -> String {
    let word = if direction == Direction::Up { "migrated" } else { "reverted" };
    announce(version, name, &format!("{word} ({:.4}s)", elapsed.as_secs_f64()))
}

/// `say_with_time`: the call, how long it took, and how many rows it told of.
pub fn said(call: &str, elapsed: Duration, rows: Option<i64>) -> String {
    let rows = rows.map(|rows| format!("\n   -> {rows} rows")).unwrap_or_default();
    format!("-- {call}\n   -> {:.4}s{rows}", elapsed.as_secs_f64())
}

/// `db:migrate:status` of one database; its last line is empty.
pub fn status(database: &str, lines: &[Status<'_>]) -> String {
    let mut text =
        format!("\ndatabase: {database}\n\n Status   Migration ID    Migration Name\n{}\n", "-".repeat(50));
    for line in lines {
        let state = if line.is_up { "   up   " } else { "  down  " };
        text.push_str(&format!("{state}  {:<14}  {}\n", padded(line.version), line.words));
    }
    text
}

/// `normalize_migration_number`
pub fn padded(version: u128) -> String {
    format!("{version:03}")
}

/// What `db:migrate:status` says, and fails with, where nothing was ever migrated.
pub const NO_HISTORY: &str = "Schema migrations table does not exist yet.";

/// `db:version` of one database, since 7.1; its last line is empty.
pub fn version(database: &str, current: u128) -> String {
    format!("\ndatabase: {database}\nCurrent version: {current}\n")
}

/// `db:version:NAME`, and `db:version` before 7.1.
pub fn version_of_one(current: u128) -> String {
    format!("Current version: {current}")
}

/// `db:abort_if_pending_migrations`: what is pending, on standard output.
pub fn pending<'a>(files: impl ExactSizeIterator<Item = (u128, &'a str)>) -> String {
    let count = files.len();
    let mut text =
        format!("You have {count} pending {}", if count > 1 { "migrations:" } else { "migration:" });
    for (version, name) in files {
        text.push_str(&format!("\n  {version:>4} {name}"));
    }
    text
}

/// And what it fails with, on standard error.
pub fn run_migrations(database: Option<&str>) -> String {
    let name = database.map(|name| format!(":{name}")).unwrap_or_default();
    format!("Run `bin/rails db:migrate{name}` to update your database then try again.")
}

/// `db:migrate` with `SCOPE` where nothing of it is pending.
pub fn no_migrations_ran(scope: &str) -> String {
    format!("No migrations ran. (using {scope} scope)")
}

/// How Rake tells of an error, without the places in Ruby that it came through. Errors of migrations have empty lines
/// around their messages.
pub fn aborted(program: &str, class: &str, message: &str) -> String {
    if class == "RuntimeError" {
        return format!("{program} aborted!\n{message}");
    }
    let is_of_migrations =
        MIGRATION_ERRORS.iter().any(|name| class.strip_prefix("ActiveRecord::") == Some(name));
    let message = if is_of_migrations { format!("\n\n{message}\n\n") } else { message.to_owned() };
    let (first, rest) =
        message.split_once('\n').map_or((message.as_str(), None), |(first, rest)| (first, Some(rest)));
    let rest = rest.map(|rest| format!("\n{}", rest.trim_end_matches('\n'))).unwrap_or_default();
    format!(
        "{program} aborted!\n{class}: {first} ({class}){rest}{}",
        if is_of_migrations { "\n" } else { "" }
    )
}

const MIGRATION_ERRORS: [&str; 8] = [
    "IrreversibleMigration",
    "DuplicateMigrationVersionError",
    "DuplicateMigrationNameError",
    "UnknownMigrationVersionError",
    "IllegalMigrationNameError",
    "InvalidMigrationTimestampError",
    "ConcurrentMigrationError",
    "NoEnvironmentInSchemaError",
];

/// The message of the error that a migration's own error becomes.
pub fn canceled(message: &str, in_transaction: bool) -> String {
    let this = if in_transaction { "this and " } else { "" };
    format!("An error has occurred, {this}all later migrations canceled:\n\n{message}")
}

/// What is said when another process holds the lock.
pub const CONCURRENT: &str = "Cannot run migrations because another migration process is currently running.";

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of Rails 8.1.
    #[test]
    fn migrations_are_announced_as_by_rails() {
        assert_eq!(
            begun(20250101000000, "Mk", Direction::Up),
            "== 20250101000000 Mk: migrating ==============================================="
        );
        assert_eq!(
            ended(20250102000000, "AddB", Direction::Down, Duration::from_micros(5012)),
            "== 20250102000000 AddB: reverted (0.0050s) ===================================="
        );
        let long = begun(20250102000000, &"A".repeat(80), Direction::Up);
        assert!(long.ends_with(": migrating "), "{long}");
        assert_eq!(
            said("update_all", Duration::from_micros(3200), Some(3)),
            "-- update_all\n   -> 0.0032s\n   -> 3 rows"
        );
    }

    #[test]
    fn the_status_is_a_table() {
        let line =
            |is_up, version, words: &str| Status { is_up, version, words: words.to_owned(), file: None };
        let text = status("db/dev.sqlite3", &[line(true, 1, "Old"), line(false, 20250102000000, "Add b")]);
        insta::assert_snapshot!(text.replace(' ', "·"), @r"

        database:·db/dev.sqlite3

        ·Status···Migration·ID····Migration·Name
        --------------------------------------------------
        ···up·····001·············Old
        ··down····20250102000000··Add·b
        ");
    }

    #[test]
    fn what_is_pending_is_counted() {
        assert_eq!(
            pending([(20250101120000, "Cats")].into_iter()),
            "You have 1 pending migration:\n  20250101120000 Cats"
        );
        assert_eq!(
            pending([(1, "A"), (2, "B")].into_iter()),
            "You have 2 pending migrations:\n     1 A\n     2 B"
        );
        assert!(run_migrations(Some("animals")).starts_with("Run `bin/rails db:migrate:animals` to"));
        assert_eq!(version("db/dev.sqlite3", 5), "\ndatabase: db/dev.sqlite3\nCurrent version: 5\n");
    }

    /// As Rake 13 under Ruby 3.3 prints them.
    #[test]
    fn errors_are_told_as_by_rake() {
        assert_eq!(
            aborted("rake", "RuntimeError", "VERSION is required"),
            "rake aborted!\nVERSION is required"
        );
        assert_eq!(
            aborted(
                "rake",
                "ActiveRecord::UnknownMigrationVersionError",
                "No migration with version number 5."
            ),
            "rake aborted!\nActiveRecord::UnknownMigrationVersionError:  (ActiveRecord::UnknownMigrationVersionError)\n\nNo migration with version number 5.\n"
        );
        assert_eq!(
            aborted("rake", "StandardError", &canceled("boom", true)),
            "rake aborted!\nStandardError: An error has occurred, this and all later migrations canceled: (StandardError)\n\nboom"
        );
    }
}
