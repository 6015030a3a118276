//! Sessions on MySQL and MariaDB.

use super::{first, lock_is_exclusive_and_has_a_holder, mysql_urls, open, try_open, url, with};
use dunlin::db::{DatabaseUrl, DbErrorKind};
use dunlin_compat::model::{Dialect, Lock};
use std::path::Path;

#[test]
fn tells_the_facts_of_its_session() {
    for (variable, dialect) in
        [("DUNLIN_TEST_MARIADB", Dialect::Mariadb), ("DUNLIN_TEST_MYSQL", Dialect::Mysql)]
    {
        let Some(url) = url(variable) else { continue };
        let mut connection =
            open(&with(&url, "sessionVariables=sql_mode='ANSI_QUOTES',time_zone='%2B09:00'"));
        let server = connection.server().clone();
        assert_eq!(server.dialect, dialect);
        assert!(server.version > (5, 0, 0) && !server.version_text.is_empty());
        assert!(server.quoting.initial.ansi_quotes && !server.quoting.default.ansi_quotes);
        assert!(server.quoting.initial.backslash_escapes && server.quoting.default.backslash_escapes);
        assert_eq!(url.user, Some(server.user));
        assert_eq!(Some(server.session_id.to_string()), first(&mut *connection, "SELECT CONNECTION_ID()"));
        assert_eq!(first(&mut *connection, "SELECT @@time_zone").as_deref(), Some("+09:00"));
        assert_eq!(first(&mut *connection, "SELECT @@character_set_client").as_deref(), Some("utf8mb4"));
    }
}

#[test]
fn runs_many_statements_and_names_the_one_that_fails() {
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
        let rows: Vec<Vec<Option<&str>>> =
            outcomes[4].rows.iter().map(|row| row.iter().map(Option::as_deref).collect()).collect();
        assert_eq!(rows, [[Some("1"), Some("é"), Some("0x0AFF")], [Some("2"), None, Some("ab")]]);
        assert_eq!(outcomes[4].columns[0].type_id, Some(3));
        connection
            .execute_many(&[
                "DROP PROCEDURE IF EXISTS two",
                "CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END",
            ])
            .unwrap();
        let outcomes = connection.execute_many(&["SELECT 0", "CALL two()", "SELECT 3"]).unwrap();
        assert_eq!((outcomes.len(), outcomes[2].rows[0][0].as_deref()), (3, Some("3")));
        for (statements, index, code) in [
            (vec!["SELECT 1", "# note", "INSERT INTO orders (id) VALUES (1)", "SELECT 2"], 2, 1062),
            (vec!["SELECT 1", "", "SELEKT 1", "SELECT 2"], 2, 1064),
            (vec!["SELEKT 1"], 0, 1064),
            (vec!["SELECT 1", "CALL nothing()", "SELECT 2"], 1, 1305),
            (vec!["SELECT 1", "SELECT 2", "SELECT (SELECT id FROM orders)"], 2, 1242),
        ] {
            let error = connection.execute_many(&statements).unwrap_err();
            assert_eq!((error.index, error.done.len()), (Some(index), index), "{statements:?} {error:?}");
            assert_eq!(error.error.code, Some(code), "{statements:?}");
            assert_eq!(first(&mut *connection, "SELECT 7").as_deref(), Some("7"));
        }
        connection.execute("DROP DATABASE dunlin_test").unwrap();
    }
}

/// As under `DELIMITER $$`, where the `;` before it belongs to the statement.
#[test]
fn a_statement_of_a_batch_may_end_with_a_separator_of_its_own() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        connection.execute("CREATE DATABASE IF NOT EXISTS dunlin_test_separator").unwrap();
        let outcomes = connection
            .execute_many(&[
                "USE dunlin_test_separator",
                "DROP PROCEDURE IF EXISTS ends_itself",
                "CREATE PROCEDURE ends_itself() BEGIN SELECT 'own'; END; -- done",
                "SELECT 1; SELECT 'last';",
                "CALL ends_itself()",
                "DROP PROCEDURE ends_itself",
                "SELECT 4",
            ])
            .unwrap();
        connection.execute("DROP DATABASE dunlin_test_separator").unwrap();
        let values: Vec<Option<&str>> = outcomes
            .iter()
            .map(|outcome| outcome.rows.first().and_then(|row| row.first()).and_then(Option::as_deref))
            .collect();
        assert_eq!(values, [None, None, None, Some("last"), None, None, Some("4")]);
    }
}

#[test]
fn sends_large_batches_in_parts() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        let limit: usize = first(&mut *connection, "SELECT @@max_allowed_packet").unwrap().parse().unwrap();
        let statement = format!("SELECT length('{}')", "x".repeat(limit / 3));
        let statements = vec![statement.as_str(); 5];
        let outcomes = connection.execute_many(&statements).unwrap();
        assert_eq!(outcomes[4].rows[0][0], Some((limit / 3).to_string()));
    }
}

#[test]
fn warnings_transactions_and_files() {
    for url in mysql_urls() {
        let mut connection = open(&url);
        connection.execute("DROP TABLE IF EXISTS mysql.dunlin_nothing").unwrap();
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
        let error = connection.execute_many(&["SELECT 1", load, "SELECT 2"]).unwrap_err();
        assert_eq!((error.index, error.done.len()), (Some(1), 1));
        assert!(error.error.message.contains("disabled"), "{error:?}");
    }
}

#[test]
fn reads_a_local_file_if_the_url_allows_it() {
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
        let outcomes =
            connection.execute_many(&["SELECT 1", &load(&file), "SELECT count(*) FROM orders"]).unwrap();
        assert_eq!((outcomes[1].affected, outcomes[2].rows[0][0].as_deref()), (2, Some("2")));
        let error =
            connection.execute_many(&["SELECT 1", &load(Path::new("/nowhere.csv")), "SELECT 2"]).unwrap_err();
        assert_eq!(error.index, Some(1));
        assert!(error.error.message.contains("/nowhere.csv"), "{error:?}");
        assert_eq!(first(&mut *connection, "SELECT count(*) FROM orders").as_deref(), Some("2"));
        connection.execute("DROP DATABASE dunlin_files").unwrap();
    }
}

#[test]
fn locks_exclude() {
    for url in mysql_urls() {
        let user = url.user.clone().unwrap();
        lock_is_exclusive_and_has_a_holder(&url, &Lock::Named("Flyway-it's".to_owned()), &user);
    }
}

#[test]
fn refusals_and_lost_connections() {
    for url in mysql_urls() {
        let error = try_open(&url.clone().with_password(Some("wrong!secret"))).err().unwrap();
        assert_eq!(error.kind, DbErrorKind::Authentication, "{error:?}");
        assert!(!format!("{error:?}").contains("wrong!secret"));
        let closed = DatabaseUrl::parse("mysql://anna:geheim@127.0.0.1:9/shop").unwrap();
        let error = try_open(&closed).err().unwrap();
        assert_eq!(error.kind, DbErrorKind::Connection);
        assert!(error.message.contains("127.0.0.1:9") && error.hint.is_some(), "{error:?}");
        let (mut connection, mut victim) = (open(&url), open(&url));
        connection.execute(&format!("KILL {}", victim.server().session_id)).unwrap();
        let error = victim.execute_many(&["SELECT 1"]).unwrap_err();
        assert_eq!((error.index, error.error.kind), (None, DbErrorKind::Connection), "{error:?}");
    }
}

#[test]
fn creates_the_database_if_the_url_asks() {
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
