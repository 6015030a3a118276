//! MySQL and MariaDB: the parameters of their clients, Connector/J, MariaDB Connector/J, pymysql, mysqlclient, mysql2.

use super::parts::{self, Encoding, decode, is_true};
use super::{DatabaseUrl, Engine, Form, Host, Password, Roots, TlsMode, timeout};
use crate::db::error::DbError;
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_PORT: u16 = 3306;

/// Accepted, and without effect on what dunlin does.
const IGNORED: &[&str] = &[
    "charset",
    "encoding",
    "collation",
    "use_unicode",
    "binary_prefix",
    "autocommit",
    // Connector/J and MariaDB Connector/J.
    "allowpublickeyretrieval",
    "permitmysqlscheme",
    "disablemariadbdriver",
    "servertimezone",
    "connectiontimezone",
    "allowmultiqueries",
    "characterencoding",
    "useunicode",
    "useaffectedrows",
    "cacheprepstmts",
    "prepstmtcachesize",
    "prepstmtcachesqllimit",
    "useserverprepstmts",
    "rewritebatchedstatements",
    "usebulkstmts",
    "zerodatetimebehavior",
    "tinyint1isbit",
    "transformedbitisboolean",
    "nullcatalogmeanscurrent",
    "usecursorfetch",
    "defaultfetchsize",
    "autoreconnect",
    "failoverreadonly",
    "maxreconnects",
    "tcpkeepalive",
    "tcpnodelay",
    "uselegacydatetimecode",
    "usejdbccomplianttimezoneshift",
    "useinformationschema",
    "databaseterm",
    "noaccesstoprocedurebodies",
    "preserveinstants",
    "logger",
    "profilesql",
    "nodatetimestringsync",
    "userootuser",
    "enabledtlsprotocols",
    "tlsversions",
    "enabledsslprotocolsuites",
    "trustcertificatekeystorepassword",
    "clientcertificatekeystorepassword",
    "credentialtype",
    "usemysqlmetadata",
    "dumpqueriesonexception",
    "usereadaheadinput",
    "usecompression",
    "maxallowedpacket",
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
    "strict",
    "reconnect",
    "adapter",
    "flags",
    "migrations_paths",
    "database_tasks",
    "schema_dump",
    "get_server_public_key",
    "get-server-public-key",
    "default_auth",
    // Python.
    "auth_plugin",
    "connection_timeout",
    "compress",
    "defer_connect",
    "max_allowed_packet",
    "read_default_group",
];

/// What follows `mysql://`, in any ecosystem's spelling.
pub(super) fn parse(rest: &str, form: Form) -> Result<DatabaseUrl, DbError> {
    let parts = parts::split(rest, form == Form::Sqlalchemy);
    let encoding = if form == Form::Plain { Encoding::Percent } else { Encoding::Form };
    let mut url = DatabaseUrl::new(Engine::Mysql, form);
    url.user = parts.user.map(|user| decode(user, encoding, "the user")).transpose()?;
    url.password =
        parts.password.map(|text| decode(text, encoding, "the password")).transpose()?.map(Password::new);
    url.database = match parts.path {
        Some(path) if !path.is_empty() => Some(decode(path, encoding, "the database")?),
        _ => None,
    };
    for text in parts.hosts.split(',').filter(|text| !text.is_empty()) {
        if text.contains(['(', '=']) {
            return Err(DbError::configuration(
                "hosts of the form (key=value) or address=(…) are not supported",
            )
            .advise("write them as host:port, separated by commas"));
        }
        let (host, port) = parts::host_and_port(text, DEFAULT_PORT)?;
        let host = decode(&host, encoding, "the host")?;
        let host = if host.is_empty() { "localhost".to_owned() } else { host };
        // Go's and dbmate's way to write a socket in the host's place.
        url.hosts.push(match host.starts_with('/') {
            true => Host::Socket { path: PathBuf::from(host), port },
            false => Host::Tcp { host, port },
        });
    }
    let mut tls = Tls::default();
    for (name, value) in parts::parameters(parts.query, &['&'], encoding)? {
        parameter(&mut url, &mut tls, &name, value)?;
    }
    if url.hosts.is_empty() {
        url.hosts.push(Host::Tcp { host: "localhost".to_owned(), port: DEFAULT_PORT });
    }
    url.tls.mode = tls.mode()?;
    if matches!(url.tls.mode, TlsMode::Prefer)
        && !matches!(url.tls.roots, Roots::Default)
        && tls.named_mode.is_none()
    {
        // mysqlclient, pymysql and mysql2 verify the chain as soon as an authority is named.
        url.tls.mode = TlsMode::VerifyCa;
    }
    Ok(url)
}

/// Connector/J's older switches and everyone's modes.
#[derive(Default)]
struct Tls {
    named_mode: Option<String>,
    use_ssl: Option<bool>,
    require: bool,
    verify: Option<bool>,
    identity: bool,
}

impl Tls {
    fn mode(&self) -> Result<TlsMode, DbError> {
        if let Some(mode) = &self.named_mode {
            return match mode.to_ascii_lowercase().replace('_', "-").as_str() {
                "disabled" | "disable" | "false" | "0" => Ok(TlsMode::Disable),
                "preferred" | "prefer" => Ok(TlsMode::Prefer),
                "required" | "require" | "trust" => Ok(TlsMode::Require),
                "verify-ca" => Ok(TlsMode::VerifyCa),
                "verify-identity" | "verify-full" | "true" | "1" => Ok(TlsMode::VerifyFull),
                _ => Err(DbError::configuration("the ssl mode of the database URL is not known")
                    .advise("one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY")),
            };
        }
        // Connector/J 8: useSSL=true alone prefers, with requireSSL requires, with verifyServerCertificate verifies the chain.
        Ok(match (self.use_ssl, self.verify, self.require) {
            (Some(false), ..) => TlsMode::Disable,
            _ if self.identity => TlsMode::VerifyFull,
            (Some(true), Some(true), _) => TlsMode::VerifyCa,
            (_, _, true) => TlsMode::Require,
            _ => TlsMode::Prefer,
        })
    }
}

fn parameter(url: &mut DatabaseUrl, tls: &mut Tls, name: &str, value: String) -> Result<(), DbError> {
    // Connector/J writes milliseconds, everyone else seconds.
    let unit = if url.form == Form::Jdbc { Duration::from_millis(1) } else { Duration::from_secs(1) };
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "user" | "username" => url.user = Some(value),
        "password" | "passwd" => url.password = Some(Password::new(value)),
        "database" | "dbname" | "db" => url.database = Some(value),
        "host" => url.hosts = vec![Host::Tcp { host: value, port: port_of(url) }],
        "port" => {
            let port = parts::port_number(&value, DEFAULT_PORT)?;
            for host in &mut url.hosts {
                if let Host::Tcp { port: old, .. } = host {
                    *old = port;
                }
            }
        }
        "socket" | "unix_socket" | "unixsocket" | "localsocket" => {
            url.hosts = vec![Host::Socket { path: PathBuf::from(value), port: DEFAULT_PORT }];
        }
        "ssl-mode" | "ssl_mode" | "sslmode" | "tls" => tls.named_mode = Some(value),
        "usessl" | "ssl" if value.eq_ignore_ascii_case("false") || value == "0" => tls.use_ssl = Some(false),
        "usessl" | "ssl" => tls.use_ssl = Some(is_true(&value)),
        "requiressl" => tls.require = is_true(&value),
        "verifyservercertificate" | "ssl_verify_cert" | "sslverify" => tls.verify = Some(is_true(&value)),
        "ssl_check_hostname" | "ssl_verify_identity" => tls.identity = is_true(&value),
        "ssl-ca" | "ssl_ca" | "sslca" | "serversslcert" => {
            url.tls.roots = Roots::File(PathBuf::from(value.trim_start_matches("file://")));
        }
        "ssl-cert" | "ssl_cert" | "sslcert" => url.tls.certificate = Some(PathBuf::from(value)),
        "ssl-key" | "ssl_key" | "sslkey" => url.tls.key = Some(PathBuf::from(value)),
        "trustcertificatekeystoreurl" | "clientcertificatekeystoreurl" | "truststore" | "keystore" => {
            return Err(DbError::configuration(format!("Java key stores ('{name}') cannot be read"))
                .advise("export the certificates as PEM and name them with ssl-ca, ssl-cert and ssl-key"));
        }
        "connecttimeout" | "connect_timeout" => url.connect_timeout = timeout(name, &value, unit)?,
        "sockettimeout" | "read_timeout" => url.read_timeout = timeout(name, &value, unit)?,
        "jdbccomplianttruncation" => url.strict = is_true(&value),
        // Only as Connector/J spells it: the others' `collation` is for their own side as well.
        "connectioncollation"
            if value.starts_with("utf8mb4_")
                && value.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) =>
        {
            url.collation = Some(value);
        }
        "sessionvariables" => session_variables(url, &value),
        "init_command" => {
            url.warnings.push(
                "'init_command' was ignored; use the tool's own setting for session statements".to_owned(),
            );
        }
        "createdatabaseifnotexist" => url.create_database = is_true(&value),
        "allowloadlocalinfile" | "allowlocalinfile" | "local_infile" => url.local_infile = is_true(&value),
        "application_name" | "program_name" => url.application_name = Some(value),
        _ if IGNORED.contains(&lower.as_str()) => {}
        _ => url.warn_ignored(name),
    }
    Ok(())
}

fn port_of(url: &DatabaseUrl) -> u16 {
    match url.hosts.first() {
        Some(Host::Tcp { port, .. }) => *port,
        _ => DEFAULT_PORT,
    }
}

/// Connector/J's `sessionVariables=a=1,b='x,y'`: pairs separated by commas or semicolons outside of quotes and
/// parentheses. Values are SQL and kept as written.
fn session_variables(url: &mut DatabaseUrl, text: &str) {
    let mut quote = None;
    let mut depth = 0usize;
    let mut pairs = vec![String::new()];
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',' | ';') if depth == 0 => {
                pairs.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        if let Some(last) = pairs.last_mut() {
            last.push(character);
        }
    }
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                url.session.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ if pair.trim().is_empty() => {}
            _ => url
                .warnings
                .push(format!("'{}' of sessionVariables has no value and was ignored", pair.trim())),
        }
    }
}
