//! Statements that a server received, as they are compared: which are Dunlin's own, and parameters in their places.
//!
//! Each rule here is a difference between two tools that we accept, so there are few.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::database::ServerKind;

/// The statements of a message. Dunlin sends several one by one, since each is a step that may have to be resumed.
pub fn one_by_one(kind: ServerKind, message: String) -> Vec<String> {
    if kind != ServerKind::Postgres || message.ends_with(" */") {
        return vec![message];
    }
    let (mut parts, mut quote) = (vec![String::new()], "");
    let mut rest = message.as_str();
    while !rest.is_empty() {
        let token = ["$$", "--", "'", ";"].into_iter().find(|token| rest.starts_with(token));
        match token {
            Some("--") if quote.is_empty() => {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            Some(";") if quote.is_empty() => {
                parts.push(String::new());
                rest = &rest[1..];
                continue;
            }
            Some(mark @ ("'" | "$$")) if quote.is_empty() => quote = mark,
            Some(mark) if mark == quote => quote = "",
            _ => {}
        }
        let length = token.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), str::len);
        parts.last_mut().unwrap().push_str(&rest[..length]);
        rest = &rest[length..];
    }
    parts
}

/// What begins and ends transactions.
pub fn is_of_transaction(statement: &str) -> bool {
    static TRANSACTION: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "^(BEGIN|COMMIT|ROLLBACK|START TRANSACTION|SAVEPOINT|RELEASE|SET (SESSION |LOCAL )?TRANSACTION|SET AUTOCOMMIT)",
        )
    });
    TRANSACTION.is_match(statement)
}

/// What Dunlin sends by itself: for its lock, journal and time-outs, and to learn whether a statement ran before a crash.
pub fn is_of_dunlin(kind: ServerKind, statement: &str) -> bool {
    static OWN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"dunlin_|^PRAGMA (foreign_keys = (ON|OFF)|data_version)$|pg_(try_)?advisory|(GET|RELEASE|IS_FREE|IS_USED)_LOCK\(|^SET (SESSION |LOCAL )?(\w*lock_\w*timeout|statement_timeout|foreign_key_checks|search_path|sql_mode)\b",
        )
    });
    let of_object = match kind {
        // SQLite tells of what a trigger does, as a comment.
        ServerKind::Sqlite => statement.starts_with("-- "),
        ServerKind::Postgres => {
            statement.starts_with("SELECT pg_catalog.string_agg(pg_catalog.format(")
                || statement.starts_with("SELECT CASE WHEN") && statement.contains("pg_catalog.")
                || statement.starts_with("SELECT enumlabel\n")
                || statement.starts_with("SELECT t.typname, t.typtype, t.typelem, r.rngsubtype")
        }
        ServerKind::MariaDb | ServerKind::MySql => ["SHOW CREATE ", "SHOW WARNINGS", "UNLOCK TABLES"]
            .iter()
            .any(|begin| statement.starts_with(begin)),
    };
    of_object || OWN.is_match(statement)
}

/// A statement with its parameters in their places, as texts: so Dunlin sends it, which may have to run it again.
pub fn with_values(statement: &str) -> String {
    static PARAMETER: LazyLock<Regex> = LazyLock::new(|| regex(r"\$(\d+)\b"));
    static VALUE: LazyLock<Regex> = LazyLock::new(|| regex(r#""((?:[^"\\]|\\.)*)"|NULL|\[[\d, ]*\]"#));
    let Some((sql, values)) = statement.strip_suffix(" */").and_then(|whole| whole.rsplit_once(" /* "))
    else {
        return statement.to_owned();
    };
    let values: Vec<String> = VALUE.captures_iter(values).map(|found| literal(&found)).collect();
    PARAMETER
        .replace_all(sql, |found: &Captures<'_>| {
            let place: usize = found[1].parse().unwrap();
            values.get(place - 1).cloned().unwrap_or_else(|| found[0].to_owned())
        })
        .into_owned()
}

/// A value as the proxy writes it down, as a literal.
fn literal(found: &Captures<'_>) -> String {
    if let Some(text) = found.get(1) {
        let text = text
            .as_str()
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\\"", "\"")
            .replace("\\\\", "\\");
        return quoted(&text.replace("\\'", "'"));
    }
    match found[0].strip_prefix('[') {
        None => "NULL".to_owned(),
        Some(bytes) => {
            let bytes = bytes.trim_end_matches(']').split(", ").filter_map(|byte| byte.parse::<u8>().ok());
            quoted(&format!("\\x{}", bytes.map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
    }
}

fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

fn regex(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).unwrap()
}
