//! What travels together in one round trip.

use super::prepare::Statement;

/// Statements that gather until they are sent.
#[derive(Default)]
pub(super) struct Message<'s> {
    pub(super) parts: Vec<Part<'s>>,
    /// Of all texts.
    pub(super) bytes: usize,
}

/// One of them.
pub(super) enum Part<'s> {
    /// A statement of ours.
    Own(String),
    /// A statement of the migration: which one of how many.
    User { statement: &'s Statement<'s>, index: usize, total: usize },
}

impl Part<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Part::Own(sql) => sql,
            Part::User { statement, .. } => &statement.text,
        }
    }
}

impl<'s> Message<'s> {
    pub(super) fn push_own(&mut self, sql: String) {
        self.bytes += sql.len();
        self.parts.push(Part::Own(sql));
    }

    pub(super) fn push_user(&mut self, statement: &'s Statement<'s>, index: usize, total: usize) {
        self.bytes += statement.text.len();
        self.parts.push(Part::User { statement, index, total });
    }
}
