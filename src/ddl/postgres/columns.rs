//! Columns and constraints.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{defaults, tree, types};
use crate::ddl::{Column, Constraint, ConstraintKind, References};

/// A column, from the node that defines it: `CREATE TABLE`'s or `ADD COLUMN`.
pub(super) fn column(node: &SyntaxNode) -> Option<Column> {
    let mut column = Column { name: tree::ident_in(node, SyntaxKind::COLUMN_NAME)?, ..Column::default() };
    for child in node.children() {
        if let Some(found) = ast::Type::cast(child.clone()) {
            column.data_type = types::written(found.syntax());
            let plain = column.data_type.trim_start_matches("pg_catalog.");
            if matches!(plain, "serial" | "serial2" | "serial4" | "serial8" | "bigserial" | "smallserial") {
                column.auto_increment = true;
                column.not_null = true;
            }
        } else if child.kind() == SyntaxKind::COLLATE {
            column.collation = tree::name(&child).map(|name| name.name);
        } else if let Some(found) = ast::Constraint::cast(child) {
            column_constraint(&found, &mut column);
        }
    }
    Some(column)
}

fn column_constraint(found: &ast::Constraint, column: &mut Column) {
    let node = found.syntax();
    match node.kind() {
        SyntaxKind::NOT_NULL_CONSTRAINT => column.not_null = true,
        SyntaxKind::NULL_CONSTRAINT => column.says_null = true,
        SyntaxKind::DEFAULT_CONSTRAINT => {
            let expression = node.children().find(|child| ast::Expr::can_cast(child.kind()));
            column.default = expression.map(|expression| defaults::default(&expression));
        }
        SyntaxKind::GENERATED_CONSTRAINT => {
            if tree::has_child(node, SyntaxKind::GENERATED_IDENTITY) {
                column.identity = true;
                column.not_null = true;
            } else if tree::find(node, SyntaxKind::STORED).is_some() {
                column.generated_stored = true;
            } else {
                column.generated_virtual = true;
            }
        }
        _ => {
            let Some(mut constraint) = constraint(found) else { return };
            if constraint.columns.is_empty() && constraint.kind != ConstraintKind::Check {
                constraint.columns.push(column.name.clone());
            }
            if constraint.kind == ConstraintKind::PrimaryKey {
                column.not_null = true;
            }
            column.constraints.push(constraint);
        }
    }
}

/// A constraint; `None` for what is called one but is an attribute of a column.
pub(super) fn constraint(found: &ast::Constraint) -> Option<Constraint> {
    let node = found.syntax();
    let kind = match node.kind() {
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => ConstraintKind::PrimaryKey,
        SyntaxKind::UNIQUE_CONSTRAINT => ConstraintKind::Unique,
        SyntaxKind::FOREIGN_KEY_CONSTRAINT | SyntaxKind::REFERENCES_CONSTRAINT => ConstraintKind::ForeignKey,
        SyntaxKind::CHECK_CONSTRAINT => ConstraintKind::Check,
        SyntaxKind::EXCLUDE_CONSTRAINT => ConstraintKind::Exclusion,
        SyntaxKind::NOT_NULL_CONSTRAINT => ConstraintKind::NotNull,
        _ => return None,
    };
    let option = |kind| found.constraint_options().any(|option| option.syntax().kind() == kind);
    let columns = match kind {
        ConstraintKind::PrimaryKey | ConstraintKind::Unique => {
            tree::find(node, SyntaxKind::CONSTRAINT_COLUMN_REF_LIST)
                .map(|list| tree::idents(&list, SyntaxKind::COLUMN_NAME_REF))
                .unwrap_or_default()
        }
        ConstraintKind::ForeignKey => tree::child(node, SyntaxKind::FOREIGN_KEY_COLUMN_LIST)
            .map(|list| tree::idents(&list, SyntaxKind::COLUMN_NAME_REF))
            .unwrap_or_default(),
        ConstraintKind::Exclusion => tree::idents(node, SyntaxKind::NAME_REF),
        ConstraintKind::NotNull => tree::ident_in(node, SyntaxKind::COLUMN_NAME_REF).into_iter().collect(),
        ConstraintKind::Check => Vec::new(),
    };
    let expression = (kind == ConstraintKind::Check)
        .then(|| node.children().find(|child| ast::Expr::can_cast(child.kind())))
        .flatten();
    Some(Constraint {
        name: tree::child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE)
            .and_then(|clause| tree::ident_in(&clause, SyntaxKind::CONSTRAINT_NAME)),
        kind,
        columns,
        expression: expression.map(|expression| tree::text(&expression)),
        references: (kind == ConstraintKind::ForeignKey).then(|| references(node)).flatten(),
        not_valid: option(SyntaxKind::NOT_VALID),
        using_index: tree::child(node, SyntaxKind::USING_INDEX_NAME)
            .or_else(|| tree::child(node, SyntaxKind::USING_INDEX))
            .and_then(|using| tree::name(&using))
            .map(|name| name.name),
        not_enforced: option(SyntaxKind::NOT_ENFORCED),
    })
}

fn references(node: &SyntaxNode) -> Option<References> {
    let table = tree::name_in(node, SyntaxKind::TABLE_NAME_REF)?;
    let columns = if node.kind() == SyntaxKind::FOREIGN_KEY_CONSTRAINT {
        let lists = node.children().filter(|child| child.kind() == SyntaxKind::FOREIGN_KEY_COLUMN_LIST);
        lists.skip(1).flat_map(|list| tree::idents(&list, SyntaxKind::COLUMN_NAME_REF)).collect()
    } else {
        tree::ident_in(node, SyntaxKind::COLUMN_NAME_REF).into_iter().collect()
    };
    let action = |kind| {
        let action = tree::child(node, kind)?.children().next()?;
        Some(tree::words(&action))
    };
    Some(References {
        table,
        columns,
        on_delete: action(SyntaxKind::ON_DELETE_ACTION),
        on_update: action(SyntaxKind::ON_UPDATE_ACTION),
    })
}
