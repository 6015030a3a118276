//! Which of the statements that a server received are the migrations' own, and in which form they are compared.
//!
//! Each rule here is a difference between two tools that we accept, so there are few.

use std::sync::LazyLock;

use regex::Regex;

use crate::support::{ServerKind, is_of_dunlin, is_of_transaction, one_by_one, with_values};

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
    }
    own
}

/// What belongs to the tool or its driver and not to a migration.
fn is_bookkeeping(kind: ServerKind, statement: &str) -> bool {
    // What a driver and ActiveRecord ask and set when they connect.
    static CONNECT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(SELECT VERSION\(\)|SELECT sqlite_version\(|SELECT current_setting\('server_version_num'\)|SELECT DATABASE\(\)|SELECT current_database\(\)|DEALLOCATE |SELECT @@|SET NAMES|SELECT current_schema\(\)|SET +@@SESSION|SET (SESSION )?(client_min_messages|standard_conforming_strings|intervalstyle|timezone)\b|SELECT 1$)",
        )
    });
    // What ActiveRecord asks the catalog for. It remembers answers as long as its process lives; here each migration is told
    // what is there, as in a process of its own.
    static CATALOG: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^PRAGMA |^SHOW |\b(FROM|JOIN)\s+(\(\s*SELECT \* FROM )?(pg_\w+|pragma_\w+|pg_catalog\.|information_schema\.|sqlite_(temp_)?master)|^SELECT (CAST\('\w+' AS regclass|quote_ident)",
        )
    });
    // What PostgreSQL refuses while it is prepared is not in the record, and Dunlin prepares what has a result.
    let refused = kind == ServerKind::Postgres && statement.ends_with("FROM nowhere");
    statement.is_empty()
        || refused
        || statement.contains("schema_migrations")
        || statement.contains("ar_internal_metadata")
        || is_of_transaction(statement)
        || is_of_dunlin(kind, statement)
        || CONNECT.is_match(statement)
        || CATALOG.is_match(statement)
}

fn regex(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).unwrap()
}

#[test]
fn statements_of_the_tool_are_left_out_and_those_of_migrations_kept() {
    let received = [
        "BEGIN;",
        "SET client_min_messages TO 'warning'",
        "SELECT pg_try_advisory_lock(1)",
        "INSERT INTO \"schema_migrations\" (\"version\") VALUES ('1') RETURNING \"version\"",
        "SELECT a.attname FROM pg_attribute a",
        "SELECT \"wards\".* FROM \"wards\" WHERE \"wards\".\"name\" = $1 LIMIT $2 /* \"it's\", \"1\" */",
        "ALTER TABLE \"wards\" ADD \"floor\" integer",
        "COMMIT",
    ];
    let kept = own(ServerKind::Postgres, received.map(str::to_owned).to_vec());
    assert_eq!(
        kept,
        [
            "SELECT \"wards\".* FROM \"wards\" WHERE \"wards\".\"name\" = 'it''s' LIMIT '1'",
            "ALTER TABLE \"wards\" ADD \"floor\" integer",
        ]
    );
}
