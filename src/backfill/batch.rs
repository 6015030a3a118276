//! A batch of pure SQL: statements in which `:from` and `:to` stand for the first and last key of a chunk.

use dunlin_compat::model::{Dialect, Server};

use super::BackfillError;
use super::key::Key;
use super::work::{Changed, Chunk, RowTransform, WorkError};
use crate::db::{Connection, DbError};
use crate::sql::{self, Control, Parameter};

/// The statements of a batch, read and found fit to run in a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    statements: Vec<BatchStatement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BatchStatement {
    text: String,
    parameters: Vec<Parameter>,
    /// In the text of the batch, from 1.
    line: usize,
}

/// Why a text is no batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadBatch {
    /// The line of the text, from 1.
    pub line: usize,
    /// What is wrong, and the way out.
    pub reason: String,
}

impl Batch {
    /// Reads a batch.
    pub fn parse(text: &str, server: &Server) -> Result<Batch, BadBatch> {
        let dialect = server.dialect;
        let bad = |line: usize, reason: &str| BadBatch { line, reason: reason.to_owned() };
        let found = sql::split_quoted(text, dialect, server.quoting)
            .map_err(|error| BadBatch { line: error.line, reason: error.problem.to_string() })?;
        let mut statements = Vec::with_capacity(found.len());
        for statement in found {
            let facts = sql::classify(&statement.text, dialect, server.version);
            let ends = matches!(
                facts.control,
                Some(Control::Begin | Control::Commit | Control::Rollback | Control::Other)
            );
            if facts.transaction.is_forbidden() || facts.implicit_commit || ends {
                return Err(bad(
                    statement.line,
                    "every chunk of a batch is one transaction, and this statement cannot run in one or ends it. Move it to a \
                     block of its own",
                ));
            }
            if statement.copy_data.is_some() {
                return Err(bad(
                    statement.line,
                    "COPY has data of its own, which does not belong to a chunk",
                ));
            }
            let parameters = sql::parameters(&statement.text, dialect)
                .map_err(|error| BadBatch { line: statement.line, reason: error.problem.to_string() })?;
            if parameters.is_empty() && changes_rows(&statement.text, dialect) {
                return Err(bad(
                    statement.line,
                    "this statement would change the whole table in every chunk: bound it with `BETWEEN :from AND :to`, or \
                     with `:range`",
                ));
            }
            statements.push(BatchStatement { text: statement.text, parameters, line: statement.line });
        }
        let used = |wanted: &str| {
            statements.iter().flat_map(|statement| &statement.parameters).any(|parameter| {
                parameter.name == wanted || parameter.name.starts_with(&format!("{wanted}_"))
            })
        };
        if !(used("range") || used("from") && used("to")) {
            return Err(bad(
                1,
                "a batch says which rows of the table are the chunk's: `WHERE id BETWEEN :from AND :to`, or `WHERE :range`",
            ));
        }
        Ok(Batch { statements })
    }

    /// Checks the names of parameters against a key.
    pub fn check(&self, key: &Key) -> Result<(), BadBatch> {
        for statement in &self.statements {
            for parameter in &statement.parameters {
                if column_of(&parameter.name, key).is_none() {
                    return Err(BadBatch {
                        line: statement.line,
                        reason: format!(
                            "`:{}` stands for nothing; a batch by this key has {}",
                            parameter.name,
                            names(key).join(", ")
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    /// The statements for a chunk.
    pub fn bind(&self, chunk: &Chunk<'_>) -> Vec<String> {
        let value = |name: &str| match column_of(name, chunk.key()) {
            Some(Bound::Range) => format!("({})", chunk.condition()),
            Some(Bound::From(index)) => literal(chunk, chunk.from, index),
            Some(Bound::To(index)) => literal(chunk, chunk.to, index),
            // Checked before the backfill began.
            None => format!(":{name}"),
        };
        let bound =
            |statement: &BatchStatement| sql::substitute(&statement.text, &statement.parameters, value);
        self.statements.iter().map(bound).collect()
    }
}

fn literal(chunk: &Chunk<'_>, value: &[String], index: usize) -> String {
    chunk.key().literal(index, value.get(index).map_or("", String::as_str))
}

/// What a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Range,
    From(usize),
    To(usize),
}

fn column_of(name: &str, key: &Key) -> Option<Bound> {
    if name == "range" {
        return Some(Bound::Range);
    }
    let bound = |index: usize, from: bool| if from { Bound::From(index) } else { Bound::To(index) };
    for (prefix, from) in [("from", true), ("to", false)] {
        if name == prefix && key.columns.len() == 1 {
            return Some(bound(0, from));
        }
        if let Some(column) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'))
            && let Some(index) = key.columns.iter().position(|candidate| candidate.name == column)
        {
            return Some(bound(index, from));
        }
    }
    None
}

fn names(key: &Key) -> Vec<String> {
    let mut names = Vec::new();
    if key.columns.len() == 1 {
        names.extend(["`:from`".to_owned(), "`:to`".to_owned()]);
    } else {
        for prefix in ["from", "to"] {
            names.extend(key.columns.iter().map(|column| format!("`:{prefix}_{}`", column.name)));
        }
    }
    names.push("`:range`".to_owned());
    names
}

fn changes_rows(statement: &str, dialect: Dialect) -> bool {
    matches!(
        sql::first_word(statement, dialect).as_str(),
        "UPDATE" | "DELETE" | "INSERT" | "REPLACE" | "MERGE" | "WITH"
    )
}

/// Runs a batch.
pub struct BatchTransform(pub Batch);

impl RowTransform for BatchTransform {
    fn run(&mut self, connection: &mut dyn Connection, chunk: &Chunk<'_>) -> Result<Changed, WorkError> {
        let statements = self.0.bind(chunk);
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let outcomes = connection.execute_many(&statements).map_err(|failure| failure.error)?;
        let rows = outcomes
            .iter()
            .filter(|outcome| outcome.columns.is_empty())
            .map(|outcome| outcome.affected)
            .sum();
        Ok(Changed { rows, ..Changed::default() })
    }
}

/// SQLite: whether the statements can be prepared. Elsewhere the error of the first chunk tells it from one of its rows.
pub(super) fn prepare(
    batch: &Batch,
    connection: &mut dyn Connection,
    chunk: &Chunk<'_>,
) -> Result<(), BackfillError> {
    if connection.server().dialect != Dialect::Sqlite {
        return Ok(());
    }
    for statement in batch.bind(chunk) {
        let explained: Result<_, DbError> = connection.execute(&format!("EXPLAIN {statement}"));
        explained.map_err(|error| BackfillError::Chunk { rows: chunk.key().describe(chunk.from), error })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::key::{Form, KeyColumn};
    use super::super::table::Table;
    use super::*;
    use dunlin_compat::model::Quoting;

    fn server(dialect: Dialect) -> Server {
        Server {
            dialect,
            version: (15, 0, 0),
            version_text: String::new(),
            database: "shop".into(),
            schema: "public".into(),
            user: "shop".into(),
            search_path: String::new(),
            session_id: 1,
            quoting: Quoting::of(dialect).into(),
            session_settings: Vec::new(),
            beginning: Vec::new(),
            reported_settings: Vec::new(),
        }
    }

    fn table(columns: &[&str]) -> Table {
        let column = |name: &&str| KeyColumn { name: (*name).to_owned(), form: Form::Number };
        Table {
            name: "`orders`".into(),
            key: Key::new(Dialect::Mysql, columns.iter().map(column).collect()),
            rows: None,
            row_bytes: None,
        }
    }

    fn bound(text: &str, columns: &[&str], filter: Option<&str>) -> Vec<String> {
        let batch = Batch::parse(text, &server(Dialect::Mysql)).unwrap();
        let table = table(columns);
        batch.check(&table.key).unwrap();
        let (from, to) = (vec!["1".to_owned(), "2".to_owned()], vec!["8".to_owned(), "9".to_owned()]);
        let (from, to) = (from[..columns.len()].to_vec(), to[..columns.len()].to_vec());
        batch.bind(&Chunk { table: &table, from: &from, to: &to, filter })
    }

    fn refusal(text: &str) -> (usize, String) {
        let error = Batch::parse(text, &server(Dialect::Postgres)).unwrap_err();
        (error.line, error.reason)
    }

    #[test]
    fn parameters_become_the_keys_of_the_chunk() {
        assert_eq!(
            bound("UPDATE orders SET a = ':from' WHERE id BETWEEN :from AND :to_id;", &["id"], None),
            ["UPDATE orders SET a = ':from' WHERE id BETWEEN 1 AND 8"]
        );
        assert_eq!(
            bound(
                "DELETE FROM lines WHERE nr >= :from_nr AND nr <= :to_nr AND :range",
                &["shop", "nr"],
                Some("a = 1")
            ),
            [
                "DELETE FROM lines WHERE nr >= 2 AND nr <= 9 AND ((`shop` > 1 OR (`shop` = 1 AND `nr` >= 2)) AND \
                 (`shop` < 8 OR (`shop` = 8 AND `nr` <= 9)) AND (a = 1\n))"
            ]
        );
    }

    #[test]
    fn a_batch_that_is_not_bounded_is_refused() {
        assert_eq!(refusal("\nUPDATE orders SET a = 1;\nSELECT :range").0, 2);
        assert_eq!(refusal("UPDATE orders SET a = 1 WHERE id > :from").0, 1);
        assert!(refusal("SELECT 1").1.contains(":range"));
    }

    #[test]
    fn a_batch_that_is_no_transaction_is_refused() {
        for statement in ["VACUUM orders", "COMMIT", "CREATE INDEX CONCURRENTLY i ON orders (a)"] {
            let text = format!("UPDATE orders SET a = 1 WHERE :range;\n{statement};");
            let (line, reason) = refusal(&text);
            assert_eq!((line, reason.contains("one transaction")), (2, true), "{statement}: {reason}");
        }
    }

    #[test]
    fn a_parameter_that_the_key_has_not_is_refused() {
        let batch = Batch::parse("UPDATE a SET b = 1 WHERE c BETWEEN :from AND :to", &server(Dialect::Mysql))
            .unwrap();
        let error = batch.check(&table(&["shop", "nr"]).key).unwrap_err();
        assert_eq!(
            error.reason,
            "`:from` stands for nothing; a batch by this key has `:from_shop`, `:from_nr`, `:to_shop`, `:to_nr`, `:range`"
        );
    }
}
