//! The adapter as a whole, on a small shop.

use std::path::Path;

use super::*;
use crate::model::{Dialect, History, MigrationStep, Quoting, Standing, Step, TransactionRule, Value};

mod history;
mod mend;
mod plan;
mod plugins;
mod status;

/// A small shop.
const SHOP: [(&str, &str); 3] = [
    (
        "1_customers.sql",
        "-- migrate:up\nCREATE TABLE customers (id int);\n-- migrate:down\nDROP TABLE customers;\n",
    ),
    ("2_orders.sql", "-- migrate:up\nCREATE TABLE orders (id int);\n-- migrate:down\nDROP TABLE orders;\n"),
    (
        "3_index.sql",
        "-- migrate:up transaction=none\nCREATE INDEX i ON orders (id);\n-- migrate:down\nDROP INDEX i;\n",
    ),
];

fn project(texts: &[(&str, &str)]) -> Native {
    Native::from_texts(Path::new("migrations"), TableName::default(), texts.iter().copied()).unwrap()
}

fn server(dialect: Dialect) -> Server {
    let (schema, user) = match dialect {
        Dialect::Postgres => ("public", "shop"),
        Dialect::Sqlite => ("main", ""),
        _ => ("shop", "shop"),
    };
    Server {
        dialect,
        version: (15, 0, 0),
        version_text: "15.0".into(),
        database: "shop".into(),
        schema: schema.into(),
        user: user.into(),
        search_path: "\"$user\", public".into(),
        session_id: 1,
        quoting: Quoting::of(dialect).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    }
}

fn row(project: &Native, version: &str) -> Vec<Value> {
    let wanted = Version::parse(version).unwrap();
    let file = project.files().iter().find(|file| file.version == wanted).unwrap();
    row_of(version, &file.name, "migration", Some(&file.checksum()))
}

fn row_of(version: &str, name: &str, kind: &str, checksum: Option<&str>) -> Vec<Value> {
    let text = |text: &str| Some(text.to_owned());
    vec![
        text(version),
        text(name),
        text(kind),
        checksum.map(str::to_owned),
        text("1"),
        text("2024-01-02T03:04:05Z"),
        None,
    ]
}

fn history(rows: Vec<Vec<Value>>) -> History {
    History { exists: true, rows }
}

fn states(project: &Native, history: &History) -> Vec<(String, String, Standing)> {
    let server = server(Dialect::Sqlite);
    let context = Context { server: &server, history, answers: &[], unfinished: None };
    let entries = project.status(&context).unwrap();
    entries.into_iter().map(|entry| (entry.id, entry.state, entry.standing)).collect()
}

fn plan_on(
    dialect: Dialect,
    project: &Native,
    history: &History,
    request: &Request,
) -> Result<Plan, AdapterError> {
    let server = server(dialect);
    project.plan(&Context { server: &server, history, answers: &[], unfinished: None }, request)
}

fn up(to: Option<&str>, steps: Option<usize>) -> Request {
    Request { direction: Some(Direction::Up), to: to.map(str::to_owned), steps }
}

fn down(to: Option<&str>, steps: Option<usize>) -> Request {
    Request { direction: Some(Direction::Down), to: to.map(str::to_owned), steps }
}

/// The titles that a request runs.
fn titles(project: &Native, history: &History, request: &Request) -> Vec<String> {
    let plan = plan_on(Dialect::Sqlite, project, history, request).unwrap();
    plan.migrations().map(|step| step.title.clone()).collect()
}

/// A refusal as a user would see it.
fn refusal(project: &Native, history: &History, request: &Request) -> String {
    shown(&plan_on(Dialect::Sqlite, project, history, request).unwrap_err())
}

fn shown(error: &AdapterError) -> String {
    match error {
        AdapterError::Refused { message, advice, .. } => {
            format!("{message}\n  {}", advice.as_deref().unwrap_or("no advice"))
        }
        AdapterError::Invalid { message, problems } => {
            let problems: Vec<String> =
                problems.iter().map(|problem| format!("\n  {} {}", problem.code, problem.message)).collect();
            format!("{message}{}", problems.concat())
        }
    }
}

fn first_step(plan: &Plan) -> &MigrationStep {
    plan.migrations().next().unwrap()
}

fn setups(plan: &Plan) -> Vec<String> {
    let setup = |step: &Step| match step {
        Step::Setup(setup) => Some(format!("{}\n{}", setup.message, setup.statements.join("\n"))),
        _ => None,
    };
    plan.steps.iter().filter_map(setup).collect()
}

#[test]
fn the_demo_project_is_reversible_from_end_to_end() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let demo = Native::load(&demo, TableName::default()).unwrap();
    assert!(!demo.files().is_empty());
    assert!(demo.files().iter().all(MigrationFile::is_reversible));
}
