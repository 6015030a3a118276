use dunlin_compat::model::Dialect;

use crate::lint::{Check, Direction, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "missing-down",
    title: "A migration cannot be taken back",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "When a release goes wrong, the way back is the down that was written and tried before. Write what restores the former shape under `-- migrate:down` (Alembic's `downgrade`, `down` of Knex and Rails, a `U` file of Flyway where the project has any); `dunlin verify` proves that it does. Where there is nothing to take back, say so with a comment there.\n\nOf migrations that are code, what is certain without running them is found: an Alembic `downgrade` that is missing or only `pass`, a Knex `down` that is missing or empty, a Rails `up` without `down`, and calls in `change` that Rails does not reverse (`execute`, `change_column`, `remove_column` without a type, `drop_table` without a block).",
    examples: &[],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    if whole.migration.direction != Direction::Up {
        return;
    }
    let missing = whole.migration.missing_down.clone();
    let said = match (whole.migration.has_down, missing) {
        (_, Some((line, reason))) => Some((Some(line), reason, "Write what reverts it")),
        (Some(false), None) => {
            Some((None, "it has no down".to_owned(), "Write what reverts it under `-- migrate:down`"))
        }
        _ => None,
    };
    if let Some((line, reason, way)) = said {
        let hit = Hit {
            message: format!("{reason}, so a release that goes wrong cannot go back"),
            advice: format!("{way}, and try it with `dunlin verify`."),
            line,
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((None, hit));
    }
}
