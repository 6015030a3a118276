use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, MysqlType};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "implicit-default",
    title: "A NOT NULL column is added without a default",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Other databases refuse it; here every row that is there silently gets the type's implicit value: 0, the empty string, \
                  the first member of an `ENUM`. Later nobody can tell it from a value that somebody meant, and an `INSERT` of \
                  deployed code that does not name the column fails in strict mode.\n\nSay a default, or add the column nullable, \
                  fill it, and make it `NOT NULL` then. On MySQL dates fail instead, since its strict mode takes no 0000-00-00.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
        flagged: "ALTER TABLE orders ADD COLUMN quantity int NOT NULL",
        flagged_does: ("ALGORITHM=INSTANT", false),
        safe: "ALTER TABLE orders ADD COLUMN quantity int NOT NULL DEFAULT 1, ALGORITHM=INSTANT",
        safe_does: ("ALGORITHM=INSTANT", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddColumn { table, column, .. } = &change.kind else { continue };
        let valued = column.default.is_some()
            || column.auto_increment
            || column.generated_stored
            || column.generated_virtual;
        if !column.not_null || valued || site.is_new(table) {
            continue;
        }
        let of = MysqlType::of(&column.data_type);
        let message = match implicit(&of, site.dialect()) {
            Some(value) => format!(
                "every row of {table} gets {value} as its {}, and inserts that do not name it fail",
                column.name
            ),
            None => {
                format!("if {table} has rows, this fails in strict mode: there is no implicit {}", of.name)
            }
        };
        let advice = "Say a default; or add it nullable, fill it in batches, and make it NOT NULL then.";
        hits.push(Hit::at(change, message, advice).on(table).whatever_size());
    }
}

/// The value that rows get.
fn implicit(of: &MysqlType, dialect: Dialect) -> Option<String> {
    Some(match of.name.as_str() {
        // MySQL's strict mode takes no zero for a date; MariaDB's does.
        "date" | "datetime" | "timestamp" if dialect == Dialect::Mysql => return None,
        "date" => "0000-00-00".to_owned(),
        "datetime" | "timestamp" => "0000-00-00 00:00:00".to_owned(),
        "enum" => of.arguments.first().cloned().unwrap_or_else(|| "its first member".to_owned()),
        "time" => "00:00:00".to_owned(),
        "json" => "null".to_owned(),
        name if name.ends_with("int") || matches!(name, "decimal" | "float" | "double" | "bit" | "year") => {
            "0".to_owned()
        }
        _ => "''".to_owned(),
    })
}
