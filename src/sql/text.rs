//! Lines and positions in a text. A line ends at `\n`, `\r` or `\r\n`, as editors and Java's `BufferedReader` see it.

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The place of a byte offset. An offset beyond the end gives the end.
pub fn position(text: &str, offset: usize) -> Position {
    Positions::new(text).at(offset)
}

/// The lines of a text without their ends. A final line end does not begin another line; an empty text has none.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = rest.find(['\n', '\r']) else {
            return Some(std::mem::take(&mut rest));
        };
        let (line, tail) = rest.split_at(end);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
        Some(line)
    })
}

/// Positions of rising offsets, found in one walk through the text.
pub(super) struct Positions<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
    after_return: bool,
}

impl<'a> Positions<'a> {
    pub(super) fn new(text: &'a str) -> Positions<'a> {
        Positions { text, offset: 0, position: Position { line: 1, column: 1 }, after_return: false }
    }

    /// The place of `offset`; walks from the last place asked for, or from the start when that lies behind.
    pub(super) fn at(&mut self, offset: usize) -> Position {
        if offset < self.offset {
            *self = Positions::new(self.text);
        }
        let rest = self.text.get(self.offset..).unwrap_or_default();
        for (index, character) in rest.char_indices() {
            if self.offset + index >= offset {
                self.offset += index;
                return self.position;
            }
            self.pass(character, self.offset + index);
        }
        self.offset = self.text.len();
        self.position
    }

    fn pass(&mut self, character: char, offset: usize) {
        match character {
            // The second half of `\r\n`, and a byte order mark, take no room.
            '\n' if self.after_return => {}
            '\u{feff}' if offset == 0 => {}
            '\n' | '\r' => self.position = Position { line: self.position.line + 1, column: 1 },
            _ => self.position.column += 1,
        }
        self.after_return = character == '\r';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_newline_return_and_both() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("a", &["a"]),
            ("a\nb\rc\r\nd", &["a", "b", "c", "d"]),
            ("a\n", &["a"]),
            ("\n\r\n\r", &["", "", ""]),
            ("a\n\rb", &["a", "", "b"]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn positions_count_characters_and_every_kind_of_line_end() {
        let text = "\u{feff}é1\r\nb\rc\nd";
        let found: Vec<_> = text
            .char_indices()
            .map(|(offset, character)| {
                let place = position(text, offset);
                (character, place.line, place.column)
            })
            .collect();
        assert_eq!(
            found,
            [
                ('\u{feff}', 1, 1),
                ('é', 1, 1),
                ('1', 1, 2),
                ('\r', 1, 3),
                ('\n', 2, 1),
                ('b', 2, 1),
                ('\r', 2, 2),
                ('c', 3, 1),
                ('\n', 3, 2),
                ('d', 4, 1),
            ]
        );
        assert_eq!(position(text, 1000), Position { line: 4, column: 2 });
    }

    #[test]
    fn positions_may_be_asked_in_any_order() {
        let mut positions = Positions::new("ab\ncd");
        assert_eq!(positions.at(4), Position { line: 2, column: 2 });
        assert_eq!(positions.at(1), Position { line: 1, column: 2 });
        assert_eq!(positions.at(3), Position { line: 2, column: 1 });
    }
}
