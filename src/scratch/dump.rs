//! Running a file of SQL on a scratch database.

use std::path::Path;

use super::ScratchError;
use crate::db::Connection;
use crate::sql;

pub(super) fn load(connection: &mut dyn Connection, path: &Path) -> Result<(), ScratchError> {
    let bytes = std::fs::read(path).map_err(|error| ScratchError::File { path: path.to_owned(), error })?;
    let failed = |line: usize, message: String| ScratchError::Dump { path: path.to_owned(), line, message };
    let text = String::from_utf8(bytes).map_err(|_| {
        failed(
            1,
            "it is no text in UTF-8; a dump in pg_dump's own format is no SQL either (use --format=plain)"
                .into(),
        )
    })?;
    let text = without_client_commands(&text);
    let server = connection.server().clone();
    let statements = sql::split_quoted(&text, server.dialect, server.quoting)
        .map_err(|error| failed(error.line, error.problem.to_string()))?;
    for statement in &statements {
        let result = match &statement.copy_data {
            Some(data) => connection.copy_in(&statement.text, data.as_bytes()).map(drop),
            None => connection.execute(&statement.text).map(drop),
        };
        result.map_err(|error| failed(statement.line, error.message))?;
    }
    Ok(())
}

/// pg_dump begins and ends with a command that keeps psql from doing anything else; it means nothing here. Lines stay where they
/// are.
fn without_client_commands(text: &str) -> String {
    let line = |line: &str| {
        let command = line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
        if command { "\n".to_owned() } else { line.to_owned() }
    };
    text.split_inclusive('\n').map(line).collect()
}
