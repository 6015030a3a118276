//! Against `psql`.

use crate::support::{Database, ServerKind};
use crate::{assert_same, compare_folder, migrate, migrate_as, scripts};

fn create() -> Option<Database> {
    Database::create(ServerKind::Postgres)
}

#[test]
fn scripts_give_what_psql_gives() {
    compare_folder("postgres", create);
}

#[test]
fn a_dump_is_restored() {
    for options in [&[][..], &["--inserts"], &["--column-inserts", "--quote-all-identifiers"]] {
        for script in scripts("postgres") {
            let (Some(original), Some(restored)) = (create(), create()) else { return };
            original.run_in_client(&script.text).success();
            let dump = without_restrict(&original.postgres_dump(options));
            migrate(&restored, &dump).success();
            assert_same(&original, &restored, &format!("the dump of {}", script.name));
        }
    }
}

#[test]
fn a_script_is_read_by_the_standard_conforming_strings_that_the_session_has() {
    let (Some(by_client), Some(by_us)) = (create(), create()) else { return };
    let script = r"CREATE TABLE note (text text); INSERT INTO note VALUES ('it\'s; fine');
                   SET standard_conforming_strings = on; INSERT INTO note VALUES ('C:\'); INSERT INTO note VALUES (';');";
    by_client.run_in_client(&format!("SET standard_conforming_strings = off;\n{script}")).success();
    migrate_as(&by_us, "?options=-c%20standard_conforming_strings%3Doff", script).success();
    assert_same(&by_client, &by_us, "standard_conforming_strings");
}

#[test]
fn the_lines_that_a_dump_has_for_psql_are_refused_with_the_way_out() {
    let Some(database) = create() else { return };
    database.sql("CREATE TABLE patient (id integer); INSERT INTO patient VALUES (1);");
    let mut dump = database.postgres_dump(&[]);
    // A pg_dump older than August 2025 writes none.
    if !dump.contains("\n\\restrict ") {
        dump = format!("\\restrict s3cret\n{dump}\\unrestrict s3cret\n");
    }
    let Some(empty) = create() else { return };
    let output = migrate(&empty, &dump).fails();
    for part in ["\\restrict", "pg_dump", "Remove the \\restrict and \\unrestrict lines"] {
        assert!(output.stderr.contains(part), "{part} is missing\n{output}");
    }
    assert_eq!(empty.tables(), [""; 0], "nothing has run");
}

fn without_restrict(dump: &str) -> String {
    let kept = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    dump.split_inclusive('\n').filter(kept).collect()
}
