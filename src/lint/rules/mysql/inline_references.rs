use super::{MYSQL_FAMILY, foreign_key_added::honours_inline};
use crate::ddl::ConstraintKind;
use crate::lint::{Check, Hit, Rule, Severity, Site};

// Without an example: no server of the tests is as old as this. MySQL 8.4, "13.1.20.5 FOREIGN KEY Constraints": "MySQL parses but
// ignores inline REFERENCES specifications"; MySQL 9.0 and MariaDB 10.5 release notes.
pub const RULE: Rule = Rule {
    id: "inline-references-ignored",
    title: "REFERENCES at a column makes no foreign key",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "MySQL before 9.0 and MariaDB before 10.5 read `REFERENCES` at a column and ignore it: there is no foreign key, and no \
                  warning.\n\nWrite `FOREIGN KEY (…) REFERENCES …` as a constraint of the table.",
    examples: &[],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if honours_inline(site) {
        return;
    }
    for change in site.changes() {
        for (table, column) in super::defined(change) {
            for constraint in column.constraints.iter().filter(|one| one.kind == ConstraintKind::ForeignKey) {
                let Some(references) = &constraint.references else { continue };
                let name = &column.name;
                let message = format!(
                    "this server ignores REFERENCES at a column: {table}.{name} gets no foreign key to {}",
                    references.table
                );
                let advice = format!(
                    "Write FOREIGN KEY ({name}) REFERENCES {} ({}).",
                    references.table,
                    references.columns.join(", ")
                );
                hits.push(Hit::at(change, message, advice).whatever_size());
            }
        }
    }
}
