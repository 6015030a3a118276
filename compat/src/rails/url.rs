//! Database URLs as Active Record takes them apart, after RFC 2396.

use std::sync::LazyLock;

use regex::Regex;

use super::release::Release;

/// A value that a URL gives a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlValue {
    /// Text.
    Text(String),
    /// A port.
    Number(i64),
    /// What is text `true` or `false` in the URL.
    Bool(bool),
}

/// Why a URL is not of use. Neither says the URL: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// There is nothing in it.
    #[error("Database URL cannot be empty")]
    Empty,
    /// It is not written as one.
    #[error(
        "the database URL is no URI: characters such as blanks, `#`, `^` and `|` have to be written `%20`, `%23` …"
    )]
    NotUri,
    /// What stands between `//` and `/` is neither a host nor a user, password and host.
    #[error(
        "the database URL has a host that is not one: characters such as `_` are not allowed in hosts, and `@`, `/`, `?` and `#` have to be written `%40`, `%2F`, `%3F`, `%23` in passwords"
    )]
    BadHost,
}

/// The grammar of RFC 2396, with IPv6 of RFC 2732 and what Ruby allows in hosts. Classes such as `\d` are Unicode's here: they
/// are not Ruby's, and take a millisecond to compile.
static ABSOLUTE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const ESCAPED: &str = "%[0-9a-fA-F]{2}";
    const UNRESERVED: &str = r"\-_.!~*'()a-zA-Z0-9";
    let uric = format!(r"(?:[{UNRESERVED};/?:@&=+$,\[\]]|{ESCAPED})");
    let opaque = format!("(?:[{UNRESERVED};?:@&=+$,]|{ESCAPED}){uric}*");
    let user = format!("(?:[{UNRESERVED};:&=+$,]|{ESCAPED})*");
    let v4 = r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}";
    let hex = "[a-fA-F0-9]{1,4}";
    let v6_end = format!("(?:{hex}:)*(?:{hex}|{v4})");
    let v6 = format!(r"\[(?:{v6_end}|(?:(?:{hex}:)*{hex})?::(?:{v6_end})?)\]");
    let host = format!(r"(?:(?:[a-zA-Z0-9\-.]|{ESCAPED})+|{v4}|{v6})");
    let registry = format!("(?:[{UNRESERVED}$,;:@&=+]|{ESCAPED})+");
    let segment = format!("(?:[{UNRESERVED}:@&=+$,;]|{ESCAPED})*");
    let filled = format!("(?:[{UNRESERVED}:@&=+$,;]|{ESCAPED})+");
    let path = format!("(?:/{segment})+");
    let pattern = format!(
        r"\A[ \t\r\n\f\v]*(?<scheme>[a-zA-Z][\-+.a-zA-Z0-9]*):(?:(?<opaque>{opaque})|(?://(?:(?:(?:(?<user>{user})@)?(?<host>{host})(?::(?<port>[0-9]*))?)(?<path>{path})?|(?<registry>{registry})(?:{path})?|(?<path2>{path})?)|(?<path3>/(?:{filled}(?:/{segment})*)?))(?:\?(?<query>{uric}*))?)(?:#{uric}*)?[ \t\r\n\f\v]*\z",
    );
    Regex::new(&pattern).ok()
});

/// What a URL says, by keys: `ConnectionUrlResolver` and `UrlConfig`.
///
/// # Errors
/// It is not a URL.
pub fn resolve(url: &str, release: Release) -> Result<Vec<(String, UrlValue)>, UrlError> {
    if url.starts_with("jdbc:") || url.starts_with("http:") || url.starts_with("https:") {
        return Ok(vec![("url".to_owned(), UrlValue::Text(url.to_owned()))]);
    }
    if url.chars().all(char::is_whitespace) {
        return Err(UrlError::Empty);
    }
    let components = match has_scheme(url) {
        true => absolute(url, release)?,
        false => relative(url)?,
    };
    let blank = |text: &str| text.chars().all(char::is_whitespace);
    let mut found: Vec<(String, UrlValue)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in components {
        if seen.contains(&key) {
            continue;
        }
        seen.push(key.clone());
        if !blank(&value) {
            let value = match (key.as_str(), value.strip_prefix("\0port:")) {
                ("port", Some(number)) => {
                    number.parse().map(UrlValue::Number).unwrap_or(UrlValue::Text(number.to_owned()))
                }
                _ => UrlValue::Text(unescape(&value)),
            };
            found.push((key, value));
        }
    }
    Ok(found.into_iter().map(|(key, value)| (key.clone(), typed(&key, value, release))).collect())
}

/// Text `false` counts as false for these keys.
fn typed(key: &str, value: UrlValue, release: Release) -> UrlValue {
    let UrlValue::Text(text) = &value else { return value };
    let is_boolean = match key {
        "replica" | "database_tasks" => release >= Release(7, 2),
        "seeds" | "use_metadata_table" => release >= Release(8, 2),
        "schema_dump" => release >= Release(7, 2) && text == "false",
        _ => false,
    };
    if is_boolean { UrlValue::Bool(text != "false") } else { value }
}

fn has_scheme(url: &str) -> bool {
    let url = url.trim_start();
    let end = url.find(|character: char| !character.is_ascii_alphanumeric() && !"+-.".contains(character));
    url.starts_with(|first: char| first.is_ascii_alphabetic())
        && end.is_some_and(|end| url.get(end..).is_some_and(|rest| rest.starts_with(':')))
}

/// Keys and values, those that count first.
type Components = Vec<(String, String)>;

fn absolute(url: &str, release: Release) -> Result<Components, UrlError> {
    let captures = ABSOLUTE.as_ref().and_then(|pattern| pattern.captures(url)).ok_or(UrlError::NotUri)?;
    if captures.name("registry").is_some() {
        return Err(UrlError::BadHost);
    }
    let part = |name: &str| captures.name(name).map(|found| found.as_str().to_owned());
    let adapter = adapter(&part("scheme").unwrap_or_default(), release);
    if let Some(opaque) = part("opaque") {
        let (database, query) = match opaque.split_once('?') {
            Some((database, query)) => (database.to_owned(), query.to_owned()),
            None => (opaque, String::new()),
        };
        let mut found = vec![("adapter".to_owned(), adapter), ("database".to_owned(), database)];
        found.extend(pairs(&query));
        return Ok(found);
    }
    let path = part("path").or_else(|| part("path2")).or_else(|| part("path3")).unwrap_or_default();
    let database =
        if adapter == "sqlite3" { path } else { path.strip_prefix('/').unwrap_or(&path).to_owned() };
    let (user, password) = match part("user") {
        Some(user) => match user.split_once(':') {
            Some((user, password)) => (user.to_owned(), password.to_owned()),
            None => (user, String::new()),
        },
        None => (String::new(), String::new()),
    };
    let host = part("host").unwrap_or_default();
    let host =
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned).unwrap_or(host);
    let port = part("port").filter(|port| !port.is_empty()).map(|port| format!("\0port:{port}"));
    let components = [
        ("adapter", adapter),
        ("username", user),
        ("password", password),
        ("port", port.unwrap_or_default()),
        ("database", database),
        ("host", host),
    ];
    Ok(merged(pairs(&part("query").unwrap_or_default()), components, release))
}

/// A text without a scheme is a path, or a host and a path.
fn relative(url: &str) -> Result<Components, UrlError> {
    let url = url.trim();
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "-_.!~*'();/?:@&=+$,%#".contains(character);
    if !url.chars().all(allowed) {
        return Err(UrlError::NotUri);
    }
    let url = url.split('#').next().unwrap_or_default();
    let (location, query) = url.split_once('?').unwrap_or((url, ""));
    let (host, path) = match location.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path)),
        None => ("", location.strip_prefix('/').unwrap_or(location)),
    };
    if host.contains('@') || host.contains(':') {
        return Err(UrlError::BadHost);
    }
    let components = [("database", path.to_owned()), ("host", host.to_owned())];
    Ok(merged(pairs(query), components, Release::NEWEST))
}

/// What stands in the query counts more, since 7.0.
fn merged<const N: usize>(
    query: Components,
    components: [(&'static str, String); N],
    release: Release,
) -> Components {
    let components = components.map(|(key, value)| (key.to_owned(), value));
    if release >= Release(7, 0) {
        query.into_iter().chain(components).collect()
    } else {
        components.into_iter().chain(query).collect()
    }
}

fn pairs(query: &str) -> Components {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), value.to_owned())
    };
    let mut found: Components = query.split('&').filter(|part| !part.is_empty()).map(pair).collect();
    // Of two with one name the later counts.
    found.reverse();
    found
}

/// `protocol_adapters`
fn adapter(scheme: &str, release: Release) -> String {
    let name = scheme.to_lowercase().replace('-', "_");
    match name.as_str() {
        "postgres" => "postgresql".to_owned(),
        "mysql" if release >= Release(7, 2) => "mysql2".to_owned(),
        "sqlite" if release >= Release(7, 2) => "sqlite3".to_owned(),
        _ => name,
    }
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        let escaped = (*byte == b'%')
            .then(|| text.get(position + 1..position + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        found.push(escaped.unwrap_or(*byte));
        position += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&found).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What Active Record 6.1.7, 7.0.10, 7.2.2, 8.0.5, 8.1.3 and 8.2 answered; where a release is not named it answers as
    /// 8.1 does.
    #[test]
    fn urls_are_taken_apart_as_active_record_does() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors/urls.json")).unwrap();
        for vector in &vectors {
            let url = vector["url"].as_str().unwrap();
            for (name, release) in [
                ("6.1", Release(6, 1)),
                ("7.0", Release(7, 0)),
                ("7.2", Release(7, 2)),
                ("8.1", Release(8, 1)),
                ("8.2", Release(8, 2)),
            ] {
                let expected = vector.get(name).unwrap_or(&vector["8.1"]);
                // 7.2 fails on a URL without a scheme; no database is meant by it in any release.
                if expected["error"].as_str().is_some_and(|error| error.contains("to_sym")) {
                    continue;
                }
                let found = resolve(url, release);
                let Some(expected) = expected["hash"].as_object() else {
                    assert!(found.is_err(), "{url} {name}: {found:?}");
                    continue;
                };
                let found: serde_json::Map<String, Value> = found
                    .unwrap_or_else(|error| panic!("{url} {name}: {error}"))
                    .into_iter()
                    .map(|(key, value)| {
                        let value = match value {
                            UrlValue::Text(text) => Value::from(text),
                            UrlValue::Number(number) => Value::from(number),
                            UrlValue::Bool(value) => Value::from(value),
                        };
                        (key, value)
                    })
                    .collect();
                assert_eq!(Value::Object(found), Value::Object(expected.clone()), "{url} {name}");
            }
        }
        assert!(vectors.len() > 50);
    }

    #[test]
    fn no_error_shows_the_url() {
        for url in ["postgres://me:se cret@db/shop", "postgres://me:se#cret@db/shop"] {
            let error = resolve(url, Release::NEWEST).unwrap_err();
            assert!(!error.to_string().contains("cret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(postgres|sqlite3|:|//|/|@|\\?|&|=|#|%4|%41|\\[::1\\]|[a-z0-9]{0,3}|\\PC){0,20}") {
            let _ = resolve(&text, Release::NEWEST);
        }
    }
}
