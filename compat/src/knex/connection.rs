//! `connection` of a configuration as a database URL.
//!
//! After `lib/knex-builder/internal/parse-connection.js`, and what the drivers take for missing values.

use serde_json::{Map, Value};

use super::client::{Client, Family};
use crate::model::AdapterError;

/// Keys of a connection object that the engine has no use for: they change how a driver decodes values or times out.
const OF_THE_DRIVER: [&str; 24] = [
    "supportBigNumbers",
    "bigNumberStrings",
    "dateStrings",
    "decimalNumbers",
    "multipleStatements",
    "charset",
    "timezone",
    "typeCast",
    "flags",
    "debug",
    "trace",
    "stringifyObjects",
    "insecureAuth",
    "localInfile",
    "namedPlaceholders",
    "rowsAsArray",
    "enableKeepAlive",
    "keepAlive",
    "keepAliveInitialDelay",
    "statement_timeout",
    "query_timeout",
    "connectTimeout",
    "connectionTimeoutMillis",
    "idle_in_transaction_session_timeout",
];

/// The URL of a connection. `variable` gives environment variables, from which `pg` takes what is missing.
///
/// # Errors
/// `CONFIGURATION`: there is no connection, or a key of it means something that is not known here.
pub fn url(
    client: Client,
    connection: &Value,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, AdapterError> {
    match (connection, client.family()) {
        (Value::String(text), Family::Sqlite) => Ok(format!("sqlite:{}", text.trim_start_matches("file:"))),
        (Value::String(text), _) => Ok(text.clone()),
        (Value::Object(object), Family::Sqlite) => sqlite(object),
        (Value::Object(object), family) => server(object, family, variable),
        (Value::Null, _) => Err(refused("the knexfile has no `connection`").advise(
            "Set it to a URL or an object, give --connection, or set DATABASE_URL for dunlin's own commands.",
        )),
        _ => Err(refused("the knexfile's `connection` is neither text nor an object")),
    }
}

fn sqlite(object: &Map<String, Value>) -> Result<String, AdapterError> {
    match object.get("filename") {
        Some(Value::String(name)) if name == ":memory:" || name.is_empty() => {
            Err(refused("the database of the knexfile is in memory: it would be gone when the run ends"))
        }
        Some(Value::String(name)) => Ok(format!("sqlite:{name}")),
        _ => Err(refused("the knexfile's `connection` has no `filename`")),
    }
}

fn server(
    object: &Map<String, Value>,
    family: Family,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, AdapterError> {
    for key in ["connectionString", "uri"] {
        if let Some(Value::String(text)) = object.get(key) {
            return Ok(text.clone());
        }
    }
    let known =
        ["host", "port", "user", "username", "password", "database", "socketPath", "ssl", "application_name"];
    if let Some(key) =
        object.keys().find(|key| !known.contains(&key.as_str()) && !OF_THE_DRIVER.contains(&key.as_str()))
    {
        return Err(refused(format!(
            "the key `{key}` of the knexfile's `connection` is not known to dunlin"
        ))
        .advise("Give dunlin the database's URL in DATABASE_URL or with --url."));
    }
    let text = |key: &str| match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let fallback = |key: &str, name: &str| {
        text(key).or_else(|| (family == Family::Postgres).then(|| variable(name)).flatten())
    };
    let scheme = if family == Family::Postgres { "postgres" } else { "mysql" };
    let host = fallback("host", "PGHOST").or_else(|| text("socketPath"));
    let (host, port) = (host.unwrap_or_else(|| "localhost".to_owned()), fallback("port", "PGPORT"));
    let user = text("user").or_else(|| text("username")).or_else(|| fallback("user", "PGUSER"));
    let password = fallback("password", "PGPASSWORD");
    let database = fallback("database", "PGDATABASE").unwrap_or_default();
    let mut url = format!("{scheme}://");
    if let Some(user) = user {
        url.push_str(&encode(&user));
        if let Some(password) = password {
            url.push(':');
            url.push_str(&encode(&password));
        }
        url.push('@');
    }
    let is_socket = host.starts_with('/');
    if !is_socket {
        url.push_str(&if host.contains(':') { format!("[{host}]") } else { host.clone() });
        if let Some(port) = &port {
            url.push(':');
            url.push_str(port);
        }
    }
    url.push('/');
    url.push_str(&encode(&database));
    let mut parameters: Vec<String> = Vec::new();
    if is_socket {
        let key = if family == Family::Postgres { "host" } else { "socket" };
        parameters.push(format!("{key}={}", encode(&host)));
        parameters.extend(port.filter(|_| family == Family::Postgres).map(|port| format!("port={port}")));
    }
    parameters.extend(tls(object.get("ssl"), family)?);
    if let Some(name) = text("application_name") {
        parameters.push(format!("application_name={}", encode(&name)));
    }
    if !parameters.is_empty() {
        url.push('?');
        url.push_str(&parameters.join("&"));
    }
    Ok(url)
}

/// `ssl`: `pg` without it does not use TLS, with `true` it verifies, with `rejectUnauthorized: false` it does not.
fn tls(ssl: Option<&Value>, family: Family) -> Result<Option<String>, AdapterError> {
    let mode = match ssl {
        None | Some(Value::Null | Value::Bool(false)) => match family {
            Family::Postgres => "disable",
            _ => return Ok(None),
        },
        Some(Value::Bool(true)) => "verify-full",
        Some(Value::Object(object)) if object.keys().all(|key| key == "rejectUnauthorized") => {
            match object.get("rejectUnauthorized") {
                Some(Value::Bool(false)) => "require",
                _ => "verify-full",
            }
        }
        Some(_) => {
            return Err(refused(
                "the knexfile's `connection.ssl` names certificates, which dunlin takes from the URL",
            )
            .advise(
                "Give dunlin the database's URL in DATABASE_URL or with --url: `sslmode`, `sslrootcert`, …",
            ));
        }
    };
    Ok(Some(match family {
        Family::Postgres if mode == "verify-full" => "sslmode=verify-full&sslrootcert=system".to_owned(),
        Family::Postgres => format!("sslmode={mode}"),
        _ if mode == "verify-full" => "ssl-mode=VERIFY_IDENTITY".to_owned(),
        _ => "ssl-mode=REQUIRED".to_owned(),
    }))
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
    use serde_json::json;

    use super::*;

    fn of(client: Client, connection: Value) -> String {
        match url(client, &connection, &|_| None) {
            Ok(url) => url,
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn connections_become_urls() {
        let cases = [
            (Client::Pg, json!("postgres://a:b@c:5/d"), "postgres://a:b@c:5/d"),
            (
                Client::Pg,
                json!({"host": "db", "port": 5433, "user": "me", "password": "p@ss/word", "database": "shop"}),
                "postgres://me:p%40ss%2Fword@db:5433/shop?sslmode=disable",
            ),
            (
                Client::Pg,
                json!({"host": "/run/pg", "port": 5433, "user": "me", "database": "shop"}),
                "postgres://me@/shop?host=%2Frun%2Fpg&port=5433&sslmode=disable",
            ),
            (
                Client::Pg,
                json!({"host": "::1", "user": "me", "database": "shop", "ssl": {"rejectUnauthorized": false}}),
                "postgres://me@[::1]/shop?sslmode=require",
            ),
            (
                Client::Mysql2,
                json!({"host": "db", "user": "me", "database": "shop", "charset": "utf8mb4"}),
                "mysql://me@db/shop",
            ),
            (Client::Sqlite3, json!({"filename": "./dev.sqlite3"}), "sqlite:./dev.sqlite3"),
            (Client::Sqlite3, json!("./dev.sqlite3"), "sqlite:./dev.sqlite3"),
        ];
        for (client, connection, expected) in cases {
            assert_eq!(of(client, connection), expected);
        }
    }

    #[test]
    fn what_is_missing_comes_from_the_variables_of_postgres() {
        let variable = |name: &str| (name == "PGHOST").then(|| "db.internal".to_owned());
        let found = url(Client::Pg, &json!({"database": "shop"}), &variable).unwrap();
        assert_eq!(found, "postgres://db.internal/shop?sslmode=disable");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let errors = [
            of(Client::Pg, Value::Null),
            of(Client::Pg, json!({"host": "db", "replication": "database"})),
            of(Client::Pg, json!({"host": "db", "ssl": {"ca": "…"}})),
            of(Client::Sqlite3, json!({"filename": ":memory:"})),
            of(Client::Sqlite3, json!({})),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        error: the knexfile has no `connection`
        error: the key `replication` of the knexfile's `connection` is not known to dunlin
        error: the knexfile's `connection.ssl` names certificates, which dunlin takes from the URL
        error: the database of the knexfile is in memory: it would be gone when the run ends
        error: the knexfile's `connection` has no `filename`
        ");
    }
}
