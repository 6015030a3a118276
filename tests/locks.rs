//! Locks: waiting for another run, locks on tables that others hold, and commands that only read.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::{Database, Output, Project, ServerKind, Session};

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let url = database.url();
    let all: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
    project.dunlin(&all)
}

fn clinic() -> Project {
    Project::with(&[(
        "migrations/1_patients.sql",
        "-- migrate:up\nCREATE TABLE patient (id integer);\nINSERT INTO patient VALUES (1);\n",
    )])
}

/// The lock as `doctor` names it: `advisory lock 4711 (…)`.
fn lock_statement(project: &Project, database: &Database) -> String {
    let doctor = dunlin(project, database, &["doctor"]).success().stdout;
    let lock = doctor
        .split('\n')
        .find(|line| line.starts_with("lock ") && line.contains("free"))
        .unwrap()
        .to_owned();
    let word = |wanted: &dyn Fn(&str) -> bool| {
        lock.split([' ', ',', '"', '\'', '`', '(', ')'])
            .find(|word| wanted(word))
            .unwrap_or_else(|| panic!("{lock}"))
            .to_owned()
    };
    match database.kind() {
        ServerKind::Postgres => {
            format!("SELECT pg_advisory_lock({});", word(&|word| word.parse::<i64>().is_ok()))
        }
        _ => format!("SELECT GET_LOCK('{}', 10);", word(&|word| word.starts_with("dunlin-"))),
    }
}

#[test]
fn a_run_gives_up_with_code_4_and_names_who_holds_the_lock() {
    for database in support::databases() {
        let project = clinic();
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let mut session = Session::open(&database);
        session.run(&lock_statement(&project, &database));
        let output = dunlin(&project, &database, &["up", "--lock-wait", "300ms"]).exits(4);
        let holder =
            if database.kind() == ServerKind::Postgres { "held by process " } else { "held by connection " };
        assert!(
            output.stderr.contains(&format!("waiting for the {}", "")) && output.stderr.contains(holder),
            "{output}"
        );
        assert!(database.tables().is_empty());

        let doctor = dunlin(&project, &database, &["doctor"]).exits(5);
        assert!(doctor.stdout.contains(holder), "{doctor}");
        drop(session);
        dunlin(&project, &database, &["up"]).success();
    }
}

/// Named locks are the whole server's, and two databases on it have nothing to do with each other.
#[test]
fn a_run_on_another_database_of_the_server_is_not_waited_for() {
    for database in support::databases() {
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let (project, other) = (clinic(), Database::create(database.kind()).unwrap());
        let mut session = Session::open(&database);
        session.run(&lock_statement(&project, &database));
        let output = dunlin(&project, &other, &["up", "--lock-wait", "0s"]).success();
        assert!(!output.stderr.contains("waiting"), "{output}");
        dunlin(&project, &database, &["up", "--lock-wait", "0s"]).exits(4);
    }
}

#[test]
fn a_lock_on_the_sqlite_file_is_waited_for_and_its_holder_named() {
    let database = Database::sqlite();
    database.sql("CREATE TABLE room (id integer);");
    let project = clinic();
    let mut holder = Command::new("flock")
        .args([&*database.name(), "sh", "-c", "echo locked; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = dunlin(&project, &database, &["up", "--lock-wait", "300ms"]).exits(4);
    assert!(output.stderr.contains(&format!("held by process {}", holder.id())), "{output}");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    dunlin(&project, &database, &["up"]).success();
}

#[test]
fn a_run_goes_on_as_soon_as_the_lock_is_free() {
    for database in support::databases() {
        let project = clinic();
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let mut session = Session::open(&database);
        session.run(&lock_statement(&project, &database));
        let waiting = thread::scope(|scope| {
            let waiting = scope.spawn(|| dunlin(&project, &database, &["up"]));
            thread::sleep(Duration::from_millis(300));
            drop(session);
            waiting.join().unwrap()
        });
        let output = waiting.success();
        assert!(output.stderr.contains("waiting for the"), "{output}");
    }
}

/// A table that somebody reads in a transaction, and a migration that needs it for itself.
fn held_table(database: &Database) -> (Project, Session) {
    database.sql("CREATE TABLE patient (id integer); INSERT INTO patient VALUES (1);");
    let project = Project::with(&[(
        "migrations/1_born.sql",
        "-- migrate:up\nALTER TABLE patient ADD COLUMN born date;\n",
    )]);
    let mut session = Session::open(database);
    session.run("BEGIN;\nSELECT * FROM patient;");
    (project, session)
}

#[test]
fn a_locked_table_is_tried_again_until_it_is_free() {
    for database in support::databases() {
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let (project, session) = held_table(&database);
        let output = thread::scope(|scope| {
            let waiting = scope.spawn(|| dunlin(&project, &database, &["up", "--lock-timeout", "1s"]));
            thread::sleep(Duration::from_millis(1700));
            drop(session);
            waiting.join().unwrap()
        });
        let output = output.success();
        assert!(output.stderr.contains("trying again"), "{output}");
        assert!(database.schema_dump().contains("born"));
        assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
    }
}

#[test]
fn others_do_not_queue_behind_a_waiting_migration_for_longer_than_the_time_out() {
    for database in support::databases() {
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let (project, session) = held_table(&database);
        let mut run = project
            .dunlin_command(&["--url", &database.url(), "up", "--lock-timeout", "1s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(400));
        // Behind the migration's request in the server's queue.
        let began = Instant::now();
        database.sql("SELECT * FROM patient;");
        assert!(began.elapsed() < Duration::from_secs(5), "queued for {:?}", began.elapsed());
        assert!(run.try_wait().unwrap().is_none(), "the migration still waits");
        drop(session);
        assert!(run.wait().unwrap().success());
    }
}

#[test]
fn retries_end_and_the_message_says_what_is_locked() {
    for database in support::databases() {
        if database.kind() == ServerKind::Sqlite {
            continue;
        }
        let (project, session) = held_table(&database);
        project.write("dunlin.toml", "migrations = \"migrations\"\nretries = 1\n");
        let output = dunlin(&project, &database, &["up", "--lock-timeout", "1s"]).exits(1);
        assert!(output.stderr.contains("1_born.sql"), "{output}");
        assert!(!database.tables().contains(&"dunlin_journal".to_owned()), "nothing of it remains: {output}");
        drop(session);
        dunlin(&project, &database, &["up"]).success();
    }
}

#[test]
fn a_busy_sqlite_database_is_tried_again_until_it_is_free() {
    let database = Database::sqlite();
    database.sql("CREATE TABLE room (id integer);");
    let project = clinic();
    let mut session = Session::open(&database);
    session.run("BEGIN IMMEDIATE;\nINSERT INTO room VALUES (1);");
    let output = thread::scope(|scope| {
        let waiting = scope.spawn(|| dunlin(&project, &database, &["up"]));
        thread::sleep(Duration::from_millis(3600));
        session.run("COMMIT;");
        waiting.join().unwrap()
    });
    output.success();
    assert_eq!(database.table_rows("room"), "id\n1");
    assert_eq!(database.table_rows("patient"), "id\n1");
}

#[test]
fn commands_that_read_leave_no_object() {
    for database in support::databases() {
        let project = clinic();
        for arguments in [&["status"][..], &["plan"], &["validate"], &["doctor"], &["plan", "--down"]] {
            let output = dunlin(&project, &database, arguments);
            assert!([0, 5].contains(&output.status), "{output}");
        }
        if database.kind() == ServerKind::Sqlite {
            let left = std::fs::read_dir(std::path::Path::new(&database.name()).parent().unwrap()).unwrap();
            let names: Vec<String> =
                left.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
            assert!(!names.iter().any(|name| name.contains("test.db")), "{names:?}");
        } else {
            assert!(database.tables().is_empty(), "{:?}", database.kind());
        }
    }
}

#[test]
fn locks_that_a_migration_gives_back_are_taken_again() {
    for database in support::databases() {
        let release = match database.kind() {
            ServerKind::Sqlite => continue,
            ServerKind::Postgres => "SELECT pg_advisory_unlock_all()",
            ServerKind::MariaDb | ServerKind::MySql => "SELECT RELEASE_ALL_LOCKS()",
        };
        let held = match database.kind() {
            ServerKind::Postgres => {
                "INSERT INTO held SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                    .to_owned()
            }
            _ => format!(
                "INSERT INTO held SELECT IS_USED_LOCK('{}') = CONNECTION_ID()",
                lock_statement(&clinic(), &database).split('\'').nth(1).unwrap()
            ),
        };
        let project = Project::with(&[(
            "migrations/1_locks.sql",
            &*format!("-- migrate:up\nCREATE TABLE held (n integer);\n{release};\n{held};\n"),
        )]);
        project.write("migrations/2_locks.sql", format!("-- migrate:up\n{release};\n{held};\n"));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(database.query("SELECT n FROM held"), [["1"], ["1"]], "{:?}", database.kind());
    }
}
