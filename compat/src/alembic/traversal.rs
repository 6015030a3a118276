//! Which revisions a command passes through, and in which order. What Alembic warns of on the way is added to `warnings`,
//! and stands whether or not there is an error as well.
//!
//! After `iterate_revisions`, `_collect_upgrade_revisions` and `_collect_downgrade_revisions` of
//! `alembic/script/revision.py`, and what `alembic/script/base.py` makes of them.

mod collect;
mod order;
mod target;

use std::fmt;

use super::graph::{Graph, GraphError, NodeId, Warning};
use super::identifier::Place;

/// What one end of a range is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'a> {
    /// Nothing: the base.
    Base,
    /// One identifier.
    One(&'a str),
    /// Several: the rows of the version table.
    Several(&'a [String]),
}

/// As Python writes it in messages.
impl fmt::Display for End<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Base | End::Several([]) => formatter.write_str("base"),
            End::One(identifier) => formatter.write_str(identifier),
            End::Several([only]) => write!(formatter, "('{only}',)"),
            End::Several(several) => write!(formatter, "('{}')", several.join("', '")),
        }
    }
}

impl<'a> End<'a> {
    fn identifiers(self) -> Vec<String> {
        match self {
            End::Base => Vec::new(),
            End::One(identifier) => vec![identifier.to_owned()],
            End::Several(several) => several.to_vec(),
        }
    }

    fn find(self, graph: &Graph) -> Result<Vec<Place>, GraphError> {
        match self {
            End::Base => Ok(Vec::new()),
            End::One(identifier) => graph.find_all(identifier),
            End::Several(several) => graph.find_each(several),
        }
    }
}

/// A range of revisions, and how its ends are meant.
#[derive(Debug, Clone, Copy)]
pub struct Range<'a> {
    /// The newer end.
    pub upper: End<'a>,
    /// The older end.
    pub lower: End<'a>,
    /// Whether the lower end belongs to the range.
    pub inclusive: bool,
    /// Whether branches and dependencies that do not come from the lower end belong to it.
    pub implicit_base: bool,
    /// Whether so many steps as a relative identifier counts must exist.
    pub exact_steps: bool,
}

impl Graph {
    /// What `upgrade destination` applies, in this order, when the version table holds `rows`.
    ///
    /// # Errors
    /// As Alembic's; [`crate::alembic::output::CommandError::of_upgrade`] words them as its command line does.
    pub fn upgrade(
        &self,
        destination: &str,
        rows: &[String],
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<NodeId>, GraphError> {
        let range = Range {
            upper: End::One(destination),
            lower: End::Several(rows),
            inclusive: false,
            implicit_base: true,
            exact_steps: true,
        };
        let mut revisions = self.upper_range(&range, warnings)?;
        revisions.reverse();
        Ok(revisions)
    }

    /// What `downgrade destination` takes back, in this order, when the version table holds `rows`.
    ///
    /// # Errors
    /// As Alembic's; [`crate::alembic::output::CommandError::of_downgrade`] words them as its command line does.
    pub fn downgrade(
        &self,
        destination: &str,
        rows: &[String],
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<NodeId>, GraphError> {
        let range = Range {
            upper: End::Several(rows),
            lower: End::One(destination),
            inclusive: false,
            implicit_base: false,
            exact_steps: true,
        };
        self.lower_range(&range, warnings)
    }

    /// What `history` lists, the newest first: Alembic's `walk_revisions`.
    ///
    /// # Errors
    /// As Alembic's; [`crate::alembic::output::CommandError::of_range`] words them as its command line does.
    pub fn history(
        &self,
        lower: End<'_>,
        upper: End<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<NodeId>, GraphError> {
        let range = Range { upper, lower, inclusive: true, implicit_base: false, exact_steps: false };
        self.upper_range(&range, warnings)
    }

    /// What `current` lists when the version table holds `rows`: its revisions, and the tips of branches that they imply.
    ///
    /// # Errors
    /// A row leads to no revision.
    pub fn current(&self, rows: &[String]) -> Result<Vec<NodeId>, GraphError> {
        Ok(self.branch_tips(&self.find_revisions(rows)?))
    }

    /// A range whose upper end is asked for: what leads there and is not below the lower end. The newest first.
    ///
    /// # Errors
    /// As Alembic's `iterate_revisions`.
    pub fn upper_range(
        &self,
        range: &Range<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<NodeId>, GraphError> {
        let (set, heads) = self.collect_upgrade(range, warnings)?;
        self.newest_first(&set, &heads)
    }

    /// A range whose lower end is asked for: what is above it and not above the upper end. The newest first.
    ///
    /// # Errors
    /// As Alembic's `iterate_revisions` with `select_for_downgrade`.
    pub fn lower_range(
        &self,
        range: &Range<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<NodeId>, GraphError> {
        let (set, heads) = self.collect_downgrade(range, warnings)?;
        self.newest_first(&set, &heads)
    }
}

#[cfg(test)]
mod tests;
