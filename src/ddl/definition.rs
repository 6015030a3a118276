//! Columns, constraints and indexes as statements define them, in words that all dialects share.

use std::fmt;

/// A table's (or other relation's) name, unquoted, and folded as the server folds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// Schema or database, where the statement names it.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl TableName {
    /// A name without a schema.
    pub fn plain(name: impl Into<String>) -> TableName {
        TableName { schema: None, name: name.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// A column as a statement defines it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in lower case with single spaces, as written: `varchar(20)`, `double precision`, `bigint unsigned`.
    pub data_type: String,
    /// `NOT NULL`, or a primary key.
    pub not_null: bool,
    /// `NULL` said, or not.
    pub says_null: bool,
    /// `DEFAULT`
    pub default: Option<ColumnDefault>,
    /// `GENERATED ALWAYS AS (…) STORED` (or MariaDB's `PERSISTENT`)
    pub generated_stored: bool,
    /// `GENERATED ALWAYS AS (…) VIRTUAL`
    pub generated_virtual: bool,
    /// `GENERATED … AS IDENTITY`
    pub identity: bool,
    /// `serial` and its relatives, `AUTO_INCREMENT`
    pub auto_increment: bool,
    /// `COLLATE`, `CHARACTER SET`
    pub collation: Option<String>,
    /// Constraints written at the column: primary key, unique, check, references.
    pub constraints: Vec<Constraint>,
    /// `COMMENT`, MySQL
    pub comment: bool,
    /// `ON UPDATE CURRENT_TIMESTAMP`
    pub on_update: bool,
}

/// A default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefault {
    /// As written.
    pub text: String,
    /// A literal (perhaps cast), and not an expression that is evaluated.
    pub is_constant: bool,
    /// `NULL`
    pub is_null: bool,
    /// Calls a function that may give each row another value, or one that is not known to be stable.
    pub may_be_volatile: bool,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, where one is given.
    pub name: Option<String>,
    /// Its kind.
    pub kind: ConstraintKind,
    /// The columns it is on; empty for a check.
    pub columns: Vec<String>,
    /// The expression of a check, as written between its parentheses.
    pub expression: Option<String>,
    /// Of a foreign key.
    pub references: Option<References>,
    /// `NOT VALID`
    pub not_valid: bool,
    /// `USING INDEX`
    pub using_index: Option<String>,
    /// MySQL: `NOT ENFORCED`
    pub not_enforced: bool,
}

impl Constraint {
    /// One of a kind of which nothing more is said.
    pub fn of(kind: ConstraintKind) -> Constraint {
        Constraint {
            name: None,
            kind,
            columns: Vec::new(),
            expression: None,
            references: None,
            not_valid: false,
            using_index: None,
            not_enforced: false,
        }
    }
}

/// The kind of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as SQL names them")]
pub enum ConstraintKind {
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclusion,
    NotNull,
}

/// What a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// The table.
    pub table: TableName,
    /// Its columns, where they are named.
    pub columns: Vec<String>,
    /// `ON DELETE`, in upper case.
    pub on_delete: Option<String>,
    /// `ON UPDATE`, in upper case.
    pub on_update: Option<String>,
}

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Its name, where one is given.
    pub name: Option<String>,
    /// The table.
    pub table: TableName,
    /// What it is on, in order.
    pub columns: Vec<IndexColumn>,
    /// `UNIQUE`
    pub unique: bool,
    /// `CONCURRENTLY`
    pub concurrently: bool,
    /// PostgreSQL's method (`btree`, `hash`, `gin`), MySQL's `FULLTEXT`, `SPATIAL` or `VECTOR`; in lower case.
    pub method: Option<String>,
    /// `WHERE`
    pub partial: bool,
    /// PostgreSQL: `ON ONLY`
    pub only: bool,
}

/// What an index is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column's name or, for an expression, its text.
    pub text: String,
    /// Whether it is an expression.
    pub is_expression: bool,
}
