//! Statements run for programs: results with the types that drivers decode by, and parameters.

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// NULL.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A number beyond 64 bits, in decimal.
    BigInteger(String),
    /// A floating point number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What one statement gave, with types.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TypedOutcome {
    /// Columns, empty for a statement without a result.
    pub columns: Vec<TypedColumn>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
    /// Rows affected or returned, as the server counts them.
    pub affected: u64,
    /// MySQL's last insert id, SQLite's last row id.
    pub last_id: Option<i64>,
}

/// A column with its type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedColumn {
    /// Its name.
    pub name: String,
    /// PostgreSQL's OID, MySQL's column type.
    pub type_id: Option<u32>,
    /// PostgreSQL's type modifier, -1 for none; MySQL's number of decimals.
    pub modifier: Option<i32>,
    /// MySQL's flags.
    pub flags: Option<u16>,
    /// MySQL's number of the character set.
    pub charset: Option<u16>,
    /// MySQL's length, in bytes.
    pub length: Option<u32>,
    /// The declared type of SQLite's column.
    pub declared: Option<String>,
}

/// A value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// The server's text.
    Text(String),
    /// Bytes: MySQL's columns in the character set `binary`, SQLite's blobs, and what is not UTF-8.
    Bytes(Vec<u8>),
    /// SQLite's integers.
    Integer(i64),
    /// SQLite's floating point numbers.
    Real(f64),
}
