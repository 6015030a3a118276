//! Statements that tell the server to read what follows in another character set.

use super::reader::Reader;
use dunlin_compat::model::Dialect;

/// The character set that a statement tells the server to expect, if it is not UTF-8, in which everything is sent.
/// `SET NAMES` and `client_encoding` alike; a variable (`= @old`) or `DEFAULT` restores what was, and is fine.
pub fn foreign_client_encoding(statement: &str, dialect: Dialect) -> Option<String> {
    let mut reader = Reader::new(statement, dialect, (u32::MAX, 0, 0));
    if !reader.eat("SET") {
        return None;
    }
    reader.eat_any(&["SESSION", "LOCAL", "GLOBAL"]);
    match dialect {
        Dialect::Sqlite => return None,
        Dialect::Postgres => {
            if !reader.eat("NAMES") {
                if !reader.eat("CLIENT_ENCODING") {
                    return None;
                }
                let _ = reader.eat("TO") || reader.eat_symbol("=");
            }
        }
        Dialect::Mysql | Dialect::Mariadb => {
            if reader.eat("NAMES") || reader.eat("CHARSET") || reader.eat_all(&["CHARACTER", "SET"]) {
            } else if reader.eat("CHARACTER_SET_CLIENT") {
                let _ = reader.eat_symbol("=");
            } else {
                return None;
            }
        }
    }
    let named = reader.literal().or_else(|| reader.peek().map(str::to_owned))?;
    let plain: String = named
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_uppercase())
        .collect();
    let is_variable = named.starts_with('@');
    let is_known =
        matches!(plain.as_str(), "" | "UTF8" | "UTF8MB3" | "UTF8MB4" | "UNICODE" | "DEFAULT" | "BINARY");
    (!is_variable && !is_known).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_character_set_is_noticed_and_utf_8_is_not() {
        use Dialect::{Mysql, Postgres};
        for (statement, dialect) in [
            ("SET client_encoding = 'LATIN1'", Postgres),
            ("set local client_encoding to win1252", Postgres),
            ("SET NAMES 'LATIN1'", Postgres),
            ("SET NAMES latin1", Mysql),
            ("/*!40101 SET NAMES cp1252 */", Mysql),
            ("SET character_set_client = latin1", Mysql),
        ] {
            assert!(foreign_client_encoding(statement, dialect).is_some(), "{statement}");
        }
        for (statement, dialect) in [
            ("SET client_encoding = 'UTF8'", Postgres),
            ("SET NAMES 'utf-8'", Postgres),
            ("SET client_encoding TO DEFAULT", Postgres),
            ("/*!40101 SET NAMES utf8mb4 */", Mysql),
            ("/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */", Mysql),
            ("/*!50503 SET character_set_client = utf8mb4 */", Mysql),
            ("SET @name = 'latin1'", Mysql),
            ("UPDATE t SET names = 'latin1'", Mysql),
        ] {
            assert_eq!(foreign_client_encoding(statement, dialect), None, "{statement}");
        }
    }
}
