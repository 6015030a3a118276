//! Small questions to a node of the tree.

use std::ops::Range;

use squawk_syntax::ast::{AstNode, Literal, normalize_name_node};
use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::ddl::{Change, ChangeKind, TableName};

/// PostgreSQL cuts names to what fits.
const LONGEST_NAME: usize = 63;

/// The bytes of a node without blanks, comments and delimiter at its ends.
pub(super) fn span(node: &SyntaxNode) -> Range<usize> {
    let mut tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::SEMICOLON);
    let Some(first) = tokens.next() else {
        let range = node.text_range();
        return usize::from(range.start())..usize::from(range.end());
    };
    let last = tokens.last().unwrap_or_else(|| first.clone());
    usize::from(first.text_range().start())..usize::from(last.text_range().end())
}

pub(super) fn change(node: &SyntaxNode, kind: ChangeKind) -> Change {
    Change { kind, span: span(node) }
}

/// The text of a node as written.
pub(super) fn text(node: &SyntaxNode) -> String {
    node.text().to_string().trim().to_owned()
}

/// The words of a node in upper case with single blanks.
pub(super) fn words(node: &SyntaxNode) -> String {
    let words: Vec<String> = tokens(node).map(|token| token.text().to_ascii_uppercase()).collect();
    words.join(" ")
}

/// Its first words, to call a statement by.
pub(super) fn first_words(node: &SyntaxNode) -> String {
    let words: Vec<String> = tokens(node)
        .take(3)
        .take_while(|token| token.text().starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(|token| token.text().to_ascii_uppercase())
        .collect();
    words.join(" ")
}

/// Its tokens but blanks and comments.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia())
}

pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

pub(super) fn has_child(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children().any(|child| child.kind() == kind)
}

/// Whether a token of this kind stands right in the node.
pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.kind() == kind)
}

pub(super) fn find(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.descendants().find(|child| child.kind() == kind)
}

pub(super) fn is_cascade(node: &SyntaxNode) -> bool {
    has_child(node, SyntaxKind::CASCADE) || has_token(node, SyntaxKind::CASCADE_KW)
}

pub(super) fn if_exists(node: &SyntaxNode) -> bool {
    has_child(node, SyntaxKind::IF_EXISTS)
}

pub(super) fn if_not_exists(node: &SyntaxNode) -> bool {
    has_child(node, SyntaxKind::IF_NOT_EXISTS)
}

/// A name of one part, unquoted and folded.
pub(super) fn ident(node: &SyntaxNode) -> Option<String> {
    let name = normalize_name_node(node);
    let name = name.get(..name.floor_char_boundary(LONGEST_NAME)).unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The name in the first child of a kind.
pub(super) fn ident_in(node: &SyntaxNode, kind: SyntaxKind) -> Option<String> {
    child(node, kind).and_then(|child| ident(&child))
}

/// A qualified name: the first path in the node. A database's name before the schema's is left out.
pub(super) fn name(node: &SyntaxNode) -> Option<TableName> {
    let is_path = |kind| matches!(kind, SyntaxKind::PATH | SyntaxKind::PATH_REF);
    let path = node.descendants().find(|inner| is_path(inner.kind()))?;
    let mut parts: Vec<String> = path
        .descendants()
        .filter(|inner| matches!(inner.kind(), SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF))
        .filter_map(|segment| ident(&segment))
        .collect();
    let name = parts.pop()?;
    Some(TableName { schema: parts.pop(), name })
}

/// The qualified name in the first child of a kind.
pub(super) fn name_in(node: &SyntaxNode, kind: SyntaxKind) -> Option<TableName> {
    child(node, kind).and_then(|child| name(&child))
}

/// The qualified names in all descendants of a kind.
pub(super) fn names(node: &SyntaxNode, kind: SyntaxKind) -> Vec<TableName> {
    node.descendants().filter(|inner| inner.kind() == kind).filter_map(|inner| name(&inner)).collect()
}

/// The names of one part in all descendants of a kind.
pub(super) fn idents(node: &SyntaxNode, kind: SyntaxKind) -> Vec<String> {
    node.descendants().filter(|inner| inner.kind() == kind).filter_map(|inner| ident(&inner)).collect()
}

/// The strings written right in a node.
pub(super) fn strings(node: &SyntaxNode) -> Vec<String> {
    node.children().filter_map(Literal::cast).filter_map(|literal| literal.string_value()).collect()
}
