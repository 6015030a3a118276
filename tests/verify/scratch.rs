//! Scratch databases: dropped on every way out, and nothing else is touched.

use std::time::{Duration, Instant};

use crate::support::{Database, Project, ServerKind, databases};

const SLOW: &str =
    "-- migrate:up\nSELECT {sleep};\nCREATE TABLE a (id integer);\n-- migrate:down\nDROP TABLE a;\n";

fn scratches(database: &Database) -> Vec<String> {
    let query = match database.kind() {
        ServerKind::Postgres => "SELECT datname FROM pg_database WHERE datname LIKE 'dunlin\\_scratch\\_%'",
        _ => {
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'dunlin\\_scratch\\_%'"
        }
    };
    database.query(query).concat()
}

/// Waits until the run on this database has made its scratch database, whose name tells the session that made it.
fn scratch_of_run(database: &Database) -> String {
    let own = database.name();
    let sessions = match database.kind() {
        ServerKind::Postgres => format!("SELECT pid FROM pg_stat_activity WHERE datname = '{own}'"),
        _ => format!("SELECT id FROM information_schema.processlist WHERE db = '{own}'"),
    };
    let start = Instant::now();
    loop {
        let sessions = database.query(&sessions).concat();
        let is_of_run = |name: &String| {
            sessions.iter().any(|session| name.starts_with(&format!("dunlin_scratch_{session}_")))
        };
        if let Some(name) = scratches(database).into_iter().find(is_of_run) {
            return name;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no scratch database appeared");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_interruption_drops_it_and_what_a_killed_run_left_is_dropped_by_the_next() {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb] {
        let Some(database) = Database::create(kind) else { continue };
        let sleep = if kind == ServerKind::Postgres { "pg_sleep(30)" } else { "sleep(30)" };
        let project = Project::with(&[("migrations/1_slow.sql", &SLOW.replace("{sleep}", sleep))]);
        let start = |signal: &str| {
            let mut command = project.dunlin_command(&["verify", "--url", &database.url()]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let mut child = command.spawn().unwrap();
            let name = scratch_of_run(&database);
            let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            child.wait().unwrap();
            name
        };
        let interrupted = start("-INT");
        assert!(!scratches(&database).contains(&interrupted), "{kind:?}");
        let killed = start("-KILL");
        assert!(scratches(&database).contains(&killed), "{kind:?}: nothing was left to be found");
        project.write("migrations/1_slow.sql", SLOW.replace("{sleep}", "1"));
        let start = Instant::now();
        // The server notices that a session has gone when it next looks.
        while scratches(&database).contains(&killed) {
            project.dunlin(&["verify", "--url", &database.url()]).success();
            assert!(start.elapsed() < Duration::from_secs(60), "{kind:?}: {killed} is still there");
        }
    }
}

#[test]
fn statements_that_reach_beyond_it_are_refused() {
    for database in databases() {
        let other = Database::create(database.kind()).unwrap();
        let reaches = match database.kind() {
            ServerKind::Postgres => "CREATE ROLE dunlin_reaches".to_owned(),
            ServerKind::Sqlite => format!("ATTACH '{}' AS other", other.name()),
            _ => format!("CREATE TABLE {}.reached (id integer)", other.name()),
        };
        let project = Project::with(&[(
            "migrations/1_reaches.sql",
            &format!("-- migrate:up transaction=none\n{reaches};\n-- migrate:down\nSELECT 1;\n"),
        )]);
        let refused = project.dunlin(&["verify", "--url", &database.url()]).exits(5);
        assert!(refused.stdout.contains("not run on the scratch database: it "), "{refused}");
        assert_eq!(other.tables(), Vec::<String>::new());
    }
}

#[test]
fn who_may_not_create_databases_is_told_the_way_out() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let role = format!("{}_r", database.name());
    database
        .sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'dunlin'; GRANT ALL ON SCHEMA public TO {role};"));
    let mut url = url::Url::parse(&database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("dunlin")).unwrap();
    let project = Project::with(&[(
        "migrations/1_a.sql",
        "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
    )]);
    let refused = project.dunlin(&["verify", "--url", url.as_str()]).exits(1);
    assert!(refused.stderr.contains("may not create databases"), "{refused}");
    assert!(refused.stderr.contains(&format!("ALTER ROLE \"{role}\" CREATEDB")), "{refused}");
    // Another server, or the same as somebody who may.
    project.dunlin(&["verify", "--url", url.as_str(), "--scratch", &database.url()]).success();
    database.sql(&format!("REVOKE ALL ON SCHEMA public FROM {role}; DROP ROLE {role};"));
}
