//! A project of Knex on a database of its own, the original run in it beside Dunlin, and what the server received.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::database::{Database, ServerKind};
use super::needs::Need;
use super::program::{Output, command, run};
use super::project::{Project, copy_folder};
use super::proxy::Proxy;

/// A driver of Knex and the server that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// As `client` names it in a knexfile.
    pub name: &'static str,
    /// Its server.
    pub kind: ServerKind,
}

impl Client {
    /// One for each server.
    pub const PG: Self = Self { name: "pg", kind: ServerKind::Postgres };
    /// MariaDB by `mysql2`.
    pub const MARIADB: Self = Self { name: "mysql2", kind: ServerKind::MariaDb };
    /// MySQL by `mysql2`.
    pub const MYSQL: Self = Self { name: "mysql2", kind: ServerKind::MySql };
    /// SQLite by the driver that has no thread of its own.
    pub const BETTER_SQLITE3: Self = Self { name: "better-sqlite3", kind: ServerKind::Sqlite };
    /// SQLite.
    pub const SQLITE3: Self = Self { name: "sqlite3", kind: ServerKind::Sqlite };
}

/// A version of Knex among the packages of `tests/knex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 2.5
    Two,
    /// 3.3
    Three,
}

/// Files, a database and, before its server, a record of what it receives.
pub struct KnexStage {
    /// The files.
    pub project: Project,
    /// The database.
    pub database: Database,
    /// The driver.
    pub client: Client,
    /// Further variables for both tools.
    pub variables: Vec<(String, String)>,
    proxy: Option<Proxy>,
}

impl KnexStage {
    /// A copy of a folder of `tests/fixtures/knex`; `None` when the server is not there. Ask for [`Need::Knex`] first.
    pub fn of(fixture: &str, client: Client, version: Version) -> Option<Self> {
        let stage = Self::empty(client, version)?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex").join(fixture);
        copy_folder(&folder, &stage.project.path());
        Some(stage)
    }

    /// A project with nothing but `node_modules`.
    pub fn empty(client: Client, version: Version) -> Option<Self> {
        let database = Database::create(client.kind)?;
        let proxy = Proxy::before(&database);
        let project = Project::new();
        link_packages(&project.path().join("node_modules"), version);
        Some(Self { project, database, client, variables: Vec::new(), proxy })
    }

    /// What a knexfile's `connection` is for this database.
    pub fn url(&self) -> String {
        let (Some((user, password)), Some(proxy)) = (self.database.login(), &self.proxy) else {
            return self.database.name();
        };
        let scheme = if self.client.kind == ServerKind::Postgres { "postgres" } else { "mysql" };
        format!("{scheme}://{user}:{password}@127.0.0.1:{}/{}", proxy.port(), self.database.name())
    }

    /// Runs the original's command line in the project, or in a folder of it.
    #[track_caller]
    pub fn knex(&self, arguments: &[&str]) -> Output {
        self.knex_with(arguments, |_| {})
    }

    /// The same, with a changed command.
    #[track_caller]
    pub fn knex_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
        let folder = packages();
        let mut command = command("node", &self.project.home());
        let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/knex/statements.js");
        let loader = folder.join("node_modules/tsx/dist/loader.mjs");
        command.env("NODE_OPTIONS", format!("--require {} --import {}", log.display(), loader.display()));
        command.arg(self.project.path().join("node_modules/knex/bin/cli.js")).args(arguments);
        command.current_dir(self.project.path());
        self.set_variables(&mut command);
        change(&mut command);
        run(command, "")
    }

    /// Runs `dunlin knex` with a carrier.
    #[track_caller]
    pub fn dunlin(&self, carrier: &str, arguments: &[&str]) -> Output {
        self.dunlin_with(carrier, arguments, |_| {})
    }

    /// The same, with a changed command.
    #[track_caller]
    pub fn dunlin_with(
        &self,
        carrier: &str,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Output {
        self.project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let arguments = [&["knex"], arguments].concat();
        self.project.dunlin_with(&arguments, |command| {
            self.set_variables(command);
            if carrier == "sandbox" {
                command.env("PATH", "");
            }
            change(command);
        })
    }

    /// The statements that the server received since the last call, in order, as they were.
    pub fn take_statements(&self) -> Vec<String> {
        if let Some(proxy) = &self.proxy {
            return proxy.take().into_iter().map(|received| received.sql).collect();
        }
        let log = fs::read_to_string(self.statement_log()).unwrap_or_default();
        let _ = fs::remove_file(self.statement_log());
        log.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn set_variables(&self, command: &mut Command) {
        command.env("SHOP_CLIENT", self.client.name).env("SHOP_URL", self.url());
        command.env("DUNLIN_STATEMENT_LOG", self.statement_log());
        // Another zone than the servers', so that it shows who takes which.
        command.env("TZ", "Europe/Berlin");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    fn statement_log(&self) -> PathBuf {
        self.project.home().join("statements")
    }
}

fn packages() -> PathBuf {
    PathBuf::from(Need::Knex.setting().expect("the test has to ask for Need::Knex first"))
}

/// Knex 2.5 is installed beside 3.3, by another name.
fn link_packages(to: &Path, version: Version) {
    let from = packages().join("node_modules");
    if version == Version::Three {
        std::os::unix::fs::symlink(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(&from).unwrap() {
        let name = entry.unwrap().file_name();
        let target = if name == "knex" { from.join("knex-2") } else { from.join(&name) };
        std::os::unix::fs::symlink(target, to.join(name)).unwrap();
    }
}
