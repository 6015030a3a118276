//! A Knex configuration: what a knexfile gave, as JSON, and what the command line says besides.
//!
//! A knexfile is code; whoever evaluates it hands over an object in which functions are `{"function": true}`.

use serde_json::{Map, Value};

use super::client::{Client, Family};
use super::files::LOAD_EXTENSIONS;
use crate::model::{AdapterError, Dialect};

/// The connection settings of one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `client`, or its older name `dialect`.
    pub client: Client,
    /// `connection`: text or object.
    pub connection: Value,
    /// `searchPath` of PostgreSQL.
    pub search_path: Vec<String>,
    /// `migrations`.
    pub migrations: Migrations,
}

/// `migrations` of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrations {
    /// `directory`: one or several.
    pub directories: Vec<String>,
    /// `extension` of new migrations, if it is set.
    pub extension: Option<String>,
    /// `loadExtensions`, with their dots.
    pub load_extensions: Vec<String>,
    /// `tableName`.
    pub table_name: String,
    /// `schemaName`.
    pub schema_name: Option<String>,
    /// `sortDirsSeparately`.
    pub sort_dirs_separately: bool,
    /// `disableTransactions`.
    pub disable_transactions: bool,
    /// `disableMigrationsListValidation`.
    pub disable_list_validation: bool,
    /// `stub`: the file that new migrations are made from.
    pub stub: Option<String>,
    /// Whether there is a `migrationSource` that is used: nothing that belongs to files is set beside it.
    pub custom_source: bool,
    /// Which of the hooks there are: `beforeAll`, `afterAll`, `beforeEach`, `afterEach`.
    pub hooks: Vec<String>,
}

impl Default for Migrations {
    fn default() -> Migrations {
        Migrations {
            directories: vec!["./migrations".to_owned()],
            extension: None,
            load_extensions: LOAD_EXTENSIONS.map(str::to_owned).to_vec(),
            table_name: "knex_migrations".to_owned(),
            schema_name: None,
            sort_dirs_separately: false,
            disable_transactions: false,
            disable_list_validation: false,
            stub: None,
            custom_source: false,
            hooks: Vec::new(),
        }
    }
}

/// What the command line says of the configuration; each replaces what the knexfile says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--client`
    pub client: Option<String>,
    /// `--connection`
    pub connection: Option<String>,
    /// `--migrations-directory`
    pub migrations_directory: Option<String>,
    /// `--migrations-table-name`
    pub migrations_table_name: Option<String>,
}

const HOOKS: [&str; 4] = ["beforeAll", "afterAll", "beforeEach", "afterEach"];

impl Config {
    /// What Knex begins each connection with: `searchPath`.
    pub fn session_statements(&self) -> Vec<String> {
        let names: Vec<String> =
            self.search_path.iter().map(|name| Dialect::Postgres.quote_identifier(name)).collect();
        let is_given = self.client.family() == Family::Postgres && !names.is_empty();
        is_given.then(|| format!("set search_path to {}", names.join(","))).into_iter().collect()
    }

    /// Reads what a knexfile gave for an environment.
    ///
    /// # Errors
    /// `CONFIGURATION`: no client, one that is not run, or a value of the wrong type.
    pub fn read(configuration: &Value, overrides: &Overrides) -> Result<Config, AdapterError> {
        let object = configuration
            .as_object()
            .ok_or_else(|| refused("the knexfile gives no object for a configuration"))?;
        let given = overrides.client.clone().or(text(object, "client")?).or(text(object, "dialect")?);
        let connection = match &overrides.connection {
            Some(url) => Value::String(url.clone()),
            None => object.get("connection").cloned().unwrap_or(Value::Null),
        };
        let Some(name) = given else {
            return Err(refused("the knexfile names no client").advise(
                "Set `client` to pg, mysql2, mysql, mariadb, sqlite3 or better-sqlite3; or give --client.",
            ));
        };
        let client = Client::named(&name).map_err(|error| refused(error.to_string()))?;
        let mut migrations = Migrations::read(object.get("migrations"))?;
        if let Some(directory) = &overrides.migrations_directory {
            migrations.directories = vec![directory.clone()];
        }
        if let Some(table) = &overrides.migrations_table_name {
            migrations.table_name.clone_from(table);
        }
        let search_path = strings(object, "searchPath")?.unwrap_or_default();
        Ok(Config { client, connection, search_path, migrations })
    }
}

impl Migrations {
    fn read(value: Option<&Value>) -> Result<Migrations, AdapterError> {
        let usual = Migrations::default();
        let object = match value {
            None | Some(Value::Null) => return Ok(usual),
            Some(Value::Object(object)) => object,
            Some(other) => return Err(wrong("migrations", "an object", other)),
        };
        let directories = strings(object, "directory")?;
        let load_extensions = strings(object, "loadExtensions")?;
        let sorts = object.get("sortDirsSeparately").filter(|value| !value.is_null());
        // `migrator-configuration-merger.js`: what belongs to files resets a source.
        let files_say = directories.is_some() || load_extensions.is_some() || sorts.is_some();
        let has_source = object.get("migrationSource").is_some_and(|source| !is_falsy(source));
        let schema_name = text(object, "schemaName")?.filter(|name| !name.is_empty());
        Ok(Migrations {
            directories: directories.unwrap_or(usual.directories),
            extension: text(object, "extension")?,
            load_extensions: load_extensions.unwrap_or(usual.load_extensions),
            table_name: text(object, "tableName")?.unwrap_or(usual.table_name),
            schema_name,
            sort_dirs_separately: truth(object, "sortDirsSeparately"),
            disable_transactions: truth(object, "disableTransactions"),
            disable_list_validation: truth(object, "disableMigrationsListValidation"),
            stub: text(object, "stub")?,
            custom_source: has_source && !files_say,
            hooks: HOOKS
                .iter()
                .filter(|hook| object.get(**hook).is_some_and(|value| !is_falsy(value)))
                .map(|hook| (*hook).to_owned())
                .collect(),
        })
    }
}

/// What JavaScript takes for false.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn truth(object: &Map<String, Value>, key: &str) -> bool {
    object.get(key).is_some_and(|value| !is_falsy(value))
}

fn text(object: &Map<String, Value>, key: &str) -> Result<Option<String>, AdapterError> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong(key, "text", other)),
    }
}

/// One text or a list of them.
fn strings(object: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>, AdapterError> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| match item {
                Value::String(text) => Ok(text.clone()),
                other => Err(wrong(key, "a list of texts", other)),
            });
            Ok(Some(texts.collect::<Result<_, _>>()?))
        }
        Some(other) => Err(wrong(key, "text or a list of texts", other)),
    }
}

fn wrong(key: &str, expected: &str, found: &Value) -> AdapterError {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Object(object) if object.contains_key("function") => "a function".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        // Text may be a password.
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    };
    refused(format!("the knexfile's `{key}` is {found}; it has to be {expected}"))
}

fn refused(message: impl Into<String>) -> AdapterError {
    AdapterError::refused("CONFIGURATION", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(configuration: Value) -> Config {
        Config::read(&configuration, &Overrides::default()).unwrap()
    }

    #[test]
    fn what_is_not_said_is_as_in_knex() {
        let config = read(json!({"client": "pg"}));
        assert_eq!(config.client, Client::Pg);
        assert_eq!(config.migrations, Migrations::default());
    }

    #[test]
    fn settings_of_migrations_are_read() {
        let config = read(json!({"client": "sqlite", "connection": {"filename": "a.db"}, "migrations": {
            "directory": ["a", "b"], "tableName": "steps", "schemaName": "admin", "sortDirsSeparately": true,
            "loadExtensions": [".mjs"], "disableTransactions": true, "disableMigrationsListValidation": 1,
            "extension": "ts", "beforeAll": {"function": true}, "afterEach": null,
        }}));
        let expected = Migrations {
            directories: vec!["a".to_owned(), "b".to_owned()],
            extension: Some("ts".to_owned()),
            load_extensions: vec![".mjs".to_owned()],
            table_name: "steps".to_owned(),
            schema_name: Some("admin".to_owned()),
            sort_dirs_separately: true,
            disable_transactions: true,
            disable_list_validation: true,
            stub: None,
            custom_source: false,
            hooks: vec!["beforeAll".to_owned()],
        };
        assert_eq!(config.migrations, expected);
    }

    #[test]
    fn what_belongs_to_files_resets_a_source() {
        let source = json!({"getMigrations": {"function": true}});
        let with = |more: Value| {
            let mut migrations = json!({"migrationSource": source});
            migrations.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            read(json!({"client": "pg", "migrations": migrations})).migrations.custom_source
        };
        assert!(with(json!({})));
        assert!(with(json!({"tableName": "steps"})));
        assert!(!with(json!({"directory": "m"})));
        assert!(!with(json!({"sortDirsSeparately": false})));
        assert!(!with(json!({"loadExtensions": [".js"]})));
    }

    #[test]
    fn the_command_line_comes_first() {
        let overrides = Overrides {
            client: Some("mysql2".to_owned()),
            connection: Some("mysql://a@b/c".to_owned()),
            migrations_directory: Some("m".to_owned()),
            migrations_table_name: Some("steps".to_owned()),
        };
        let config =
            Config::read(&json!({"client": "pg", "migrations": {"directory": ["a", "b"]}}), &overrides)
                .unwrap();
        assert_eq!((config.client, config.connection), (Client::Mysql2, json!("mysql://a@b/c")));
        assert_eq!(config.migrations.directories, ["m"]);
        assert_eq!(config.migrations.table_name, "steps");
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let error = |configuration: Value| {
            Config::read(&configuration, &Overrides::default()).unwrap_err().to_string()
        };
        let all = [
            error(json!([])),
            error(json!({})),
            error(json!({"client": "mssql"})),
            error(json!({"client": "PG"})),
            error(json!({"client": {"function": true}})),
            error(json!({"client": "pg", "migrations": "hidden"})),
            error(json!({"client": "pg", "migrations": {"directory": [1]}})),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        the knexfile gives no object for a configuration
        the knexfile names no client
        the client mssql is not run by dunlin, which speaks to PostgreSQL, MySQL, MariaDB and SQLite
        knex: Unknown configuration option 'client' value PG. Note that it is case-sensitive, check documentation for supported values.
        the knexfile's `client` is a function; it has to be text
        the knexfile's `migrations` is text; it has to be an object
        the knexfile's `directory` is 1; it has to be a list of texts
        ");
    }
}
