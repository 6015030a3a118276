//! The tokens of a text, for those who look for names in it.

use dunlin_compat::model::Dialect;

use super::lexer::{Lexer, TokenKind};

/// What a [`Piece`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes.
    QuotedName,
    /// A string.
    Literal,
    /// A comment that the server ignores.
    Comment,
    /// Anything else.
    Other,
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: PieceKind,
    /// As it is written, with quotes.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
}

impl Piece<'_> {
    /// The name that is written, without quotes; `None` for what is no name.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            PieceKind::Word => Some(self.text.to_owned()),
            PieceKind::QuotedName => {
                let inner = self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default();
                let mark = self.text.get(..1).unwrap_or_default();
                Some(inner.replace(&mark.repeat(2), mark))
            }
            _ => None,
        }
    }

    /// Whether it is this keyword, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == PieceKind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens of a text, as far as it makes sense.
pub fn pieces(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut lexer = Lexer::new(text, 0, dialect);
    let mut pieces = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        let kind = match token.kind {
            TokenKind::Word => PieceKind::Word,
            TokenKind::QuotedName => PieceKind::QuotedName,
            TokenKind::Literal => PieceKind::Literal,
            TokenKind::Comment => PieceKind::Comment,
            _ => PieceKind::Other,
        };
        pieces.push(Piece { kind, text: token.text(text), start: token.start });
    }
    pieces
}

/// The text with strings of the same length that hold nothing to stumble over.
pub(crate) fn without_literals(text: &str, dialect: Dialect) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut done = 0;
    for piece in pieces(text, dialect).iter().filter(|piece| piece.kind == PieceKind::Literal) {
        // `U&` before it decides what may follow.
        let prefix = if piece.text.starts_with('$') { 0 } else { piece.text.find('\'').unwrap_or(0) };
        plain.push_str(text.get(done..piece.start + prefix).unwrap_or_default());
        plain.push('\'');
        // Bits and bytes are digits, and `x` may be what escapes in `U&'…'`.
        let filler = if piece.text.starts_with(['B', 'b', 'X', 'x', 'U', 'u']) { '0' } else { 'x' };
        plain.extend(std::iter::repeat_n(filler, piece.text.len().saturating_sub(prefix + 2)));
        plain.push('\'');
        done = piece.start + piece.text.len();
    }
    plain.push_str(text.get(done..).unwrap_or_default());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_keep_their_places() {
        let text = "SELECT E'a\\'b', 'c'\n '; d', $$e'$$, B'10', U&'f' UESCAPE '!', \"g'\"";
        let plain = "SELECT E'xxxx', 'x'\n 'xxx', 'xxxx', B'00', U&'0' UESCAPE 'x', \"g'\"";
        assert_eq!(without_literals(text, Dialect::Postgres), plain);
    }
}
