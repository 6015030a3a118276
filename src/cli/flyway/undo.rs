//! `flyway undo`: closed in Flyway's open edition, free here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use dunlin_compat::flyway::config::TargetPoint;
use dunlin_compat::flyway::output::{self, UndoItem, UndoResult};
use dunlin_compat::flyway::states::IGNORE_EVERYTHING;
use dunlin_compat::flyway::undo::{Stop, plan};
use dunlin_compat::model::{Context, Plan};
use serde_json::Value;

use super::console::Console;
use super::error::CommandError;
use super::observer::{FlywayObserver, Preface};
use super::session::Session;
use crate::engine::OnUnfinished;

/// Runs the command and returns its result: the last migration is taken back, or all down to and including the target.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let started = Instant::now();
    let stop = match &session.adapter.config.target.point {
        TargetPoint::Version(version) => Stop { through: Some(version.clone()), ..Stop::default() },
        TargetPoint::Latest | TargetPoint::Current | TargetPoint::Next => {
            Stop { steps: Some(1), ..Stop::default() }
        }
    };
    let before: RefCell<Option<(String, Option<String>)>> = RefCell::new(None);
    let items: RefCell<BTreeMap<String, UndoItem>> = RefCell::new(BTreeMap::new());
    let planner = |context: &Context<'_>| -> Result<Plan, dunlin_compat::model::AdapterError> {
        let view = session.adapter.view(context)?;
        let infos = view.infos(&view.rules(&[IGNORE_EVERYTHING], Some("latest"))?)?;
        *before.borrow_mut() = Some((view.schema(), infos.current_version().history_text()));
        let plan = plan(&view, &stop)?;
        for step in plan.migrations() {
            let Some(info) = infos.all.iter().find(|info| {
                info.applied.is_some() && info.version().is_some_and(|version| version.to_string() == step.id)
            }) else {
                continue;
            };
            let item = UndoItem {
                description: info.description().to_owned(),
                execution_time: 0,
                filepath: step
                    .blocks
                    .first()
                    .map(|block| block.source.path.display().to_string())
                    .unwrap_or_default(),
                version: step.id.clone(),
            };
            items.borrow_mut().insert(step.id.clone(), item);
        }
        Ok(plan)
    };
    let mut observer = FlywayObserver::new(console, Rc::new(RefCell::new(Preface::default())), true);
    session.carry_out(&planner, OnUnfinished::Resume, &mut observer, console)?;
    let mut items = items.into_inner();
    let undone: Vec<UndoItem> = observer
        .finished
        .iter()
        .filter_map(|(id, elapsed)| {
            let item = items.remove(id)?;
            Some(UndoItem { execution_time: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), ..item })
        })
        .collect();
    let (schema, initial) = before.into_inner().unwrap_or_default();
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    console.info(&if undone.is_empty() {
        format!("Schema {schema} has no migrations to undo.")
    } else {
        let plural = if undone.len() == 1 { "" } else { "s" };
        format!(
            "Successfully undid {} migration{plural} to schema {schema} (execution time {})",
            undone.len(),
            output::execution_time(milliseconds)
        )
    });
    let result = UndoResult {
        database: session.database(),
        flyway_version: output::FLYWAY_VERSION.to_owned(),
        initial_schema_version: initial,
        migrations_undone: undone.len(),
        operation: "undo".to_owned(),
        schema_name: session.adapter.config.schemas.join(", "),
        target_schema_version: undone.last().map(|item| item.version.clone()),
        undone_migrations: undone,
        warnings: Vec::new(),
    };
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}
