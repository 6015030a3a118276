use super::{MYSQL_FAMILY, algorithm, alone, called, is_unknown};
use crate::ddl::{ChangeKind, ConstraintKind, MysqlAlgorithm};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "table-copied",
    title: "The table is copied row by row",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "The server can do this with `ALGORITHM=COPY` only: it writes every row into a new table, and nobody else writes \
                  to the old one until it is done (`LOCK=SHARED`; MariaDB 11.2 and later let others write). A type that changes, a \
                  stored generated column, a check that is enforced and a column that becomes `AUTO_INCREMENT` are of this kind.\n\n\
                  Add a new column instead, fill it in batches, and have the application move over; or make the copy when nobody \
                  writes.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, quantity int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders MODIFY quantity bigint",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "ALTER TABLE orders ADD COLUMN quantity_wide bigint, ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, net int, tax int); INSERT INTO orders VALUES (1, 2, 3)",
            flagged: "ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (net + tax) STORED",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (net + tax) VIRTUAL, ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, quantity int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD CONSTRAINT some CHECK (quantity > 0)",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let names_copy = site.parsed.algorithm.as_deref() == Some("COPY");
    for change in site.changes() {
        let Some(own) = alone(site, change).filter(|effect| !site.is_new(&effect.table)) else { continue };
        let copies =
            own.rewrites && algorithm(&own).is_some_and(|algorithm| algorithm >= MysqlAlgorithm::CopyOnline);
        if has_rule_of_its_own(&change.kind) || !(copies || names_copy) {
            continue;
        }
        let table = &own.table;
        let online = algorithm(&own) == Some(MysqlAlgorithm::CopyOnline);
        let (message, advice) = if !copies {
            (
                format!("the statement asks for a copy of {table}, which the server could do without"),
                "Leave ALGORITHM=COPY out.",
            )
        } else if is_unknown(site, change) {
            (
                format!(
                    "{} copies {table} while nobody else writes to it, unless its type stays as it is",
                    called(change)
                ),
                "Say ALGORITHM=INSTANT or INPLACE with LOCK=NONE, so that it fails instead of copying; or add a new column and fill it in batches.",
            )
        } else if online {
            (
                format!("{} copies {table} row by row; others write meanwhile", called(change)),
                "Add a new column and fill it in batches, or run it in quiet hours.",
            )
        } else {
            (
                format!("{} copies {table} row by row while nobody else writes to it", called(change)),
                "Add a new column and fill it in batches, or run it when nobody writes.",
            )
        };
        let mut hit = Hit::at(change, message, advice).on(table);
        if online {
            hit = hit.severity(Severity::Note);
        }
        hits.push(hit);
    }
}

fn has_rule_of_its_own(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::ConvertCharacterSet { .. } | ChangeKind::Repartition { .. } => true,
        ChangeKind::AddConstraint { constraint, .. } => constraint.kind == ConstraintKind::ForeignKey,
        ChangeKind::DropConstraint { kind, .. } => *kind == Some(ConstraintKind::PrimaryKey),
        ChangeKind::AddColumn { column, .. } => {
            column.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::ForeignKey)
                || column.default.as_ref().is_some_and(|default| !default.is_constant)
        }
        ChangeKind::RewriteTable { command, .. } => {
            command != "ENGINE=INNODB" && command.starts_with("ENGINE=")
        }
        _ => false,
    }
}
