use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "primary-key-dropped",
    title: "The primary key is dropped",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "InnoDB keeps rows in the order of the primary key, so the table is copied while nobody else writes to it; and without \
                  one, row-based replication looks every row up by reading the whole table, and Group Replication refuses it.\n\n\
                  Drop it and add the new one in one statement: then the table is rebuilt in place.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, number int NOT NULL); INSERT INTO orders VALUES (1, 2)",
        flagged: "ALTER TABLE orders DROP PRIMARY KEY",
        flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
        safe: "ALTER TABLE orders DROP PRIMARY KEY, ADD PRIMARY KEY (number), ALGORITHM=INPLACE, LOCK=NONE",
        safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", true),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let adds = site.changes().any(|change| match &change.kind {
        ChangeKind::AddConstraint { constraint, .. } => constraint.kind == ConstraintKind::PrimaryKey,
        ChangeKind::AddColumn { column, .. } => {
            column.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::PrimaryKey)
        }
        _ => false,
    });
    for change in site.changes() {
        let ChangeKind::DropConstraint { table, kind: Some(ConstraintKind::PrimaryKey), .. } = &change.kind
        else {
            continue;
        };
        if site.is_new(table) || adds {
            continue;
        }
        let message = format!(
            "{table} is copied while nobody else writes to it, and replicas find its rows by reading all of it"
        );
        hits.push(Hit::at(change, message, "Add the new primary key in the same statement.").on(table));
    }
}
