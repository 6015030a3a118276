//! The state of the session in which a migration begins (methods `restoreOriginalState` and `changeCurrentSchemaTo`).

use std::collections::BTreeSet;

use crate::model::{Dialect, Server};

/// The statements before a migration; `variables` are the MySQL user variables that earlier migrations may have set.
pub(crate) fn session(server: &Server, schema: &str, variables: &BTreeSet<String>) -> Vec<String> {
    match server.dialect {
        Dialect::Postgres => role(server).into_iter().chain(search_path_statement(server, schema)).collect(),
        Dialect::Mysql | Dialect::Mariadb => {
            let mut assignments: Vec<String> = variables
                .iter()
                .map(|name| format!("@{} = NULL", server.dialect.quote_identifier(name)))
                .collect();
            assignments.push("foreign_key_checks = DEFAULT".to_owned());
            assignments.push("sql_safe_updates = DEFAULT".to_owned());
            vec![
                format!("SET {}", assignments.join(", ")),
                format!("USE {}", server.dialect.quote_identifier(schema)),
            ]
        }
        Dialect::Sqlite => Vec::new(),
    }
}

/// The statements before the history row: it is written by the role that connected.
pub(crate) fn restore(server: &Server) -> Vec<String> {
    role(server).into_iter().collect()
}

/// PostgreSQL's search path for an own schema: the schema before what the session had, unless it is the first already.
pub(crate) fn search_path_statement(server: &Server, schema: &str) -> Option<String> {
    let original = server.search_path.trim();
    if server.dialect != Dialect::Postgres
        || original == schema
        || original.starts_with(&format!("{schema},"))
    {
        return None;
    }
    let quoted = server.dialect.quote_identifier(schema);
    let path = if original.is_empty() { quoted } else { format!("{quoted},{original}") };
    Some(format!("SELECT set_config('search_path', {}, false)", server.dialect.quote_literal(&path)))
}

fn role(server: &Server) -> Option<String> {
    let is_postgres = server.dialect == Dialect::Postgres;
    is_postgres.then(|| format!("SET ROLE {}", server.dialect.quote_identifier(&server.user)))
}

/// The user variables that a script names: any of them may have been set by it. Names in strings and comments count as
/// well; setting one of those to NULL changes nothing.
pub(crate) fn user_variables(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        rest = &rest[at + 1..];
        if let Some(system) = rest.strip_prefix('@') {
            rest = system;
            continue;
        }
        let quote = rest.chars().next().filter(|first| matches!(first, '`' | '\'' | '"'));
        let name = match quote {
            Some(quote) => rest[1..].split(quote).next().unwrap_or_default(),
            None => {
                let is_end =
                    |character: char| !(character.is_alphanumeric() || matches!(character, '_' | '$' | '.'));
                &rest[..rest.find(is_end).unwrap_or(rest.len())]
            }
        };
        // No server accepts longer ones.
        if !name.is_empty() && name.chars().count() <= 64 && !name.contains(['\n', '\0']) {
            found.insert(name.to_lowercase());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quoting;

    fn server(dialect: Dialect, search_path: &str) -> Server {
        Server {
            dialect,
            version: (15, 0, 0),
            version_text: String::new(),
            database: "shop".to_owned(),
            schema: "public".to_owned(),
            user: "ann".to_owned(),
            search_path: search_path.to_owned(),
            session_id: 1,
            quoting: Quoting::of(dialect).into(),
            session_settings: Vec::new(),
            beginning: Vec::new(),
            reported_settings: Vec::new(),
        }
    }

    #[test]
    fn the_schema_goes_before_the_session_s_own_path() {
        let path =
            |search_path, schema| search_path_statement(&server(Dialect::Postgres, search_path), schema);
        let set = |path: &str| Some(format!("SELECT set_config('search_path', '{path}', false)"));
        assert_eq!(path("\"$user\", public", "public"), set("\"public\",\"$user\", public"));
        assert_eq!(path("", "shop"), set("\"shop\""));
        assert_eq!(path("public", "public"), None);
        assert_eq!(path("public,audit", "public"), None);
        assert_eq!(search_path_statement(&server(Dialect::Mysql, ""), "shop"), None);
    }

    #[test]
    fn mysql_forgets_what_earlier_scripts_set() {
        let variables = user_variables("SET @total = 1; SELECT @@global.x, @`My Sum`; -- ann@localhost");
        assert_eq!(
            variables.iter().map(String::as_str).collect::<Vec<_>>(),
            ["localhost", "my sum", "total"]
        );
        assert_eq!(
            session(&server(Dialect::Mariadb, ""), "shop", &BTreeSet::from(["total".to_owned()])),
            ["SET @`total` = NULL, foreign_key_checks = DEFAULT, sql_safe_updates = DEFAULT", "USE `shop`"]
        );
    }

    #[test]
    fn postgres_takes_its_role_back() {
        let server = server(Dialect::Postgres, "public");
        assert_eq!(session(&server, "public", &BTreeSet::new()), ["SET ROLE \"ann\""]);
        assert_eq!(restore(&server), ["SET ROLE \"ann\""]);
    }

    #[test]
    fn odd_text_has_no_variables() {
        for text in ["", "@", "@@", "@@@", "@'", "@`", "a@", "@é", "@ x"] {
            let _ = user_variables(text);
        }
        assert!(user_variables("@ x").is_empty());
    }
}
