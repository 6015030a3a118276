use super::MYSQL_FAMILY;
use crate::ddl::{Change, ChangeKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "name-too-long",
    title: "A name has more than 64 characters",
    dialects: MYSQL_FAMILY,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "Names of tables, columns, indexes and constraints have at most 64 characters; the server refuses longer ones (error \
                  1059).\n\nChoose a shorter name.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, total int)",
        flagged: "CREATE INDEX index_orders_on_customer_and_product_and_warehouse_and_status_and_total ON orders (total)",
        flagged_does: ("error", false),
        safe: "CREATE INDEX orders_total ON orders (total)",
        safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        for name in names(change).into_iter().filter(|name| name.chars().count() > 64) {
            let message = format!(
                "this fails: {name} has {} characters, and the server takes 64",
                name.chars().count()
            );
            hits.push(Hit::at(change, message, "Choose a shorter name.").whatever_size());
        }
    }
}

fn names(change: &Change) -> Vec<&str> {
    let mut names: Vec<&str> =
        super::defined(change).into_iter().map(|(_, column)| column.name.as_str()).collect();
    match &change.kind {
        ChangeKind::CreateTable { table, constraints, indexes, .. } => {
            names.push(&table.name);
            names.extend(constraints.iter().filter_map(|constraint| constraint.name.as_deref()));
            names.extend(indexes.iter().filter_map(|index| index.name.as_deref()));
        }
        ChangeKind::CreateIndex { index, .. } => names.extend(index.name.as_deref()),
        ChangeKind::AddConstraint { constraint, .. } => names.extend(constraint.name.as_deref()),
        ChangeKind::RenameTable { to, .. } => names.push(&to.name),
        ChangeKind::RenameColumn { to, .. } | ChangeKind::RenameIndex { to, .. } => names.push(to),
        ChangeKind::CreateView { view, .. } => names.push(&view.name),
        ChangeKind::CreateTrigger { name, .. } => names.push(name),
        ChangeKind::CreateRoutine { name, .. } => names.push(&name.name),
        _ => {}
    }
    names
}
