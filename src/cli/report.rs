//! What `up`, `down` and their relatives say at the end.

use serde_json::{Value, json};

use super::failure::Failure;
use super::{Format, output};
use crate::count::counted;
use crate::engine::RunReport;
use crate::waits::WaitReport;

/// A shorter wait is not worth a line.
const WORTH_TELLING: std::time::Duration = std::time::Duration::from_secs(1);

/// Prints what a run did.
pub fn print(format: Format, report: &RunReport, nothing: &str) -> Result<(), Failure> {
    match format {
        Format::Json => output::json(&document(report)),
        Format::Table if report.migrations.is_empty() => output::line(nothing),
        Format::Table => {
            output::line(&sentence(report))?;
            let WaitReport { sessions, longest, stood_back } = report.waits;
            if stood_back > 0 || longest >= WORTH_TELLING {
                let back = match stood_back {
                    0 => String::new(),
                    1 => "; the run stood back once".to_owned(),
                    times => format!("; the run stood back {times} times"),
                };
                output::note(&format!(
                    "{} waited for it, {:.1} s at longest{back}.",
                    counted(sessions, "session"),
                    longest.as_secs_f64()
                ));
            }
            Ok(())
        }
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
    let mut document = json!({ "migrations": migrations, "warnings": report.warnings });
    let waits = &report.waits;
    // Told only where somebody waited.
    if waits.sessions > 0
        && let Some(members) = document.as_object_mut()
    {
        let longest = u64::try_from(waits.longest.as_millis()).unwrap_or(u64::MAX);
        members.insert(
            "waits".to_owned(),
            json!({ "sessions": waits.sessions, "longestMilliseconds": longest, "stoodBack": waits.stood_back }),
        );
    }
    document
}

fn sentence(report: &RunReport) -> String {
    use dunlin_compat::model::Direction;
    let count =
        |direction| report.migrations.iter().filter(|migration| migration.direction == direction).count();
    let words = |number, verb: &str| format!("{verb} {}", counted(number, "migration"));
    match (count(Direction::Up), count(Direction::Down)) {
        (up, 0) => format!("{}.", words(up, "Applied")),
        (0, down) => format!("{}.", words(down, "Reverted")),
        (up, down) => format!("{} and {}.", words(down, "Reverted"), words(up, "applied")),
    }
}
