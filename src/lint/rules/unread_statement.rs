use dunlin_compat::model::Dialect;

use crate::ddl::postgres;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "unread-statement",
    title: "A statement cannot be read",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "A statement that cannot be read is most often misspelt, and the server will refuse it when the migrations before it have run. If the server takes it, no rule has looked at what follows the place that is shown: say with `-- dunlin:allow unread-statement: …` that somebody has, and report the statement. On PostgreSQL the whole syntax is read; on MySQL, MariaDB and SQLite what changes a schema is, while expressions and queries are passed over.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY)",
            flagged: "ALTER TABEL orders ADD COLUMN note text",
            flagged_does: ("refused", false),
            safe: "ALTER TABLE orders ADD COLUMN note text",
            safe_does: ("AccessExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Mysql, Dialect::Mariadb],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY)",
            flagged: "ALTER TABLE orders ADD COLUM note varchar(20)",
            flagged_does: ("error", false),
            safe: "ALTER TABLE orders ADD COLUMN note varchar(20)",
            safe_does: ("", false),
        },
        Example {
            dialects: &[Dialect::Sqlite],
            setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
            flagged: "CREATE INDX orders_id ON orders (id)",
            flagged_does: ("error", false),
            safe: "CREATE INDEX orders_id ON orders (id)",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

/// So much of what is not read is shown.
const SHOWN: usize = 40;

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let Some(unread) = site.parsed.unread.iter().min_by_key(|range| range.start) else { return };
    let text = &site.statement.text;
    let is_postgres = site.dialect() == Dialect::Postgres;
    if is_postgres && (site.situation.backslash_escapes || postgres::stumbles_over_strings(text)) {
        return;
    }
    let rest = text.get(unread.start..).unwrap_or_default().trim_end();
    let message = if rest.is_empty() {
        "this statement cannot be read: it ends where more is expected".to_owned()
    } else if unread.start == 0 && unread.end == text.len() && text.len() > SHOWN * 100 {
        "this statement is too long or too deeply nested to be read, so no rule has looked at it".to_owned()
    } else {
        let line = crate::sql::text::lines(rest).next().unwrap_or_default().trim_end();
        let shown: String = line.chars().take(SHOWN).collect();
        let more = if shown.len() < rest.len() { " …" } else { "" };
        format!("this statement cannot be read from `{shown}{more}` on")
    };
    let advice =
        "Correct it; if the server takes it as it is, no rule has looked at it, and somebody should.";
    let end = unread.start + rest.len();
    let span = if rest.is_empty() { 0..0 } else { unread.start..end };
    hits.push(Hit { span, message, advice: advice.to_owned(), ..Hit::default() }.whatever_size());
}
