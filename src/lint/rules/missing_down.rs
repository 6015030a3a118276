use dunlin_compat::model::Dialect;

use crate::lint::{Check, Direction, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "missing-down",
    title: "A migration cannot be taken back",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "When a release goes wrong, the way back is the down that was written and tried before. Write what restores the former shape under `-- migrate:down`; `dunlin verify` proves that it does. Where there is nothing to take back, say so with a comment there.",
    examples: &[],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    if whole.migration.direction == Direction::Up && whole.migration.has_down == Some(false) {
        let hit = Hit {
            message: "it has no down, so a release that goes wrong cannot go back".to_owned(),
            advice: "Write what reverts it under `-- migrate:down`, and try it with `dunlin verify`."
                .to_owned(),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((None, hit));
    }
}
