use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "partition-attached-without-check",
    title: "A partition is attached without a check, and read through while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ATTACH PARTITION` reads every row of the new partition, under an ACCESS EXCLUSIVE lock on it, to \
                 see that they belong there. Where a default partition stands, that is read through as well.\n\nAdd a \
                 check to the new partition first that says the same as its bounds, NOT VALID, and validate it: then \
                 nothing is read.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE visits (id bigint, day date) PARTITION BY RANGE (day); CREATE TABLE visits_2020 \
                         PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE \
                         visits_2021 (id bigint, day date)",
        flagged: "ALTER TABLE visits ATTACH PARTITION visits_2021 FOR VALUES FROM ('2021-01-01') TO \
                         ('2022-01-01')",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE visits_2021 ADD CONSTRAINT bounds CHECK (day IS NOT NULL AND day >= '2021-01-01' \
                         AND day < '2022-01-01') NOT VALID; ALTER TABLE visits_2021 VALIDATE CONSTRAINT bounds",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AttachPartition { table, partition } = &change.kind else { continue };
        let reads = site.effects(change).iter().any(|effect| effect.table == *partition && effect.scans);
        let checked = site.read.iter().take(site.index).flat_map(|read| &read.changes).any(|change| {
            match &change.kind {
                ChangeKind::AddConstraint { table, constraint, .. } => {
                    table == partition && constraint.kind == ConstraintKind::Check
                }
                _ => false,
            }
        });
        if !reads || checked || form::is_harmless(site, partition) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("every row of {partition} is read before it belongs to {table}, and nobody uses it meanwhile"),
                "Add a check with the partition's bounds NOT VALID, validate it, and attach then.",
            )
            .on(partition),
        );
    }
}
