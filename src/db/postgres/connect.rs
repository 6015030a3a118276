//! Finding a server: hosts in order, TLS with libpq's fall-backs, the wanted kind of session.

use super::super::ConnectOptions;
use super::super::error::{DbError, DbErrorKind};
use super::super::tls::{Verification, client_config};
use super::super::url::{ChannelBinding, DatabaseUrl, Form, Host, Roots, TargetSession, TlsMode};
use super::link::{Failure, Link};
use super::{PostgresConnection, failed, libpq};
use dunlin_compat::model::{Dialect, Server};
use std::time::Duration;
use tokio_postgres::config::{self, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Longer than any handshake, shorter than the operating system's patience with a host that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that must be known of a session, in one round trip.
const FACTS: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
    current_database(), coalesce(current_schema(), ''), current_user, current_setting('search_path'), \
    pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only'), \
    current_setting('standard_conforming_strings'), current_setting('DateStyle'), current_setting('IntervalStyle'), \
    current_setting('TimeZone'), current_setting('server_encoding')";

/// Of these the server reports each change by itself; where they are among the facts.
const REPORTED: [(usize, &str); 5] = [
    (9, "standard_conforming_strings"),
    (10, "DateStyle"),
    (11, "IntervalStyle"),
    (12, "TimeZone"),
    (13, "server_encoding"),
];

/// Whether and how one attempt uses TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Plain,
    /// TLS if the server offers it.
    Offered(Verification),
    Tls(Verification),
}

pub(in crate::db) fn connect(
    url: &DatabaseUrl,
    options: &ConnectOptions,
) -> Result<PostgresConnection, DbError> {
    let mut url = url.clone();
    libpq::complete(&mut url, &|name| std::env::var(name).ok());
    let preferred = match url.target {
        TargetSession::PreferStandby => vec![TargetSession::Standby, TargetSession::Any],
        TargetSession::PreferPrimary => vec![TargetSession::Primary, TargetSession::Any],
        target => vec![target],
    };
    let mut first_error = None;
    for target in preferred {
        for host in &url.hosts {
            match connect_host(&url, host, target, options) {
                Ok(connection) => return Ok(connection),
                // libpq goes on to the next host only while no server has answered.
                Err(error) if url.hosts.len() == 1 || error.kind == DbErrorKind::Configuration => {
                    return Err(error);
                }
                Err(error) if error.kind == DbErrorKind::Authentication => return Err(error),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
    }
    Err(first_error.unwrap_or_else(|| DbError::configuration("the database URL names no host")))
}

fn connect_host(
    url: &DatabaseUrl,
    host: &Host,
    target: TargetSession,
    options: &ConnectOptions,
) -> Result<PostgresConnection, DbError> {
    let mut refusal: Option<DbError> = None;
    for attempt in attempts(url, host) {
        let error = match open(url, host, attempt, options) {
            Ok(link) => return session(link, url.first_statements(options.access), host, target),
            Err(error) => error,
        };
        let server_answered = error.kind == DbErrorKind::Authentication || error.sqlstate.is_some();
        // A wrong password says more than that pg_hba.conf has no entry for this kind of connection.
        refusal = match refusal {
            Some(earlier) if error.sqlstate.as_deref() != Some("28P01") => Some(earlier),
            _ => Some(error),
        };
        let tls_failed = refusal.as_ref().is_some_and(|error| error.message.contains("TLS"));
        if !server_answered && !tls_failed {
            break;
        }
    }
    Err(refusal.unwrap_or_else(|| DbError::connection(format!("cannot connect to {host}"))))
}

/// libpq's order: `allow` tries without TLS first, `prefer` with; both then try the other way.
fn attempts(url: &DatabaseUrl, host: &Host) -> Vec<Attempt> {
    if matches!(host, Host::Socket { .. }) {
        return vec![Attempt::Plain];
    }
    // libpq: an authority that is named, and there, is also used, whatever the mode; pgjdbc does not.
    let has_authority = match &url.tls.roots {
        Roots::Default => false,
        Roots::File(path) => path.exists(),
        Roots::System => true,
    };
    let verifies = has_authority && url.form != Form::Jdbc;
    let unasked = if verifies { Verification::Chain } else { Verification::None };
    match url.tls.mode {
        TlsMode::Disable => vec![Attempt::Plain],
        TlsMode::Allow => vec![Attempt::Plain, Attempt::Tls(unasked)],
        TlsMode::Prefer => vec![Attempt::Offered(unasked), Attempt::Plain],
        TlsMode::Require => vec![Attempt::Tls(unasked)],
        TlsMode::VerifyCa => vec![Attempt::Tls(Verification::Chain)],
        TlsMode::VerifyFull => vec![Attempt::Tls(Verification::ChainAndName)],
    }
}

fn open(url: &DatabaseUrl, host: &Host, attempt: Attempt, options: &ConnectOptions) -> Result<Link, DbError> {
    let mut config = config(url, options);
    match host {
        Host::Tcp { host, port } => config.host(host).port(*port),
        #[cfg(unix)]
        Host::Socket { path, port } => config.host_path(path).port(*port),
        #[cfg(not(unix))]
        Host::Socket { .. } => {
            return Err(DbError::configuration(
                "this system has no sockets in files; name a host in the database URL",
            ));
        }
    };
    let limit = url.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    let result = match attempt {
        Attempt::Plain => Link::connect(config.ssl_mode(SslMode::Disable), NoTls, limit),
        Attempt::Offered(verification) => {
            let tls = MakeRustlsConnect::new(client_config(&url.tls, verification)?);
            Link::connect(config.ssl_mode(SslMode::Prefer), tls, limit)
        }
        Attempt::Tls(verification) => {
            if verification != Verification::None && url.tls.roots == Roots::Default {
                return Err(DbError::configuration("the sslmode asks to verify the server, but no trusted authority is named")
                    .advise("name its certificate with sslrootcert, put it into ~/.postgresql/root.crt, or use sslrootcert=system"));
            }
            let tls = MakeRustlsConnect::new(client_config(&url.tls, verification)?);
            Link::connect(config.ssl_mode(SslMode::Require), tls, limit)
        }
    };
    result.map_err(|failure| refused(&failure, host))
}

fn config(url: &DatabaseUrl, options: &ConnectOptions) -> Config {
    let mut config = Config::new();
    if let Some(user) = &url.user {
        config.user(user);
    }
    if let Some(password) = &url.password {
        config.password(password.reveal());
    }
    if let Some(database) = &url.database {
        config.dbname(database);
    }
    config.application_name(url.application_name.as_deref().unwrap_or(&options.application_name));
    config.channel_binding(match url.channel_binding {
        ChannelBinding::Disable => config::ChannelBinding::Disable,
        ChannelBinding::Prefer => config::ChannelBinding::Prefer,
        ChannelBinding::Require => config::ChannelBinding::Require,
    });
    let zone = (url.form == Form::Jdbc).then(crate::zone::system);
    let settings = startup_options(url, zone.as_ref().and_then(jiff::tz::TimeZone::iana_name));
    if !settings.is_empty() {
        config.options(settings);
    }
    config
}

/// Session parameters travel in the startup packet: no `SET` and no round trip. A backslash keeps a blank together.
///
/// The JDBC driver gives every session the client's time zone (`ConnectionFactoryImpl.createPostgresTimeZone`), so `now()` in
/// a column without time zone depends on it; a JDBC URL means the same here.
fn startup_options(url: &DatabaseUrl, client_zone: Option<&str>) -> String {
    let mut options: Vec<String> = url.options.iter().cloned().collect();
    let mut session: Vec<(&str, &str)> =
        url.session.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if url.form == Form::Jdbc {
        let sets_zone = session.iter().any(|(name, _)| name.eq_ignore_ascii_case("TimeZone"));
        let jdbc = [("DateStyle", Some("ISO")), ("TimeZone", client_zone.filter(|_| !sets_zone))];
        session.splice(0..0, jdbc.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }
    for (name, value) in session {
        let escaped: String = value
            .chars()
            .flat_map(|character| {
                let escape = (character == '\\' || character.is_ascii_whitespace()).then_some('\\');
                escape.into_iter().chain([character])
            })
            .collect();
        options.push(format!("-c {name}={escaped}"));
    }
    options.join(" ")
}

/// Learns what is known of the session, and whether it is of the wanted kind.
fn session(
    mut link: Link,
    beginning: Vec<String>,
    host: &Host,
    target: TargetSession,
) -> Result<PostgresConnection, DbError> {
    // Each on lines of its own: one may end with a comment.
    let first = beginning.iter().map(|statement| format!("{statement}\n;\n"));
    let answers = link.simple_query(&first.chain([FACTS.to_owned()]).collect::<String>());
    // That what is prepared was there already is nothing to tell.
    link.take_notices();
    if let Some(failure) = &answers.error {
        return Err(failed(failure, None));
    }
    let row =
        answers.outcomes.into_iter().last().and_then(|mut outcome| outcome.rows.pop()).unwrap_or_default();
    let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    let in_recovery = text(7) == "t";
    let read_only = in_recovery || text(8) == "on";
    let (fits, wanted) = match target {
        TargetSession::ReadWrite => (!read_only, "accept writes"),
        TargetSession::ReadOnly => (read_only, "be read-only"),
        TargetSession::Primary => (!in_recovery, "be a primary"),
        TargetSession::Standby => (in_recovery, "be a standby"),
        TargetSession::Any | TargetSession::PreferStandby | TargetSession::PreferPrimary => (true, ""),
    };
    if !fits {
        return Err(DbError::connection(format!(
            "the server {host} does not {wanted}, as the database URL asks"
        )));
    }
    let server = Server {
        dialect: Dialect::Postgres,
        version: version(text(0).parse().unwrap_or_default()),
        version_text: text(1),
        database: text(2),
        schema: text(3),
        user: text(4),
        search_path: text(5),
        session_id: text(6).parse().unwrap_or_default(),
        quoting: super::quoting(&text(9)).into(),
        session_settings: Vec::new(),
        beginning,
        reported_settings: REPORTED.map(|(index, name)| (name.to_owned(), text(index))).to_vec(),
    };
    Ok(PostgresConnection { link, server })
}

/// `server_version_num`: 150018 is 15.18, 90624 is 9.6.24.
fn version(number: u32) -> (u32, u32, u32) {
    if number >= 100_000 {
        return (number / 10_000, number % 10_000, 0);
    }
    (number / 10_000, number / 100 % 100, number % 100)
}

/// Why a connection was not made, with the address and what to check.
fn refused(failure: &Failure, host: &Host) -> DbError {
    let mut error = failed(failure, None);
    if error.kind == DbErrorKind::Statement {
        // A session parameter of the URL that the server does not take.
        let parameter =
            error.sqlstate.as_deref().is_some_and(|state| state.starts_with("22") || state.starts_with("42"));
        error.kind = if parameter { DbErrorKind::Configuration } else { DbErrorKind::Connection };
    }
    if error.sqlstate.is_none() && error.kind == DbErrorKind::Connection {
        let hint = match error.message.as_str() {
            message if message.ends_with("server does not support TLS") => {
                "the server offers no TLS: enable ssl there, or choose sslmode=prefer or disable"
            }
            message if message.contains("TLS") => {
                "check sslmode, and that sslrootcert names the authority that issued the server's certificate"
            }
            _ => "check that the server runs there, host and port, and that no firewall is between",
        };
        error.message = format!("cannot connect to PostgreSQL at {host}: {}", error.message);
        return error.advise(hint);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_parameters_become_startup_options() {
        let url = DatabaseUrl::parse("postgres://db/a?search_path=a%20b,c&options=-c%20x%3D1&TimeZone=UTC")
            .unwrap();
        assert_eq!(
            startup_options(&url, Some("Asia/Tokyo")),
            "-c x=1 -c search_path=a\\ b,c -c TimeZone=UTC"
        );
    }

    #[test]
    fn a_jdbc_session_is_in_the_clients_time_zone() {
        let url = DatabaseUrl::parse("jdbc:postgresql://db/a").unwrap();
        assert_eq!(startup_options(&url, Some("Asia/Tokyo")), "-c DateStyle=ISO -c TimeZone=Asia/Tokyo");
        assert_eq!(startup_options(&url, None), "-c DateStyle=ISO");
    }

    #[test]
    fn modes_are_tried_in_libpqs_order() {
        use Verification::{Chain, ChainAndName, None};
        for (text, expected) in [
            ("postgres://db/a", vec![Attempt::Offered(None), Attempt::Plain]),
            ("postgres://db/a?sslrootcert=Cargo.toml", vec![Attempt::Offered(Chain), Attempt::Plain]),
            ("postgres://db/a?sslrootcert=absent.pem", vec![Attempt::Offered(None), Attempt::Plain]),
            ("postgres://db/a?sslmode=allow", vec![Attempt::Plain, Attempt::Tls(None)]),
            ("postgres://db/a?sslmode=require", vec![Attempt::Tls(None)]),
            ("postgres://db/a?sslmode=require&sslrootcert=Cargo.toml", vec![Attempt::Tls(Chain)]),
            ("jdbc:postgresql://db/a?sslmode=require&sslrootcert=Cargo.toml", vec![Attempt::Tls(None)]),
            ("postgres://db/a?sslmode=verify-full", vec![Attempt::Tls(ChainAndName)]),
            ("postgres:///a?host=/run&sslmode=verify-full", vec![Attempt::Plain]),
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(attempts(&url, &url.hosts[0]), expected, "{text}");
        }
    }

    #[test]
    fn version_numbers_of_both_schemes() {
        assert_eq!(version(150_018), (15, 18, 0));
        assert_eq!(version(90_624), (9, 6, 24));
    }
}
