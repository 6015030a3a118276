use super::MYSQL_FAMILY;
use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "primary-key-missing",
    title: "A table has no primary key",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Replicas look every changed row up by reading the whole table, Group Replication and some hosts refuse such tables \
                  (`sql_require_primary_key`), and nothing can change its rows in batches.\n\nGive it a primary key.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE visits (page varchar(20), seen datetime)",
        flagged_does: ("", false),
        safe: "CREATE TABLE visits (id bigint AUTO_INCREMENT PRIMARY KEY, page varchar(20), seen datetime)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateTable {
            table,
            columns,
            constraints,
            indexes,
            temporary: false,
            from_query: false,
            ..
        } = &change.kind
        else {
            continue;
        };
        let is_key = |kind: ConstraintKind| kind == ConstraintKind::PrimaryKey;
        let has_key = constraints.iter().any(|constraint| is_key(constraint.kind))
            || columns
                .iter()
                .any(|column| column.constraints.iter().any(|constraint| is_key(constraint.kind)));
        // A unique index whose columns are all NOT NULL serves as one.
        let required = |name: &str| {
            columns.iter().any(|column| column.name.eq_ignore_ascii_case(name) && column.not_null)
        };
        let has_unique = indexes
            .iter()
            .any(|index| index.unique && index.columns.iter().all(|column| required(&column.text)))
            || columns.iter().any(|column| {
                column.not_null
                    && column.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::Unique)
            });
        // `CREATE TABLE … LIKE` has the columns of the other one.
        let later = site.read.iter().skip(site.index + 1).flat_map(|statement| &statement.changes).any(|change| {
            matches!(&change.kind, ChangeKind::AddConstraint { table: other, constraint, .. } if other.name == table.name && is_key(constraint.kind))
        });
        if columns.is_empty() || has_key || has_unique || later {
            continue;
        }
        let message =
            format!("{table} has no primary key: replicas look its rows up one by one by reading all of it");
        hits.push(Hit::at(change, message, "Give it a primary key.").whatever_size());
    }
}
