use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "opaque-statement",
    title: "A statement does what cannot be read",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "A `DO` block, a procedure or a prepared statement may change anything, under any lock; no rule sees into it. `dunlin verify` shows the locks that it really takes.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "DO $$ BEGIN PERFORM 1; END $$",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::Opaque { verb } = &change.kind else { continue };
        let message = format!("what this {verb} does cannot be read, so no rule has looked at it");
        let advice = "Write the statements themselves; `dunlin verify` shows which locks it takes.";
        hits.push(Hit::at(change, message, advice).whatever_size());
    }
}
