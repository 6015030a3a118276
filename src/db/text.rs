//! The little that drivers must know of SQL text: whether a statement is empty, and its first words.

use dunlin_compat::model::Dialect;

/// Whether there is nothing to run: blanks, comments and semicolons only. MySQL's `/*! … */` is something.
pub(super) fn is_blank(sql: &str, dialect: Dialect) -> bool {
    let mut rest = sql;
    loop {
        rest = skip_comments(rest, dialect);
        match rest.strip_prefix(';') {
            Some(after) => rest = after,
            None => return rest.is_empty(),
        }
    }
}

/// The first words in upper case, at most `count`, ending where something else than a word begins.
pub(super) fn leading_words(sql: &str, dialect: Dialect, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = sql;
    while words.len() < count {
        rest = skip_comments(rest, dialect);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        words.push(rest[..end].to_ascii_uppercase());
        rest = &rest[end..];
    }
    words
}

/// Joins statements for one message so that a trailing line comment does not swallow the separator. Returns the text
/// and where each statement begins in it, in characters.
pub(super) fn join(statements: &[&str]) -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut length = 0;
    let mut starts = Vec::with_capacity(statements.len());
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            text.push_str("\n;\n");
            length += 3;
        }
        starts.push(length);
        text.push_str(statement);
        length += statement.chars().count();
    }
    (text, starts)
}

/// Whether a text of MySQL or MariaDB holds a `;` outside of strings, names and comments, as the body of a routine does.
/// Yes also where that depends on the session's `sql_mode`.
pub(super) fn holds_separator(sql: &str) -> bool {
    if !sql.contains(';') {
        return false;
    }
    // Whether a backslash escapes a quote is the session's business.
    if sql.contains('\\') {
        return true;
    }
    let mut rest = sql;
    loop {
        rest = skip_comments(rest, Dialect::Mysql);
        let Some(first) = rest.chars().next() else { return false };
        let after = &rest[first.len_utf8()..];
        match first {
            ';' => return true,
            // A doubled quote reads as two strings side by side.
            '\'' | '"' | '`' => match after.find(first) {
                Some(end) => rest = &after[end + 1..],
                None => return true,
            },
            _ => rest = after,
        }
    }
}

fn skip_comments(sql: &str, dialect: Dialect) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if starts_line_comment(rest, dialect) {
            rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") && !(dialect.is_mysql_family() && is_executable(rest)) {
            rest = skip_block_comment(rest, dialect);
        } else {
            return rest;
        }
    }
}

fn starts_line_comment(rest: &str, dialect: Dialect) -> bool {
    if !dialect.is_mysql_family() {
        return rest.starts_with("--");
    }
    // MySQL wants a blank after the dashes.
    rest.starts_with('#')
        || rest
            .strip_prefix("--")
            .is_some_and(|after| after.chars().next().is_none_or(|c| c.is_whitespace() || c.is_control()))
}

/// `/*! … */` and MariaDB's `/*M! … */`.
fn is_executable(rest: &str) -> bool {
    rest.starts_with("/*!") || rest.starts_with("/*M!")
}

fn skip_block_comment(rest: &str, dialect: Dialect) -> &str {
    let nests = dialect == Dialect::Postgres;
    let mut depth = 0usize;
    let mut at = 0;
    let bytes = rest.as_bytes();
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") if nests || depth == 0 => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return &rest[at..];
                }
            }
            _ => at += 1,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_comments_are_blank() {
        for (sql, dialect, blank) in [
            ("", Dialect::Postgres, true),
            (" ;\n; ", Dialect::Postgres, true),
            ("-- note\n/* a /* b */ c */", Dialect::Postgres, true),
            ("/* a /* b */ c */", Dialect::Sqlite, false),
            ("--note", Dialect::Mysql, false),
            ("-- note", Dialect::Mysql, true),
            ("# note", Dialect::Mariadb, true),
            ("# note", Dialect::Postgres, false),
            ("/*!50001 SELECT 1 */", Dialect::Mysql, false),
            ("/*/ a */", Dialect::Mysql, true),
            ("/* open", Dialect::Postgres, true),
            ("SELECT 1", Dialect::Sqlite, false),
        ] {
            assert_eq!(is_blank(sql, dialect), blank, "{sql:?} {dialect}");
        }
    }

    #[test]
    fn leading_words_pass_over_comments() {
        assert_eq!(
            leading_words("-- x\ncopy /* y */ orders(a) FROM", Dialect::Postgres, 4),
            ["COPY", "ORDERS"]
        );
        assert_eq!(leading_words("load data local infile 'x'", Dialect::Mysql, 3), ["LOAD", "DATA", "LOCAL"]);
    }

    #[test]
    fn a_separator_counts_outside_of_strings_names_and_comments() {
        for (sql, held) in [
            ("CREATE PROCEDURE p() BEGIN SELECT 1; END", true),
            ("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1;\n", true),
            ("SELECT 1; # two results\nSELECT 2", true),
            ("SELECT 1 # ; none", false),
            ("SELECT 1 -- ; none\n + /* ; */ 2", false),
            ("INSERT INTO a VALUES ('&amp;', 'it''s;', \"x;\")", false),
            ("SELECT `a;b` FROM t", false),
            ("SELECT 5--3;", true),
            ("SELECT 'a\\'; SELECT 'b'", true),
            ("SELECT 'open;", true),
            ("/*!50001 SELECT 1; */", true),
        ] {
            assert_eq!(holds_separator(sql), held, "{sql:?}");
        }
    }

    #[test]
    fn joined_statements_know_where_they_begin() {
        let (text, starts) = join(&["SELECT 'é' -- x", "SELECT 2"]);
        assert_eq!(text, "SELECT 'é' -- x\n;\nSELECT 2");
        assert_eq!(starts, [0, 18]);
    }

    proptest! {
        #[test]
        fn never_panics(sql in "[-#/*!;a é\n'\"`]{0,30}") {
            holds_separator(&sql);
            for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
                is_blank(&sql, dialect);
                leading_words(&sql, dialect, 3);
            }
        }
    }
}
