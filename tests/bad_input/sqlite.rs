//! SQLite files and the disks below them.

use std::fs;

use insta::assert_snapshot;

use crate::clinic::{CUSTOMERS, Clinic};
use crate::support::{Disk, Output, Project};

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
    exit 1
      error: cannot open nowhere/clinic.db: the directory nowhere does not exist
      help: create the directory, or check the path in the database URL
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
    let url = format!("sqlite:{}", disk.path().join("clinic.db").display());
    let project = Project::with(&[CUSTOMERS]);
    project.dunlin(&["up", "--url", &url]).success();
    project.write("migrations/2_visits.sql", "-- migrate:up\nCREATE TABLE visits (id integer);\n");
    let before = fs::read(disk.path().join("clinic.db")).unwrap();
    disk.remount_read_only();
    let shown = |output: Output| {
        format!("exit {}\n{}{}", output.status, output.stdout, output.stderr)
            .replace(&disk.path().display().to_string(), "<disk>")
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
    assert_eq!(fs::read(disk.path().join("clinic.db")).unwrap(), before);
    let new = format!("sqlite:{}", disk.path().join("new.db").display());
    assert_snapshot!(shown(project.dunlin(&["up", "--url", &new])), @"
    exit 1
      error: cannot open <disk>/new.db: unable to open database file
      help: check that the file and its directory may be read and written
    ");
}
