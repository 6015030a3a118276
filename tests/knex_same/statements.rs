//! Which of the statements that a server received are the migrations' own, and in which form they are compared.
//!
//! Each rule here is a difference between two tools that we accept, so there are few.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::support::ServerKind;

/// The migrations' own statements, in order, in the form in which they are compared.
pub fn own(kind: ServerKind, received: Vec<String>) -> Vec<String> {
    let statements = received.into_iter().flat_map(|message| one_by_one(kind, message));
    let trimmed = statements.map(|statement| statement.trim().trim_end_matches(';').trim_end().to_owned());
    let own = trimmed.filter(|statement| !is_bookkeeping(kind, statement));
    let mut own: Vec<String> = match kind {
        ServerKind::Postgres => own.map(|statement| with_values(&statement)).collect(),
        _ => own.collect(),
    };
    if kind == ServerKind::Sqlite {
        // It tells of a statement again for each table whose rows follow.
        own.dedup();
        sort_neighbours(&mut own);
    }
    own
}

/// The statements of a message. Dunlin sends several one by one, since each is a step that may have to be resumed.
fn one_by_one(kind: ServerKind, message: String) -> Vec<String> {
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

/// What belongs to the tool or its driver and not to a migration.
fn is_bookkeeping(kind: ServerKind, statement: &str) -> bool {
    static TRANSACTION: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "^(BEGIN|COMMIT|ROLLBACK|START TRANSACTION|SAVEPOINT|RELEASE|SET (SESSION |LOCAL )?TRANSACTION|SET AUTOCOMMIT)",
        )
    });
    // What a driver and Knex ask and set when they connect.
    static CONNECT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(select version\(\)$|SELECT VERSION\(\)|SELECT current_setting\('server_version_num'\)|SELECT DATABASE\(\)|SELECT @@|SHOW VARIABLES LIKE|SET NAMES|SELECT current_schema\(\))",
        )
    });
    // Dunlin's lock, journal and time-outs.
    static DUNLIN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"dunlin_|^PRAGMA (foreign_keys = (ON|OFF)|data_version)$|pg_(try_)?advisory|(GET|RELEASE|IS_FREE|IS_USED)_LOCK\(|^SET (SESSION |LOCAL )?(\w*lock_\w*timeout|statement_timeout|foreign_key_checks|search_path|sql_mode)\b",
        )
    });
    // Dunlin asks for these: what an object was before a statement tells whether that ran before a crash.
    let object = match kind {
        // Its drivers tell of what a trigger does, as a comment.
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
    // What PostgreSQL refuses while it is prepared is not in the record, and Dunlin prepares what has a result.
    let refused = kind == ServerKind::Postgres && statement.ends_with("from nowhere");
    statement.is_empty()
        || refused
        || statement.contains("knex_migrations")
        || object
        || [&TRANSACTION, &CONNECT, &DUNLIN].iter().any(|rule| rule.is_match(statement))
}

/// A statement with its parameters in their places, as texts: so Dunlin sends it, which may have to run it again.
fn with_values(statement: &str) -> String {
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

/// Consecutive updates of one table in the order of their texts: `sqlite3` gives statements that a migration asks for at
/// once to several threads.
fn sort_neighbours(statements: &mut [String]) {
    let table = |statement: &String| {
        statement.strip_prefix("update ").and_then(|rest| rest.split(' ').next().map(str::to_owned))
    };
    let is_same = |first: &String, second: &String| table(first).is_some() && table(first) == table(second);
    for group in statements.chunk_by_mut(is_same) {
        group.sort();
    }
}

fn regex(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).unwrap()
}

#[test]
fn statements_of_the_tool_are_left_out_and_those_of_migrations_kept() {
    let received = [
        "BEGIN;",
        "select version();",
        "SET lock_timeout = '2s'",
        "SELECT pg_try_advisory_lock(1)",
        "insert into \"knex_migrations\" (\"name\") values ($1) /* \"1_shop.js\" */",
        "select * from shops where name = $1 and note is not distinct from $2 /* \"it's \\\"it\\\"\", NULL */",
        "create table a (b text default ';'); drop table a",
        "COMMIT",
    ];
    let kept = own(ServerKind::Postgres, received.map(str::to_owned).to_vec());
    assert_eq!(
        kept,
        [
            "select * from shops where name = 'it''s \"it\"' and note is not distinct from NULL",
            "create table a (b text default ';')",
            "drop table a",
        ]
    );
}
