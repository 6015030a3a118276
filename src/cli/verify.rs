//! `dunlin verify`

use std::path::{Path, PathBuf};

use clap::Args;
use dunlin_compat::model::Problem;
use owo_colors::OwoColorize;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::scratch::ScratchArgs;
use super::{Format, Global, drift, history, output, progress};
use crate::count::counted;
use crate::db::Access;
use crate::schema;
use crate::schema::rows::RowsDifference;
use crate::scratch::Scratch;
use crate::verify::{Bench, Changed, Chosen, Finding, Live, Verified, VerifyError, replay, verify};

/// Try pending migrations on a scratch database: up, down and up again
///
/// The scratch database is brought to where the live one is and dropped afterwards. Schema and rows have to be what they were:
/// after a down as before the up, after the second up as after the first. Rows are compared as far as there are any, so
/// give some: with --copy, --dump or --seed. Shown too are the locks that each migration takes on tables that are in use.
/// Exits with 5 if something is found.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin verify
  dunlin verify --seed shop.sql           with rows to lose
  dunlin verify --copy                    on a copy of the live database
  dunlin verify --all                     every migration, from an empty database")]
pub struct VerifyArgs {
    /// Every migration from the first on, and not the pending ones
    #[arg(long, conflicts_with_all = ["copy", "seed"])]
    all: bool,
    /// Begin with a copy of the live database, rows included
    #[arg(long, conflicts_with = "dump")]
    copy: bool,
    /// Run this SQL before the pending migrations
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    #[command(flatten)]
    scratch: ScratchArgs,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &VerifyArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let scope = history::scope(Some(project.adapter()), connection.server());
    let live =
        if arguments.all { Live::default() } else { Live::read(connection.as_mut(), project.adapter())? };
    drop(connection);
    let maker = arguments.scratch.maker(&project, arguments.copy)?;
    let mut notes = Vec::new();
    let mut begin = |bench: &mut Bench<'_>| -> Result<Scratch, VerifyError> {
        let scratch = maker.make()?;
        let replayed = replay(bench, &scratch, &live, maker.is_filled())?;
        notes = drift::notes(&replayed);
        if let Some(seed) = &arguments.seed {
            scratch.load(seed)?;
        }
        Ok(scratch)
    };
    let quiet = global.format == Format::Json;
    let verified = project.with_bench(scope, |bench| {
        let scratch = begin(bench)?;
        verify(bench, scratch, &mut begin, &mut |chosen: &Chosen| {
            if !quiet {
                output::note(&format!("verifying {}", chosen.title).dimmed().to_string());
            }
        })
    })?;
    let found = verified.iter().any(|one| !one.findings.is_empty());
    match global.format {
        Format::Json => {
            let migrations: Vec<Value> = verified.iter().map(document).collect();
            output::json(&json!({ "migrations": migrations, "warnings": notes }))?;
        }
        Format::Table => {
            for note in &notes {
                output::note(&progress::warning_line(note));
            }
            output::print(&text(&verified, &project))?;
        }
    }
    Ok(if found { Exit::Found } else { Exit::Done })
}

fn text(verified: &[Verified], project: &Project) -> String {
    if verified.is_empty() {
        return "Nothing is pending.\n".to_owned();
    }
    let mut text = String::new();
    for one in verified {
        let mark = if one.findings.is_empty() { "ok".green().to_string() } else { "!!".red().to_string() };
        text.push_str(&format!("{mark} {}", one.title));
        if let Some(path) = one.path.as_ref().filter(|_| !one.findings.is_empty()) {
            text.push_str(&format!(" ({})", project.shown_path(path).display()));
        }
        if one.one_way {
            text.push_str(", applied only: its kind is never taken back");
        }
        text.push('\n');
        for finding in &one.findings {
            text.push_str(&format!("   {}\n", indented(&finding.sentence(), "   ")));
            text.push_str(&of_changed(finding));
        }
        for (table, impact) in &one.impacts {
            let lock = impact.lock.as_ref().filter(|_| impact.keeps_writers_out());
            let lock = lock.map(|lock| match lock.contains('=') {
                true => format!("changes {table} with {lock}: writers wait"),
                false => format!("takes {lock} on {table}"),
            });
            let rewrite = impact.rewritten.then(|| format!("writes {table} anew"));
            let what: Vec<String> = lock.into_iter().chain(rewrite).collect();
            if !what.is_empty() {
                text.push_str(&format!("   {}\n", what.join(", ").dimmed()));
            }
        }
    }
    let faulty = verified.iter().filter(|one| !one.findings.is_empty()).count();
    let migrations = counted(verified.len(), "migration");
    text.push_str(&match faulty {
        0 => format!("Verified {migrations}.\n"),
        _ => format!("Verified {migrations}; something is wrong with {faulty}.\n"),
    });
    text
}

fn indented(text: &str, indent: &str) -> String {
    text.replace('\n', &format!("\n{indent}"))
}

fn of_changed(finding: &Finding) -> String {
    finding.changed().map(differences).unwrap_or_default()
}

/// What differs, for programs: one for each object and each table's rows.
pub fn differing(changed: &Changed) -> Vec<Problem> {
    let problem = |message: String| Problem { code: "DIFFERS".to_owned(), message, path: None };
    let objects = changed
        .schema
        .iter()
        .map(|difference| format!("{} {}", difference.object.kind, difference.object.name));
    let rows = changed.rows.iter().map(rows_sentence);
    objects.chain(rows).chain(changed.counters.iter().cloned()).map(problem).collect()
}

/// What differs, a line for each.
pub fn differences(changed: &Changed) -> String {
    let mut text = String::new();
    for line in schema::text(&changed.schema).split_terminator('\n') {
        text.push_str(&format!("     {line}\n"));
    }
    for rows in &changed.rows {
        text.push_str(&format!("     {}\n", rows_sentence(rows).yellow()));
    }
    for counter in &changed.counters {
        text.push_str(&format!("     {}\n", format!("- {counter}").yellow()));
    }
    text
}

/// `~ rows of orders: 3 → 2`
fn rows_sentence(rows: &RowsDifference) -> String {
    let RowsDifference { table, count: (before, after), columns } = rows;
    if before != after {
        return format!("~ rows of {table}: {before} → {after}");
    }
    if columns.is_empty() {
        return format!("~ rows of {table}: values of different rows are exchanged");
    }
    format!("~ rows of {table}: values of {} are not the same", columns.join(", "))
}

fn document(one: &Verified) -> Value {
    let findings = one.findings.iter().map(|finding| {
        let changed = finding.changed().map(|Changed { schema, rows, .. }| {
            let rows = rows.iter().map(|rows| {
                json!({
                    "table": rows.table,
                    "before": rows.count.0,
                    "after": rows.count.1,
                    "columns": rows.columns,
                })
            });
            json!({ "schema": schema::json(schema), "rows": rows.collect::<Vec<_>>() })
        });
        json!({ "code": finding.code(), "message": finding.sentence(), "differences": changed })
    });
    let tables = one.impacts.iter().map(|(table, impact)| {
        json!({
            "table": table,
            "lock": impact.lock,
            "statement": impact.statement,
            "rewritten": impact.rewritten,
        })
    });
    json!({
        "id": one.id,
        "title": one.title,
        "path": one.path.as_deref().map(|path: &Path| path.display().to_string()),
        "oneWay": one.one_way,
        "findings": findings.collect::<Vec<_>>(),
        "tables": tables.collect::<Vec<_>>(),
    })
}
