//! Against `sqlite3`.

use crate::support::{Database, ServerKind};
use crate::{assert_same, compare_folder, migrate, scripts};

#[test]
fn scripts_give_what_sqlite3_gives() {
    compare_folder("sqlite", || Database::create(ServerKind::Sqlite));
}

#[test]
fn a_dump_is_restored() {
    for script in scripts("sqlite") {
        let original = Database::sqlite();
        original.run_in_client(&script.text).success();
        // A dump leaves out this number.
        original.sql("PRAGMA user_version = 0;");
        let dump = original.sql(".dump");
        let restored = Database::sqlite();
        migrate(&restored, &dump).success();
        assert_same(&original, &restored, &format!("the dump of {}", script.name));
    }
}

#[test]
fn line_ends_inside_a_literal_stay_where_sqlite3_makes_them_newlines() {
    let script = "CREATE TABLE visit (\r\n    id INTEGER PRIMARY KEY, -- given;\r\n    note TEXT DEFAULT 'a;\r\nb'\r\n);\r\n\
                  INSERT INTO visit (id) VALUES (1);\r\n\
                  CREATE TRIGGER noted AFTER INSERT ON visit BEGIN\r\n    UPDATE visit SET note = ';';\r\nEND;\r\n";
    let (by_client, by_us) = (Database::sqlite(), Database::sqlite());
    by_client.run_in_client(script).success();
    migrate(&by_us, script).success();
    by_us.remove_our_tables();
    assert_eq!(by_us.query("SELECT note FROM visit"), [["a;\r\nb"]]);
    assert_eq!(by_us.state().replace("\r\n", "\n"), by_client.state());
}
