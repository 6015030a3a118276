use super::MYSQL_FAMILY;
use crate::ddl::{Change, ChangeKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "engine-without-transactions",
    title: "A table's engine has no transactions",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "MyISAM, Aria, MEMORY, CSV and ARCHIVE know no rollback and no foreign keys, and lock the whole table for each write; \
                  MyISAM loses rows in a crash. To change the engine copies the table.\n\nUse InnoDB.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ENGINE=MyISAM",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "",
            flagged: "CREATE TABLE orders (id int PRIMARY KEY) ENGINE=MyISAM",
            flagged_does: ("", false),
            safe: "CREATE TABLE orders (id int PRIMARY KEY) ENGINE=InnoDB",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let Some((table, engine)) = engine(change) else { continue };
        if !matches!(
            engine.to_ascii_uppercase().as_str(),
            "MYISAM" | "ARIA" | "MEMORY" | "HEAP" | "CSV" | "ARCHIVE" | "MERGE" | "MRG_MYISAM"
        ) {
            continue;
        }
        let message = format!(
            "{engine} knows no transactions: a change of {table} that fails half-way stays half done"
        );
        hits.push(Hit::at(change, message, "Use InnoDB.").on(table).whatever_size());
    }
}

fn engine(change: &Change) -> Option<(&TableName, String)> {
    match &change.kind {
        ChangeKind::CreateTable { table, options, temporary: false, .. } => options
            .iter()
            .find(|(name, _)| name == "ENGINE")
            .map(|(_, value)| (table, value.trim_matches('\'').to_owned())),
        ChangeKind::RewriteTable { table: Some(table), command } => {
            command.strip_prefix("ENGINE=").map(|engine| (table, engine.to_owned()))
        }
        _ => None,
    }
}
