use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, RowChange};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "half-applied",
    title: "A migration of several statements cannot be taken back as one",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "Changes of the schema commit one by one: if a later statement fails, those before it stay. Dunlin journals how far it \
                  came and goes on there, but other tools do not.\n\nHave one change of the schema to a migration.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY)",
        flagged: "ALTER TABLE orders ADD COLUMN total int; ALTER TABLE orders ADD COLUMN tax int",
        flagged_does: ("", false),
        safe: "ALTER TABLE orders ADD COLUMN total int, ADD COLUMN tax int",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let changes = |index: usize| {
        whole.read.get(index).is_some_and(|statement| {
            statement.changes.iter().any(|change| match &change.kind {
                ChangeKind::Rows(RowChange::Insert { .. }) => true,
                ChangeKind::Rows(_) => true,
                ChangeKind::SetSetting { .. }
                | ChangeKind::Query
                | ChangeKind::Transaction { .. }
                | ChangeKind::Other { .. } => false,
                _ => true,
            })
        })
    };
    let count = (0..whole.read.len()).filter(|index| changes(*index)).count();
    if count > 1 {
        let hit = Hit {
            message: format!("{count} statements commit one by one: if one fails, those before it stay"),
            advice: "Have one change of the schema to a migration.".to_owned(),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((None, hit));
    }
}
