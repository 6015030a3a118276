//! The servers, and databases of our own on them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dunlin::db::{self, Access, ConnectOptions, DatabaseUrl};

use super::measure::{Figure, time};

use crate::round_trips::RoundTrips;

static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A server and the databases of ours that are on it.
pub struct Server {
    kind: Kind,
    databases: Mutex<Vec<String>>,
}

/// A kind of server.
enum Kind {
    /// Files in a temporary folder.
    Sqlite(tempfile::TempDir),
    /// PostgreSQL; the administrator's URL.
    Postgres(String),
    /// MariaDB or MySQL; the administrator's URL.
    Mariadb(String),
}

/// A database in each tool's spelling.
#[derive(Debug, Clone)]
pub struct Database {
    /// Ours.
    pub url: String,
    /// Flyway's.
    pub jdbc: String,
    /// dbmate's.
    pub dbmate: String,
    /// sqlx-cli's.
    pub sqlx: String,
    /// For Flyway.
    pub login: Option<(String, String)>,
}

impl Database {
    /// The database as seen through a proxy.
    pub fn through(&self, port: Option<u16>, proxy_port: u16) -> Database {
        let Some(port) = port else { return self.clone() };
        let swap = |text: &str| text.replace(&format!(":{port}/"), &format!(":{proxy_port}/"));
        Database {
            url: swap(&self.url),
            jdbc: swap(&self.jdbc),
            dbmate: swap(&self.dbmate),
            sqlx: swap(&self.sqlx),
            login: self.login.clone(),
        }
    }
}

impl Server {
    /// Those that are here, and wanted.
    pub fn all() -> Vec<Server> {
        let wanted =
            std::env::var("DUNLIN_BENCH_SERVERS").unwrap_or_else(|_| "sqlite postgres mariadb".to_owned());
        let is_wanted = |name: &str| wanted.split_whitespace().any(|one| one == name);
        let url = |variable: &str| std::env::var(variable).ok().filter(|url| !url.is_empty());
        let mut kinds = vec![Kind::Sqlite(tempfile::tempdir().expect("a temporary folder"))];
        kinds.extend(url("DUNLIN_TEST_POSTGRES").map(Kind::Postgres));
        kinds.extend(url("DUNLIN_TEST_MARIADB").map(Kind::Mariadb));
        kinds
            .into_iter()
            .map(|kind| Server { kind, databases: Mutex::default() })
            .filter(|server| is_wanted(&server.name().to_lowercase().replace("postgresql", "postgres")))
            .collect()
    }

    /// For the tables.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite(_) => "SQLite",
            Kind::Postgres(_) => "PostgreSQL",
            Kind::Mariadb(_) => "MariaDB",
        }
    }

    /// Whether it is SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.kind, Kind::Sqlite(_))
    }

    /// The port of the wire; none on SQLite.
    pub fn port(&self) -> Option<u16> {
        url::Url::parse(self.admin()?).ok()?.port()
    }

    /// A proxy that counts.
    pub fn proxy(&self) -> Result<RoundTrips, String> {
        self.port().map(RoundTrips::to).ok_or_else(|| "no wire to count on".to_owned())
    }

    /// Drops the databases.
    pub fn tidy(&self) {
        let names = std::mem::take(&mut *self.databases.lock().expect("one thread"));
        for name in names {
            self.administrate(&format!("DROP DATABASE {name}"));
        }
    }

    /// The administrator's URL.
    fn admin(&self) -> Option<&str> {
        match &self.kind {
            Kind::Sqlite(_) => None,
            Kind::Postgres(url) | Kind::Mariadb(url) => Some(url),
        }
    }

    /// A new, empty database.
    pub fn fresh_database(&self) -> Database {
        let name = format!("bench_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        match &self.kind {
            Kind::Sqlite(folder) => {
                let path = folder.path().join(format!("{name}.db")).display().to_string();
                std::fs::write(&path, "").expect("a database file");
                Database {
                    url: format!("sqlite:{path}"),
                    jdbc: format!("jdbc:sqlite:{path}"),
                    dbmate: format!("sqlite:{path}"),
                    sqlx: format!("sqlite:{path}"),
                    login: None,
                }
            }
            Kind::Postgres(admin) => {
                self.create(&name);
                database_of(admin, &name, "postgresql", "?sslmode=disable")
            }
            Kind::Mariadb(admin) => {
                self.create(&name);
                database_of(admin, &name, "mariadb", "")
            }
        }
    }

    fn create(&self, name: &str) {
        self.administrate(&format!("CREATE DATABASE {name}"));
        self.databases.lock().expect("one thread").push(name.to_owned());
    }

    fn administrate(&self, statement: &str) {
        let url = DatabaseUrl::parse(self.admin().unwrap_or_default()).expect("the administrator's URL");
        let mut connection = db::connect(&url, &ConnectOptions::default()).expect("the server");
        connection.execute(statement).expect("a new database");
    }

    /// The floor: what starting a process, connecting and reading a history costs.
    pub fn connect_and_read(&self, database: &Database, table: &str) -> Result<Figure, String> {
        let start = time(
            &[env!("CARGO_BIN_EXE_dunlin").to_owned(), "--version".to_owned()],
            &[],
            std::path::Path::new("."),
        )?;
        let started = std::time::Instant::now();
        let url = DatabaseUrl::parse(&database.url).map_err(|error| error.to_string())?;
        let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
        let mut connection = db::connect(&url, &options).map_err(|error| error.to_string())?;
        connection.execute(&format!("SELECT * FROM {table}")).map_err(|error| error.to_string())?;
        drop(connection);
        let milliseconds = start.milliseconds + started.elapsed().as_secs_f64() * 1e3;
        Ok(Figure { milliseconds, least: milliseconds, peak_megabytes: start.peak_megabytes })
    }
}

fn database_of(admin: &str, name: &str, jdbc: &str, dbmate_options: &str) -> Database {
    let parsed = url::Url::parse(admin).expect("the administrator's URL");
    let (host, port) = (parsed.host_str().unwrap_or("localhost"), parsed.port().unwrap_or(0));
    let (user, password) = (parsed.username().to_owned(), parsed.password().unwrap_or_default().to_owned());
    let scheme = parsed.scheme();
    let url = format!("{scheme}://{user}:{password}@{host}:{port}/{name}");
    Database {
        jdbc: format!("jdbc:{jdbc}://{host}:{port}/{name}"),
        dbmate: format!("{url}{dbmate_options}"),
        sqlx: url.clone(),
        url,
        login: Some((user, password)),
    }
}
