//! Java's way of splitting and trimming text, where it differs from Rust's.

/// `String.split(",")`: trailing empty parts are dropped, and the empty text is one empty part.
pub(super) fn split_commas(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![String::new()];
    }
    let mut parts: Vec<String> = text.split(',').map(str::to_owned).collect();
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts
}

/// `StringUtils.tokenizeToStringArray(text, ",")`: as [`split_commas`], each part trimmed.
pub(super) fn tokenize(text: &str) -> Vec<String> {
    split_commas(text).iter().map(|part| trim(part).to_owned()).collect()
}

/// `String.trim()`: drops characters up to U+0020 at both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// `String.strip()`: drops what `Character.isWhitespace` accepts, which excludes no-break spaces.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|character: char| match character {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}' => false,
        '\u{1c}'..='\u{1f}' => true,
        _ => character.is_whitespace(),
    })
}

/// `StringUtils.hasText`.
pub(super) fn has_text(text: &str) -> bool {
    !trim(text).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_split_as_in_java() {
        let cases: &[(&str, &[&str])] =
            &[("", &[""]), (",", &[]), ("a,b", &["a", "b"]), ("a, b,,", &["a", " b"]), (",a", &["", "a"])];
        for (text, parts) in cases {
            assert_eq!(split_commas(text), *parts, "{text:?}");
        }
        assert_eq!(tokenize(" a , b "), ["a", "b"]);
    }
}
