use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "detach-partition-without-concurrently",
    title: "A partition is detached while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`DETACH PARTITION` takes an ACCESS EXCLUSIVE lock on the whole partitioned table: it waits for every \
                 query on any partition, and everybody else waits behind it.\n\n`DETACH PARTITION … CONCURRENTLY` \
                 (PostgreSQL 14) takes SHARE UPDATE EXCLUSIVE on the parent. It runs outside a transaction, and not \
                 where there is a default partition; the partition keeps a check with its former bounds, which may be dropped.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE visits (id bigint, day date) PARTITION BY RANGE (day); CREATE TABLE visits_2020 \
                         PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        flagged: "ALTER TABLE visits DETACH PARTITION visits_2020",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE visits DETACH PARTITION visits_2020 CONCURRENTLY",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::RequireConcurrentPartitionDetach],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DetachPartition { table, partition, concurrently: false } = &change.kind else {
            continue;
        };
        if site.is_new(table) || site.is_new(partition) || site.server.version.0 < 14 {
            continue;
        }
        let part = format!("{} {}", form::source(site, change), form::keyword(site, "CONCURRENTLY"));
        let fix = form::with(site, change, &part);
        hits.push(
            Hit::at(
                change,
                format!("everybody waits for {table} while {partition} is detached"),
                "Detach it CONCURRENTLY, outside a transaction; a check with the partition's bounds stays, which its down has to drop.",
            )
            .on(table)
            .fix(fix.map(|statement| Fix::alone("detach the partition concurrently", statement))),
        );
    }
}
