//! ERB as Rails gives it to `config/database.yml`: without a trim mode, so `-%>` is no end of a tag but an error of Ruby's.

use std::cell::Cell;

use super::ruby::evaluate::{Evaluator, Stop, Surroundings};
use super::ruby::lexer::{self, NotKnown, Spanned};
use super::ruby::parser;
use super::ruby::tree::{Expression, Unit};

/// What a template gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text. Where only Ruby knows what belongs there, a mark stands for it: see [`mark`].
    pub text: String,
    /// What only Ruby knows, by the number of its mark.
    pub unknown: Vec<Unknown>,
}

/// An expression that only Ruby knows the value of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The line, from 1.
    pub line: usize,
    /// What stands in the tag.
    pub expression: String,
    /// What of it is not known.
    pub reason: String,
}

/// Why a template gives no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// Only Ruby knows what its code does.
    NotKnown(Unknown),
    /// Ruby would raise this.
    Raised {
        /// The line, from 1.
        line: usize,
        /// The message.
        message: String,
    },
}

const MARK_BEGIN: char = '\u{e000}';
const MARK_END: char = '\u{e001}';

/// The mark of an unknown value: a letter for private use on each side of its number.
fn mark(number: usize) -> String {
    format!("{MARK_BEGIN}{number}{MARK_END}")
}

/// The numbers of the marks in a text.
pub fn marks(text: &str) -> Vec<usize> {
    let after = text.split(MARK_BEGIN).skip(1);
    after.filter_map(|rest| rest.split_once(MARK_END)?.0.parse().ok()).collect()
}

struct Output {
    line: usize,
    text: String,
    parsed: Result<Expression, NotKnown>,
}

/// Renders a template.
///
/// # Errors
/// What its code does is not known, or it raises.
pub fn render(text: &str, around: Surroundings<'_>) -> Result<Rendered, TemplateError> {
    if !text.contains("<%") {
        return Ok(Rendered { text: text.to_owned(), unknown: Vec::new() });
    }
    let (units, outputs) = cut(text)?;
    let statements = parser::program(&units).map_err(|stop| at_line(text, &stop))?;
    let mut unknown = Vec::new();
    let reached = Cell::new(1);
    let mut written = |number: usize, evaluator: &mut Evaluator<'_>| {
        let Some(output) = outputs.get(number) else {
            return Ok(String::new());
        };
        reached.set(output.line);
        let reason = match &output.parsed {
            Err(stop) => stop.what.to_owned(),
            Ok(expression) => match evaluator.output(expression) {
                Err(Stop::NotKnown(reason)) => reason,
                other => return other,
            },
        };
        let entry = Unknown { line: output.line, expression: output.text.clone(), reason };
        unknown.push(entry);
        Ok(mark(unknown.len() - 1))
    };
    let mut evaluator = Evaluator::new(around);
    match evaluator.run(&statements, &mut written) {
        Ok(_) => Ok(Rendered { text: evaluator.written, unknown }),
        Err((Stop::NotKnown(reason), line)) => {
            Err(TemplateError::NotKnown(Unknown { line, expression: line_of(text, line), reason }))
        }
        Err((Stop::Raised(message), line)) => {
            Err(TemplateError::Raised { line: if line == 0 { reached.get() } else { line }, message })
        }
    }
}

fn at_line(text: &str, stop: &NotKnown) -> TemplateError {
    TemplateError::NotKnown(Unknown {
        line: stop.line,
        expression: line_of(text, stop.line),
        reason: stop.what.to_owned(),
    })
}

fn line_of(text: &str, line: usize) -> String {
    text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned()
}

/// Text, code and outputs in their order.
fn cut(text: &str) -> Result<(Vec<Unit>, Vec<Output>), TemplateError> {
    let mut units = Vec::new();
    let mut outputs: Vec<Output> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let mut line = 1;
    while let Some((before, after)) = rest.split_once("<%") {
        plain.push_str(before);
        line += newlines(before);
        if let Some(after) = after.strip_prefix('%') {
            plain.push_str("<%");
            rest = after;
            continue;
        }
        let not_known = |what: &'static str| at_line(text, &NotKnown { line, what });
        let end = end_of_tag(after).ok_or_else(|| not_known("a tag without end"))?;
        let (code, tail) = after.split_at_checked(end).ok_or_else(|| not_known("a tag without end"))?;
        rest = tail.strip_prefix("%>").unwrap_or(tail);
        units.push(Unit::Text(std::mem::take(&mut plain)));
        let unescaped = code.replace("%%>", "%>");
        if let Some(code) = unescaped.strip_prefix('=') {
            let parsed =
                lexer::tokens(code, line).and_then(|tokens| match ends_in_comment(code, &tokens, line) {
                    true => Err(NotKnown { line, what: "a comment that reaches beyond the tag" }),
                    false => parser::expression(&tokens),
                });
            units.push(Unit::Output(outputs.len()));
            outputs.push(Output { line, text: code.trim().to_owned(), parsed });
        } else if !unescaped.starts_with('#') {
            let tokens = lexer::tokens(&unescaped, line).map_err(|stop| at_line(text, &stop))?;
            if ends_in_comment(&unescaped, &tokens, line) {
                return Err(not_known("a comment that reaches beyond the tag"));
            }
            units.extend(tokens.into_iter().map(Unit::Token));
            let newline = Spanned { token: lexer::Token::Newline, line, after_blank: true };
            units.push(Unit::Token(newline));
        }
        line += newlines(code);
    }
    plain.push_str(rest);
    units.push(Unit::Text(plain));
    units.retain(|unit| !matches!(unit, Unit::Text(text) if text.is_empty()));
    Ok((units, outputs))
}

/// The first `%>` that is not written `%%>`.
fn end_of_tag(code: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + code.get(from..)?.find("%>")?;
        if !code.get(..at)?.ends_with('%') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// ERB puts what follows a tag on the same line of Ruby: a comment swallows it.
fn ends_in_comment(code: &str, tokens: &[Spanned], line: usize) -> bool {
    let last = code.rsplit('\n').next().unwrap_or_default();
    if !last.contains('#') {
        return false;
    }
    // The tokens with and without what follows a sign at the end tell whether the end is read at all.
    match lexer::tokens(&format!("{code} end_of_tag"), line) {
        Ok(more) => more.len() == tokens.len(),
        Err(_) => true,
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests;
