//! What Flyway itself takes for a statement that cannot run in a transaction, mistakes included: its refusal of mixed
//! scripts depends on it. Follows `Parser`, `PostgreSQLParser` and `SQLiteParser` of Flyway 13.

use dunlin_compat::model::Dialect;

/// Flyway looks at so many keywords and takes a statement for transactional when none of them said otherwise.
const KEYWORDS_LOOKED_AT: usize = 10;

/// Whether Flyway runs this statement outside of a transaction. Always false for MySQL and MariaDB.
pub fn flyway_non_transactional(statement: &str, dialect: Dialect, server_version: (u32, u32, u32)) -> bool {
    if dialect.is_mysql_family() {
        return false;
    }
    let mut lexer = FlywayLexer { rest: statement, postgres: dialect == Dialect::Postgres, depth: 0 };
    let mut words: Vec<String> = Vec::new();
    let mut keywords = 0;
    while let Some(token) = lexer.next_token() {
        match token {
            _ if lexer.depth != 0 => continue,
            FlywayToken::Keyword(word) => {
                keywords += 1;
                words.push(word.to_uppercase());
            }
            FlywayToken::At => words.push("@".to_owned()),
            FlywayToken::Other => continue,
        }
        if keywords > KEYWORDS_LOOKED_AT {
            return false;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let refused = match dialect {
            Dialect::Postgres => postgres_refuses(&words, server_version.0),
            Dialect::Sqlite => words == ["PRAGMA", "FOREIGN_KEYS"],
            Dialect::Mysql | Dialect::Mariadb => false,
        };
        if refused {
            return true;
        }
    }
    false
}

/// Whether exactly these words, which begin a statement, are one of the kinds that `PostgreSQLParser` lists.
fn postgres_refuses(words: &[&str], major: u32) -> bool {
    match words {
        ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION"]
        | ["ALTER", "SYSTEM"]
        | ["CREATE" | "DROP", "INDEX", "CONCURRENTLY"]
        | ["CREATE" | "DROP", "UNIQUE", "INDEX", "CONCURRENTLY"]
        | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM"]
        | ["REINDEX", "VERBOSE", "SCHEMA" | "DATABASE" | "SYSTEM"]
        | ["VACUUM"]
        | ["DISCARD", "ALL"] => true,
        ["ALTER", "TYPE", .., "ADD", "VALUE"] => major < 12,
        _ => false,
    }
}

/// As much of a token as the detection asks for.
enum FlywayToken<'a> {
    /// A run of letters and underscores, any name among them.
    Keyword(&'a str),
    /// `@`, alone or as a quoted name.
    At,
    Other,
}

/// Cuts tokens as Flyway does, which is not as PostgreSQL does: any `$` opens a dollar quote, `e'…'` is a plain string.
struct FlywayLexer<'a> {
    rest: &'a str,
    postgres: bool,
    depth: i64,
}

impl<'a> FlywayLexer<'a> {
    fn next_token(&mut self) -> Option<FlywayToken<'a>> {
        loop {
            let first = self.rest.chars().next()?;
            match first {
                '$' if self.postgres => {
                    self.dollar_string();
                    return Some(FlywayToken::Other);
                }
                '\'' => {
                    self.quoted(1, '\'', false);
                    return Some(FlywayToken::Other);
                }
                '(' => self.depth += 1,
                ')' => self.depth -= 1,
                '"' => return Some(self.quoted_name('"')),
                '`' if !self.postgres => return Some(self.quoted_name('`')),
                '-' if self.rest.starts_with("--") => {
                    self.skip_to(|character| character == '\n' || character == '\r');
                    continue;
                }
                '/' if self.rest.starts_with("/*") => {
                    self.comment();
                    continue;
                }
                '0'..='9' => {
                    self.skip_to(|character| !character.is_ascii_digit());
                    return Some(FlywayToken::Other);
                }
                'B' | 'E' | 'X' if self.rest.get(1..2) == Some("'") => {
                    self.quoted(2, '\'', true);
                    return Some(FlywayToken::Other);
                }
                'U' if self.rest.starts_with("U&'") => {
                    self.quoted(3, '\'', false);
                    return Some(FlywayToken::Other);
                }
                '@' => {
                    self.skip(1);
                    return Some(FlywayToken::At);
                }
                _ if first.is_alphabetic() || first == '_' => return Some(self.word()),
                _ if first.is_whitespace() || first == '\u{feff}' => {}
                _ => {
                    self.skip(first.len_utf8());
                    return Some(FlywayToken::Other);
                }
            }
            self.skip(first.len_utf8());
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn skip_to(&mut self, end: impl Fn(char) -> bool) {
        let length = self.rest.find(end).unwrap_or(self.rest.len());
        self.skip(length);
    }

    /// A keyword, or an identifier where digits, `$` or a qualifier belong to it.
    fn word(&mut self) -> FlywayToken<'a> {
        let start = self.rest;
        self.skip_to(|character| !is_word_part(character));
        let end = start.len() - self.rest.len();
        if self.rest.starts_with('.') {
            self.qualified();
            return FlywayToken::Other;
        }
        let text = start.get(..end).unwrap_or_default();
        if text.chars().all(|character| character.is_alphabetic() || character == '_') {
            FlywayToken::Keyword(text)
        } else {
            FlywayToken::Other
        }
    }

    fn quoted_name(&mut self, quote: char) -> FlywayToken<'a> {
        let inner = self.quoted(1, quote, false);
        if self.rest.starts_with('.') {
            self.qualified();
            return FlywayToken::Other;
        }
        if inner == "@" { FlywayToken::At } else { FlywayToken::Other }
    }

    /// Up to two further parts of a name.
    fn qualified(&mut self) {
        for _ in 0..2 {
            if !self.rest.starts_with('.') {
                return;
            }
            self.skip(1);
            if self.rest.starts_with('"') {
                self.quoted(1, '"', false);
            } else {
                self.skip_to(|character| !is_word_part(character));
            }
        }
    }

    /// Passes what stands in quotes behind an opening of so many bytes; gives it without the quotes.
    fn quoted(&mut self, opening: usize, quote: char, backslashes: bool) -> &'a str {
        self.skip(opening);
        let start = self.rest;
        let mut characters = start.char_indices().peekable();
        while let Some((index, character)) = characters.next() {
            if backslashes && character == '\\' {
                characters.next();
            } else if character == quote && characters.next_if(|&(_, next)| next == quote).is_none() {
                self.skip(index + quote.len_utf8());
                return start.get(..index).unwrap_or_default();
            }
        }
        self.rest = "";
        start
    }

    fn dollar_string(&mut self) {
        let tag_end =
            self.rest.get(1..).and_then(|rest| rest.find('$')).map_or(self.rest.len(), |index| index + 2);
        let (tag, content) = self.rest.split_at_checked(tag_end).unwrap_or((self.rest, ""));
        let length = content.find(tag).map_or(content.len(), |index| index + tag.len());
        self.rest = content.get(length..).unwrap_or_default();
    }

    /// Passes a comment, which nests.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                depth = depth.saturating_sub(1);
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.skip(self.rest.chars().next().map_or(0, char::len_utf8));
                self.skip_to(|character| character == '/' || character == '*');
            }
        }
    }
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(statement: &str) -> bool {
        flyway_non_transactional(statement, Dialect::Postgres, (15, 0, 0))
    }

    #[test]
    fn flyway_recognises_these() {
        for statement in [
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "-- note\n/* a /* b */ c */ create unique index concurrently i on t (a)",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "VACUUM FULL t",
            "DROP DATABASE IF EXISTS shop",
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
            "ALTER SYSTEM SET a = 1",
            "REINDEX VERBOSE SCHEMA s",
            "REINDEX (VERBOSE) SCHEMA s",
            "DISCARD ALL",
            // Only words count: what stands between them is not seen.
            "CREATE 1 INDEX 'x' CONCURRENTLY",
            "DROP \"INDEX\" INDEX CONCURRENTLY i",
        ] {
            assert!(postgres(statement), "{statement}");
        }
    }

    #[test]
    fn flyway_overlooks_these() {
        for statement in [
            "REINDEX TABLE CONCURRENTLY t",
            "REINDEX INDEX CONCURRENTLY i",
            "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
            "CLUSTER",
            "ALTER DATABASE shop SET TABLESPACE fast",
            "EXPLAIN VACUUM",
            "SELECT 'VACUUM'",
            "(VACUUM)",
            "e'\\' VACUUM'",
            "$1 VACUUM",
        ] {
            assert!(!postgres(statement), "{statement}");
        }
    }

    #[test]
    fn adding_a_value_to_a_type_depends_on_the_version_and_on_its_name() {
        for (statement, expected) in [
            ("ALTER TYPE mood ADD VALUE 'sad'", true),
            ("ALTER TYPE public.mood ADD VALUE 'sad'", true),
            ("ALTER TYPE \"mood\" ADD VALUE 'sad'", true),
            ("ALTER TYPE a b c d e f ADD VALUE 'sad'", true),
            ("ALTER TYPE a b c d e f g ADD VALUE 'sad'", false),
        ] {
            assert_eq!(
                flyway_non_transactional(statement, Dialect::Postgres, (11, 0, 0)),
                expected,
                "{statement}"
            );
            assert!(!postgres(statement), "{statement}");
        }
    }

    #[test]
    fn in_sqlite_only_an_unqualified_foreign_keys_pragma_counts() {
        for (statement, expected) in [
            ("PRAGMA foreign_keys = ON", true),
            ("pragma Foreign_Keys", true),
            ("PRAGMA foreign_keys(0)", true),
            ("PRAGMA main.foreign_keys = ON", false),
            ("PRAGMA \"foreign_keys\" = ON", false),
            ("PRAGMA journal_mode = WAL", false),
            ("VACUUM", false),
        ] {
            assert_eq!(
                flyway_non_transactional(statement, Dialect::Sqlite, (3, 40, 0)),
                expected,
                "{statement}"
            );
        }
    }

    #[test]
    fn nothing_counts_in_mysql() {
        assert!(!flyway_non_transactional("VACUUM", Dialect::Mysql, (8, 0, 0)));
    }
}
