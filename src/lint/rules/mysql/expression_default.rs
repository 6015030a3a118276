use super::{MYSQL_FAMILY, algorithm, alone};
use crate::ddl::{ChangeKind, MysqlAlgorithm};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "expression-default",
    title: "A column is added with an expression as its default",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "MySQL evaluates the expression for every row that is there, and copies the table to do so while nobody else writes; \
                  MariaDB does where the value may differ from row to row. A literal and `CURRENT_TIMESTAMP` are instant. With \
                  statement-based replication MySQL even refuses functions such as `UUID()`.\n\nAdd the column without a default, \
                  set the default for new rows with `ALTER COLUMN … SET DEFAULT`, and fill the old ones in batches.",
    examples: &[
        Example {
            dialects: &[Dialect::Mysql],
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD COLUMN code varchar(20) DEFAULT (upper('x'))",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "ALTER TABLE orders ADD COLUMN code varchar(20), ALGORITHM=INSTANT; ALTER TABLE orders ALTER COLUMN code SET DEFAULT (upper('x')), ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
        Example {
            dialects: &[Dialect::Mariadb],
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD COLUMN code varchar(36) DEFAULT (uuid())",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "ALTER TABLE orders ADD COLUMN code varchar(36), ALGORITHM=INSTANT; ALTER TABLE orders ALTER COLUMN code SET DEFAULT (uuid()), ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddColumn { table, column, .. } = &change.kind else { continue };
        let Some(default) = column.default.as_ref().filter(|default| !default.is_constant) else { continue };
        let copies = alone(site, change)
            .as_ref()
            .and_then(algorithm)
            .is_some_and(|algorithm| algorithm >= MysqlAlgorithm::CopyOnline);
        if site.is_new(table) || !copies {
            continue;
        }
        let message = format!(
            "{} is evaluated for each row of {table}, which is copied while nobody else writes to it",
            default.text
        );
        let advice =
            "Add the column without it, set the default afterwards, and fill the old rows in batches.";
        hits.push(Hit::at(change, message, advice).on(table));
    }
}
