use super::{MYSQL_FAMILY, known_column};
use crate::ddl::{Change, ChangeKind, Constraint, ConstraintKind, MysqlType, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "foreign-key-refused",
    title: "The columns of a foreign key do not fit those that it refers to",
    dialects: MYSQL_FAMILY,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "A column and the one that it refers to need the same type: size and sign of integers, and character set and collation \
                  of text. Otherwise the server refuses the constraint (error 3780, 1005 with errno 150), after the statements \
                  before it have been committed.\n\nGive both the same type.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE customers (id bigint unsigned PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id))",
        flagged_does: ("error", false),
        safe: "CREATE TABLE customers (id bigint unsigned PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint unsigned, CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id))",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        for (table, constraint) in constraints(change) {
            let Some(references) = &constraint.references else { continue };
            for (own, other) in constraint.columns.iter().zip(&references.columns) {
                let (Some(one), Some(two)) =
                    (type_of(site, table, own), type_of(site, &references.table, other))
                else {
                    continue;
                };
                let (left, right) = (MysqlType::of(&one), MysqlType::of(&two));
                let is_integer = |of: &MysqlType| of.name.ends_with("int");
                let same_family = left.name == right.name
                    || left.is_text() && right.is_text() && !left.has_members() && !right.has_members();
                if same_family && (!is_integer(&left) || left.unsigned == right.unsigned) {
                    continue;
                }
                let message = format!(
                    "this fails: {own} is {one}, and {}.{other} to which it refers is {two}",
                    references.table
                );
                hits.push(Hit::at(change, message, format!("Make {own} {two}.")).whatever_size());
            }
        }
    }
}

fn constraints(change: &Change) -> Vec<(&TableName, &Constraint)> {
    let is_key = |constraint: &&Constraint| constraint.kind == ConstraintKind::ForeignKey;
    match &change.kind {
        ChangeKind::CreateTable { table, constraints, .. } => {
            constraints.iter().filter(is_key).map(|constraint| (table, constraint)).collect()
        }
        ChangeKind::AddConstraint { table, constraint, .. } => {
            Some(&**constraint).filter(is_key).map(|constraint| (table, constraint)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A column's type, as this statement, an earlier one or the database has it.
fn type_of(site: &Site<'_>, table: &TableName, name: &str) -> Option<String> {
    let here = site.read.iter().take(site.index + 1).flat_map(|statement| &statement.changes);
    let defined = here
        .flat_map(super::defined)
        .rfind(|(other, column)| other.name == table.name && column.name.eq_ignore_ascii_case(name))
        .map(|(_, column)| column.data_type.clone());
    defined.or_else(|| known_column(site, table, name).map(|column| column.data_type))
}
