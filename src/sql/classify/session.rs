//! What a statement takes from the statements before it through the session: user variables, and what the server says
//! of the statement before.

use super::reader::Reader;
use dunlin_compat::model::Dialect;

/// Every executable comment counts as code.
const NEWEST: (u32, u32, u32) = (u32::MAX, 0, 0);

/// The names of MySQL's user variables (`@total`) in a statement, in the order of their first appearance.
pub fn user_variables(statement: &str, dialect: Dialect) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if !dialect.is_mysql_family() {
        return names;
    }
    let mut reader = Reader::new(statement, dialect, NEWEST);
    while !reader.at_end() {
        if let Some(name) = user_variable(&mut reader) {
            if !names.contains(&name) {
                names.push(name);
            }
        } else {
            reader.skip();
        }
    }
    names
}

/// Whether a statement gives values to user variables and changes nothing else: `SET @a = 1`, `SELECT 1 INTO @a`.
pub fn only_fills_variables(statement: &str, dialect: Dialect) -> bool {
    if !dialect.is_mysql_family() {
        return false;
    }
    let mut reader = Reader::new(statement, dialect, NEWEST);
    if reader.is("SELECT") {
        return true;
    }
    if !reader.eat("SET") {
        return false;
    }
    loop {
        if user_variable(&mut reader).is_none() {
            return false;
        }
        while !reader.at_end() && !reader.eat_symbol(",") {
            if !reader.skip_parentheses() {
                reader.skip();
            }
        }
        if reader.at_end() {
            return true;
        }
    }
}

/// Whether a statement asks for the last number that `AUTO_INCREMENT` gave.
pub fn reads_last_insert_id(statement: &str, dialect: Dialect) -> bool {
    let reader = Reader::new(statement, dialect, NEWEST);
    dialect.is_mysql_family() && reader.mentions(&["LAST_INSERT_ID", "IDENTITY"])
}

/// Whether a statement asks what the one right before it did: `ROW_COUNT()`, `FOUND_ROWS()`, SQLite's `changes()`.
pub fn reads_previous_result(statement: &str, dialect: Dialect) -> bool {
    let functions: &[&str] = match dialect {
        Dialect::Mysql | Dialect::Mariadb => &["ROW_COUNT", "FOUND_ROWS"],
        Dialect::Sqlite => &["CHANGES"],
        Dialect::Postgres => return false,
    };
    let reader = Reader::new(statement, dialect, NEWEST);
    reader.calls().any(|(name, _)| functions.iter().any(|function| name.eq_ignore_ascii_case(function)))
}

/// Whether a statement runs code that may commit in its middle, of which nothing is known here: a procedure, a
/// prepared statement, a block of statements, a `DO` with a `COMMIT` in it.
pub fn may_commit(statement: &str, dialect: Dialect) -> bool {
    const COMPOUND: [&str; 6] = ["IF", "CASE", "FOR", "LOOP", "WHILE", "REPEAT"];
    let mut reader = Reader::new(statement, dialect, NEWEST);
    match dialect {
        Dialect::Sqlite => false,
        Dialect::Mysql | Dialect::Mariadb => {
            reader.is_any(&["CALL", "EXECUTE"])
                || reader.is_any(&COMPOUND)
                || reader.eat_all(&["BEGIN", "NOT"])
        }
        Dialect::Postgres => {
            if reader.is("CALL") {
                return true;
            }
            let words = |text: &str| {
                let text = text.to_ascii_uppercase();
                text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                    .any(|word| word == "COMMIT" || word == "ROLLBACK")
            };
            reader.eat("DO") && words(statement)
        }
    }
}

/// Passes `@name`, and not `@@name`.
fn user_variable(reader: &mut Reader<'_>) -> Option<String> {
    if !reader.eat_symbol("@") {
        return None;
    }
    if reader.eat_symbol("@") {
        reader.skip();
        return None;
    }
    reader.identifier().or_else(|| reader.literal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_variables_are_found_and_system_variables_are_not() {
        let names =
            user_variables("SET @a = @@sql_mode, @`b c` := (SELECT @a + @d), x = '@no'", Dialect::Mysql);
        assert_eq!(names, ["a", "b c", "d"]);
        assert!(user_variables("SELECT @a", Dialect::Postgres).is_empty());
    }

    #[test]
    fn statements_that_only_fill_variables_need_not_be_repeated() {
        for (statement, expected) in [
            ("SET @a = 1, @b = (SELECT 1, 2)", true),
            ("SELECT id INTO @a FROM t", true),
            ("/*!40101 SET @old = @@sql_mode */", true),
            ("SET @old = @@sql_mode, sql_mode = ''", false),
            ("SET NAMES utf8mb4", false),
            ("SET @@sql_mode = ''", false),
            ("USE shop", false),
        ] {
            assert_eq!(only_fills_variables(statement, Dialect::Mysql), expected, "{statement}");
        }
    }

    #[test]
    fn questions_about_the_statement_before_are_recognised() {
        assert!(reads_previous_result("SET @n = ROW_COUNT()", Dialect::Mariadb));
        assert!(reads_previous_result("INSERT INTO log SELECT changes()", Dialect::Sqlite));
        assert!(!reads_previous_result("SELECT row_count FROM t", Dialect::Mysql));
        assert!(reads_last_insert_id("INSERT INTO a VALUES (LAST_INSERT_ID())", Dialect::Mysql));
        assert!(reads_last_insert_id("SET @a = @@identity", Dialect::Mysql));
    }

    #[test]
    fn code_that_may_commit_is_recognised() {
        for (statement, dialect, expected) in [
            ("CALL close_day()", Dialect::Mysql, true),
            ("EXECUTE statement", Dialect::Mysql, true),
            ("BEGIN NOT ATOMIC CREATE TABLE a (b int); END", Dialect::Mariadb, true),
            ("BEGIN", Dialect::Mariadb, false),
            ("DO SLEEP(1)", Dialect::Mysql, false),
            ("EXECUTE prepared", Dialect::Postgres, false),
            ("DO $$ BEGIN COMMIT; END $$", Dialect::Postgres, true),
            ("DO $$ BEGIN PERFORM 1; END $$", Dialect::Postgres, false),
        ] {
            assert_eq!(may_commit(statement, dialect), expected, "{statement}");
        }
    }
}
