//! The results that `-outputType=json` prints. Keys are in the order of the alphabet, as Flyway writes them; only
//! errors have an order of their own. `database` is null on SQLite, except that `info` says `""`.

use serde::Serialize;

use crate::flyway::output::text::NOTHING_FOUND;
use crate::flyway::output::{FLYWAY_VERSION, category, installed_on_utc, version_text};
use crate::flyway::states::{MigrationInfo, MigrationState};
use crate::flyway::validate::InvalidMigration;
use jiff::tz::TimeZone;

macro_rules! results {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
            #[serde(rename_all = "camelCase")]
            #[expect(missing_docs, reason = "the keys are Flyway's")]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
        )*
    };
}

results! {
    /// What `migrate` came to.
    MigrateResult {
        database: Option<String>,
        database_type: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorItem>,
        exception: Option<String>,
        flyway_version: String,
        initial_schema_version: Option<String>,
        license_failed: bool,
        migrations: Vec<MigrateItem>,
        migrations_executed: usize,
        operation: String,
        schema_name: String,
        success: bool,
        target_schema_version: Option<String>,
        timestamp: String,
        total_migration_time: u64,
        warnings: Vec<String>,
    }
    /// A migration that was applied.
    MigrateItem {
        category: String,
        description: String,
        /// In milliseconds.
        execution_time: u64,
        filepath: String,
        #[serde(rename = "type")]
        kind: String,
        version: String,
    }
    /// What `info` shows.
    InfoResult {
        all_schemas_empty: bool,
        database: Option<String>,
        exception: Option<String>,
        flyway_version: String,
        license_failed: bool,
        migrations: Vec<InfoItem>,
        operation: String,
        schema_name: String,
        schema_version: Option<String>,
        timestamp: String,
    }
    /// A line of `info`.
    InfoItem {
        category: String,
        description: String,
        /// In milliseconds.
        execution_time: i64,
        filepath: String,
        installed_by: String,
        #[serde(rename = "installedOnUTC")]
        installed_on_utc: String,
        raw_version: String,
        should_execute_expression: Option<String>,
        state: String,
        #[serde(rename = "type")]
        kind: String,
        undo_filepath: String,
        undoable: String,
        version: String,
    }
    /// What `validate` found.
    ValidateResult {
        all_error_messages: String,
        database: Option<String>,
        error_details: Option<ErrorDetails>,
        flyway_version: String,
        invalid_migrations: Vec<ValidateItem>,
        operation: String,
        validate_count: usize,
        validation_successful: bool,
        warnings: Vec<String>,
    }
    /// A finding of `validate`.
    ValidateItem {
        description: String,
        error_details: ErrorDetails,
        filepath: String,
        version: String,
    }
    /// A code and its message.
    ErrorDetails {
        error_code: String,
        error_message: String,
    }
    /// What `repair` did.
    RepairResult {
        database: Option<String>,
        flyway_version: String,
        migrations_aligned: Vec<RepairItem>,
        migrations_deleted: Vec<RepairItem>,
        migrations_removed: Vec<RepairItem>,
        operation: String,
        repair_actions: Vec<String>,
        warnings: Vec<String>,
    }
    /// A row that `repair` touched.
    RepairItem {
        description: String,
        filepath: String,
        version: String,
    }
    /// What `baseline` did.
    BaselineResult {
        baseline_version: Option<String>,
        database: Option<String>,
        flyway_version: String,
        operation: String,
        successfully_baselined: bool,
        warnings: Vec<String>,
    }
    /// What `clean` did.
    CleanResult {
        database: Option<String>,
        flyway_version: String,
        operation: String,
        schemas_cleaned: Vec<String>,
        schemas_dropped: Vec<String>,
        warnings: Vec<String>,
    }
    /// What `undo` did, by Flyway's documentation.
    UndoResult {
        database: Option<String>,
        flyway_version: String,
        initial_schema_version: Option<String>,
        migrations_undone: usize,
        operation: String,
        schema_name: String,
        target_schema_version: Option<String>,
        undone_migrations: Vec<UndoItem>,
        warnings: Vec<String>,
    }
    /// A migration that was taken back.
    UndoItem {
        description: String,
        /// In milliseconds.
        execution_time: u64,
        filepath: String,
        version: String,
    }
    /// A command that failed.
    ErrorResult {
        error: ErrorItem,
    }
    /// Why it failed. What is not known of an error of its kind is left out: only a migration's error has a line.
    ErrorItem {
        error_code: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_error_code: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sql_state: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sql_error_code: Option<i64>,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        line_number: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        cause: Option<Box<ErrorCause>>,
    }
    /// What lies behind a failure.
    ErrorCause {
        message: String,
        stack_trace: String,
        cause: Option<Box<ErrorCause>>,
    }
}

impl MigrateResult {
    /// A run before anything was applied.
    pub fn new(
        database: Option<String>,
        database_type: &str,
        schemas: &[String],
        timestamp: String,
    ) -> MigrateResult {
        MigrateResult {
            database,
            database_type: database_type.to_owned(),
            error: None,
            exception: None,
            flyway_version: FLYWAY_VERSION.to_owned(),
            initial_schema_version: None,
            license_failed: false,
            migrations: Vec::new(),
            migrations_executed: 0,
            operation: "migrate".to_owned(),
            schema_name: schemas.join(", "),
            success: true,
            target_schema_version: None,
            timestamp,
            total_migration_time: 0,
            warnings: Vec::new(),
        }
    }

    /// Counts a migration that was applied in so many milliseconds.
    pub fn applied(&mut self, info: &MigrationInfo, milliseconds: u64) {
        self.migrations.push(MigrateItem {
            category: category(info).to_owned(),
            description: info.description().to_owned(),
            execution_time: milliseconds,
            filepath: info.path().to_owned(),
            kind: info.kind().name().to_owned(),
            version: version_text(info),
        });
        self.total_migration_time = self.total_migration_time.saturating_add(milliseconds);
    }

    /// Ends a run that succeeded: how many were applied, and the last version among them.
    pub fn finish(&mut self) {
        self.migrations_executed = self.migrations.len();
        let mut versions = self.migrations.iter().rev().map(|migration| &migration.version);
        self.target_schema_version = versions.find(|version| !version.is_empty()).cloned();
    }

    /// Ends a run that failed.
    pub fn fail(&mut self, error: ErrorItem) {
        self.success = false;
        self.exception = Some(error.message.clone());
        self.error = Some(error);
    }
}

impl InfoResult {
    /// The lines, without undo files, which show as the undoability of others.
    pub fn new(
        database: Option<String>,
        schemas: &[String],
        schema_version: Option<String>,
        all_schemas_empty: bool,
        infos: &[&MigrationInfo],
        timestamp: String,
        zone: &TimeZone,
    ) -> InfoResult {
        let undo: Vec<&MigrationInfo> = infos.iter().copied().filter(|info| info.kind().is_undo()).collect();
        let shown = infos.iter().filter(|info| info.state != MigrationState::Available);
        InfoResult {
            all_schemas_empty,
            database,
            exception: None,
            flyway_version: FLYWAY_VERSION.to_owned(),
            license_failed: false,
            migrations: shown.map(|info| InfoItem::new(info, &undo, zone)).collect(),
            operation: "info".to_owned(),
            schema_name: schemas.join(", "),
            schema_version,
            timestamp,
        }
    }
}

impl InfoItem {
    fn new(info: &MigrationInfo, undo: &[&MigrationInfo], zone: &TimeZone) -> InfoItem {
        let row = info.applied.as_ref();
        let can_have_undo =
            info.version().is_some() && !info.kind().is_undo() && info.state != MigrationState::Undone;
        let own_undo = undo.iter().find(|undo| can_have_undo && undo.version() == info.version());
        let own_undo = own_undo.filter(|_| !info.state.is_failed());
        let undoable = match (can_have_undo, own_undo) {
            (false, _) => "",
            (true, None) => "No",
            (true, Some(_)) => "Yes",
        };
        InfoItem {
            category: category(info).to_owned(),
            description: info.description().to_owned(),
            execution_time: row.map_or(0, |row| row.execution_time),
            filepath: info.path().to_owned(),
            installed_by: row.map_or_else(String::new, |row| row.installed_by.clone()),
            installed_on_utc: installed_on_utc(row.and_then(|row| row.installed_on.as_deref()), zone),
            raw_version: info.version().map_or_else(String::new, |version| version.raw()),
            should_execute_expression: info
                .resolved
                .as_ref()
                .and_then(|file| file.should_execute_expression.clone()),
            state: info.state.display_name().to_owned(),
            kind: info.kind().name().to_owned(),
            undo_filepath: own_undo.map_or_else(String::new, |undo| undo.path().to_owned()),
            undoable: undoable.to_owned(),
            version: version_text(info),
        }
    }
}

impl ValidateResult {
    /// The findings of a history in which `count` lines were looked at.
    pub fn new(database: Option<String>, findings: &[InvalidMigration], count: usize) -> ValidateResult {
        let failed = !findings.is_empty();
        let warning = NOTHING_FOUND;
        ValidateResult {
            all_error_messages: all_error_messages(findings),
            database,
            error_details: failed.then(|| ErrorDetails {
                error_code: "VALIDATE_ERROR".to_owned(),
                error_message: "Migrations have failed validation".to_owned(),
            }),
            flyway_version: FLYWAY_VERSION.to_owned(),
            invalid_migrations: findings.iter().map(ValidateItem::new).collect(),
            operation: "validate".to_owned(),
            validate_count: if failed { 0 } else { count },
            validation_successful: !failed,
            warnings: if !failed && count == 0 { vec![warning.to_owned()] } else { Vec::new() },
        }
    }

    /// What is said when the schema of the history does not exist although there are migrations.
    pub fn missing_schema(database: Option<String>, schema: &str) -> ValidateResult {
        let mut result = ValidateResult::new(database, &[], 0);
        result.error_details = Some(ErrorDetails {
            error_code: "SCHEMA_DOES_NOT_EXIST".to_owned(),
            error_message: format!("Schema {schema} doesn't exist yet"),
        });
        result.validation_successful = false;
        result.warnings.clear();
        result
    }
}

/// The messages of all findings, one below the other.
pub(crate) fn all_error_messages(findings: &[InvalidMigration]) -> String {
    findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n")
}

impl ValidateItem {
    fn new(finding: &InvalidMigration) -> ValidateItem {
        ValidateItem {
            description: finding.description.clone(),
            error_details: ErrorDetails {
                error_code: finding.code.to_owned(),
                error_message: finding.message.clone(),
            },
            filepath: finding.path.clone(),
            version: finding.version.clone().unwrap_or_default(),
        }
    }
}

impl BaselineResult {
    /// A baseline that holds.
    pub fn new(database: Option<String>, version: &str) -> BaselineResult {
        BaselineResult {
            baseline_version: Some(version.to_owned()),
            database,
            flyway_version: FLYWAY_VERSION.to_owned(),
            operation: "baseline".to_owned(),
            successfully_baselined: true,
            warnings: Vec::new(),
        }
    }
}

impl CleanResult {
    /// A clean that did nothing yet.
    pub fn new(database: Option<String>) -> CleanResult {
        CleanResult {
            database,
            flyway_version: FLYWAY_VERSION.to_owned(),
            operation: "clean".to_owned(),
            schemas_cleaned: Vec::new(),
            schemas_dropped: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl ErrorItem {
    /// An error of a command: `{"error": {"errorCode", "message", "cause"}}`.
    pub fn new(code: &str, message: impl Into<String>) -> ErrorItem {
        ErrorItem {
            error_code: code.to_owned(),
            sub_error_code: None,
            sql_state: None,
            sql_error_code: None,
            message: message.into(),
            line_number: None,
            path: None,
            cause: None,
        }
    }

    /// An error of the server, which has its codes.
    #[must_use]
    pub fn of_server(mut self, kind: Option<&str>, state: Option<String>, code: i64) -> ErrorItem {
        self.sub_error_code = Some(kind.map(str::to_owned));
        self.sql_state = Some(state);
        self.sql_error_code = Some(code);
        self
    }

    /// An error of a migration, which has the place and the server's codes. Without a line it is -1.
    #[must_use]
    pub fn of_migration(
        mut self,
        path: &str,
        line: Option<usize>,
        state: Option<String>,
        code: i64,
    ) -> ErrorItem {
        self.sql_state = Some(state);
        self.sql_error_code = Some(code);
        self.line_number = Some(line.and_then(|line| i64::try_from(line).ok()).unwrap_or(-1));
        self.path = Some(path.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flyway::output::to_json;

    #[test]
    fn results_have_flyway_s_keys_in_its_order() {
        let result = MigrateResult::new(None, "SQLite", &[], "2026-11-23T19:06:29Z".to_owned());
        let expected = r#"{
  "database" : null,
  "databaseType" : "SQLite",
  "exception" : null,
  "flywayVersion" : "13.3.0",
  "initialSchemaVersion" : null,
  "licenseFailed" : false,
  "migrations" : [ ],
  "migrationsExecuted" : 0,
  "operation" : "migrate",
  "schemaName" : "",
  "success" : true,
  "targetSchemaVersion" : null,
  "timestamp" : "2026-11-23T19:06:29Z",
  "totalMigrationTime" : 0,
  "warnings" : [ ]
}"#;
        assert_eq!(to_json(&result).unwrap(), expected);
    }

    #[test]
    fn an_error_shows_what_is_known_of_its_kind() {
        let plain = ErrorResult { error: ErrorItem::new("ERROR", "No.") };
        let expected = "{\n  \"error\" : {\n    \"errorCode\" : \"ERROR\",\n    \"message\" : \"No.\",\n    \
                        \"cause\" : null\n  }\n}";
        assert_eq!(to_json(&plain).unwrap(), expected);
        let of_migration =
            ErrorItem::new("FAILED_VERSIONED_MIGRATION", "m").of_migration("/shop/V2.sql", Some(2), None, 1);
        let keys: Vec<String> = match serde_json::to_value(&of_migration).unwrap() {
            serde_json::Value::Object(object) => object.keys().cloned().collect(),
            other => panic!("{other}"),
        };
        assert_eq!(keys, ["errorCode", "sqlState", "sqlErrorCode", "message", "lineNumber", "path", "cause"]);
    }

    #[test]
    fn a_successful_validation_without_lines_warns() {
        assert_eq!(ValidateResult::new(None, &[], 3).warnings.len(), 0);
        assert_eq!(ValidateResult::new(None, &[], 0).warnings.len(), 1);
        let missing = ValidateResult::missing_schema(None, "\"shop\"");
        assert_eq!(missing.error_details.unwrap().error_message, "Schema \"shop\" doesn't exist yet");
        assert!(!missing.validation_successful);
    }
}
