//! What an `ALTER` changes of its object.

use super::reader::Reader;
use super::target::{ObjectKind, QualifiedName, Target, TargetAction};
use dunlin_compat::model::Dialect;

/// One change of an `ALTER TABLE` or `ALTER TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// `ADD COLUMN`
    AddColumn(String),
    /// `DROP COLUMN`
    DropColumn(String),
    /// `RENAME COLUMN`
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `ADD INDEX`
    AddIndex(String),
    /// `DROP INDEX`
    DropIndex(String),
    /// `ADD CONSTRAINT`
    AddConstraint(String),
    /// `DROP CONSTRAINT`, `DROP FOREIGN KEY`
    DropConstraint(String),
    /// `ADD VALUE` of an enumeration.
    AddValue(String),
    /// Anything else, or without a name.
    Other,
}

/// Reads one change of an `ALTER`, up to somewhere before the comma behind it.
pub(super) fn change(reader: &mut Reader<'_>, target: &mut Target) {
    if reader.eat("RENAME") {
        return renaming(reader, target);
    }
    if reader.clone().eat_all(&["SET", "SCHEMA"]) {
        reader.eat_all(&["SET", "SCHEMA"]);
        if let (Some(schema), [old]) = (reader.identifier(), target.names.as_slice()) {
            target.new_names = vec![QualifiedName { schema: Some(schema), name: old.name.clone() }];
            target.action = TargetAction::Rename;
        }
        return;
    }
    if !matches!(target.kind, ObjectKind::Table | ObjectKind::Type) {
        return;
    }
    let change = if reader.eat("ADD") {
        added(reader)
    } else if reader.eat("DROP") {
        dropped(reader)
    } else {
        TableChange::Other
    };
    target.changes.push(change);
}

/// `RENAME [TO|AS] new`, `RENAME [COLUMN] old TO new`, `RENAME INDEX old TO new`
fn renaming(reader: &mut Reader<'_>, target: &mut Target) {
    if reader.eat_any(&["INDEX", "KEY", "CONSTRAINT", "VALUE", "ATTRIBUTE"]) {
        target.changes.push(TableChange::Other);
        return;
    }
    let to_name = reader.eat_any(&["TO", "AS"]) || reader.eat_symbol("=");
    let column = !to_name && reader.eat("COLUMN");
    if column {
        reader.eat_all(&["IF", "EXISTS"]);
    }
    let Some(name) = reader.name() else {
        target.changes.push(TableChange::Other);
        return;
    };
    if !to_name && reader.eat("TO") {
        let change = reader
            .identifier()
            .map_or(TableChange::Other, |to| TableChange::RenameColumn { from: name.name, to });
        target.changes.push(change);
        return;
    }
    // MySQL: a new name without a database moves the table into the current one; elsewhere the schema stays.
    let old_schema = target.names.first().and_then(|old| old.schema.clone());
    let keeps_schema = matches!(reader.dialect(), Dialect::Postgres | Dialect::Sqlite);
    let schema = if keeps_schema { name.schema.or(old_schema) } else { name.schema };
    target.action = TargetAction::Rename;
    target.new_names = vec![QualifiedName { schema, name: name.name }];
}

fn added(reader: &mut Reader<'_>) -> TableChange {
    let named =
        |name: Option<String>, change: fn(String) -> TableChange| name.map_or(TableChange::Other, change);
    if reader.eat("VALUE") {
        reader.eat_all(&["IF", "NOT", "EXISTS"]);
        return named(reader.literal(), TableChange::AddValue);
    }
    if reader.eat("CONSTRAINT") {
        reader.eat_all(&["IF", "NOT", "EXISTS"]);
        if reader.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
            return TableChange::Other;
        }
        return named(reader.identifier(), TableChange::AddConstraint);
    }
    let indexed = reader.eat_any(&["UNIQUE", "FULLTEXT", "SPATIAL"]);
    if reader.eat_any(&["INDEX", "KEY"]) || indexed {
        reader.eat_all(&["IF", "NOT", "EXISTS"]);
        if reader.is_any(&["USING"]) {
            return TableChange::Other;
        }
        return named(reader.identifier(), TableChange::AddIndex);
    }
    if reader.is_any(&[
        "PRIMARY",
        "FOREIGN",
        "CHECK",
        "EXCLUDE",
        "PARTITION",
        "PERIOD",
        "SYSTEM",
        "ATTRIBUTE",
    ]) {
        return TableChange::Other;
    }
    reader.eat("COLUMN");
    reader.eat_all(&["IF", "NOT", "EXISTS"]);
    named(reader.identifier(), TableChange::AddColumn)
}

fn dropped(reader: &mut Reader<'_>) -> TableChange {
    let change: fn(String) -> TableChange = if reader.eat_any(&["INDEX", "KEY"]) {
        TableChange::DropIndex
    } else if reader.eat_any(&["CONSTRAINT", "CHECK"]) || reader.eat_all(&["FOREIGN", "KEY"]) {
        TableChange::DropConstraint
    } else if reader.is_any(&["PRIMARY", "PARTITION", "PERIOD", "SYSTEM", "ATTRIBUTE"]) {
        return TableChange::Other;
    } else {
        reader.eat("COLUMN");
        TableChange::DropColumn
    };
    reader.eat_all(&["IF", "EXISTS"]);
    reader.identifier().map_or(TableChange::Other, change)
}
