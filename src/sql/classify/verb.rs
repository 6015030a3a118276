//! What a statement is called by those who run it, and whether it gives rows.

use super::reader::Reader;
use dunlin_compat::model::Dialect;

/// A statement's verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verb {
    /// As PostgreSQL tags it: `INSERT`, also behind `WITH`; the first word of anything else.
    pub tag: String,
    /// Whether it may give rows.
    pub returns_rows: bool,
    /// Whether the server counts rows for it.
    pub counts_rows: bool,
}

/// Statements that give rows.
const QUERIES: [&str; 14] = [
    "SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN", "FETCH", "CALL", "EXECUTE", "PRAGMA", "DESCRIBE", "DESC",
    "CHECK", "ANALYZE", "CHECKSUM",
];

/// Statements whose rows are counted.
const COUNTED: [&str; 9] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "FETCH", "MOVE", "COPY"];

/// The verb of one statement.
pub fn verb(statement: &str, dialect: Dialect) -> Verb {
    let mut reader = Reader::new(statement, dialect, (u32::MAX, 0, 0));
    while reader.eat_symbol("(") {}
    let mut tag = reader.peek().map(str::to_ascii_uppercase).unwrap_or_default();
    if tag == "WITH" {
        tag = behind_with(&mut reader).unwrap_or(tag);
    }
    if matches!(tag.as_str(), "VALUES" | "TABLE") && dialect == Dialect::Postgres {
        tag = "SELECT".to_owned();
    }
    let is_query = QUERIES.contains(&tag.as_str())
        && !(dialect == Dialect::Postgres && matches!(tag.as_str(), "ANALYZE" | "DESC" | "CHECK"));
    let mut returning = false;
    while !returning && !reader.at_end() {
        returning = reader.is("RETURNING");
        reader.skip();
    }
    Verb { returns_rows: is_query || returning, counts_rows: COUNTED.contains(&tag.as_str()), tag }
}

/// The verb behind the expressions of a `WITH`.
fn behind_with(reader: &mut Reader<'_>) -> Option<String> {
    let mut depth = 0_usize;
    while let Some(word) = reader.peek() {
        match word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0
                && reader.is_any(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"]) =>
            {
                return Some(word.to_ascii_uppercase());
            }
            _ => {}
        }
        reader.skip();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_found_behind_with_and_comments() {
        let cases = [
            ("/* all */ select 1", "SELECT", true, true),
            ("(SELECT 1) UNION SELECT 2", "SELECT", true, true),
            ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "INSERT", false, true),
            ("WITH a AS (DELETE FROM t RETURNING id) SELECT * FROM a", "SELECT", true, true),
            ("INSERT INTO t VALUES (1) RETURNING id", "INSERT", true, true),
            ("CREATE TABLE t (a int)", "CREATE", false, false),
            ("SHOW server_version", "SHOW", true, false),
            ("VALUES (1)", "SELECT", true, true),
        ];
        for (text, tag, returns_rows, counts_rows) in cases {
            let expected = Verb { tag: tag.to_owned(), returns_rows, counts_rows };
            assert_eq!(verb(text, Dialect::Postgres), expected, "{text}");
        }
        assert!(verb("PRAGMA table_info(t)", Dialect::Sqlite).returns_rows);
    }
}
