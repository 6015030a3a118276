//! The parts of a Mako template (class `mako.lexer.Lexer`), as far as templates of revisions use them.

use crate::alembic::python::text::is_space;

/// A part, with its line from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub line: usize,
    pub part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text to be copied.
    Text(String),
    /// `${code | filters}`.
    Expression { code: String, filters: Vec<String> },
    /// `% keyword …`, or `% endkeyword`.
    Control { keyword: String, is_end: bool, code: String },
    /// `<% code %>` or `<%! code %>`.
    Code(String),
}

/// A part that is not followed, or malformed: its line and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub line: usize,
    pub what: String,
}

/// Splits a template into its parts.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Refused> {
    let mut lexer = Lexer { text, position: 0, nodes: Vec::new() };
    lexer.skip_coding();
    while lexer.position < text.len() {
        lexer.next()?;
    }
    Ok(lexer.nodes)
}

struct Lexer<'t> {
    text: &'t str,
    position: usize,
    nodes: Vec<Node>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn line(&self) -> usize {
        1 + self.text.bytes().take(self.position).filter(|byte| *byte == b'\n').count()
    }

    fn at_line_start(&self) -> bool {
        self.text.get(..self.position).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    }

    fn refuse<T>(&self, what: impl Into<String>) -> Result<T, Refused> {
        Err(Refused { line: self.line(), what: what.into() })
    }

    fn push(&mut self, line: usize, part: Part) {
        self.nodes.push(Node { line, part });
    }

    /// A first line that declares the encoding is no part of the output.
    fn skip_coding(&mut self) {
        let Some((first, _)) = self.text.split_once('\n') else {
            return;
        };
        let declares = first.split_once("coding").is_some_and(|(_, after)| after.starts_with([':', '=']));
        if first.starts_with('#') && declares {
            self.position = first.len() + 1;
        }
    }

    fn next(&mut self) -> Result<(), Refused> {
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix("${") {
            return self.expression(body);
        }
        if self.at_line_start() && self.line_statement()? {
            return Ok(());
        }
        if let Some(body) = rest.strip_prefix("<%doc>") {
            return match body.find("</%doc>") {
                Some(end) => {
                    self.position += "<%doc>".len() + end + "</%doc>".len();
                    Ok(())
                }
                None => self.refuse("an unclosed <%doc>"),
            };
        }
        if rest.starts_with("</%") {
            return self.refuse("a closing tag");
        }
        if let Some(body) = rest.strip_prefix("<%") {
            let tag: String =
                body.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':')).collect();
            if !tag.is_empty() {
                return self.refuse(format!("the tag <%{tag}>"));
            }
            return self.code(body);
        }
        self.copied_text();
        Ok(())
    }

    /// A control line, a comment line or an escaped percent sign at the start of a line.
    fn line_statement(&mut self) -> Result<bool, Refused> {
        let rest = self.rest();
        let indented = rest.trim_start_matches(['\t', ' ']);
        if indented.starts_with("##") || indented.starts_with('%') && !indented.starts_with("%%") {
            let line = self.line();
            let (statement, length) = logical_line(rest);
            self.position += length;
            let statement = statement.trim_start_matches(['\t', ' ']);
            if let Some(control) = statement.strip_prefix('%') {
                self.control(control.trim_start_matches(['\t', ' ']), line)?;
            }
            return Ok(true);
        }
        // White space before it may span lines, and is kept.
        let tail = rest.trim_start_matches(is_space);
        if let Some(after) = tail.strip_prefix("%%") {
            let more = after.len() - after.trim_start_matches('%').len();
            let blank = rest.len() - tail.len();
            let kept = format!("{}%{}", rest.get(..blank).unwrap_or_default(), "%".repeat(more));
            let line = self.line();
            self.position += blank + 2 + more;
            self.push(line, Part::Text(kept));
            return Ok(true);
        }
        Ok(false)
    }

    fn control(&mut self, text: &str, line: usize) -> Result<(), Refused> {
        let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let (keyword, is_end) = match word.strip_prefix("end") {
            Some(keyword) if !keyword.is_empty() => (keyword.to_owned(), true),
            _ => (word, false),
        };
        if !matches!(keyword.as_str(), "if" | "elif" | "else" | "for") {
            return Err(Refused { line, what: format!("the control line `% {}`", text.trim_end()) });
        }
        self.push(line, Part::Control { keyword, is_end, code: text.trim_end().to_owned() });
        Ok(())
    }

    fn expression(&mut self, body: &str) -> Result<(), Refused> {
        let line = self.line();
        let Some((code, end)) = until(body, &["|", "}"], true) else {
            return self.refuse("an unclosed ${");
        };
        let mut length = 2 + code.len() + end.len();
        let mut filters = Vec::new();
        if end == "|" {
            let after = body.get(code.len() + 1..).unwrap_or_default();
            let Some((names, _)) = until(after, &["}"], true) else {
                return self.refuse("an unclosed ${");
            };
            length += names.len() + 1;
            filters = names.split(',').map(|name| name.trim().to_owned()).collect();
        }
        self.position += length;
        self.push(line, Part::Expression { code: code.to_owned(), filters });
        Ok(())
    }

    fn code(&mut self, body: &str) -> Result<(), Refused> {
        let line = self.line();
        let (body, mark) = body.strip_prefix('!').map_or((body, 2), |body| (body, 3));
        let Some((code, end)) = until(body, &["%>"], false) else {
            return self.refuse("an unclosed <%");
        };
        self.position += mark + code.len() + end.len();
        self.push(line, Part::Code(code.to_owned()));
        Ok(())
    }

    /// Text up to whatever is none. A backslash at the end of a line takes the line end away with it.
    fn copied_text(&mut self) {
        let (line, start) = (self.line(), self.position);
        let rest = self.rest();
        let mut end = rest.len();
        let mut skipped = 0;
        for (index, character) in rest.char_indices() {
            let tail = rest.get(index..).unwrap_or_default();
            let ends = match character {
                '$' => tail.starts_with("${"),
                '<' => tail.starts_with("<%") || tail.starts_with("</%"),
                '\\' => {
                    skipped = ["\\\n", "\\\r\n"]
                        .iter()
                        .find(|end| tail.starts_with(**end))
                        .map_or(0, |end| end.len());
                    skipped > 0
                }
                _ => {
                    let before = rest.get(..index).unwrap_or_default();
                    let statement = tail.trim_start_matches(['\t', ' ']);
                    before.ends_with('\n') && (statement.starts_with('%') || statement.starts_with("##"))
                }
            };
            // What begins here was already found to be text.
            if ends && (index > 0 || skipped > 0) {
                end = index;
                break;
            }
        }
        self.position = start + end + skipped;
        if end > 0 {
            self.push(line, Part::Text(rest.get(..end).unwrap_or_default().to_owned()));
        }
    }
}

/// A line whose end may be escaped by a backslash: its text without the end, and its length with it.
fn logical_line(text: &str) -> (String, usize) {
    let mut length = 0;
    let mut line = String::new();
    for piece in text.split_inclusive('\n') {
        length += piece.len();
        let content =
            piece.strip_suffix('\n').map_or(piece, |piece| piece.strip_suffix('\r').unwrap_or(piece));
        match content.strip_suffix('\\').filter(|_| piece.ends_with('\n')) {
            Some(continued) => {
                line.push_str(continued);
                line.push('\n');
            }
            None => {
                line.push_str(content);
                break;
            }
        }
    }
    (line, length)
}

/// Python code up to one of the ends that stands in no string and no comment and, if nesting counts, in no bracket.
fn until<'t>(text: &'t str, ends: &[&'static str], nesting: bool) -> Option<(&'t str, &'static str)> {
    let mut depth: i64 = 0;
    let mut position = 0;
    while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
        if let Some(after) = rest.strip_prefix('#') {
            position += 1 + after.find('\n').map_or(after.len(), |end| end + 1);
            continue;
        }
        if let Some(length) = string_literal(rest) {
            position += length;
            continue;
        }
        if (depth <= 0 || !nesting)
            && let Some(end) = ends.iter().find(|end| rest.starts_with(**end))
        {
            return text.get(..position).map(|code| (code, *end));
        }
        let character = rest.chars().next()?;
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        position += character.len_utf8();
    }
    None
}

/// The length of the string literal at the start of a text.
fn string_literal(text: &str) -> Option<usize> {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| text.starts_with(quote))?;
    let mut position = quote.len();
    while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return Some(position + quote.len());
        }
        let mut characters = rest.chars();
        let first = characters.next()?;
        position += first.len_utf8();
        if first == '\\' {
            position += characters.next().map_or(0, char::len_utf8);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part> {
        parse(text).unwrap().into_iter().map(|node| node.part).collect()
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn expression(code: &str, filters: &[&str]) -> Part {
        let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
        Part::Expression { code: code.to_owned(), filters }
    }

    #[test]
    fn text_and_expressions_are_told_apart() {
        assert_eq!(parts("a ${b} $c $ {d}"), [text("a "), expression("b", &[]), text(" $c $ {d}")]);
        assert_eq!(
            parts("${ {'a': '}'}['a'] | comma, n }"),
            [expression(" {'a': '}'}['a'] ", &["comma", "n"])]
        );
        assert_eq!(parts("${f(a | b)}"), [expression("f(a | b)", &[])]);
        assert_eq!(parts("a\\\nb\\c"), [text("a"), text("b\\c")]);
    }

    #[test]
    fn lines_may_be_control_lines_comments_or_neither() {
        let control = |keyword: &str, is_end, code: &str| Part::Control {
            keyword: keyword.to_owned(),
            is_end,
            code: code.to_owned(),
        };
        assert_eq!(
            parts("% if a:\nb\n  % endif\n## c\n%% d\n e %\n"),
            [
                control("if", false, "if a:"),
                text("b\n"),
                control("if", true, "endif"),
                text("%"),
                text(" d\n e %\n")
            ]
        );
        assert_eq!(parts("a % b\n"), [text("a % b\n")]);
        assert_eq!(parts("# -*- coding: utf-8 -*-\na"), [text("a")]);
        assert_eq!(
            parts("<%doc>x</%doc>a<%! import re %>b"),
            [text("a"), Part::Code(" import re ".to_owned()), text("b")]
        );
    }

    #[test]
    fn what_is_not_followed_is_refused_with_its_line() {
        let cases = [
            ("a\n<%def name=\"x()\">\n", 2, "the tag <%def>"),
            ("a\n\n% while a:\n", 3, "the control line `% while a:`"),
            ("${a", 1, "an unclosed ${"),
            ("a <% b", 1, "an unclosed <%"),
            ("</%def>", 1, "a closing tag"),
        ];
        for (template, line, what) in cases {
            assert_eq!(parse(template), Err(Refused { line, what: what.to_owned() }), "{template}");
        }
    }
}
