//! `dunlin plugin test`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use super::case::{Case, ExpectedFailure, files_of};
use super::json;
use crate::count::counted;
use crate::plugin::{Outcome, Shape, Transform, Transformer};

/// Run a plugin in its sandbox on rows from files: rows in, changes out
///
/// A case file has a table's columns, rows, and what is expected of them. Without `changes` in it the changes are shown
/// and nothing is compared. Exits with 5 if a case fails.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin test split-name                          the cases in plugins/split-name/cases
  dunlin plugin test plugins/split-name.wasm orders.json
  dunlin plugin test money-cents orders.json --option digits=0")]
pub struct TestArgs {
    /// Its name, its .wasm file, or the folder of its source
    plugin: String,
    /// Case files [default: cases/*.json beside its source]
    cases: Vec<PathBuf>,
    /// Set an option, instead of dunlin.toml and the case
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::option_argument)]
    option: Vec<(String, String)>,
}

/// What became of a case.
struct Tried {
    case: Case,
    outcome: Outcome,
    shape: Shape,
    differences: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &TestArgs) -> Result<Exit, Failure> {
    let named = super::find(global, &arguments.plugin)?;
    let files = match (&arguments.cases[..], &named.source) {
        ([], Some(source)) => files_of(&source.join("cases")),
        ([], None) => Vec::new(),
        (given, _) => given.to_vec(),
    };
    if files.is_empty() {
        return Err(Failure::usage(format!("there are no cases for {}", named.name))
            .help("Name a case file, or write plugins/NAME/cases/NAME.json; docs/plugins.md shows one."));
    }
    let mut results = Vec::with_capacity(files.len());
    for file in &files {
        let case = Case::read(file)?;
        let settings = super::with_options(named.settings.clone(), &case.options);
        let settings =
            super::with_options(settings, arguments.option.iter().map(|(name, value)| (name, value)));
        let transform = Transform::load(&named.file, &settings)?;
        let mut transformer = transform.start(&case.table)?;
        results.push(run_case(case, &mut transformer)?);
    }
    match global.format {
        Format::Json => {
            output::json(&json!({ "cases": results.iter().map(document).collect::<Vec<Json>>() }))?
        }
        Format::Table => output::print(&results.iter().map(text).collect::<String>())?,
    }
    let failed = results.iter().any(|result| !result.differences.is_empty());
    Ok(if failed { Exit::Found } else { Exit::Done })
}

fn run_case(case: Case, transformer: &mut Transformer) -> Result<Tried, Failure> {
    let shape = transformer.shape().clone();
    let rows = case.project(&shape.reads);
    let result = transformer.run(&rows, &|row| case.key_text(row));
    super::show_messages(&transformer.take_messages());
    let outcome = result.map_err(crate::plugin::PluginError::from)?;
    let differences = match &case.changes {
        Some(expected) => differences(&case, &shape, &outcome, expected),
        None => Vec::new(),
    };
    Ok(Tried { case, outcome, shape, differences })
}

/// The changes as objects: the key's columns and those that are written.
fn changes(case: &Case, shape: &Shape, outcome: &Outcome) -> Vec<Map<String, Json>> {
    let object = |change: &crate::plugin::Change| {
        let mut object = case.key(change.row as usize);
        let values = shape.writes.iter().zip(&change.values);
        object.extend(values.map(|(column, value)| (column.name.clone(), json::write(value))));
        object
    };
    outcome.changes.iter().map(object).collect()
}

fn differences(case: &Case, shape: &Shape, outcome: &Outcome, expected: &[Map<String, Json>]) -> Vec<String> {
    let mut found = Vec::new();
    let changes = changes(case, shape, outcome);
    for change in &changes {
        let key = only_key(case, change);
        match expected.iter().find(|expected| only_key(case, expected) == key) {
            None => found.push(format!("{} was not expected", Json::Object(change.clone()))),
            Some(wanted) if !same(wanted, change) => found.push(format!(
                "{} was expected to be {}",
                Json::Object(change.clone()),
                Json::Object(wanted.clone())
            )),
            Some(_) => {}
        }
    }
    for wanted in expected {
        if !changes.iter().any(|change| only_key(case, change) == only_key(case, wanted)) {
            found.push(format!("{} was expected and did not come", Json::Object(wanted.clone())));
        }
    }
    for failure in &outcome.failures {
        let key = case.key(failure.row);
        let fits = |expected: &&ExpectedFailure| {
            expected.key == key
                && (expected.column.is_none() || expected.column == failure.column)
                && expected.message.as_ref().is_none_or(|message| failure.message.contains(message))
        };
        if case.failures.iter().find(fits).is_none() {
            found.push(format!(
                "{} failed, which was not expected so: {}",
                Json::Object(key),
                failure.message
            ));
        }
    }
    for wanted in &case.failures {
        if !outcome.failures.iter().any(|failure| case.key(failure.row) == wanted.key) {
            found.push(format!("{} was expected to fail and did not", Json::Object(wanted.key.clone())));
        }
    }
    found
}

fn only_key(case: &Case, object: &Map<String, Json>) -> Map<String, Json> {
    case.table.key.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone()))).collect()
}

/// Whether two objects are the same; numbers are compared as numbers.
fn same(wanted: &Map<String, Json>, found: &Map<String, Json>) -> bool {
    wanted.len() == found.len()
        && wanted.iter().all(|(name, wanted)| match (wanted, found.get(name)) {
            (Json::Number(wanted), Some(Json::Number(found))) => {
                wanted == found || (wanted.as_i64().is_none() && wanted.as_f64() == found.as_f64())
            }
            (wanted, found) => Some(wanted) == found,
        })
}

fn document(result: &Tried) -> Json {
    let Tried { case, outcome, shape, differences } = result;
    let failures = outcome.failures.iter().map(|failure| {
        json!({ "key": case.key(failure.row), "column": failure.column, "message": failure.message })
    });
    json!({
        "case": case.path.display().to_string(),
        "compared": case.changes.is_some(),
        "rows": case.rows.len(),
        "changes": changes(case, shape, outcome),
        "failures": failures.collect::<Vec<Json>>(),
        "differences": differences,
    })
}

fn text(result: &Tried) -> String {
    let Tried { case, outcome, shape, differences } = result;
    let state = match (&case.changes, differences.is_empty()) {
        (None, _) => "ran",
        (Some(_), true) => "ok",
        (Some(_), false) => "FAILED",
    };
    let mut text = format!(
        "{state}  {}: {}, {}, {}\n",
        case.path.display(),
        counted(case.rows.len(), "row"),
        counted(outcome.changes.len(), "change"),
        counted(outcome.failures.len(), "failure")
    );
    if case.changes.is_none() {
        for change in &outcome.changes {
            for (column, value) in shape.writes.iter().zip(&change.values) {
                let row = change.row as usize;
                let (before, after) = (case.shown(row, &column.name), json::write(value));
                text.push_str(&format!("  {}  {}: {before} → {after}\n", case.key_text(row), column.name));
            }
        }
        for failure in &outcome.failures {
            let column = failure.column.as_ref().map(|column| format!("{column}: ")).unwrap_or_default();
            text.push_str(&format!("  {}  {column}{}\n", case.key_text(failure.row), failure.message));
        }
    }
    text.extend(differences.iter().map(|difference| format!("  - {difference}\n")));
    text
}
