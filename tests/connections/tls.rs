//! The modes of TLS on servers that offer it.

use super::{first, mysql_urls, try_open, url, with};
use dunlin::db::url::Host;
use dunlin::db::{DatabaseUrl, DbErrorKind};
use std::path::{Path, PathBuf};

fn tls_directory() -> Option<PathBuf> {
    let directory = std::env::var_os("DUNLIN_TEST_TLS").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("skipped: DUNLIN_TEST_TLS is not set");
    }
    directory
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

#[test]
fn postgres_modes_of_tls_mean_what_libpq_means() {
    let (Some(url), Some(directory)) = (url("DUNLIN_TEST_POSTGRES"), tls_directory()) else {
        return;
    };
    let (ca, other) = (directory.join("ca.pem"), directory.join("otherca.pem"));
    let mut cases = modes(&ca, &other);
    cases.extend([
        ("sslmode=allow".to_owned(), "127.0.0.1", Some(false)),
        // An authority that is named is used.
        (format!("sslmode=require&ROOT={}", other.display()), "127.0.0.1", None),
        ("sslmode=verify-full&sslrootcert=system".to_owned(), "localhost", None),
        ("channel_binding=require&sslmode=require".to_owned(), "127.0.0.1", Some(true)),
        ("channel_binding=require&sslmode=disable".to_owned(), "127.0.0.1", None),
    ]);
    for (parameters, host, expected) in cases {
        let url = tls_url(&url, host, &parameters.replace("ROOT", "sslrootcert"));
        let used = try_open(&url).map(|mut connection| {
            first(&mut *connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").as_deref()
                == Some("t")
        });
        assert_eq!(used.as_ref().ok().copied(), expected, "{parameters} {host} {used:?}");
    }
}

/// `plainonly` and `tlsonly` may log in one way only, `certuser` with a certificate.

#[test]
fn postgres_falls_back_as_libpq_does() {
    let (Some(url), Some(directory)) = (url("DUNLIN_TEST_POSTGRES"), tls_directory()) else {
        return;
    };
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

#[test]
fn mysql_modes_of_tls() {
    let Some(directory) = tls_directory() else { return };
    for url in mysql_urls() {
        for (parameters, host, expected) in modes(&directory.join("ca.pem"), &directory.join("otherca.pem")) {
            let url = tls_url(&url, host, &parameters.replace("ROOT", "ssl-ca"));
            let used = try_open(&url).map(|mut connection| {
                let outcome = connection.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'").unwrap();
                outcome.rows[0][1].as_deref() != Some("")
            });
            assert_eq!(used.as_ref().ok().copied(), expected, "{parameters} {host} {used:?}");
        }
    }
}
