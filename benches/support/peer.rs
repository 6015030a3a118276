//! The tools that are compared.

use super::measure::{Figure, time};
use super::project::Projects;
use super::server::Database;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Applying what is pending.
    Up,
    /// The same on an empty database.
    FromEmpty,
    /// Showing the status.
    Status,
}

impl Work {
    /// For the tables.
    pub fn name(self) -> &'static str {
        match self {
            Work::Up | Work::FromEmpty => "up",
            Work::Status => "status",
        }
    }
}

/// A tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Our native format.
    Dunlin,
    /// Our Flyway command line.
    DunlinFlyway,
    /// Flyway; the launcher's path.
    Flyway(String),
    /// dbmate; its path.
    Dbmate(String),
    /// sqlx-cli; its path.
    Sqlx(String),
}

impl Peer {
    /// Those that are here.
    pub fn all() -> Vec<Peer> {
        let mut peers = vec![Peer::Dunlin, Peer::DunlinFlyway];
        peers.extend(std::env::var("DUNLIN_TEST_FLYWAY").ok().map(Peer::Flyway));
        peers.extend(on_path("dbmate").map(Peer::Dbmate));
        peers.extend(on_path("sqlx").map(Peer::Sqlx));
        peers
    }

    /// For the tables.
    pub fn name(&self) -> &'static str {
        match self {
            Peer::Dunlin => "dunlin",
            Peer::DunlinFlyway => "dunlin flyway",
            Peer::Flyway(_) => "Flyway",
            Peer::Dbmate(_) => "dbmate",
            Peer::Sqlx(_) => "sqlx-cli",
        }
    }

    /// Whether it is this project's binary.
    pub fn is_ours(&self) -> bool {
        matches!(self, Peer::Dunlin | Peer::DunlinFlyway)
    }

    /// Does the work once.
    pub fn run(&self, work: Work, projects: &Projects, database: &Database) -> Result<Figure, String> {
        let dunlin = env!("CARGO_BIN_EXE_dunlin").to_owned();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let flyway = || {
            let mut arguments = words(&["-locations=filesystem:sql"]);
            arguments.push(format!("-url={}", database.jdbc));
            if let Some((user, password)) = &database.login {
                arguments.push(format!("-user={user}"));
                arguments.push(format!("-password={password}"));
            }
            arguments.push(if work == Work::Up { "migrate" } else { "info" }.to_owned());
            arguments
        };
        let mut environment = Vec::new();
        let command: Vec<String> = match self {
            Peer::Dunlin => {
                let mut command = vec![dunlin, "--url".to_owned(), database.url.clone()];
                command.push(work.name().to_owned());
                command
            }
            Peer::DunlinFlyway => [vec![dunlin, "flyway".to_owned()], flyway()].concat(),
            Peer::Flyway(path) => [vec![path.clone()], flyway()].concat(),
            Peer::Dbmate(path) => {
                environment.push(("DATABASE_URL".to_owned(), database.dbmate.clone()));
                let command = if work == Work::Up { "migrate" } else { "status" };
                [vec![path.clone()], words(&["--no-dump-schema", "-d", "migrations", command])].concat()
            }
            Peer::Sqlx(path) => {
                environment.push(("DATABASE_URL".to_owned(), database.sqlx.clone()));
                let command = if work == Work::Up { "run" } else { "info" };
                [vec![path.clone()], words(&["migrate", command, "--source", "sqlx"])].concat()
            }
        };
        time(&command, &environment, projects.root())
    }
}

fn on_path(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .map(|found| found.display().to_string())
}
