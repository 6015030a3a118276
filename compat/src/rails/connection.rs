//! The settings of a database as dunlin's own database URL.

use std::path::Path;

use super::databases::{ConfigError, DatabaseConfig};
use super::pragmas;
use super::release::Release;
use super::yaml::Yaml;
use crate::model::AdapterError;

/// A server that dunlin speaks to, as Rails' adapters have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `postgresql`, `postgis`
    Postgres,
    /// `mysql2`, `trilogy`
    Mysql,
    /// `sqlite3`
    Sqlite,
}

/// The family of an adapter of Rails.
///
/// # Errors
/// There is none of this name, or none that dunlin runs.
pub fn family(config: &DatabaseConfig) -> Result<Family, AdapterError> {
    let name = text(config, "adapter")?;
    match name.as_deref() {
        Some("postgresql" | "postgis") => Ok(Family::Postgres),
        Some("mysql2" | "trilogy") => Ok(Family::Mysql),
        Some("sqlite3") => Ok(Family::Sqlite),
        None => Err(AdapterError::refused(
            "ActiveRecord::AdapterNotSpecified",
            format!(
                "the database {} of the environment {} names no adapter",
                config.name, config.environment
            ),
        )),
        Some(other) => Err(refused(format!(
            "the adapter {other} is not run by dunlin, which speaks to PostgreSQL, MySQL, MariaDB and SQLite"
        ))),
    }
}

/// The URL of a database. Files of SQLite lie below `root`; what PostgreSQL's own variables say fills what is missing.
///
/// # Errors
/// A value is not known without Ruby, or the database is none that dunlin reaches.
pub fn url(
    config: &DatabaseConfig,
    root: &Path,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<String, AdapterError> {
    match family(config)? {
        Family::Sqlite => sqlite(config, root),
        Family::Postgres => postgres(config, variables),
        Family::Mysql => mysql(config),
    }
}

fn sqlite(config: &DatabaseConfig, root: &Path) -> Result<String, AdapterError> {
    let Some(database) = text(config, "database")? else {
        return Err(AdapterError::refused(
            "ArgumentError",
            "No database file specified. Missing argument: database",
        ));
    };
    if database == ":memory:" || database.contains("mode=memory") || database.starts_with("file::memory:") {
        return Err(refused("the database is in memory: it would be gone when the run ends"));
    }
    let path = match database.strip_prefix("file:") {
        Some(uri) => uri.split('?').next().unwrap_or_default().trim_start_matches("//"),
        None => &database,
    };
    Ok(format!("sqlite:{}", root.join(path).display()))
}

/// Keys that mean the same in a URL of libpq.
const OF_LIBPQ: [&str; 10] = [
    "hostaddr",
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "connect_timeout",
    "application_name",
    "options",
    "channel_binding",
    "target_session_attrs",
];

fn postgres(
    config: &DatabaseConfig,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<String, AdapterError> {
    if text(config, "service")?.is_some() {
        return Err(refused("the key `service` of the database is not known to dunlin")
            .advise("Write the service's host, user and database into config/database.yml."));
    }
    let value = |keys: [&str; 2], variable: &str| -> Result<Option<String>, AdapterError> {
        let [first, second] = keys;
        Ok(match text(config, first)? {
            Some(text) => Some(text),
            None => text(config, second)?.or_else(|| variables(variable).filter(|value| !value.is_empty())),
        })
    };
    let host = value(["host", "host"], "PGHOST")?;
    let port = value(["port", "port"], "PGPORT")?;
    let user = value(["username", "user"], "PGUSER")?;
    let password = value(["password", "password"], "PGPASSWORD")?;
    let database = value(["database", "dbname"], "PGDATABASE")?;
    let mut parameters = Vec::new();
    let tcp = host.as_deref().filter(|host| !host.starts_with('/') && !host.contains(','));
    if let (Some(host), None) = (&host, tcp) {
        parameters.push(format!("host={}", encode(host)));
        parameters.extend(port.as_ref().map(|port| format!("port={}", encode(port))));
    }
    for key in OF_LIBPQ {
        let variable = match key {
            "sslmode" => variables("PGSSLMODE"),
            "sslcert" => variables("PGSSLCERT"),
            "sslkey" => variables("PGSSLKEY"),
            "sslrootcert" => variables("PGSSLROOTCERT"),
            _ => None,
        };
        parameters.extend(text(config, key)?.or(variable).map(|value| format!("{key}={}", encode(&value))));
    }
    Ok(assemble("postgres", &Place { user, password, host: tcp, port, database }, &parameters))
}

fn mysql(config: &DatabaseConfig) -> Result<String, AdapterError> {
    let host = text(config, "host")?;
    let socket = text(config, "socket")?;
    let mut parameters = Vec::new();
    // The client takes a socket for `localhost` and for no host.
    let by_socket = host.as_deref().is_none_or(|host| host == "localhost");
    if let (Some(socket), true) = (&socket, by_socket) {
        parameters.push(format!("socket={}", encode(socket)));
    }
    if let Some(mode) = text(config, "ssl_mode")? {
        let mode = mode.to_uppercase().trim_start_matches("SSL_MODE_").to_owned();
        parameters.push(format!("ssl-mode={}", encode(&mode)));
    } else if text(config, "sslca")?.is_some()
        && config.is_true("sslverify", false).map_err(|error| error.refusal())?
    {
        parameters.push("ssl-mode=VERIFY_IDENTITY".to_owned());
    }
    for (key, name) in [
        ("sslca", "ssl-ca"),
        ("sslcert", "ssl-cert"),
        ("sslkey", "ssl-key"),
        ("connect_timeout", "connect_timeout"),
    ] {
        parameters.extend(text(config, key)?.map(|value| format!("{name}={}", encode(&value))));
    }
    let place = Place {
        user: text(config, "username")?,
        password: text(config, "password")?,
        host: Some(host.as_deref().unwrap_or("localhost")),
        port: text(config, "port")?,
        database: text(config, "database")?,
    };
    Ok(assemble("mysql", &place, &parameters))
}

struct Place<'a> {
    user: Option<String>,
    password: Option<String>,
    host: Option<&'a str>,
    port: Option<String>,
    database: Option<String>,
}

fn assemble(scheme: &str, place: &Place<'_>, parameters: &[String]) -> String {
    let mut url = format!("{scheme}://");
    if let Some(user) = &place.user {
        url.push_str(&encode(user));
        if let Some(password) = &place.password {
            url.push(':');
            url.push_str(&encode(password));
        }
        url.push('@');
    }
    if let Some(host) = place.host {
        url.push_str(&if host.contains(':') { format!("[{host}]") } else { host.to_owned() });
        if let Some(port) = &place.port {
            url.push(':');
            url.push_str(port);
        }
    }
    url.push('/');
    url.push_str(&encode(place.database.as_deref().unwrap_or_default()));
    if !parameters.is_empty() {
        url.push('?');
        url.push_str(&parameters.join("&"));
    }
    url
}

/// What sessions that migrate begin with on SQLite: [`pragmas`]. Some of them are kept in the file, so what only reads does without.
///
/// # Errors
/// A value is not known without Ruby.
pub fn pragmas(config: &DatabaseConfig, release: Release) -> Result<Vec<String>, AdapterError> {
    if family(config)? == Family::Sqlite { pragmas::statements(config, release) } else { Ok(Vec::new()) }
}

/// What Rails begins every session on a server with: `schema_search_path` and `variables`, so that names are found where it
/// finds them.
///
/// # Errors
/// A value is not known without Ruby.
pub fn session_statements(config: &DatabaseConfig) -> Result<Vec<String>, AdapterError> {
    let mut statements = Vec::new();
    let family = family(config)?;
    if family == Family::Sqlite {
        return Ok(statements);
    }
    if family == Family::Postgres {
        let path = match text(config, "schema_search_path")? {
            Some(path) => Some(path),
            None => text(config, "schema_order")?,
        };
        statements.extend(path.map(|path| format!("SET search_path TO {path}")));
    }
    if let Some(Yaml::Map(variables)) = config.get("variables").map_err(|error| error.refusal())? {
        for (name, value) in variables {
            let is_default = matches!(value, Yaml::Text(text) | Yaml::Symbol(text) if text == "default" || text == ":default");
            let (name, value) = match (value, is_default) {
                (Yaml::Nil, _) => continue,
                (_, true) => (name.to_text(), "DEFAULT".to_owned()),
                (Yaml::Integer(number), _) => (name.to_text(), number.to_string()),
                (Yaml::Bool(value), _) => (name.to_text(), value.to_string().to_uppercase()),
                (value, _) => (name.to_text(), format!("'{}'", value.to_text().replace('\'', "''"))),
            };
            match family {
                Family::Postgres => statements.push(format!("SET SESSION {name} TO {value}")),
                Family::Mysql => statements.push(format!("SET @@SESSION.{name} = {value}")),
                Family::Sqlite => {}
            }
        }
    }
    Ok(statements)
}

fn text(config: &DatabaseConfig, key: &str) -> Result<Option<String>, AdapterError> {
    config.text(key).map_err(|error: ConfigError| error.refusal())
}

/// Percent-encodes what is not a letter, a digit or `-._~`.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn refused(message: impl Into<String>) -> AdapterError {
    AdapterError::refused("CONFIGURATION", message)
}

#[cfg(test)]
mod tests {
    use super::super::databases::Databases;
    use super::super::ruby::evaluate::Surroundings;
    use super::*;
    use crate::model::ForeignKeys;

    fn config(lines: &str) -> DatabaseConfig {
        let around =
            Surroundings { variables: &|_| None, root: Path::new("/srv/shop"), environment: "staging" };
        let text = format!("staging: {{{lines}}}\n");
        let databases = Databases::parse(Path::new("database.yml"), &text, Release(8, 1), around).unwrap();
        databases.all.into_iter().next().unwrap()
    }

    fn of(lines: &str) -> String {
        let variables = |name: &str| (name == "PGUSER").then(|| "me".to_owned());
        url(&config(lines), Path::new("/srv/shop"), &variables)
            .unwrap_or_else(|error| format!("error: {error}"))
    }

    #[test]
    fn settings_become_urls() {
        for (lines, expected) in [
            (
                "adapter: postgresql, host: db, port: 5433, username: a, password: 'p@s/w', database: shop",
                "postgres://a:p%40s%2Fw@db:5433/shop",
            ),
            ("adapter: postgis, database: shop", "postgres://me@/shop"),
            (
                "adapter: postgresql, host: /run/pg, port: 5433, database: shop",
                "postgres://me@/shop?host=%2Frun%2Fpg&port=5433",
            ),
            (
                "adapter: postgresql, host: '::1', user: b, dbname: shop, sslmode: require, pool: 5, encoding: unicode",
                "postgres://b@[::1]/shop?sslmode=require",
            ),
            (
                "adapter: mysql2, host: db, username: a, password: 01234, database: shop, encoding: utf8mb4",
                "mysql://a:668@db/shop",
            ),
            (
                "adapter: mysql2, socket: /run/my.sock, username: root, database: shop",
                "mysql://root@localhost/shop?socket=%2Frun%2Fmy.sock",
            ),
            (
                "adapter: trilogy, host: db, port: 3307, database: shop, ssl_mode: required",
                "mysql://db:3307/shop?ssl-mode=REQUIRED",
            ),
            ("adapter: sqlite3, database: db/dev.sqlite3", "sqlite:/srv/shop/db/dev.sqlite3"),
            ("adapter: sqlite3, database: /var/dev.sqlite3", "sqlite:/var/dev.sqlite3"),
            (
                "adapter: sqlite3, database: 'file:db/dev.sqlite3?cache=shared'",
                "sqlite:/srv/shop/db/dev.sqlite3",
            ),
        ] {
            assert_eq!(of(lines), expected, "{lines}");
        }
    }

    #[test]
    fn what_is_not_reached_is_refused() {
        let errors = [
            "adapter: oracle_enhanced, database: a",
            "database: a",
            "adapter: sqlite3, database: ':memory:'",
            "adapter: sqlite3",
            "adapter: postgresql, service: shop",
        ]
        .map(of);
        insta::assert_snapshot!(errors.join("\n"), @r"
        error: the adapter oracle_enhanced is not run by dunlin, which speaks to PostgreSQL, MySQL, MariaDB and SQLite
        error: the database primary of the environment staging names no adapter
        error: the database is in memory: it would be gone when the run ends
        error: No database file specified. Missing argument: database
        error: the key `service` of the database is not known to dunlin
        ");
    }

    #[test]
    fn sessions_begin_as_rails_begins_them() {
        let postgres = config(
            "adapter: postgresql, database: a, schema_search_path: 'app,public', variables: {statement_timeout: 5s, work_mem: default}",
        );
        assert_eq!(
            session_statements(&postgres).unwrap(),
            [
                "SET search_path TO app,public",
                "SET SESSION statement_timeout TO '5s'",
                "SET SESSION work_mem TO DEFAULT"
            ]
        );
        let mysql = config("adapter: mysql2, database: a, variables: {group_concat_max_len: 9}");
        assert_eq!(session_statements(&mysql).unwrap(), ["SET @@SESSION.group_concat_max_len = 9"]);
    }

    #[test]
    fn sessions_on_sqlite_begin_as_in_each_release() {
        let sqlite = config(
            "adapter: sqlite3, database: a, pragmas: {synchronous: full, cache_size: 10, foreign_keys: false, temp_store: memory, nonsense: 1}",
        );
        let statements = |release| pragmas(&sqlite, release).unwrap();
        assert!(statements(Release(7, 0)).is_empty());
        let defaults = [
            "PRAGMA journal_mode = 'wal'",
            "PRAGMA synchronous = 'normal'",
            "PRAGMA mmap_size = 134217728",
            "PRAGMA journal_size_limit = 67108864",
            "PRAGMA cache_size = 2000",
        ];
        assert_eq!(statements(Release(7, 1)), defaults);
        assert_eq!(
            statements(Release(7, 2)),
            [
                "PRAGMA journal_mode = 'wal'",
                "PRAGMA synchronous = 'full'",
                "PRAGMA mmap_size = 134217728",
                "PRAGMA journal_size_limit = 67108864",
                "PRAGMA cache_size = 10",
                "PRAGMA temp_store = 'memory'"
            ]
        );
        let enforced = |release| pragmas::foreign_keys(&sqlite, release).unwrap();
        assert_eq!(enforced(Release(7, 1)), ForeignKeys::Enforced);
        assert_eq!(enforced(Release(7, 2)), ForeignKeys::Off);
    }
}
