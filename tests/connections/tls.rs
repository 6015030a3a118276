//! The modes of TLS on servers that offer it.

use super::{first, mysql_urls, open, try_open, url, with};
use dunlin::db::url::Host;
use dunlin::db::{DatabaseUrl, DbErrorKind};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

fn tls_directory() -> Option<PathBuf> {
    let directory = std::env::var_os("DUNLIN_TEST_TLS").map(PathBuf::from);
    if directory.is_none() {
        assert!(std::env::var_os("DUNLIN_TEST_NOT_RUN").is_none(), "tests/run makes certificates");
        eprintln!("skipped: DUNLIN_TEST_TLS is not set");
    }
    directory
}

/// The PostgreSQL that has TLS, with users that may log in one way only: `plainonly` and `tlsonly` by password,
/// `certuser` with a certificate.
fn postgres() -> Option<DatabaseUrl> {
    static USERS: Once = Once::new();
    let url = url("DUNLIN_TEST_POSTGRES_TLS")?;
    USERS.call_once(|| {
        let mut connection = open(&url);
        for user in ["plainonly", "tlsonly", "certuser"] {
            connection.execute(&format!("DROP ROLE IF EXISTS {user}")).unwrap();
            connection.execute(&format!("CREATE ROLE {user} LOGIN PASSWORD 'p'")).unwrap();
        }
    });
    Some(url)
}

fn tls_url(url: &DatabaseUrl, host: &str, parameters: &str) -> DatabaseUrl {
    let mut url = with(url, parameters);
    for address in &mut url.hosts {
        if let Host::Tcp { host: name, .. } = address {
            *name = host.to_owned();
        }
    }
    url
}

/// Parameters, host, and whether the session uses TLS; `None`: refused.
type TlsCase<'a> = (String, &'a str, Option<bool>);

fn modes<'a>(ca: &Path, other: &Path) -> Vec<TlsCase<'a>> {
    let (ca, other) = (ca.display(), other.display());
    vec![
        (String::new(), "127.0.0.1", Some(true)),
        ("sslmode=disable".to_owned(), "127.0.0.1", Some(false)),
        ("sslmode=prefer".to_owned(), "127.0.0.1", Some(true)),
        ("sslmode=require".to_owned(), "127.0.0.1", Some(true)),
        (format!("sslmode=verify-ca&ROOT={ca}"), "127.0.0.1", Some(true)),
        (format!("sslmode=verify-ca&ROOT={other}"), "127.0.0.1", None),
        (format!("sslmode=verify-full&ROOT={ca}"), "localhost", Some(true)),
        (format!("sslmode=verify-full&ROOT={ca}"), "127.0.0.1", None),
        (format!("sslmode=verify-full&ROOT={other}"), "localhost", None),
    ]
}

/// Whether a session uses TLS; `None`: refused.
fn uses_tls_on_postgres(url: &DatabaseUrl) -> Option<bool> {
    const ASK: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut connection = try_open(url).ok()?;
    Some(first(&mut *connection, ASK).as_deref() == Some("t"))
}

/// The same of `psql`.
fn psql_uses_tls(url: &DatabaseUrl, host: &str, parameters: &str) -> Option<bool> {
    let Some(Host::Tcp { port, .. }) = url.hosts.first() else { panic!("{url} is not on TCP") };
    let (user, password) = (url.user.as_deref().unwrap(), url.password.as_ref().unwrap().reveal());
    let home = tempfile::tempdir().unwrap();
    let mut psql = Command::new("psql");
    psql.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    psql.args(["-X", "-A", "-t", "-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"]);
    psql.arg("-d").arg(format!(
        "host={host} port={port} dbname=postgres user={user} password={password} {}",
        parameters.replace('&', " ")
    ));
    let output = psql.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim() == "t")
}

#[test]
fn postgres_modes_of_tls_mean_what_libpq_means() {
    let (Some(url), Some(directory)) = (postgres(), tls_directory()) else { return };
    let roots = ["", "ca.pem", "otherca.pem", "absent.pem"].map(|name| match name {
        "" => String::new(),
        name => format!("&sslrootcert={}", directory.join(name).display()),
    });
    let mut compared = String::new();
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
        for root in &roots {
            for host in ["localhost", "127.0.0.1"] {
                let parameters = format!("sslmode={mode}{root}");
                let ours = uses_tls_on_postgres(&tls_url(&url, host, &parameters));
                let theirs = psql_uses_tls(&url, host, &parameters);
                assert_eq!(ours, theirs, "{parameters} {host}");
                writeln!(compared, "{mode} {ours:?}").unwrap();
            }
        }
    }
    // Both could refuse everything.
    for line in ["disable Some(false)", "prefer Some(true)", "verify-full Some(true)", "verify-full None"] {
        assert!(compared.contains(line), "{line} is not among\n{compared}");
    }
}

#[test]
fn postgres_takes_the_rest_of_libpqs_parameters() {
    let (Some(url), Some(_)) = (postgres(), tls_directory()) else { return };
    for (parameters, host, expected) in [
        ("", "127.0.0.1", Some(true)),
        ("sslmode=verify-full&sslrootcert=system", "localhost", None),
        ("channel_binding=require&sslmode=require", "127.0.0.1", Some(true)),
        ("channel_binding=require&sslmode=disable", "127.0.0.1", None),
    ] {
        assert_eq!(uses_tls_on_postgres(&tls_url(&url, host, parameters)), expected, "{parameters} {host}");
    }
}

#[test]
fn postgres_falls_back_as_libpq_does() {
    let (Some(url), Some(directory)) = (postgres(), tls_directory()) else { return };
    let file = |name: &str| directory.join(name).display().to_string();
    let (certificate, key, der) = (file("client.pem"), file("client.key"), file("client.pk8"));
    for (parameters, works) in [
        ("user=plainonly&password=p".to_owned(), true),
        ("user=plainonly&password=p&sslmode=require".to_owned(), false),
        ("user=tlsonly&password=p&sslmode=allow".to_owned(), true),
        ("user=tlsonly&password=p&sslmode=disable".to_owned(), false),
        ("user=plainonly&password=wrong".to_owned(), false),
        (format!("user=certuser&sslmode=require&sslcert={certificate}&sslkey={key}"), true),
        (format!("user=certuser&sslmode=require&sslcert={certificate}&sslkey={der}"), true),
        ("user=certuser&sslmode=require".to_owned(), false),
    ] {
        let result = try_open(&tls_url(&url, "127.0.0.1", &parameters));
        assert_eq!(result.is_ok(), works, "{parameters} {:?}", result.err());
        if let Err(error) = result {
            assert_eq!(error.kind, DbErrorKind::Authentication, "{parameters} {error:?}");
        }
    }
}

fn uses_tls_on_mysql(url: &DatabaseUrl) -> Option<bool> {
    let mut connection = try_open(url).ok()?;
    let outcome = connection.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'").unwrap();
    Some(outcome.rows[0][1].as_deref() != Some(""))
}

#[test]
fn mysql_modes_of_tls() {
    let Some(directory) = tls_directory() else { return };
    for url in mysql_urls() {
        for (parameters, host, expected) in modes(&directory.join("ca.pem"), &directory.join("otherca.pem")) {
            let url = tls_url(&url, host, &parameters.replace("ROOT", "ssl-ca"));
            assert_eq!(uses_tls_on_mysql(&url), expected, "{parameters} {host}");
        }
    }
}

#[test]
fn a_verified_session_on_mysql_is_as_good_as_any() {
    let Some(directory) = tls_directory() else { return };
    for url in mysql_urls() {
        let verified =
            tls_url(&url, "localhost", &format!("sslmode=verify-full&ssl-ca={}/ca.pem", directory.display()));
        let mut connection = open(&verified);
        // More than a packet holds, both ways.
        let long = "x".repeat(17 << 20);
        let limit: usize = first(&mut *connection, "SELECT @@max_allowed_packet").unwrap().parse().unwrap();
        let text = &long[..long.len().min(limit - 4096)];
        assert_eq!(
            first(&mut *connection, &format!("SELECT '{text}'")).map(|value| value.len()),
            Some(text.len())
        );
        let error = connection.execute("SELECT nothing").unwrap_err();
        assert_eq!((error.kind, error.code), (DbErrorKind::Statement, Some(1054)));
        // The server ends the session.
        let mut other = open(&url);
        other.execute(&format!("KILL {}", connection.server().session_id)).unwrap();
        assert_eq!(connection.execute("SELECT 1").unwrap_err().kind, DbErrorKind::Connection);
        let mut wrong = verified.clone();
        wrong.user = Some("nobody".to_owned());
        assert_eq!(try_open(&wrong).err().unwrap().kind, DbErrorKind::Authentication);
    }
}

/// The server asks for the whole password when it has not seen the user lately, and gets it encrypted either way.
#[test]
fn a_password_for_caching_sha2_travels_over_tls_and_without() {
    let (Some(url), Some(directory)) = (url("DUNLIN_TEST_MYSQL"), tls_directory()) else { return };
    let mut admin = open(&url);
    for statement in
        ["DROP USER IF EXISTS sha2user", "CREATE USER sha2user IDENTIFIED WITH caching_sha2_password BY 'p'"]
    {
        admin.execute(statement).unwrap();
    }
    let verified = format!("sslmode=verify-ca&ssl-ca={}/ca.pem", directory.display());
    for (mode, uses_tls) in
        [("sslmode=required", true), ("sslmode=disabled", false), (verified.as_str(), true)]
    {
        // Forgets whom it has seen.
        admin.execute("FLUSH PRIVILEGES").unwrap();
        let login =
            |password: &str| tls_url(&url, "127.0.0.1", &format!("user=sha2user&password={password}&{mode}"));
        let refused = try_open(&login("wrong")).err().unwrap();
        assert_eq!(refused.kind, DbErrorKind::Authentication, "{mode} {refused}");
        for time in ["first", "second"] {
            assert_eq!(uses_tls_on_mysql(&login("p")), Some(uses_tls), "{mode} {time}");
        }
    }
}
