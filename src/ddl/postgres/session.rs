//! Transactions, settings, locks, and what hides what it does.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree;
use crate::ddl::{Change, ChangeKind};

pub(super) fn read(node: &SyntaxNode, changes: &mut Vec<Change>) {
    use SyntaxKind as S;
    let kind = match node.kind() {
        S::BEGIN => ChangeKind::Transaction { verb: "BEGIN" },
        S::COMMIT_TRANSACTION | S::PREPARE_TRANSACTION => ChangeKind::Transaction { verb: "COMMIT" },
        S::ROLLBACK_TRANSACTION => ChangeKind::Transaction { verb: "ROLLBACK" },
        S::DO => ChangeKind::Opaque { verb: "DO".to_owned() },
        S::CALL => ChangeKind::Opaque { verb: "CALL".to_owned() },
        S::EXECUTE => ChangeKind::Opaque { verb: "EXECUTE".to_owned() },
        S::LOCK => ChangeKind::LockTable {
            tables: tree::names(node, S::RELATION_NAME_REF),
            mode: node
                .descendants()
                .find_map(ast::LockMode::cast)
                .map_or_else(|| "ACCESS EXCLUSIVE".to_owned(), |mode| tree::words(mode.syntax())),
        },
        S::SET => match set(node) {
            Some(kind) => kind,
            None => return,
        },
        S::RESET | S::DISCARD => {
            let name = tree::child(node, S::CONFIG_PARAMETER_REF).map(|it| parameter(&it));
            let all = tree::has_child(node, S::ALL) || tree::has_child(node, S::DISCARD_ALL);
            let names = match name {
                Some(name) => vec![name],
                None if all => vec!["lock_timeout".to_owned(), "statement_timeout".to_owned()],
                None => return,
            };
            changes.extend(names.into_iter().map(|name| {
                let kind = ChangeKind::SetSetting { name, value: "default".to_owned(), local: false };
                tree::change(node, kind)
            }));
            return;
        }
        _ => return,
    };
    changes.push(tree::change(node, kind));
}

fn set(node: &SyntaxNode) -> Option<ChangeKind> {
    let local = tree::has_child(node, SyntaxKind::LOCAL_SCOPE);
    let config = tree::child(node, SyntaxKind::SET_CONFIG)?;
    let name = parameter(&tree::child(&config, SyntaxKind::CONFIG_PARAMETER_REF)?);
    let value = tree::child(&config, SyntaxKind::TO_CONFIG_VALUE);
    let value = value.map(|value| {
        let values: Vec<String> = value
            .children()
            .map(|one| {
                ast::Literal::cast(one.clone())
                    .and_then(|literal| literal.string_value())
                    .filter(|text| !text.is_empty())
                    .unwrap_or_else(|| tree::text(&one))
            })
            .collect();
        if values.is_empty() { "default".to_owned() } else { values.join(", ") }
    });
    Some(ChangeKind::SetSetting { name, value: value.unwrap_or_default(), local })
}

fn parameter(node: &SyntaxNode) -> String {
    tree::name(node).map(|name| name.to_string()).unwrap_or_default().to_lowercase()
}
