//! What Flyway's command line prints: texts, tables and JSON. Everything here returns text; the caller prints it.

mod json;
mod results;
mod table;
mod text;
mod time;

pub use json::{composite_json, to_json};
pub use results::{
    BaselineResult, CleanResult, ErrorCause, ErrorDetails, ErrorItem, ErrorResult, InfoItem, InfoResult,
    MigrateItem, MigrateResult, RepairItem, RepairResult, UndoItem, UndoResult, ValidateItem, ValidateResult,
};
pub use table::{ascii_table, info_table, migration_ids};
pub use text::{
    NOTHING_FOUND, baselined, callback, check_failure, cleaned, creating_history, creating_schema,
    current_version, database, database_objects_dropped, dropped, failed, header, is_information, migrating,
    no_files, no_history, out_of_order_active, repaired, schema_version, summary, validate_failure,
    validated,
};
pub(crate) use time::parse_moment;
pub use time::{execution_time, installed_on_table, installed_on_utc, timestamp};

use crate::flyway::history::MigrationType;
use crate::flyway::states::MigrationInfo;

/// The version of Flyway whose output this is.
pub const FLYWAY_VERSION: &str = "13.3.0";

/// The address of a page of Flyway's documentation, as its messages give it.
pub fn help_link(topic: &str) -> String {
    let mut numbers = FLYWAY_VERSION.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    format!("https://help.red-gate.com/help/flyway-cli{major}/help_{minor}.aspx?topic={topic}")
}

/// The column *Category*: empty for markers.
pub fn category(info: &MigrationInfo) -> &'static str {
    let kind = info.kind();
    if kind.is_synthetic() {
        ""
    } else if info.version().is_none() {
        "Repeatable"
    } else if kind.is_undo() {
        "Undo"
    } else if kind.is_baseline() {
        "Baseline"
    } else {
        "Versioned"
    }
}

/// The version as JSON has it, empty without one.
pub(crate) fn version_text(info: &MigrationInfo) -> String {
    info.version().and_then(|version| version.history_text()).unwrap_or_default()
}

fn is_delete(info: &MigrationInfo) -> bool {
    info.kind() == MigrationType::Delete
}
