//! What goes wrong outside of dunlin: files, settings, databases, disks, arguments. Each is answered with one clear
//! error and the right exit code, and nothing is changed.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use support::{Database, Output, Project, ServerKind};

const CUSTOMERS: (&str, &str) = (
    "migrations/1_customers.sql",
    "-- migrate:up\nCREATE TABLE customers (id integer PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE customers;\n",
);

/// A project with one migration, which is applied.
struct Clinic {
    project: Project,
    database: Database,
}

impl Clinic {
    fn new() -> Clinic {
        let clinic = Clinic { project: Project::with(&[CUSTOMERS]), database: Database::sqlite() };
        clinic.run(&["up"]).success();
        clinic
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let url = self.database.url();
        self.project.dunlin_with(arguments, |command| {
            command.env("DATABASE_URL", url);
        })
    }

    /// Runs the binary, which must fail and change nothing, and returns what it says.
    #[track_caller]
    fn refuses(&self, arguments: &[&str]) -> String {
        let dump =
            || format!("{}\n{}", self.database.schema_dump(), self.database.table_rows("dunlin_migrations"));
        let before = dump();
        let output = self.run(arguments).fails();
        assert_eq!(dump(), before, "{output}");
        self.shown(&output)
    }

    fn shown(&self, output: &Output) -> String {
        assert!(!output.stderr.contains("panicked"), "{output}");
        format!("exit {}\n{}{}", output.status, output.stdout, output.stderr)
            .replace(&self.database.name(), "clinic.db")
            .replace(&self.project.path().display().to_string(), "<project>")
    }
}

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
      error: `-- migrate:backfill` comes with backfills, which are not built yet; nothing was run
       ╭─[migrations/2_backfill.sql:4:1]
     3 │ 
     4 │ -- migrate:backfill plugin=visits table=visits
       · ───────────────────────┬──────────────────────
       ·                        ╰── here
       ╰────
      help: Move the block into a later migration and stop before it with `--to`, or write the change as SQL under `-- migrate:up`.

    # migrations/2_several.sql
    exit 1
      error: 3 errors in the migration files
      │ - migrations/2_several.sql:1: SQL before the first directive: it belongs neither to up nor to down. Move it below `-- migrate:up`; only comments may stand above.
      │ - migrations/2_several.sql:4: unknown directive `-- migrate:sideways`. Directives are `up`, `down`, `backfill` and `batch`.
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
        eprintln!("not run: permissions do not bind root");
        return;
    }
    assert_snapshot!(clinic.refuses(&["up"]), @"
    exit 1
      error: migrations/2_visits.sql:1: migrations/2_visits.sql cannot be read: Permission denied (os error 13)
      help: Check that it exists and may be read.
    ");
}

#[test]
fn settings_that_are_wrong() {
    let cases = [
        "\nmigratoins = \"changes\"\n",
        "lock-timeout = 5\n",
        "url = \"postgres://clinic:s3cret@db\nretries = 1\n",
        "url = \"postgres://clinic:s3cret@db:port/clinic\"\n",
        "url = \"postgres://clinic:${NOT_SET}@db/clinic\"\n",
        "migrations = \"nowhere\"\n",
        "tool = \"liquibase\"\n",
        "tool = \"rails\"\n",
    ];
    let clinic = Clinic::new();
    let said = cases.iter().map(|text| {
        clinic.project.write("dunlin.toml", text);
        let output = clinic.project.dunlin(&["status"]).fails();
        assert!(!format!("{output}").contains("s3cret"), "{output}");
        format!("# {}\n{}", text.trim().replace("s3cret", "…"), clinic.shown(&output))
    });
    assert_snapshot!(said.collect::<Vec<String>>().join("\n"), @r#"
    # migratoins = "changes"
    exit 1
      error: dunlin.toml:2: unknown key `migratoins`; did you mean `migrations`?

    # lock-timeout = 5
    exit 1
      error: dunlin.toml:1: `lock-timeout`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"

    # url = "postgres://clinic:…@db
    retries = 1
    exit 1
      error: dunlin.toml:1: invalid basic string, expected `"`

    # url = "postgres://clinic:…@db:port/clinic"
    exit 1
      error: dunlin.toml: the port in the database URL is not a number from 1 to 65535 (in 'postgres://clinic:***@db:port/clinic')
      help: write special characters of a password percent-encoded: ':' as %3A, '/' as %2F, '@' as %40

    # url = "postgres://clinic:${NOT_SET}@db/clinic"
    exit 1
      error: `url` in dunlin.toml uses ${NOT_SET}, but the environment variable NOT_SET is not set; set it, or give --url

    # migrations = "nowhere"
    exit 1
      error: there is no folder nowhere
      help: `dunlin new <name>` creates it with a first migration; `migrations` in dunlin.toml names another.

    # tool = "liquibase"
    exit 1
      error: dunlin.toml:1: `tool`: unknown variant `liquibase`, expected one of `native`, `flyway`, `alembic`, `knex`, `rails`

    # tool = "rails"
    exit 1
      error: <project> is a project of rails (dunlin.toml tells), and rails projects are not built yet: so far dunlin runs flyway projects and its own format. For the latter write `tool = "native"` in dunlin.toml
    "#);
}

#[test]
fn urls_that_are_wrong() {
    let cases = [
        "",
        "clinic.db",
        "oracle://clinic:s3cret@db/clinic",
        "postgres://clinic:s3cret@db:port/clinic",
        "postgres://clinic:s3%cret@db/clinic",
        "jdbc:sqlserver://db;user=clinic;password=s3cret",
        "postgres://clinic@db/clinic?sslmode=perhaps&password=s3cret",
    ];
    let clinic = Clinic::new();
    let said = cases.iter().map(|url| {
        let output = clinic.project.dunlin(&["status", "--url", url]).exits(2);
        assert!(!output.stderr.contains("s3cret") && !output.stderr.contains("s3%cret"), "{output}");
        format!("# {}\n{}", url.replace("s3cret", "…").replace("s3%cret", "…"), clinic.shown(&output))
    });
    assert_snapshot!(said.collect::<Vec<String>>().join("\n"), @r#"
    # 
    exit 2
      error: no database is named
      help: Give --url, set DATABASE_URL, or write `url = "…"` into dunlin.toml.

    # clinic.db
    exit 2
      error: the scheme of the database URL is not known (in 'clinic.db')
      help: If it is a SQLite file, write sqlite:clinic.db

    # oracle://clinic:…@db/clinic
    exit 2
      error: the scheme of the database URL is not known (in 'oracle://clinic:***@db/clinic')
      help: dunlin speaks postgres://, mysql://, mariadb:// and sqlite: URLs, their SQLAlchemy and Rails spellings, and jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: and jdbc:sqlite:

    # postgres://clinic:…@db:port/clinic
    exit 2
      error: the port in the database URL is not a number from 1 to 65535 (in 'postgres://clinic:***@db:port/clinic')
      help: write special characters of a password percent-encoded: ':' as %3A, '/' as %2F, '@' as %40

    # postgres://clinic:…@db/clinic
    exit 2
      error: the password in the database URL holds a '%' that is not followed by two hexadecimal digits (in 'postgres://clinic:***@db/clinic')
      help: write '%' as '%25'

    # jdbc:sqlserver://db;user=clinic;password=…
    exit 2
      error: the scheme of the database URL is not known (in 'jdbc:sqlserver://db;user=clinic;password=***')
      help: dunlin speaks postgres://, mysql://, mariadb:// and sqlite: URLs, their SQLAlchemy and Rails spellings, and jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: and jdbc:sqlite:

    # postgres://clinic@db/clinic?sslmode=perhaps&password=…
    exit 2
      error: the sslmode of the database URL is not known (in 'postgres://clinic@db/clinic?sslmode=perhaps&password=***')
      help: one of disable, allow, prefer, require, verify-ca, verify-full
    "#);
    let output = clinic.project.dunlin(&["up"]).exits(2);
    assert_snapshot!(clinic.shown(&output), @r#"
    exit 2
      error: no database is named
      help: Give --url, set DATABASE_URL, or write `url = "…"` into dunlin.toml.
    "#);
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown() {
    let clinic = Clinic::new();
    for arguments in [
        &["postgres://clinic:s3cret@db/clinic"][..],
        &["status", "postgres://clinic:s3cret@db/clinic"],
        &["status", "--format", "postgres://clinic:s3cret@db/clinic"],
        &["status", "--format", "json", "postgres://clinic:s3cret@db/clinic"],
        &["-C", "postgres://clinic:s3cret@db/clinic", "status"],
        &["up", "--to", "postgres://clinic:s3cret@db/clinic"],
        &["up", "--url", "postgres://clinic:s3cret@127.0.0.1:1/clinic"],
        &["doctor", "--url", "postgres://clinic:s3cret@127.0.0.1:1/clinic"],
        &["doctor", "--format", "json", "--url", "mysql://clinic:s3cret@127.0.0.1:1/clinic"],
    ] {
        let output = clinic.run(arguments).fails();
        assert!(!output.stdout.contains("s3cret") && !output.stderr.contains("s3cret"), "{output}");
    }
}

#[test]
fn a_server_that_is_not_there() {
    let clinic = Clinic::new();
    let said = ["postgres", "mysql", "mariadb"].map(|scheme| {
        let url = format!("{scheme}://clinic:s3cret@127.0.0.1:1/clinic");
        clinic.shown(&clinic.project.dunlin(&["up", "--url", &url]).exits(1))
    });
    assert_snapshot!(said.join("\n"), @"
    exit 1
      error: cannot connect to PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between

    exit 1
      error: cannot connect to MySQL at 127.0.0.1:1: Could not connect to address `127.0.0.1:1': Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between

    exit 1
      error: cannot connect to MySQL at 127.0.0.1:1: Could not connect to address `127.0.0.1:1': Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between
    ");
}

/// `refused` on each server that is there; the texts differ from version to version.
fn on_servers(refused: impl Fn(&Database) -> (String, &'static str)) {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        let (url, code) = refused(&database);
        let project = Project::with(&[CUSTOMERS]);
        let output = project.dunlin(&["up", "--url", &url]).exits(1);
        assert!(output.stderr.contains("error: ") && output.stderr.contains("help: "), "{output}");
        assert!(!output.stderr.contains("s3cret"), "{output}");
        let output = project.dunlin(&["status", "--format", "json", "--url", &url]).exits(1);
        assert_eq!(output.json()["error"]["code"], code, "{output}");
    }
}

#[test]
fn a_wrong_password() {
    on_servers(|database| (database.url_with_password("s3cret"), "AUTHENTICATION"));
}

#[test]
fn a_database_that_is_not_there() {
    on_servers(|database| (database.url().replace(&database.name(), "nowhere_at_all"), "CONFIGURATION"));
}

#[test]
fn sqlite_files_that_are_no_databases() {
    let clinic = Clinic::new();
    clinic.project.write(
        "notes.txt",
        "No database, but a text that is long enough to be read as the head of one.\n".repeat(20),
    );
    fs::create_dir(clinic.project.path().join("folder")).unwrap();
    let said = ["sqlite:notes.txt", "sqlite:folder", "sqlite:nowhere/clinic.db"].map(|url| {
        let commands = ["status", "up"].map(|command| {
            let output = clinic.project.dunlin(&[command, "--url", url]);
            format!("$ {command} {url}\n{}", clinic.shown(&output))
        });
        commands.concat()
    });
    assert_snapshot!(said.join("\n"), @"
    $ status sqlite:notes.txt
    exit 1
      error: cannot open notes.txt: file is not a database
      help: Check the path; what is there is no SQLite database, or an encrypted one.
    $ up sqlite:notes.txt
    exit 1
      error: cannot open notes.txt: file is not a database
      help: Check the path; what is there is no SQLite database, or an encrypted one.

    $ status sqlite:folder
    exit 1
      error: folder is a directory, not a SQLite database
    $ up sqlite:folder
    exit 1
      error: folder is a directory, not a SQLite database

    $ status sqlite:nowhere/clinic.db
    exit 0
    Version  Description  Kind  State    Applied at  Reversible
    1        customers    sql   pending              yes

    0 applied, 1 pending
    $ up sqlite:nowhere/clinic.db
    exit 1
      error: cannot create nowhere/clinic.db: the directory nowhere does not exist
      help: create the directory, or check the path in the database URL
    ");
    assert!(clinic.project.read("notes.txt").starts_with("No database"));
    assert!(!clinic.project.path().join("nowhere").exists());
}

#[test]
fn a_sqlite_database_that_is_read_only() {
    let Some(disk) = Disk::new("1m") else { return };
    let url = format!("sqlite:{}", disk.path.join("clinic.db").display());
    let project = Project::with(&[CUSTOMERS]);
    project.dunlin(&["up", "--url", &url]).success();
    project.write("migrations/2_visits.sql", "-- migrate:up\nCREATE TABLE visits (id integer);\n");
    let before = fs::read(disk.path.join("clinic.db")).unwrap();
    disk.remount_read_only();
    let shown = |output: Output| {
        format!("exit {}\n{}{}", output.status, output.stdout, output.stderr)
            .replace(&disk.path.display().to_string(), "<disk>")
    };
    let status = project.dunlin(&["status", "--url", &url]).success();
    assert!(status.stdout.contains("1 applied, 1 pending"), "{status}");
    assert_snapshot!(shown(project.dunlin(&["up", "--url", &url])), @"
    exit 1
    2_visits failed and was rolled back
      error: 2_visits failed: attempt to write a readonly database [8]
       ╭─[migrations/2_visits.sql:2:1]
     1 │ -- migrate:up
     2 │ CREATE TABLE visits (id integer);
       · ────────────────┬───────────────
       ·                 ╰── here
       ╰────
      help: Check that the disk has room and that the database may be written.
            Everything of it was rolled back.
    ");
    assert_eq!(fs::read(disk.path.join("clinic.db")).unwrap(), before);
    let new = format!("sqlite:{}", disk.path.join("new.db").display());
    assert_snapshot!(shown(project.dunlin(&["up", "--url", &new])), @"
    exit 1
      error: cannot open <disk>/new.db: unable to open database file
      help: check that the file and its directory may be read and written
    ");
}

#[test]
fn a_disk_that_is_full() {
    let Some(disk) = Disk::new("128k") else { return };
    let path = disk.path.join("clinic.db");
    let url = format!("sqlite:{}", path.display());
    let project = Project::with(&[CUSTOMERS]);
    project.dunlin(&["up", "--url", &url]).success();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)\n\
                INSERT INTO visits SELECT zeroblob(1000) FROM n;\n";
    project.write("migrations/2_visits.sql", format!("-- migrate:up\nCREATE TABLE visits (note);\n{fill}"));
    let output = project.dunlin(&["up", "--url", &url]);
    assert_snapshot!(format!("exit {}\n{}{}", output.status, output.stdout, output.stderr), @"
    exit 1
    2_visits failed and was rolled back
      error: 2_visits failed: database or disk is full [13]
       ╭─[migrations/2_visits.sql:3:1]
     2 │ CREATE TABLE visits (note);
     3 │ WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
       · ───────────────────────────────────────┬───────────────────────────────────────
       ·                                        ╰── here
     4 │ INSERT INTO visits SELECT zeroblob(1000) FROM n;
       ╰────
      help: Check that the disk has room and that the database may be written.
            Everything of it was rolled back.
    ");
    let status = project.dunlin(&["status", "--url", &url]).success();
    assert!(status.stdout.contains("1 applied, 1 pending"), "{status}");
    let tables = Command::new("sqlite3").arg(&path).arg(".tables").output().unwrap();
    assert!(!String::from_utf8_lossy(&tables.stdout).contains("visits"));
}

#[test]
fn what_is_asked_for_is_not_there() {
    let clinic = Clinic::new();
    clinic.project.write("migrations/2_visits.sql", "-- migrate:up\nCREATE TABLE visits (id integer);\n");
    clinic.run(&["up"]).success();
    let said = [
        &["up", "--to", "3"][..],
        &["up", "--to", "2_vists"],
        &["down", "--to", "7"],
        &["down"],
        &["-C", "nowhere", "status"],
        &["-C", "migrations/1_customers.sql", "status"],
    ]
    .map(|arguments| format!("$ {}\n{}", arguments.join(" "), clinic.refuses(arguments)));
    assert_snapshot!(said.join("\n"), @"
    $ up --to 3
    exit 2
      error: there is no migration 3
      help: `dunlin status` lists the migrations.

    $ up --to 2_vists
    exit 2
      error: there is no migration 2_vists
      help: Did you mean 2_visits?

    $ down --to 7
    exit 2
      error: there is no migration 7
      help: `dunlin status` lists the migrations.

    $ down
    exit 1
      error: 2_visits cannot be reverted: it has no `-- migrate:down`; nothing was run
       ╭─[migrations/2_visits.sql:1:1]
     1 │ -- migrate:up
       · ──────┬──────
       ·       ╰── here
     2 │ CREATE TABLE visits (id integer);
       ╰────
      help: Write what reverts it under `-- migrate:down`; a comment there says that nothing needs to be done.

    $ -C nowhere status
    exit 2
      error: there is no directory nowhere

    $ -C migrations/1_customers.sql status
    exit 2
      error: there is no directory migrations/1_customers.sql
    ");
}

#[test]
fn a_history_that_somebody_else_made() {
    let clinic = Clinic::new();
    clinic.database.sql("DROP TABLE dunlin_migrations; CREATE TABLE dunlin_migrations (id integer);");
    assert_snapshot!(clinic.refuses(&["status"]), @r#"
    exit 1
      error: reading the history "main"."dunlin_migrations": no such column: version
      help: There is a table of that name, but it is no history. `dunlin doctor` shows which database is used.
    "#);
    assert_snapshot!(clinic.refuses(&["up"]), @r#"
    exit 1
      error: reading the history "main"."dunlin_migrations": no such column: version
      help: There is a table of that name, but it is no history. `dunlin doctor` shows which database is used.
    "#);
}

#[test]
fn arguments_that_are_not_utf_8() {
    let clinic = Clinic::new();
    let wrong = OsStr::from_bytes(b"\xff");
    let output = clinic.project.dunlin_with(&["up", "--to"], |command| {
        command.arg(wrong);
    });
    assert_eq!(output.status, 2, "{output}");
    // A directory may be named so; what is not there is only not there.
    let output = clinic.project.dunlin_with(&["status", "-C"], |command| {
        command.arg(wrong);
    });
    assert_eq!(output.status, 2, "{output}");
    let folder = clinic.project.path().join(wrong);
    fs::create_dir_all(folder.join("migrations")).unwrap();
    fs::write(folder.join("migrations/1_visits.sql"), "-- migrate:up\nSELECT 1;\n").unwrap();
    let output = clinic.project.dunlin_with(&["status", "--url", "sqlite:clinic.db", "-C"], |command| {
        command.arg(wrong);
    });
    assert!(output.success().stdout.contains("0 applied, 1 pending"));
}

#[test]
fn standard_streams_that_are_closed() {
    let clinic = Clinic::new();
    clinic.project.write("migrations/2_visits.sql", "-- migrate:up\nCREATE TABLE visits (id integer);\n");
    let script = format!("{} up <&- >&- 2>&-", env!("CARGO_BIN_EXE_dunlin"));
    let status = Command::new("sh")
        .args(["-c", &script])
        .current_dir(clinic.project.path())
        .env("DATABASE_URL", clinic.database.url())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(clinic.database.tables().contains(&"visits".to_owned()));
}

/// A small disk of its own, to be filled or made read-only. Only root may mount one.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn new(size: &str) -> Option<Disk> {
        let folder = tempfile::Builder::new().prefix("dunlin-disk").tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("not run: a disk cannot be mounted here");
            return None;
        }
        Some(Disk { path: folder.keep() })
    }

    fn remount_read_only(&self) {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.path).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.path);
    }
}

fn unmount(path: &Path) {
    let _ = Command::new("umount").arg(path).status();
    let _ = fs::remove_dir(path);
}
