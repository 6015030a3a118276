use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-schema",
    title: "A schema or database is dropped with all that is in it",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "Everything in it is gone for good, of this project or not. Do that by hand, with a backup at your side.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE SCHEMA archive",
        flagged: "DROP SCHEMA archive",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let (kind, names) = match &change.kind {
            ChangeKind::DropSchema { names, .. } => ("schema", names.join(", ")),
            ChangeKind::DropDatabase { name } => ("database", name.clone()),
            _ => continue,
        };
        let message = format!("the {kind} {names} is dropped with everything in it, of this project or not");
        hits.push(Hit::at(change, message, "Drop it by hand, after a backup.").whatever_size());
    }
}
