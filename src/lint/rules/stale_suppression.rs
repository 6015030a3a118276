use dunlin_compat::model::Dialect;

use crate::lint::{Check, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "stale-suppression",
    title: "A comment allows what is not found, or not any more",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`-- dunlin:allow RULE until=YYYY-MM-DD: REASON` before or in a statement says that somebody has looked at what the \
                  rule finds there; `dunlin:allow-file` says it of the whole file. The reason is not optional, the day is. A comment \
                  that allows nothing any more would hide the next finding, so it is one.",
    examples: &[],
    squawk: &[],
    check: Check::Elsewhere,
};
