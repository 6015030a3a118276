//! Named parameters in a statement: `:from`.

use super::error::SplitError;
use super::lexer::{Lexer, TokenKind};
use dunlin_compat::model::Dialect;

/// A parameter as a range of bytes, colon included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What follows the colon.
    pub name: String,
    /// Where the colon stands.
    pub start: usize,
    /// Where the name ends.
    pub end: usize,
}

/// The parameters of a statement, in order. A colon in a string, a name or a comment begins none; nor does the second of
/// `::text`, nor one right behind a word, as in PostgreSQL's `prices[1:last]`.
///
/// # Errors
/// Something in the statement is never closed; the place is an offset in the statement.
pub fn parameters(statement: &str, dialect: Dialect) -> Result<Vec<Parameter>, SplitError> {
    let mut lexer = Lexer::new(statement, 0, dialect);
    let mut found = Vec::new();
    let mut colon: Option<usize> = None;
    let mut previous_end = None;
    loop {
        let token = match lexer.next_token() {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(found),
            Err(error) => return Err(SplitError::new(statement, error.offset, error.problem)),
        };
        if let Some(start) = colon.take()
            && token.kind == TokenKind::Word
            && token.start == start + 1
        {
            let name = token.text(statement).to_owned();
            found.push(Parameter { name, start, end: token.end });
        } else if token.is_symbol(statement, ":") && !follows_a_word(statement, token.start, previous_end) {
            colon = Some(token.start);
        }
        previous_end = Some(token.end);
    }
}

/// Whether what stands right before the colon makes it something else than the beginning of a parameter.
fn follows_a_word(statement: &str, colon: usize, previous_end: Option<usize>) -> bool {
    let before = statement.get(..colon).and_then(|text| text.chars().next_back());
    previous_end == Some(colon)
        && before.is_some_and(|last| last == ':' || last == '_' || last == ']' || last.is_alphanumeric())
}

/// The statement with each of its parameters replaced.
pub fn substitute(statement: &str, parameters: &[Parameter], value: impl Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(statement.len() + 32 * parameters.len());
    let mut done = 0;
    for parameter in parameters {
        text.push_str(statement.get(done..parameter.start).unwrap_or_default());
        text.push_str(&value(&parameter.name));
        done = parameter.end;
    }
    text.push_str(statement.get(done..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(statement: &str, dialect: Dialect) -> Vec<String> {
        parameters(statement, dialect).unwrap().into_iter().map(|parameter| parameter.name).collect()
    }

    #[test]
    fn parameters_stand_outside_of_strings_names_and_comments() {
        for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite] {
            let quote = if dialect.is_mysql_family() { '`' } else { '"' };
            let statement = format!(
                "UPDATE orders -- :a\nSET note = ':b', {quote}c:d{quote} = 1 /* :e */ WHERE id>=:from AND id BETWEEN :from AND :to"
            );
            assert_eq!(names(&statement, dialect), ["from", "from", "to"], "{dialect}");
        }
    }

    #[test]
    fn other_colons_are_left_alone() {
        for (statement, expected) in [
            ("SELECT id::text, :from::bigint", vec!["from"]),
            ("SELECT prices[1:last], prices[a:to]", vec![]),
            ("SELECT $$ :from $$, E'\\':from'", vec![]),
            ("SELECT : from", vec![]),
            ("SELECT (:from)", vec!["from"]),
        ] {
            assert_eq!(names(statement, Dialect::Postgres), expected, "{statement}");
        }
        assert_eq!(names("SELECT @a:=1, @b := :to", Dialect::Mysql), ["to"]);
    }

    #[test]
    fn parameters_are_replaced_where_they_stand() {
        let statement = "UPDATE orders SET a = 'é :from' WHERE id BETWEEN :from AND :to;";
        let found = parameters(statement, Dialect::Postgres).unwrap();
        let replaced =
            substitute(statement, &found, |name| if name == "from" { "1" } else { "20" }.to_owned());
        assert_eq!(replaced, "UPDATE orders SET a = 'é :from' WHERE id BETWEEN 1 AND 20;");
    }

    #[test]
    fn what_is_never_closed_is_an_error_at_its_place() {
        let error = parameters("SELECT\n  'a", Dialect::Sqlite).unwrap_err();
        assert_eq!((error.line, error.column), (2, 3));
    }

    proptest! {
        #[test]
        fn nothing_but_parameters_changes(statement in "[-a:'\"`/* \n$éto;]{0,40}") {
            for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
                if let Ok(found) = parameters(&statement, dialect) {
                    let same = substitute(&statement, &found, |name| format!(":{name}"));
                    prop_assert_eq!(&same, &statement);
                }
            }
        }
    }
}
