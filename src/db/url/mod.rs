//! Database URLs of every ecosystem, read into one form.
//!
//! | form | examples |
//! |---|---|
//! | libpq, dbmate, Rails | `postgres://`, `postgresql://`, `postgis://`, `mysql://`, `mysql2://`, `trilogy://`, `mariadb://` |
//! | SQLAlchemy | `postgresql+psycopg2://`, `mysql+pymysql://`, `mariadb+mariadbconnector://`, `sqlite+pysqlite://` |
//! | JDBC | `jdbc:postgresql:`, `jdbc:mysql:`, `jdbc:mariadb:`, `jdbc:sqlite:` |
//! | SQLite | `sqlite:`, `sqlite3:`; which paths are relative is told in the module `sqlite` |

mod mysql;
mod parts;
mod postgres;
#[cfg(test)]
mod properties;
mod sqlite;
#[cfg(test)]
mod tests;

use super::Access;
use super::error::DbError;
use super::mask::{Password, mask_whole};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where to connect and how, whichever way it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseUrl {
    /// The kind of server.
    pub engine: Engine,
    /// Whose rules the text followed.
    pub form: Form,
    /// Servers to try in order; empty for SQLite and where the ecosystem's default applies.
    pub hosts: Vec<Host>,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Password>,
    /// The database's name; `None` on SQLite.
    pub database: Option<String>,
    /// TLS.
    pub tls: TlsSettings,
    /// How long connecting to one address may take.
    pub connect_timeout: Option<Duration>,
    /// How long a MySQL server may be silent (Connector/J's `socketTimeout`, pymysql's `read_timeout`).
    pub read_timeout: Option<Duration>,
    /// The name under which the session shows on the server.
    pub application_name: Option<String>,
    /// Session settings by name. PostgreSQL gets them in its startup packet, MySQL as one `SET`.
    pub session: Vec<(String, String)>,
    /// Statements that every session on a server begins with, before it is asked what it is like: the project's, which no
    /// text of a URL says. SQLite has none of them.
    pub beginning: Vec<String>,
    /// What comes before that in sessions that write: it makes what is not there yet.
    pub preparing: Vec<String>,
    /// libpq's `options`: command line options of the PostgreSQL backend, as written.
    pub options: Option<String>,
    /// Which of several PostgreSQL servers is wanted.
    pub target: TargetSession,
    /// PostgreSQL's SCRAM channel binding.
    pub channel_binding: ChannelBinding,
    /// Create the database if it is missing (`createDatabaseIfNotExist` of Connector/J and MariaDB).
    pub create_database: bool,
    /// The URL is for MariaDB Connector/J, whose sessions are not like those of others.
    pub mariadb_driver: bool,
    /// The collation that the URL wants of the session.
    pub collation: Option<String>,
    /// Java's drivers have MySQL refuse values that do not fit, unless told not to (`jdbcCompliantTruncation`).
    pub strict: bool,
    /// `LOAD DATA LOCAL INFILE` may read files of this machine.
    pub local_infile: bool,
    /// The SQLite database; `Memory` elsewhere.
    pub sqlite: SqliteTarget,
    /// SQLite pragmas in order.
    pub pragmas: Vec<(String, String)>,
    /// What was ignored, for people.
    pub warnings: Vec<String>,
}

/// The kind of server that a URL names. MySQL and MariaDB are told apart only once connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// Whose rules a URL follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// libpq's URLs, and those of dbmate and Rails.
    Plain,
    /// `jdbc:`.
    Jdbc,
    /// `dialect+driver://`.
    Sqlalchemy,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Over TCP.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// A socket: its directory (PostgreSQL) or the socket itself (MySQL), and the port that is part of PostgreSQL's
    /// socket names.
    Socket {
        /// Directory or file.
        path: PathBuf,
        /// Port.
        port: u16,
    },
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Host::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Host::Socket { path, .. } => write!(formatter, "{}", path.display()),
        }
    }
}

/// TLS as PostgreSQL names it; the other ecosystems' modes are mapped to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// Only if the server insists.
    Allow,
    /// If the server offers it.
    #[default]
    Prefer,
    /// Always; whose certificate it is does not matter.
    Require,
    /// Always, and the certificate must come from a trusted authority.
    VerifyCa,
    /// Always, and the certificate must also name the host.
    VerifyFull,
}

/// How to use TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// When.
    pub mode: TlsMode,
    /// Trusted authorities.
    pub roots: Roots,
    /// Our certificate, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key: PEM, or PKCS#8 in DER.
    pub key: Option<PathBuf>,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// None named: the ecosystem's default file, if it is there.
    #[default]
    Default,
    /// Those of the operating system.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// Which of several PostgreSQL servers is wanted: `target_session_attrs`, pgjdbc's `targetServerType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetSession {
    /// The first that answers.
    #[default]
    Any,
    /// One that accepts writes.
    ReadWrite,
    /// One that does not.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One in recovery.
    Standby,
    /// One in recovery, else any.
    PreferStandby,
    /// One that is not in recovery, else any.
    PreferPrimary,
}

/// SCRAM channel binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server offers it.
    #[default]
    Prefer,
    /// Always.
    Require,
}

/// A SQLite database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SqliteTarget {
    /// In memory.
    #[default]
    Memory,
    /// A file.
    File(PathBuf),
    /// A `file:` URI, for SQLite to interpret.
    Uri(String),
}

impl DatabaseUrl {
    /// Reads a URL of any supported ecosystem.
    ///
    /// # Errors
    /// `Configuration`, with the URL masked: an unknown scheme, a broken port or encoding, or a parameter that asks
    /// for what dunlin cannot do. Parameters that make no difference are ignored; unknown ones give a warning.
    pub fn parse(text: &str) -> Result<DatabaseUrl, DbError> {
        let text = text.trim();
        parse(text).map_err(|mut error| {
            error.message = format!("{} (in '{}')", error.message, mask_whole(text));
            error
        })
    }

    /// The same with the relative path of a SQLite file taken from a folder.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> DatabaseUrl {
        if let SqliteTarget::File(path) = &mut self.sqlite {
            *path = folder.join(&*path);
        }
        self
    }

    /// The same with another user, where a configuration names it outside the URL. `None` changes nothing.
    #[must_use]
    pub fn with_user(mut self, user: Option<impl Into<String>>) -> DatabaseUrl {
        if let Some(user) = user {
            self.user = Some(user.into());
        }
        self
    }

    /// The same with another password. `None` changes nothing.
    #[must_use]
    pub fn with_password(mut self, password: Option<impl Into<String>>) -> DatabaseUrl {
        if let Some(password) = password {
            self.password = Some(Password::new(password));
        }
        self
    }

    /// The statements that a session begins with.
    pub(super) fn first_statements(&self, access: Access) -> Vec<String> {
        let preparing = if access == Access::Write { self.preparing.as_slice() } else { &[] };
        preparing.iter().chain(&self.beginning).cloned().collect()
    }

    fn new(engine: Engine, form: Form) -> DatabaseUrl {
        DatabaseUrl {
            engine,
            form,
            hosts: Vec::new(),
            user: None,
            password: None,
            database: None,
            tls: TlsSettings::default(),
            connect_timeout: None,
            read_timeout: None,
            application_name: None,
            session: Vec::new(),
            beginning: Vec::new(),
            preparing: Vec::new(),
            options: None,
            target: TargetSession::Any,
            channel_binding: ChannelBinding::Prefer,
            create_database: false,
            mariadb_driver: false,
            collation: None,
            strict: engine == Engine::Mysql && form == Form::Jdbc,
            local_infile: false,
            sqlite: SqliteTarget::Memory,
            pragmas: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn warn_ignored(&mut self, name: &str) {
        self.warnings
            .push(format!("the parameter '{name}' of the database URL is not known and was ignored"));
    }
}

/// Without user and password parameters: enough to recognise the database, safe to show.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.engine {
            Engine::Postgres => "postgresql",
            Engine::Mysql => "mysql",
            Engine::Sqlite => {
                return match &self.sqlite {
                    SqliteTarget::Memory => formatter.write_str("sqlite::memory:"),
                    SqliteTarget::File(path) => write!(formatter, "sqlite:{}", path.display()),
                    SqliteTarget::Uri(uri) => write!(formatter, "sqlite:{}", mask_whole(uri)),
                };
            }
        };
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let hosts: Vec<String> = self.hosts.iter().map(Host::to_string).collect();
        let database = self.database.as_deref().unwrap_or_default();
        write!(formatter, "{scheme}://{user}{}/{database}", hosts.join(","))
    }
}

fn parse(text: &str) -> Result<DatabaseUrl, DbError> {
    let (scheme, rest) = text.split_once(':').ok_or_else(unknown_scheme)?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "jdbc" {
        return parse_jdbc(rest);
    }
    let (dialect, form) = match scheme.split_once('+') {
        Some((dialect, _driver)) => (dialect, Form::Sqlalchemy),
        None => (scheme.as_str(), Form::Plain),
    };
    match dialect {
        "sqlite" | "sqlite3" => sqlite::parse(dialect, rest, form),
        "postgres" | "postgresql" | "postgis" | "postgresqls" => postgres::parse(authority(rest)?, form),
        "mysql" | "mariadb" | "mysql2" | "trilogy" => mysql::parse(authority(rest)?, form),
        _ => Err(unknown_scheme()),
    }
}

fn parse_jdbc(rest: &str) -> Result<DatabaseUrl, DbError> {
    let (scheme, rest) = rest.split_once(':').ok_or_else(unknown_scheme)?;
    match scheme.to_ascii_lowercase().as_str() {
        "postgresql" => postgres::parse_jdbc(rest),
        "mysql" => mysql::parse(authority(rest)?, Form::Jdbc),
        "mariadb" => {
            let url = mysql::parse(authority(rest)?, Form::Jdbc)?;
            Ok(DatabaseUrl { mariadb_driver: true, ..url })
        }
        "sqlite" => sqlite::parse_jdbc(rest),
        // Wrappers around another driver: the URL behind them is the real one.
        "p6spy" => parse_jdbc(rest),
        "aws-wrapper" => parse_jdbc(rest),
        _ => Err(unknown_scheme()),
    }
}

fn authority(rest: &str) -> Result<&str, DbError> {
    rest.strip_prefix("//").ok_or_else(|| {
        DbError::configuration("the database URL needs '//' after its scheme: scheme://user@host/database")
    })
}

fn unknown_scheme() -> DbError {
    DbError::configuration("the scheme of the database URL is not known").advise(
        "dunlin speaks postgres://, mysql://, mariadb:// and sqlite: URLs, their SQLAlchemy and Rails spellings, \
         and jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: and jdbc:sqlite:",
    )
}

/// Seconds or milliseconds; 0 means for ever.
fn timeout(name: &str, value: &str, unit: Duration) -> Result<Option<Duration>, DbError> {
    let number: f64 = value.trim().parse().map_err(|_| not_a_duration(name))?;
    if number <= 0.0 {
        return Ok(None);
    }
    Duration::try_from_secs_f64(number * unit.as_secs_f64()).map(Some).map_err(|_| not_a_duration(name))
}

fn not_a_duration(name: &str) -> DbError {
    DbError::configuration(format!("the parameter '{name}' of the database URL is not a duration"))
}
