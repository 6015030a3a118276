//! What a half-done migration had in its session, and how another session gets it. Pure.
//!
//! Settings are made again by repeating the statements that made them. Values cannot be: `SET @id = LAST_INSERT_ID()` says
//! something else in another session, and a query something else after the next statement. So the values of MySQL's user
//! variables are kept in the journal, written in the transaction of the statement that they come from.

use dunlin_compat::model::Dialect;

use super::prepare::{Prepared, Statement};
use super::stepwise::{first_word_is, locks_tables};
use crate::sql;

/// An expression for what the journal keeps of the session, if the migration uses any of it: the last number given by
/// `AUTO_INCREMENT`, and for each user variable its name, character set, collation and value in hexadecimal.
pub(super) fn kept(prepared: &Prepared<'_>, dialect: Dialect) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut reads_id = false;
    for statement in prepared.statements() {
        reads_id |= sql::reads_last_insert_id(&statement.text, dialect);
        for name in sql::user_variables(&statement.text, dialect) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() && !reads_id {
        return None;
    }
    let variables: String = names
        .iter()
        .map(|name| {
            let variable = format!("@{}", dialect.quote_identifier(name));
            let hexadecimal: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!(
                ", ' {hexadecimal}=', IF({variable} IS NULL, 'N', CONCAT(CHARSET({variable}), ':', COLLATION({variable}), \
                 ':', HEX(CAST({variable} AS BINARY))))"
            )
        })
        .collect();
    Some(format!("CONCAT(LAST_INSERT_ID(){variables})"))
}

/// Statements that bring back what [`kept`] kept.
pub(super) fn restoring(kept: &str) -> Vec<String> {
    let mut words = kept.split(' ');
    let id = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty());
    let mut statements: Vec<String> = words.filter_map(restoring_variable).collect();
    statements.extend(id.map(|id| format!("SELECT LAST_INSERT_ID({id})")));
    statements
}

fn restoring_variable(word: &str) -> Option<String> {
    let (name, value) = word.split_once('=')?;
    let name = String::from_utf8(bytes(name)?).ok()?;
    let variable = format!("@{}", Dialect::Mysql.quote_identifier(&name));
    let mut parts = value.split(':');
    let value = match (parts.next()?, parts.next(), parts.next()) {
        ("N", _, _) => "NULL".to_owned(),
        // Numbers and bytes both are in the character set `binary`.
        ("binary", _, Some(hexadecimal)) => match String::from_utf8(bytes(hexadecimal)?) {
            Ok(number) if number.parse::<f64>().is_ok_and(f64::is_finite) => number,
            _ => format!("_binary X'{hexadecimal}'"),
        },
        (set, Some(collation), Some(hexadecimal)) => format!("_{set} X'{hexadecimal}' COLLATE {collation}"),
        _ => return None,
    };
    Some(format!("SET {variable} = {value}"))
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

/// The statements among those that ran that another session must repeat: settings, prepared statements that are still
/// there, and the last `LOCK TABLES` if it still holds.
pub(super) fn repeated<'s, 'p>(ran: &[&'s Statement<'p>], dialect: Dialect) -> Vec<&'s Statement<'p>> {
    let mut repeated: Vec<&Statement<'_>> = Vec::new();
    for &statement in ran {
        let facts = &statement.facts;
        let unlocks = facts.implicit_commit && first_word_is(statement, "UNLOCK");
        let begins = dialect.is_mysql_family() && facts.control == Some(sql::Control::Begin);
        if unlocks || begins || locks_tables(statement) {
            repeated.retain(|earlier| !locks_tables(earlier));
        }
        if facts.drops_locks && facts.session {
            // `DISCARD ALL`: the session was as a new one is.
            repeated.clear();
            continue;
        }
        if let Some(name) = deallocated(statement, dialect) {
            repeated.retain(|earlier| prepared_name(earlier, dialect).as_ref() != Some(&name));
            continue;
        }
        let filled = sql::only_fills_variables(&statement.text, dialect);
        if facts.session && facts.control.is_none() && !unlocks && !filled {
            repeated.push(statement);
        }
    }
    repeated
}

/// The name in `PREPARE name FROM …`, in lower case.
fn prepared_name(statement: &Statement<'_>, dialect: Dialect) -> Option<String> {
    let words = sql::words(&statement.text, dialect);
    match words.as_slice() {
        [prepare, name, ..] if prepare == "PREPARE" => Some(name.clone()),
        _ => None,
    }
}

/// The name in `DEALLOCATE [PREPARE] name` and `DROP PREPARE name`.
fn deallocated(statement: &Statement<'_>, dialect: Dialect) -> Option<String> {
    let words = sql::words(&statement.text, dialect);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["DEALLOCATE" | "DROP", "PREPARE", name] | ["DEALLOCATE", name] => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn statements(texts: &[&str], dialect: Dialect) -> Vec<Statement<'static>> {
        let statement = |(index, text): (usize, &&str)| Statement {
            text: (*text).to_owned(),
            path: Path::new("1_dump.sql"),
            line: index + 1,
            facts: sql::classify(text, dialect, (8, 0, 0)),
            copy_data: None,
            plugin: None,
            is_of_body: true,
        };
        texts.iter().enumerate().map(statement).collect()
    }

    fn repeated_texts(texts: &[&str], dialect: Dialect) -> Vec<String> {
        let statements = statements(texts, dialect);
        let ran: Vec<&Statement<'_>> = statements.iter().collect();
        repeated(&ran, dialect).into_iter().map(|statement| statement.text.clone()).collect()
    }

    #[test]
    fn only_locks_that_still_hold_are_taken_again() {
        let lock = "LOCK TABLES a WRITE";
        assert_eq!(repeated_texts(&[lock, "INSERT INTO a VALUES (1)"], Dialect::Mysql), [lock]);
        for end in ["UNLOCK TABLES", "START TRANSACTION"] {
            assert!(repeated_texts(&[lock, end], Dialect::Mysql).is_empty(), "{end}");
        }
        let other = "LOCK TABLES b WRITE";
        assert_eq!(repeated_texts(&[lock, other], Dialect::Mariadb), [other]);
    }

    #[test]
    fn settings_are_repeated_and_values_are_not() {
        let texts =
            ["SET @a = 1", "SELECT COUNT(*) INTO @n FROM t", "SET NAMES utf8mb4", "CREATE TABLE t (a int)"];
        assert_eq!(repeated_texts(&texts, Dialect::Mysql), ["SET NAMES utf8mb4"]);
    }

    #[test]
    fn a_prepared_statement_is_repeated_until_it_is_given_up() {
        let texts = ["PREPARE a FROM @x", "PREPARE b FROM @y", "DEALLOCATE PREPARE A"];
        assert_eq!(repeated_texts(&texts, Dialect::Mysql), ["PREPARE b FROM @y"]);
    }

    #[test]
    fn discard_all_is_not_repeated_and_nothing_before_it_is() {
        let texts = ["SET search_path = a", "DISCARD ALL", "SET search_path = b"];
        assert_eq!(repeated_texts(&texts, Dialect::Postgres), ["SET search_path = b"]);
    }

    #[test]
    fn kept_values_come_back_with_their_type() {
        let kept = "7 61=N 62=binary:binary:312E35 63=binary:binary:00FF 64=utf8mb4:utf8mb4_bin:C3A9 6527=utf8mb4:utf8mb4_bin:";
        assert_eq!(
            restoring(kept),
            [
                "SET @`a` = NULL",
                "SET @`b` = 1.5",
                "SET @`c` = _binary X'00FF'",
                "SET @`d` = _utf8mb4 X'C3A9' COLLATE utf8mb4_bin",
                "SET @`e'` = _utf8mb4 X'' COLLATE utf8mb4_bin",
                "SELECT LAST_INSERT_ID(7)",
            ]
        );
        assert!(restoring("").is_empty());
    }
}
