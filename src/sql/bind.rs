//! Values written into the placeholders of a statement, for servers that are sent plain text.

use super::lexer::{Lexer, TokenKind};
use dunlin_compat::model::Dialect;

/// Why values cannot be written into a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// A placeholder without a value.
    #[error("there is no value for placeholder {0}")]
    Missing(usize),
    /// Values without a placeholder.
    #[error("there are {given} values for {found} placeholders")]
    TooMany {
        /// Values given.
        given: usize,
        /// Placeholders found.
        found: usize,
    },
}

/// Replaces `$1`, `$2` … (PostgreSQL) or each `?` (elsewhere) outside of strings, names and comments by `literals`.
///
/// # Errors
/// [`BindError`] when numbers do not fit. A text that the lexer does not understand is left to the server.
pub fn bind(text: &str, dialect: Dialect, literals: &[String]) -> Result<String, BindError> {
    let mut lexer = Lexer::new(text, 0, dialect);
    let mut bound = String::with_capacity(text.len());
    let (mut copied, mut found) = (0, 0);
    while let Ok(Some(token)) = lexer.next_token() {
        let number = match dialect {
            Dialect::Postgres if token.is_symbol(text, "$") => {
                let rest = text.get(token.end..).unwrap_or_default();
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let Ok(number) = rest.get(..digits).unwrap_or_default().parse::<usize>() else { continue };
                lexer.position = token.end + digits;
                found = found.max(number);
                number
            }
            Dialect::Postgres => continue,
            _ if token.kind == TokenKind::Symbol && token.text(text) == "?" => {
                found += 1;
                found
            }
            _ => continue,
        };
        let literal = number.checked_sub(1).and_then(|index| literals.get(index));
        let Some(literal) = literal else { return Err(BindError::Missing(number)) };
        bound.push_str(text.get(copied..token.start).unwrap_or_default());
        bound.push_str(literal);
        copied = lexer.position;
    }
    if found < literals.len() {
        return Err(BindError::TooMany { given: literals.len(), found });
    }
    bound.push_str(text.get(copied..).unwrap_or_default());
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str, dialect: Dialect, literals: &[&str]) -> Result<String, BindError> {
        let literals: Vec<String> = literals.iter().map(|literal| (*literal).to_owned()).collect();
        bind(text, dialect, &literals)
    }

    #[test]
    fn placeholders_are_replaced_outside_of_strings_names_and_comments() {
        let text = "SELECT $2, '$1', \"$1\", $$ $1 $$ /* $1 */ + $1::int";
        let expected = "SELECT 'b', '$1', \"$1\", $$ $1 $$ /* $1 */ + 'a'::int";
        assert_eq!(bound(text, Dialect::Postgres, &["'a'", "'b'"]).unwrap(), expected);
        let text = "UPDATE t SET a = ?, b = '?' WHERE `c?` = ? -- ?";
        let expected = "UPDATE t SET a = 1, b = '?' WHERE `c?` = 2 -- ?";
        assert_eq!(bound(text, Dialect::Mysql, &["1", "2"]).unwrap(), expected);
    }

    #[test]
    fn one_value_may_serve_several_times() {
        assert_eq!(bound("SELECT $1, $1", Dialect::Postgres, &["1"]).unwrap(), "SELECT 1, 1");
        assert_eq!(bound("SELECT $10", Dialect::Postgres, &["1"]), Err(BindError::Missing(10)));
    }

    #[test]
    fn values_that_nothing_takes_are_an_error() {
        assert_eq!(
            bound("SELECT ?", Dialect::Mysql, &["1", "2"]),
            Err(BindError::TooMany { given: 2, found: 1 })
        );
        assert_eq!(bound("SELECT ?", Dialect::Mysql, &[]), Err(BindError::Missing(1)));
    }
}
