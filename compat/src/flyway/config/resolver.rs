//! `${env.NAME}` and `${placeholder.NAME}` in configuration values (`PropertyResolverContextImpl`).

use super::text::strip;

/// What a resolver may look up.
pub(super) struct Lookup<'a> {
    /// Environment variables.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// User-defined placeholders, case-sensitive here.
    pub placeholder: &'a dyn Fn(&str) -> Option<String>,
    /// The environment whose values are resolved, for messages; `None` for settings outside environments.
    pub environment: Option<&'a str>,
}

/// A value with its resolvers replaced: surrounding white space goes, `$${a.b}` becomes `${a.b}`, and a value that is
/// `!{…}` as a whole is taken verbatim.
///
/// # Errors
/// Flyway's message: unknown resolver, unset variable, unknown placeholder, nested resolvers.
pub(super) fn resolve(value: &str, lookup: &Lookup<'_>) -> Result<String, String> {
    let stripped = strip(value);
    let verbatim = stripped.strip_prefix("!{").and_then(|rest| rest.strip_suffix('}'));
    if verbatim.is_some_and(|inner| !inner.contains(LINE_ENDS)) {
        // Flyway cuts the value as written, so blanks around it shift what is kept.
        let length = value.chars().count();
        return Ok(value.chars().skip(2).take(length.saturating_sub(3)).collect());
    }
    if has_nested(value) {
        return Err(format!("Resolvers cannot be nested: {value}"));
    }
    let mut out = String::with_capacity(stripped.len());
    let mut rest = stripped;
    while let Some(dollar) = rest.find('$') {
        let (before, tail) = rest.split_at(dollar);
        out.push_str(before);
        if let Some(found) = match_resolver(tail) {
            out.push_str(&replacement(found, lookup)?);
            rest = tail.get(found.len()..).unwrap_or_default();
        } else {
            out.push('$');
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out)
}

const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// The text at the start that matches `\${1,2}\{[^.]+\.[^.]+?\}`.
fn match_resolver(text: &str) -> Option<&str> {
    let body_start = if text.starts_with("$${") {
        3
    } else if text.starts_with("${") {
        2
    } else {
        return None;
    };
    let body = text.get(body_start..)?;
    let dot = body.find('.').filter(|dot| *dot > 0)?;
    let key = body.get(dot + 1..)?;
    let first = key.chars().next().filter(|first| *first != '.')?;
    let end = first.len_utf8() + key.get(first.len_utf8()..)?.find(['}', '.'])?;
    if key.as_bytes().get(end) != Some(&b'}') {
        return None;
    }
    text.get(..body_start + dot + 1 + end + 1)
}

fn replacement(found: &str, lookup: &Lookup<'_>) -> Result<String, String> {
    if let Some(escaped) = found.strip_prefix('$').filter(|rest| rest.starts_with('$')) {
        return Ok(escaped.to_owned());
    }
    let body = found.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let (resolver, parameter) = body.split_once('.').unwrap_or_default();
    let resolver = strip(resolver);
    let (key, filter) = match parameter.split_once(':') {
        Some((key, filter)) => (strip(key), Some(strip(filter))),
        None => (strip(parameter), None),
    };
    let value = if resolver.eq_ignore_ascii_case("env") {
        (lookup.variable)(key).ok_or_else(|| format!("Unable to resolve environment variable: '{key}'"))?
    } else if resolver.eq_ignore_ascii_case("placeholder") {
        if key == "flyway" {
            return Err("Only user defined placeholders are supported, but detected attempt to use a default placeholder.".to_owned());
        }
        (lookup.placeholder)(key).ok_or_else(|| format!("Unable to resolve placeholder: '{key}'"))?
    } else {
        let place = lookup.environment.map(|name| format!(" for environment {name}")).unwrap_or_default();
        return Err(format!(
            "Unknown resolver '{resolver}'{place}. dunlin has the resolvers env and placeholder; secrets from elsewhere can be passed as environment variables"
        ));
    };
    Ok(match filter {
        Some(filter) => value.chars().filter(|character| allowed(*character, filter)).collect(),
        None => value,
    })
}

/// `D` keeps digits, `d` ASCII digits, `A` letters, `a` ASCII letters; the rest goes.
fn allowed(character: char, filter: &str) -> bool {
    let ascii = character.is_ascii();
    // Flyway filters UTF-16 units, and halves of a pair are neither letters nor digits.
    let single_unit = character.len_utf16() == 1;
    let digit = single_unit && is_digit(character);
    let letter = single_unit && character.is_alphabetic();
    filter.contains('D') && digit
        || filter.contains('d') && digit && ascii
        || filter.contains('A') && letter
        || filter.contains('a') && letter && ascii
}

/// The zeros of Unicode's decimal digits that fit one UTF-16 unit (`Character.isDigit`).
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

fn is_digit(character: char) -> bool {
    let code = u32::from(character);
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&code))
}

/// Whether a resolver stands inside `${…}`: `(^|[^$])\$\{(([^}]+|)\$\{.+?}).*?}` with a resolver in group 2.
fn has_nested(value: &str) -> bool {
    let mut from = 0;
    while let Some(start) = value.get(from..).and_then(|rest| rest.find("${")).map(|found| from + found) {
        let escaped = value.get(..start).is_some_and(|before| before.ends_with('$'));
        let body = value.get(start + 2..).unwrap_or_default();
        if !escaped && nested_group(body).is_some_and(contains_resolver) {
            return true;
        }
        from = start + 2;
    }
    false
}

/// Group 2 of the pattern: up to the end of an inner `${…}` with another `}` after it on the same line.
fn nested_group(body: &str) -> Option<&str> {
    let reach = body.find('}').unwrap_or(body.len());
    let inner = body.get(..reach)?.rfind("${")?;
    let content = inner + 2;
    let first = body.get(content..)?.chars().next()?.len_utf8();
    let end = content + first + body.get(content + first..)?.find('}')?;
    let after = body.get(end + 1..)?;
    let closing = after.find('}')?;
    let one_line = !body.get(content..end)?.contains(LINE_ENDS) && !after.get(..closing)?.contains(LINE_ENDS);
    if one_line { body.get(..=end) } else { None }
}

fn contains_resolver(text: &str) -> bool {
    text.match_indices('$').any(|(index, _)| text.get(index..).and_then(match_resolver).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(value: &str) -> Result<String, String> {
        let variable = |name: &str| match name {
            "TENANT" => Some("ab-12é٣".to_owned()),
            "DOLLAR" => Some(r"a$1\b${env.TENANT}".to_owned()),
            _ => None,
        };
        let placeholder = |name: &str| (name == "region").then(|| "eu".to_owned());
        resolve(value, &Lookup { variable: &variable, placeholder: &placeholder, environment: None })
    }

    #[test]
    fn values_resolve_as_in_flyway() {
        let cases = [
            ("plain", "plain"),
            ("  padded  ", "padded"),
            ("${env.TENANT}", "ab-12é٣"),
            ("x${ENV.TENANT}y", "xab-12é٣y"),
            ("${ env . TENANT : d }", "12"),
            ("${env.TENANT:D}", "12٣"),
            ("${env.TENANT:a}", "ab"),
            ("${env.TENANT:Ad}", "ab12é"),
            ("${placeholder.region}", "eu"),
            ("$${env.TENANT}", "${env.TENANT}"),
            ("!{${env.TENANT}}", "${env.TENANT}"),
            ("${nodot}", "${nodot}"),
            ("${a.b.c}", "${a.b.c}"),
            ("$", "$"),
            ("${env.DOLLAR}", r"a$1\b${env.TENANT}"),
        ];
        for (value, expected) in cases {
            assert_eq!(resolved(value).as_deref(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_resolved_is_an_error() {
        let cases = [
            ("${env.NOPE}", "Unable to resolve environment variable: 'NOPE'"),
            ("${placeholder.NOPE}", "Unable to resolve placeholder: 'NOPE'"),
            ("${placeholder.flyway}", "Only user defined placeholders"),
            ("${vault.secret}", "Unknown resolver 'vault'"),
            ("${env.${env.TENANT}}", "Resolvers cannot be nested: ${env.${env.TENANT}}"),
        ];
        for (value, message) in cases {
            let error = resolved(value).expect_err(value);
            assert!(error.starts_with(message), "{value}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics(value in "([${}.:!a-z \n]|env\\.|é|𝒳){0,40}") {
            let _ = resolved(&value);
        }
    }
}
