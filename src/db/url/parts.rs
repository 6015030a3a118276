//! Cutting URLs into pieces, before any meaning is given to them.

use super::super::error::DbError;
use percent_encoding::percent_decode_str;

/// `user:password@host1:port,host2/path?key=value`, still encoded.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    pub hosts: &'a str,
    /// What follows the first `/`, without it.
    pub path: Option<&'a str>,
    pub query: Option<&'a str>,
}

/// How an ecosystem writes parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `%XX`, and anything else is itself; a stray `%` is an error (libpq, Rails).
    Percent,
    /// `%XX` and `+` for a blank, in parameters only (JDBC, SQLAlchemy); a stray `%` is itself.
    Form,
}

/// Cuts what follows `scheme://`.
///
/// The password ends at the last `@` before the first `/` or `?`. SQLAlchemy allows both inside a password
/// (`lenient`): then the last `@` before the parameters counts if there is none earlier.
pub(super) fn split(rest: &str, lenient: bool) -> Parts<'_> {
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let at = rest[..authority_end].rfind('@').or_else(|| {
        let query = rest.find('?').unwrap_or(rest.len());
        let at = if lenient {
            rest[..query].rfind('@')?
        } else {
            return None;
        };
        rest[..authority_end].contains(':').then_some(at)
    });
    let (user_information, rest) = match at {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    };
    let (user, password) =
        match user_information.map(|text| text.split_once(':').map_or((text, None), |(u, p)| (u, Some(p)))) {
            Some((user, password)) => (Some(user).filter(|user| !user.is_empty()), password),
            None => (None, None),
        };
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (hosts, path) = before.split_once('/').map_or((before, None), |(hosts, path)| (hosts, Some(path)));
    Parts { user, password, hosts, path, query }
}

/// Percent-decodes; `what` names the piece in errors, its content is never quoted.
pub(super) fn decode(text: &str, encoding: Encoding, what: &str) -> Result<String, DbError> {
    if encoding == Encoding::Percent && has_stray_percent(text) {
        return Err(DbError::configuration(format!(
            "{what} in the database URL holds a '%' that is not followed by two hexadecimal digits"
        ))
        .advise("write '%' as '%25'"));
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| {
        DbError::configuration(format!("{what} in the database URL is not UTF-8 when decoded"))
    })?;
    if decoded.contains('\0') {
        return Err(DbError::configuration(format!("{what} in the database URL holds a NUL character")));
    }
    Ok(decoded.into_owned())
}

fn has_stray_percent(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('%').any(|(at, _)| {
        !matches!(bytes.get(at + 1..at + 3), Some(digits) if digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// The parameters of a query string, decoded, in order. A name without `=` has an empty value.
pub(super) fn parameters(
    query: Option<&str>,
    separators: &[char],
    encoding: Encoding,
) -> Result<Vec<(String, String)>, DbError> {
    query
        .unwrap_or_default()
        .split(|character| separators.contains(&character))
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, encoding, "a parameter's name")?;
            let value = match encoding {
                Encoding::Form => value.replace('+', " "),
                Encoding::Percent => value.to_owned(),
            };
            let value = decode(&value, encoding, &format!("the parameter '{name}'"))?;
            Ok((name, value))
        })
        .collect()
}

/// `host:port`, `[::1]:port`, an empty host meaning the ecosystem's default.
pub(super) fn host_and_port(text: &str, default_port: u16) -> Result<(String, u16), DbError> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| {
            DbError::configuration("an IPv6 address in the database URL lacks its closing ']'")
        })?;
        (host, rest.strip_prefix(':').unwrap_or(rest))
    } else {
        text.rsplit_once(':').unwrap_or((text, ""))
    };
    Ok((host.to_owned(), port_number(port, default_port)?))
}

/// A port, or the default where none is written.
pub(super) fn port_number(text: &str, default_port: u16) -> Result<u16, DbError> {
    match text.trim() {
        "" => Ok(default_port),
        // Not quoted: it may be a password whose '@' was forgotten.
        text => text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| {
            DbError::configuration("the port in the database URL is not a number from 1 to 65535").advise(
                "write special characters of a password percent-encoded: ':' as %3A, '/' as %2F, '@' as %40",
            )
        }),
    }
}

/// A yes or no, as the ecosystems write it; an empty value counts as yes.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "1" | "true" | "yes" | "on")
}
