use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "several-alters",
    title: "One table is altered by several statements",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Each `ALTER TABLE` asks for its lock anew, and waits behind every transaction that uses the table. Where they may go together, one statement with commas takes the lock once and, if rows are read or rewritten, does so once.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders ADD COLUMN paid boolean; ALTER TABLE orders ADD COLUMN note text",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE orders ADD COLUMN paid boolean, ADD COLUMN note text",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let altered = |index: usize| -> Option<&TableName> {
        let statement = whole.read.get(index)?;
        let kind = &statement.changes.first()?.kind;
        // What validates must stand by itself, and renames cannot be joined.
        let apart = matches!(
            kind,
            ChangeKind::ValidateConstraint { .. }
                | ChangeKind::RenameColumn { .. }
                | ChangeKind::RenameTable { .. }
                | ChangeKind::SetSchema { .. }
                | ChangeKind::AttachPartition { .. }
                | ChangeKind::DetachPartition { .. }
        );
        if apart { None } else { kind.altered_table() }
    };
    let mut created: Vec<&TableName> = Vec::new();
    for (index, statement) in whole.read.iter().enumerate() {
        created.extend(statement.changes.iter().filter_map(|change| match &change.kind {
            ChangeKind::CreateTable { table, .. } => Some(table),
            _ => None,
        }));
        let same = |one: Option<usize>| one.and_then(|one| whole.migration.statements.get(one)?.transaction);
        let (Some(before), Some(now)) = (index.checked_sub(1).and_then(altered), altered(index)) else {
            continue;
        };
        let together = same(Some(index)).is_some() && same(Some(index)) == same(index.checked_sub(1));
        if before != now || !together || created.contains(&now) {
            continue;
        }
        let hit = Hit {
            message: format!("{now} was altered by the statement before, and can be altered by one for both"),
            advice: "Join them with a comma.".to_owned(),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((Some(index), hit));
    }
}
