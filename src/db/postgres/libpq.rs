//! What libpq takes from the environment when a URL is silent: `PG…` variables, the password file, TLS files.
//! psycopg2, the pg gem and node-postgres users rely on it; pgjdbc reads the two kinds of files.

use super::super::mask::Password;
use super::super::url::{DatabaseUrl, Form, Host, Roots, TlsMode};
use std::path::{Path, PathBuf};

/// Reads an environment variable.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Fills in what the URL leaves open.
pub(super) fn complete(url: &mut DatabaseUrl, environment: Environment<'_>) {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    if url.form != Form::Jdbc {
        url.user = url.user.take().or_else(|| variable("PGUSER"));
        url.password = url.password.take().or_else(|| variable("PGPASSWORD").map(Password::new));
        url.database = url.database.take().or_else(|| variable("PGDATABASE"));
        url.application_name = url.application_name.take().or_else(|| variable("PGAPPNAME"));
        url.options = url.options.take().or_else(|| variable("PGOPTIONS"));
        if url.tls.mode == TlsMode::Prefer {
            url.tls.mode = variable("PGSSLMODE").map_or(TlsMode::Prefer, |mode| mode_of(&mode));
        }
        if let (Roots::Default, Some(path)) = (&url.tls.roots, variable("PGSSLROOTCERT")) {
            url.tls.roots = if path == "system" { Roots::System } else { Roots::File(PathBuf::from(path)) };
        }
    }
    complete_hosts(url, &variable);
    let Some(home) = variable("HOME").map(PathBuf::from) else {
        return;
    };
    complete_tls_files(url, &home.join(".postgresql"));
    if url.password.is_none() {
        let file = variable("PGPASSFILE").map_or_else(|| home.join(".pgpass"), PathBuf::from);
        if let Some(text) = private_text(&file) {
            url.password = password_for(url, &text).map(Password::new);
        }
    }
}

/// No host: `PGHOST`, else the usual socket directories, else localhost.
fn complete_hosts(url: &mut DatabaseUrl, variable: &dyn Fn(&str) -> Option<String>) {
    if url.hosts.is_empty() {
        let port = variable("PGPORT").filter(|_| url.form != Form::Jdbc).and_then(|port| port.parse().ok());
        url.hosts.push(Host::Socket { path: PathBuf::new(), port: port.unwrap_or(5432) });
    }
    let named = variable("PGHOST").filter(|_| url.form != Form::Jdbc);
    url.hosts = std::mem::take(&mut url.hosts)
        .into_iter()
        .flat_map(|host| match host {
            Host::Socket { path, port } if path.as_os_str().is_empty() => {
                default_hosts(named.as_deref(), port)
            }
            host => vec![host],
        })
        .collect();
}

fn default_hosts(named: Option<&str>, port: u16) -> Vec<Host> {
    if let Some(hosts) = named {
        let host = |host: &str| match host.starts_with('/') {
            true => Host::Socket { path: PathBuf::from(host), port },
            false => Host::Tcp { host: host.to_owned(), port },
        };
        return hosts.split(',').map(host).collect();
    }
    let socket = ["/var/run/postgresql", "/tmp"]
        .map(PathBuf::from)
        .into_iter()
        .find(|directory| directory.join(format!(".s.PGSQL.{port}")).exists());
    vec![match socket {
        Some(path) => Host::Socket { path, port },
        None => Host::Tcp { host: "localhost".to_owned(), port },
    }]
}

fn complete_tls_files(url: &mut DatabaseUrl, directory: &Path) {
    let existing = |name: &str| Some(directory.join(name)).filter(|path| path.is_file());
    if url.tls.roots == Roots::Default
        && let Some(path) = existing("root.crt")
    {
        url.tls.roots = Roots::File(path);
    }
    if url.tls.certificate.is_none() {
        url.tls.certificate = existing("postgresql.crt");
    }
    if url.tls.certificate.is_some() && url.tls.key.is_none() {
        let names = if url.form == Form::Jdbc {
            ["postgresql.pk8", "postgresql.key"]
        } else {
            ["postgresql.key", "postgresql.pk8"]
        };
        url.tls.key = names.into_iter().find_map(existing);
    }
}

fn mode_of(mode: &str) -> TlsMode {
    match mode {
        "disable" => TlsMode::Disable,
        "allow" => TlsMode::Allow,
        "require" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" => TlsMode::VerifyFull,
        _ => TlsMode::Prefer,
    }
}

/// The text of a password file, unless others may read it: libpq refuses such files, too.
fn private_text(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(path).ok()?.permissions().mode() & 0o077 != 0 {
            return None;
        }
    }
    std::fs::read_to_string(path).ok()
}

/// The first line `host:port:database:user:password` that fits; `*` fits everything, `\` escapes `:` and itself.
fn password_for(url: &DatabaseUrl, text: &str) -> Option<String> {
    let user = url.user.as_deref()?;
    let database = url.database.as_deref().unwrap_or(user);
    let wanted: Vec<(String, String)> = url
        .hosts
        .iter()
        .map(|host| match host {
            Host::Tcp { host, port } => (host.clone(), port.to_string()),
            Host::Socket { port, .. } => ("localhost".to_owned(), port.to_string()),
        })
        .collect();
    text.split(['\n', '\r']).filter(|line| !line.starts_with('#')).find_map(|line| {
        let [host, port, name, role, password] = <[String; 5]>::try_from(fields(line)).ok()?;
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let server = wanted
            .iter()
            .any(|(wanted_host, wanted_port)| fits(&host, wanted_host) && fits(&port, wanted_port));
        (server && fits(&name, database) && fits(&role, user)).then_some(password)
    })
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(field) = fields.last_mut() {
            field.push(character);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(text: &str, variables: &[(&str, &str)]) -> DatabaseUrl {
        let mut url = DatabaseUrl::parse(text).unwrap();
        let find =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        complete(&mut url, &find);
        url
    }

    #[test]
    fn variables_fill_what_the_url_leaves_open() {
        let variables = [
            ("PGHOST", "h"),
            ("PGPORT", "5433"),
            ("PGUSER", "u"),
            ("PGPASSWORD", "p"),
            ("PGSSLMODE", "require"),
        ];
        let url = completed("postgresql:///shop", &variables);
        assert_eq!(url.hosts, [Host::Tcp { host: "h".to_owned(), port: 5433 }]);
        assert_eq!(url.user.as_deref(), Some("u"));
        assert_eq!(url.password.as_ref().map(Password::reveal), Some("p"));
        assert_eq!(url.tls.mode, TlsMode::Require);
        let url = completed("postgresql://a:b@c/shop", &variables);
        assert_eq!(url.user.as_deref(), Some("a"));
        assert_eq!(url.hosts, [Host::Tcp { host: "c".to_owned(), port: 5432 }]);
        assert_eq!(completed("jdbc:postgresql://c/shop", &variables).user, None);
    }

    #[test]
    fn a_url_without_host_goes_where_libpq_goes() {
        for (text, port) in [("postgres:///shop", 5432), ("postgres:///shop?port=61999", 61999)] {
            let url = completed(text, &[("PGHOST", "/run/elsewhere")]);
            assert_eq!(url.hosts, [Host::Socket { path: PathBuf::from("/run/elsewhere"), port }], "{text}");
        }
        let url = completed("postgres:///shop?port=61999", &[]);
        assert_eq!(url.hosts, [Host::Tcp { host: "localhost".to_owned(), port: 61999 }]);
    }

    #[test]
    fn the_password_files_first_fitting_line_counts() {
        let url = DatabaseUrl::parse("postgres://anna@db:5433/shop").unwrap();
        let text =
            "# note\ndb:5432:*:*:wrong\n*:*:other:anna:wrong\n*:5433:shop:anna:a\\:b\\\\c\n*:*:*:*:late";
        assert_eq!(password_for(&url, text).as_deref(), Some("a:b\\c"));
    }
}
