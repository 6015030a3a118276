//! What is checked, and what is known of the database.

use std::path::PathBuf;
use std::time::Duration;

use crate::ddl::{Known, TableName, Work};

pub use dunlin_compat::model::Direction;

/// A migration whose statements are checked.
#[derive(Debug, Clone)]
pub struct Migration {
    /// What the tool calls it by.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// Its direction.
    pub direction: Direction,
    /// Whether it can be taken back: `None` where the tool cannot tell.
    pub has_down: Option<bool>,
    /// Why it cannot be taken back, where its file tells, with the line.
    pub missing_down: Option<(usize, String)>,
    /// Whether it is code, whose statements are known only when it runs.
    pub is_code: bool,
    /// Whether the engine sets a lock time-out around its statements.
    pub has_lock_timeout: bool,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// A statement as it will be sent.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Without delimiter.
    pub text: String,
    /// The file.
    pub path: PathBuf,
    /// The line on which it begins, from 1; 0 for one that code sent.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The transaction that it runs in: statements with the same number share one; `None`: it runs by itself.
    pub transaction: Option<usize>,
    /// Rows are changed in batches, each in a transaction of its own.
    pub is_batched: bool,
}

/// Asks the database. Implemented over a connection by whoever has one.
pub trait Facts {
    /// What is known of a table; `None`: there is no such table.
    fn table(&self, table: &TableName) -> Option<TableFacts>;
    /// The table that an index is on.
    fn table_of_index(&self, index: &TableName) -> Option<TableName>;
    /// How long such work on a table takes, where anybody measures that.
    fn expected(&self, _table: &TableName, _work: Work) -> Option<Expected> {
        None
    }
}

/// How long work on a table takes, waiting for locks aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The time.
    pub duration: Duration,
    /// How fast the server reads.
    pub bytes_per_second: u64,
    /// Whether that was measured; else it is assumed.
    pub is_measured: bool,
    /// Whether what earlier runs took is in it.
    pub is_learnt: bool,
}

/// Facts of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableFacts {
    /// Rows, as the server estimates them; 0 only where there is none.
    pub rows: u64,
    /// Bytes of the table without its indexes.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
    /// Rows inserted, updated and deleted per second since the server counts, where it does.
    pub writes_per_second: Option<f64>,
    /// Tables whose foreign keys refer to it.
    pub referenced_by: Vec<TableName>,
    /// Columns and checks.
    pub known: Known,
    /// Columns of its primary key.
    pub primary_key: Vec<String>,
    /// Columns of its indexes, in order.
    pub indexes: Vec<Vec<String>>,
}
