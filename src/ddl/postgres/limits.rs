//! What is given to the parser, and what becomes of the rest.
//!
//! The parser descends into nested expressions, so a text that nests without measure would exhaust the stack.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dunlin_compat::model::Dialect;
use squawk_syntax::ast::AstNode;
use squawk_syntax::{Parse, SourceFile, SyntaxKind};

use crate::ddl::{Change, ChangeKind, RowChange, TableName};
use crate::sql::{self, ObjectKind, TargetAction};

/// Longer statements carry rows or the bodies of functions; their first words tell what matters.
const LONGEST: usize = 128 << 10;
const DEEPEST: usize = 100;
const MOST_OPERATORS: usize = 4000;
const MOST_PREFIXES: usize = 200;

/// A statement, parsed.
pub(crate) struct Parsed {
    /// The tree with its errors.
    pub parse: Parse<SourceFile>,
    /// The tree's root.
    pub file: SourceFile,
    /// The places that the parser stumbled over.
    pub unread: Vec<Range<usize>>,
}

/// Parses, unless the text is too large or too deeply nested.
pub(crate) fn parse(text: &str) -> Option<Parsed> {
    if text.len() > LONGEST || is_too_deep(text) {
        return None;
    }
    // The parser asserts that it makes progress; were it ever not to, one statement is unread rather than all.
    catch_unwind(AssertUnwindSafe(|| {
        let parse = SourceFile::parse(text);
        let file = SourceFile::cast(parse.syntax_node())?;
        let unread = unread(&parse, &file);
        Some(Parsed { parse, file, unread })
    }))
    .ok()
    .flatten()
}

/// What is wrong inside the body of a function is no matter of ours.
fn unread(parse: &Parse<SourceFile>, file: &SourceFile) -> Vec<Range<usize>> {
    let bodies: Vec<Range<usize>> = file
        .syntax()
        .descendants_with_tokens()
        .filter(|element| {
            element.kind() == SyntaxKind::DOLLAR_QUOTED_STRING || element.kind() == SyntaxKind::STRING
        })
        .map(|element| usize::from(element.text_range().start())..usize::from(element.text_range().end()))
        .collect();
    parse
        .errors()
        .iter()
        .map(|error| usize::from(error.range().start())..usize::from(error.range().end()))
        .filter(|place| !bodies.iter().any(|body| body.start < place.start && place.end < body.end))
        .collect()
}

fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut operators = 0;
    let mut prefixes = 0;
    let mut previous = b'(';
    let mut word = 0;
    for (index, &byte) in text.as_bytes().iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^'
            | b'&' | b'|' | b'?' | b':' | b'.' => {
                operators += 1;
                if b"+-*/<>=~!@#%^&|?([,".contains(&previous) {
                    prefixes += 1;
                }
            }
            _ => {}
        }
        if byte.is_ascii_alphabetic() {
            word += 1;
        } else {
            let ended = text.get(index.saturating_sub(word)..index).unwrap_or_default();
            if (3..=7).contains(&word)
                && ["not", "case", "explain", "array", "setof"]
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(ended))
            {
                prefixes += 1;
            }
            if (2..=5).contains(&word)
                && ["and", "or", "join", "union"].iter().any(|it| it.eq_ignore_ascii_case(ended))
            {
                operators += 1;
            }
            word = 0;
        }
        if !byte.is_ascii_whitespace() {
            previous = byte;
        }
        if depth > DEEPEST || operators > MOST_OPERATORS || prefixes > MOST_PREFIXES {
            return true;
        }
    }
    false
}

/// What the first words of a statement tell.
pub(super) fn head(text: &str) -> Change {
    let words: Vec<&str> = text
        .split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .filter(|word| !word.is_empty())
        .take(2)
        .collect();
    let verb = sql::first_word(text, Dialect::Postgres);
    let facts = sql::classify(text, Dialect::Postgres, (u32::MAX, 0, 0));
    let kind = match verb.as_str() {
        "INSERT" => insert(text),
        "SELECT" | "VALUES" | "TABLE" => Some(ChangeKind::Query),
        "DO" | "CALL" | "EXECUTE" => Some(ChangeKind::Opaque { verb: verb.clone() }),
        _ => None,
    };
    let routine = facts.target.filter(|target| {
        target.action == TargetAction::Create
            && matches!(target.kind, ObjectKind::Function | ObjectKind::Procedure)
    });
    let routine = routine.and_then(|target| {
        let name = target.names.first()?;
        Some(ChangeKind::CreateRoutine {
            name: TableName { schema: name.schema.clone(), name: name.name.clone() },
            or_replace: target.or_replace,
        })
    });
    let kind = kind.or(routine).unwrap_or_else(|| ChangeKind::Other {
        words: words.iter().map(|word| word.to_ascii_uppercase()).collect::<Vec<_>>().join(" "),
    });
    Change { kind, span: 0..text.len() }
}

/// `INSERT INTO shop.orders …`: what stands before the rows is short enough to be parsed.
fn insert(text: &str) -> Option<ChangeKind> {
    let end = text.find(['(', ';']).or_else(|| text.to_ascii_lowercase().find("values"))?;
    let name = text.get(..end)?;
    let parsed = parse(&format!("{name} DEFAULT VALUES"))?;
    let insert = parsed.file.syntax().descendants().find(|node| node.kind() == SyntaxKind::INSERT)?;
    let table = super::tree::name(&insert)?;
    Some(ChangeKind::Rows(RowChange::Insert { table, from_query: false }))
}
