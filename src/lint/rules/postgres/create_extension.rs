use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "create-extension",
    title: "An extension is created",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Most extensions may be created by a superuser only, or by whoever may create in the database if the \
                 extension is trusted; on hosted servers only some are there at all. The application's role often may \
                 not.\n\nHave it created with the database.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "",
        flagged: "CREATE EXTENSION IF NOT EXISTS plpgsql",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateExtension { name } = &change.kind else { continue };
        hits.push(
            Hit::at(
                change,
                format!("creating {name} may take a superuser, and the server may not have it"),
                "Have it created with the database.",
            )
            .whatever_size(),
        );
    }
}
