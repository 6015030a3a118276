use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{ChangeKind, postgres};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "type-change-rewrites",
    title: "A change of a column's type rewrites the table",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Unless the old values are values of the new type as they lie, every row and every index on the \
                 column is written anew under an ACCESS EXCLUSIVE lock. No row is written for `varchar(20)` to \
                 `varchar(40)` or `text`, `numeric(10,2)` to `numeric(12,2)`, `cidr` to `inet`, and a few \
                 more.\n\nAdd a second column of the new type, keep it up to date by a trigger, fill it in batches, \
                 and exchange the two.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id int PRIMARY KEY, code varchar(20))",
            flagged: "ALTER TABLE orders ALTER COLUMN id TYPE bigint",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "ALTER TABLE orders ADD COLUMN id_new bigint",
            safe_does: ("AccessExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id int PRIMARY KEY, code varchar(20))",
            flagged: "ALTER TABLE orders ALTER COLUMN code TYPE varchar(10)",
            flagged_does: ("AccessExclusiveLock", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[squawk_linter::Rule::ChangingColumnType],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::SetColumnType { table, column, data_type, using } = &change.kind else { continue };
        let rewrites = site.effects(change).iter().any(|effect| effect.rewrites);
        if !rewrites || form::is_harmless(site, table) {
            continue;
        }
        let from = site
            .table(table)
            .and_then(|facts| facts.known.columns)
            .into_iter()
            .flatten()
            .find(|known| known.name == *column)
            .map(|known| known.data_type);
        let to = postgres::canonical(data_type);
        let widest = matches!(to.name.as_str(), "text" | "character varying") && to.arguments.is_empty();
        let (message, severity) = match from {
            Some(from) => (
                format!(
                    "every row of {table} is written anew, as {column} is {from}, and nobody reads or writes meanwhile"
                ),
                None,
            ),
            // From another kind of text nothing is written; only a database can tell that it is one.
            None if widest && using.is_none() => (
                format!("every row of {table} is written anew, unless {column} is varchar or text already"),
                Some(Severity::Note),
            ),
            None => (
                format!(
                    "every row of {table} is written anew, unless values of {column} are {data_type} as they lie, and nobody \
                     reads or writes meanwhile"
                ),
                None,
            ),
        };
        let mut hit = Hit::at(
            change,
            message,
            "Add a column of the new type, keep it up to date by a trigger, fill it in batches, and exchange the two.",
        )
        .on(table);
        hit.severity = severity;
        hits.push(hit);
    }
}
