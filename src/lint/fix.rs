//! The safe form of a statement as statements.

/// What to put in the place of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: `build the index concurrently`.
    pub title: String,
    /// Groups of statements, in order; each is a block of its own.
    pub groups: Vec<Group>,
}

/// Statements that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Whether they share a transaction; else each runs by itself.
    pub transaction: bool,
    /// A change of rows in batches: the table and its key, as `migrate:batch` takes them.
    pub batch: Option<(String, String)>,
    /// The statements, without delimiter.
    pub statements: Vec<String>,
}

impl Fix {
    /// One statement in the place of another, in the same transaction.
    pub fn replace(title: impl Into<String>, statement: impl Into<String>) -> Fix {
        Fix { title: title.into(), groups: vec![Group::together([statement.into()])] }
    }

    /// One statement that runs by itself.
    pub fn alone(title: impl Into<String>, statement: impl Into<String>) -> Fix {
        Fix { title: title.into(), groups: vec![Group::alone([statement.into()])] }
    }
}

impl Group {
    /// In one transaction.
    pub fn together(statements: impl IntoIterator<Item = String>) -> Group {
        Group { transaction: true, batch: None, statements: statements.into_iter().collect() }
    }

    /// Each by itself.
    pub fn alone(statements: impl IntoIterator<Item = String>) -> Group {
        Group { transaction: false, batch: None, statements: statements.into_iter().collect() }
    }
}
