//! Indexes, and what rebuilds tables and indexes.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree;
use crate::ddl::{Change, ChangeKind, Index, IndexColumn, TableName};

pub(super) fn read(node: &SyntaxNode, changes: &mut Vec<Change>) {
    match node.kind() {
        SyntaxKind::CREATE_INDEX => changes.extend(create(node)),
        SyntaxKind::DROP_INDEX => {
            let names = tree::names(node, SyntaxKind::INDEX_REF);
            if !names.is_empty() {
                let kind = ChangeKind::DropIndex {
                    table: None,
                    names,
                    concurrently: tree::has_token(node, SyntaxKind::CONCURRENTLY_KW),
                    if_exists: tree::if_exists(node),
                    cascade: tree::is_cascade(node),
                };
                changes.push(tree::change(node, kind));
            }
        }
        SyntaxKind::ALTER_INDEX => changes.extend(alter(node)),
        SyntaxKind::REINDEX => changes.extend(reindex(node)),
        _ => rewrite(node, changes),
    }
}

fn create(node: &SyntaxNode) -> Option<Change> {
    let items = tree::child(node, SyntaxKind::PARTITION_ITEM_LIST)?;
    let columns = items.children().filter(|item| item.kind() == SyntaxKind::PARTITION_ITEM);
    let columns = columns.filter_map(|item| {
        let expression = item.children().find(|child| ast::Expr::can_cast(child.kind()))?;
        // `(name COLLATE "C")` parses as an expression.
        let inner =
            if expression.kind() == SyntaxKind::COLLATE { expression.children().next()? } else { expression };
        Some(if inner.kind() == SyntaxKind::NAME_REF {
            IndexColumn { text: tree::ident(&inner)?, is_expression: false }
        } else {
            IndexColumn { text: tree::text(&inner), is_expression: true }
        })
    });
    let relation = tree::child(node, SyntaxKind::TABLE_RELATION_NAME)?;
    let index = Index {
        name: tree::child(node, SyntaxKind::INDEX).and_then(|it| tree::name(&it)).map(|it| it.name),
        table: tree::name(&relation)?,
        columns: columns.collect(),
        unique: tree::has_token(node, SyntaxKind::UNIQUE_KW),
        concurrently: tree::has_token(node, SyntaxKind::CONCURRENTLY_KW),
        method: tree::child(node, SyntaxKind::USING_METHOD)
            .and_then(|it| tree::ident_in(&it, SyntaxKind::ACCESS_METHOD_REF)),
        partial: tree::has_child(node, SyntaxKind::WHERE_CLAUSE),
        only: tree::has_token(&relation, SyntaxKind::ONLY_KW),
    };
    let kind = ChangeKind::CreateIndex { index: Box::new(index), if_not_exists: tree::if_not_exists(node) };
    Some(tree::change(node, kind))
}

fn alter(node: &SyntaxNode) -> Option<Change> {
    let index = tree::name_in(node, SyntaxKind::INDEX_REF)?;
    let renamed = tree::child(node, SyntaxKind::INDEX_RENAME_TO).and_then(|it| tree::name(&it));
    let kind = match renamed {
        Some(to) => ChangeKind::RenameIndex { table: None, name: index.to_string(), to: to.name },
        None => ChangeKind::AlterIndex { table: None, name: index.to_string() },
    };
    Some(tree::change(node, kind))
}

fn reindex(node: &SyntaxNode) -> Option<Change> {
    let target = node.children().find(|child| ast::ReindexTarget::can_cast(child.kind()))?;
    let (what, one_part) = match target.kind() {
        SyntaxKind::REINDEX_TARGET_INDEX => ("INDEX", None),
        SyntaxKind::REINDEX_TARGET_TABLE => ("TABLE", None),
        SyntaxKind::REINDEX_TARGET_SCHEMA => ("SCHEMA", Some(SyntaxKind::SCHEMA_REF)),
        SyntaxKind::REINDEX_TARGET_DATABASE => ("DATABASE", Some(SyntaxKind::DATABASE_REF)),
        _ => ("SYSTEM", Some(SyntaxKind::DATABASE_REF)),
    };
    let name = match one_part {
        Some(kind) => TableName::plain(tree::ident_in(&target, kind).unwrap_or_default()),
        None => tree::name(&target)?,
    };
    let kind = ChangeKind::Reindex {
        what: what.to_owned(),
        name,
        concurrently: tree::has_token(&target, SyntaxKind::CONCURRENTLY_KW)
            || node
                .descendants()
                .any(|it| it.kind() == SyntaxKind::REINDEX_OPTION_CONCURRENTLY && !is_off(&it)),
    };
    Some(tree::change(node, kind))
}

/// `VACUUM FULL`, `CLUSTER`, `REPACK`
fn rewrite(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let option = |name: &str| {
        node.descendants()
            .filter(|it| matches!(it.kind(), SyntaxKind::VACUUM_OPTION | SyntaxKind::OPTION_ITEM))
            .any(|it| tree::words(&it).split(' ').next() == Some(name) && !is_off(&it))
    };
    let command = match node.kind() {
        SyntaxKind::VACUUM if tree::has_token(node, SyntaxKind::FULL_KW) || option("FULL") => "VACUUM FULL",
        SyntaxKind::CLUSTER => "CLUSTER",
        SyntaxKind::REPACK if !option("CONCURRENTLY") => "REPACK",
        _ => return,
    };
    let mut tables = tree::names(node, SyntaxKind::TABLE_NAME_REF);
    if tables.is_empty()
        && let Some(on) = tree::find(node, SyntaxKind::ON_PATH)
    {
        tables.extend(tree::name(&on));
    }
    let change = |table| tree::change(node, ChangeKind::RewriteTable { table, command: command.to_owned() });
    if tables.is_empty() {
        changes.push(change(None));
    }
    changes.extend(tables.into_iter().map(|table| change(Some(table))));
}

fn is_off(option: &SyntaxNode) -> bool {
    let last = tree::tokens(option).last().map(|token| token.text().to_ascii_lowercase());
    matches!(last.as_deref(), Some("false" | "off" | "0" | "no" | "'false'" | "'off'"))
}
