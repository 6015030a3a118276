//! Sessions on real servers. Each test needs the URL of a server with administration rights in an environment variable
//! (`DUNLIN_TEST_POSTGRES`, `DUNLIN_TEST_MARIADB`, `DUNLIN_TEST_MYSQL`) and says when it is skipped for want of it.
//! The tests of TLS also need `DUNLIN_TEST_TLS`, a directory with `ca.pem`, which issued the servers' certificates for
//! the name `localhost` only, `otherca.pem`, which did not, and a client certificate `client.pem`, `client.key`, `client.pk8`.

use dunlin::db::url::{TlsMode, TlsSettings};
use dunlin::db::{ConnectOptions, Connection, DatabaseUrl, DbError, DbErrorKind, connect};
use dunlin_compat::model::{Dialect, Lock};
use std::path::{Path, PathBuf};

fn url(variable: &str) -> Option<DatabaseUrl> {
    let Ok(text) = std::env::var(variable) else {
        eprintln!("skipped: {variable} is not set");
        return None;
    };
    Some(DatabaseUrl::parse(&text).unwrap())
}

fn mysql_urls() -> Vec<DatabaseUrl> {
    ["DUNLIN_TEST_MARIADB", "DUNLIN_TEST_MYSQL"]
        .into_iter()
        .filter_map(url)
        .collect()
}

fn tls_directory() -> Option<PathBuf> {
    let directory = std::env::var_os("DUNLIN_TEST_TLS").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("skipped: DUNLIN_TEST_TLS is not set");
    }
    directory
}

fn open(url: &DatabaseUrl) -> Box<dyn Connection> {
    try_open(url).unwrap_or_else(|error| panic!("{url}: {error} {error:?}"))
}

fn try_open(url: &DatabaseUrl) -> Result<Box<dyn Connection>, DbError> {
    connect(url, &ConnectOptions::default())
}

fn first(connection: &mut dyn Connection, sql: &str) -> Option<String> {
    connection
        .execute(sql)
        .unwrap()
        .rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next())
        .flatten()
}

/// The same URL with other parameters, written as a URL writes them.
fn with(url: &DatabaseUrl, parameters: &str) -> DatabaseUrl {
    let scheme = if url.to_string().starts_with("postgresql") {
        "postgresql"
    } else {
        "mysql"
    };
    let parsed = DatabaseUrl::parse(&format!("{scheme}://x/y?{parameters}")).unwrap();
    let mut url = url.clone();
    (url.tls, url.session, url.options) = (parsed.tls, parsed.session, parsed.options);
    (url.target, url.local_infile, url.channel_binding) =
        (parsed.target, parsed.local_infile, parsed.channel_binding);
    if parsed.user.is_some() {
        (url.user, url.password) = (parsed.user, parsed.password);
    }
    url
}

fn lock_is_exclusive_and_has_a_holder(url: &DatabaseUrl, lock: &Lock, holder_part: &str) {
    let (mut one, mut other) = (open(url), open(url));
    let id = one.server().session_id;
    assert!(one.try_lock(lock).unwrap());
    assert!(!other.try_lock(lock).unwrap());
    let holder = other.lock_holder(lock).unwrap();
    assert!(
        holder.contains(&id.to_string()) && holder.contains(holder_part),
        "{holder}"
    );
    assert!(other.session_alive(id).unwrap());
    one.unlock(lock).unwrap();
    assert!(other.try_lock(lock).unwrap());
    drop(other);
    // Closing gives the lock back, and the server forgets the session.
    wait_until(|| one.try_lock(lock).unwrap());
    drop(one);
    let mut third = open(url);
    wait_until(|| !third.session_alive(id).unwrap());
    assert_eq!(third.lock_holder(lock), None);
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..100 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("did not happen within 2 s");
}

#[test]
fn postgres_tells_the_facts_of_its_session() {
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
    assert_eq!(
        Some(server.session_id.to_string()),
        first(&mut *connection, "SELECT pg_backend_pid()")
    );
    assert_eq!(
        first(&mut *connection, "SHOW TimeZone").as_deref(),
        Some("Asia/Tokyo")
    );
    assert_eq!(first(&mut *connection, "SHOW work_mem").as_deref(), Some("5MB"));
    assert_eq!(
        first(&mut *connection, "SHOW application_name").as_deref(),
        Some("dunlin")
    );
}

#[test]
fn postgres_values_are_the_servers_text() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    let outcome = connection
        .execute("SELECT 1, 1.50::numeric, true, NULL, 'é', '\\x0aff'::bytea, ARRAY[1,NULL]")
        .unwrap();
    let row: Vec<Option<&str>> = outcome.rows[0].iter().map(Option::as_deref).collect();
    assert_eq!(
        row,
        [
            Some("1"),
            Some("1.50"),
            Some("t"),
            None,
            Some("é"),
            Some("\\x0aff"),
            Some("{1,NULL}")
        ]
    );
    assert_eq!(outcome.columns[0].name, "?column?");
}

#[test]
fn postgres_runs_many_statements_and_names_the_one_that_fails() {
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
        (
            vec!["SELECT 1", "-- note", "INSERT INTO orders VALUES (1)", "SELECT 2"],
            2,
            2,
            "23505",
            None,
        ),
        (
            vec!["SELECT 'é'", "SELECT colour FROM orders", "SELECT 2"],
            1,
            1,
            "42703",
            Some(8),
        ),
        (
            vec!["SELECT 'é'", "", "SELECT 1 FORM orders", "SELECT 2"],
            2,
            0,
            "42601",
            Some(15),
        ),
        (vec!["SELEKT 1", "SELECT 2"], 0, 0, "42601", Some(1)),
        (
            vec!["SELECT 1", "COPY orders FROM STDIN", "SELECT 2"],
            1,
            1,
            "",
            None,
        ),
        (vec!["SELECT 1", "SELECT '\0'"], 1, 1, "", None),
        (vec!["SELECT 1/0", "SELECT 2"], 0, 0, "22012", None),
        (
            vec!["SELECT 1", "DO $$ BEGIN PERFORM 1/0; END $$"],
            1,
            1,
            "22012",
            None,
        ),
    ] {
        let error = connection.execute_many(&statements).unwrap_err();
        assert_eq!(
            (error.index, error.done.len()),
            (Some(index), done),
            "{statements:?} {error:?}"
        );
        assert_eq!(
            error.error.sqlstate.as_deref().unwrap_or_default(),
            sqlstate,
            "{statements:?}"
        );
        assert_eq!(error.error.position, position, "{statements:?}");
        // The session goes on.
        assert_eq!(first(&mut *connection, "SELECT 7").as_deref(), Some("7"));
    }
}

#[test]
fn postgres_refuses_at_commit_what_was_deferred() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    connection
        .execute("CREATE TEMP TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        .unwrap();
    let error = connection
        .execute_many(&["INSERT INTO a VALUES (1), (1)", "SELECT 1"])
        .unwrap_err();
    assert_eq!(
        (error.index, error.error.sqlstate.as_deref()),
        (Some(1), Some("23505"))
    );
    let error = connection
        .execute_many(&["BEGIN", "INSERT INTO a VALUES (1), (1)", "SELECT 1", "COMMIT"])
        .unwrap_err();
    assert_eq!(error.index, Some(3));
}

#[test]
fn postgres_notices_copy_and_transactions() {
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
    assert_eq!(
        connection.take_notices(),
        ["NOTICE: relation \"a\" already exists, skipping"]
    );
    assert!(connection.take_notices().is_empty());
    assert_eq!(
        connection
            .copy_in("COPY a FROM STDIN", b"1\ta\n2\t\\N\n")
            .unwrap(),
        2
    );
    assert_eq!(connection.copy_in("COPY a FROM STDIN", b"").unwrap(), 0);
    let error = connection.copy_in("COPY a FROM STDIN", b"x\ta\n").unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("22P02"));
    assert!(connection.copy_in("SELECT 1", b"x").is_err());
    assert_eq!(
        first(&mut *connection, "SELECT count(*) FROM a").as_deref(),
        Some("2")
    );
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
fn postgres_locks_exclude() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    lock_is_exclusive_and_has_a_holder(&url, &Lock::Advisory(77_433_833_903_597), "dunlin");
    lock_is_exclusive_and_has_a_holder(&url, &Lock::Advisory(-5), "dunlin");
}

#[test]
fn postgres_errors_have_a_kind() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut connection = open(&url);
    let mut victim = open(&url);
    connection
        .execute("CREATE TABLE IF NOT EXISTS dunlin_kinds (id int)")
        .unwrap();
    connection
        .execute_many(&["BEGIN", "LOCK TABLE dunlin_kinds"])
        .unwrap();
    let error = victim
        .execute_many(&["SET lock_timeout = 20", "SELECT * FROM dunlin_kinds"])
        .unwrap_err();
    assert_eq!(error.error.kind, DbErrorKind::LockTimeout);
    connection
        .execute_many(&["COMMIT", "DROP TABLE dunlin_kinds"])
        .unwrap();
    let error = victim
        .execute("SET TRANSACTION READ ONLY; CREATE TABLE a (b int)")
        .unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Storage);
    let id = victim.server().session_id;
    connection
        .execute(&format!("SELECT pg_terminate_backend({id})"))
        .unwrap();
    wait_until(|| !connection.session_alive(id).unwrap());
    let error = victim.execute_many(&["SELECT 1"]).unwrap_err();
    assert_eq!(
        (error.index, error.error.kind),
        (None, DbErrorKind::Connection),
        "{error:?}"
    );
    assert_eq!(
        victim.execute("SELECT 1").unwrap_err().kind,
        DbErrorKind::Connection
    );
}

#[test]
fn postgres_refusals_say_what_was_tried() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let error = try_open(&url.clone().with_password(Some("wrong!secret")))
        .err()
        .unwrap();
    assert_eq!(error.kind, DbErrorKind::Authentication, "{error:?}");
    assert!(!format!("{error:?}").contains("wrong!secret"));
    let mut missing = url.clone();
    missing.database = Some("no_such_database".to_owned());
    assert_eq!(try_open(&missing).err().unwrap().kind, DbErrorKind::Configuration);
    let closed = DatabaseUrl::parse("postgres://anna:geheim@127.0.0.1:9/shop").unwrap();
    let error = try_open(&closed).err().unwrap();
    assert_eq!(error.kind, DbErrorKind::Connection);
    assert!(
        error.message.contains("127.0.0.1:9") && error.hint.is_some(),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("geheim"));
}

#[test]
fn postgres_hosts_are_tried_in_order() {
    let Some(url) = url("DUNLIN_TEST_POSTGRES") else {
        return;
    };
    let mut several = url.clone();
    several.hosts = DatabaseUrl::parse("postgres://127.0.0.1:9/x").unwrap().hosts;
    several.hosts.extend(url.hosts.clone());
    open(&several);
    several.target = dunlin::db::url::TargetSession::ReadWrite;
    open(&several);
    several.target = dunlin::db::url::TargetSession::PreferStandby;
    open(&several);
    let mut standby = url.clone();
    standby.target = dunlin::db::url::TargetSession::Standby;
    let error = try_open(&standby).err().unwrap();
    assert!(error.message.contains("standby"), "{error}");
}

fn tls_url(url: &DatabaseUrl, host: &str, parameters: &str) -> DatabaseUrl {
    let mut url = with(url, parameters);
    for address in &mut url.hosts {
        if let dunlin::db::url::Host::Tcp { host: name, .. } = address {
            *name = host.to_owned();
        }
    }
    url
}

/// Parameters, host, and whether the session uses TLS; `None`: refused.
type TlsCase<'a> = (String, &'a str, Option<bool>);

fn modes<'a>(ca: &Path, other: &Path) -> Vec<TlsCase<'a>> {
    let (ca, other) = (ca.display(), other.display());
    vec![
        (String::new(), "127.0.0.1", Some(true)),
        ("sslmode=disable".to_owned(), "127.0.0.1", Some(false)),
        ("sslmode=prefer".to_owned(), "127.0.0.1", Some(true)),
        ("sslmode=require".to_owned(), "127.0.0.1", Some(true)),
        (format!("sslmode=verify-ca&ROOT={ca}"), "127.0.0.1", Some(true)),
        (format!("sslmode=verify-ca&ROOT={other}"), "127.0.0.1", None),
        (format!("sslmode=verify-full&ROOT={ca}"), "localhost", Some(true)),
        (format!("sslmode=verify-full&ROOT={ca}"), "127.0.0.1", None),
        (format!("sslmode=verify-full&ROOT={other}"), "localhost", None),
    ]
}

#[test]
fn postgres_modes_of_tls_mean_what_libpq_means() {
    let (Some(url), Some(directory)) = (url("DUNLIN_TEST_POSTGRES"), tls_directory()) else {
        return;
    };
    let (ca, other) = (directory.join("ca.pem"), directory.join("otherca.pem"));
    let mut cases = modes(&ca, &other);
    cases.extend([
        ("sslmode=allow".to_owned(), "127.0.0.1", Some(false)),
        // An authority that is named is used.
        (
            format!("sslmode=require&ROOT={}", other.display()),
            "127.0.0.1",
            None,
        ),
        (
            "sslmode=verify-full&sslrootcert=system".to_owned(),
            "localhost",
            None,
        ),
        (
            "channel_binding=require&sslmode=require".to_owned(),
            "127.0.0.1",
            Some(true),
        ),
        (
            "channel_binding=require&sslmode=disable".to_owned(),
            "127.0.0.1",
            None,
        ),
    ]);
    for (parameters, host, expected) in cases {
        let url = tls_url(&url, host, &parameters.replace("ROOT", "sslrootcert"));
        let used = try_open(&url).map(|mut connection| {
            first(
                &mut *connection,
                "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            )
            .as_deref()
                == Some("t")
        });
        assert_eq!(
            used.as_ref().ok().copied(),
            expected,
            "{parameters} {host} {used:?}"
        );
    }
}

/// `plainonly` and `tlsonly` may log in one way only, `certuser` with a certificate.
#[test]
fn postgres_falls_back_as_libpq_does() {
    let (Some(url), Some(directory)) = (url("DUNLIN_TEST_POSTGRES"), tls_directory()) else {
        return;
    };
    let file = |name: &str| directory.join(name).display().to_string();
    let (certificate, key, der) = (file("client.pem"), file("client.key"), file("client.pk8"));
    for (parameters, works) in [
        ("user=plainonly&password=p".to_owned(), true),
        ("user=plainonly&password=p&sslmode=require".to_owned(), false),
        ("user=tlsonly&password=p&sslmode=allow".to_owned(), true),
        ("user=tlsonly&password=p&sslmode=disable".to_owned(), false),
        ("user=plainonly&password=wrong".to_owned(), false),
        (
            format!("user=certuser&sslmode=require&sslcert={certificate}&sslkey={key}"),
            true,
        ),
        (
            format!("user=certuser&sslmode=require&sslcert={certificate}&sslkey={der}"),
            true,
        ),
        ("user=certuser&sslmode=require".to_owned(), false),
    ] {
        let result = try_open(&tls_url(&url, "127.0.0.1", &parameters));
        assert_eq!(result.is_ok(), works, "{parameters} {:?}", result.err());
        if let Err(error) = result {
            assert_eq!(error.kind, DbErrorKind::Authentication, "{parameters} {error:?}");
        }
    }
}

#[test]
fn mysql_modes_of_tls() {
    let Some(directory) = tls_directory() else { return };
    for url in mysql_urls() {
        for (parameters, host, expected) in modes(&directory.join("ca.pem"), &directory.join("otherca.pem")) {
            let url = tls_url(&url, host, &parameters.replace("ROOT", "ssl-ca"));
            let used = try_open(&url).map(|mut connection| {
                let outcome = connection
                    .execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
                    .unwrap();
                outcome.rows[0][1].as_deref() != Some("")
            });
            assert_eq!(
                used.as_ref().ok().copied(),
                expected,
                "{parameters} {host} {used:?}"
            );
        }
    }
}

#[test]
fn mysql_tells_the_facts_of_its_session() {
    for (variable, dialect) in [
        ("DUNLIN_TEST_MARIADB", Dialect::Mariadb),
        ("DUNLIN_TEST_MYSQL", Dialect::Mysql),
    ] {
        let Some(url) = url(variable) else { continue };
        let mut connection = open(&with(
            &url,
            "sessionVariables=sql_mode='ANSI_QUOTES',time_zone='%2B09:00'",
        ));
        let server = connection.server().clone();
        assert_eq!(server.dialect, dialect);
        assert!(server.version > (5, 0, 0) && !server.version_text.is_empty());
        assert_eq!(url.user, Some(server.user));
        assert_eq!(
            Some(server.session_id.to_string()),
            first(&mut *connection, "SELECT CONNECTION_ID()")
        );
        assert_eq!(
            first(&mut *connection, "SELECT @@time_zone").as_deref(),
            Some("+09:00")
        );
        assert_eq!(
            first(&mut *connection, "SELECT @@character_set_client").as_deref(),
            Some("utf8mb4")
        );
    }
}

#[test]
fn mysql_runs_many_statements_and_names_the_one_that_fails() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        connection
            .execute_many(&[
                "CREATE DATABASE IF NOT EXISTS dunlin_test",
                "USE dunlin_test",
                "DROP TABLE IF EXISTS a",
                "CREATE TEMPORARY TABLE orders (id int PRIMARY KEY, note varchar(9), data blob) # orders",
            ])
            .unwrap();
        let outcomes = connection
            .execute_many(&[
                "INSERT INTO orders VALUES (1, 'é', X'0AFF'), (2, NULL, 'ab')",
                "",
                "UPDATE orders SET note = note",
                "-- note",
                "SELECT * FROM orders",
                "/*!40101 SET @x = 1 */",
            ])
            .unwrap();
        let affected: Vec<u64> = outcomes.iter().map(|outcome| outcome.affected).collect();
        assert_eq!(affected, [2, 0, 2, 0, 2, 0]);
        let rows: Vec<Vec<Option<&str>>> = outcomes[4]
            .rows
            .iter()
            .map(|row| row.iter().map(Option::as_deref).collect())
            .collect();
        assert_eq!(
            rows,
            [
                [Some("1"), Some("é"), Some("0x0AFF")],
                [Some("2"), None, Some("ab")]
            ]
        );
        assert_eq!(outcomes[4].columns[0].type_id, Some(3));
        connection
            .execute_many(&[
                "DROP PROCEDURE IF EXISTS two",
                "CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END",
            ])
            .unwrap();
        let outcomes = connection
            .execute_many(&["SELECT 0", "CALL two()", "SELECT 3"])
            .unwrap();
        assert_eq!(
            (outcomes.len(), outcomes[2].rows[0][0].as_deref()),
            (3, Some("3"))
        );
        for (statements, index, code) in [
            (
                vec![
                    "SELECT 1",
                    "# note",
                    "INSERT INTO orders (id) VALUES (1)",
                    "SELECT 2",
                ],
                2,
                1062,
            ),
            (vec!["SELECT 1", "", "SELEKT 1", "SELECT 2"], 2, 1064),
            (vec!["SELEKT 1"], 0, 1064),
            (vec!["SELECT 1", "CALL nothing()", "SELECT 2"], 1, 1305),
            (
                vec!["SELECT 1", "SELECT 2", "SELECT (SELECT id FROM orders)"],
                2,
                1242,
            ),
        ] {
            let error = connection.execute_many(&statements).unwrap_err();
            assert_eq!(
                (error.index, error.done.len()),
                (Some(index), index),
                "{statements:?} {error:?}"
            );
            assert_eq!(error.error.code, Some(code), "{statements:?}");
            assert_eq!(first(&mut *connection, "SELECT 7").as_deref(), Some("7"));
        }
        connection.execute("DROP DATABASE dunlin_test").unwrap();
    }
}

#[test]
fn mysql_sends_large_batches_in_parts() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        let limit: usize = first(&mut *connection, "SELECT @@max_allowed_packet")
            .unwrap()
            .parse()
            .unwrap();
        let statement = format!("SELECT length('{}')", "x".repeat(limit / 3));
        let statements = vec![statement.as_str(); 5];
        let outcomes = connection.execute_many(&statements).unwrap();
        assert_eq!(outcomes[4].rows[0][0], Some((limit / 3).to_string()));
    }
}

#[test]
fn mysql_warnings_transactions_and_files() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        connection
            .execute("DROP TABLE IF EXISTS mysql.dunlin_nothing")
            .unwrap();
        let notices = connection.take_notices();
        assert!(
            matches!(notices.as_slice(), [notice] if notice.starts_with("Note 1051: Unknown table")),
            "{notices:?}"
        );
        assert!(!connection.in_transaction().unwrap());
        connection.execute("START TRANSACTION").unwrap();
        assert!(connection.in_transaction().unwrap());
        connection.execute("ROLLBACK").unwrap();
        assert!(!connection.in_transaction().unwrap());
        let load = "LOAD DATA LOCAL INFILE '/nowhere/orders.csv' INTO TABLE orders";
        let error = connection
            .execute_many(&["SELECT 1", load, "SELECT 2"])
            .unwrap_err();
        assert_eq!((error.index, error.done.len()), (Some(1), 1));
        assert!(error.error.message.contains("disabled"), "{error:?}");
    }
}

#[test]
fn mysql_reads_a_local_file_if_the_url_allows_it() {
    for url in mysql_urls() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("orders.csv");
        std::fs::write(&file, "1\n2\n").unwrap();
        let mut connection = open(&with(&url, "local_infile=1"));
        connection
            .execute_many(&[
                "CREATE DATABASE IF NOT EXISTS dunlin_files",
                "USE dunlin_files",
                "CREATE TEMPORARY TABLE orders (id int)",
            ])
            .unwrap();
        let _ = connection.execute("SET GLOBAL local_infile = 1");
        let load = |path: &Path| format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE orders", path.display());
        let outcomes = connection
            .execute_many(&["SELECT 1", &load(&file), "SELECT count(*) FROM orders"])
            .unwrap();
        assert_eq!(
            (outcomes[1].affected, outcomes[2].rows[0][0].as_deref()),
            (2, Some("2"))
        );
        let error = connection
            .execute_many(&["SELECT 1", &load(Path::new("/nowhere.csv")), "SELECT 2"])
            .unwrap_err();
        assert_eq!(error.index, Some(1));
        assert!(error.error.message.contains("/nowhere.csv"), "{error:?}");
        assert_eq!(
            first(&mut *connection, "SELECT count(*) FROM orders").as_deref(),
            Some("2")
        );
        connection.execute("DROP DATABASE dunlin_files").unwrap();
    }
}

#[test]
fn mysql_locks_exclude() {
    for url in mysql_urls() {
        let user = url.user.clone().unwrap();
        lock_is_exclusive_and_has_a_holder(&url, &Lock::Named("Flyway-it's".to_owned()), &user);
    }
}

#[test]
fn mysql_refusals_and_lost_connections() {
    for url in mysql_urls() {
        let error = try_open(&url.clone().with_password(Some("wrong!secret")))
            .err()
            .unwrap();
        assert_eq!(error.kind, DbErrorKind::Authentication, "{error:?}");
        assert!(!format!("{error:?}").contains("wrong!secret"));
        let closed = DatabaseUrl::parse("mysql://anna:geheim@127.0.0.1:9/shop").unwrap();
        let error = try_open(&closed).err().unwrap();
        assert_eq!(error.kind, DbErrorKind::Connection);
        assert!(
            error.message.contains("127.0.0.1:9") && error.hint.is_some(),
            "{error:?}"
        );
        let (mut connection, mut victim) = (open(&url), open(&url));
        connection
            .execute(&format!("KILL {}", victim.server().session_id))
            .unwrap();
        let error = victim.execute_many(&["SELECT 1"]).unwrap_err();
        assert_eq!(
            (error.index, error.error.kind),
            (None, DbErrorKind::Connection),
            "{error:?}"
        );
    }
}

#[test]
fn mysql_creates_the_database_if_the_url_asks() {
    for url in mysql_urls() {
        let mut missing = url.clone();
        missing.database = Some("dunlin_missing".to_owned());
        assert_eq!(try_open(&missing).err().unwrap().kind, DbErrorKind::Configuration);
        missing.create_database = true;
        let mut connection = open(&missing);
        assert_eq!(connection.server().database, "dunlin_missing");
        connection.execute("DROP DATABASE dunlin_missing").unwrap();
    }
}

#[test]
fn tls_settings_default_to_prefer() {
    assert_eq!(TlsSettings::default().mode, TlsMode::Prefer);
}
