//! Sessions on PostgreSQL.

use super::{first, lock_is_exclusive_and_has_a_holder, open, try_open, url, wait_until, with};
use dunlin::db::url::TargetSession;
use dunlin::db::{DatabaseUrl, DbErrorKind};
use dunlin_compat::model::{Dialect, Lock};

#[test]
fn tells_the_facts_of_its_session() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&with(
        &url,
        "search_path=pg_catalog,%22odd%20name%22&TimeZone=Asia/Tokyo&options=-c%20work_mem%3D5MB",
    ));
    let server = connection.server().clone();
    assert_eq!(server.dialect, Dialect::Postgres);
    assert!(server.version.0 >= 12, "{server:?}");
    assert!(server.version_text.starts_with(&server.version.0.to_string()));
    assert_eq!(server.schema, "pg_catalog");
    assert_eq!(server.search_path, "pg_catalog,\"odd name\"");
    assert_eq!(Some(server.session_id.to_string()), first(&mut *connection, "SELECT pg_backend_pid()"));
    assert_eq!(first(&mut *connection, "SHOW TimeZone").as_deref(), Some("Asia/Tokyo"));
    assert_eq!(first(&mut *connection, "SHOW work_mem").as_deref(), Some("5MB"));
    assert_eq!(first(&mut *connection, "SHOW application_name").as_deref(), Some("dunlin"));
}

#[test]
fn values_are_the_servers_text() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    let outcome = connection
        .execute("SELECT 1, 1.50::numeric, true, NULL, 'é', '\\x0aff'::bytea, ARRAY[1,NULL]")
        .unwrap();
    let row: Vec<Option<&str>> = outcome.rows[0].iter().map(Option::as_deref).collect();
    assert_eq!(row, [Some("1"), Some("1.50"), Some("t"), None, Some("é"), Some("\\x0aff"), Some("{1,NULL}")]);
    assert_eq!(outcome.columns[0].name, "?column?");
}

/// The client looks types up by statements that it believes to have prepared.
#[test]
fn types_are_known_when_all_prepared_statements_were_dropped() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    for drop in ["DISCARD ALL", "DEALLOCATE ALL", "deallocate prepare all"] {
        connection
            .execute("CREATE TYPE pg_temp.mood AS ENUM ('calm'); CREATE TYPE pg_temp.pair AS (a int, b pg_temp.mood)")
            .unwrap();
        let asked = "SELECT 'calm'::pg_temp.mood, '(1,calm)'::pg_temp.pair";
        connection.execute_typed(asked, &[], true).unwrap();
        connection.execute_typed(drop, &[], false).unwrap();
        connection.execute("DROP TYPE IF EXISTS pg_temp.pair, pg_temp.mood").unwrap();
        connection
            .execute("CREATE TYPE pg_temp.mood AS ENUM ('calm'); CREATE TYPE pg_temp.pair AS (a int, b pg_temp.mood)")
            .unwrap();
        let outcome = connection.execute_typed(asked, &[], true).unwrap();
        assert_eq!(outcome.columns.len(), 2, "{drop}");
        connection.execute("DROP TYPE pg_temp.pair, pg_temp.mood").unwrap();
    }
}

#[test]
fn runs_many_statements_and_names_the_one_that_fails() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    let setup = [
        "CREATE TEMP TABLE orders (id int PRIMARY KEY) -- orders",
        "",
        "INSERT INTO orders VALUES (1), (2)",
        "/* note */",
        "SELECT id FROM orders",
    ];
    let outcomes = connection.execute_many(&setup).unwrap();
    let affected: Vec<u64> = outcomes.iter().map(|outcome| outcome.affected).collect();
    assert_eq!(affected, [0, 0, 2, 0, 2]);
    assert_eq!(outcomes[4].rows.len(), 2);
    for (statements, index, done, sqlstate, position) in [
        (vec!["SELECT 1", "-- note", "INSERT INTO orders VALUES (1)", "SELECT 2"], 2, 2, "23505", None),
        (vec!["SELECT 'é'", "SELECT colour FROM orders", "SELECT 2"], 1, 1, "42703", Some(8)),
        (vec!["SELECT 'é'", "", "SELECT 1 FORM orders", "SELECT 2"], 2, 0, "42601", Some(15)),
        (vec!["SELEKT 1", "SELECT 2"], 0, 0, "42601", Some(1)),
        (vec!["SELECT 1", "COPY orders FROM STDIN", "SELECT 2"], 1, 1, "", None),
        (vec!["SELECT 1", "SELECT '\0'"], 1, 1, "", None),
        (vec!["SELECT 1/0", "SELECT 2"], 0, 0, "22012", None),
        (vec!["SELECT 1", "DO $$ BEGIN PERFORM 1/0; END $$"], 1, 1, "22012", None),
    ] {
        let error = connection.execute_many(&statements).unwrap_err();
        assert_eq!((error.index, error.done.len()), (Some(index), done), "{statements:?} {error:?}");
        assert_eq!(error.error.sqlstate.as_deref().unwrap_or_default(), sqlstate, "{statements:?}");
        assert_eq!(error.error.position, position, "{statements:?}");
        // The session goes on.
        assert_eq!(first(&mut *connection, "SELECT 7").as_deref(), Some("7"));
    }
}

#[test]
fn refuses_at_commit_what_was_deferred() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    connection.execute("CREATE TEMP TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)").unwrap();
    let error = connection.execute_many(&["INSERT INTO a VALUES (1), (1)", "SELECT 1"]).unwrap_err();
    assert_eq!((error.index, error.error.sqlstate.as_deref()), (Some(1), Some("23505")));
    let error = connection
        .execute_many(&["BEGIN", "INSERT INTO a VALUES (1), (1)", "SELECT 1", "COMMIT"])
        .unwrap_err();
    assert_eq!(error.index, Some(3));
}

#[test]
fn notices_copy_and_transactions() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    connection
        .execute_many(&[
            "CREATE TEMP TABLE IF NOT EXISTS a (id int, note text)",
            "CREATE TEMP TABLE IF NOT EXISTS a (id int)",
        ])
        .unwrap();
    assert_eq!(connection.take_notices(), ["NOTICE: relation \"a\" already exists, skipping"]);
    assert!(connection.take_notices().is_empty());
    assert_eq!(connection.copy_in("COPY a FROM STDIN", b"1\ta\n2\t\\N\n").unwrap(), 2);
    assert_eq!(connection.copy_in("COPY a FROM STDIN", b"").unwrap(), 0);
    let error = connection.copy_in("COPY a FROM STDIN", b"x\ta\n").unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("22P02"));
    assert!(connection.copy_in("SELECT 1", b"x").is_err());
    assert_eq!(first(&mut *connection, "SELECT count(*) FROM a").as_deref(), Some("2"));
    let error = connection.execute("COPY a TO STDOUT").unwrap_err();
    assert!(error.message.contains("TO STDOUT"), "{error}");
    assert!(!connection.in_transaction().unwrap());
    connection.execute("BEGIN").unwrap();
    assert!(connection.in_transaction().unwrap());
    connection.execute("SELECT 1/0").unwrap_err();
    assert!(connection.in_transaction().unwrap());
    connection.execute("ROLLBACK").unwrap();
    assert!(!connection.in_transaction().unwrap());
}

#[test]
fn locks_exclude() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    lock_is_exclusive_and_has_a_holder(&url, &Lock::Advisory(77_433_833_903_597), "dunlin");
    lock_is_exclusive_and_has_a_holder(&url, &Lock::Advisory(-5), "dunlin");
}

#[test]
fn errors_have_a_kind() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    let mut victim = open(&url);
    connection.execute("CREATE TABLE IF NOT EXISTS dunlin_kinds (id int)").unwrap();
    connection.execute_many(&["BEGIN", "LOCK TABLE dunlin_kinds"]).unwrap();
    let error = victim.execute_many(&["SET lock_timeout = 20", "SELECT * FROM dunlin_kinds"]).unwrap_err();
    assert_eq!(error.error.kind, DbErrorKind::LockTimeout);
    connection.execute_many(&["COMMIT", "DROP TABLE dunlin_kinds"]).unwrap();
    let error = victim.execute("SET TRANSACTION READ ONLY; CREATE TABLE a (b int)").unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Storage);
    let id = victim.server().session_id;
    connection.execute(&format!("SELECT pg_terminate_backend({id})")).unwrap();
    wait_until(|| !connection.session_alive(id).unwrap());
    let error = victim.execute_many(&["SELECT 1"]).unwrap_err();
    assert_eq!((error.index, error.error.kind), (None, DbErrorKind::Connection), "{error:?}");
    assert_eq!(victim.execute("SELECT 1").unwrap_err().kind, DbErrorKind::Connection);
}

#[test]
fn refusals_say_what_was_tried() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let error = try_open(&url.clone().with_password(Some("wrong!secret"))).err().unwrap();
    assert_eq!(error.kind, DbErrorKind::Authentication, "{error:?}");
    assert!(!format!("{error:?}").contains("wrong!secret"));
    let mut missing = url.clone();
    missing.database = Some("no_such_database".to_owned());
    assert_eq!(try_open(&missing).err().unwrap().kind, DbErrorKind::Configuration);
    let closed = DatabaseUrl::parse("postgres://anna:geheim@127.0.0.1:9/shop").unwrap();
    let error = try_open(&closed).err().unwrap();
    assert_eq!(error.kind, DbErrorKind::Connection);
    assert!(error.message.contains("127.0.0.1:9") && error.hint.is_some(), "{error:?}");
    assert!(!format!("{error:?}").contains("geheim"));
}

#[test]
fn a_parameter_that_the_server_does_not_take_is_a_wrong_url() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let error = try_open(&with(&url, "options=-c%20no_such_setting%3D1")).err().unwrap();
    assert_eq!(error.kind, DbErrorKind::Configuration, "{error:?}");
    let error = open(&url).execute("SELECT '\0'").unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Statement);
}

#[test]
fn hosts_are_tried_in_order() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut several = url.clone();
    several.hosts = DatabaseUrl::parse("postgres://127.0.0.1:9/x").unwrap().hosts;
    several.hosts.extend(url.hosts.clone());
    open(&several);
    several.target = TargetSession::ReadWrite;
    open(&several);
    several.target = TargetSession::PreferStandby;
    open(&several);
    let mut standby = url.clone();
    standby.target = TargetSession::Standby;
    let error = try_open(&standby).err().unwrap();
    assert!(error.message.contains("standby"), "{error}");
}
