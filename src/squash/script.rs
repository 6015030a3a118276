//! Statements as a script for the server's own client.

use dunlin_compat::model::Dialect;

/// Joins statements. Where a body has semicolons, the clients of MySQL and MariaDB have to be told another delimiter.
pub(super) fn script(statements: &[String], dialect: Dialect) -> String {
    let mut text = String::new();
    for statement in statements {
        if dialect.is_mysql_family() && statement.contains(';') && is_body(statement) {
            let delimiter = ["//", "$$", "||", ";;"].into_iter().find(|mark| !statement.contains(mark));
            let delimiter = delimiter.unwrap_or("@@@@");
            text.push_str(&format!("DELIMITER {delimiter}\n{statement}\n{delimiter}\nDELIMITER ;\n\n"));
        } else {
            // A body may end in a comment of one line.
            let end = if ends_in_comment(statement) { "\n;\n\n" } else { ";\n\n" };
            text.push_str(statement);
            text.push_str(end);
        }
    }
    if !text.is_empty() {
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn is_body(statement: &str) -> bool {
    !["INSERT", "SET", "DROP", "GRANT"].iter().any(|word| statement.starts_with(word))
}

fn ends_in_comment(statement: &str) -> bool {
    statement.rsplit('\n').next().is_some_and(|line| line.contains("--") || line.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql;

    #[test]
    fn a_script_is_read_as_the_statements_that_it_was_made_of() {
        let cases: [(Dialect, &[&str]); 3] = [
            (Dialect::Sqlite, &["CREATE TABLE a (b) -- key", "INSERT INTO a VALUES (';')"]),
            (
                Dialect::Mysql,
                &[
                    "CREATE TABLE `a` (`b` int)",
                    "CREATE PROCEDURE `p`()\nBEGIN SELECT 1; SELECT '//'; END",
                    "INSERT INTO `a` VALUES (';')",
                ],
            ),
            (
                Dialect::Postgres,
                &["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$", "SELECT 1"],
            ),
        ];
        for (dialect, statements) in cases {
            let owned: Vec<String> = statements.iter().map(|text| (*text).to_owned()).collect();
            let split = sql::split(&script(&owned, dialect), dialect).unwrap();
            let texts: Vec<String> = split.into_iter().map(|statement| statement.text).collect();
            assert_eq!(texts, owned, "{dialect}");
        }
    }
}
