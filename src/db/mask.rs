//! Passwords never reach output: masking of text that may hold a URL, and a type that does not print.

use std::fmt;

/// What stands for a secret wherever one would be printed.
const MASK: &str = "***";

/// Replaces the passwords of URLs and connection strings in free text: `a://user:secret@host` becomes
/// `a://user:***@host`, `password=secret` becomes `password=***`.
///
/// A password that is not percent-encoded is masked too, so where a text is ambiguous more is masked than needed.
pub fn mask_url(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')) {
        let (word, after) = rest.split_at(end);
        masked.push_str(&mask_whole(word));
        let boundary = after.chars().next().map_or(0, char::len_utf8);
        let (boundary, after) = after.split_at(boundary);
        masked.push_str(boundary);
        rest = after;
    }
    masked.push_str(&mask_whole(rest));
    masked
}

/// As [`mask_url`], for a text that is a URL from beginning to end, even if blanks occur in it.
pub(super) fn mask_whole(url: &str) -> String {
    mask_parameters(&mask_user_information(url))
}

fn mask_user_information(url: &str) -> String {
    let Some(start) = url.find("//").map(|at| at + 2) else {
        return url.to_owned();
    };
    let (scheme, rest) = url.split_at(start);
    let query = query_start(rest);
    // The last `@` before the parameters ends the password; a password may hold `@`, `/` and `?` if someone forgot
    // to encode it.
    let at = rest[..query].rfind('@').or_else(|| rest.rfind('@'));
    match at {
        Some(at) => match rest[..at].find(':') {
            Some(colon) => format!("{scheme}{}:{MASK}{}", &rest[..colon], &rest[at..]),
            None => url.to_owned(),
        },
        None => mask_without_host(scheme, rest),
    }
}

/// `user:secret` where the host was forgotten: what stands after the colon is a port only if it is a number.
fn mask_without_host(scheme: &str, rest: &str) -> String {
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let host_and_port = |host: &str| {
        host.starts_with('[')
            || host.split_once(':').is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if rest[..authority].split(',').all(host_and_port) || rest.starts_with(':') {
        return format!("{scheme}{rest}");
    }
    match rest.find(':') {
        Some(colon) => format!("{scheme}{}:{MASK}{}", &rest[..colon], &rest[authority..]),
        None => format!("{scheme}{rest}"),
    }
}

/// Where parameters begin: at a `?` that is followed by `name=`.
fn query_start(rest: &str) -> usize {
    for (at, _) in rest.match_indices('?') {
        let name = rest[at + 1..].bytes().take_while(|byte| is_name_byte(*byte)).count();
        if name > 0 && rest.as_bytes().get(at + 1 + name) == Some(&b'=') {
            return at;
        }
    }
    rest.len()
}

fn mask_parameters(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(equals) = rest.find('=') {
        let (before, after) = rest.split_at(equals + 1);
        masked.push_str(before);
        let name_start = before[..equals]
            .rfind(|c: char| !c.is_ascii() || !is_name_byte(c as u8))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        rest = after;
        if is_secret_name(&before[name_start..equals]) {
            let end = after.find(['&', ';', ')']).unwrap_or(after.len());
            if end > 0 {
                masked.push_str(MASK);
            }
            rest = &after[end..];
        }
    }
    masked.push_str(rest);
    masked
}

/// Whether a parameter of this name holds a secret in any of the ecosystems.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "pwd", "passphrase", "secret", "token"].iter().any(|part| name.contains(part))
        || name == "pass"
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// A secret that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Password {
        Password(secret.into())
    }

    /// The secret itself, for a driver.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl fmt::Display for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_what_is_secret_and_leaves_the_rest() {
        for (text, masked) in [
            ("postgres://anna:secret@db:5432/shop", "postgres://anna:***@db:5432/shop"),
            ("postgres://anna@db/shop", "postgres://anna@db/shop"),
            ("postgres://db1:5432,db2:5433/shop", "postgres://db1:5432,db2:5433/shop"),
            ("postgres://[::1]:5432/shop", "postgres://[::1]:5432/shop"),
            (
                "postgres://anna:se@cr/et?x@db/shop?sslmode=require",
                "postgres://anna:***@db/shop?sslmode=require",
            ),
            ("mysql://anna:secret", "mysql://anna:***"),
            (
                "jdbc:postgresql://db/shop?user=a&password=b&ssl=true",
                "jdbc:postgresql://db/shop?user=a&password=***&ssl=true",
            ),
            ("jdbc:mysql://db/shop?Password=b", "jdbc:mysql://db/shop?Password=***"),
            ("host=db password=secret user=x", "host=db password=*** user=x"),
            (
                "cannot open \"mysql://a:b@c/d\" and mysql://e:f@g",
                "cannot open \"mysql://a:***@c/d\" and mysql://e:***@g",
            ),
            ("sqlite::memory:", "sqlite::memory:"),
            ("", ""),
        ] {
            assert_eq!(mask_url(text), masked);
        }
    }

    #[test]
    fn a_password_does_not_print() {
        let password = Password::new("secret");
        assert_eq!(format!("{password} {password:?}"), "*** ***");
        assert_eq!(password.reveal(), "secret");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            mask_url(&text);
        }

        #[test]
        fn hides_a_password_that_nobody_encoded(password in "[a-zA-Z0-9@:/?!#%=é]{0,12}") {
            let secret = format!("Zq7{password}7qZ");
            let masked = mask_url(&format!("postgres://anna:{secret}@db/shop"));
            prop_assert!(!masked.contains("Zq7"), "{masked}");
        }
    }
}
