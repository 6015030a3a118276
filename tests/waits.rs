//! A run that is watched: who waits for it is seen, and nobody has to wait longer than is allowed.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use support::{Database, Project, ServerKind, Session, databases};

const PATIENCE: Duration = Duration::from_secs(60);

fn shop(database: &Database) -> Project {
    let project = Project::with(&[
        (
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id integer NOT NULL PRIMARY KEY, status varchar(20));\nINSERT INTO orders VALUES (1, \
             'new'), (2, 'new'), (3, 'new');\n",
        ),
        ("migrations/2_paid.sql", "-- migrate:up\nALTER TABLE orders ADD COLUMN paid integer;\n"),
    ]);
    project.dunlin(&["up", "--steps", "1", "--url", &database.url()]).success();
    project
}

/// The program, with the lines that it says on standard error.
fn started(project: &Project, arguments: &[&str]) -> (Child, Receiver<String>) {
    let mut command = project.dunlin_command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    (child, lines)
}

/// Sessions that change a row each, again and again.
struct Writers {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Writers {
    fn start(database: &Database) -> Writers {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let threads = (1..=3).map(|row| {
            let mut session = Session::open(database);
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    session.run(&format!("UPDATE orders SET status = 'old' WHERE id = {row};"));
                    session.run(&format!("UPDATE orders SET status = 'new' WHERE id = {row};"));
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        Writers { threads: threads.collect(), stop, written }
    }

    /// Waits until every writer has come further.
    fn go_on(&self) {
        let before = self.written.load(Ordering::Relaxed);
        let enough = || self.written.load(Ordering::Relaxed) >= before + 6;
        for _ in 0..PATIENCE.as_millis() / 20 {
            if enough() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the writers are kept from writing");
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

fn begin(database: &Database) -> &'static str {
    if database.kind() == ServerKind::Postgres { "BEGIN;" } else { "START TRANSACTION;" }
}

#[test]
fn a_blocked_alter_stands_back_for_writers_and_succeeds_when_it_can() {
    for database in databases().into_iter().filter(|database| database.kind() != ServerKind::Sqlite) {
        let project = shop(&database);
        // A report that reads for long keeps the change waiting, and those that write queue up behind it.
        let mut report = Session::open(&database);
        report.run(&format!("{} SELECT count(*) FROM orders;", begin(&database)));
        let writers = Writers::start(&database);
        writers.go_on();
        let url = database.url();
        let arguments =
            ["up", "--format", "json", "--block-limit", "300ms", "--lock-timeout", "10min", "--url", &url];
        let (mut child, lines) = started(&project, &arguments);
        let mut said = Vec::new();
        while said.iter().filter(|line: &&String| line.contains("stood back for session")).count() < 2 {
            said.push(
                lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{:?}: {said:?}", database.kind())),
            );
            // The report is not over, the change waits for its next try: all the same they can write.
            writers.go_on();
        }
        report.run("COMMIT;");
        let mut result = String::new();
        child.stdout.take().unwrap().read_to_string(&mut result).unwrap();
        let status = child.wait().unwrap();
        said.extend(lines.iter());
        assert!(status.success(), "{:?}: {said:?} {result}", database.kind());
        writers.end();
        let document: serde_json::Value = serde_json::from_str(&result).unwrap();
        assert!(document["waits"]["stoodBack"].as_u64().unwrap() >= 2, "{document}");
        assert!(document["waits"]["sessions"].as_u64().unwrap() >= 1, "{document}");
        assert_eq!(database.query("SELECT count(*) FROM orders WHERE paid IS NULL"), [["3"]]);
    }
}

#[test]
fn a_change_that_holds_its_lock_for_long_stands_back_too() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = shop(&database);
    project.write(
        "migrations/2_paid.sql",
        "-- migrate:up\nALTER TABLE orders ADD COLUMN paid integer;\nSELECT pg_sleep(600);\n",
    );
    let writers = Writers::start(&database);
    let url = database.url();
    let (mut child, lines) = started(&project, &["up", "--watch", "--block-limit", "300ms", "--url", &url]);
    let mut said = Vec::new();
    while said.iter().filter(|line: &&String| line.contains("stood back for session")).count() < 2 {
        said.push(lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{said:?}")));
    }
    assert!(
        said.iter().any(|line| line.contains("has waited") && line.contains("UPDATE orders")),
        "{said:?}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    writers.end();
    assert_eq!(database.query("SELECT count(*) FROM orders"), [["3"]]);
}

#[test]
fn a_watched_run_says_for_whom_it_waits() {
    for database in databases().into_iter().filter(|database| database.kind() != ServerKind::Sqlite) {
        let project = shop(&database);
        let mut report = Session::open(&database);
        report.run(&format!("{} SELECT count(*) FROM orders;", begin(&database)));
        let url = database.url();
        let (mut child, lines) =
            started(&project, &["up", "--watch", "--lock-timeout", "10min", "--url", &url]);
        let mut said = Vec::new();
        while !said.iter().any(|line: &String| line.contains("this run waits for session")) {
            said.push(
                lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{:?}: {said:?}", database.kind())),
            );
        }
        report.run("COMMIT;");
        assert!(child.wait().unwrap().success());
    }
}
