//! `CREATE TABLE`, `ALTER TABLE`, `DROP TABLE`, `TRUNCATE`.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{columns, defaults, tree, types};
use crate::ddl::{Change, ChangeKind, ConstraintKind, TableName};

pub(super) fn create(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let head = tree::child(node, SyntaxKind::INTO_CLAUSE).unwrap_or_else(|| node.clone());
    let Some(table) = tree::name_in(&head, SyntaxKind::TABLE_NAME) else { return };
    let arguments = tree::child(node, SyntaxKind::TABLE_ARG_LIST);
    let arguments: Vec<SyntaxNode> = arguments.iter().flat_map(SyntaxNode::children).collect();
    let columns = arguments.iter().filter(|child| child.kind() == SyntaxKind::COLUMN);
    let constraints = arguments.iter().filter_map(|child| ast::Constraint::cast(child.clone()));
    changes.push(tree::change(
        node,
        ChangeKind::CreateTable {
            table,
            columns: columns.filter_map(columns::column).collect(),
            constraints: constraints.filter_map(|found| columns::constraint(&found)).collect(),
            indexes: Vec::new(),
            temporary: tree::has_child(&head, SyntaxKind::TEMP),
            unlogged: tree::has_child(&head, SyntaxKind::UNLOGGED),
            if_not_exists: tree::if_not_exists(node),
            from_query: matches!(node.kind(), SyntaxKind::CREATE_TABLE_AS | SyntaxKind::SELECT_INTO)
                && tree::find(node, SyntaxKind::WITH_NO_DATA).is_none(),
            partition_of: tree::name_in(node, SyntaxKind::PARTITION_OF),
            options: Vec::new(),
        },
    ));
}

pub(super) fn drop_or_truncate(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let tables = tree::names(node, SyntaxKind::TABLE_NAME_REF);
    if tables.is_empty() {
        return;
    }
    let cascade = tree::is_cascade(node);
    let kind = if node.kind() == SyntaxKind::TRUNCATE {
        ChangeKind::Truncate { tables, cascade }
    } else {
        ChangeKind::DropTable { tables, if_exists: tree::if_exists(node), cascade }
    };
    changes.push(tree::change(node, kind));
}

pub(super) fn alter(node: &SyntaxNode, changes: &mut Vec<Change>) {
    let Some(table) = tree::name_in(node, SyntaxKind::TABLE_RELATION_NAME) else { return };
    for child in node.children().filter(|child| ast::AlterTableAction::can_cast(child.kind())) {
        let kind = action(&table, &child).unwrap_or_else(|| ChangeKind::OtherTableChange {
            table: table.clone(),
            clause: tree::first_words(&child),
        });
        changes.push(tree::change(&child, kind));
    }
}

fn action(table: &TableName, node: &SyntaxNode) -> Option<ChangeKind> {
    use ChangeKind as K;
    use SyntaxKind as S;
    let table = table.clone();
    let if_exists = tree::if_exists(node);
    let cascade = tree::is_cascade(node);
    Some(match node.kind() {
        S::ADD_COLUMN => K::AddColumn {
            table,
            column: Box::new(columns::column(node)?),
            if_not_exists: tree::if_not_exists(node),
            positioned: false,
        },
        S::DROP_COLUMN => {
            K::DropColumn { table, column: tree::ident_in(node, S::COLUMN_NAME_REF)?, if_exists, cascade }
        }
        S::RENAME_COLUMN => K::RenameColumn {
            table,
            column: tree::ident_in(node, S::COLUMN_NAME_REF)?,
            to: tree::ident_in(node, S::COLUMN_NAME)?,
        },
        S::ALTER_COLUMN => return alter_column(table, node),
        S::ADD_CONSTRAINT => {
            let found = node.children().find_map(ast::Constraint::cast)?;
            K::AddConstraint {
                table,
                constraint: Box::new(columns::constraint(&found)?),
                if_not_exists: false,
            }
        }
        S::DROP_CONSTRAINT => K::DropConstraint {
            table,
            name: tree::child(node, S::CONSTRAINT_NAME_REF).and_then(|it| tree::name(&it)).map(|it| it.name),
            kind: None,
            if_exists,
            cascade,
        },
        S::VALIDATE_CONSTRAINT => {
            K::ValidateConstraint { table, name: tree::name_in(node, S::CONSTRAINT_NAME_REF)?.name }
        }
        S::ALTER_CONSTRAINT | S::RENAME_CONSTRAINT => {
            K::AlterConstraint { table, name: tree::name_in(node, S::CONSTRAINT_NAME_REF)?.name }
        }
        S::TABLE_RENAME_TO => K::RenameTable { table, to: tree::name(node)? },
        S::SET_SCHEMA => K::SetSchema { table, schema: tree::ident_in(node, S::SCHEMA_REF)? },
        S::ATTACH_PARTITION => {
            K::AttachPartition { table, partition: tree::name_in(node, S::TABLE_NAME_REF)? }
        }
        S::DETACH_PARTITION => K::DetachPartition {
            table,
            partition: tree::name_in(node, S::TABLE_NAME_REF)?,
            concurrently: tree::has_child(node, S::DETACH_CONCURRENTLY)
                || tree::has_child(node, S::DETACH_FINALIZE),
        },
        S::SET_LOGGED => K::SetLogged { table, logged: true },
        S::SET_UNLOGGED => K::SetLogged { table, logged: false },
        S::SET_ACCESS_METHOD => K::SetAccessMethod { table },
        S::SET_TABLESPACE => K::SetTablespace { table },
        S::SET_OPTIONS | S::RESET_OPTIONS | S::OPTION_ITEM_LIST => {
            K::TableOptions { table, options: options(node) }
        }
        S::ENABLE_RLS | S::DISABLE_RLS | S::FORCE_RLS | S::NO_FORCE_RLS => K::RowSecurity { table },
        S::REPLICA_IDENTITY => K::ReplicaIdentity { table },
        S::ENABLE_TRIGGER | S::ENABLE_ALWAYS_TRIGGER | S::ENABLE_REPLICA_TRIGGER => {
            K::EnableTrigger { table, enable: true }
        }
        S::DISABLE_TRIGGER => K::EnableTrigger { table, enable: false },
        S::INHERIT_TABLE => {
            K::Inherit { table, parent: tree::name_in(node, S::TABLE_NAME_REF)?, inherits: true }
        }
        S::NO_INHERIT_TABLE => {
            K::Inherit { table, parent: tree::name_in(node, S::TABLE_NAME_REF)?, inherits: false }
        }
        S::OWNER_TO => K::SetOwner { table },
        _ => return None,
    })
}

fn options(node: &SyntaxNode) -> Vec<(String, String)> {
    node.descendants()
        .filter(|child| matches!(child.kind(), SyntaxKind::ATTRIBUTE_OPTION | SyntaxKind::OPTION_ITEM))
        .filter_map(|option| {
            let text = tree::text(&option);
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            (!name.is_empty()).then(|| (name.trim().to_ascii_uppercase(), value.trim().to_owned()))
        })
        .collect()
}

fn alter_column(table: TableName, node: &SyntaxNode) -> Option<ChangeKind> {
    use ChangeKind as K;
    use SyntaxKind as S;
    let column = tree::ident_in(node, S::COLUMN_NAME_REF)?;
    let option = node.children().find(|child| ast::AlterColumnOption::can_cast(child.kind()))?;
    Some(match option.kind() {
        S::SET_TYPE => K::SetColumnType {
            table,
            column,
            data_type: option.children().find_map(ast::Type::cast).map(|it| types::written(it.syntax()))?,
            using: tree::child(&option, S::USING_EXPR)
                .and_then(|it| it.children().next())
                .map(|it| tree::text(&it)),
        },
        S::SET_DEFAULT => {
            let expression = option.children().find(|child| ast::Expr::can_cast(child.kind()))?;
            K::SetDefault { table, column, default: defaults::default(&expression) }
        }
        S::DROP_DEFAULT => K::DropDefault { table, column },
        S::SET_NOT_NULL => K::SetNotNull { table, column },
        S::DROP_NOT_NULL => K::DropNotNull { table, column },
        S::ADD_GENERATED => K::ChangeGenerated { table, column, adds: true },
        S::SET_EXPRESSION => K::OtherTableChange { table, clause: "ALTER COLUMN SET EXPRESSION".to_owned() },
        S::DROP_EXPRESSION
        | S::DROP_IDENTITY
        | S::SET_GENERATED
        | S::SET_GENERATED_OPTIONS
        | S::SET_SEQUENCE_OPTION
        | S::RESTART => K::ChangeGenerated { table, column, adds: false },
        // What a statistics target or `n_distinct` takes is weaker than what storage and compression take.
        S::SET_STORAGE | S::SET_COMPRESSION => {
            K::OtherTableChange { table, clause: tree::first_words(&option) }
        }
        _ => K::SetColumnOption { table, column },
    })
}

/// The kind of a constraint that a name tells, as PostgreSQL and most tools name them.
pub(crate) fn kind_by_name(name: &str) -> Option<ConstraintKind> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    if ends(&["_pkey", "_pk"]) || begins(&["pk_"]) {
        Some(ConstraintKind::PrimaryKey)
    } else if ends(&["_fkey", "_fk", "_foreign"]) || begins(&["fk_"]) {
        Some(ConstraintKind::ForeignKey)
    } else if ends(&["_key", "_unique", "_uniq", "_uq"]) || begins(&["uq_"]) {
        Some(ConstraintKind::Unique)
    } else if ends(&["_check", "_chk"]) || begins(&["ck_", "chk_"]) {
        Some(ConstraintKind::Check)
    } else {
        None
    }
}
