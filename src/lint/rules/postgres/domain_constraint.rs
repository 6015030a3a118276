use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site, SquawkHit};

pub const RULE: Rule = Rule {
    id: "domain-constraint",
    title: "A domain has a constraint",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A constraint that is added to a domain is tried on every row of every table that has a column of it, \
                 under SHARE locks on all of them. Adding such a column rewrites its table.\n\nPut the check on the \
                 columns; or add it to the domain NOT VALID, and `ALTER DOMAIN … VALIDATE CONSTRAINT` later.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE DOMAIN email AS text; CREATE TABLE customers (id bigint PRIMARY KEY, address email)",
        flagged: "ALTER DOMAIN email ADD CONSTRAINT email_check CHECK (VALUE LIKE '%@%')",
        flagged_does: ("ShareLock", false),
        safe: "ALTER DOMAIN email ADD CONSTRAINT email_check CHECK (VALUE LIKE '%@%') NOT VALID",
        safe_does: ("", false),
    }],
    squawk: &[
        squawk_linter::Rule::BanCreateDomainWithConstraint,
        squawk_linter::Rule::BanAlterDomainWithAddConstraint,
    ],
    check: Check::Squawk(check),
};

fn check(site: &Site<'_>, found: &SquawkHit) -> Option<Hit> {
    let (message, severity) = site.parsed.changes.iter().find_map(|change| match &change.kind {
        ChangeKind::CreateDomain { name, .. } => Some((
            format!("a column of {name} cannot be added to a table without writing the table anew"),
            Some(Severity::Note),
        )),
        ChangeKind::AddDomainConstraint { name, not_valid: false } => Some((
            format!("nobody writes to any table with a column of {name} while all their rows are checked"),
            None,
        )),
        _ => None,
    })?;
    Some(Hit {
        span: found.span.clone(),
        message,
        advice: "Put the check on the columns, or add it NOT VALID and validate it later.".to_owned(),
        severity,
        ..Hit::default()
    })
}
