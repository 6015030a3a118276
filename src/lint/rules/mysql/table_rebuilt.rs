use super::{MYSQL_FAMILY, algorithm, alone, called};
use crate::ddl::MysqlAlgorithm;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "table-rebuilt",
    title: "The table is rebuilt in place",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "With `ALGORITHM=INPLACE` others read and write while every row is written anew, but it takes as long and as much \
                  disk as a copy, keeps every change made meanwhile in a log of limited size (`innodb_online_alter_log_max_size`; \
                  beyond it the statement fails), and a replica does nothing else until it has done the same. `NOT NULL` said or \
                  taken away, `FORCE`, `OPTIMIZE TABLE`, a row format and a primary key are of this kind.\n\nJoin such changes in \
                  one statement, and run it in quiet hours.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, status varchar(20)); INSERT INTO orders VALUES (1, 'new')",
            flagged: "ALTER TABLE orders FORCE",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=NONE", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, status varchar(20)); INSERT INTO orders VALUES (1, 'new')",
            flagged: "ALTER TABLE orders ROW_FORMAT=COMPRESSED",
            flagged_does: ("ALGORITHM=INPLACE, LOCK=NONE", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let Some(own) = alone(site, change).filter(|effect| !site.is_new(&effect.table)) else { continue };
        if own.rewrites && algorithm(&own) == Some(MysqlAlgorithm::InPlace) {
            let table = &own.table;
            let message = format!(
                "{} writes every row of {table} anew; others read and write meanwhile",
                called(change)
            );
            hits.push(
                Hit::at(
                    change,
                    message,
                    "Join it with other changes of the table, and run it in quiet hours.",
                )
                .on(table),
            );
        }
    }
}
