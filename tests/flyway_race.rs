//! Many processes start at once, `dunlin flyway migrate` and Flyway itself among them: every migration runs once, and
//! nobody fails. Each waits for the lock of the other.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use dunlin::db::{self, ConnectOptions, Connection, DatabaseUrl};
use dunlin_compat::model::Lock;
use support::{Database, Need, Output, Project, ServerKind, needs};

const PROCESSES: usize = 16;

/// So long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key of `flyway.toml`: Flyway's lock is one of the session, and it also runs what no transaction allows.
const SESSION_LOCK: &str = "\n[flyway.postgresql]\ntransactional.lock = false\n";

/// Every migration leaves an entry each time it runs.
fn shop() -> Project {
    Project::with(&[
        (
            "sql/V1__orders.sql",
            "CREATE TABLE ledger (entry varchar(40) NOT NULL);
CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, status varchar(20));
INSERT INTO ledger VALUES ('orders');
",
        ),
        (
            "sql/V2__first_orders.sql",
            "INSERT INTO orders VALUES (1, 'open'), (2, 'open');
INSERT INTO ledger VALUES ('first orders');
",
        ),
        (
            "sql/V2.1__status.sql",
            "ALTER TABLE orders ADD COLUMN note varchar(80);
UPDATE orders SET status = 'closed';
INSERT INTO ledger VALUES ('status');
CREATE INDEX orders_status ON orders (status);
",
        ),
        ("sql/R__closed.sql", "CREATE VIEW closed AS SELECT id FROM orders WHERE status = 'closed';\n"),
    ])
}

fn with_concurrent_index(project: Project) -> Project {
    project.write("sql/V3__note.sql", "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n");
    project
}

/// Starts all at once and returns what became of ours and of Flyway's.
fn race(project: &Project, ours: usize, theirs: usize) -> (Vec<Output>, Vec<Output>) {
    thread::scope(|scope| {
        let theirs: Vec<_> = (0..theirs).map(|_| scope.spawn(|| project.flyway(&["migrate"]))).collect();
        let ours: Vec<_> =
            (0..ours).map(|_| scope.spawn(|| project.dunlin(&["flyway", "migrate"]))).collect();
        let ended = |threads: Vec<thread::ScopedJoinHandle<'_, Output>>| {
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        };
        (ended(ours), ended(theirs))
    })
}

fn all_succeeded(outputs: Vec<Output>) {
    for output in outputs {
        let output = output.success();
        assert!(!output.stderr.contains("ERROR"), "{output}");
    }
}

fn assert_each_ran_once(project: &Project, database: &Database) {
    let entries: Vec<String> =
        database.query("SELECT entry FROM ledger ORDER BY entry").into_iter().flatten().collect();
    assert_eq!(entries, ["first orders", "orders", "status"], "{:?}", database.kind());
    let mut scripts = vec!["V1__orders.sql", "V2__first_orders.sql", "V2.1__status.sql"];
    if project.path().join("sql/V3__note.sql").exists() {
        scripts.push("V3__note.sql");
    }
    scripts.push("R__closed.sql");
    let expected: Vec<String> =
        scripts.iter().enumerate().map(|(index, script)| format!("{} {script}", index + 1)).collect();
    let rows =
        database.query("SELECT installed_rank, script FROM flyway_schema_history ORDER BY installed_rank");
    let rows: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    assert_eq!(rows, expected, "{:?}", database.kind());
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
    project.dunlin(&["flyway", "validate"]).success();
}

fn races_alone(kind: ServerKind) {
    for _ in 0..2 {
        let Some(database) = Database::create(kind) else { return };
        let project = shop();
        let project = if kind == ServerKind::Postgres { with_concurrent_index(project) } else { project };
        project.flyway_config(&database, "");
        all_succeeded(race(&project, PROCESSES, 0).0);
        assert_each_ran_once(&project, &database);
    }
}

#[test]
fn every_migration_runs_once_on_sqlite_where_the_file_does_not_exist_yet() {
    races_alone(ServerKind::Sqlite);
}

#[test]
fn every_migration_runs_once_on_postgres_with_an_index_built_concurrently() {
    races_alone(ServerKind::Postgres);
}

#[test]
fn every_migration_runs_once_on_mariadb() {
    races_alone(ServerKind::MariaDb);
}

#[test]
fn every_migration_runs_once_on_mysql() {
    races_alone(ServerKind::MySql);
}

/// All start at once. The start of Flyway takes longer than all of ours, so some of ours start later.
fn start_beside_flyway(kind: ServerKind, settings: &str, project: fn() -> Project) {
    if !needs(&[Need::Flyway]) {
        return;
    }
    let Some(database) = Database::create(kind) else { return };
    let project = project();
    project.flyway_config(&database, settings);
    let (ours, theirs) = thread::scope(|scope| {
        let theirs = scope.spawn(|| race(&project, 0, 2).1);
        thread::sleep(Duration::from_millis(1500));
        let (early, _) = race(&project, PROCESSES / 2, 0);
        let (mut ours, _) = race(&project, PROCESSES / 2, 0);
        ours.extend(early);
        (ours, theirs.join().unwrap())
    });
    all_succeeded(ours);
    // Flyway takes no lock on SQLite, so it may find the database busy, or its table made in between.
    if kind != ServerKind::Sqlite {
        all_succeeded(theirs);
    }
    assert_each_ran_once(&project, &database);
    project.flyway(&["validate"]).success();
}

/// Flyway is in the middle of its second migration when all others come.
fn join_flyway(kind: ServerKind, settings: &str, project: fn() -> Project) {
    if !needs(&[Need::Flyway]) {
        return;
    }
    let Some(database) = Database::create(kind) else { return };
    let project = gated(project(), &database, settings);
    let gate = Gate::close(&database);
    thread::scope(|scope| {
        let first = scope.spawn(|| project.flyway(&["migrate"]));
        wait_until(&database, at_the_gate(&database), "1");
        let before = sessions(&database);
        let others = scope.spawn(|| race(&project, PROCESSES / 2, 1));
        wait_for_sessions(&database, before + PROCESSES / 2 + 1);
        assert_eq!(database.query(at_the_gate(&database)), [["1"]], "only one runs the migration");
        gate.open();
        all_succeeded(vec![first.join().unwrap()]);
        let (ours, theirs) = others.join().unwrap();
        all_succeeded(ours);
        all_succeeded(theirs);
    });
    assert_each_ran_once(&project, &database);
    project.flyway(&["validate"]).success();
}

fn races_beside_flyway(kind: ServerKind, settings: &str, project: fn() -> Project) {
    start_beside_flyway(kind, settings, project);
    join_flyway(kind, settings, project);
}

#[test]
fn flyway_migrates_beside_us_on_sqlite() {
    start_beside_flyway(ServerKind::Sqlite, "", shop);
}

#[test]
fn flyway_migrates_beside_us_on_postgres_with_a_lock_of_its_transaction() {
    races_beside_flyway(ServerKind::Postgres, "", shop);
}

#[test]
fn flyway_migrates_beside_us_on_postgres_with_a_lock_of_its_session() {
    races_beside_flyway(ServerKind::Postgres, SESSION_LOCK, || with_concurrent_index(shop()));
}

#[test]
fn flyway_migrates_beside_us_on_mariadb() {
    races_beside_flyway(ServerKind::MariaDb, "", shop);
}

#[test]
fn flyway_migrates_beside_us_on_mysql() {
    races_beside_flyway(ServerKind::MySql, "", shop);
}

/// Something that a migration waits for, until the test lets it through.
struct Gate {
    session: Box<dyn Connection>,
}

impl Gate {
    fn close(database: &Database) -> Gate {
        let url = DatabaseUrl::parse(&database.url()).unwrap();
        let mut session = db::connect(&url, &ConnectOptions::default()).unwrap();
        let lock = match database.kind() {
            ServerKind::Postgres => Lock::Advisory(4711),
            _ => Lock::Named(format!("gate of {}", database.name())),
        };
        assert!(session.try_lock(&lock).unwrap());
        Gate { session }
    }

    fn open(self) {
        drop(self.session);
    }
}

/// A project whose second migration waits at the gate.
fn gated(project: Project, database: &Database, settings: &str) -> Project {
    let wait = match database.kind() {
        ServerKind::Postgres => "SELECT pg_advisory_xact_lock(4711);".to_owned(),
        _ => format!("SELECT GET_LOCK('gate of {}', 300);", database.name()),
    };
    project.write(
        "sql/V2__first_orders.sql",
        format!("{wait}\nINSERT INTO orders VALUES (1, 'open'), (2, 'open');\nINSERT INTO ledger VALUES ('first orders');\n"),
    );
    project.flyway_config(database, settings);
    project
}

fn wait_until(database: &Database, query: &str, expected: &str) {
    let start = Instant::now();
    loop {
        let found = database.query(query);
        if found == [[expected]] {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{:?}: {query}: {found:?}", database.kind());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sessions that wait at the gate.
fn at_the_gate(database: &Database) -> &'static str {
    match database.kind() {
        ServerKind::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock' AND query LIKE '%pg_advisory_xact_lock(4711)%'"
        }
        _ => {
            "SELECT count(*) FROM information_schema.processlist WHERE db = database()
             AND info LIKE 'SELECT GET_LOCK%gate of%'"
        }
    }
}

/// Sessions beside the gate's and the one that asks.
fn sessions(database: &Database) -> usize {
    let query = match database.kind() {
        ServerKind::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        }
        _ => {
            "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        }
    };
    database.query(query)[0][0].parse::<usize>().unwrap() - 1
}

fn wait_for_sessions(database: &Database, number: usize) {
    let start = Instant::now();
    while sessions(database) < number {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(50));
    }
}

/// Starts one while the other holds the lock; the second waits. We hold it to the end, so Flyway then has nothing to do;
/// Flyway gives it back after each migration, so we may run those that it had still to run.
fn waits_for_the_other(kind: ServerKind, settings: &str) {
    if !needs(&[Need::Flyway]) {
        return;
    }
    let ours = |project: &Project| project.dunlin(&["flyway", "migrate"]);
    let theirs = |project: &Project| project.flyway(&["migrate"]);
    type Migrate<'a> = &'a (dyn Fn(&Project) -> Output + Sync);
    let orders: [(Migrate<'_>, Migrate<'_>, bool); 2] = [(&ours, &theirs, true), (&theirs, &ours, false)];
    for (first, second, we_are_first) in orders {
        let Some(database) = Database::create(kind) else { return };
        let project = gated(shop(), &database, settings);
        let gate = Gate::close(&database);
        thread::scope(|scope| {
            let first = scope.spawn(|| first(&project));
            wait_until(&database, at_the_gate(&database), "1");
            let before = sessions(&database);
            let second = scope.spawn(|| second(&project));
            wait_for_sessions(&database, before + 1);
            // It has connected; whatever it does now, it does not get past the lock.
            thread::sleep(Duration::from_millis(1500));
            assert!(!second.is_finished(), "{}", second.join().unwrap());
            assert_eq!(database.query(at_the_gate(&database)), [["1"]], "only one runs the migration");
            gate.open();
            all_succeeded(vec![first.join().unwrap()]);
            let second = second.join().unwrap().success();
            assert!(!we_are_first || second.stdout.contains("No migration necessary"), "{second}");
            assert!(!second.stdout.contains("to version \"2 -"), "{second}");
        });
        assert_each_ran_once(&project, &database);
    }
}

#[test]
fn flyway_and_we_wait_for_each_other_on_postgres_with_a_lock_of_the_transaction() {
    waits_for_the_other(ServerKind::Postgres, "");
}

#[test]
fn flyway_and_we_wait_for_each_other_on_postgres_with_a_lock_of_the_session() {
    waits_for_the_other(ServerKind::Postgres, SESSION_LOCK);
}

#[test]
fn flyway_and_we_wait_for_each_other_on_mariadb() {
    waits_for_the_other(ServerKind::MariaDb, "");
}

#[test]
fn flyway_and_we_wait_for_each_other_on_mysql() {
    waits_for_the_other(ServerKind::MySql, "");
}
