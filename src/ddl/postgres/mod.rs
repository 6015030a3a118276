//! PostgreSQL: reading statements on squawk's syntax tree, and what the server does for them.

mod columns;
mod defaults;
mod effects;
mod indexes;
mod limits;
mod objects;
mod rows;
mod session;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod types;

pub use defaults::NON_VOLATILE;
pub(super) use effects::effects;
pub(crate) use effects::has_not_null_check;
pub(crate) use limits::parse;
pub(crate) use tables::kind_by_name;
pub(crate) use types::{canonical, is_binary_coercible};

use dunlin_compat::model::Dialect;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::{Change, ChangeKind, Statement};
use crate::sql;

/// Reads one statement.
pub(super) fn read(text: &str) -> Statement {
    let Some(parsed) = limits::parse(text) else {
        let head = limits::head(text);
        // Rows, queries and bodies of functions may be as long as they like; of anything else too little is known.
        let is_unread = matches!(head.kind, ChangeKind::Other { .. });
        let unread = is_unread.then_some(0..text.len()).into_iter().collect();
        return Statement { changes: vec![head], unread, ..Statement::default() };
    };
    let found = read_file(&parsed);
    if found.unread.is_empty() {
        return found;
    }
    // `:from` of a batch is no expression of PostgreSQL; a parameter of its own keeps the places of what follows.
    let Some(found) =
        with_parameters(text).and_then(|text| limits::parse(&text)).map(|parsed| read_file(&parsed))
    else {
        return found;
    };
    found
}

/// Whether the parser stumbles over nothing but how strings are written, of which it does not know every way.
pub(crate) fn stumbles_over_strings(text: &str) -> bool {
    let plain = sql::without_literals(text, Dialect::Postgres);
    plain != text && limits::parse(&plain).is_some_and(|parsed| parsed.unread.is_empty())
}

fn with_parameters(text: &str) -> Option<String> {
    let parameters = sql::parameters(text, Dialect::Postgres).ok()?;
    if parameters.is_empty() {
        return None;
    }
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for parameter in &parameters {
        replaced.push_str(text.get(done..parameter.start)?);
        replaced.push_str("$1");
        replaced.extend(std::iter::repeat_n(' ', (parameter.end - parameter.start).saturating_sub(2)));
        done = parameter.end;
    }
    replaced.push_str(text.get(done..)?);
    Some(replaced)
}

fn read_file(parsed: &limits::Parsed) -> Statement {
    let file = &parsed.file;
    let mut statement = Statement { unread: parsed.unread.clone(), ..Statement::default() };
    for stmt in file.stmts() {
        if matches!(stmt, ast::Stmt::EmptyStmt(_)) {
            continue;
        }
        let before = statement.changes.len();
        read_stmt(&stmt, &mut statement.changes);
        if statement.changes.len() == before {
            let words = tree::first_words(stmt.syntax());
            statement.changes.push(tree::change(stmt.syntax(), ChangeKind::Other { words }));
        }
    }
    if statement.changes.is_empty() && !statement.unread.is_empty() {
        let words = tree::first_words(file.syntax());
        statement.changes.push(tree::change(file.syntax(), ChangeKind::Other { words }));
    }
    statement
}

fn read_stmt(stmt: &ast::Stmt, changes: &mut Vec<Change>) {
    let node = stmt.syntax();
    match node.kind() {
        SyntaxKind::ALTER_TABLE => tables::alter(node, changes),
        SyntaxKind::CREATE_TABLE
        | SyntaxKind::CREATE_TABLE_AS
        | SyntaxKind::CREATE_FOREIGN_TABLE
        | SyntaxKind::SELECT_INTO => tables::create(node, changes),
        SyntaxKind::DROP_TABLE | SyntaxKind::DROP_FOREIGN_TABLE | SyntaxKind::TRUNCATE => {
            tables::drop_or_truncate(node, changes);
        }
        SyntaxKind::CREATE_INDEX
        | SyntaxKind::DROP_INDEX
        | SyntaxKind::ALTER_INDEX
        | SyntaxKind::REINDEX
        | SyntaxKind::VACUUM
        | SyntaxKind::CLUSTER
        | SyntaxKind::REPACK => indexes::read(node, changes),
        _ => {
            rows::read(node, changes);
            session::read(node, changes);
            objects::read(node, changes);
        }
    }
}
