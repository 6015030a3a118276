//! Where the numbers that a server gives out begin. A down never takes them back, and need not; but two runs of one migration can
//! only give the same rows if they begin with the same numbers.

use dunlin_compat::model::Dialect;

use crate::db::{Connection, DbError};

/// Statements that set the counters to what they were when they were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters(Vec<String>);

const POSTGRES: &str = "SELECT format('SELECT pg_catalog.setval(%L, %s, %L)', \
     quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL) \
     FROM pg_catalog.pg_sequences WHERE schemaname !~ '^pg_' ORDER BY 1";

const MYSQL: &str = "SELECT CONCAT('ALTER TABLE `', REPLACE(t.table_name, '`', '``'), '` AUTO_INCREMENT = ', \
     COALESCE(t.auto_increment, 1)) FROM information_schema.tables t JOIN information_schema.columns c \
     ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.extra LIKE '%auto_increment%' \
     WHERE t.table_schema = DATABASE() ORDER BY 1";

/// All of them anew, since one that was not there has no row.
const SQLITE: &str = "SELECT 'DELETE FROM sqlite_sequence' UNION ALL \
     SELECT 'INSERT INTO sqlite_sequence VALUES (' || quote(name) || ', ' || seq || ')' FROM sqlite_sequence";

impl Counters {
    /// Reads them.
    ///
    /// # Errors
    /// The server refuses a question.
    pub(super) fn read(connection: &mut dyn Connection) -> Result<Counters, DbError> {
        let query = match connection.server().dialect {
            Dialect::Postgres => POSTGRES,
            Dialect::Mysql => {
                connection.execute("SET SESSION information_schema_stats_expiry = 0")?;
                MYSQL
            }
            Dialect::Mariadb => MYSQL,
            Dialect::Sqlite => SQLITE,
        };
        match connection.execute(query) {
            Ok(outcome) => Ok(Counters(outcome.rows.into_iter().flatten().flatten().collect())),
            // The first table that needs it makes it.
            Err(error) if error.is_missing_table() => {
                Ok(Counters(vec!["DELETE FROM sqlite_sequence".to_owned()]))
            }
            Err(error) => Err(error),
        }
    }

    /// Those that the other has not the same.
    pub(super) fn compare(&self, other: &Counters) -> Vec<String> {
        self.0.iter().filter(|statement| !other.0.contains(statement)).cloned().collect()
    }

    /// Sets those that are not what they were.
    ///
    /// # Errors
    /// The server refuses a question.
    pub(super) fn restore(&self, connection: &mut dyn Connection) -> Result<(), DbError> {
        let Counters(now) = Counters::read(connection)?;
        let anew = connection.server().dialect == Dialect::Sqlite;
        for statement in self.0.iter().filter(|statement| anew || !now.contains(statement)) {
            // What a down has dropped, which is found by its own means, has no counter to set.
            let _ = connection.execute(statement);
        }
        Ok(())
    }
}
