//! Migration files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::clinic::{CUSTOMERS, Clinic, not_run};
use crate::support::{Database, Project, ServerKind};

/// Adds files to a project that is applied, runs `up`, and returns what it says of each case.
fn up_with(cases: &[(&str, &[u8])]) -> String {
    let said = cases.iter().map(|(name, content)| {
        let clinic = Clinic::new();
        clinic.project.write(name, content);
        format!("# {name}\n{}", clinic.refuses(&["up"]))
    });
    said.collect::<Vec<String>>().join("\n")
}

#[test]
fn names_that_do_not_fit() {
    let migration = b"-- migrate:up\nSELECT 1;\n";
    assert_snapshot!(up_with(&[
        ("migrations/visits.sql", migration),
        ("migrations/2.sql", migration),
        ("migrations/2_visits.SQL", migration),
        ("migrations/2 visits.sql", migration),
        ("migrations/0_visits.sql", migration),
        ("migrations/01_customers_again.sql", migration),
        ("migrations/2_visits.sql/notes.txt", migration),
    ]), @"
    # migrations/visits.sql
    exit 1
      error: migrations/visits.sql: the name must begin with a version, which is a number
      help: Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.

    # migrations/2.sql
    exit 1
      error: migrations/2.sql: after the version the name must go on with `_` and what the migration is about
      help: Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.

    # migrations/2_visits.SQL
    exit 1
      error: migrations/2_visits.SQL: the name must end in `.sql`, in lower case
      help: Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.

    # migrations/2 visits.sql
    exit 1
      error: migrations/2 visits.sql: after the version the name must go on with `_` and what the migration is about
      help: Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.

    # migrations/0_visits.sql
    exit 1
      error: migrations/0_visits.sql: version 0 means the state before the first migration; begin with 1
      help: Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.

    # migrations/01_customers_again.sql
    exit 1
      error: migrations/01_customers_again.sql and migrations/1_customers.sql have the same version
      help: Give one of them another version.

    # migrations/2_visits.sql/notes.txt
    exit 1
      error: migrations/2_visits.sql is a folder, but is named like a migration
      help: Rename the folder.
    ");
}

#[test]
fn encodings_other_than_utf_8() {
    let utf_16: Vec<u8> =
        "\u{feff}-- migrate:up\nSELECT 1;\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_snapshot!(up_with(&[
        ("migrations/2_utf_16.sql", &utf_16),
        ("migrations/2_latin_1.sql", b"-- migrate:up\nINSERT INTO customers VALUES (2);\n-- M\xfcller\n"),
        ("migrations/2_nul.sql", b"-- migrate:up\nINSERT INTO customers VALUES (2);\0SELECT 1;\n"),
        ("migrations/2_binary.sql", &[0x53, 0x51, 0x4c, 0xff, 0xfe, 0x00]),
    ]), @"
    # migrations/2_utf_16.sql
    exit 1
      error: migrations/2_utf_16.sql:1: not UTF-8 at byte 0
      help: Save the file as UTF-8.

    # migrations/2_latin_1.sql
    exit 1
      error: migrations/2_latin_1.sql:3: not UTF-8 at byte 52
      help: Save the file as UTF-8.

    # migrations/2_nul.sql
    exit 1
      error: the script contains a NUL character, which this database cannot receive
       ╭─[migrations/2_nul.sql:2:1]
     1 │ -- migrate:up
     2 │ INSERT INTO customers VALUES (2);?SELECT 1;
       · ─────────────────────┬─────────────────────
       ·                      ╰── here
       ╰────
      help: Remove the character, or save the file as UTF-8 if it is UTF-16.

    # migrations/2_binary.sql
    exit 1
      error: migrations/2_binary.sql:1: not UTF-8 at byte 3
      help: Save the file as UTF-8.
    ");
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let clinic = Clinic::new();
    clinic
        .project
        .write("migrations/2_visits.sql", "\u{feff}-- migrate:up\r\nCREATE TABLE visits (id integer);\r\n");
    clinic.run(&["up"]).success();
}

#[test]
fn directives_that_are_wrong() {
    assert_snapshot!(up_with(&[
        ("migrations/2_none.sql", b"CREATE TABLE visits (id integer);\n"),
        ("migrations/2_empty.sql", b""),
        ("migrations/2_unknown.sql", b"-- migrate:up\nSELECT 1;\n\n-- migrate:dwon\nSELECT 2;\n"),
        ("migrations/2_option.sql", b"-- migrate:up transacton=none\nSELECT 1;\n"),
        ("migrations/2_value.sql", b"-- migrate:up transaction=maybe\nSELECT 1;\n"),
        ("migrations/2_indented.sql", b"-- migrate:up\nSELECT 1;\n  -- migrate:down\n"),
        ("migrations/2_empty_up.sql", b"-- migrate:up\n\n-- migrate:down\nSELECT 1;\n"),
        (
            "migrations/2_backfill.sql",
            b"-- migrate:up\nSELECT 1;\n\n-- migrate:backfill plugin=visits table=visits\n",
        ),
        (
            "migrations/2_several.sql",
            b"SELECT 0;\n-- migrate:up\nSELECT 1;\n-- migrate:sideways\n-- migrate:down transaction\n",
        ),
    ]), @"
    # migrations/2_none.sql
    exit 1
      error: `-- migrate:up` is missing: nothing says which SQL applies this migration
       ╭─[migrations/2_none.sql:1:1]
     1 │ CREATE TABLE visits (id integer);
       · ────────────────┬────────────────
       ·                 ╰── here
       ╰────
      help: Put a line `-- migrate:up` above the SQL that applies the migration, and `-- migrate:down` above the SQL that reverts it.

    # migrations/2_empty.sql
    exit 1
      error: `-- migrate:up` is missing: nothing says which SQL applies this migration
       ╭─[migrations/2_empty.sql:1:1]
       ╰────
      help: Put a line `-- migrate:up` above the SQL that applies the migration, and `-- migrate:down` above the SQL that reverts it.

    # migrations/2_unknown.sql
    exit 1
      error: unknown directive `-- migrate:dwon`
       ╭─[migrations/2_unknown.sql:4:1]
     3 │ 
     4 │ -- migrate:dwon
       · ───────┬───────
       ·        ╰── here
     5 │ SELECT 2;
       ╰────
      help: Did you mean `-- migrate:down`?

    # migrations/2_option.sql
    exit 1
      error: unknown option `transacton` of `-- migrate:up`
       ╭─[migrations/2_option.sql:1:1]
     1 │ -- migrate:up transacton=none
       · ──────────────┬──────────────
       ·               ╰── here
     2 │ SELECT 1;
       ╰────
      help: Did you mean `transaction`?

    # migrations/2_value.sql
    exit 1
      error: option `transaction` cannot be `maybe`
       ╭─[migrations/2_value.sql:1:1]
     1 │ -- migrate:up transaction=maybe
       · ───────────────┬───────────────
       ·                ╰── here
     2 │ SELECT 1;
       ╰────
      help: `transaction` is `none`, `always` or `auto`.

    # migrations/2_indented.sql
    exit 1
      error: a directive must start at the beginning of its line
       ╭─[migrations/2_indented.sql:3:1]
     2 │ SELECT 1;
     3 │   -- migrate:down
       · ────────┬────────
       ·         ╰── here
       ╰────
      help: Remove the space before it, or reword the line if it is only text.

    # migrations/2_empty_up.sql
    exit 1
      error: the up of 2_empty_up is empty; nothing was run
       ╭─[migrations/2_empty_up.sql:1:1]
     1 │ -- migrate:up
       · ──────┬──────
       ·       ╰── here
     2 │ 
       ╰────
      help: Write the SQL, or a comment under `-- migrate:up` if there is nothing to do.

    # migrations/2_backfill.sql
    exit 1
      error: the plugin plugins/visits.wasm cannot be read: No such file or directory (os error 2); nothing was run
       ╭─[migrations/2_backfill.sql:4:1]
     3 │ 
     4 │ -- migrate:backfill plugin=visits table=visits
       · ───────────────────────┬──────────────────────
       ·                        ╰── here
       ╰────
      help: `dunlin plugin build visits` compiles it from plugins/visits; `path` under [plugin.visits] in dunlin.toml names another file.

    # migrations/2_several.sql
    exit 1
      error: 3 errors in the migration files
      │ - migrations/2_several.sql:1: SQL before the first directive: it belongs neither to up nor to down. Move it below `-- migrate:up`; only comments may stand above.
      │ - migrations/2_several.sql:4: unknown directive `-- migrate:sideways`. Directives are `up`, `down`, `backfill`, `batch`, `step` and `baseline`.
      │ - migrations/2_several.sql:5: option `transaction` has no value. Write `transaction=…`, without spaces around `=`.
    ");
}

#[test]
fn sql_that_does_not_end() {
    assert_snapshot!(up_with(&[
        ("migrations/2_string.sql", b"-- migrate:up\nSELECT 1;\nINSERT INTO customers VALUES ('it''s);\n"),
        ("migrations/2_identifier.sql", b"-- migrate:up\nSELECT 1 AS \"one;\n"),
    ]), @r#"
    # migrations/2_string.sql
    exit 1
      error: a string literal that starts here is never closed
       ╭─[migrations/2_string.sql:3:1]
     2 │ SELECT 1;
     3 │ INSERT INTO customers VALUES ('it''s);
       · ───────────────────┬──────────────────
       ·                    ╰── here
       ╰────
      help: Add the closing quote; a quote inside a literal is written twice.

    # migrations/2_identifier.sql
    exit 1
      error: a quoted identifier that starts here is never closed
       ╭─[migrations/2_identifier.sql:2:1]
     1 │ -- migrate:up
     2 │ SELECT 1 AS "one;
       · ────────┬────────
       ·         ╰── here
       ╰────
      help: Add the closing quote of the identifier.
    "#);
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let clinic = Clinic { project: Project::with(&[CUSTOMERS]), database };
    clinic.project.write(
        "migrations/2_dollar.sql",
        "-- migrate:up\nCREATE TABLE visits (id integer);\nDO $body$ BEGIN NULL; END $bdy$;\n",
    );
    assert_snapshot!(clinic.shown(&clinic.run(&["up"]).fails()), @"
    exit 1
      error: a dollar-quoted string that starts here is never closed: $body$ does not occur again
       ╭─[migrations/2_dollar.sql:3:1]
     2 │ CREATE TABLE visits (id integer);
     3 │ DO $body$ BEGIN NULL; END $bdy$;
       · ────────────────┬───────────────
       ·                 ╰── here
       ╰────
      help: Close the string with the same tag, in the same case.
    ");
    clinic.project.remove("migrations/2_dollar.sql");
    clinic.project.write("migrations/2_comment.sql", "-- migrate:up\nSELECT 1;\n/* and so on\n");
    assert_snapshot!(clinic.shown(&clinic.run(&["up"]).fails()), @"
    exit 1
      error: a comment that starts here is never closed
       ╭─[migrations/2_comment.sql:3:1]
     2 │ SELECT 1;
     3 │ /* and so on
       · ──────┬─────
       ·       ╰── here
       ╰────
      help: Close the comment with `*/`; in PostgreSQL every `/*` inside it needs its own.
    ");
    assert!(clinic.database.tables().is_empty());
}

#[test]
fn files_that_cannot_be_read() {
    let clinic = Clinic::new();
    let path = clinic.project.path().join("migrations/2_visits.sql");
    std::os::unix::fs::symlink("nowhere.sql", &path).unwrap();
    assert_snapshot!(clinic.refuses(&["up"]), @"
    exit 1
      error: migrations/2_visits.sql cannot be read: No such file or directory (os error 2)
      help: Check that it exists and may be read.
    ");
    fs::remove_file(&path).unwrap();
    clinic.project.write("migrations/2_visits.sql", "-- migrate:up\nSELECT 1;\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        not_run("permissions do not bind root");
        return;
    }
    assert_snapshot!(clinic.refuses(&["up"]), @"
    exit 1
      error: migrations/2_visits.sql:1: migrations/2_visits.sql cannot be read: Permission denied (os error 13)
      help: Check that it exists and may be read.
    ");
}
