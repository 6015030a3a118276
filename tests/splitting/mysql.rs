//! Against the `mariadb` program, which speaks to MySQL too.

use crate::support::{Database, ServerKind};
use crate::{assert_same, compare_folder, migrate, migrate_as, scripts};

const KINDS: [ServerKind; 2] = [ServerKind::MariaDb, ServerKind::MySql];

/// The folders whose scripts run on a server.
fn folders(kind: ServerKind) -> &'static [&'static str] {
    if kind == ServerKind::MariaDb { &["mysql", "mariadb"] } else { &["mysql"] }
}

#[test]
fn scripts_give_what_the_client_gives() {
    for kind in KINDS {
        for folder in folders(kind) {
            compare_folder(folder, || Database::create(kind));
        }
    }
}

#[test]
fn a_dump_is_restored() {
    let ways: [&[&str]; 3] = [
        &["--skip-opt", "--create-options", "--extended-insert", "--hex-blob"],
        &["--add-drop-trigger", "--single-transaction", "--compact"],
        &[],
    ];
    for kind in KINDS {
        // Each script in one of the ways, in turn.
        let scripts = folders(kind).iter().copied().flat_map(scripts);
        for (script, options) in scripts.zip(ways.into_iter().cycle()) {
            let (Some(original), Some(restored)) = (Database::create(kind), Database::create(kind)) else {
                return;
            };
            original.run_in_client(script.for_client.as_deref().unwrap_or(&script.text)).success();
            let dump = original.mysql_dump(options);
            migrate(&restored, &dump).success();
            assert_same(&original, &restored, &format!("mariadb-dump {options:?} of {}", script.name));
        }
    }
}

#[test]
fn a_script_is_read_in_the_sql_mode_that_the_session_has() {
    for kind in KINDS {
        for (mode, script) in [
            (
                "NO_BACKSLASH_ESCAPES",
                r"CREATE TABLE folder (path text);
                  INSERT INTO folder VALUES ('C:\'); INSERT INTO folder VALUES ('D:\temp;'), ('\');",
            ),
            (
                "ANSI_QUOTES",
                r#"CREATE TABLE "a;b" ("back\" text, "say ""hi"";" text);
                   INSERT INTO "a;b" VALUES ('it\'s; fine', 'b');"#,
            ),
            (
                "ANSI_QUOTES",
                "SET sql_mode = ''; CREATE TABLE note (text text DEFAULT NULL); INSERT INTO note VALUES (\"it's;\\\"\");
                 SET sql_mode = DEFAULT;",
            ),
            (
                "ORACLE",
                "CREATE TABLE \"tally\" (n int, t varchar(20));
DELIMITER //
CREATE PROCEDURE count_up(top int) AS
  step int := 1;
BEGIN
  FOR i IN 1..top LOOP
    IF MOD(i, 2) = 0 THEN INSERT INTO tally VALUES (i * step, 'even' || ';'); END IF;
  END LOOP;
EXCEPTION WHEN OTHERS THEN NULL;
END;
//
DELIMITER ;
CALL count_up(5);",
            ),
        ] {
            if mode == "ORACLE" && kind != ServerKind::MariaDb {
                continue;
            }
            let (Some(by_client), Some(by_us)) = (Database::create(kind), Database::create(kind)) else { return };
            // Only MariaDB tells its client of ANSI_QUOTES; with MySQL the client takes the backslash for an escape.
            let for_client = if kind == ServerKind::MySql && mode == "ANSI_QUOTES" {
                script.replace(r#""back\""#, "`back\\`")
            } else {
                script.to_owned()
            };
            by_client.run_in_client(&format!("SET sql_mode = '{mode}';\n{for_client}")).success();
            migrate_as(&by_us, &format!("?sessionVariables=sql_mode='{mode}'"), script).success();
            assert_same(&by_client, &by_us, mode);
        }
    }
}

#[test]
fn two_dashes_without_a_space_open_a_remark_where_a_statement_begins() {
    let script =
        "--no space;\nCREATE TABLE stock (amount INT);\n--'nor here\nINSERT INTO stock VALUES (5--1);";
    for kind in KINDS {
        let (Some(by_client), Some(by_us)) = (Database::create(kind), Database::create(kind)) else { return };
        // Only as long as the client keeps remarks to itself: the servers do not know this kind.
        by_client.try_sql(script).success();
        migrate(&by_us, script).success();
        assert_same(&by_client, &by_us, "two dashes");
    }
}
