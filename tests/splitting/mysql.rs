//! Against the `mariadb` program, which speaks to MySQL too.

use crate::support::{Database, ServerKind};
use crate::{assert_same, compare_folder, migrate, scripts};

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
    let ways: [(&str, &[&str]); 3] = [
        ("mysqldump", &["--skip-opt", "--create-options", "--extended-insert", "--hex-blob"]),
        ("mariadb-dump", &["--add-drop-trigger", "--single-transaction", "--compact"]),
        ("mariadb-dump", &[]),
    ];
    for kind in KINDS {
        // Each script in one of the ways, in turn.
        let scripts = folders(kind).iter().copied().flat_map(scripts);
        for (script, (program, options)) in scripts.zip(ways.into_iter().cycle()) {
            let (Some(original), Some(restored)) = (Database::create(kind), Database::create(kind)) else {
                return;
            };
            original.run_in_client(script.for_client.as_deref().unwrap_or(&script.text)).success();
            let dump = original.mysql_dump(program, options);
            migrate(&restored, &dump).success();
            assert_same(&original, &restored, &format!("{program} {options:?} of {}", script.name));
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
