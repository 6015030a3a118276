//! PostgreSQL: what `pg_dump` writes, without what is of the session and the user that wrote it.

use std::process::{Command, Stdio};

use dunlin_compat::model::{Dialect, Quoting};

use super::SquashError;
use crate::db::url::{Host, Roots, TlsMode};
use crate::db::{Connection, DatabaseUrl};
use crate::schema::Scope;
use crate::sql;

/// The setting that keeps the search path of before.
const KEPT_PATH: &str = "dunlin.search_path";

/// Statements that make everything, and those that drop it.
pub(super) fn read(
    connection: &mut dyn Connection,
    url: &DatabaseUrl,
    scope: &Scope,
    own_schema: &str,
) -> Result<(Vec<String>, Vec<String>), SquashError> {
    let user = connection.server().user.clone();
    let quoted = connection
        .execute(&format!("SELECT quote_ident({})", Dialect::Postgres.quote_literal(&user)))
        .map_err(SquashError::Read)?;
    let quoted = quoted.rows.into_iter().flatten().flatten().next().unwrap_or(user);
    let made = pg_dump(url, scope, &["--column-inserts", "--rows-per-insert=50"])?;
    let dropped = pg_dump(url, scope, &["--schema-only", "--clean"])?;
    Ok((up(&made, &quoted), down(&dropped, own_schema)))
}

/// Runs it and cuts what it wrote.
fn pg_dump(url: &DatabaseUrl, scope: &Scope, arguments: &[&str]) -> Result<Vec<String>, SquashError> {
    let mut command = Command::new("pg_dump");
    command.args(["--encoding=UTF8", "--no-password"]).args(arguments);
    command.args(scope.without_tables.iter().map(|table| format!("--exclude-table={table}")));
    command.stdin(Stdio::null()).env("PGDATABASE", url.database.clone().unwrap_or_default());
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for host in &url.hosts {
        match host {
            Host::Tcp { host, port } => {
                hosts.push(host.clone());
                ports.push(port.to_string());
            }
            Host::Socket { path, port } => {
                hosts.push(path.display().to_string());
                ports.push(port.to_string());
            }
        }
    }
    if !hosts.is_empty() {
        command.env("PGHOST", hosts.join(",")).env("PGPORT", ports.join(","));
    }
    if let Some(user) = &url.user {
        command.env("PGUSER", user);
    }
    if let Some(password) = &url.password {
        command.env("PGPASSWORD", password.reveal());
    }
    command.env("PGSSLMODE", ssl_mode(url.tls.mode));
    match &url.tls.roots {
        Roots::File(path) => drop(command.env("PGSSLROOTCERT", path)),
        Roots::System => drop(command.env("PGSSLROOTCERT", "system")),
        Roots::Default => {}
    }
    if let Some(path) = &url.tls.certificate {
        command.env("PGSSLCERT", path);
    }
    if let Some(path) = &url.tls.key {
        command.env("PGSSLKEY", path);
    }
    let output = command.output().map_err(|error| SquashError::Program {
        message: format!("pg_dump cannot be run: {error}"),
        advice: "Install the client programs of PostgreSQL, at least as new as the server, and have PATH name them."
            .to_owned(),
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let advice = if said.contains("version") {
            "Install a pg_dump that is at least as new as the server, and put its folder first in PATH."
        } else {
            "pg_dump reads the scratch database as the user of the URL; what it says is PostgreSQL's own word."
        };
        return Err(SquashError::Program {
            message: format!("pg_dump failed: {said}"),
            advice: advice.to_owned(),
        });
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| SquashError::Unwritable("pg_dump wrote something that is not UTF-8".to_owned()))?;
    let text = without_client_commands(&text);
    let statements = sql::split_quoted(&text, Dialect::Postgres, Quoting::of(Dialect::Postgres).into())
        .map_err(|error| SquashError::Unwritable(format!("what pg_dump wrote does not read: {error}")))?;
    Ok(statements.into_iter().map(|statement| statement.text).collect())
}

fn ssl_mode(mode: TlsMode) -> &'static str {
    match mode {
        TlsMode::Disable => "disable",
        TlsMode::Allow => "allow",
        TlsMode::Prefer => "prefer",
        TlsMode::Require => "require",
        TlsMode::VerifyCa => "verify-ca",
        TlsMode::VerifyFull => "verify-full",
    }
}

/// It begins and ends with a command for psql alone.
fn without_client_commands(text: &str) -> String {
    let is_command = |line: &&str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    text.split_inclusive('\n').filter(|line| !is_command(line)).collect()
}

/// Settings that objects are made by, and so have to come along.
const SETTINGS: [&str; 3] = ["default_tablespace", "default_table_access_method", "xmloption"];

fn up(statements: &[String], user: &str) -> Vec<String> {
    let mut body = Vec::new();
    let mut set = vec!["check_function_bodies", "standard_conforming_strings"];
    for statement in statements {
        if let Some(setting) = statement.strip_prefix("SET ") {
            let name = setting.split([' ', '=']).next().unwrap_or_default();
            let name = SETTINGS.into_iter().find(|known| *known == name);
            // What a new session has anyway need not be said.
            let is_plain =
                ["default_tablespace = ''", "default_table_access_method = heap", "xmloption = content"]
                    .contains(&setting);
            if let Some(name) = name.filter(|name| !is_plain || set.contains(name)) {
                set.push(name);
                body.push(statement.clone());
            }
            continue;
        }
        if statement.starts_with("SELECT pg_catalog.set_config('search_path'")
            || statement.starts_with("COMMENT ON EXTENSION ")
        {
            continue;
        }
        body.extend(without_user(statement, user));
    }
    set.sort_unstable();
    set.dedup();
    let mut up = vec![
        format!(
            "SELECT pg_catalog.set_config('{KEPT_PATH}', pg_catalog.current_setting('search_path'), false)"
        ),
        "SELECT pg_catalog.set_config('search_path', '', false)".to_owned(),
        "SET check_function_bodies = false".to_owned(),
        "SET standard_conforming_strings = on".to_owned(),
    ];
    up.extend(body);
    up.extend(set.into_iter().map(|name| format!("RESET {name}")));
    up.push(format!(
        "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('{KEPT_PATH}'), false)"
    ));
    up
}

/// A statement without the name of the user that made the scratch database, who is another one elsewhere.
fn without_user(statement: &str, user: &str) -> Option<String> {
    if statement.starts_with("ALTER ") && statement.ends_with(&format!(" OWNER TO {user}")) {
        return None;
    }
    if let Some(name) = statement.strip_prefix("CREATE SCHEMA ") {
        return Some(format!("CREATE SCHEMA IF NOT EXISTS {name}"));
    }
    let privileges =
        ["GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES "].iter().any(|word| statement.starts_with(word));
    if !privileges || statement.contains('\n') {
        return Some(statement.to_owned());
    }
    let mut text = statement.replace(&format!(" FOR ROLE {user} "), " ");
    for word in ["TO", "FROM"] {
        if let Some(before) = text.strip_suffix(&format!(" {word} {user}")) {
            text = format!("{before} {word} CURRENT_USER");
        }
    }
    Some(text)
}

/// The statements that `--clean` puts before those that make anything.
fn down(statements: &[String], own_schema: &str) -> Vec<String> {
    let is_own = |statement: &str| {
        statement.strip_prefix("DROP SCHEMA ").is_some_and(|name| name.trim_matches('"') == own_schema)
    };
    let body = statements.iter().skip_while(|statement| {
        statement.starts_with("SET ") || statement.starts_with("SELECT pg_catalog.set_config(")
    });
    body.take_while(|statement| {
        statement.starts_with("DROP ")
            || (statement.starts_with("ALTER ") && statement.contains(" DROP "))
            // Of views that need each other.
            || statement.starts_with("CREATE OR REPLACE VIEW ")
    })
    .filter(|statement| !is_own(statement))
    .cloned()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_user_nor_the_session_of_the_dump_is_told() {
        let told = [
            "SET statement_timeout = 0",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SET default_tablespace = ''",
            "CREATE SCHEMA app",
            "ALTER SCHEMA app OWNER TO ada",
            "ALTER TABLE app.orders OWNER TO clerk",
            "SET default_tablespace = fast",
            "SET default_tablespace = ''",
            "COMMENT ON EXTENSION hstore IS 'pairs'",
            "ALTER DEFAULT PRIVILEGES FOR ROLE ada IN SCHEMA app GRANT SELECT ON TABLES TO clerk",
            "REVOKE ALL ON TABLE app.orders FROM ada",
        ];
        let told: Vec<String> = told.map(str::to_owned).into();
        let up = up(&told, "ada");
        let body: Vec<&str> = up.iter().skip(4).map(String::as_str).collect();
        assert_eq!(
            body,
            [
                "CREATE SCHEMA IF NOT EXISTS app",
                "ALTER TABLE app.orders OWNER TO clerk",
                "SET default_tablespace = fast",
                "SET default_tablespace = ''",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO clerk",
                "REVOKE ALL ON TABLE app.orders FROM CURRENT_USER",
                "RESET check_function_bodies",
                "RESET default_tablespace",
                "RESET standard_conforming_strings",
                "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('dunlin.search_path'), false)",
            ]
        );
    }
}
