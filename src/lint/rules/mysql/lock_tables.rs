use super::MYSQL_FAMILY;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "tables-locked",
    title: "LOCK TABLES keeps others out until the session ends",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`LOCK TABLES … WRITE` keeps everybody else from reading and writing until `UNLOCK TABLES` or the end of the session, \
                  commits the transaction that is open, and from then on the session may use only the tables that it names: an \
                  engine's own history table is not among them. Dump programs write it.\n\nLeave it out.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY)",
        flagged: "LOCK TABLES orders WRITE",
        flagged_does: ("LOCK=EXCLUSIVE", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::LockTable { tables, mode } = &change.kind else { continue };
        let Some(table) = tables.iter().find(|table| !site.is_new(table)) else { continue };
        let what = if mode == "WRITE" { "read or write" } else { "write" };
        let message = format!(
            "nobody else can {what} {table} until the session unlocks it, and it can use no other table"
        );
        hits.push(Hit::at(change, message, "Leave LOCK TABLES out.").on(table).whatever_size());
    }
}
