//! The change that every shop makes once: orders get a status, while customers order, pay and cancel.
//!
//! Rows are 100,000, and a million in a thorough run; `DUNLIN_TEST_ROWS` sets another number.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dunlin::db::{self, ConnectOptions, Connection, DatabaseUrl, DbErrorKind};

use super::process::{Process, dunlin, wait_until};
use super::shop::{self, tables_left};
use super::support::{Database, Need, Project, ServerKind, databases};

/// The lock time-out of writers; whoever waits longer fails.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

fn rows() -> u64 {
    let usual = if Need::Thorough.setting().is_some() { 1_000_000 } else { 100_000 };
    std::env::var("DUNLIN_TEST_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The classic three steps as one file: column and default, backfill, NOT NULL and index.
fn migration(kind: ServerKind) -> String {
    let (text, steps) = match kind {
        ServerKind::Postgres => (
            "text",
            "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'pending';

-- migrate:batch table=orders key=id where=\"status IS NULL\"
UPDATE orders SET status = 'pending', touched = touched + 1 WHERE :range;

-- migrate:up
ALTER TABLE orders ALTER COLUMN status SET NOT NULL;

-- migrate:up transaction=none
CREATE INDEX CONCURRENTLY idx_orders_status ON orders (status);

-- migrate:down
DROP INDEX IF EXISTS idx_orders_status;
ALTER TABLE orders DROP COLUMN IF EXISTS status;
",
        ),
        ServerKind::MariaDb | ServerKind::MySql => (
            "varchar(20)",
            "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'pending';

-- migrate:batch table=orders key=id where=\"status IS NULL\"
UPDATE orders SET status = 'pending', touched = touched + 1
WHERE id BETWEEN :from AND :to AND status IS NULL;

-- migrate:up
ALTER TABLE orders MODIFY COLUMN status varchar(20) NOT NULL DEFAULT 'pending';
CREATE INDEX idx_orders_status ON orders (status);

-- migrate:down
DROP INDEX idx_orders_status ON orders;
ALTER TABLE orders DROP COLUMN status;
",
        ),
        // A column cannot be made NOT NULL later, and its default would fill the old rows at once: a trigger sets it.
        ServerKind::Sqlite => (
            "text",
            "CREATE TRIGGER orders_status AFTER INSERT ON orders WHEN NEW.status IS NULL BEGIN
    UPDATE orders SET status = 'pending' WHERE id = NEW.id;
END;

-- migrate:batch table=orders key=id where=\"status IS NULL\"
UPDATE orders SET status = 'pending', touched = touched + 1 WHERE id BETWEEN :from AND :to AND status IS NULL;

-- migrate:up
CREATE INDEX idx_orders_status ON orders (status);

-- migrate:down
DROP INDEX idx_orders_status;
DROP TRIGGER orders_status;
ALTER TABLE orders DROP COLUMN status;
",
        ),
    };
    format!("-- migrate:up\nALTER TABLE orders ADD COLUMN status {text};\n{steps}")
}

/// Customers at work, with the code that knows nothing of a status.
struct Load<'a> {
    database: &'a Database,
    ended: AtomicBool,
    statements: AtomicU64,
    waited_too_long: AtomicU64,
    /// Of all statements, in milliseconds.
    longest: AtomicU64,
    /// Rows inserted less rows deleted.
    balance: AtomicI64,
    /// How long what was done beside it took.
    beside: Duration,
}

impl<'a> Load<'a> {
    /// Keeps the shop open while something is done, and checks that nobody in it waited for too long.
    fn during(database: &'a Database, what: &str, work: impl FnOnce() + Send) -> Load<'a> {
        let mut load = Load {
            database,
            ended: AtomicBool::new(false),
            statements: AtomicU64::new(0),
            waited_too_long: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            balance: AtomicI64::new(0),
            beside: Duration::ZERO,
        };
        let started = Instant::now();
        thread::scope(|scope| {
            for seed in 0..3 {
                let load = &load;
                scope.spawn(move || load.run(seed));
            }
            // On a thread of its own, so that the others end even when it fails.
            let worked = scope.spawn(work).join();
            load.ended.store(true, Ordering::Relaxed);
            worked.unwrap();
        });
        load.beside = started.elapsed();
        let (kind, statements) = (database.kind(), load.statements.load(Ordering::Relaxed));
        let longest = load.longest.load(Ordering::Relaxed);
        eprintln!(
            "{kind:?}: {what} took {:.1} s; of {statements} statements beside it the longest took {longest} ms",
            load.beside.as_secs_f64()
        );
        assert_eq!(load.waited_too_long.load(Ordering::Relaxed), 0, "{kind:?}: writers waited too long");
        assert!(statements > 2, "{kind:?}: there was no load");
        load
    }

    fn session(&self) -> Box<dyn Connection> {
        let url = DatabaseUrl::parse(&self.database.url()).unwrap();
        let mut connection = db::connect(&url, &ConnectOptions::default()).unwrap();
        let milliseconds = LOCK_TIMEOUT.as_millis();
        let limit = match self.database.kind() {
            ServerKind::Postgres => format!("SET lock_timeout = {milliseconds}"),
            ServerKind::Sqlite => format!("PRAGMA busy_timeout = {milliseconds}"),
            _ => format!(
                "SET SESSION innodb_lock_wait_timeout = {0}, lock_wait_timeout = {0}",
                LOCK_TIMEOUT.as_secs()
            ),
        };
        connection.execute(&limit).unwrap();
        connection
    }

    /// Orders, changes and cancels until it is told to end.
    fn run(&self, seed: u64) {
        let mut connection = self.session();
        let mut random = fastrand::Rng::with_seed(seed);
        while !self.ended.load(Ordering::Relaxed) {
            let id = random.u64(1..=rows());
            let statement = match random.u8(0..10) {
                0..=3 => {
                    format!("INSERT INTO orders (customer, amount) VALUES ('load', {})", random.u32(1..1000))
                }
                4..=8 => format!("UPDATE orders SET amount = amount + 1 WHERE id = {id}"),
                _ => format!("DELETE FROM orders WHERE id = {id}"),
            };
            self.statements.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            match connection.execute(&statement) {
                Ok(outcome) => {
                    let rows = i64::try_from(outcome.affected).unwrap();
                    let change = match statement.split_once(' ').unwrap().0 {
                        "INSERT" => rows,
                        "DELETE" => -rows,
                        _ => 0,
                    };
                    self.balance.fetch_add(change, Ordering::Relaxed);
                }
                Err(error) if error.kind == DbErrorKind::LockTimeout => {
                    self.waited_too_long.fetch_add(1, Ordering::Relaxed);
                }
                // A deadlock is given up at once and tried again, as applications do.
                Err(error) if error.kind == DbErrorKind::Deadlock => {}
                Err(error) => panic!("{:?}: {statement}: {error}", self.database.kind()),
            }
            let took = u64::try_from(began.elapsed().as_millis()).unwrap();
            self.longest.fetch_max(took, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn orders_get_a_status_while_the_shop_is_open_and_lose_it_again() {
    for database in databases() {
        shop::orders(&database, rows());
        let project = Project::new();
        project.write("migrations/1_order_status.sql", migration(database.kind()));
        let schema_before = database.schema_dump();

        let count_all = || database.query("SELECT count(*) FROM orders")[0][0].parse::<i64>().unwrap();
        let load = Load::during(&database, &format!("up of {} rows", rows()), || {
            // The rules have their say about SET NOT NULL where the shop sells fast, which is the machine's business.
            Process::start(&project, &database, &["up", "--no-lint"]).succeed();
        });
        let expected = i64::try_from(rows()).unwrap() + load.balance.load(Ordering::Relaxed);
        let kind = database.kind();
        assert_eq!(count_all(), expected, "{kind:?}: rows are lost or came from nowhere");
        let count =
            |condition: &str| database.query(&format!("SELECT count(*) FROM orders WHERE {condition}"));
        assert_eq!(count("status IS NULL OR status <> 'pending'"), [["0"]], "{kind:?}: rows were missed");
        assert_eq!(count("touched > 1"), [["0"]], "{kind:?}: rows were done twice");
        let old = format!("touched = 0 AND id <= {}", rows());
        assert_eq!(count(&old), [["0"]], "{kind:?}: rows that were there at the start were not done");
        assert!(tables_left(&database).is_empty(), "{kind:?}: {:?}", tables_left(&database));

        let load = Load::during(&database, &format!("down of {} rows", rows()), || {
            dunlin(&project, &database, &["down"]).success();
        });
        assert_eq!(count_all(), expected + load.balance.load(Ordering::Relaxed), "{kind:?}: rows are lost");
        let old = format!("touched <> 1 AND id <= {}", rows());
        assert_eq!(count(&old), [["0"]], "{kind:?}: down changed rows");
        database.sql("DROP TABLE dunlin_migrations;");
        assert_eq!(without_counters(&database.schema_dump()), without_counters(&schema_before), "{kind:?}");
    }
}

/// SQLite has one writer at a time and no queue for it.
#[test]
fn writers_get_in_between_the_chunks_on_sqlite() {
    let database = Database::sqlite();
    shop::orders(&database, 20_000);
    let project = Project::new();
    // Slow enough that there are several chunks.
    let sql = "UPDATE orders SET touched = touched + 1 WHERE :range \
               AND (SELECT count(*) FROM orders other WHERE other.id <= orders.id % 4000) >= 0";
    let load = Load::during(&database, "a slow backfill", || {
        Process::start(&project, &database, &shop::count_with(sql, &["--target", "300ms"])).succeed();
    });
    // Without a pause somebody waits from the beginning to the end.
    let longest = Duration::from_millis(load.longest.load(Ordering::Relaxed));
    assert!(longest < load.beside * 3 / 4, "a writer waited for {longest:?} of {:?}", load.beside);
}

/// The next number of a table is no part of its schema.
fn without_counters(dump: &str) -> String {
    let counter = regex::Regex::new(r" AUTO_INCREMENT=\d+").unwrap();
    counter.replace_all(dump, "").into_owned()
}

#[test]
fn a_killed_up_goes_on_in_the_middle_of_its_backfill() {
    for database in databases() {
        shop::orders(&database, 5_000);
        let project = Project::new();
        let text = migration(database.kind()).replace("key=id", "key=id size=100 rate=1500");
        project.write("migrations/1_order_status.sql", text);
        for _ in 0..2 {
            let up = Process::start(&project, &database, &["up"]);
            wait_until(&database, "SELECT sum(chunks_done) > 2 FROM dunlin_backfill_workers");
            up.kill();
        }
        let listed =
            dunlin(&project, &database, &["--format", "json", "backfill", "status"]).success().json();
        assert_eq!(listed["backfills"][0]["name"], "1_order_status/1");
        // A process that knows nothing of the migration takes part.
        let helper =
            Process::start(&project, &database, &["backfill", "run", "1_order_status/1", "--rate", "100000"]);
        dunlin(&project, &database, &["up"]).success();
        helper.succeed();
        let found = database.query("SELECT count(*), min(touched), max(touched), min(status) FROM orders");
        assert_eq!(found, [["5000", "1", "1", "pending"]], "{:?}", database.kind());
        assert!(tables_left(&database).is_empty());
    }
}

#[test]
fn a_batch_takes_part_in_going_down() {
    for database in databases() {
        shop::orders(&database, 1_000);
        let project = Project::new();
        project.write(
            "migrations/1_double.sql",
            "-- migrate:up
-- migrate:batch table=orders size=100
UPDATE orders SET amount = amount * 2, touched = touched + 1 WHERE :range;
-- migrate:down
-- migrate:batch table=orders size=100 direction=down
UPDATE orders SET amount = amount / 2, touched = touched - 1 WHERE :range;
",
        );
        let rows = || database.query("SELECT sum(amount), min(touched), max(touched) FROM orders");
        let before = rows();
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows()[0][1..], ["1", "1"]);
        dunlin(&project, &database, &["down"]).success();
        let after = rows();
        assert_eq!(after[0][1..], before[0][1..]);
        let number = |text: &str| text.parse::<f64>().unwrap();
        assert_eq!(number(&after[0][0]), number(&before[0][0]), "{:?}", database.kind());
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows()[0][1..], ["1", "1"]);
    }
}

#[test]
fn a_plan_shows_what_a_batch_runs() {
    let database = Database::sqlite();
    shop::orders(&database, 10);
    let project = Project::new();
    project.write("migrations/1_order_status.sql", migration(ServerKind::Sqlite));
    let plan = dunlin(&project, &database, &["plan"]).success().stdout;
    assert!(
        plan.contains("-- backfill 1_order_status/1: orders in chunks by id, where status IS NULL"),
        "{plan}"
    );
    assert!(plan.contains("WHERE id BETWEEN :from AND :to AND status IS NULL;"), "{plan}");
}
