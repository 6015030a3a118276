//! A house rule: a foreign key without an index makes every delete of a parent scan the child table. The rule demands that a
//! migration which adds the one also creates the other.

use dunlin_plugin::{Finding, Migration, Rule, Severity};

dunlin_plugin::rule! {
    /// Demands an index on every column that a migration makes a foreign key.
    pub struct RequireIndex {
        /// Whether it is an error, or a warning
        option error: bool = "true";
    }
}

impl Rule for RequireIndex {
    fn check(&self, migration: &Migration) -> Result<Vec<Finding>, String> {
        let words: Vec<Vec<Word>> =
            migration.statements.iter().map(|statement| words(&statement.sql)).collect();
        let indexed: Vec<String> = words.iter().filter_map(|words| indexed_column(words)).collect();
        let mut findings = Vec::new();
        for (statement, words) in (0..).zip(&words) {
            for column in foreign_keys(words) {
                if indexed.contains(&column.text) {
                    continue;
                }
                findings.push(Finding {
                    severity: if self.error { Severity::Error } else { Severity::Warning },
                    rule: "foreign-key-without-index".to_owned(),
                    message: format!("{} references another table and has no index", column.text),
                    advice: Some(format!("Add CREATE INDEX … ({}) to the migration.", column.text)),
                    statement: Some(statement),
                    span: Some((column.start, column.end)),
                });
            }
        }
        Ok(findings)
    }
}

/// A word or sign of SQL, words in lower case.
#[derive(Debug, PartialEq)]
struct Word {
    text: String,
    start: u32,
    end: u32,
}

/// The words and signs of a statement, without strings and comments.
fn words(sql: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let bytes = sql.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let until = |end: &[u8], from: usize| {
            rest[from..]
                .windows(end.len())
                .position(|part| part == end)
                .map_or(rest.len(), |place| from + place + end.len())
        };
        let length = match byte {
            b'-' if rest.starts_with(b"--") => until(b"\n", 2),
            b'/' if rest.starts_with(b"/*") => until(b"*/", 2),
            b'\'' => until(b"'", 1),
            b'"' | b'`' => until(&[byte], 1),
            _ if is_word(byte) => rest.iter().take_while(|byte| is_word(**byte)).count(),
            _ => 1,
        };
        let text = &sql[at..at + length];
        let hidden =
            text.starts_with("--") || text.starts_with("/*") || byte == b'\'' || byte.is_ascii_whitespace();
        if !hidden {
            let bare = text.trim_matches(['"', '`']);
            let bare = if bare.len() == text.len() { text.to_lowercase() } else { bare.to_owned() };
            words.push(Word { text: bare, start: at as u32, end: (at + length) as u32 });
        }
        at += length;
    }
    words
}

/// The first column of the index that a statement creates.
fn indexed_column(words: &[Word]) -> Option<String> {
    let is = |place: usize, text: &str| words.get(place).is_some_and(|word| word.text == text);
    if !is(0, "create") || !(is(1, "index") || (is(1, "unique") && is(2, "index"))) {
        return None;
    }
    let open = words.iter().position(|word| word.text == "(")?;
    words.get(open + 1).map(|word| word.text.clone())
}

/// Columns of a statement that reference another table: `customer_id bigint REFERENCES …` and `FOREIGN KEY (customer_id)`.
fn foreign_keys(words: &[Word]) -> Vec<&Word> {
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let before = |back: usize| place.checked_sub(back).and_then(|place| words.get(place));
        if word.text == "("
            && before(1).is_some_and(|w| w.text == "key")
            && before(2).is_some_and(|w| w.text == "foreign")
        {
            found.extend(words.get(place + 1));
        } else if word.text == "references" && before(1).is_some_and(|w| w.text != ")") {
            // Back to where the column's definition begins: behind a comma or bracket, or ADD COLUMN.
            let mut start = place;
            let mut depth = 0;
            while let Some(previous) = start.checked_sub(1) {
                match words[previous].text.as_str() {
                    ")" => depth += 1,
                    "(" if depth > 0 => depth -= 1,
                    "(" | "," | "add" | "column" if depth == 0 => break,
                    _ => {}
                }
                start = previous;
            }
            found.extend(words.get(start).filter(|_| start < place));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use dunlin_plugin::{Direction, Server, Statement};

    use super::*;

    fn findings(statements: &[&str]) -> Vec<(u32, String)> {
        let migration = Migration {
            id: "1".into(),
            path: "migrations/1_orders.sql".into(),
            direction: Direction::Up,
            server: Server { dialect: "postgresql".into(), version: "15".into() },
            transactional: true,
            statements: statements.iter().map(|sql| Statement { sql: (*sql).into(), line: 1 }).collect(),
        };
        let rule = dunlin_plugin::test::<RequireIndex>().plugin().unwrap();
        let part = |finding: Finding| {
            let statement = finding.statement.unwrap();
            let (start, end) = finding.span.unwrap();
            (statement, statements[statement as usize][start as usize..end as usize].to_owned())
        };
        rule.check(&migration).unwrap().into_iter().map(part).collect()
    }

    #[test]
    fn a_foreign_key_without_an_index_is_found_where_it_stands() {
        let cases = [
            "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id))",
            "ALTER TABLE orders ADD COLUMN customer_id bigint REFERENCES customers",
            "CREATE TABLE orders (price numeric(12, 2), customer_id bigint, FOREIGN KEY (customer_id) REFERENCES customers (id))",
        ];
        for sql in cases {
            assert_eq!(findings(&[sql]), [(0, "customer_id".to_owned())], "{sql}");
        }
    }

    #[test]
    fn an_index_in_the_same_migration_satisfies_it() {
        let sql = "ALTER TABLE orders ADD COLUMN \"customer_id\" bigint REFERENCES customers";
        assert_eq!(findings(&[sql, "CREATE INDEX ON orders (customer_id)"]), []);
        assert_eq!(findings(&[sql, "CREATE INDEX ON orders (placed_at, customer_id)"]).len(), 1);
    }

    #[test]
    fn comments_and_strings_are_no_foreign_keys() {
        assert_eq!(findings(&["SELECT 'a REFERENCES b' -- c REFERENCES d\n /* e REFERENCES f */"]), []);
    }
}
