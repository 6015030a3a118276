use super::{MYSQL_FAMILY, defined};
use crate::ddl::{ChangeKind, MysqlType};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "timestamp-ends",
    title: "TIMESTAMP ends in January 2038",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "`TIMESTAMP` counts seconds in 32 bits and ends on 2038-01-19 (MariaDB 11.5 and later on 64-bit machines: 2106), and is \
                  shown in each session's time zone. To change the type later copies the table.\n\nUse `DATETIME`, and keep UTC in \
                  it.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE orders (id bigint PRIMARY KEY, due timestamp NULL)",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders (id bigint PRIMARY KEY, due datetime)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        for (table, column) in defined(change) {
            if MysqlType::of(&column.data_type).name == "timestamp" {
                let message = format!("{table}.{} cannot hold a moment after January 2038", column.name);
                let mut hit = Hit::at(change, message, "Use datetime.").whatever_size();
                if matches!(change.kind, ChangeKind::CreateTable { .. }) {
                    hit.table = None;
                }
                hits.push(hit);
            }
        }
    }
}
