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
        sort_neighbours(&mut own);
    }
    own
}

/// What belongs to the tool or its driver and not to a migration.
fn is_bookkeeping(kind: ServerKind, statement: &str) -> bool {
    // What a driver and Knex ask and set when they connect.
    static CONNECT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(select version\(\)$|SELECT VERSION\(\)|SELECT current_setting\('server_version_num'\)|SELECT DATABASE\(\)|SELECT @@|SHOW VARIABLES LIKE|SET NAMES|SELECT current_schema\(\))",
        )
    });
    // What PostgreSQL refuses while it is prepared is not in the record, and Dunlin prepares what has a result.
    let refused = kind == ServerKind::Postgres && statement.ends_with("from nowhere");
    statement.is_empty()
        || refused
        || statement.contains("knex_migrations")
        || is_of_transaction(statement)
        || is_of_dunlin(kind, statement)
        || CONNECT.is_match(statement)
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
