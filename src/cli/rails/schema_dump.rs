//! `db:schema:dump`: db/schema.rb as Active Record writes it, or db/structure.sql by the server's own program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use dunlin_compat::model::Dialect;
use dunlin_compat::rails::databases::DatabaseConfig;
use dunlin_compat::rails::dump::{self, DumpOptions, Program};
use dunlin_compat::rails::schema_file;
use dunlin_compat::rails::task::Task;
use dunlin_compat::settings::rails::SchemaFormat;
use serde_json::{Value, json};

use super::end::End;
use super::observer::RailsObserver;
use super::project::{Application, Database};
use crate::cli::failure::Failure;
use crate::db::{Access, Connection};
use crate::engine::{self, Snapshot};

/// Runs the task.
pub fn run(application: &Application<'_>, task: &Task, observer: &mut RailsObserver) -> Result<(), End> {
    all(application, task.database.as_deref(), observer)
}

/// Dumps the databases of the environment, or the one that is named; of two with one file the first.
pub fn all(
    application: &Application<'_>,
    named: Option<&str>,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let format = application.variable("SCHEMA_FORMAT");
    let mut seen = Vec::new();
    for config in application.configs(named)? {
        let (_, path) = file(application, config, format.as_deref())?;
        if seen.contains(&path) {
            continue;
        }
        one(application, &application.database(config)?, format.as_deref(), observer)?;
        seen.push(path);
    }
    Ok(())
}

/// The format and the file of a database's schema; no file where it has none.
pub fn file(
    application: &Application<'_>,
    config: &DatabaseConfig,
    format: Option<&str>,
) -> Result<(SchemaFormat, Option<std::path::PathBuf>), End> {
    let project = &application.project;
    let format = schema_file::format(config, project.schema_format()?, format, project.release)?;
    let named = application.variable("SCHEMA");
    Ok((format, schema_file::path(config, format, named.as_deref(), project.release)?))
}

/// Dumps a database.
pub fn one(
    application: &Application<'_>,
    database: &Database,
    format: Option<&str>,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let (format, path) = file(application, &database.config, format)?;
    let Some(path) = path else { return Ok(()) };
    let whole = application.project.root.join(&path);
    let unwritten = |path: &Path, error: std::io::Error| {
        End::from(Failure::new("FILE", format!("{} cannot be written: {error}", path.display())))
    };
    let folder = application.project.root.join("db");
    fs::create_dir_all(&folder).map_err(|error| unwritten(&folder, error))?;
    let text = match format {
        SchemaFormat::Ruby => {
            let given = database.call("dump_schema", &json!({}), observer)?;
            let text = given.get("text").and_then(Value::as_str);
            text.ok_or_else(|| Failure::new("GUEST", "the guest gave no schema"))?.to_owned()
        }
        SchemaFormat::Sql => structure(application, database, &path)?,
    };
    fs::write(&whole, text).map_err(|error| unwritten(&whole, error))
}

/// What `structure.sql` is to hold.
fn structure(application: &Application<'_>, database: &Database, path: &Path) -> Result<String, End> {
    let project = &application.project;
    let mut connection = session(application, database)?;
    let options = DumpOptions {
        flags: project.structure_dump_flags(),
        schemas: project.dump_schemas()?,
        ignored: ignored(connection.as_mut(), &project.ignored_tables())?,
    };
    let program = dump::dump(&database.config, &path.display().to_string(), &options, project.release)?;
    execute(&program, &project.root)?;
    let whole = project.root.join(path);
    let mut text = fs::read_to_string(&whole)
        .map_err(|error| Failure::new("FILE", format!("{} cannot be read: {error}", whole.display())))?;
    let dialect = connection.server().dialect;
    if dialect == Dialect::Postgres {
        let outcome = connection.execute("SHOW search_path")?;
        let search_path = outcome.rows.first().and_then(|row| row.first().cloned().flatten());
        text = dump::postgres_structure(&text, &search_path.unwrap_or_default());
    }
    let snapshot = Snapshot::read(connection.as_mut(), &database.adapter)?;
    if snapshot.history.exists {
        let versions: Vec<String> =
            snapshot.history.rows.iter().filter_map(|row| row.first().cloned().flatten()).collect();
        let adapter = &database.adapter;
        text.push_str(&schema_file::structure_tail(&versions, &adapter.tables, adapter.release, dialect));
    }
    Ok(text)
}

/// A session as migrations have it.
fn session(application: &Application<'_>, database: &Database) -> Result<Box<dyn Connection>, End> {
    let open = || database.connect(Access::Write);
    Ok(engine::open_session(&open, &database.adapter, &application.options)?)
}

/// The tables that are there and are not to be dumped, in the server's order.
fn ignored(connection: &mut dyn Connection, names: &[String]) -> Result<Vec<String>, End> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let tables = match connection.server().dialect {
        Dialect::Postgres => {
            "SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f')"
        }
        Dialect::Mysql | Dialect::Mariadb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        }
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE name <> 'sqlite_sequence' AND type IN ('table','view')"
        }
    };
    let rows = connection.execute(tables)?.rows;
    let found = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
    Ok(found.filter(|table| names.contains(table)).collect())
}

/// Runs a program of a server in the project's folder.
fn execute(program: &Program, root: &Path) -> Result<(), End> {
    let failed = || End::rails("RuntimeError", program.failure());
    let file = |path: &str| root.join(path);
    let mut command = Command::new(program.name);
    command.args(&program.arguments).current_dir(root).stdin(Stdio::null());
    command.envs(program.variables.iter().map(|(name, value)| (*name, value.as_str())));
    if let Some(output) = &program.output {
        command.stdout(fs::File::create(file(output)).map_err(|_| failed())?);
    }
    if let Some(input) = &program.input {
        command.stdin(fs::File::open(file(input)).map_err(|_| failed())?);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(failed()),
    }
}
