//! Looking at SQL text without a dialect: lines, and whether there is anything but comments.

/// The lines of a text with their ends, which are LF, CRLF or a lone CR. Joined they are the text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match rest.find(['\n', '\r']) {
            None => rest.len(),
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// The text with every line end as LF.
pub(super) fn with_plain_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What stands in a text, from nothing to something that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Whitespace.
    Blank,
    /// Comments.
    Comments,
    /// Something else. MySQL's `/*! … */` counts, since it runs.
    Statements,
}

/// What [`content`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// What stands there.
    pub(super) content: Content,
    /// The line, from 1, of the first statement or of the comment that does not end.
    pub(super) line: usize,
    /// Whether a block comment does not end.
    pub(super) open_comment: bool,
}

/// Classifies a text. Comments are `-- …`, `# …` and `/* … */`, nested or not.
pub(super) fn content(text: &str) -> Found {
    let mut content = Content::Blank;
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let line = line_at(text, rest);
        let executable = rest.starts_with("/*!") || rest.starts_with("/*M!");
        if rest.is_empty() {
            return Found { content, line, open_comment: false };
        } else if rest.starts_with("--") || rest.starts_with('#') {
            rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") && !executable {
            let Some(after) = after_block_comment(rest) else {
                return Found { content: Content::Comments, line, open_comment: true };
            };
            rest = after;
        } else {
            return Found { content: Content::Statements, line, open_comment: false };
        }
        content = Content::Comments;
    }
}

/// The line, from 1, on which `rest`, a tail of `text`, begins.
fn line_at(text: &str, rest: &str) -> usize {
    let before = &text[..text.len() - rest.len()];
    let at_start = before.is_empty() || before.ends_with(['\n', '\r']);
    lines(before).count() + usize::from(at_start)
}

fn after_block_comment(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    let mut rest = text;
    loop {
        let at = rest.find(['/', '*'])?;
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("/*") {
            (rest, depth) = (after, depth + 1);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (rest, depth) = (after, depth - 1);
            if depth == 0 {
                return Some(rest);
            }
        } else {
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        let found: Vec<&str> = lines("a\nb\r\nc\rd").collect();
        assert_eq!(found, ["a\n", "b\r\n", "c\r", "d"]);
    }

    #[test]
    fn content_tells_statements_from_comments() {
        let cases = [
            ("", Content::Blank, 1),
            (" \r\n\t", Content::Blank, 2),
            ("-- a\n# b\n/* c\n/* d */ */", Content::Comments, 4),
            ("-- a\nSELECT 1", Content::Statements, 2),
            ("/* a */\r\n\r\n/*! SET @a = 1 */", Content::Statements, 3),
            ("- 1", Content::Statements, 1),
        ];
        for (text, expected, line) in cases {
            let found = content(text);
            assert_eq!((found.content, found.line), (expected, line), "{text:?}");
        }
    }

    #[test]
    fn a_comment_without_end_is_noticed_where_it_begins() {
        let expected = Found { content: Content::Comments, line: 2, open_comment: true };
        assert_eq!(content("\n/* never closed"), expected);
    }

    proptest! {
        #[test]
        fn lines_joined_are_the_text(text in "[a\n\ré]{0,20}") {
            prop_assert_eq!(lines(&text).collect::<String>(), text);
        }

        #[test]
        fn content_never_panics(text in r"[-/*#!M\n\r é;]{0,24}") {
            let found = content(&text);
            prop_assert!(found.line >= 1);
        }
    }
}
