use super::MYSQL_FAMILY;
use crate::ddl::{self, Known, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "repeated-rebuild",
    title: "Several statements each write the same table anew",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Each `ALTER TABLE` that copies or rebuilds writes all rows and indexes again; one with several clauses does it once.\
                  \n\nJoin them with commas.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, total int, tax int); INSERT INTO orders VALUES (1, 2, 3)",
        flagged: "ALTER TABLE orders MODIFY total bigint; ALTER TABLE orders MODIFY tax bigint",
        flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let known = |table: &TableName| {
        whole.facts.and_then(|facts| facts.table(table)).map_or_else(Known::default, |facts| facts.known)
    };
    let mut written: Vec<TableName> = Vec::new();
    let mut created: Vec<TableName> = Vec::new();
    for (index, statement) in whole.read.iter().enumerate() {
        for change in &statement.changes {
            if let ddl::ChangeKind::CreateTable { table, .. } = &change.kind {
                created.push(table.clone());
            }
        }
        let Some(effect) = ddl::mysql_combined(statement, whole.server, &known) else { continue };
        let is_new = created.contains(&effect.table)
            || whole.facts.is_some_and(|facts| facts.table(&effect.table).is_none());
        if !effect.rewrites || is_new {
            continue;
        }
        if !written.contains(&effect.table) {
            written.push(effect.table);
            continue;
        }
        let hit = Hit {
            message: format!(
                "{} is written anew once more, after an earlier statement of the migration did it",
                effect.table
            ),
            advice: "Join them into one ALTER TABLE.".to_owned(),
            table: Some(effect.table.clone()),
            effects: vec![effect],
            ..Hit::default()
        };
        hits.push((Some(index), hit));
    }
}
