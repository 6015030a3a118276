use super::{MYSQL_FAMILY, foreign_key_added::is_off, is_unknown, known};
use crate::ddl::{self, Change, ChangeKind, ConstraintKind, MysqlAlgorithm, TableLock};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "algorithm-refused",
    title: "The statement names an algorithm or a lock that the server refuses",
    dialects: MYSQL_FAMILY,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "`ALGORITHM` and `LOCK` never change what the server can do: where a change needs more than is named, the statement \
                  fails with error 1845 or 1846 when it runs. That is what they are for, but here it is known beforehand.\n\nName \
                  what the change needs, or make it in another way.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD INDEX orders_total (total), ALGORITHM=INSTANT",
            flagged_does: ("error", false),
            safe: "ALTER TABLE orders ADD INDEX orders_total (total), ALGORITHM=INPLACE, LOCK=NONE",
            safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD CONSTRAINT some CHECK (total > 0), ALGORITHM=INPLACE",
            flagged_does: ("error", false),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'x')",
            flagged: "ALTER TABLE orders ADD FULLTEXT INDEX orders_note (note), LOCK=NONE",
            flagged_does: ("error", false),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    // What a redefined column was like decides, and is not known.
    if site.changes().any(|change| is_unknown(site, change)) || !site.parsed.unread.is_empty() {
        return;
    }
    let checks_off = is_off(site, "foreign_key_checks");
    let is_told = |change: &Change| match &change.kind {
        // Of which kind it is, is not said.
        ChangeKind::DropConstraint { kind, .. } => kind.is_some(),
        ChangeKind::AddConstraint { constraint, .. } => {
            constraint.kind != ConstraintKind::ForeignKey || !checks_off
        }
        _ => true,
    };
    if !site.changes().all(is_told) {
        return;
    }
    let Some(needed) = ddl::mysql_gentlest(site.parsed, site.server, &|table| known(site, table)) else {
        return;
    };
    let TableLock::Mysql(algorithm) = needed.lock else { return };
    if algorithm == MysqlAlgorithm::Exclusive || site.is_new(&needed.table) {
        return;
    }
    let named = site.parsed.algorithm.as_deref();
    let by_algorithm = match named {
        Some("INSTANT") => algorithm > MysqlAlgorithm::Instant,
        // MariaDB: in place, but without a rebuild.
        Some("NOCOPY") => {
            algorithm >= MysqlAlgorithm::CopyOnline
                || needed.rewrites && algorithm > MysqlAlgorithm::Instant && !is_full_text(site)
        }
        Some("INPLACE") => algorithm >= MysqlAlgorithm::CopyOnline,
        _ => false,
    };
    let by_lock = site.parsed.lock.as_deref() == Some("NONE")
        && (matches!(algorithm, MysqlAlgorithm::InPlaceShared | MysqlAlgorithm::Copy)
            || named == Some("COPY") && algorithm != MysqlAlgorithm::CopyOnline && !copies_online(site));
    if !by_algorithm && !by_lock {
        return;
    }
    let asked = [
        named.map(|name| format!("ALGORITHM={name}")),
        site.parsed.lock.as_ref().map(|name| format!("LOCK={name}")),
    ];
    let asked = asked.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let message = format!("this fails: it asks for {asked}, and the server needs {}", needed.lock);
    let hit = Hit {
        message,
        advice: format!("Name {}, or make the change in another way.", needed.lock),
        table: Some(needed.table.clone()),
        effects: vec![needed],
        is_whatever_size: true,
        ..Hit::default()
    };
    hits.push(hit);
}

fn is_full_text(site: &Site<'_>) -> bool {
    site.changes()
        .any(|change| matches!(&change.kind, ChangeKind::CreateIndex { index, .. } if index.method.is_some()))
}

/// MariaDB 11.2 and later copy while others write.
fn copies_online(site: &Site<'_>) -> bool {
    site.dialect() == dunlin_compat::model::Dialect::Mariadb && site.server.version >= (11, 2, 0)
}
