use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "unnamed-constraint",
    title: "A constraint gets a name that the server chooses",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Servers choose names by rules of their own, which differ between versions and with what is there already; the migration that drops it one day has to guess. Name it.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders ADD CHECK (id > 0) NOT VALID",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE orders ADD CONSTRAINT orders_id_positive CHECK (id > 0) NOT VALID",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddConstraint { table, constraint, .. } = &change.kind else { continue };
        let named_by_rule = matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::NotNull);
        if constraint.name.is_some() || constraint.using_index.is_some() || named_by_rule {
            continue;
        }
        let message = format!("the server chooses the name of this constraint of {table}");
        hits.push(Hit::at(change, message, "Name it: ADD CONSTRAINT name …").on(table).whatever_size());
    }
}
