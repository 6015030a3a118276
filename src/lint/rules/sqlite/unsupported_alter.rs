use super::SQLITE;
use crate::ddl::{ChangeKind, Column, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "unsupported-alter",
    title: "SQLite refuses this ALTER TABLE",
    dialects: SQLITE,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "SQLite adds no `PRIMARY KEY` or `UNIQUE` column, no keys to a table that is there, and changes no type and no default. \
                  To a table with rows it adds no column with a default that is not constant, no stored generated column, and no \
                  `REFERENCES` with a default other than `NULL` while foreign keys are on. `CHECK` and `NOT NULL` can be added and \
                  dropped since 3.53.\n\nAdd a unique index behind a plain column; for everything else rebuild the table: create the \
                  new one, copy, drop the old one, rename, and create indexes and triggers anew.",
    examples: &[
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY); INSERT INTO users VALUES (1)",
            flagged: "ALTER TABLE users ADD COLUMN mail TEXT UNIQUE",
            flagged_does: ("error", false),
            safe: "ALTER TABLE users ADD COLUMN mail TEXT; CREATE UNIQUE INDEX users_mail ON users (mail)",
            safe_does: ("", false),
        },
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY); INSERT INTO users VALUES (1)",
            flagged: "ALTER TABLE users ADD COLUMN made TEXT DEFAULT CURRENT_TIMESTAMP",
            flagged_does: ("error", false),
            safe: "ALTER TABLE users ADD COLUMN made TEXT",
            safe_does: ("", false),
        },
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY, age TEXT); INSERT INTO users VALUES (1, '3')",
            flagged: "ALTER TABLE users ALTER COLUMN age TYPE INTEGER",
            flagged_does: ("error", false),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT); INSERT INTO users VALUES (1, 'a')",
            flagged: "ALTER TABLE users ADD CONSTRAINT users_mail UNIQUE (mail)",
            flagged_does: ("error", false),
            safe: "CREATE UNIQUE INDEX users_mail ON users (mail)",
            safe_does: ("", false),
        },
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER); INSERT INTO users VALUES (1, 3)",
            flagged: "ALTER TABLE users ADD COLUMN older INTEGER AS (age + 1) STORED",
            flagged_does: ("error", false),
            safe: "ALTER TABLE users ADD COLUMN older INTEGER AS (age + 1) VIRTUAL",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let has_constraints = site.server.version >= (3, 53, 0);
    for change in site.changes() {
        let table = change.kind.altered_table();
        let (problem, advice) = match &change.kind {
            ChangeKind::AddColumn { table, column, .. } => {
                // A table that the migration made is empty unless it was filled.
                let may_have_rows = !site.is_new(table) || site.situation.filled.contains(table);
                match column_problem(column, may_have_rows) {
                    Some(found) => found,
                    None => continue,
                }
            }
            ChangeKind::SetColumnType { .. } => ("changes no column's type", "Rebuild the table."),
            ChangeKind::SetDefault { .. } | ChangeKind::DropDefault { .. } => {
                ("changes no default", "Rebuild the table.")
            }
            ChangeKind::AddConstraint { constraint, .. } if constraint.kind == ConstraintKind::Unique => {
                ("adds no UNIQUE to a table that is there", "Create a unique index.")
            }
            ChangeKind::AddConstraint { constraint, .. }
                if constraint.kind != ConstraintKind::Check || !has_constraints =>
            {
                ("adds no such constraint to a table that is there", "Rebuild the table.")
            }
            ChangeKind::SetNotNull { .. }
            | ChangeKind::DropNotNull { .. }
            | ChangeKind::DropConstraint { .. }
                if !has_constraints =>
            {
                ("changes no constraint before 3.53", "Rebuild the table.")
            }
            ChangeKind::OtherTableChange { .. } => ("has no such ALTER TABLE", "Rebuild the table."),
            _ => continue,
        };
        let mut hit = Hit::at(change, format!("this fails: SQLite {problem}"), advice).whatever_size();
        hit.table = table.cloned();
        hits.push(hit);
    }
}

fn column_problem(column: &Column, may_have_rows: bool) -> Option<(&'static str, &'static str)> {
    let has = |kind: ConstraintKind| column.constraints.iter().any(|constraint| constraint.kind == kind);
    let default = column.default.as_ref().filter(|default| !default.is_null);
    if has(ConstraintKind::PrimaryKey) {
        return Some(("adds no PRIMARY KEY column", "Rebuild the table."));
    }
    if has(ConstraintKind::Unique) {
        return Some(("adds no UNIQUE column", "Add the column without it, and create a unique index."));
    }
    if !may_have_rows {
        return None;
    }
    if column.generated_stored {
        return Some(("adds no stored generated column to a table with rows", "Make it VIRTUAL."));
    }
    if default.is_some_and(|default| default.may_be_volatile || is_moment(&default.text)) {
        return Some((
            "adds no column with a default that is not constant to a table with rows",
            "Add it without a default, and fill it.",
        ));
    }
    if default.is_some() && has(ConstraintKind::ForeignKey) {
        return Some((
            "adds no REFERENCES column with a default to a table with rows, while foreign keys are on",
            "Leave the default out.",
        ));
    }
    None
}

fn is_moment(text: &str) -> bool {
    matches!(
        text.trim_matches(['(', ')', ' ']).to_ascii_uppercase().as_str(),
        "CURRENT_TIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME"
    )
}
