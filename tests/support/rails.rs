//! A project of Rails on a database of its own, ActiveRecord's own tasks run in it beside Dunlin, and what the server received.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::database::{Database, ServerKind};
use super::needs::{Need, needs};
use super::program::{Output, command, run};
use super::project::{Project, copy_folder};
use super::proxy::Proxy;

/// An adapter of ActiveRecord and the server that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailsAdapter {
    /// As the URL in a database.yml names it.
    pub scheme: &'static str,
    /// Its server.
    pub kind: ServerKind,
}

impl RailsAdapter {
    /// SQLite.
    pub const SQLITE: Self = Self { scheme: "sqlite3", kind: ServerKind::Sqlite };
    /// PostgreSQL.
    pub const POSTGRES: Self = Self { scheme: "postgresql", kind: ServerKind::Postgres };
    /// MariaDB by `mysql2`.
    pub const MARIADB: Self = Self { scheme: "mysql2", kind: ServerKind::MariaDb };
    /// MySQL by `mysql2`.
    pub const MYSQL: Self = Self { scheme: "mysql2", kind: ServerKind::MySql };
    /// MariaDB by `trilogy`, which the original is not installed with.
    pub const TRILOGY: Self = Self { scheme: "trilogy", kind: ServerKind::MariaDb };

    /// The usual one for a server.
    pub fn of(kind: ServerKind) -> Self {
        match kind {
            ServerKind::Sqlite => Self::SQLITE,
            ServerKind::Postgres => Self::POSTGRES,
            ServerKind::MariaDb => Self::MARIADB,
            ServerKind::MySql => Self::MYSQL,
        }
    }
}

/// Whether there is Ruby, and for the sandbox its pack.
pub fn rails_is_here(carrier: &str) -> bool {
    let pack = if carrier == "sandbox" { &[Need::Ruby, Need::Pack][..] } else { &[Need::Ruby] };
    needs(pack)
}

/// Files, a database and, before its server, a record of what it receives.
pub struct RailsStage {
    /// The files.
    pub project: Project,
    /// The database.
    pub database: Database,
    /// ActiveRecord's adapter.
    pub adapter: RailsAdapter,
    /// The release of ActiveRecord, `7.2`.
    pub release: String,
    /// Further variables for both tools.
    pub variables: Vec<(String, String)>,
    /// More lines of `dunlin.toml`, before its first table.
    pub settings: String,
    proxy: Option<Proxy>,
}

impl RailsStage {
    /// A copy of a folder of `tests/fixtures`, of which the migrations in `db/migrate_KIND` join the others; `None` when the
    /// server is not there. Ask for [`Need::Ruby`] first.
    pub fn of(fixture: &str, adapter: RailsAdapter, release: &str) -> Option<Self> {
        let database = Database::create(adapter.kind)?;
        let proxy = Proxy::before(&database);
        let project = Project::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
        copy_folder(&folder, &project.path());
        let own = match adapter.kind {
            ServerKind::Sqlite => "migrate_sqlite",
            ServerKind::Postgres => "migrate_postgres",
            ServerKind::MariaDb | ServerKind::MySql => "migrate_mysql",
        };
        let db = project.path().join("db");
        if db.join(own).is_dir() {
            copy_folder(&db.join(own), &db.join("migrate"));
        }
        let stage = Self {
            project,
            database,
            adapter,
            release: release.to_owned(),
            variables: Vec::new(),
            settings: String::new(),
            proxy,
        };
        stage.keep_known();
        Some(stage)
    }

    /// Removes migrations that are written for a later release.
    fn keep_known(&self) {
        let numbers = |text: &str| -> Option<(u32, u32)> {
            let (major, minor) = text.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        let own = numbers(&self.release).expect("a release is two numbers");
        for path in self.migrations() {
            let text = fs::read_to_string(&path).unwrap();
            let version = text.split_once("Migration[").and_then(|(_, rest)| rest.split_once(']'));
            if version.and_then(|(version, _)| numbers(version)).is_some_and(|version| version > own) {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// The files of its migrations, in order.
    pub fn migrations(&self) -> Vec<PathBuf> {
        let folder = self.project.path().join("db/migrate");
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort_by_key(|path| version_of(path));
        files
    }

    /// The file of a migration.
    #[track_caller]
    pub fn migration(&self, version: u64) -> PathBuf {
        let mut files = self.migrations().into_iter();
        files
            .find(|path| version_of(path) == version)
            .unwrap_or_else(|| panic!("there is no migration {version}"))
    }

    /// The URL in its database.yml.
    pub fn url(&self) -> String {
        rails_url(self.adapter, &self.database, self.proxy.as_ref().map(Proxy::port))
    }

    /// Runs ActiveRecord's own tasks in the project.
    #[track_caller]
    pub fn rails(&self, arguments: &[&str]) -> Output {
        self.rails_with(arguments, |_| {})
    }

    /// The same, with a changed command.
    #[track_caller]
    pub fn rails_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
        let mut command = command(ruby_of(&self.release).join("bin/ruby"), &self.project.home());
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rails/original.rb"));
        command.args(arguments).current_dir(self.project.path());
        self.set_variables(&mut command);
        change(&mut command);
        run(command, "")
    }

    /// Runs `dunlin rails` with a carrier.
    #[track_caller]
    pub fn dunlin(&self, carrier: &str, arguments: &[&str]) -> Output {
        self.dunlin_with(carrier, &[&["rails"], arguments].concat(), |_| {})
    }

    /// Runs `dunlin` with these arguments and a changed command.
    #[track_caller]
    pub fn dunlin_with(
        &self,
        carrier: &str,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Output {
        self.project.dunlin_with(arguments, |command| {
            self.prepare(carrier, command);
            change(command);
        })
    }

    /// Gives a command of ours what a carrier needs. There is no Ruby for the sandbox.
    pub fn prepare(&self, carrier: &str, command: &mut Command) {
        let text =
            format!("carrier = \"{carrier}\"\n{}\n[rails]\nrelease = \"{}\"\n", self.settings, self.release);
        let file = self.project.path().join("dunlin.toml");
        // Others may be reading it.
        if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            fs::write(file, text).unwrap();
        }
        self.set_variables(command);
        let ruby = ruby_of(&self.release);
        if carrier == "host" {
            command.env("PATH", ruby.join("bin"));
            return;
        }
        command.env("PATH", "");
        // The pack has the gems of the usual release.
        if ruby != ruby_folder() {
            command.env("GEM_PATH", ruby.join("gems"));
        }
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
        command.env("RAILS_ENV", "development").env("PROJECT_DATABASE", self.url());
        if self.adapter.kind == ServerKind::Sqlite {
            command.env("DUNLIN_STATEMENT_LOG", self.statement_log());
        }
        // Another zone than the servers', so that it shows who takes which.
        command.env("TZ", "Europe/Berlin");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    fn statement_log(&self) -> PathBuf {
        self.project.home().join("statements")
    }
}

/// The URL of a database in a database.yml, through another port of 127.0.0.1 if one is given.
pub fn rails_url(adapter: RailsAdapter, database: &Database, port: Option<u16>) -> String {
    let (scheme, name) = (adapter.scheme, database.name());
    let (Some((user, password)), Some(address)) = (database.login(), database.server_address()) else {
        return format!("{scheme}:{name}");
    };
    let address = port.map_or(address, |port| format!("127.0.0.1:{port}"));
    format!("{scheme}://{user}:{password}@{address}/{name}")
}

/// The number that a migration's file begins with.
pub fn version_of(path: &Path) -> u64 {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The releases of ActiveRecord that are there, the usual one first.
pub fn rails_releases() -> Vec<String> {
    let usual = ruby_folder();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut found = vec![name(&usual)];
    for entry in fs::read_dir(usual.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.join("bin/ruby").is_file() && path != usual {
            found.push(name(&path));
        }
    }
    found
}

/// The folder of Ruby with the usual release of ActiveRecord.
pub fn ruby_folder() -> PathBuf {
    PathBuf::from(Need::Ruby.setting().expect("the test has to ask for Need::Ruby first"))
}

/// The folder of Ruby with another release.
fn ruby_of(release: &str) -> PathBuf {
    ruby_folder().parent().unwrap().join(release)
}
