//! Making a database that is not there, as `db:create` does.

use dunlin_compat::model::Dialect;
use dunlin_compat::rails::connection::{self, Family};

use super::end::End;
use super::project::{Application, Database};
use crate::cli::output;
use crate::db::{self, Access, ConnectOptions, DatabaseUrl, DbError};

/// MySQL's and MariaDB's number for a database that is not there.
const UNKNOWN_DATABASE: i32 = 1049;

/// Whether a server says that there is no such database.
pub fn is_missing(error: &DbError) -> bool {
    error.sqlstate.as_deref() == Some("3D000")
        || (error.code == Some(UNKNOWN_DATABASE) && error.sqlstate.is_some())
}

/// Makes it, after `DatabaseTasks.create`. A file of SQLite comes with its first session.
pub fn run(application: &Application<'_>, database: &Database) -> Result<(), End> {
    let name = database.shown()?;
    if let Some((statement, url)) = statement(application, database, &name)? {
        let options = ConnectOptions { access: Access::Write, ..ConnectOptions::default() };
        match db::connect(&url, &options)?.execute(&statement) {
            Ok(_) => {}
            // Another process was faster.
            Err(error) if exists_already(&error) => {
                output::note(&format!("Database '{name}' already exists"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if application.variable("VERBOSE").is_none_or(|value| value != "false") {
        output::line(&format!("Created database '{name}'"))?;
    }
    Ok(())
}

fn exists_already(error: &DbError) -> bool {
    error.sqlstate.as_deref() == Some("42P04") || error.code == Some(1007)
}

/// The statement, and where it is sent to.
fn statement(
    application: &Application<'_>,
    database: &Database,
    name: &str,
) -> Result<Option<(String, DatabaseUrl)>, End> {
    let text = |key: &str| database.config.text(key).map_err(|error| End::from(error.refusal()));
    let mut url = database.url.clone();
    Ok(match connection::family(&database.config)? {
        Family::Sqlite => None,
        Family::Postgres => {
            let quote = |name: &str| Dialect::Postgres.quote_identifier(name);
            let literal = |value: &str| Dialect::Postgres.quote_literal(value);
            let charset = || application.variable("CHARSET").unwrap_or_else(|| "utf8".to_owned());
            let encoding = text("encoding")?.unwrap_or_else(charset);
            let mut statement = format!("CREATE DATABASE {} ENCODING = {}", quote(name), literal(&encoding));
            for (key, word) in [("owner", "OWNER"), ("template", "TEMPLATE"), ("tablespace", "TABLESPACE")] {
                if let Some(value) = text(key)? {
                    statement.push_str(&format!(" {word} = {}", quote(&value)));
                }
            }
            for (key, word) in [("collation", "LC_COLLATE"), ("ctype", "LC_CTYPE")] {
                if let Some(value) = text(key)? {
                    statement.push_str(&format!(" {word} = {}", literal(&value)));
                }
            }
            if let Some(limit) = text("connection_limit")?.and_then(|limit| limit.parse::<i64>().ok()) {
                statement.push_str(&format!(" CONNECTION LIMIT = {limit}"));
            }
            url.database = Some("postgres".to_owned());
            Some((statement, url))
        }
        Family::Mysql => {
            let quote = |name: &str| Dialect::Mysql.quote_identifier(name);
            let how = match (text("collation")?, text("encoding")?) {
                (Some(collation), _) => format!("DEFAULT COLLATE {}", quote(&collation)),
                (None, Some(charset)) => format!("DEFAULT CHARACTER SET {}", quote(&charset)),
                (None, None) => format!("DEFAULT CHARACTER SET {}", quote("utf8mb4")),
            };
            url.database = None;
            Some((format!("CREATE DATABASE {} {how}", quote(name)), url))
        }
    })
}
