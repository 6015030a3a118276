//! The server is killed in the middle of a migration and started again, and the next run finishes the work: schema, rows
//! and history are those of a run that nothing disturbed.
//!
//! A statement of each migration waits as long as the table `held` has a row, and so it can be caught in the middle.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use support::{Database, Output, PrivateServer, Project, ServerKind, run};

/// Who runs the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Native,
    Flyway,
}

/// A script that runs second, after one that makes the tables `patient` and `held`.
struct Case {
    script: String,
    /// Whether what it did before it was caught is gone when the server is back.
    is_taken_back: bool,
}

/// What waits while `held` has a row.
fn waiting(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::Postgres => "SELECT pg_sleep(CASE WHEN EXISTS (SELECT 1 FROM held) THEN 100 ELSE 0 END)",
        _ => "DO SLEEP((SELECT COUNT(*) FROM held) * 100)",
    }
}

fn cases(kind: ServerKind) -> Vec<Case> {
    let waiting = waiting(kind);
    let rows = format!("INSERT INTO patient VALUES (1);\n{waiting};\nINSERT INTO patient VALUES (2);\n");
    let table = "CREATE TABLE visit (patient integer NOT NULL, day date);\n";
    // PostgreSQL cannot take back what ran without a transaction, MariaDB no change of a schema.
    let without = match kind {
        ServerKind::Postgres => "CREATE INDEX CONCURRENTLY visit_day ON visit (day);\n",
        _ => "ALTER TABLE visit ADD COLUMN note text;\n",
    };
    let mut cases = vec![
        Case { script: rows.clone(), is_taken_back: true },
        Case { script: format!("{table}{rows}{without}"), is_taken_back: false },
    ];
    if kind == ServerKind::Postgres {
        cases.push(Case { script: format!("{table}{rows}"), is_taken_back: true });
    }
    cases
}

fn project(tool: Tool, script: &str) -> Project {
    let first = "CREATE TABLE patient (id integer PRIMARY KEY);\nCREATE TABLE held (n integer);\n";
    match tool {
        Tool::Native => Project::with(&[
            ("migrations/1_patients.sql", &format!("-- migrate:up\n{first}")),
            ("migrations/2_visits.sql", &format!("-- migrate:up\n{script}")),
        ]),
        Tool::Flyway => Project::with(&[
            ("sql/V1__patients.sql", first),
            ("sql/V2__visits.sql", script),
            // Flyway calls for it where the kinds of statements are mixed.
            ("flyway.toml", "[flyway]\nmixed = true\nlocations = [\"filesystem:sql\"]\n"),
        ]),
    }
}

/// Runs all migrations, or only the first.
fn up(tool: Tool, project: &Project, database: &Database, only_first: bool) -> Command {
    let mut arguments: Vec<String> = Vec::new();
    match tool {
        Tool::Native => {
            arguments.extend(["--url".to_owned(), database.url(), "up".to_owned()]);
            arguments.extend(only_first.then(|| "--steps=1".to_owned()));
        }
        Tool::Flyway => {
            arguments.push("flyway".to_owned());
            arguments.extend(database.flyway_arguments());
            arguments.extend(only_first.then(|| "-target=1".to_owned()));
            arguments.push("migrate".to_owned());
        }
    }
    project.dunlin_command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Everything but the times of the history.
fn state(tool: Tool, database: &Database) -> String {
    let history = match tool {
        Tool::Native => "SELECT version, name, kind, checksum FROM dunlin_migrations ORDER BY version",
        Tool::Flyway => {
            "SELECT installed_rank, version, description, type, script, checksum, success FROM flyway_schema_history ORDER BY 1"
        }
    };
    let mut state = database.schema_dump().replace(&database.name(), "clinic");
    for table in database.tables().iter().filter(|table| !history.contains(table.as_str())) {
        state += &format!("\n== {table}\n{}", database.table_rows(table));
    }
    state + &database.query(history).into_iter().map(|row| format!("\n{}", row.join("|"))).collect::<String>()
}

/// Starts the run, waits until it is caught, and kills the server under it.
fn killed_in_the_middle(
    server: &mut PrivateServer,
    command: Command,
    is_caught: impl Fn() -> bool,
) -> Output {
    thread::scope(|scope| {
        let running = scope.spawn(|| run(command, ""));
        wait_until(is_caught);
        server.kill();
        running.join().unwrap()
    })
}

fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("did not happen within a minute");
}

/// Whether some session of the database does what `part` says.
fn someone_runs(database: &Database, part: &str) -> bool {
    let query = match database.kind() {
        ServerKind::Postgres => format!(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{part}%' AND pid <> pg_backend_pid()"
        ),
        _ => format!(
            "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%{part}%' AND id <> CONNECTION_ID()"
        ),
    };
    !database.query(&query).is_empty()
}

fn survives(kind: ServerKind) {
    let Some(mut server) = PrivateServer::start_durable(kind) else { return };
    for tool in [Tool::Native, Tool::Flyway] {
        for case in cases(kind) {
            let project = project(tool, &case.script);
            let undisturbed = server.database();
            run(up(tool, &project, &undisturbed, false), "").success();

            let database = server.database();
            run(up(tool, &project, &database, true), "").success();
            database.sql("INSERT INTO held VALUES (1);");
            let waiting = if kind == ServerKind::Postgres { "pg_sleep" } else { "DO SLEEP" };
            let output = killed_in_the_middle(&mut server, up(tool, &project, &database, false), || {
                someone_runs(&database, waiting)
            });
            assert!(output.status == 1 && !output.stderr.contains("panicked"), "{output}");
            server.restart();

            let kept = database.table_rows("patient") != "id";
            assert_eq!(kept, !case.is_taken_back, "{tool:?} on {kind:?}: {}", case.script);
            database.sql("DELETE FROM held;");
            run(up(tool, &project, &database, false), "").success();
            assert_eq!(
                state(tool, &database),
                state(tool, &undisturbed),
                "{tool:?} on {kind:?} after {output}"
            );
        }
    }
}

#[test]
fn a_run_survives_the_death_of_a_postgres() {
    survives(ServerKind::Postgres);
}

#[test]
fn a_run_survives_the_death_of_a_mariadb() {
    survives(ServerKind::MariaDb);
}

/// Holds a table in another session until the server dies.
fn held_elsewhere(database: &Database) -> Child {
    let (program, script) = match database.kind() {
        ServerKind::Postgres => {
            ("psql", "BEGIN; LOCK TABLE visit IN ROW EXCLUSIVE MODE; SELECT pg_sleep(100) AS elsewhere;")
        }
        _ => ("mariadb", "LOCK TABLES visit READ; DO SLEEP(100 /* elsewhere */);"),
    };
    let url = url::Url::parse(&database.url()).unwrap();
    let mut command = database.program(program);
    if program == "psql" {
        command.args(["-X", "-q", "-d", url.as_str(), "-c", script]);
    } else {
        command.args(["--no-defaults", "--protocol=tcp", "--comments", "-h", "127.0.0.1"]);
        command.arg(format!("--port={}", url.port().unwrap())).arg(format!("--user={}", url.username()));
        command.env("MYSQL_PWD", url.password().unwrap()).args([&database.name(), "-e", script]);
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| someone_runs(database, "elsewhere"));
    child
}

/// The statement itself is in flight when the server dies: an index that is being built, a table that is being changed.
fn settles_what_was_in_flight(kind: ServerKind, statement: &str, caught_by: &str) {
    let Some(mut server) = PrivateServer::start_durable(kind) else { return };
    let project = Project::with(&[
        ("migrations/1_visits.sql", "-- migrate:up\nCREATE TABLE visit (patient integer, day date);\n"),
        (
            "migrations/2_days.sql",
            &format!("-- migrate:up transaction=none\nCREATE TABLE room (id integer);\n{statement};\n"),
        ),
    ]);
    let undisturbed = server.database();
    run(up(Tool::Native, &project, &undisturbed, false), "").success();

    let database = server.database();
    run(up(Tool::Native, &project, &database, true), "").success();
    let mut elsewhere = held_elsewhere(&database);
    let output = killed_in_the_middle(&mut server, up(Tool::Native, &project, &database, false), || {
        someone_runs(&database, caught_by)
    });
    assert_eq!(output.status, 1, "{output}");
    elsewhere.wait().unwrap();
    server.restart();
    run(up(Tool::Native, &project, &database, false), "").success();
    assert_eq!(state(Tool::Native, &database), state(Tool::Native, &undisturbed), "after {output}");
}

#[test]
fn an_index_that_a_dead_postgres_was_building_is_built_anew() {
    settles_what_was_in_flight(
        ServerKind::Postgres,
        "CREATE INDEX CONCURRENTLY visit_day ON visit (day)",
        "CREATE INDEX CONCURRENTLY visit_day",
    );
}

#[test]
fn a_table_that_a_dead_mariadb_was_changing_is_changed_once() {
    settles_what_was_in_flight(
        ServerKind::MariaDb,
        "ALTER TABLE visit ADD COLUMN note text",
        "ALTER TABLE visit ADD",
    );
}

/// At whatever moment it dies, and again while the rest is made up for.
#[test]
fn a_server_that_dies_again_and_again_is_caught_up_with() {
    thread::scope(|scope| {
        for kind in [ServerKind::Postgres, ServerKind::MariaDb] {
            scope.spawn(move || dies_again_and_again(kind));
        }
    });
}

fn dies_again_and_again(kind: ServerKind) {
    let Some(mut server) = PrivateServer::start_durable(kind) else { return };
    let mut script =
        "CREATE TABLE tally (n integer, step integer);\nINSERT INTO tally VALUES (0, 0);\n".to_owned();
    for step in 1..=60 {
        script +=
            &format!("CREATE TABLE room_{step} (id integer);\nUPDATE tally SET n = n + 1, step = {step};\n");
        if step % 15 == 0 {
            // So that no run is through before its server is dead.
            script += &format!("{};\n", waiting(kind).replace("held", &format!("held WHERE n = {step}")));
        }
    }
    let project = Project::with(&[
        ("migrations/1_held.sql", "-- migrate:up\nCREATE TABLE held (n integer);\n"),
        ("migrations/2_rooms.sql", &format!("-- migrate:up transaction=none\n{script}")),
    ]);
    let undisturbed = server.database();
    run(up(Tool::Native, &project, &undisturbed, false), "").success();

    let database = server.database();
    run(up(Tool::Native, &project, &database, true), "").success();
    for round in 1..=4 {
        database.sql(&format!("DELETE FROM held;\nINSERT INTO held VALUES ({});\n", round * 15));
        // It is somewhere before the statement that waits then, or in it.
        let output = killed_in_the_middle(&mut server, up(Tool::Native, &project, &database, false), || {
            database.tables().len() > round * 12
        });
        assert_eq!(output.status, 1, "{output}");
        server.restart();
    }
    database.sql("DELETE FROM held;");
    run(up(Tool::Native, &project, &database, false), "").success();
    assert_eq!(state(Tool::Native, &database), state(Tool::Native, &undisturbed), "{kind:?}");
}
