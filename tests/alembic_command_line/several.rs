//! Several databases in one run, as the template `multidb` has them.

use crate::clinic::LOGGING;
use crate::listings::files_on;
use crate::support::ServerKind;

const INI: &str = "[alembic]\nscript_location = %(here)s/db\ndatabases = ward, pharmacy\n\n[ward]\n\
                   sqlalchemy.url = sqlite:///ward.db\n\n[pharmacy]\nsqlalchemy.url = sqlite:///pharmacy.db\n";

/// A revision of both databases.
fn revision(id: &str, down: &str, ward: &str, pharmacy: &str) -> String {
    let functions = |direction: &str| {
        format!(
            "def {direction}(engine_name: str) -> None:\n    globals()[\"{direction}_%s\" % engine_name]()\n\n\n"
        )
    };
    let of = |database: &str, table: &str| {
        format!(
            "def upgrade_{database}():\n    op.create_table({table:?}, sa.Column(\"id\", sa.Integer, primary_key=True))\n\n\n\
             def downgrade_{database}():\n    op.drop_table({table:?})\n\n\n"
        )
    };
    format!(
        "from alembic import op\nimport sqlalchemy as sa\n\nrevision = {id:?}\ndown_revision = {down}\n\n\n{}{}{}{}",
        functions("upgrade"),
        functions("downgrade"),
        of("ward", ward),
        of("pharmacy", pharmacy)
    )
}

#[test]
fn several_databases_are_migrated_one_after_the_other() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &[]) else { return };
    let ini = format!("{INI}{LOGGING}");
    pair.all_same(&["init -t multidb db"]).write("alembic.ini", &ini);
    pair.write("db/versions/a1_beds.py", &revision("a1", "None", "beds", "drugs"));
    pair.write("db/versions/a2_rooms.py", &revision("a2", "\"a1\"", "rooms", "suppliers"));
    let tables = "SELECT name FROM sqlite_master ORDER BY name";
    let rows = "SELECT version_num FROM alembic_version";
    for line in [
        "current",
        "upgrade a1",
        "current -v",
        "upgrade head",
        "current --check-heads",
        "downgrade -1",
        "stamp head",
    ] {
        pair.all_same(&[line]);
        for query in [tables, rows] {
            pair.same_in("ward.db", query).same_in("pharmacy.db", query);
        }
    }
    // What one database has that the other has not is taken up where each is.
    pair.all_same(&["stamp a1"]).sql_in("ward.db", "UPDATE alembic_version SET version_num = 'a2'");
    pair.all_same(&["upgrade head", "current"]).same_in("pharmacy.db", tables).done();
}

#[test]
fn where_one_database_is_wrong_none_is_touched() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &[]) else { return };
    let wrong = INI.replace("sqlite:///pharmacy.db", "nosuch://pharmacy");
    pair.all_same(&["init -t multidb db"]).write("alembic.ini", &format!("{wrong}{LOGGING}"));
    pair.write("db/versions/a1_beds.py", &revision("a1", "None", "beds", "drugs"));
    pair.makes_no_file("upgrade head", "ward.db").done();
}
