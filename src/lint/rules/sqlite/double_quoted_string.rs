use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Hit, Rule, Severity, Site};
use crate::sql::{Reader, TokenKind};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "double-quoted-string",
    title: "A string stands in double quotes",
    dialects: SQLITE,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Double quotes are for names. SQLite takes `\"new\"` for a string only as long as no column has that name: once one has, \
                  the statement means another thing without a word; builds without the misfeature (`SQLITE_DQS=0`) refuse it.\n\n\
                  Write strings in single quotes.",
    examples: &[
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT)",
            flagged: "INSERT INTO orders VALUES (1, \"new\")",
            flagged_does: ("", false),
            safe: "INSERT INTO orders VALUES (1, 'new')",
            safe_does: ("", false),
        },
        Example {
            dialects: SQLITE,
            setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
            flagged: "ALTER TABLE orders ADD COLUMN status TEXT DEFAULT \"new\"",
            flagged_does: ("", false),
            safe: "ALTER TABLE orders ADD COLUMN status TEXT DEFAULT 'new'",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    // A trigger's body may speak of NEW and OLD, and a view of any table.
    if site.changes().any(|change| {
        matches!(
            change.kind,
            ChangeKind::CreateTrigger { .. } | ChangeKind::CreateView { .. } | ChangeKind::Query
        )
    }) {
        return;
    }
    let text = &site.statement.text;
    let places = strings(text);
    let Some(first) = places.first() else { return };
    let mut fixed = String::new();
    let mut end = 0;
    for place in &places {
        let inner = text.get(place.start + 1..place.end - 1).unwrap_or_default();
        fixed.push_str(text.get(end..place.start).unwrap_or_default());
        fixed.push('\'');
        fixed.push_str(&inner.replace("\"\"", "\"").replace('\'', "''"));
        fixed.push('\'');
        end = place.end;
    }
    fixed.push_str(text.get(end..).unwrap_or_default());
    let word = text.get(first.clone()).unwrap_or_default();
    let hit = Hit {
        span: first.clone(),
        message: format!("{word} is a string only as long as no column has that name"),
        advice: "Write strings in single quotes.".to_owned(),
        fix: Some(Fix::replace("write strings in single quotes", fixed)),
        is_whatever_size: true,
        ..Hit::default()
    };
    hits.push(hit);
}

/// Names in double quotes where no column can stand: behind `DEFAULT`, and in the parentheses of `VALUES`.
fn strings(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut reader = Reader::new(text, Dialect::Sqlite, (3, 0, 0));
    let mut found = Vec::new();
    let (mut depth, mut behind_default, mut in_values) = (0_usize, false, false);
    while !reader.at_end() {
        let start = reader.start();
        let quoted = reader.kind() == Some(TokenKind::QuotedName)
            && reader.peek().is_some_and(|name| name.starts_with('"') && name.len() >= 2);
        if reader.is_symbol("(") {
            depth += 1;
        } else if reader.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
        if reader.is("VALUES") && depth == 0 {
            in_values = true;
        } else if in_values && depth == 0 && reader.is_any(&["ON", "RETURNING"]) {
            in_values = false;
        }
        let is_default = reader.is("DEFAULT");
        reader.skip();
        // A dot makes it part of a name, a parenthesis a function.
        if quoted
            && !reader.is_symbol(".")
            && !reader.is_symbol("(")
            && (behind_default || in_values && depth > 0)
        {
            found.push(start..reader.end());
        }
        behind_default = is_default;
    }
    found
}
