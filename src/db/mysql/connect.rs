//! Finding a server: hosts in order, TLS by mode, and what is known of the session.
//!
//! Where the server is to be verified, TLS is ours ([`super::tunnel`]), else the `mysql` crate's.

use super::super::error::{DbError, DbErrorKind};
use super::super::tls::{self, Verification};
use super::super::url::{DatabaseUrl, Form, Host, TlsMode};
use super::super::{Access, ConnectOptions};
use super::infile::Infile;
#[cfg(unix)]
use super::tunnel::{Failure, Tunnel};
use super::{MysqlConnection, failed};
use dunlin_compat::model::{Dialect, Quoting, Server, SessionQuoting};
use mysql::consts::CapabilityFlags;
use mysql::{ClientIdentity, Conn, DriverError, OptsBuilder, SslOpts};
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any handshake, shorter than the operating system's patience with a host that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The protocol's own limit. Saying so spares the driver a query; the server's limit is learnt with the facts.
const PACKET_LIMIT: usize = 1 << 30;

/// Where MySQL and MariaDB put their socket, which clients in C mean by `localhost`.
const SOCKETS: &[&str] = &["/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

const FACTS: &str = "SELECT VERSION(), @@version_comment, DATABASE(), USER(), CONNECTION_ID(), @@max_allowed_packet, @@sql_mode, \
     @@global.sql_mode";

pub(in crate::db) fn connect(
    url: &DatabaseUrl,
    options: &ConnectOptions,
) -> Result<MysqlConnection, DbError> {
    let mut first_error = None;
    for host in &hosts(url) {
        match connect_host(url, host, options) {
            Ok(connection) => return Ok(connection),
            Err(error) if error.kind != DbErrorKind::Connection => return Err(error),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| DbError::configuration("the database URL names no host")))
}

fn hosts(url: &DatabaseUrl) -> Vec<Host> {
    let mut hosts = url.hosts.clone();
    if let ([Host::Tcp { host, port }], Form::Plain) = (hosts.as_slice(), url.form)
        && host == "localhost"
        && let Some(socket) = SOCKETS.iter().map(PathBuf::from).find(|path| path.exists())
    {
        let port = *port;
        hosts.push(Host::Socket { path: socket, port });
    }
    hosts
}

fn connect_host(
    url: &DatabaseUrl,
    host: &Host,
    options: &ConnectOptions,
) -> Result<MysqlConnection, DbError> {
    match session(url, host, options, url.database.as_deref()) {
        Err(error) if error.code == Some(1049) && url.create_database && options.access == Access::Write => {
            let name = Dialect::Mysql.quote_identifier(url.database.as_deref().unwrap_or_default());
            let mut connection = session(url, host, options, None)?;
            super::Connection::execute(&mut connection, &format!("CREATE DATABASE IF NOT EXISTS {name}"))?;
            drop(connection);
            session(url, host, options, url.database.as_deref())
        }
        result => result,
    }
}

/// Logs in, with TLS as the mode says, and learns the facts in one round trip.
fn session(
    url: &DatabaseUrl,
    host: &Host,
    options: &ConnectOptions,
    database: Option<&str>,
) -> Result<MysqlConnection, DbError> {
    let infile = Infile::new(url.local_infile);
    let builder = builder(url, host, options, database, &infile);
    let mut login = login(url, host, builder)?;
    let beginning = url.first_statements(options.access);
    let (outcomes, error) = super::query(&mut login.conn, &facts(url, &beginning));
    if let Some(error) = error {
        return Err(failed(&error));
    }
    let row = outcomes
        .into_iter()
        .last()
        .and_then(|answer| answer.outcome.rows.into_iter().next())
        .unwrap_or_default();
    let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    let (version_text, user) = (text(0), text(3));
    let is_mariadb =
        [&version_text, &text(1)].iter().any(|text| text.to_ascii_lowercase().contains("mariadb"));
    let server = Server {
        dialect: if is_mariadb { Dialect::Mariadb } else { Dialect::Mysql },
        version: version(&version_text),
        version_text,
        database: text(2),
        schema: text(2),
        // The host after the last `@`; a user's name may hold one.
        user: user.rsplit_once('@').map_or(user.as_str(), |(user, _)| user).to_owned(),
        search_path: String::new(),
        session_id: text(4).parse().unwrap_or_default(),
        quoting: SessionQuoting {
            initial: Quoting::of_sql_mode(&text(6)),
            default: Quoting::of_sql_mode(&text(7)),
        },
        session_settings: url.session.clone(),
        beginning,
        reported_settings: vec![("sql_mode".to_owned(), text(6))],
    };
    let packet_limit = text(5).parse().unwrap_or(1 << 20);
    Ok(MysqlConnection { login, server, infile, packet_limit, notices: Vec::new() })
}

/// A session, and what it goes through; dropped in this order.
pub(super) struct Login {
    pub(super) conn: Conn,
    #[cfg(unix)]
    _tunnel: Option<Tunnel>,
}

impl From<Conn> for Login {
    fn from(conn: Conn) -> Login {
        Login {
            conn,
            #[cfg(unix)]
            _tunnel: None,
        }
    }
}

/// MariaDB Connector/J keeps the server's own collation if it knows it, by a number below 248; else it takes this one.
const MARIADB_DRIVER_COLLATION: &str = "SET collation_connection = IF(@@GLOBAL.collation_server LIKE 'utf8mb4\\_%' \
     AND @@GLOBAL.collation_server NOT LIKE 'utf8mb4\\_0900%' AND @@GLOBAL.collation_server NOT LIKE '%uca1400%', \
     @@GLOBAL.collation_server, 'utf8mb4_unicode_ci')";

/// Connector/J adds what is missing to the mode that the URL's session variables leave.
const STRICT: &str = "SET sql_mode = IF(@@SESSION.sql_mode LIKE '%STRICT\\_TRANS\\_TABLES%', @@SESSION.sql_mode, \
     CONCAT_WS(',', NULLIF(@@SESSION.sql_mode, ''), 'STRICT_TRANS_TABLES'))";

/// The question for the facts, and before it what makes the session what the URL's driver makes it: its collation, which
/// literals, views and routines keep, its mode, which routines and triggers keep, the URL's own variables, and what the project
/// begins each session with.
fn facts(url: &DatabaseUrl, beginning: &[String]) -> String {
    let collation = match (&url.collation, url.form) {
        (Some(collation), _) => Some(format!("SET NAMES utf8mb4 COLLATE {collation}")),
        (None, Form::Jdbc) if url.mariadb_driver => Some(MARIADB_DRIVER_COLLATION.to_owned()),
        // Connector/J: the server's default of the character set.
        (None, Form::Jdbc) => Some("SET NAMES utf8mb4".to_owned()),
        (None, Form::Plain | Form::Sqlalchemy) => None,
    };
    let variables = (!url.session.is_empty()).then(|| Server::setting(&url.session));
    let strict = url.strict.then(|| STRICT.to_owned());
    // MariaDB Connector/J sets the URL's variables last.
    let (first, last) = if url.mariadb_driver { (strict, variables) } else { (variables, strict) };
    let driver = [collation, first, last].into_iter().flatten();
    let project = beginning.iter().map(|statement| statement.trim_end().trim_end_matches(';').to_owned());
    driver.chain(project).chain([FACTS.to_owned()]).collect::<Vec<_>>().join(";\n")
}

fn login(url: &DatabaseUrl, host: &Host, builder: OptsBuilder) -> Result<Login, DbError> {
    let connect = |opts: OptsBuilder| Conn::new(opts).map(Login::from).map_err(|error| refused(&error, host));
    let plain = |builder: OptsBuilder| connect(builder.ssl_opts(None));
    let Host::Tcp { host: name, port } = host else { return plain(builder) };
    match url.tls.mode {
        TlsMode::Disable => return plain(builder),
        TlsMode::Allow => {
            return plain(builder.clone()).or_else(|_| connect(builder.ssl_opts(ssl_opts(url)?)));
        }
        TlsMode::VerifyCa | TlsMode::VerifyFull => return verified(url, (name, *port), builder),
        TlsMode::Prefer | TlsMode::Require => {}
    }
    tls::provider();
    match Conn::new(builder.clone().ssl_opts(ssl_opts(url)?)) {
        Ok(conn) => Ok(conn.into()),
        // No TLS there, or none that is modern enough: PREFERRED goes without.
        Err(error) if url.tls.mode == TlsMode::Prefer && is_tls_failure(&error) => plain(builder),
        Err(error) => Err(refused(&error, host)),
    }
}

fn capabilities(url: &DatabaseUrl) -> CapabilityFlags {
    // Rows found, not rows changed: the drivers of all ecosystems count so.
    let mut capabilities = CapabilityFlags::CLIENT_FOUND_ROWS;
    if url.mariadb_driver {
        // Of its sql_mode, which routines and triggers keep, and by which `COUNT (*)` is a function.
        capabilities |= CapabilityFlags::CLIENT_IGNORE_SPACE;
    }
    capabilities
}

fn builder(
    url: &DatabaseUrl,
    host: &Host,
    options: &ConnectOptions,
    database: Option<&str>,
    infile: &Infile,
) -> OptsBuilder {
    let user = url.user.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "root".to_owned());
    let name = url.application_name.clone().unwrap_or_else(|| options.application_name.clone());
    let builder = OptsBuilder::new()
        .user(Some(user))
        .pass(url.password.as_ref().map(|password| password.reveal().to_owned()))
        .db_name(database.map(str::to_owned))
        .prefer_socket(false)
        .tcp_connect_timeout(Some(url.connect_timeout.unwrap_or(CONNECT_TIMEOUT)))
        .read_timeout(url.read_timeout)
        .max_allowed_packet(Some(PACKET_LIMIT))
        .additional_capabilities(capabilities(url))
        .connect_attrs(Some(std::collections::HashMap::from([("program_name".to_owned(), name)])))
        .local_infile_handler(Some(infile.handler()));
    match host {
        Host::Tcp { host, port } => builder.ip_or_hostname(Some(host.clone())).tcp_port(*port),
        Host::Socket { path, .. } => builder.socket(Some(path.display().to_string())),
    }
}

/// A session with a server whose certificate an authority that we trust has issued.
#[cfg(unix)]
fn verified(url: &DatabaseUrl, place: (&str, u16), builder: OptsBuilder) -> Result<Login, DbError> {
    let (name, port) = place;
    let host = Host::Tcp { host: name.to_owned(), port };
    let verification = match url.tls.mode {
        TlsMode::VerifyFull => Verification::ChainAndName,
        _ => Verification::Chain,
    };
    let config = tls::client_config(&url.tls, verification)?;
    let limit = url.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    let tunnel = Tunnel::open(name, port, config, limit).map_err(|failure| no_tunnel(&failure, &host))?;
    let builder = builder.socket(Some(tunnel.path().display().to_string())).ssl_opts(None);
    let conn = Conn::new(builder).map_err(|error| refused(&error, &host))?;
    Ok(Login { conn, _tunnel: Some(tunnel) })
}

#[cfg(unix)]
fn no_tunnel(failure: &Failure, host: &Host) -> DbError {
    let hint = match failure {
        Failure::Refused { code, message } => {
            let mut error = DbError::new(super::kind(*code), message.clone());
            error.code = Some(i32::from(*code));
            return error;
        }
        Failure::NoTls => NO_TLS,
        Failure::Tls(_) => TLS_FAILED,
        Failure::Io(_) => UNREACHABLE,
    };
    DbError::connection(format!("cannot connect to MySQL at {host}: {failure}")).advise(hint)
}

/// Elsewhere there are no sockets in files to go through.
#[cfg(not(unix))]
fn verified(_url: &DatabaseUrl, _place: (&str, u16), _builder: OptsBuilder) -> Result<Login, DbError> {
    Err(DbError::configuration("dunlin cannot verify a MySQL server on this system")
        .advise("choose ssl-mode=REQUIRED, which encrypts without verifying"))
}

fn ssl_opts(url: &DatabaseUrl) -> Result<SslOpts, DbError> {
    // Read once by us, for errors that name the file.
    tls::client_config(&url.tls, Verification::None)?;
    let mut opts =
        SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
    if let (Some(certificate), Some(key)) = (&url.tls.certificate, &url.tls.key) {
        opts = opts.with_client_identity(Some(ClientIdentity::new(certificate.clone(), key.clone())));
    }
    Ok(opts)
}

fn is_tls_failure(error: &mysql::Error) -> bool {
    match error {
        mysql::Error::TlsError(_) | mysql::Error::DriverError(DriverError::TlsNotSupported) => true,
        mysql::Error::IoError(error) => error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()),
        _ => false,
    }
}

const NO_TLS: &str = "the server offers no TLS: enable it there, or choose ssl-mode=PREFERRED or DISABLED";
const TLS_FAILED: &str =
    "check the ssl mode, and that ssl-ca names the authority that issued the server's certificate";
const UNREACHABLE: &str = "check that the server runs there, host and port, and that no firewall is between";

/// Why a connection was not made, with the address and what to check.
fn refused(error: &mysql::Error, host: &Host) -> DbError {
    let mut converted = failed(error);
    if converted.code.is_some() {
        return converted;
    }
    let hint = if matches!(error, mysql::Error::DriverError(DriverError::TlsNotSupported)) {
        NO_TLS
    } else if is_tls_failure(error) {
        TLS_FAILED
    } else {
        UNREACHABLE
    };
    converted.message = format!("cannot connect to MySQL at {host}: {}", converted.message);
    converted.advise(hint)
}

/// The leading numbers: `10.11.19-MariaDB-0+deb12u1`.
fn version(text: &str) -> (u32, u32, u32) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut numbers = text[..end].split('.').map(|number| number.parse().unwrap_or_default());
    (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_the_leading_numbers() {
        for (text, expected) in [
            ("10.11.19-MariaDB-0+deb12u1", (10, 11, 19)),
            ("8.0.36-28.1", (8, 0, 36)),
            ("9.1", (9, 1, 0)),
            ("", (0, 0, 0)),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }

    #[test]
    fn session_variables_travel_with_the_first_question() {
        let url = DatabaseUrl::parse("jdbc:mysql://db/a?sessionVariables=sql_mode='ANSI',foo=1").unwrap();
        let facts = facts(&url, &[]);
        assert!(facts.starts_with("SET NAMES utf8mb4;\nSET sql_mode = 'ANSI', foo = 1;\nSET "), "{facts}");
    }
}
