//! Statements that change rows, and those that only read.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree;
use crate::ddl::{Change, ChangeKind, RowChange};

pub(super) fn read(node: &SyntaxNode, changes: &mut Vec<Change>) {
    use SyntaxKind as S;
    match node.kind() {
        S::SELECT | S::COMPOUND_SELECT | S::PAREN_SELECT | S::VALUES | S::TABLE => query(node, changes),
        S::INSERT | S::UPDATE | S::DELETE | S::MERGE => row_changes(node, changes),
        S::EXPLAIN => {
            let runs = tree::has_child(node, S::EXPLAIN_ANALYZE)
                || tree::find(node, S::EXPLAIN_OPTION_LIST)
                    .is_some_and(|list| tree::words(&list).contains("ANALYZE"));
            if runs {
                row_changes(node, changes);
            }
            if changes.is_empty() {
                changes.push(tree::change(node, ChangeKind::Query));
            }
        }
        S::SHOW | S::FETCH => changes.push(tree::change(node, ChangeKind::Query)),
        S::COPY => {
            let table = tree::child(node, S::COPY_TABLE).and_then(|it| tree::name(&it));
            let loads = tree::has_child(node, S::COPY_FROM);
            let kind = match table {
                Some(table) if loads => ChangeKind::Rows(RowChange::Load { table }),
                _ => ChangeKind::Query,
            };
            changes.push(tree::change(node, kind));
        }
        _ => {}
    }
}

fn query(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let before = changes.len();
    row_changes(node, changes);
    changes.extend(set_config(node));
    if changes.len() == before {
        changes.push(tree::change(node, ChangeKind::Query));
    }
}

/// All that change rows in a statement; `WITH` may hold more than one.
fn row_changes(node: &SyntaxNode, changes: &mut Vec<Change>) {
    for found in node.descendants() {
        let Some(kind) = row_change(&found) else { continue };
        changes.push(tree::change(&found, ChangeKind::Rows(kind)));
    }
}

fn row_change(node: &SyntaxNode) -> Option<RowChange> {
    use SyntaxKind as S;
    match node.kind() {
        S::INSERT => {
            let from_query = node
                .children()
                .filter(|child| {
                    matches!(child.kind(), S::SELECT | S::COMPOUND_SELECT | S::PAREN_SELECT | S::TABLE)
                })
                .any(|query| query.kind() == S::TABLE || tree::find(&query, S::FROM_CLAUSE).is_some());
            Some(RowChange::Insert { table: tree::name_in(node, S::RELATION_NAME_REF)?, from_query })
        }
        S::UPDATE => Some(RowChange::Update {
            table: tree::name_in(node, S::RELATION_NAME)?,
            filtered: is_filtered(node),
            limited: false,
        }),
        S::DELETE => Some(RowChange::Delete {
            table: tree::name_in(node, S::RELATION_NAME)?,
            filtered: is_filtered(node),
            limited: false,
        }),
        S::MERGE => Some(RowChange::Merge { table: tree::name_in(node, S::TABLE_RELATION_NAME)? }),
        _ => None,
    }
}

fn is_filtered(node: &SyntaxNode) -> bool {
    if tree::has_child(node, SyntaxKind::WHERE_CURRENT_OF) {
        return true;
    }
    let Some(filter) = tree::child(node, SyntaxKind::WHERE_CLAUSE) else { return false };
    !matches!(tree::words(&filter).as_str(), "WHERE TRUE" | "WHERE ( TRUE )" | "WHERE 1 = 1")
}

/// `SELECT set_config('lock_timeout', '5s', true)`
fn set_config(node: &SyntaxNode) -> Vec<Change> {
    node.descendants()
        .filter(|call| call.kind() == SyntaxKind::CALL_EXPR)
        .filter_map(|call| {
            let callee = call.children().next().map(|it| tree::words(&it))?;
            if !matches!(callee.as_str(), "SET_CONFIG" | "PG_CATALOG . SET_CONFIG") {
                return None;
            }
            let list = tree::child(&call, SyntaxKind::ARG_LIST)?;
            let arguments: Vec<SyntaxNode> = list.children().collect();
            let [name, value, local] = arguments.as_slice() else { return None };
            Some(tree::change(
                &call,
                ChangeKind::SetSetting {
                    name: tree::strings(name).first()?.to_lowercase(),
                    value: tree::strings(value).first().cloned().unwrap_or_else(|| tree::text(value)),
                    local: tree::words(local) == "TRUE",
                },
            ))
        })
        .collect()
}
