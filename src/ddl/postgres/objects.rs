//! Views, triggers, routines, types, schemas and the rest.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{read_stmt, tree};
use crate::ddl::{Change, ChangeKind};

pub(super) fn read(node: &SyntaxNode, changes: &mut Vec<Change>) {
    if node.kind() == SyntaxKind::CREATE_SCHEMA {
        schema(node, changes);
        return;
    }
    let kind = view(node).or_else(|| kind(node)).or_else(|| domain_or_type(node));
    changes.extend(kind.map(|kind| tree::change(node, kind)));
}

/// `CREATE SCHEMA clinic CREATE TABLE …` makes more than the schema.
fn schema(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let named = node.children().find(|child| ast::CreateSchemaTarget::can_cast(child.kind()));
    let name = named.and_then(|named| named.children().next()).and_then(|it| tree::ident(&it));
    if let Some(name) = name {
        changes.push(tree::change(node, ChangeKind::CreateSchema { name }));
    }
    for element in node.children().filter_map(ast::Stmt::cast) {
        read_stmt(&element, changes);
    }
}

fn view(node: &SyntaxNode) -> Option<ChangeKind> {
    use ChangeKind as K;
    use SyntaxKind as S;
    let materialized = tree::has_token(node, S::MATERIALIZED_KW);
    Some(match node.kind() {
        S::CREATE_VIEW | S::CREATE_MATERIALIZED_VIEW => K::CreateView {
            view: tree::name_in(node, S::VIEW)?,
            or_replace: tree::has_child(node, S::OR_REPLACE),
            materialized,
        },
        S::DROP_VIEW | S::DROP_MATERIALIZED_VIEW => K::DropView {
            views: tree::names(node, S::VIEW_REF),
            materialized,
            if_exists: tree::if_exists(node),
            cascade: tree::is_cascade(node),
        },
        S::REFRESH => K::RefreshMaterializedView {
            view: tree::name_in(node, S::VIEW_REF)?,
            concurrently: tree::has_token(node, S::CONCURRENTLY_KW),
        },
        S::ALTER_VIEW | S::ALTER_MATERIALIZED_VIEW => {
            let table = tree::name_in(node, S::VIEW_REF)?;
            if let Some(renamed) = tree::child(node, S::VIEW_RENAME_TO) {
                K::RenameTable { table, to: tree::name(&renamed)? }
            } else if let Some(moved) = tree::child(node, S::SET_SCHEMA) {
                K::SetSchema { table, schema: tree::ident_in(&moved, S::SCHEMA_REF)? }
            } else if let Some(renamed) = tree::child(node, S::RENAME_COLUMN) {
                K::RenameColumn {
                    table,
                    column: tree::ident_in(&renamed, S::COLUMN_NAME_REF)?,
                    to: tree::ident_in(&renamed, S::COLUMN_NAME)?,
                }
            } else {
                return None;
            }
        }
        _ => return None,
    })
}

fn kind(node: &SyntaxNode) -> Option<ChangeKind> {
    use ChangeKind as K;
    use SyntaxKind as S;
    Some(match node.kind() {
        S::CREATE_TRIGGER => K::CreateTrigger {
            table: tree::name_in(node, S::ON_RELATION)?,
            name: tree::ident_in(node, S::TRIGGER)?,
        },
        S::DROP_TRIGGER => K::DropTrigger {
            table: tree::name_in(node, S::ON_RELATION),
            name: tree::ident_in(node, S::TRIGGER_REF)?,
        },
        S::CREATE_FUNCTION | S::CREATE_PROCEDURE | S::CREATE_AGGREGATE => {
            K::CreateRoutine { name: tree::name(node)?, or_replace: tree::has_child(node, S::OR_REPLACE) }
        }
        S::DROP_FUNCTION | S::DROP_PROCEDURE | S::DROP_ROUTINE | S::DROP_AGGREGATE => {
            K::DropRoutine { name: tree::name(node)? }
        }
        S::ALTER_SCHEMA => {
            let renamed = tree::child(node, S::SCHEMA_RENAME_TO)?;
            K::RenameSchema {
                name: tree::ident_in(node, S::SCHEMA_REF)?,
                to: tree::ident_in(&renamed, S::SCHEMA)?,
            }
        }
        S::DROP_SCHEMA => {
            K::DropSchema { names: tree::idents(node, S::SCHEMA_REF), cascade: tree::is_cascade(node) }
        }
        S::DROP_DATABASE => K::DropDatabase { name: tree::ident_in(node, S::DATABASE_REF)? },
        S::CREATE_EXTENSION => K::CreateExtension { name: tree::ident_in(node, S::EXTENSION)? },
        S::DROP_EXTENSION => K::DropExtension { name: tree::ident_in(node, S::EXTENSION_REF)? },
        S::CREATE_SEQUENCE => K::CreateSequence { name: tree::name_in(node, S::SEQUENCE)? },
        S::DROP_SEQUENCE => K::DropSequence { names: tree::names(node, S::SEQUENCE_REF) },
        _ => return None,
    })
}

fn domain_or_type(node: &SyntaxNode) -> Option<ChangeKind> {
    use ChangeKind as K;
    use SyntaxKind as S;
    Some(match node.kind() {
        S::CREATE_TYPE => {
            let values = tree::child(node, S::ENUM_TYPE)?;
            let values = values.descendants().filter(|it| it.kind() == S::VARIANT);
            K::CreateEnum {
                name: tree::name_in(node, S::TYPE_NAME)?,
                values: values.flat_map(|value| tree::strings(&value)).collect(),
            }
        }
        S::ALTER_TYPE => {
            let name = tree::name_in(node, S::TYPE_NAME_REF)?;
            if let Some(added) = tree::child(node, S::ADD_VALUE) {
                K::AddEnumValue {
                    name,
                    value: tree::strings(&added).into_iter().next()?,
                    placed: tree::has_child(&added, S::AFTER_VALUE)
                        || tree::has_child(&added, S::BEFORE_VALUE),
                    if_not_exists: tree::if_not_exists(&added),
                }
            } else {
                let mut values = tree::strings(&tree::child(node, S::RENAME_VALUE)?).into_iter();
                K::RenameEnumValue { name, from: values.next()?, to: values.next()? }
            }
        }
        S::DROP_TYPE => {
            K::DropType { names: tree::names(node, S::TYPE_NAME_REF), cascade: tree::is_cascade(node) }
        }
        S::CREATE_DOMAIN => K::CreateDomain {
            name: tree::name_in(node, S::DOMAIN)?,
            constrained: node
                .children()
                .any(|it| matches!(it.kind(), S::CHECK_CONSTRAINT | S::NOT_NULL_CONSTRAINT)),
        },
        S::ALTER_DOMAIN => {
            let name = tree::name_in(node, S::DOMAIN_REF)?;
            if let Some(added) = tree::child(node, S::ADD_CONSTRAINT) {
                let not_valid = tree::find(&added, S::NOT_VALID).is_some();
                K::AddDomainConstraint { name, not_valid }
            } else if tree::has_child(node, S::SET_NOT_NULL) {
                K::AddDomainConstraint { name, not_valid: false }
            } else {
                return None;
            }
        }
        S::DROP_DOMAIN => {
            K::DropType { names: tree::names(node, S::DOMAIN_REF), cascade: tree::is_cascade(node) }
        }
        _ => return None,
    })
}
