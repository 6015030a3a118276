use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, RowChange};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "implicit-commit",
    title: "A change of the schema commits rows in the middle of a transaction",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ALTER TABLE`, `CREATE INDEX`, `TRUNCATE` and the like commit the transaction that is open before they run. Rows that \
                  were changed in it are there for good, and a `ROLLBACK` after it takes nothing back.\n\nPut rows and schema into \
                  migrations of their own.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, total int)",
        flagged: "START TRANSACTION; INSERT INTO orders VALUES (1, 2); ALTER TABLE orders ADD COLUMN status varchar(20); ROLLBACK",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let (mut open, mut rows) = (false, None);
    for (index, statement) in whole.read.iter().enumerate() {
        for change in &statement.changes {
            match &change.kind {
                ChangeKind::Transaction { verb } => {
                    open = *verb == "BEGIN";
                    rows = None;
                }
                ChangeKind::SetSetting { name, value, .. } if name == "autocommit" => {
                    open = value == "0" || value.eq_ignore_ascii_case("off");
                    rows = None;
                }
                ChangeKind::Rows(
                    RowChange::Insert { table, .. }
                    | RowChange::Update { table, .. }
                    | RowChange::Delete { table, .. }
                    | RowChange::Merge { table }
                    | RowChange::Load { table },
                ) if open => rows = Some(table.clone()),
                kind if commits(kind) => {
                    if let Some(table) = rows.take().filter(|_| open) {
                        let message =
                            format!("this commits what the transaction has done to the rows of {table}");
                        let hit =
                            Hit::at(change, message, "Put rows and schema into migrations of their own.");
                        hits.push((Some(index), hit.whatever_size()));
                    }
                    open = false;
                }
                _ => {}
            }
        }
    }
}

fn commits(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::CreateTable { temporary, .. } => !temporary,
        ChangeKind::CreateIndex { .. }
        | ChangeKind::DropIndex { .. }
        | ChangeKind::DropTable { .. }
        | ChangeKind::Truncate { .. }
        | ChangeKind::CreateView { .. }
        | ChangeKind::DropView { .. }
        | ChangeKind::CreateTrigger { .. }
        | ChangeKind::DropTrigger { .. }
        | ChangeKind::CreateRoutine { .. }
        | ChangeKind::DropRoutine { .. }
        | ChangeKind::LockTable { .. } => true,
        other => other.altered_table().is_some(),
    }
}
