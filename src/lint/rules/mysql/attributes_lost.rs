use super::{MYSQL_FAMILY, known_column};
use crate::ddl::{Change, ChangeKind, Column, KnownColumn};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "attributes-lost",
    title: "MODIFY or CHANGE leaves out what the column had",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`MODIFY` and `CHANGE` say the whole column anew: a `NOT NULL`, a default, `ON UPDATE`, `AUTO_INCREMENT` or comment \
                  that the column has and the statement does not repeat is gone, without a warning. This is found when a database \
                  is at hand, or when the migration itself made the column.\n\nRepeat all of it; `ALTER COLUMN … SET DEFAULT` and \
                  `RENAME COLUMN` change one thing alone.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, status varchar(20) NOT NULL DEFAULT 'new' COMMENT 'state'); INSERT INTO orders (id) VALUES (1)",
        flagged: "ALTER TABLE orders MODIFY status varchar(30)",
        flagged_does: ("", false),
        safe: "ALTER TABLE orders MODIFY status varchar(30) NOT NULL DEFAULT 'new' COMMENT 'state'",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RedefineColumn { table, old_name, column, .. } = &change.kind else { continue };
        let lost = match known_column(site, table, old_name) {
            Some(old) => lost(&old, column),
            None => match defined_before(site, change) {
                Some(old) => lost_of(&old, column),
                None => continue,
            },
        };
        if lost.is_empty() {
            continue;
        }
        let message =
            format!("{table}.{old_name} loses {}, which the statement does not repeat", lost.join(", "));
        hits.push(Hit::at(change, message, "Repeat what is to stay.").on(table).whatever_size());
    }
}

fn lost(old: &KnownColumn, new: &Column) -> Vec<String> {
    let mut lost = Vec::new();
    if old.not_null && !new.not_null && !new.says_null && !old.is_key {
        lost.push("NOT NULL".to_owned());
    }
    if let Some(default) = old.default.as_ref().filter(|_| new.default.is_none()) {
        lost.push(format!("its default {default}"));
    }
    if old.on_update && !new.on_update {
        lost.push("ON UPDATE".to_owned());
    }
    if old.auto_increment && !new.auto_increment {
        lost.push("AUTO_INCREMENT".to_owned());
    }
    if !old.comment.is_empty() && !new.comment {
        lost.push("its comment".to_owned());
    }
    lost
}

fn lost_of(old: &Column, new: &Column) -> Vec<String> {
    let known = KnownColumn {
        not_null: old.not_null,
        is_key: old
            .constraints
            .iter()
            .any(|constraint| constraint.kind == crate::ddl::ConstraintKind::PrimaryKey),
        default: old.default.as_ref().filter(|default| !default.is_null).map(|default| default.text.clone()),
        on_update: old.on_update,
        auto_increment: old.auto_increment,
        comment: if old.comment { "?".to_owned() } else { String::new() },
        ..KnownColumn::default()
    };
    lost(&known, new)
}

/// The column as an earlier statement of the migration defines it.
pub(super) fn defined_before(site: &Site<'_>, change: &Change) -> Option<Column> {
    let ChangeKind::RedefineColumn { table, old_name, .. } = &change.kind else { return None };
    let before = site.read.iter().take(site.index).flat_map(|statement| &statement.changes);
    before
        .flat_map(super::defined)
        .rfind(|(other, column)| other.name == table.name && column.name.eq_ignore_ascii_case(old_name))
        .map(|(_, column)| column.clone())
}
