use super::{MYSQL_FAMILY, alone};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "lock-wait-timeout",
    title: "Nothing limits how long the statement waits for the table, with everybody behind it",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Even an instant change needs the table's metadata lock for a moment. It waits for every transaction that has used the \
                  table, by default for a year (`lock_wait_timeout`; a day on MariaDB), and whoever comes later waits behind it. \
                  Dunlin sets a limit by itself unless it is turned off, and then this finds nothing.\n\nSet `lock_wait_timeout` to \
                  a few seconds first.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY)",
        flagged: "ALTER TABLE orders ADD COLUMN total int, ALGORITHM=INSTANT",
        flagged_does: ("ALGORITHM=INSTANT", false),
        safe: "SET lock_wait_timeout = 5; ALTER TABLE orders ADD COLUMN total int, ALGORITHM=INSTANT",
        safe_does: ("ALGORITHM=INSTANT", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if site.migration.has_lock_timeout || site.situation.lock_timeout {
        return;
    }
    let Some((change, own)) = site.changes().find_map(|change| alone(site, change).map(|own| (change, own)))
    else {
        return;
    };
    // Once is enough for a migration.
    if site.is_new(&own.table) || !site.situation.altered_before.is_empty() {
        return;
    }
    let message = format!(
        "this waits for every transaction that uses {}, and whoever comes later waits behind it",
        own.table
    );
    let group = Group::alone(["SET lock_wait_timeout = 5".to_owned(), site.statement.text.clone()]);
    let fix = Fix { title: "limit the wait for locks".to_owned(), groups: vec![group] };
    hits.push(
        Hit::at(change, message, "Set lock_wait_timeout to a few seconds first.").on(&own.table).fix(fix),
    );
}
