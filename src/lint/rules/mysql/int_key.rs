use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, ConstraintKind, MysqlType};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "int-key",
    title: "A primary key counts in 32 bits or fewer",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "`INT AUTO_INCREMENT` ends at 2,147,483,647 (twice that when unsigned), and then every insert fails. Rows that were \
                  rolled back or deleted use up numbers too. To widen it then copies the table and every table that refers to it.\n\n\
                  Use `BIGINT`.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY)",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateTable { table, columns, constraints, temporary: false, .. } = &change.kind
        else {
            continue;
        };
        for column in columns.iter().filter(|column| column.auto_increment) {
            let is_key =
                column.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::PrimaryKey)
                    || constraints.iter().any(|constraint| {
                        constraint.kind == ConstraintKind::PrimaryKey
                            && constraint.columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name))
                    });
            let name = MysqlType::of(&column.data_type).name;
            if is_key && matches!(name.as_str(), "int" | "mediumint" | "smallint" | "tinyint") {
                let message =
                    format!("{table}.{} is {}, whose numbers run out", column.name, column.data_type);
                hits.push(Hit::at(change, message, "Use bigint.").whatever_size());
            }
        }
    }
}
