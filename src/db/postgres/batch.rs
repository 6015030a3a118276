//! Which statement of a message failed. The server tells how many were completed, and sometimes a position in the
//! whole text; nothing else.

/// The statements of one message, without the empty ones, for which the server answers nothing.
pub(super) struct Message {
    /// The text sent.
    pub text: String,
    /// Per statement sent: its index among all, where it begins in the text, its length; in characters.
    parts: Vec<Part>,
}

struct Part {
    index: usize,
    start: usize,
    length: usize,
}

impl Message {
    pub fn new<'a>(statements: impl Iterator<Item = (usize, &'a str)>) -> Message {
        let (indexes, statements): (Vec<usize>, Vec<&str>) = statements.unzip();
        let (text, starts) = super::super::text::join(&statements);
        let parts = indexes
            .into_iter()
            .zip(starts)
            .zip(statements)
            .map(|((index, start), statement)| Part { index, start, length: statement.chars().count() })
            .collect();
        Message { text, parts }
    }

    /// The indexes of the statements sent.
    pub fn indexes(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.index)
    }

    /// Which statement failed after `completed` ones, and the position relative to it.
    ///
    /// After the first completion the count is certain. Before it the whole text may have failed to parse, in which
    /// case nothing ran and only the position tells; without one it is the first statement, or with several cannot be
    /// told apart from a failure of the message as a whole (`whole`).
    pub fn failed(
        &self,
        completed: usize,
        position: Option<u32>,
        whole: bool,
    ) -> (Option<usize>, Option<u32>) {
        // Positions count from 1.
        let at = position.and_then(|position| usize::try_from(position).ok()?.checked_sub(1));
        let counted = self.parts.get(completed.min(self.parts.len().saturating_sub(1)));
        let part = match (completed, at) {
            (0, Some(at)) => self.parts.iter().rev().find(|part| part.start <= at),
            (0, None) if whole && self.parts.len() > 1 => None,
            _ => counted,
        };
        let relative = part.zip(at).and_then(|(part, at)| {
            let offset = at.checked_sub(part.start)?;
            u32::try_from(offset + 1).ok().filter(|_| offset <= part.length)
        });
        (part.map(|part| part.index), relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failed_statement_is_found() {
        // Statement 1 is empty and not sent: "SELECT é\n;\nSELECT x".
        let message = Message::new([(0, "SELECT é"), (2, "SELECT x")].into_iter());
        assert_eq!(message.text, "SELECT é\n;\nSELECT x");
        for (completed, position, whole, expected) in [
            (0, None, false, (Some(0), None)),
            (1, None, false, (Some(2), None)),
            (1, Some(19), false, (Some(2), Some(8))),
            (0, Some(8), false, (Some(0), Some(8))),
            // A parse error: nothing ran, the position is in the second.
            (0, Some(19), false, (Some(2), Some(8))),
            (0, None, true, (None, None)),
            (1, Some(2), false, (Some(2), None)),
            (5, None, false, (Some(2), None)),
            (0, Some(0), false, (Some(0), None)),
        ] {
            assert_eq!(message.failed(completed, position, whole), expected, "{completed} {position:?}");
        }
    }
}
