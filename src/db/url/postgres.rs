//! PostgreSQL: libpq's URLs with the parameters of Rails, SQLAlchemy's drivers and pgjdbc.

use super::parts::{self, Encoding, Parts, decode, is_true};
use super::{
    ChannelBinding, DatabaseUrl, Engine, Form, Host, Password, Roots, TargetSession, TlsMode, timeout,
};
use crate::db::error::DbError;
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_PORT: u16 = 5432;
const SECOND: Duration = Duration::from_secs(1);

/// Accepted, and without effect on what dunlin does.
const IGNORED: &[&str] = &[
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "krbsrvname",
    "gsslib",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "sslsni",
    "requirepeer",
    "fallback_application_name",
    "client_encoding",
    "encoding",
    "replication",
    "passfile",
    // Rails.
    "pool",
    "max_connections",
    "min_connections",
    "timeout",
    "checkout_timeout",
    "reaping_frequency",
    "idle_timeout",
    "keepalive",
    "max_age",
    "prepared_statements",
    "advisory_locks",
    "min_messages",
    "statement_limit",
    "insert_returning",
    "adapter",
    "migrations_paths",
    "database_tasks",
    "schema_dump",
    "postgis_extension",
    "su_username",
    // pgjdbc.
    "prepareThreshold",
    "preferQueryMode",
    "reWriteBatchedInserts",
    "stringtype",
    "tcpKeepAlive",
    "binaryTransfer",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "databaseMetadataCacheFields",
    "defaultRowFetchSize",
    "loggerLevel",
    "loggerFile",
    "logUnclosedConnections",
    "disableColumnSanitiser",
    "assumeMinServerVersion",
    "autosave",
    "cleanupSavepoints",
    "escapeSyntaxCallMode",
    "hostRecheckSeconds",
    "loginTimeout",
    "tcpNoDelay",
    "sslfactory",
    "sslResponseTimeout",
    "receiveBufferSize",
    "sendBufferSize",
    "maxResultBuffer",
    "quoteReturningIdentifiers",
    "adaptiveFetch",
    "allowEncodingChanges",
    "logServerErrorDetail",
    "ApplicationNameSource",
    "cancelSignalTimeout",
    "readOnlyMode",
    // asyncpg.
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "statement_cache_size",
    "command_timeout",
    "async_fallback",
    "prepared_statement",
];

/// What follows `postgres://`.
pub(super) fn parse(rest: &str, form: Form) -> Result<DatabaseUrl, DbError> {
    let parts = parts::split(rest, form == Form::Sqlalchemy);
    let encoding = if form == Form::Plain { Encoding::Percent } else { Encoding::Form };
    build(&parts, form, encoding)
}

/// What follows `jdbc:postgresql:`: `//host/database`, `/` or a database alone on the local server.
pub(super) fn parse_jdbc(rest: &str) -> Result<DatabaseUrl, DbError> {
    if let Some(rest) = rest.strip_prefix("//") {
        return build(&parts::split(rest, false), Form::Jdbc, Encoding::Form);
    }
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let path = path.strip_prefix('/').unwrap_or(path);
    build(&Parts { path: Some(path), query, ..Parts::default() }, Form::Jdbc, Encoding::Form)
}

fn build(parts: &Parts<'_>, form: Form, encoding: Encoding) -> Result<DatabaseUrl, DbError> {
    let mut url = DatabaseUrl::new(Engine::Postgres, form);
    url.user = parts.user.map(|user| decode(user, encoding, "the user")).transpose()?;
    url.password =
        parts.password.map(|text| decode(text, encoding, "the password")).transpose()?.map(Password::new);
    url.database = match parts.path {
        Some(path) if !path.is_empty() => Some(decode(path, encoding, "the database")?),
        _ => None,
    };
    let mut hosts = Vec::new();
    if !parts.hosts.is_empty() {
        for text in parts.hosts.split(',') {
            let (host, port) = parts::host_and_port(text, DEFAULT_PORT)?;
            hosts.push((decode(&host, encoding, "the host")?, port));
        }
    }
    let mut named = Named::default();
    for (name, value) in parts::parameters(parts.query, &['&'], encoding)? {
        parameter(&mut url, &mut named, &name, value)?;
    }
    url.hosts = named.merge(hosts)?;
    if url.hosts.is_empty() && form == Form::Jdbc {
        url.hosts.push(Host::Tcp { host: "localhost".to_owned(), port: DEFAULT_PORT });
    }
    named.tls(&mut url)?;
    Ok(url)
}

/// Parameters that only make sense together.
#[derive(Default)]
struct Named {
    hosts: Option<String>,
    addresses: Option<String>,
    ports: Option<String>,
    sslmode: Option<String>,
    ssl: Option<String>,
}

impl Named {
    /// libpq: `host`, `hostaddr` and `port` parameters replace what stands in the authority.
    fn merge(&self, written: Vec<(String, u16)>) -> Result<Vec<Host>, DbError> {
        let mut hosts = written;
        // SQLAlchemy allows `host=name:port`, repeated; libpq a list of names and one of ports.
        if let Some(names) = self.addresses.as_ref().or(self.hosts.as_ref()) {
            hosts = names
                .split(',')
                .map(|name| match name.rsplit_once(':') {
                    Some((host, port)) if !name.starts_with('/') && !host.contains(':') => {
                        Ok((host.to_owned(), parts::port_number(port, DEFAULT_PORT)?))
                    }
                    _ => Ok((name.to_owned(), DEFAULT_PORT)),
                })
                .collect::<Result<_, DbError>>()?;
        }
        if let Some(ports) = &self.ports {
            let ports: Vec<u16> = ports
                .split(',')
                .map(|port| parts::port_number(port, DEFAULT_PORT))
                .collect::<Result<_, _>>()?;
            if hosts.is_empty() {
                hosts.push((String::new(), DEFAULT_PORT));
            }
            if ports.len() != 1 && ports.len() != hosts.len() {
                return Err(DbError::configuration(format!(
                    "the database URL names {} ports for {} hosts",
                    ports.len(),
                    hosts.len()
                )));
            }
            for (index, host) in hosts.iter_mut().enumerate() {
                host.1 = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(DEFAULT_PORT);
            }
        }
        Ok(hosts
            .into_iter()
            .map(|(host, port)| match host {
                // libpq: without a host the socket in the default directory.
                host if host.is_empty() => Host::Socket { path: PathBuf::new(), port },
                host if host.starts_with('/') => Host::Socket { path: PathBuf::from(host), port },
                host => Host::Tcp { host, port },
            })
            .collect())
    }

    fn tls(&self, url: &mut DatabaseUrl) -> Result<(), DbError> {
        let mode = match (&self.sslmode, &self.ssl) {
            (Some(mode), _) => Some(mode.as_str()),
            // pgjdbc's `ssl=true` verifies fully; asyncpg's `ssl` takes a mode, and `true` verifies too.
            (None, Some(ssl)) if is_true(ssl) => Some("verify-full"),
            (None, Some(ssl)) if ssl.eq_ignore_ascii_case("false") => None,
            (None, Some(ssl)) => Some(ssl.as_str()),
            (None, None) => None,
        };
        if let Some(mode) = mode {
            url.tls.mode = match mode.to_ascii_lowercase().as_str() {
                "disable" => TlsMode::Disable,
                "allow" => TlsMode::Allow,
                "prefer" => TlsMode::Prefer,
                "require" => TlsMode::Require,
                "verify-ca" => TlsMode::VerifyCa,
                "verify-full" => TlsMode::VerifyFull,
                _ => {
                    return Err(DbError::configuration("the sslmode of the database URL is not known")
                        .advise("one of disable, allow, prefer, require, verify-ca, verify-full"));
                }
            };
        }
        Ok(())
    }
}

fn parameter(url: &mut DatabaseUrl, named: &mut Named, name: &str, value: String) -> Result<(), DbError> {
    match name {
        "user" | "username" => url.user = Some(value),
        "password" => url.password = Some(Password::new(value)),
        "dbname" | "database" => url.database = Some(value),
        "host" => match &mut named.hosts {
            Some(hosts) => {
                hosts.push(',');
                hosts.push_str(&value);
            }
            None => named.hosts = Some(value),
        },
        "hostaddr" => named.addresses = Some(value),
        "port" => named.ports = Some(value),
        "sslmode" => named.sslmode = Some(value),
        "ssl" => named.ssl = Some(value),
        "sslrootcert" if value == "system" => {
            url.tls.roots = Roots::System;
            // libpq: the system's authorities are only worth trusting together with the name.
            named.sslmode.get_or_insert_with(|| "verify-full".to_owned());
        }
        "sslrootcert" => url.tls.roots = Roots::File(PathBuf::from(value)),
        "sslcert" => url.tls.certificate = Some(PathBuf::from(value)),
        "sslkey" => url.tls.key = Some(PathBuf::from(value)),
        "sslpassword" => {
            url.warnings.push("keys with a passphrase cannot be read; 'sslpassword' was ignored".to_owned());
        }
        "sslnegotiation" if value == "postgres" => {}
        "connect_timeout" | "connectTimeout" => url.connect_timeout = timeout(name, &value, SECOND)?,
        "socketTimeout" if value == "0" => {}
        // It would end long statements, of which migrations are made.
        "socketTimeout" => {
            url.warnings.push("'socketTimeout' was ignored; set statement_timeout instead".to_owned())
        }
        "application_name" | "ApplicationName" => url.application_name = Some(value),
        "options" => url.options = Some(value),
        "search_path" | "currentSchema" | "schema_search_path" => {
            url.session.push(("search_path".to_owned(), value))
        }
        "TimeZone" | "timezone" => url.session.push(("TimeZone".to_owned(), value)),
        "readOnly" if is_true(&value) => {
            url.session.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
        }
        "readOnly" => {}
        "target_session_attrs" => url.target = target(&value)?,
        "targetServerType" => url.target = target_of_jdbc(&value)?,
        "channel_binding" | "channelBinding" => {
            url.channel_binding = match value.to_ascii_lowercase().as_str() {
                "disable" => ChannelBinding::Disable,
                "prefer" => ChannelBinding::Prefer,
                "require" => ChannelBinding::Require,
                _ => {
                    return Err(DbError::configuration(
                        "the channel_binding of the database URL is not known",
                    )
                    .advise("one of disable, prefer, require"));
                }
            };
        }
        "load_balance_hosts" | "loadBalanceHosts" => {
            if !matches!(value.as_str(), "disable" | "false") {
                url.warnings.push(format!("hosts are tried in their order; '{name}' was ignored"));
            }
        }
        "service" | "servicefile" => {
            return Err(DbError::configuration(format!(
                "the parameter '{name}' of the database URL is not supported"
            ))
            .advise("write the service's host, user and database into the URL"));
        }
        _ if IGNORED.contains(&name) => {}
        _ => url.warn_ignored(name),
    }
    Ok(())
}

fn target(value: &str) -> Result<TargetSession, DbError> {
    Ok(match value {
        "any" => TargetSession::Any,
        "read-write" => TargetSession::ReadWrite,
        "read-only" => TargetSession::ReadOnly,
        "primary" => TargetSession::Primary,
        "standby" => TargetSession::Standby,
        "prefer-standby" => TargetSession::PreferStandby,
        _ => {
            return Err(DbError::configuration("the target_session_attrs of the database URL is not known")
                .advise("one of any, read-write, read-only, primary, standby, prefer-standby"));
        }
    })
}

fn target_of_jdbc(value: &str) -> Result<TargetSession, DbError> {
    Ok(match value.to_ascii_lowercase().as_str() {
        "any" => TargetSession::Any,
        "master" | "primary" => TargetSession::Primary,
        "slave" | "secondary" => TargetSession::Standby,
        "preferslave" | "prefersecondary" => TargetSession::PreferStandby,
        "preferprimary" => TargetSession::PreferPrimary,
        _ => {
            return Err(DbError::configuration("the targetServerType of the database URL is not known")
                .advise("one of any, primary, secondary, preferPrimary, preferSecondary"));
        }
    })
}
