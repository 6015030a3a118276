//! Beginning a history on a database that has its schema already (class `DbBaseline`).

use crate::flyway::history::{AppliedMigration, HistoryTable, MigrationType, NewRow};
use crate::flyway::output::help_link;
use crate::flyway::version::MigrationVersion;
use crate::model::AdapterError;

/// The marker to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// `baselineVersion`.
    pub version: MigrationVersion,
    /// `baselineDescription`.
    pub description: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// Create the table with the marker as its first row.
    Create,
    /// Nothing: the history begins with this marker already. The text says so.
    Already(String),
}

impl Marker {
    /// The marker's row. It has rank 1 even where a SCHEMA marker follows it.
    pub fn row(&self, installed_by: &str) -> NewRow {
        NewRow {
            rank: 1,
            // Flyway writes what the version prints as here, even for `latest`.
            version: Some(self.version.to_string()),
            description: self.description.clone(),
            kind: MigrationType::Baseline,
            script: self.description.clone(),
            checksum: None,
            installed_by: installed_by.to_owned(),
            timed: false,
            success: true,
        }
    }
}

/// Decides what `baseline` does; `rows` is `None` when there is no history table.
pub fn baseline(
    table: &HistoryTable,
    rows: Option<&[AppliedMigration]>,
    marker: &Marker,
) -> Result<Baseline, AdapterError> {
    let Some(rows) = rows else {
        return Ok(Baseline::Create);
    };
    let Marker { version, description } = marker;
    let name = table.qualified();
    let refuse = |text: String| Err(AdapterError::refused("ERROR", text));
    let learn = || format!("Need to reset your baseline? Learn more: {}", help_link("rebaselining"));
    // A SCHEMA marker may come before it, nothing else.
    if let Some(present) = rows.iter().take(2).find(|row| row.kind == MigrationType::Baseline) {
        if present.version.as_ref() == Some(version) && present.description == *description {
            return Ok(Baseline::Already(format!(
                "Schema history table {name} already initialized with ({version},{description}). Skipping."
            )));
        }
        let present_version = present.version.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string);
        return refuse(format!(
            "Unable to baseline schema history table {name} with ({version},{description}) as it has already been \
             baselined with ({present_version},{})\n{}",
            present.description,
            learn()
        ));
    }
    let has_schema_marker = rows.iter().any(|row| row.kind == MigrationType::Schema);
    if has_schema_marker && MigrationVersion::parse("0").is_ok_and(|zero| *version == zero) {
        return refuse(format!(
            "Unable to baseline schema history table {name} with version 0 as this version was used for schema creation"
        ));
    }
    if rows.iter().any(|row| !row.kind.is_synthetic() && !row.kind.is_undo()) {
        return refuse(format!(
            "Unable to baseline schema history table {name} as it already contains migrations\n{}",
            learn()
        ));
    }
    if rows.is_empty() {
        return refuse(format!(
            "Unable to baseline schema history table {name} as it already exists, and is empty.\nDelete the schema \
             history table, and run baseline again."
        ));
    }
    refuse(format!(
        "Unable to baseline schema history table {name} as it already contains migrations.\nDelete the schema history \
         table, and run baseline again.\n{}",
        learn()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flyway::history::parse_rows;
    use crate::model::Dialect;

    fn decide(rows: &[[&str; 4]], version: &str) -> Result<Baseline, String> {
        let table = HistoryTable {
            dialect: Dialect::Sqlite,
            schema: "main".to_owned(),
            name: "history".to_owned(),
            tablespace: None,
        };
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let rows: Vec<_> = rows
            .iter()
            .map(|[rank, version, description, kind]| {
                let empty = Some(String::new());
                let zero = Some("0".to_owned());
                let one = Some("1".to_owned());
                let (rank, version) = (cell(rank), cell(version));
                let (description, kind) = (cell(description), cell(kind));
                vec![rank, version, description, kind, empty, None, None, None, zero, one]
            })
            .collect();
        let marker =
            Marker { version: MigrationVersion::parse(version).unwrap(), description: "start".to_owned() };
        baseline(&table, Some(&parse_rows(&rows).unwrap()), &marker).map_err(|error| error.to_string())
    }

    #[test]
    fn the_same_marker_again_is_fine() {
        let after_schema =
            [["0", "", "<< Flyway Schema Creation >>", "SCHEMA"], ["1", "2.0", "start", "BASELINE"]];
        let expected =
            "Schema history table \"main\".\"history\" already initialized with (2,start). Skipping.";
        assert_eq!(decide(&after_schema, "2"), Ok(Baseline::Already(expected.to_owned())));
    }

    #[test]
    fn everything_else_is_refused_for_its_own_reason() {
        let cases: [(&[[&str; 4]], &str, &str); 5] = [
            (&[["1", "1", "start", "BASELINE"]], "2", "already been baselined with (1,start)\nNeed to reset"),
            (&[["0", "", "s", "SCHEMA"]], "0", "version 0 as this version was used for schema creation"),
            (&[["1", "1", "orders", "SQL"]], "2", "as it already contains migrations\nNeed to reset"),
            (&[], "1", "as it already exists, and is empty."),
            (
                &[["0", "", "s", "SCHEMA"]],
                "1",
                "already contains migrations.\nDelete the schema history table",
            ),
        ];
        for (rows, version, part) in cases {
            let message = decide(rows, version).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
