//! What Python's `str` calls white space, a word, printable.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// `str.isspace` of one character, which is also `\s` of the module `re`.
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// `str.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.rstrip()`.
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `\w` of the module `re`: letters, numbers and the underscore. Marks, such as the vowel signs of Indian scripts, are
/// none, though Unicode calls them alphabetic.
pub fn is_word(character: char) -> bool {
    character == '_'
        || matches!(
            character.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
        )
}

/// `repr` of a string.
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for character in text.chars() {
        push_escaped(&mut shown, character, quote);
    }
    shown.push(quote);
    shown
}

fn push_escaped(shown: &mut String, character: char, quote: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        '\\' => shown.push_str("\\\\"),
        _ if character == quote => {
            shown.push('\\');
            shown.push(quote);
        }
        _ if is_printable(character) => shown.push(character),
        _ => {
            let code = u32::from(character);
            shown.push_str(&match code {
                0..=0xff => format!("\\x{code:02x}"),
                0x100..=0xffff => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            });
        }
    }
}

/// `str.isprintable` of one character.
fn is_printable(character: char) -> bool {
    character == ' '
        || !matches!(
            character.general_category_group(),
            GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator
        )
}

/// `repr` of a tuple of strings.
pub fn repr_tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({},)", repr(one)),
        _ => format!("({})", join_repr(items)),
    }
}

/// `repr` of a list of strings.
pub fn repr_list(items: &[String]) -> String {
    format!("[{}]", join_repr(items))
}

fn join_repr(items: &[String]) -> String {
    let shown: Vec<String> = items.iter().map(|item| repr(item)).collect();
    shown.join(", ")
}

/// `str.splitlines()`: breaks at more than line feeds.
pub fn split_lines(text: &str) -> Vec<&str> {
    let ends = |character: char| {
        matches!(
            character,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((line, tail)) = rest.find(ends).and_then(|end| rest.split_at_checked(end)) {
        lines.push(line);
        let mut characters = tail.chars();
        if characters.next() == Some('\r') && tail.starts_with("\r\n") {
            characters.next();
        }
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_shown_as_python_shows_it() {
        // Output of CPython 3.11.
        let cases = [
            ("orders", "'orders'"),
            ("it's", "\"it's\""),
            ("\"", "'\"'"),
            ("'\"", "'\\'\"'"),
            ("a\\b\n\r\t\0\u{7f}", r"'a\\b\n\r\t\x00\x7f'"),
            ("é\u{a0}\u{ad}\u{301}", "'é\\xa0\\xad\u{301}'"),
            ("\u{feff}\u{2028}", r"'\ufeff\u2028'"),
            ("\u{1f600}\u{e0001}", "'\u{1f600}\\U000e0001'"),
        ];
        for (text, shown) in cases {
            assert_eq!(repr(text), shown);
        }
        assert_eq!(repr_tuple(&["a".to_owned()]), "('a',)");
        assert_eq!(repr_tuple(&["a".to_owned(), "b".to_owned()]), "('a', 'b')");
        assert_eq!(repr_tuple(&[]), "()");
        assert_eq!(repr_list(&["a".to_owned()]), "['a']");
    }

    #[test]
    fn marks_are_no_part_of_a_word() {
        for character in ['a', 'É', '_', '7', '٣', 'Ⅷ', '½', '字', 'ª'] {
            assert!(is_word(character), "{character}");
        }
        for character in ['\u{93f}', '\u{301}', 'Ⓐ', '-', ' ', '\u{200d}'] {
            assert!(!is_word(character), "{character:?}");
        }
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(split_lines("a\r\nb\rc\n\nd\u{2028}e\u{b}"), ["a", "b", "c", "", "d", "e"]);
        assert_eq!(split_lines(""), [] as [&str; 0]);
        assert_eq!(strip(" \u{1f}\u{a0}a \n"), "a");
    }
}
