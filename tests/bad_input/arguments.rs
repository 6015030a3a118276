//! Arguments and standard streams.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::clinic::Clinic;

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
