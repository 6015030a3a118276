//! A database of a test's own on each server.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use url::Url;

use super::needs::{Extent, Need, note_not_run};
use super::program::{Output, command, run};

/// Stands between the rows of two queries.
const END_OF_ROWS: &str = "#end of rows";

/// A server that tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// A file; always there.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
    /// MySQL.
    MySql,
}

impl ServerKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::MariaDb, Self::MySql];

    /// What has to be there for it.
    pub fn need(self) -> Option<Need> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Need::Postgres),
            Self::MariaDb => Some(Need::MariaDb),
            Self::MySql => Some(Need::MySql),
        }
    }

    /// Whether it is MariaDB or MySQL.
    pub fn is_mysql_like(self) -> bool {
        matches!(self, Self::MariaDb | Self::MySql)
    }
}

/// The servers that are there. A missing one is printed and counted as "not run".
pub fn servers() -> Vec<ServerKind> {
    let is_here = |kind: &ServerKind| match kind.need() {
        Some(need) if need.setting().is_none() => {
            note_not_run(need, Extent::Part);
            false
        }
        _ => true,
    };
    ServerKind::ALL.into_iter().filter(is_here).collect()
}

/// A fresh database on each server that is there.
pub fn databases() -> Vec<Database> {
    servers().into_iter().filter_map(Database::create).collect()
}

/// An empty database that is dropped with this value.
pub struct Database {
    kind: ServerKind,
    name: String,
    /// The administrator's URL; `None` on SQLite.
    server: Option<Url>,
    /// Where SQLite's file is, and the home folder of the clients.
    folder: TempDir,
}

impl Database {
    /// A new database, or `None` with the skip printed and counted when the server is not there.
    pub fn create(kind: ServerKind) -> Option<Self> {
        let server = match kind.need() {
            None => None,
            Some(need) => match need.setting() {
                None => {
                    note_not_run(need, Extent::Test);
                    return None;
                }
                Some(url) => Some(Url::parse(&url).unwrap_or_else(|error| panic!("{url}: {error}"))),
            },
        };
        Some(Self::of(kind, server))
    }

    /// A new database on the server that an administrator's URL names.
    pub fn on(kind: ServerKind, server: Url) -> Self {
        Self::of(kind, Some(server))
    }

    fn of(kind: ServerKind, server: Option<Url>) -> Self {
        let folder = tempfile::Builder::new().prefix("dunlin-database").tempdir().unwrap();
        let database = Self { kind, name: fresh_name(), server, folder };
        if database.server.is_some() {
            let name = &database.name;
            database.administer(&format!("CREATE DATABASE {name};")).success();
        }
        database
    }

    /// A new SQLite database, which is always to be had.
    pub fn sqlite() -> Self {
        Self::create(ServerKind::Sqlite).unwrap()
    }

    /// Its server.
    pub fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Its name; on SQLite the path of its file. Names that begin with it are free for further databases of the
    /// test on MariaDB and MySQL, and are dropped too.
    pub fn name(&self) -> String {
        match self.server {
            Some(_) => self.name.clone(),
            None => self.folder.path().join("test.db").to_str().unwrap().to_owned(),
        }
    }

    /// `scheme://user:password@host:port/name`, or `sqlite:/path`.
    pub fn url(&self) -> String {
        match self.url_of(&self.name) {
            Some(url) => url.to_string(),
            None => format!("sqlite:{}", self.name()),
        }
    }

    /// The plain URL with another password, for tests of refused logins.
    pub fn url_with_password(&self, password: &str) -> String {
        let mut url = self.url_of(&self.name).expect("SQLite has no passwords");
        url.set_password(Some(password)).unwrap();
        url.to_string()
    }

    /// The JDBC URL, without user and password.
    pub fn jdbc_url(&self) -> String {
        let Some(server) = &self.server else {
            return format!("jdbc:sqlite:{}", self.name());
        };
        let dialect = match self.kind {
            ServerKind::Sqlite => unreachable!("has no server"),
            ServerKind::Postgres => "postgresql",
            ServerKind::MariaDb => "mariadb",
            ServerKind::MySql => "mysql",
        };
        format!("jdbc:{dialect}://{}/{}", host_and_port(server), self.name)
    }

    /// The JDBC URL with user and password as parameters.
    pub fn jdbc_url_with_login(&self) -> String {
        match self.login() {
            Some((user, password)) => format!("{}?user={user}&password={password}", self.jdbc_url()),
            None => self.jdbc_url(),
        }
    }

    /// The URL as SQLAlchemy spells it, through another port of 127.0.0.1 if one is given.
    pub fn sqlalchemy_url(&self, port: Option<u16>) -> String {
        let (Some(mut url), Some((user, password))) = (self.url_of(&self.name), self.login()) else {
            return format!("sqlite:///{}", self.name());
        };
        if port.is_some() {
            url.set_host(Some("127.0.0.1")).unwrap();
            url.set_port(port).unwrap();
        }
        let (driver, options) = match self.kind {
            ServerKind::Sqlite => unreachable!("has no server"),
            ServerKind::Postgres => ("postgresql+psycopg2", ""),
            ServerKind::MariaDb => ("mariadb+pymysql", "?charset=utf8mb4"),
            ServerKind::MySql => ("mysql+pymysql", "?charset=utf8mb4"),
        };
        format!("{driver}://{user}:{password}@{}/{}{options}", host_and_port(&url), self.name)
    }

    /// The client of Knex for the server, and what it connects to: an URL, or a file for SQLite.
    pub fn knex_connection(&self) -> (&'static str, String) {
        match self.kind {
            ServerKind::Sqlite => ("better-sqlite3", self.name().to_owned()),
            ServerKind::Postgres => ("pg", self.url()),
            ServerKind::MariaDb | ServerKind::MySql => ("mysql2", self.url()),
        }
    }

    /// `host:port` of the server; `None` on SQLite.
    pub fn server_address(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        let port = if self.kind == ServerKind::Postgres { 5432 } else { 3306 };
        Some(format!("{}:{}", server.host_str().unwrap_or("127.0.0.1"), server.port().unwrap_or(port)))
    }

    /// User and password; `None` on SQLite.
    pub fn login(&self) -> Option<(&str, &str)> {
        let server = self.server.as_ref()?;
        Some((server.username(), server.password().unwrap_or_default()))
    }

    /// Arguments that point Flyway's command line at this database: `-url=…` and the rest.
    pub fn flyway_arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("-url={}", self.jdbc_url())];
        if let Some((user, password)) = self.login() {
            arguments.push(format!("-user={user}"));
            arguments.push(format!("-password={password}"));
        }
        arguments
    }

    /// Drops everything that is in it; the database is new under its name.
    pub fn reset(&self) {
        if self.server.is_none() {
            for end in ["", "-wal", "-shm", "-journal"] {
                let _ = std::fs::remove_file(format!("{}{end}", self.name()));
            }
            return;
        }
        self.drop_all();
        self.administer(&format!("CREATE DATABASE {};", self.name)).success();
    }

    /// Runs a script with the server's client and fails the test when it fails. Returns what the client printed.
    #[track_caller]
    pub fn sql(&self, script: &str) -> String {
        self.try_sql(script).success().stdout
    }

    /// Runs a script with the server's client.
    #[track_caller]
    pub fn try_sql(&self, script: &str) -> Output {
        run(self.client(), script)
    }

    /// The rows of one query as text, `NULL` for null. Times are in UTC and Booleans as the server prints them.
    #[track_caller]
    pub fn query(&self, query: &str) -> Vec<Vec<String>> {
        self.queries(&[query]).concat()
    }

    /// The rows of each of several queries, by one run of the server's client: starting it takes longer than most queries.
    #[track_caller]
    pub fn queries(&self, queries: &[impl AsRef<str>]) -> Vec<Vec<Vec<String>>> {
        let mut script = String::new();
        for query in queries {
            let query = query.as_ref().trim().trim_end_matches(';');
            script += &match self.kind {
                ServerKind::Postgres => format!("COPY ({query}) TO STDOUT;\n\\echo '{END_OF_ROWS}'\n"),
                _ => format!("{query};\nSELECT '{END_OF_ROWS}';\n"),
            };
        }
        let mut client = self.client();
        match self.kind {
            ServerKind::Sqlite => client.args(["-ascii", "-nullvalue", "NULL"]),
            ServerKind::Postgres => &mut client,
            ServerKind::MariaDb | ServerKind::MySql => client.args(["--batch", "--skip-column-names"]),
        };
        let printed = run(client, &script).success().stdout;
        let rows: Vec<Vec<String>> = match self.kind {
            ServerKind::Sqlite => {
                let rows = printed.split_terminator('\u{1e}');
                rows.map(|row| row.split('\u{1f}').map(str::to_owned).collect()).collect()
            }
            _ => rows_of(&printed),
        };
        let mut found: Vec<_> = rows.split(|row| *row == [END_OF_ROWS]).map(<[_]>::to_vec).collect();
        let rest = found.pop();
        assert!(found.len() == queries.len() && rest == Some(Vec::new()), "{script}\n{printed}");
        found
    }

    /// What MariaDB's client prints for a script, a line for each row, values divided by tabs and binary ones in
    /// hexadecimal; special characters stay escaped.
    #[track_caller]
    pub fn mysql_lines(&self, script: &str) -> Vec<String> {
        let mut client = self.mariadb(&self.name);
        client.args(["--batch", "--skip-column-names", "--binary-as-hex"]);
        let printed = run(client, script).success().stdout;
        printed.split_terminator('\n').map(str::to_owned).collect()
    }

    /// Starts `pg_dump` or the like: a program of the server's, without its arguments for this database.
    pub fn program(&self, name: &str) -> Command {
        command(name, self.folder.path())
    }

    /// The plain URL of a database on the same server; `None` on SQLite.
    fn url_of(&self, name: &str) -> Option<Url> {
        let mut url = self.server.clone()?;
        url.set_path(name);
        Some(url)
    }

    /// The client, told to stop at the first error and to print values and nothing else.
    fn client(&self) -> Command {
        match self.kind {
            ServerKind::Sqlite => {
                let mut command = self.program("sqlite3");
                command.args(["-batch", "-bail", "-noheader", "-cmd", ".timeout 10000", &self.name()]);
                command
            }
            ServerKind::Postgres => self.psql(&self.name),
            ServerKind::MariaDb | ServerKind::MySql => self.mariadb(&self.name),
        }
    }

    fn psql(&self, database: &str) -> Command {
        let url = self.url_of(database).unwrap();
        let mut command = self.program("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url.as_str()]);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }

    fn mariadb(&self, database: &str) -> Command {
        let server = self.server.as_ref().unwrap();
        let mut command = self.program("mariadb");
        // The first three have to come before any other.
        command.args(["--no-defaults", "--default-character-set=utf8mb4", "--protocol=tcp"]);
        command.arg(format!("--host={}", server.host_str().unwrap_or("127.0.0.1")));
        command.arg(format!("--port={}", server.port().unwrap_or(3306)));
        command.arg(format!("--user={}", server.username()));
        command.env("MYSQL_PWD", server.password().unwrap_or_default());
        command.arg(database);
        command
    }

    /// Runs a script on the administrator's own database.
    fn administer(&self, script: &str) -> Output {
        let client = match self.kind {
            ServerKind::Sqlite => unreachable!("has no server"),
            ServerKind::Postgres => self.psql("postgres"),
            ServerKind::MariaDb | ServerKind::MySql => self.mariadb("mysql"),
        };
        run(client, script)
    }

    /// Drops the database and those of the test beside it, and ends what is still connected.
    fn drop_all(&self) {
        if self.kind == ServerKind::Postgres {
            self.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE);", self.name));
            return;
        }
        // The client prints a line with the name of the column too; it begins otherwise.
        let pattern = format!("{}%", self.name.replace('_', "\\_"));
        let statements = self.administer(&format!(
            "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE db LIKE '{pattern}';
             SELECT CONCAT('DROP DATABASE `', schema_name, '`;')
             FROM information_schema.schemata WHERE schema_name LIKE '{pattern}';"
        ));
        let statements = statements.stdout.split('\n').filter(|line| line.starts_with(['K', 'D']));
        let script: String = statements.map(|statement| format!("{statement}\n")).collect();
        // A session may have ended by itself.
        let mut client = self.mariadb("mysql");
        client.arg("--force");
        run(client, &format!("SET lock_wait_timeout = 10;\n{script}"));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.drop_all();
        }
    }
}

/// Unique among tests that run at once, in this process and others.
fn fresh_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let random = fastrand::u32(..);
    format!("dunlin_{}_{number}_{random:08x}", std::process::id())
}

fn host_and_port(server: &Url) -> String {
    let host = server.host_str().unwrap_or("127.0.0.1");
    match server.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Lines of values divided by tabs, in the escapes that `psql` and `mariadb` share.
fn rows_of(text: &str) -> Vec<Vec<String>> {
    let lines = text.split_terminator('\n');
    lines.map(|line| line.split('\t').map(unescaped).collect()).collect()
}

fn unescaped(value: &str) -> String {
    if value == "\\N" {
        return "NULL".to_owned();
    }
    let mut text = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some('0') => text.push('\0'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    text
}
