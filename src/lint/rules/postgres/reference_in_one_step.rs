use dunlin_compat::model::Dialect;

use super::{form, not_valid};
use crate::ddl::{Change, ChangeKind, Constraint, ConstraintKind, TableName};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "reference-in-one-step",
    title: "A column comes with its foreign key in one statement",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD COLUMN … REFERENCES` takes ACCESS EXCLUSIVE on the one table and SHARE ROW EXCLUSIVE on the \
                 other, so that it waits for whoever writes to either while nobody uses the first. With a default \
                 every row is looked up meanwhile.\n\nAdd the column, index it CONCURRENTLY, add the foreign key NOT \
                 VALID, and validate it: each in a transaction of its own.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, \
                         customer_id bigint)",
        flagged: "ALTER TABLE orders ADD COLUMN payer_id bigint REFERENCES customers (id)",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE orders ADD COLUMN payer_id bigint",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddColumn { table, column, .. } = &change.kind else { continue };
        let key = column.constraints.iter().find(|it| it.kind == ConstraintKind::ForeignKey);
        let Some(key) = key else { continue };
        let Some(references) = &key.references else { continue };
        if form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("waits for whoever writes to {} while nobody uses {table}", references.table),
                "Add the column, then the foreign key NOT VALID, and validate it, each in a transaction of its own.",
            )
            .on(table)
            .fix(fix(site, change, table, key)),
        );
    }
}

fn fix(site: &Site<'_>, change: &Change, table: &TableName, key: &Constraint) -> Option<Fix> {
    let source = form::source(site, change);
    let upper = source.to_ascii_uppercase();
    let start = upper.find(" REFERENCES ")?;
    let clause = source.get(start..)?.trim();
    let other = ["NOT NULL", "DEFAULT", "CHECK", "UNIQUE", "COLLATE", "CONSTRAINT", "GENERATED"];
    // What stands behind the reference would go astray.
    if other.iter().any(|word| upper.get(start..).unwrap_or_default().contains(word))
        || upper.contains("CONSTRAINT")
    {
        return None;
    }
    let word = |text: &str| form::keyword(site, text);
    let name = form::constraint_name(table, key);
    let added = format!(
        "{} {} {} {} {} ({}) {clause} {}",
        word("ALTER TABLE"),
        form::table(site, table),
        word("ADD CONSTRAINT"),
        form::name(site, &name),
        word("FOREIGN KEY"),
        form::list(site, &key.columns),
        word("NOT VALID")
    );
    Some(Fix {
        title: "add the column, then the foreign key NOT VALID, and validate it".to_owned(),
        groups: vec![
            Group::together([form::with(site, change, source.get(..start)?)?]),
            Group::together([added]),
            Group::together([not_valid::validate(site, table, &name)]),
        ],
    })
}
