//! TOML files as trees with line numbers.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::provenance::Origin;
use super::tree::{Entry, Node, Scalar, ScalarKind, Table};

/// Parses a TOML file's text.
///
/// # Errors
/// [`ConfigError::Syntax`] with the place, as Flyway shows it.
pub(super) fn parse(path: &Path, text: &str) -> Result<Table, ConfigError> {
    let file = File { path, line_starts: line_starts(text) };
    let table = DeTable::parse(text).map_err(|error| file.syntax_error(text, &error))?;
    Ok(file.table(table.get_ref()))
}

struct File<'a> {
    path: &'a Path,
    line_starts: Vec<usize>,
}

impl File<'_> {
    fn table(&self, table: &DeTable<'_>) -> Table {
        table
            .iter()
            .map(|(key, value)| {
                let origin = Origin::File { path: self.path.to_owned(), line: self.line(key.span().start) };
                (key.get_ref().to_string(), Entry { node: self.node(value.get_ref()), origin })
            })
            .collect()
    }

    fn node(&self, value: &DeValue<'_>) -> Node {
        let scalar = |kind, text: String| Node::Scalar(Scalar { kind, text });
        match value {
            DeValue::Table(table) => Node::Table(self.table(table)),
            DeValue::Array(items) => Node::List(
                items
                    .iter()
                    .map(|item| Entry {
                        node: self.node(item.get_ref()),
                        origin: Origin::File {
                            path: self.path.to_owned(),
                            line: self.line(item.span().start),
                        },
                    })
                    .collect(),
            ),
            DeValue::String(text) => scalar(ScalarKind::Text, text.to_string()),
            // Decimal numbers keep their digits: `baselineVersion = 1.10` is version 1.10.
            DeValue::Integer(number) => {
                let parsed = i128::from_str_radix(number.as_str(), number.radix());
                scalar(
                    ScalarKind::Integer,
                    parsed.map_or_else(|_| number.to_string(), |value| value.to_string()),
                )
            }
            DeValue::Float(number) => scalar(ScalarKind::Float, float_text(number.as_str())),
            DeValue::Boolean(flag) => scalar(ScalarKind::Boolean, flag.to_string()),
            DeValue::Datetime(date) => scalar(ScalarKind::Date, date.to_string()),
        }
    }

    /// The line, from 1, that a byte offset is on.
    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn syntax_error(&self, text: &str, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |span| span.start).min(text.len());
        let line = self.line(offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = text.get(start..offset).unwrap_or_default();
        let after = text.get(offset..).unwrap_or_default();
        let after = after.split(['\n', '\r']).next().unwrap_or_default();
        ConfigError::Syntax {
            path: self.path.to_owned(),
            line,
            column: before.chars().count() + 1,
            reason: error.message().replace('\n', ", "),
            excerpt: if holds_secret(before, after) {
                "(not shown, it may hold a secret)".to_owned()
            } else {
                format!("{before}^{after}")
            },
        }
    }
}

/// Whether a broken line sets something that must not be printed.
fn holds_secret(before: &str, after: &str) -> bool {
    let line = format!("{before}{after}").to_lowercase();
    ["password", "token", "licensekey", "secret"].iter().any(|word| line.contains(word))
}

/// A float as Java writes it where that matters: digits kept, no sign when positive, infinity spelt out.
fn float_text(text: &str) -> String {
    let text = text.trim_start_matches('+');
    match text {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        "nan" | "-nan" => "NaN".to_owned(),
        _ => text.replace('_', ""),
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_names_file_line_and_column() {
        let error =
            parse(Path::new("flyway.toml"), "[flyway]\nlocations = [\"sql\"\ntable = 5\n").expect_err("open");
        let ConfigError::Syntax { line, column, excerpt, .. } = &error else { panic!("{error}") };
        assert_eq!((*line, *column, excerpt.as_str()), (3, 1, "^table = 5"));
        assert!(error.to_string().ends_with("\n\tin flyway.toml"), "{error}");
    }

    #[test]
    fn a_broken_line_with_a_password_is_not_shown() {
        let error = parse(Path::new("f"), "[environments.default]\npassword = \"s3cret\n").expect_err("open");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn numbers_keep_their_text() {
        let table =
            parse(Path::new("f"), "a = +1.10\nb = 0x10\nc = 1_000\nd = 2020-01-01\ne = true").expect("valid");
        let text = |key: &str| match &table[key].node {
            Node::Scalar(scalar) => scalar.text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(["a", "b", "c", "d", "e"].map(text), ["1.10", "16", "1000", "2020-01-01", "true"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([a-z=.\\[\\]{}\"'\n0-9#,é -]|flyway\\.){0,60}") {
            let _ = parse(Path::new("f"), &text);
        }
    }
}
