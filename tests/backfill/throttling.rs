//! Out of everybody's way: hours, lag, rate, and sessions that wait for us.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{Process, dunlin, wait_until};
use super::shop::{self, assert_each_touched_once};
use super::support::{Database, Project, ServerKind, databases};

/// A part of the day, in hours from now.
fn hours(from: i64, to: i64) -> String {
    let now = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let at = |hours: i64| {
        now.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap().strftime("%H:%M").to_string()
    };
    format!("{}-{} UTC", at(from), at(to))
}

#[test]
fn outside_of_its_hours_a_backfill_waits() {
    let database = Database::sqlite();
    shop::orders(&database, 3_000);
    let project = Project::new();
    let mut process = Process::start(
        &project,
        &database,
        &shop::count(&["--size", "10", "--rate", "10", "--hours", &hours(2, 4)]),
    );
    process.wait_for("\"by\":\"hours\"");
    let touched = database.query("SELECT sum(touched) FROM orders");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(database.query("SELECT sum(touched) FROM orders"), touched);
    process.kill();
    dunlin(&project, &database, &["backfill", "run", "count", "--rate", "1000000", "--hours", &hours(-1, 2)])
        .success();
    assert_each_touched_once(&database, "orders", 3_000);
}

#[test]
fn a_replica_that_lags_behind_holds_it_up() {
    for database in databases() {
        shop::orders(&database, 3_000);
        database.sql("CREATE TABLE heartbeat (seconds integer NOT NULL); INSERT INTO heartbeat VALUES (30);");
        let project = Project::new();
        let lag = [
            "--lag-query",
            "SELECT seconds FROM heartbeat",
            "--max-lag",
            "5s",
            "--size",
            "10",
            "--rate",
            "100",
        ];
        let mut process = Process::start(&project, &database, &shop::count(&lag));
        let line = process.wait_for("\"by\":\"lag\"");
        assert!(line.contains("30 s behind"), "{line}");
        database.sql("UPDATE heartbeat SET seconds = 1;");
        process.wait_for("\"released\"");
        process.kill();
        dunlin(&project, &database, &["backfill", "run", "count", "--rate", "1000000"]).success();
        assert_each_touched_once(&database, "orders", 3_000);
    }
}

#[test]
fn a_rate_is_not_exceeded() {
    for database in databases() {
        shop::orders(&database, 2_000);
        let project = Project::new();
        let began = Instant::now();
        let done = dunlin(&project, &database, &shop::count(&["--rate", "1000"])).success();
        // The first chunk is free, and the last is not waited for.
        assert!(began.elapsed() > Duration::from_millis(900), "{done}");
        assert_each_touched_once(&database, "orders", 2_000);
    }
}

/// Rows are slow and the chunk is large, so that an impatient writer meets it: the backfill sees the writer wait and makes
/// smaller chunks.
#[test]
fn sessions_that_wait_for_its_locks_are_given_way() {
    for database in shop::where_rows_are_locked(400) {
        let kind = database.kind();
        let sql = shop::count_up_slowly(kind, 0.02);
        let project = Project::new();
        let arguments = [vec!["--lock-timeout", "60s"], shop::count_with(&sql, &["--size", "200"])].concat();
        let mut process = Process::start(&project, &database, &arguments);
        process.wait_for("\"event\":\"started\"");
        let given_way = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                // One row at a time: whoever waits for a second one may end in a deadlock, with the chunk or not.
                let update = |id| format!("UPDATE orders SET amount = amount + 1 WHERE id = {id};");
                let script: String = [1, 150, 201, 350].map(update).concat();
                while !given_way.load(Ordering::Relaxed) {
                    database.sql(&script);
                }
            });
            // Before a panic ends the scope, the writer must.
            let line = process.try_wait_for("\"by\":\"waiting\"");
            given_way.store(true, Ordering::Relaxed);
            assert!(line.as_ref().is_some_and(|line| line.contains("giving way")), "{kind:?}: {line:?}");
        });
        process.succeed();
        assert_each_touched_once(&database, "orders", 400);
    }
}

/// Nobody waits longer for us than the lock time-out: a chunk that takes longer is taken back and made smaller.
#[test]
fn a_chunk_that_takes_too_long_is_made_smaller() {
    for database in shop::where_rows_are_locked(120) {
        let kind = database.kind();
        let sql = shop::count_up_slowly(kind, 0.05);
        let project = Project::new();
        let arguments = [vec!["--lock-timeout", "1s"], shop::count_with(&sql, &["--size", "120"])].concat();
        let process = Process::start(&project, &database, &arguments);
        let ended = process.succeed();
        assert!(ended.stderr.contains("took too long"), "{kind:?}: {}", ended.stderr);
        assert_each_touched_once(&database, "orders", 120);
    }
}

/// A row that somebody else keeps locked is come back to.
#[test]
fn a_locked_row_is_tried_again() {
    for database in shop::where_rows_are_locked(200) {
        let kind = database.kind();
        let project = Project::new();
        thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let (begin, sleep) = match kind {
                    ServerKind::Postgres => ("BEGIN", "SELECT pg_sleep(4)"),
                    _ => ("START TRANSACTION", "SELECT SLEEP(4)"),
                };
                database
                    .sql(&format!("{begin}; UPDATE orders SET amount = 0 WHERE id = 100; {sleep}; COMMIT;"));
            });
            wait_until(
                &database,
                match kind {
                    ServerKind::Postgres => {
                        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'"
                    }
                    _ => {
                        "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(4)%'"
                    }
                },
            );
            let arguments = [vec!["--lock-timeout", "1s"], shop::count(&["--size", "50"])].concat();
            let ended = Process::start(&project, &database, &arguments).succeed();
            assert!(ended.stderr.contains("\"event\":\"retry\""), "{}", ended.stderr);
            holder.join().unwrap();
        });
        assert_each_touched_once(&database, "orders", 200);
    }
}
