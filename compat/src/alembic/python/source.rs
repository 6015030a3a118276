//! Python source files: bytes to text (PEP 263), text to a syntax tree.

use std::borrow::Cow;

use encoding_rs::Encoding;
use ruff_python_ast::ModModule;
use ruff_text_size::{Ranged, TextSize};
use thiserror::Error;

use super::text::repr;

/// The largest source taken, in bytes. No migration is as large; data belongs elsewhere.
const LARGEST: usize = 16 * 1024 * 1024;

/// Stack that the parser and what walks its tree may need for each byte of source, in bytes: nesting costs at least a
/// byte per level.
const STACK_PER_BYTE: usize = 2048;

/// Why a source cannot be read as Python.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SourceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The text of a source file, with line feeds as its only line ends and without a byte order mark.
///
/// # Errors
/// An encoding that is not known, or bytes that are not in it.
pub fn decode(bytes: &[u8]) -> Result<String, SourceError> {
    if bytes.len() > LARGEST {
        let message = format!("the file is larger than {} MiB", LARGEST / 1024 / 1024);
        return Err(SourceError { line: 1, message });
    }
    let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let declared = declared_encoding(bytes);
    if let Some((name, line)) = declared.as_ref().filter(|(name, _)| marked && !is_utf8(name)) {
        let message = format!("encoding problem: {name} with BOM");
        return Err(SourceError { line: *line, message });
    }
    let text = match declared {
        Some((name, line)) if !is_utf8(&name) => decode_as(bytes, &name, line)?,
        _ => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|error| {
            let line = line_of_byte(bytes, error.valid_up_to());
            let message = "the file is not UTF-8; save it as UTF-8, or declare its encoding in the first line as in \
                           `# -*- coding: latin-1 -*-`";
            SourceError { line, message: message.to_owned() }
        })?),
    };
    if let Some(zero) = text.bytes().position(|byte| byte == 0) {
        let message = "source code cannot contain null bytes".to_owned();
        return Err(SourceError { line: line_of_byte(text.as_bytes(), zero), message });
    }
    if text.contains('\r') {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Ok(text.into_owned())
}

fn line_of_byte(bytes: &[u8], offset: usize) -> usize {
    1 + bytes.iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// The encoding that a comment in the first two lines declares, with its line.
fn declared_encoding(bytes: &[u8]) -> Option<(String, usize)> {
    for (index, line) in bytes.split(|byte| *byte == b'\n' || *byte == b'\r').take(2).enumerate() {
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c'));
        // The second line counts only behind a comment or nothing.
        match start.map(|start| line.get(start..).unwrap_or_default()) {
            Some(comment) if comment.starts_with(b"#") => {
                if let Some(name) = coding(&String::from_utf8_lossy(comment)) {
                    return Some((name, index + 1));
                }
            }
            None => {}
            Some(_) => return None,
        }
    }
    None
}

/// `coding[:=][ \t]*([-\w.]+)` in a comment.
fn coding(comment: &str) -> Option<String> {
    comment.match_indices("coding").find_map(|(index, word)| {
        let rest = comment.get(index + word.len()..)?.strip_prefix([':', '='])?;
        let rest = rest.trim_start_matches([' ', '\t']);
        let fits = |character: char| {
            character == '-' || character == '_' || character == '.' || character.is_alphanumeric()
        };
        let name: String = rest.chars().take_while(|character| fits(*character)).collect();
        (!name.is_empty()).then_some(name)
    })
}

/// A codec's name as Python compares it.
fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn is_utf8(name: &str) -> bool {
    matches!(
        normalized(name).as_str(),
        "utf-8"
            | "utf8"
            | "u8"
            | "utf"
            | "utf-8-sig"
            | "utf8-sig"
            | "utf-8-unix"
            | "utf-8-mac"
            | "utf-8-dos"
            | "cp65001"
    )
}

fn decode_as<'b>(bytes: &'b [u8], name: &str, line: usize) -> Result<Cow<'b, str>, SourceError> {
    let malformed = || SourceError {
        line,
        message: format!("the file is not in the encoding {} that it declares", repr(name)),
    };
    let table = match normalized(name).as_str() {
        "ascii" | "us-ascii" | "646" => {
            return std::str::from_utf8(bytes)
                .ok()
                .filter(|text| text.is_ascii())
                .map(Cow::Borrowed)
                .ok_or_else(malformed);
        }
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" | "cp819" | "latin" => {
            return Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into());
        }
        "iso-8859-15" | "iso8859-15" | "latin-9" | "l9" => encoding_rs::ISO_8859_15,
        "iso-8859-2" | "iso8859-2" | "latin-2" | "latin2" | "l2" => encoding_rs::ISO_8859_2,
        "cp1250" | "windows-1250" => encoding_rs::WINDOWS_1250,
        "cp1251" | "windows-1251" => encoding_rs::WINDOWS_1251,
        "cp1252" | "windows-1252" => encoding_rs::WINDOWS_1252,
        "koi8-r" => encoding_rs::KOI8_R,
        _ => {
            let message = format!("the encoding {} is not known here; save the file as UTF-8", repr(name));
            return Err(SourceError { line, message });
        }
    };
    decode_table(bytes, table).ok_or_else(malformed)
}

/// Where the WHATWG fills the holes of a table with control characters, Python has an error.
fn decode_table<'b>(bytes: &'b [u8], table: &'static Encoding) -> Option<Cow<'b, str>> {
    let text = table.decode_without_bom_handling_and_without_replacement(bytes)?;
    let filled = table != encoding_rs::ISO_8859_15 && table != encoding_rs::ISO_8859_2;
    let holes = |character: char| ('\u{80}'..='\u{9f}').contains(&character);
    if filled && text.contains(holes) { None } else { Some(text) }
}

/// Tells the lines of offsets.
#[derive(Debug, Clone)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Lines {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines { starts: std::iter::once(0).chain(breaks.map(|(index, _)| index + 1)).collect() }
    }

    /// The line of an offset, from 1.
    pub fn of_offset(&self, offset: TextSize) -> usize {
        self.starts.partition_point(|start| *start <= offset.to_usize())
    }

    /// The line on which a node begins, from 1.
    pub fn of_node(&self, node: &impl Ranged) -> usize {
        self.of_offset(node.start())
    }
}

/// Parses a module and hands its tree to `then`, on a stack that is large enough for whatever nests in it.
///
/// # Errors
/// A syntax error.
pub fn with_module<R>(text: &str, then: impl FnOnce(&ModModule, &Lines) -> R) -> Result<R, SourceError> {
    let stack = text.len().min(LARGEST).saturating_mul(STACK_PER_BYTE).max(256 * 1024);
    stacker::maybe_grow(stack, stack.saturating_mul(2), || {
        let lines = Lines::of(text);
        match ruff_python_parser::parse_module(text) {
            Ok(module) => Ok(then(module.syntax(), &lines)),
            Err(error) => Err(SourceError {
                line: lines.of_offset(error.location.start()),
                message: format!("SyntaxError: {}", error.error),
            }),
        }
    })
}

/// The module's docstring as the compiler of Python 3.13 and later keeps it: without the indentation that all lines but
/// the first share. None if there is none.
pub fn docstring(module: &ModModule) -> Option<String> {
    let first = module.body.first()?.as_expr_stmt()?;
    let literal = first.value.as_string_literal_expr()?;
    Some(clean(literal.value.to_str()))
}

/// `_PyCompile_CleanDoc`.
fn clean(text: &str) -> String {
    let text = expand_tabs(text);
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().trim_start_matches(' ').to_owned();
    let rest: Vec<&str> = lines.collect();
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let margin =
        rest.iter().filter(|line| !line.trim_start_matches(' ').is_empty()).map(indent).min().unwrap_or(0);
    let cut = |line: &&str| line.get(indent(line).min(margin)..).unwrap_or_default().to_owned();
    std::iter::once(first).chain(rest.iter().map(cut)).collect::<Vec<String>>().join("\n")
}

/// `str.expandtabs()`: to columns of eight, counted in characters.
fn expand_tabs(text: &str) -> String {
    if !text.contains('\t') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let blanks = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            '\n' | '\r' => {
                out.push(character);
                column = 0;
            }
            _ => {
                out.push(character);
                column += 1;
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
