//! `dunlin drift`

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::scratch::ScratchArgs;
use super::{Format, Global, history, output, progress};
use crate::db::Access;
use crate::schema::{self, Scope};
use crate::verify::{Live, Replayed, VerifyError, replay};

/// Compare the live schema with what the applied migrations give
///
/// The migrations that the history has are run on a scratch database, which is dropped afterwards, and both schemas compared:
/// `+` is only in the live database, `-` only in what the migrations give. Exits with 3 if they differ. Writes nothing to
/// the live database.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin drift
  dunlin drift --scratch postgres://localhost/postgres
  dunlin drift --dump baseline.sql        where the history begins with a baseline")]
pub struct DriftArgs {
    #[command(flatten)]
    scratch: ScratchArgs,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &DriftArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let live = Live::read(connection.as_mut(), project.adapter())?;
    let scope = Scope {
        // The scratch database is another one, made by another client.
        without_database: true,
        without_clients: true,
        ..history::scope(Some(project.adapter()), connection.server())
    };
    let actual = schema::read(connection.as_mut(), &scope)?;
    drop(connection);
    let maker = arguments.scratch.maker(&project, false)?;
    let scratch = maker.make()?;
    let (given, replayed) = project.with_bench(scope, |bench| {
        let replayed = replay(bench, &scratch, &live, maker.is_filled())?;
        Ok::<_, VerifyError>((bench.state(&scratch)?.schema, replayed))
    })?;
    scratch.remove()?;
    let differences = schema::compare(&given, &actual);
    let notes = notes(&replayed);
    match global.format {
        Format::Json => output::json(&json!({
            "migrations": replayed.count,
            "differences": schema::json(&differences),
            "warnings": notes,
        }))?,
        Format::Table => {
            for note in &notes {
                output::note(&progress::warning_line(note));
            }
            if differences.is_empty() {
                output::line("The live schema is what the applied migrations give.")?;
            } else {
                output::print(&schema::text(&differences))?;
            }
        }
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Pending })
}

/// What people should know of a replay.
pub fn notes(replayed: &Replayed) -> Vec<String> {
    let note = |missing: &crate::verify::Applied| {
        format!("{} is applied and has no file to be run, so what it did is not there", missing.title)
    };
    replayed.missing.iter().map(note).collect()
}
