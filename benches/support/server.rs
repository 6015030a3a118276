//! The servers, and databases of our own on them.

use std::sync::atomic::{AtomicUsize, Ordering};

use dunlin::db::{self, Access, ConnectOptions, DatabaseUrl};

use super::measure::{Figure, time};

static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A server.
pub enum Server {
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

impl Server {
    /// Those that are here.
    pub fn all() -> Vec<Server> {
        let mut servers = vec![Server::Sqlite(tempfile::tempdir().expect("a temporary folder"))];
        servers.extend(std::env::var("DUNLIN_TEST_POSTGRES").ok().map(Server::Postgres));
        servers.extend(std::env::var("DUNLIN_TEST_MARIADB").ok().map(Server::Mariadb));
        servers
    }

    /// For the tables.
    pub fn name(&self) -> &'static str {
        match self {
            Server::Sqlite(_) => "SQLite",
            Server::Postgres(_) => "PostgreSQL",
            Server::Mariadb(_) => "MariaDB",
        }
    }

    /// Whether it is SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Server::Sqlite(_))
    }

    /// Whether there is a wire to count on.
    pub fn counts_round_trips(&self) -> bool {
        !self.is_sqlite()
    }

    /// Host and port of the wire.
    pub fn address(&self) -> Option<(String, u16)> {
        let (Server::Postgres(url) | Server::Mariadb(url)) = self else { return None };
        let url = url::Url::parse(url).ok()?;
        Some((url.host_str()?.to_owned(), url.port()?))
    }

    /// A new, empty database.
    pub fn fresh_database(&self) -> Database {
        let name = format!("bench_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        match self {
            Server::Sqlite(folder) => {
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
            Server::Postgres(admin) => {
                self.administrate(admin, &format!("CREATE DATABASE {name}"));
                database_of(admin, &name, "postgresql", "?sslmode=disable")
            }
            Server::Mariadb(admin) => {
                self.administrate(admin, &format!("CREATE DATABASE {name}"));
                database_of(admin, &name, "mariadb", "")
            }
        }
    }

    fn administrate(&self, url: &str, statement: &str) {
        let url = DatabaseUrl::parse(url).expect("the administrator's URL");
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
        Ok(Figure {
            milliseconds: start.milliseconds + started.elapsed().as_secs_f64() * 1e3,
            peak_megabytes: start.peak_megabytes,
        })
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
