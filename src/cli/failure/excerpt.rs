//! The part of a file that an error is about.

use std::path::Path;

use miette::NamedSource;

use crate::engine::StatementFailure;

/// A part of a file to underline.
#[derive(Debug)]
pub(super) struct Excerpt {
    pub(super) source: NamedSource<String>,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) label: String,
}

/// The failed statement in its file, underlined at the server's position or on its first line. The text that ran may
/// differ from the file's (placeholders); then the line must do.
pub(super) fn excerpt_of_statement(failed: &StatementFailure) -> Option<Excerpt> {
    let text = std::fs::read_to_string(&failed.path).ok()?;
    let line_start = offset_of_line(&text, failed.line)?;
    let statement_start = line_start + text.get(line_start..)?.find(&failed.statement)?;
    let first_line_length = failed.statement.find(['\n', '\r']).unwrap_or(failed.statement.len());
    let (offset, length) = match failed.error.position {
        Some(position) => {
            let characters = usize::try_from(position).ok()?.checked_sub(1)?;
            let offset =
                failed.statement.char_indices().nth(characters).map_or(failed.statement.len(), |(at, _)| at);
            let rest = failed.statement.get(offset..)?;
            let word = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            (offset, word.unwrap_or(rest.len()).max(1))
        }
        None => (0, first_line_length),
    };
    excerpt(&failed.path, text, statement_start + offset, length)
}

pub(super) fn excerpt_of_line(path: &Path, line: usize) -> Option<Excerpt> {
    excerpt_of_text(path, std::fs::read_to_string(path).ok()?, line)
}

/// The same where a file is shown by another text than its own.
pub(super) fn excerpt_of_text(path: &Path, text: String, line: usize) -> Option<Excerpt> {
    let offset = offset_of_line(&text, line)?;
    let rest = text.get(offset..)?;
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    excerpt(path, text, offset, length)
}

/// The text without what would act on a terminal; every byte stays where it is.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| match character {
            '\n' | '\t' => std::iter::repeat_n(character, 1),
            '\r' => std::iter::repeat_n(' ', 1),
            control if control.is_control() => std::iter::repeat_n('?', control.len_utf8()),
            other => std::iter::repeat_n(other, 1),
        })
        .collect()
}

/// Longer lines are data; an excerpt of them would bury the message.
const LONGEST_LINE: usize = 500;

fn excerpt(path: &Path, text: String, offset: usize, length: usize) -> Option<Excerpt> {
    let (before, behind) = text.split_at_checked(offset)?;
    // The line and its neighbours are shown.
    let near = before.rsplit('\n').take(2).chain(behind.split('\n').take(2));
    if near.map(str::len).any(|length| length > LONGEST_LINE) {
        return None;
    }
    let length = length.min(behind.len());
    let source = NamedSource::new(path.display().to_string(), printable(&text));
    Some(Excerpt { source, offset, length, label: "here".to_owned() })
}

/// The byte offset at which a line (from 1) begins.
fn offset_of_line(text: &str, line: usize) -> Option<usize> {
    if line <= 1 {
        return Some(0);
    }
    text.match_indices('\n').nth(line - 2).map(|(at, _)| at + 1)
}
