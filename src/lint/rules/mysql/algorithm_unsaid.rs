use super::{MYSQL_FAMILY, is_unknown, known};
use crate::ddl::{self, ChangeKind, MysqlAlgorithm, TableLock};
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "algorithm-unsaid",
    title: "The statement does not say how gently it has to run",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "The server takes the gentlest way that it knows, and falls back to a copy of the table without a word: on an older \
                  release, on a table with a full-text index or compressed rows, or once a table has had 64 instant changes (MySQL \
                  8.0.29 and later).\n\nName the `ALGORITHM` and `LOCK` that you expect, and the statement fails instead.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD COLUMN status varchar(20)",
            flagged_does: ("ALGORITHM=INSTANT", false),
            safe: "ALTER TABLE orders ADD COLUMN status varchar(20), ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "CREATE INDEX orders_total ON orders (total)",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
            safe: "CREATE INDEX orders_total ON orders (total) ALGORITHM=INPLACE LOCK=NONE",
            safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if site.parsed.algorithm.is_some() || site.parsed.lock.is_some() || !site.parsed.unread.is_empty() {
        return;
    }
    if site.changes().any(|change| is_unknown(site, change) || !takes_algorithm(&change.kind)) {
        return;
    }
    let Some(first) = site.parsed.changes.first() else { return };
    let Some(needed) = ddl::mysql_gentlest(site.parsed, site.server, &|table| known(site, table)) else {
        return;
    };
    let TableLock::Mysql(algorithm) = needed.lock else { return };
    // What copies has its own finding.
    if algorithm >= MysqlAlgorithm::InPlaceShared || site.is_new(&needed.table) {
        return;
    }
    let is_index =
        !site.statement.text.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("ALTER"));
    // MariaDB's DROP INDEX has no place for it.
    if is_index && site.dialect() == Dialect::Mariadb && matches!(first.kind, ChangeKind::DropIndex { .. }) {
        return;
    }
    let Some(words) = asked(site, algorithm, is_index) else { return };
    let text = site.statement.text.trim_end();
    let statement = format!("{text}{}{words}", if is_index { " " } else { ", " });
    let message = "the server copies the table without a word where it cannot do this gently";
    let mut hit =
        Hit::at(first, message, format!("Say {words}, so that it fails instead.")).on(&needed.table);
    hit.effects = vec![needed];
    hits.push(hit.fix((!ends_in_comment(text)).then(|| Fix::replace(format!("say {words}"), statement))));
}

/// Statements that name it behind their clauses.
fn takes_algorithm(kind: &ChangeKind) -> bool {
    !matches!(
        kind,
        ChangeKind::Repartition { .. }
            | ChangeKind::RewriteTable { .. }
            | ChangeKind::OtherTableChange { .. }
            | ChangeKind::DropTable { .. }
            | ChangeKind::Truncate { .. }
            | ChangeKind::RenameTable { .. }
            | ChangeKind::DropConstraint { kind: None, .. }
    )
}

fn asked(site: &Site<'_>, algorithm: MysqlAlgorithm, is_index: bool) -> Option<String> {
    let instant = match site.dialect() {
        Dialect::Mysql => (8, 0, 12),
        _ => (10, 3, 0),
    };
    let (name, lock) = match algorithm {
        MysqlAlgorithm::Instant if site.server.version >= instant => ("INSTANT", None),
        MysqlAlgorithm::Instant | MysqlAlgorithm::InPlace => ("INPLACE", Some("NONE")),
        _ => return None,
    };
    Some(match lock {
        Some(lock) if is_index => format!("ALGORITHM={name} LOCK={lock}"),
        Some(lock) => format!("ALGORITHM={name}, LOCK={lock}"),
        None => format!("ALGORITHM={name}"),
    })
}

/// Whether what is written behind it would be part of a comment.
fn ends_in_comment(text: &str) -> bool {
    let last = crate::sql::text::lines(text).last().unwrap_or_default();
    last.contains("--") || last.contains('#')
}
