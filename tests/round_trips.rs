//! How often a run waits for the server, counted by a proxy. A round trip costs more than most migrations.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Database, Project, RoundTrips, ServerKind};
use url::Url;

/// Who runs the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Native,
    Flyway,
}

const TOOLS: [Tool; 2] = [Tool::Native, Tool::Flyway];

/// Migrations of several statements each.
fn project(tool: Tool, migrations: usize) -> Project {
    let project = Project::new();
    for number in 1..=migrations {
        let script = format!(
            "CREATE TABLE shelf_{number} (id integer PRIMARY KEY, place text NOT NULL);\n\
             CREATE INDEX shelf_{number}_place ON shelf_{number} (place);\n\
             INSERT INTO shelf_{number} VALUES (1, 'north'), (2, 'south');\n"
        );
        match tool {
            Tool::Native => {
                project.write(&format!("migrations/{number}_shelf.sql"), format!("-- migrate:up\n{script}"))
            }
            Tool::Flyway => project.write(&format!("sql/V{number}__shelf.sql"), script),
        };
    }
    project
}

/// Runs a command through a proxy, and returns connections and round trips.
fn counted(tool: Tool, project: &Project, database: &Database, command: &str) -> (usize, usize) {
    let url = Url::parse(&database.url()).unwrap();
    let proxy = RoundTrips::to(url.port().unwrap());
    let through = |text: &str| {
        let (here, there) = (format!(":{}/", url.port().unwrap()), format!(":{}/", proxy.port()));
        assert!(text.contains(&here), "{text}");
        text.replace(&here, &there)
    };
    let mut arguments = Vec::new();
    match tool {
        Tool::Native => arguments.extend(["--url".to_owned(), through(&database.url())]),
        Tool::Flyway => {
            let (user, password) = database.login().unwrap();
            arguments.extend(["flyway".to_owned(), "-locations=filesystem:sql".to_owned()]);
            arguments.push(format!("-url={}", through(&format!("{}?sslmode=disable", database.jdbc_url()))));
            arguments.extend([format!("-user={user}"), format!("-password={password}")]);
        }
    }
    arguments.push(command.to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    project.dunlin(&arguments).success();
    (proxy.connections(), proxy.count())
}

fn up(tool: Tool) -> &'static str {
    if tool == Tool::Native { "up" } else { "migrate" }
}

#[test]
fn a_plain_migration_on_postgres_is_one_round_trip_with_its_history_row_and_its_commit() {
    for tool in TOOLS {
        let count = |migrations: usize| {
            let database = Database::create(ServerKind::Postgres)?;
            Some(counted(tool, &project(tool, migrations), &database, up(tool)).1)
        };
        let (Some(few), Some(many)) = (count(3), count(13)) else { return };
        assert_eq!(many - few, 10, "{tool:?}: {few} for 3 migrations and {many} for 13");
    }
}

#[test]
fn a_run_with_nothing_to_do_connects_once_and_reads() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    for (tool, status) in [(Tool::Native, "status"), (Tool::Flyway, "info")] {
        let project = project(tool, 3);
        let applied =
            if tool == Tool::Native { &database } else { &Database::create(ServerKind::Postgres).unwrap() };
        counted(tool, &project, applied, up(tool));
        let nothing = counted(tool, &project, applied, up(tool));
        let reading = counted(tool, &project, applied, status);
        assert_eq!(nothing.0, 1, "{tool:?} made {} connections", nothing.0);
        assert_eq!(reading.0, 1, "{tool:?} made {} connections", reading.0);
        // The login with a password takes three or, where TLS is asked for, four; then come facts, existence with history and,
        // for Flyway, which schemas there are and what is in them.
        let limit = if tool == Tool::Native { 6 } else { 7 };
        assert!(nothing.1 <= limit && reading.1 <= limit, "{tool:?}: {nothing:?} {reading:?}");
    }
}

/// Their projects have no migrations yet, so that no guest is needed: the first run makes the tables, the second has nothing to do.
#[test]
fn tools_whose_migrations_are_code_look_once() {
    for server in [ServerKind::Postgres, ServerKind::MariaDb] {
        let Some(database) = Database::create(server) else { continue };
        let url = Url::parse(&database.url()).unwrap();
        let proxy = RoundTrips::to(url.port().unwrap());
        let through =
            database.url().replace(&format!(":{}/", url.port().unwrap()), &format!(":{}/", proxy.port()));
        for (files, command) in code_projects(server, &through) {
            let project = Project::new();
            for (path, text) in files {
                project.write(path, text);
            }
            std::fs::create_dir_all(project.path().join("migrations")).unwrap();
            std::fs::create_dir_all(project.path().join("db/migrate")).unwrap();
            project.dunlin(&command).success();
            let (connections, before) = (proxy.connections(), proxy.count());
            project.dunlin(&command).success();
            assert_eq!(proxy.connections() - connections, 1, "{command:?} on {server:?}");
            let login = if server == ServerKind::Postgres { 4 } else { 3 };
            // Facts, and everything else; Rails 8 looks for a history before that.
            let looks = if command[0] == "rails" { 3 } else { 2 };
            let trips = proxy.count() - before;
            assert!(trips <= login + looks, "{command:?} on {server:?} made {trips} round trips");
        }
    }
}

/// Files of a project, and the command that migrates it.
type CodeProject = (Vec<(&'static str, String)>, Vec<&'static str>);

/// One of each tool.
fn code_projects(server: ServerKind, url: &str) -> [CodeProject; 3] {
    let (client, adapter, driver) = match server {
        ServerKind::Postgres => ("pg", "postgresql", "postgresql+psycopg2"),
        _ => ("mysql2", "mysql2", "mysql+pymysql"),
    };
    let rest = url.split_once(':').unwrap().1;
    let knex = format!("module.exports = {{ client: '{client}', connection: '{url}' }};\n");
    let rails = format!("development:\n  url: {adapter}:{rest}\n");
    let settings = "[rails]\nrelease = \"8.0\"\ndump-schema-after-migration = false\n".to_owned();
    let alembic = format!("[alembic]\nscript_location = migrations\nsqlalchemy.url = {driver}:{rest}\n");
    [
        (vec![("knexfile.js", knex)], vec!["knex", "migrate:latest"]),
        (vec![("config/database.yml", rails), ("dunlin.toml", settings)], vec!["rails", "db:migrate"]),
        (
            vec![("alembic.ini", alembic), ("migrations/env.py", ENV_PY.to_owned())],
            vec!["alembic", "upgrade", "head"],
        ),
    ]
}

const ENV_PY: &str = "\
from alembic import context
from sqlalchemy import engine_from_config

config = context.config
connectable = engine_from_config(config.get_section(config.config_ini_section))
with connectable.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
";
