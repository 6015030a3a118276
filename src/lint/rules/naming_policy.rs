use std::ops::Range;

use dunlin_compat::model::Dialect;
use dunlin_compat::settings::lint::NamedObject;

use crate::ddl::{ChangeKind, Column, Constraint, ConstraintKind, Index};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use crate::sql::{self, PieceKind};

pub const RULE: Rule = Rule {
    id: "naming-policy",
    title: "A name is not what the project's names look like",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: true,
    explanation: "A name is changed for nothing before it is used; afterwards it takes expand and contract. `[lint.naming]` in `dunlin.toml` says what the names of new schemas, tables, columns, indexes and constraints have to look like, by a regular expression for the whole name or by `snake_case`, `camelCase` or `PascalCase`:\n\n```toml\n[lint.naming]\ntable = \"snake_case\"\ncolumn = \"snake_case\"\nindex = \"idx_.+\"\nforeign-key = \".+_fkey\"\n```\n\nSwitched on without it (`on = [\"naming-policy\"]`), everything has to be in `snake_case`. Names that the server chooses are not looked at, nor those that a migration's down gives back.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY)",
            flagged: "ALTER TABLE orders ADD COLUMN \"deliveryNote\" text",
            flagged_does: ("AccessExclusiveLock", false),
            safe: "ALTER TABLE orders ADD COLUMN delivery_note text",
            safe_does: ("AccessExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Mysql, Dialect::Mariadb],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY)",
            flagged: "ALTER TABLE orders ADD COLUMN deliveryNote varchar(20)",
            flagged_does: ("", false),
            safe: "ALTER TABLE orders ADD COLUMN delivery_note varchar(20)",
            safe_does: ("", false),
        },
        Example {
            dialects: &[Dialect::Sqlite],
            setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
            flagged: "ALTER TABLE orders ADD COLUMN deliveryNote TEXT",
            flagged_does: ("", false),
            safe: "ALTER TABLE orders ADD COLUMN delivery_note TEXT",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if site.is_down() {
        return;
    }
    for change in site.changes() {
        // A rebuild gives a table the name that it had.
        if matches!(&change.kind, ChangeKind::RenameTable { to, .. } if site.table(to).is_some()) {
            continue;
        }
        for (object, name) in given(&change.kind) {
            let pattern = site.settings.naming.get(&object);
            let (fits, wanted) = match pattern {
                Some(pattern) => (pattern.fits(name), pattern.as_str()),
                None if site.settings.naming.is_empty() => (is_snake_case(name), "snake_case"),
                None => continue,
            };
            if fits {
                continue;
            }
            let noun = noun(object);
            hits.push(
                Hit {
                    span: place(site, &change.span, name),
                    message: format!(
                        "`{name}` is not what this project's {noun} names look like: `{wanted}`"
                    ),
                    advice: "Name it otherwise now: once it is used, that takes expand and contract."
                        .to_owned(),
                    ..Hit::default()
                }
                .whatever_size(),
            );
        }
    }
}

/// The names that a change gives.
fn given(kind: &ChangeKind) -> Vec<(NamedObject, &str)> {
    let mut names = Vec::new();
    match kind {
        ChangeKind::CreateTable { table, columns, constraints, indexes, temporary: false, .. } => {
            names.push((NamedObject::Table, table.name.as_str()));
            columns.iter().for_each(|column| of_column(column, &mut names));
            constraints.iter().for_each(|constraint| of_constraint(constraint, &mut names));
            indexes.iter().for_each(|index| of_index(index, &mut names));
        }
        ChangeKind::RenameTable { to, .. } => names.push((NamedObject::Table, &to.name)),
        ChangeKind::AddColumn { column, .. } => of_column(column, &mut names),
        ChangeKind::RenameColumn { to, .. } => names.push((NamedObject::Column, to)),
        ChangeKind::RedefineColumn { old_name, column, .. }
            if !old_name.eq_ignore_ascii_case(&column.name) =>
        {
            of_column(column, &mut names);
        }
        ChangeKind::AddConstraint { constraint, .. } => of_constraint(constraint, &mut names),
        ChangeKind::CreateIndex { index, .. } => of_index(index, &mut names),
        ChangeKind::RenameIndex { to, .. } => names.push((NamedObject::Index, to)),
        ChangeKind::CreateSchema { name, .. } => names.push((NamedObject::Schema, name)),
        ChangeKind::RenameSchema { to, .. } => names.push((NamedObject::Schema, to)),
        _ => {}
    }
    names
}

fn of_column<'c>(column: &'c Column, names: &mut Vec<(NamedObject, &'c str)>) {
    names.push((NamedObject::Column, &column.name));
    column.constraints.iter().for_each(|constraint| of_constraint(constraint, names));
}

fn of_constraint<'c>(constraint: &'c Constraint, names: &mut Vec<(NamedObject, &'c str)>) {
    let object = match constraint.kind {
        ConstraintKind::ForeignKey => NamedObject::ForeignKey,
        ConstraintKind::Unique => NamedObject::Unique,
        ConstraintKind::Check => NamedObject::Check,
        ConstraintKind::PrimaryKey | ConstraintKind::Exclusion | ConstraintKind::NotNull => return,
    };
    names.extend(constraint.name.as_deref().map(|name| (object, name)));
}

fn of_index<'c>(index: &'c Index, names: &mut Vec<(NamedObject, &'c str)>) {
    names.extend(index.name.as_deref().map(|name| (NamedObject::Index, name)));
}

fn noun(object: NamedObject) -> &'static str {
    match object {
        NamedObject::Schema => "schema",
        NamedObject::Table => "table",
        NamedObject::Column => "column",
        NamedObject::Index => "index",
        NamedObject::ForeignKey => "foreign key",
        NamedObject::Unique => "unique constraint",
        NamedObject::Check => "check",
    }
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('_').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// Where a name is written; else the whole change.
fn place(site: &Site<'_>, change: &Range<usize>, name: &str) -> Range<usize> {
    let text = site.statement.text.get(change.clone()).unwrap_or_default();
    let pieces = sql::pieces(text, site.dialect());
    let is_it = |written: String, kind| match kind {
        PieceKind::QuotedName => written == name,
        _ => written.eq_ignore_ascii_case(name),
    };
    let found = pieces.iter().find(|piece| piece.name().is_some_and(|written| is_it(written, piece.kind)));
    found.map_or(change.clone(), |piece| {
        let start = change.start + piece.start;
        start..start + piece.text.len()
    })
}
