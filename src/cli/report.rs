//! What `up`, `down` and their relatives say at the end.

use serde_json::{Value, json};

use super::failure::Failure;
use super::{Format, output};
use crate::engine::RunReport;

/// Prints what a run did.
pub fn print(format: Format, report: &RunReport, nothing: &str) -> Result<(), Failure> {
    match format {
        Format::Json => output::json(&document(report)),
        Format::Table if report.migrations.is_empty() => output::line(nothing),
        Format::Table => output::line(&sentence(report)),
    }
}

fn document(report: &RunReport) -> Value {
    let migrations: Vec<Value> = report
        .migrations
        .iter()
        .map(|migration| {
            json!({
                "id": migration.id,
                "title": migration.title,
                "direction": migration.direction.to_string(),
                "milliseconds": u64::try_from(migration.elapsed.as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    json!({ "migrations": migrations, "warnings": report.warnings })
}

fn sentence(report: &RunReport) -> String {
    use dunlin_compat::model::Direction;
    let count =
        |direction| report.migrations.iter().filter(|migration| migration.direction == direction).count();
    let words = |number: usize, verb: &str| {
        format!("{verb} {number} migration{}", if number == 1 { "" } else { "s" })
    };
    match (count(Direction::Up), count(Direction::Down)) {
        (up, 0) => format!("{}.", words(up, "Applied")),
        (0, down) => format!("{}.", words(down, "Reverted")),
        (up, down) => format!("{} and {}.", words(down, "Reverted"), words(up, "applied")),
    }
}
