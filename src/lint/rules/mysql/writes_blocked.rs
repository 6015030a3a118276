use super::{MYSQL_FAMILY, algorithm, alone, called};
use crate::ddl::{ChangeKind, MysqlAlgorithm};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "writes-blocked",
    title: "Others cannot write while the table is read",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A full-text or spatial index, an index on an expression and a new `AUTO_INCREMENT` column are built in place, but \
                  under `LOCK=SHARED`: others read, and whoever writes waits until every row has been read. A statement that itself \
                  names `LOCK=SHARED` or `LOCK=EXCLUSIVE` does the same without need.\n\nBuild it in quiet hours; index a virtual \
                  generated column instead of an expression.",
    examples: &[
        Example {
            dialects: &[dunlin_compat::model::Dialect::Mysql],
            setup: "CREATE TABLE orders (id int PRIMARY KEY, mail varchar(100)); INSERT INTO orders VALUES (1, 'A@B')",
            flagged: "CREATE INDEX orders_mail ON orders ((lower(mail)))",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=SHARED", false),
            safe: "ALTER TABLE orders ADD COLUMN mail_lower varchar(100) GENERATED ALWAYS AS (lower(mail)) VIRTUAL, \
                   ALGORITHM=INSTANT; CREATE INDEX orders_mail ON orders (mail_lower) ALGORITHM=INPLACE LOCK=NONE",
            safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'x')",
            flagged: "CREATE FULLTEXT INDEX orders_note ON orders (note)",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'x')",
            flagged: "ALTER TABLE orders ADD COLUMN number int NOT NULL AUTO_INCREMENT UNIQUE",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 2)",
            flagged: "ALTER TABLE orders ADD INDEX orders_total (total), ALGORITHM=INPLACE, LOCK=EXCLUSIVE",
            flagged_does: ("", false),
            safe: "ALTER TABLE orders ADD INDEX orders_total (total), ALGORITHM=INPLACE, LOCK=NONE",
            safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let names_lock = matches!(site.parsed.lock.as_deref(), Some("SHARED" | "EXCLUSIVE"));
    for change in site.changes() {
        let Some(own) = alone(site, change).filter(|effect| !site.is_new(&effect.table)) else { continue };
        let table = &own.table;
        let repartitions = matches!(change.kind, ChangeKind::Repartition { .. });
        if algorithm(&own) == Some(MysqlAlgorithm::InPlaceShared) && !repartitions {
            let message =
                format!("{} reads every row of {table} while nobody else writes to it", called(change));
            hits.push(Hit::at(change, message, "Run it when nobody writes.").on(table));
        } else if names_lock && algorithm(&own).is_some_and(|algorithm| algorithm <= MysqlAlgorithm::InPlace)
        {
            let lock = site.parsed.lock.as_deref().unwrap_or_default();
            let message =
                format!("the statement asks for LOCK={lock} on {table}, which the server could do without");
            let mut hit = Hit::at(change, message, "Say LOCK=NONE, or nothing.").on(table);
            hit.effects = site.effects(change);
            hits.push(hit);
            return;
        }
    }
}
