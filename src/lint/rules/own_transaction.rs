use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "own-transaction",
    title: "A script handles transactions itself",
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Each migration runs in a transaction that its history row shares. A script that begins and commits by itself is run statement by statement instead, and one that begins without committing leaves nothing.\n\nLeave `BEGIN` and `COMMIT` out; say `transaction=none` for what cannot run in a transaction.",
    examples: &[],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let mut open: Option<usize> = None;
    let mut ended = false;
    for (index, statement) in whole.read.iter().enumerate() {
        for change in &statement.changes {
            let ChangeKind::Transaction { verb } = &change.kind else { continue };
            match *verb {
                "BEGIN" if open.is_some() => hits.push((
                    Some(index),
                    Hit::at(
                        change,
                        "a transaction is open already, so this begins none",
                        "Leave one of them out.",
                    )
                    .severity(Severity::Error)
                    .whatever_size(),
                )),
                "BEGIN" => open = Some(index),
                _ => {
                    open = None;
                    ended = true;
                }
            }
        }
    }
    if let Some(index) = open {
        let hit = Hit {
            message: "the transaction that begins here is never committed".to_owned(),
            advice: "Leave it out: a migration runs in a transaction as it is.".to_owned(),
            severity: Some(Severity::Error),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((Some(index), hit));
    } else if ended {
        let hit = Hit {
            message: "the script commits by itself, so it runs statement by statement and its history row comes later".to_owned(),
            advice: "Leave BEGIN and COMMIT out: a migration runs in a transaction as it is.".to_owned(),
            severity: Some(Severity::Note),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((None, hit));
    }
}
