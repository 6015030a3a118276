//! Which of the statements that a server received are the migrations' own, and in which form they are compared.
//!
//! Each rule here is a difference between two tools that we accept, so there are few.

use std::sync::LazyLock;

use regex::Regex;

use crate::support::{ServerKind, sorted_constraints};

/// The migrations' own statements, in order, in the form in which they are compared.
pub fn own(kind: ServerKind, received: Vec<String>) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for statement in received.into_iter().flat_map(|message| one_by_one(kind, message)) {
        let statement = statement.trim().trim_end_matches(';').trim_end().to_owned();
        if is_bookkeeping(kind, &statement) {
            continue;
        }
        let Some(statement) = without_cursor(&statement) else { continue };
        // How SQLite prints an empty blob depends on the function that bound it.
        let statement =
            if kind == ServerKind::Sqlite { statement.replace("zeroblob(0)", "x''") } else { statement };
        // SQLite tells of the statement again for each trigger that it fires.
        if kind == ServerKind::Sqlite && statements.last() == Some(&statement) {
            continue;
        }
        statements.push(in_fixed_order(kind, without_oids(kind, statement)));
    }
    sort_neighbours(&mut statements);
    statements
}

/// The statements of a message, without lines that are a comment. Dunlin sends several one by one, since each is a step that
/// may have to be resumed.
fn one_by_one(kind: ServerKind, message: String) -> Vec<String> {
    let is_several = kind == ServerKind::Postgres && message.contains(";\n") && !message.contains('$');
    if !is_several {
        return vec![message];
    }
    let lines: Vec<&str> = message.split('\n').filter(|line| !line.trim_start().starts_with("--")).collect();
    lines.join("\n").split(";\n").map(str::to_owned).collect()
}

/// What belongs to the tool or its driver and not to a migration.
fn is_bookkeeping(kind: ServerKind, statement: &str) -> bool {
    static TRANSACTION: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "^(BEGIN|COMMIT|ROLLBACK|START TRANSACTION|SAVEPOINT|RELEASE|SET (SESSION |LOCAL )?TRANSACTION|SET AUTOCOMMIT)",
        )
    });
    // What a driver and SQLAlchemy ask and set when they connect.
    static CONNECT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(select pg_catalog\.version\(\)|select current_schema\(\)|show (standard_conforming_strings|transaction isolation level)|SELECT t\.oid, typarray\s|SET default_transaction_isolation TO DEFAULT|SELECT CAST\('test |SELECT DATABASE\(\)|SELECT @@|SHOW VARIABLES LIKE|SET NAMES|PRAGMA read_uncommitted|SELECT VERSION\(\)|SELECT current_setting\('server_version_num'\))",
        )
    });
    // Dunlin's lock, journal and time-outs.
    static DUNLIN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"dunlin_|^PRAGMA (foreign_keys = OFF|data_version)$|pg_(try_)?advisory|(GET|RELEASE|IS_FREE|IS_USED)_LOCK\(|^SET (SESSION |LOCAL )?(\w*lock_\w*timeout|statement_timeout|foreign_key_checks|search_path|sql_mode)\b",
        )
    });
    // Dunlin asks for these as reflection does: what an object was before a statement tells whether that ran before a crash.
    let object_of_mysql = matches!(kind, ServerKind::MariaDb | ServerKind::MySql)
        && ["SHOW CREATE ", "SHOW WARNINGS", "UNLOCK TABLES"]
            .iter()
            .any(|begin| statement.starts_with(begin));
    let object_of_postgres = kind == ServerKind::Postgres
        && (statement.starts_with("SELECT pg_catalog.string_agg(pg_catalog.format(")
            || statement.starts_with("SELECT CASE WHEN") && statement.contains("pg_catalog.")
            // The driver's, about types that it does not know.
            || statement.starts_with("SELECT enumlabel\n")
            || statement.starts_with("SELECT t.typname, t.typtype, t.typelem, r.rngsubtype"));
    // What PostgreSQL refuses while it is prepared is not in the record, and Dunlin prepares what has a result.
    let refused_by_postgres = kind == ServerKind::Postgres && statement.contains("nothing_like_that");
    let driver_of_postgres = kind == ServerKind::Postgres && statement.contains("typname = 'hstore'");
    statement.is_empty()
        || statement.contains("alembic_version")
        || driver_of_postgres
        || refused_by_postgres
        || object_of_mysql
        || object_of_postgres
        || [&TRANSACTION, &CONNECT, &DUNLIN].iter().any(|rule| rule.is_match(statement))
}

/// A query that a driver reads by a cursor of the server, without the cursor. Whether it does is its own affair.
fn without_cursor(statement: &str) -> Option<String> {
    static DECLARE: LazyLock<Regex> =
        LazyLock::new(|| regex("^DECLARE \"\\w+\" (SCROLL )?CURSOR WITH(OUT)? HOLD FOR "));
    static FETCH: LazyLock<Regex> = LazyLock::new(|| regex("^(FETCH FORWARD|CLOSE)\\b"));
    if FETCH.is_match(statement) {
        return None;
    }
    Some(DECLARE.replace(statement, "").into_owned())
}

/// A question to PostgreSQL's catalogs with `{oid}` for every number that may be one; reflection asks for tables by it, in
/// SQLAlchemy 1.4 without naming the schema of the catalogs.
fn without_oids(kind: ServerKind, statement: String) -> String {
    static CATALOG: LazyLock<Regex> = LazyLock::new(|| regex(r"pg_catalog\.|\b(FROM|JOIN)\s+pg_\w"));
    static OID: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d{5,}\b"));
    if kind != ServerKind::Postgres || !CATALOG.is_match(&statement) {
        return statement;
    }
    OID.replace_all(&statement, "{oid}").into_owned()
}

/// A statement in whose text something has no order of its own has it sorted: the constraints of a table that is made
/// anew on SQLite come from a Python set, and so do MySQL's options of a table in SQLAlchemy 1.4.
fn in_fixed_order(kind: ServerKind, statement: String) -> String {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Z]+=('([^']|'')*'|\S+)"));
    if matches!(kind, ServerKind::MariaDb | ServerKind::MySql)
        && statement.starts_with("CREATE TABLE")
        && let Some((table, options)) = statement.rsplit_once("\n)")
    {
        if !OPTION.replace_all(options, "").trim().is_empty() {
            return statement;
        }
        let mut options: Vec<&str> = OPTION.find_iter(options).map(|found| found.as_str()).collect();
        options.sort_unstable();
        return format!("{table}\n){}", options.join(" "));
    }
    if kind != ServerKind::Sqlite || !statement.starts_with("CREATE TABLE _alembic_tmp_") {
        return statement;
    }
    sorted_constraints(&statement)
}

/// Indexes of one table that are made one after the other come from a set as well.
fn sort_neighbours(statements: &mut [String]) {
    let is_index = |statement: &String| {
        statement.starts_with("CREATE INDEX") || statement.starts_with("CREATE UNIQUE INDEX")
    };
    for group in statements.chunk_by_mut(|first, second| is_index(first) && is_index(second)) {
        if group.len() > 1 {
            group.sort();
        }
    }
}

fn regex(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).unwrap()
}

#[test]
fn statements_of_the_tool_are_left_out_and_those_of_migrations_kept() {
    let received = [
        "BEGIN",
        "select pg_catalog.version()",
        "SET lock_timeout = '2s'",
        "SELECT pg_try_advisory_lock(1)",
        "INSERT INTO alembic_version (version_num) VALUES ('a')",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "\nCREATE TABLE t (\n\tid INTEGER\n)\n\n",
        "DECLARE \"c_7f_1\" CURSOR WITHOUT HOLD FOR SELECT 1",
        "FETCH FORWARD 5 FROM \"c_7f_1\"",
        "INSERT INTO t VALUES (1);",
        "COMMIT",
    ];
    let kept = own(ServerKind::Postgres, received.map(str::to_owned).to_vec());
    assert_eq!(
        kept,
        [
            "SET CONSTRAINTS ALL IMMEDIATE",
            "CREATE TABLE t (\n\tid INTEGER\n)",
            "SELECT 1",
            "INSERT INTO t VALUES (1)"
        ]
    );
}
