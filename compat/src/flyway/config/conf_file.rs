//! CONF files: Java properties behind Flyway's own pre-pass (`ConfigUtils.loadConfigurationFromString`).

use super::text::trim;

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub key: String,
    pub value: String,
    /// Line, from 1. Approximate below an expanded variable that holds line ends.
    pub line: usize,
}

/// The properties of a CONF file in order; a key may occur more than once, and the last one counts.
///
/// # Errors
/// The reason, when a `\u` escape brought in by a variable is malformed.
pub(super) fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Property>, String> {
    load_properties(&expand_variables(&protect_backslashes(text), variable))
}

/// Doubles backslashes, so that they survive the properties syntax, except a trailing one that continues a line.
fn protect_backslashes(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    while lines.len() > 1 && lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (index, line) in lines.iter().enumerate() {
        let mut line = trim(line).replace('\\', "\\\\");
        let continues = lines.get(index + 1).is_some_and(|next| continues_a_line(next));
        if continues && let Some(rest) = line.strip_suffix("\\\\") {
            line = format!("{rest}\\");
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Whether a line after a trailing backslash continues it: not when it is empty or sets another property.
fn continues_a_line(next: &str) -> bool {
    if next.is_empty() {
        return false;
    }
    if !(trim(next).starts_with("flyway.") && next.contains('=')) {
        return true;
    }
    // A comparison of a script's shouldExecute, not a property (SqlScriptMetadata.isMultilineBooleanExpression).
    !next.starts_with("shouldExecute") && (next.contains("==") || next.contains("!="))
}

/// Replaces `${NAME}`, NAME of letters, digits and `_`, by the variable or nothing. Values are replaced in turn, so one
/// that contains a later `${NAME}` of the file has it expanded too.
fn expand_variables(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = text.to_owned();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let after = rest.get(start + 2..).unwrap_or_default();
        let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let name = after.get(..length).unwrap_or_default();
        if !name.is_empty() && after.as_bytes().get(length) == Some(&b'}') {
            expanded = expanded.replace(&format!("${{{name}}}"), &variable(name).unwrap_or_default());
            rest = after.get(length + 1..).unwrap_or_default();
        } else {
            rest = after;
        }
    }
    expanded
}

/// `java.util.Properties.load`.
fn load_properties(text: &str) -> Result<Vec<Property>, String> {
    let mut properties = Vec::new();
    let mut lines = split_lines(text).into_iter().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut logical = line.trim_start_matches(BLANK).to_owned();
        if logical.is_empty() || logical.starts_with(['#', '!']) {
            continue;
        }
        while ends_in_open_backslash(&logical) {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next.trim_start_matches(BLANK));
        }
        let (key, value) = split_property(&logical);
        properties.push(Property { key: unescape(key)?, value: unescape(value)?, line: number + 1 });
    }
    Ok(properties)
}

const BLANK: [char; 3] = [' ', '\t', '\u{c}'];

/// Lines that end in `\n`, `\r` or both.
fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(rest.get(..end).unwrap_or_default());
        let tail = rest.get(end..).unwrap_or_default();
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
    }
    lines.push(rest);
    lines
}

fn ends_in_open_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Splits at the first unescaped `=`, `:` or blank, dropping blanks around one `=` or `:`.
fn split_property(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|character: char| {
        let separates = !escaped && (matches!(character, '=' | ':') || BLANK.contains(&character));
        escaped = character == '\\' && !escaped;
        separates
    });
    let Some(end) = end else { return (line, "") };
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(BLANK);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, value.trim_start_matches(BLANK))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    let mut buffer = [0; 2];
    while let Some(character) = characters.next() {
        let plain = match (character, if character == '\\' { characters.next() } else { None }) {
            ('\\', Some('u')) => {
                let digits: String = characters.by_ref().take(4).collect();
                let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                units.push(unit.ok_or("Malformed \\uxxxx encoding.")?);
                continue;
            }
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('n')) => '\n',
            ('\\', Some('f')) => '\u{c}',
            ('\\', Some(other)) => other,
            (character, _) => character,
        };
        units.extend_from_slice(plain.encode_utf16(&mut buffer));
    }
    Ok(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Vec<(String, String)> {
        let variable = |name: &str| match name {
            "TENANT" => Some("acme".to_owned()),
            "WINDOWS" => Some(r"C:\temp".to_owned()),
            "OUTER" => Some("${TENANT}".to_owned()),
            _ => None,
        };
        let properties = parse(text, &variable).expect("well formed");
        properties.into_iter().map(|property| (property.key, property.value)).collect()
    }

    /// Each pair was compared with what Flyway 13.3.0 shows as its configuration.
    #[test]
    fn properties_read_as_flyway_reads_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("a=b", &[("a", "b")]),
            ("  flyway.table = t  ", &[("flyway.table", "t")]),
            ("flyway.baselineDescription : d e", &[("flyway.baselineDescription", "d e")]),
            ("flyway.installedBy me", &[("flyway.installedBy", "me")]),
            ("! c\n# c\n\na=1", &[("a", "1")]),
            (r"p=C:\temp\new", &[("p", r"C:\temp\new")]),
            ("flyway.table=t\\\nflyway.mixed=true", &[("flyway.table", "t\\"), ("flyway.mixed", "true")]),
            ("m=a,\\\n   b,\\\n   c", &[("m", "a,b,c")]),
            ("end=x\\\n\nb=1", &[("end", "x\\"), ("b", "1")]),
            ("end=x\\", &[("end", "x\\")]),
            (r"k\ ey=v", &[(r"k\", "ey=v")]),
            ("env=${TENANT}x${NOPE}y", &[("env", "acmexy")]),
            ("env=${env.TENANT}", &[("env", "${env.TENANT}")]),
            ("a=1\r\nb=2\r\n", &[("a", "1"), ("b", "2")]),
            ("a", &[("a", "")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(load(text), expected, "{text:?}");
        }
    }

    #[test]
    fn variables_are_expanded_before_escapes_are_read() {
        assert_eq!(load("a=${WINDOWS}"), [("a".to_owned(), "C:\temp".to_owned())]);
        assert_eq!(load("a=${OUTER} ${TENANT}"), [("a".to_owned(), "acme acme".to_owned())]);
    }

    #[test]
    fn a_malformed_escape_from_a_variable_is_an_error() {
        assert!(parse("a=${X}", &|_| Some(r"C:\users".to_owned())).is_err());
    }

    #[test]
    fn lines_are_counted_from_one() {
        let properties = parse("# c\na=1,\\\n2\nb=3", &|_| None).expect("well formed");
        assert_eq!(properties.iter().map(|property| property.line).collect::<Vec<_>>(), [2, 4]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([a-z.=:#! \\\\\n\r\t${}]|flyway\\.|é){0,60}", value in "[\\\\ua-f0-9\n]{0,8}") {
            let _ = parse(&text, &|_| Some(value.clone()));
        }
    }
}
