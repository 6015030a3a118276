//! `db:schema:load`: db/schema.rb by Active Record, db/structure.sql by the engine itself.

use std::path::Path;
use std::sync::Arc;

use dunlin_compat::model::{
    Block, Body, Code, Context, Direction, EachStatement, MigrationStep, Plan, Record, Source, Step,
    TransactionRule,
};
use dunlin_compat::rails::dump;
use dunlin_compat::rails::schema_file;
use dunlin_compat::rails::task::{self, Task};
use dunlin_compat::settings::rails::SchemaFormat;
use serde_json::json;

use super::end::End;
use super::observer::RailsObserver;
use super::project::{Application, Database};
use super::{environments, schema_dump};
use crate::cli::failure::Failure;
use crate::db::Access;
use crate::db::url::Engine;
use crate::engine::{self, OnUnfinished};

/// Runs the task: for the environment, and for that of tests when it goes with it.
pub fn run(application: &Application<'_>, task: &Task, observer: &mut RailsObserver) -> Result<(), End> {
    environments::check(application)?;
    let format = application.variable("SCHEMA_FORMAT");
    if let Some(named) = task.database.as_deref() {
        for config in application.configs(Some(named))? {
            one(application, &application.database(config)?, format.as_deref(), observer)?;
        }
        return Ok(());
    }
    let variable = |name: &str| application.variable(name);
    for environment in task::environments(&application.project.environment, &variable) {
        let configs = application.project.databases.of(&environment).map_err(|error| error.refusal())?;
        for config in configs {
            one(application, &application.database(config)?, format.as_deref(), observer)?;
        }
    }
    Ok(())
}

/// Loads the schema of a database, and records what it has.
pub fn one(
    application: &Application<'_>,
    database: &Database,
    format: Option<&str>,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let root = &application.project.root;
    let (format, path) = schema_dump::file(application, &database.config, format)?;
    let Some(path) = path else { return Ok(()) };
    let whole = root.join(&path);
    let bytes = match std::fs::read(&whole) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Rails knows the folder of its own files by its whole path.
            let is_named = application.variable("SCHEMA").is_some();
            let shown = if is_named { &path } else { &whole };
            return Err(End::Abort(schema_file::missing(shown, root).to_string()));
        }
        Err(error) => {
            let message = format!("{} cannot be read: {error}", whole.display());
            return Err(Failure::new("FILE", message).into());
        }
    };
    let sha1 = schema_file::sha1(&bytes);
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new("FILE", format!("{} is not UTF-8", whole.display())))?;
    // Rails is silent here unless it is told otherwise.
    let verbose = application.variable("VERBOSE").is_some_and(|value| value != "false");
    let step = step(database, &whole, &path, text, format, verbose)?;
    let planner = |_: &Context<'_>| {
        Ok(Plan { steps: vec![Step::Migration(Box::new(step.clone()))], ..Plan::default() })
    };
    let open = || database.connect(Access::Write);
    let mut guests = database.guests.borrow_mut();
    let was_quiet = std::mem::replace(&mut observer.is_quiet, true);
    let loaded = engine::run(
        &open,
        &database.adapter,
        &planner,
        OnUnfinished::Resume,
        &application.options,
        Some(&mut *guests),
        observer,
    );
    observer.is_quiet = was_quiet;
    loaded.map_err(End::of_schema)?;
    drop(guests);
    let planner = |context: &Context<'_>| {
        let setup = database.adapter.record_schema(context, None, &sha1)?;
        Ok(Plan { steps: vec![Step::Setup(setup)], ..Plan::default() })
    };
    environments::change(application, database, &planner, observer)
}

/// A schema file as a migration, which a crash leaves as one: where the server can, everything of it or nothing.
fn step(
    database: &Database,
    whole: &Path,
    shown: &Path,
    text: String,
    format: SchemaFormat,
    verbose: bool,
) -> Result<MigrationStep, End> {
    let is_postgres = database.url.engine == Engine::Postgres;
    let is_mysql = database.url.engine == Engine::Mysql;
    let (body, transaction, text) = match format {
        SchemaFormat::Ruby => {
            let transaction = if is_mysql { TransactionRule::Never } else { TransactionRule::Always };
            let options = json!({ "schema": true, "transaction": !is_mysql, "verbose": verbose });
            let guest = Arc::clone(&database.adapter.guest);
            (Body::Code(Box::new(Code { guest, carrier: None, options })), transaction, text)
        }
        SchemaFormat::Sql => {
            let text = if is_postgres {
                dump::without_commands(&text).map_err(|line| {
                    Failure::new("SCHEMA", "a command of psql, which dunlin does not run")
                        .at(whole, line)
                        .help("Write it in SQL, or load this file with bin/rails db:schema:load.")
                })?
            } else if database.url.engine == Engine::Sqlite {
                dump::without_system_table(&text)
            } else {
                text
            };
            (Body::Sql, TransactionRule::Auto, text)
        }
    };
    let without_checks = is_mysql && format == SchemaFormat::Sql;
    let checks = |statement: &str| if without_checks { vec![statement.to_owned()] } else { Vec::new() };
    Ok(MigrationStep {
        id: "schema".to_owned(),
        title: shown.display().to_string(),
        direction: Direction::Up,
        before: Vec::new(),
        blocks: vec![Block { source: Source::file(whole, text), body, transaction }],
        after: Vec::new(),
        on_error: Vec::new(),
        each_statement: EachStatement::default(),
        // As Rails has MySQL's client load it.
        session: checks("SET FOREIGN_KEY_CHECKS = 0"),
        restore: checks("SET FOREIGN_KEY_CHECKS = 1"),
        record: Record::default(),
        group: None,
    })
}
