//! Many workers and processes on one backfill, and their deaths.

use std::thread;
use std::time::Duration;

use super::process::{Process, dunlin, wait_until};
use super::shop::{self, assert_each_touched_once};
use super::support::{Database, Project, ServerKind, databases};

const ROWS: u64 = 20_000;

/// One of them is killed in the middle.
#[test]
fn eight_processes_do_every_row_once() {
    for database in databases() {
        shop::orders(&database, ROWS);
        let project = Project::new();
        let slowly = ["--size", "150", "--workers", "2", "--rate", "10000"];
        let start = |_| Process::start(&project, &database, &shop::count(&slowly));
        let mut processes: Vec<Process> = (0..8).map(start).collect();
        wait_until(&database, "SELECT count(*) FROM orders WHERE touched = 1");
        assert!(processes[3].runs(), "it is too late to kill it");
        processes.remove(3).kill();
        for process in processes {
            process.succeed();
        }
        assert_each_touched_once(&database, "orders", ROWS);
    }
}

/// The way of servers that cannot pass over locked rows.
#[test]
#[cfg(feature = "fault-points")]
fn leases_do_every_row_once_too() {
    for database in databases() {
        shop::orders(&database, ROWS / 4);
        let project = Project::new();
        let start = |_| {
            Process::start_with(
                &project,
                &database,
                &shop::count(&["--size", "150", "--workers", "2"]),
                |command| {
                    command.env("DUNLIN_BACKFILL_LEASES", "1");
                },
            )
        };
        let processes: Vec<Process> = (0..4).map(start).collect();
        for process in processes {
            process.succeed();
        }
        assert_each_touched_once(&database, "orders", ROWS / 4);
    }
}

#[test]
fn processes_that_are_killed_lose_and_repeat_nothing() {
    for database in databases() {
        shop::orders(&database, ROWS);
        let project = Project::new();
        let slowly = ["--size", "100", "--workers", "2", "--rate", "8000"];
        // One after the other dies, at a moment that nobody chose, while one goes on.
        let survivor = Process::start(&project, &database, &shop::count(&slowly));
        for pause in [150, 330, 70, 510, 240, 90] {
            let victim = Process::start(&project, &database, &shop::count(&slowly));
            thread::sleep(Duration::from_millis(pause));
            victim.kill();
        }
        survivor.succeed();
        assert_each_touched_once(&database, "orders", ROWS);
    }
}

#[test]
fn a_process_that_is_killed_alone_is_gone_on_with() {
    for database in databases() {
        shop::orders(&database, 5_000);
        let project = Project::new();
        let first = Process::start(&project, &database, &shop::count(&["--size", "100", "--rate", "1000"]));
        wait_until(&database, "SELECT count(*) FROM orders WHERE touched = 1");
        first.kill();
        let listed =
            dunlin(&project, &database, &["--format", "json", "backfill", "status"]).success().json();
        let rows = listed["backfills"][0]["rows"].as_u64().unwrap();
        assert!(rows > 0 && rows < 5_000, "{listed}");
        // The name alone: what to do is in the record.
        dunlin(&project, &database, &["backfill", "run", "count", "--rate", "1000000"]).success();
        assert_each_touched_once(&database, "orders", 5_000);
    }
}

/// The server ends sessions as it does when it shuts down: workers open new ones and go on.
#[test]
fn lost_sessions_are_replaced() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    shop::orders(&database, 5_000);
    let project = Project::new();
    let mut process = Process::start(
        &project,
        &database,
        &shop::count(&["--size", "50", "--rate", "2500", "--workers", "2"]),
    );
    for _ in 0..3 {
        wait_until(&database, "SELECT count(*) FROM dunlin_backfill_workers WHERE chunks_done > 1");
        database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();",
        );
        process.wait_for("the connection was lost");
    }
    process.succeed();
    assert_each_touched_once(&database, "orders", 5_000);
}

#[test]
fn a_done_backfill_is_not_done_again() {
    for database in databases() {
        shop::orders(&database, 100);
        let project = Project::new();
        dunlin(&project, &database, &shop::count(&[])).success();
        let again = dunlin(&project, &database, &shop::count(&[])).success();
        assert!(again.stdout.contains("was done before"), "{again}");
        assert_each_touched_once(&database, "orders", 100);
        let other = "UPDATE orders SET touched = 5 WHERE :range";
        let refused = dunlin(&project, &database, &shop::count_with(other, &[])).exits(1);
        assert!(refused.stderr.contains("does something else"), "{refused}");
        let listed = dunlin(&project, &database, &["--format", "json", "backfill", "status", "count"])
            .success()
            .json();
        let found = &listed["backfills"][0];
        assert_eq!((found["state"].as_str(), found["rows"].as_u64()), (Some("done"), Some(100)));
        assert_eq!(shop::tables_left(&database), ["dunlin_backfills"]);
    }
}

#[test]
fn paused_backfills_wait_and_cancelled_ones_end() {
    for database in databases() {
        shop::orders(&database, 4_000);
        let project = Project::new();
        let mut process =
            Process::start(&project, &database, &shop::count(&["--size", "100", "--rate", "1500"]));
        wait_until(&database, "SELECT count(*) FROM orders WHERE touched = 1");
        dunlin(&project, &database, &["backfill", "pause", "count"]).success();
        process.wait_for("\"by\":\"paused\"");
        let touched = || database.query("SELECT sum(touched) FROM orders");
        let before = touched();
        thread::sleep(Duration::from_millis(1_500));
        assert_eq!(touched(), before, "{:?}", database.kind());
        assert!(process.runs());
        dunlin(&project, &database, &["backfill", "resume", "count"]).success();
        process.wait_for("\"released\"");
        dunlin(&project, &database, &["backfill", "cancel", "count"]).success();
        let ended = process.end();
        assert!(!ended.success && ended.stderr.contains("was cancelled"), "{}", ended.stderr);
        let wrong = dunlin(&project, &database, &["backfill", "resume", "count"]).exits(1);
        assert!(wrong.stderr.contains("is cancelled"), "{wrong}");

        // From the beginning.
        database.sql("UPDATE orders SET touched = 0;");
        dunlin(&project, &database, &shop::count(&[])).success();
        assert_each_touched_once(&database, "orders", 4_000);
    }
}
