//! The key that orders a table's rows: how its values are read, written as SQL, and compared. Pure.

use dunlin_compat::model::Dialect;

/// A unique key whose columns are never null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    dialect: Dialect,
    /// Its columns, in the order of its index.
    pub columns: Vec<KeyColumn>,
}

/// A column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// How its values are read and written.
    pub form: Form,
}

/// How a server's values of a type cross as text and come back the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// PostgreSQL: as the text of a type, which the literal names.
    Typed(String),
    /// MySQL, MariaDB: a number.
    Number,
    /// MySQL, MariaDB: characters; also dates and UUIDs.
    Text,
    /// MySQL, MariaDB: bytes, in hexadecimal.
    Bytes,
    /// SQLite: as `quote()` writes a value, whatever its type.
    Quoted,
}

/// The values of a key's columns, as [`Key::selection`] reads them.
pub type KeyValue = Vec<String>;

/// A comparison of the whole key with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    From,
    /// `<=`
    To,
}

impl Comparison {
    /// The operator that leaves equal keys out, and the one for the last column.
    fn operators(self) -> (&'static str, &'static str) {
        match self {
            Comparison::Above => (">", ">"),
            Comparison::From => (">", ">="),
            Comparison::To => ("<", "<="),
        }
    }
}

impl Key {
    /// A key of a table on a server.
    pub fn new(dialect: Dialect, columns: Vec<KeyColumn>) -> Key {
        Key { dialect, columns }
    }

    /// The columns' names, quoted.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| self.dialect.quote_identifier(&column.name)).collect()
    }

    /// What to select to read a value: one expression for each column. None has the name of a column, which `ORDER BY` would
    /// take for it and then sort numbers as text.
    pub fn selection(&self) -> String {
        let expressions: Vec<String> = self
            .columns
            .iter()
            .zip(self.names())
            .enumerate()
            .map(|(index, (column, name))| {
                let expression = match column.form {
                    Form::Typed(_) => format!("{name}::text"),
                    Form::Bytes => format!("HEX({name})"),
                    Form::Quoted => format!("quote({name})"),
                    Form::Number | Form::Text => name,
                };
                format!("{expression} AS dunlin_key_{}", index + 1)
            })
            .collect();
        expressions.join(", ")
    }

    /// `ORDER BY` without its keyword.
    pub fn order(&self) -> String {
        self.names().join(", ")
    }

    /// The same, the last first.
    pub fn reverse_order(&self) -> String {
        self.names().iter().map(|name| format!("{name} DESC")).collect::<Vec<_>>().join(", ")
    }

    /// The value of column `index` as SQL.
    pub fn literal(&self, index: usize, value: &str) -> String {
        match self.columns.get(index).map(|column| &column.form) {
            Some(Form::Typed(name)) => format!("CAST({} AS {name})", self.dialect.quote_literal(value)),
            Some(Form::Number) if is_number(value) => value.to_owned(),
            Some(Form::Quoted) if is_sqlite_literal(value) => value.to_owned(),
            Some(Form::Bytes) if value.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("X'{value}'"),
            _ => text_literal(self.dialect, value),
        }
    }

    /// The condition that compares the key with a value. PostgreSQL and SQLite find rows by a comparison of rows in an
    /// index; MySQL and MariaDB need it spelt out.
    pub fn compare(&self, comparison: Comparison, value: &KeyValue) -> String {
        let names = self.names();
        let literals: Vec<String> =
            value.iter().enumerate().map(|(index, value)| self.literal(index, value)).collect();
        let (strict, last) = comparison.operators();
        if let ([name], [literal]) = (names.as_slice(), literals.as_slice()) {
            return format!("{name} {last} {literal}");
        }
        if !self.dialect.is_mysql_family() {
            return format!("({}) {last} ({})", names.join(", "), literals.join(", "));
        }
        let mut condition = String::new();
        for (index, (name, literal)) in names.iter().zip(&literals).enumerate().rev() {
            condition = if index + 1 == names.len() {
                format!("{name} {last} {literal}")
            } else {
                format!("({name} {strict} {literal} OR ({name} = {literal} AND {condition}))")
            };
        }
        condition
    }

    /// The condition that holds for keys from one value to another, both included.
    pub fn between(&self, from: &KeyValue, to: &KeyValue) -> String {
        format!("{} AND {}", self.compare(Comparison::From, from), self.compare(Comparison::To, to))
    }

    /// A value for people: `17`, or `order_id 4, line 2`.
    pub fn describe(&self, value: &KeyValue) -> String {
        let plain = |value: &String| {
            let quoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            match (&self.dialect, quoted) {
                (Dialect::Sqlite, Some(text)) => text.replace("''", "'"),
                _ => value.clone(),
            }
        };
        let parts: Vec<String> = self
            .columns
            .iter()
            .zip(value)
            .map(|(column, value)| format!("{} {}", column.name, plain(value)))
            .collect();
        parts.join(", ")
    }
}

/// Text that a column of another character set or collation takes as its own: a literal gives way to a column.
pub(super) fn text_literal(dialect: Dialect, value: &str) -> String {
    if dialect.is_mysql_family() && value.contains(['\\', '\0']) {
        let hexadecimal: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
        return format!("_utf8mb4 X'{hexadecimal}'");
    }
    dialect.quote_literal(value)
}

/// A value as one text, for the state of a backfill and the quarantine: a JSON array.
pub fn encode(value: &KeyValue) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The value of such a text.
pub fn decode(text: &str) -> Option<KeyValue> {
    serde_json::from_str(text).ok()
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Whether a text is what `quote()` writes, so that nothing else reaches a statement if the state was tampered with.
fn is_sqlite_literal(value: &str) -> bool {
    if let Some(hexadecimal) = value.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\'')) {
        return hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if let Some(text) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return !text.replace("''", "").contains('\'');
    }
    value.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(dialect: Dialect, columns: &[(&str, Form)]) -> Key {
        let column = |(name, form): &(&str, Form)| KeyColumn { name: (*name).to_owned(), form: form.clone() };
        Key::new(dialect, columns.iter().map(column).collect())
    }

    fn value(values: &[&str]) -> KeyValue {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_single_column_is_compared_as_it_is() {
        let bigint = key(Dialect::Postgres, &[("id", Form::Typed("bigint".into()))]);
        assert_eq!(bigint.selection(), "\"id\"::text AS dunlin_key_1");
        assert_eq!(
            bigint.between(&value(&["1"]), &value(&["20"])),
            "\"id\" >= CAST('1' AS bigint) AND \"id\" <= CAST('20' AS bigint)"
        );
        let number = key(Dialect::Mysql, &[("id", Form::Number)]);
        assert_eq!(number.compare(Comparison::Above, &value(&["-7"])), "`id` > -7");
    }

    #[test]
    fn several_columns_are_compared_in_their_order() {
        let columns = [("a", Form::Quoted), ("b", Form::Quoted)];
        let sqlite = key(Dialect::Sqlite, &columns);
        assert_eq!(sqlite.compare(Comparison::To, &value(&["1", "'x'"])), "(\"a\", \"b\") <= (1, 'x')");
        let columns = [("a", Form::Number), ("b", Form::Text), ("c", Form::Bytes)];
        let mysql = key(Dialect::Mysql, &columns);
        assert_eq!(
            mysql.compare(Comparison::From, &value(&["1", "it's", "0AFF"])),
            "(`a` > 1 OR (`a` = 1 AND (`b` > 'it''s' OR (`b` = 'it''s' AND `c` >= X'0AFF'))))"
        );
    }

    #[test]
    fn values_are_written_so_that_they_stay_values() {
        let mysql = key(Dialect::Mysql, &[("a", Form::Number), ("b", Form::Text), ("c", Form::Bytes)]);
        assert_eq!(mysql.literal(0, "1 OR 1=1"), "'1 OR 1=1'");
        assert_eq!(mysql.literal(1, "a\\'"), "_utf8mb4 X'615C27'");
        assert_eq!(mysql.literal(2, "0A' OR"), "'0A'' OR'");
        let sqlite = key(Dialect::Sqlite, &[("a", Form::Quoted)]);
        for (text, literal) in [
            ("'it''s'", "'it''s'"),
            ("-1.5", "-1.5"),
            ("X'00FF'", "X'00FF'"),
            ("'a' OR 'b'", "'''a'' OR ''b'''"),
            ("1) OR (1", "'1) OR (1'"),
        ] {
            assert_eq!(sqlite.literal(0, text), literal);
        }
        let postgres = key(Dialect::Postgres, &[("a", Form::Typed("text".into()))]);
        assert_eq!(postgres.literal(0, "a\\'b"), "CAST(E'a\\\\''b' AS text)");
    }

    #[test]
    fn values_are_kept_as_text_and_shown_with_their_columns() {
        let sqlite = key(Dialect::Sqlite, &[("pupil", Form::Quoted), ("year", Form::Quoted)]);
        let found = value(&["'O''Hara'", "2024"]);
        assert_eq!(decode(&encode(&found)), Some(found.clone()));
        assert_eq!(sqlite.describe(&found), "pupil O'Hara, year 2024");
        assert_eq!(decode("nothing"), None);
    }
}
