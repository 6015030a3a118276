//! The table `alembic_version`: one row for each revision that is applied and not implied by another, and how a step
//! changes them.
//!
//! After `HeadMaintainer`, `RevisionStep` and `StampStep` of `alembic/runtime/migration.py`.

mod reserved;
mod sql;

pub use sql::VersionTable;

use super::graph::{Crash, Graph, GraphError, NodeId};
use super::identifier::Place;

/// A change of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new row.
    Insert(String),
    /// A row less. Exactly one must go.
    Delete(String),
    /// One revision for another. Exactly one row must change.
    Update {
        /// The revision before.
        from: String,
        /// The revision after.
        to: String,
    },
}

/// What changes the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionStep {
    /// A revision was applied.
    Upgrade(NodeId),
    /// A revision was taken back.
    Downgrade(NodeId),
    /// The rows are to say something else.
    Stamp(Stamp),
}

/// A step of `stamp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The rows before.
    pub from: Vec<String>,
    /// The rows instead; none to delete the one row of `from`.
    pub to: Vec<String>,
    /// Whether `to` is above `from`.
    pub is_upgrade: bool,
    /// Whether a row is added or deleted, and not replaced.
    pub branch_move: bool,
}

/// The rows of the table, while steps change them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(Vec<String>);

impl Rows {
    /// The rows as read; a repetition counts once.
    pub fn new(rows: &[String]) -> Rows {
        let mut set = Rows::default();
        for row in rows {
            if !set.contains(row) {
                set.0.push(row.clone());
            }
        }
        set
    }

    /// The revisions.
    pub fn ids(&self) -> &[String] {
        &self.0
    }

    fn contains(&self, id: &str) -> bool {
        self.0.iter().any(|row| row == id)
    }

    /// Goes a step further and returns what that changes, in order.
    ///
    /// # Errors
    /// The rows do not fit the step.
    pub fn advance(&mut self, graph: &Graph, step: &VersionStep) -> Result<Vec<Change>, GraphError> {
        let changes = match step {
            VersionStep::Upgrade(node) => self.after_upgrade(graph, *node)?,
            VersionStep::Downgrade(node) => self.after_downgrade(graph, *node)?,
            VersionStep::Stamp(stamp) => self.after_stamp(stamp)?,
        };
        for change in &changes {
            self.apply(change)?;
        }
        Ok(changes)
    }

    fn after_upgrade(&self, graph: &Graph, node: NodeId) -> Result<Vec<Change>, GraphError> {
        let parents = graph.ids(&graph.node(node).normalized_down());
        let id = graph.id(node).to_owned();
        let present = parents.iter().filter(|parent| self.contains(parent)).count();
        match (parents.as_slice(), present) {
            (_, 0) => Ok(vec![Change::Insert(id)]),
            ([only], _) => Ok(vec![Change::Update { from: only.clone(), to: id }]),
            (_, 1) => {
                let from = parents.into_iter().find(|parent| self.contains(parent)).unwrap_or_default();
                Ok(vec![Change::Update { from, to: id }])
            }
            _ => self.merge(graph, &parents, id),
        }
    }

    /// Those of the parents that no other row implies become one row.
    fn merge(&self, graph: &Graph, parents: &[String], id: String) -> Result<Vec<Change>, GraphError> {
        let others: Vec<String> = self.0.iter().filter(|row| !parents.contains(row)).cloned().collect();
        let left = not_implied(graph, parents, &others)?;
        let Some((last, first)) = left.split_last() else {
            return Err(Crash::new(format!("everything before {id} is implied by another revision")).into());
        };
        let mut changes: Vec<Change> = first.iter().cloned().map(Change::Delete).collect();
        changes.push(Change::Update { from: last.clone(), to: id });
        Ok(changes)
    }

    fn after_downgrade(&self, graph: &Graph, node: NodeId) -> Result<Vec<Change>, GraphError> {
        let parents = graph.ids(&graph.node(node).normalized_down());
        let id = graph.id(node).to_owned();
        if self.contains(&id) {
            if parents.is_empty() {
                return Ok(vec![Change::Delete(id)]);
            }
            let remaining = self.unmerge_to(graph, &parents, &id)?;
            let Some((last, first)) = remaining.split_last() else { return Ok(vec![Change::Delete(id)]) };
            if parents.len() > 1 {
                let mut changes: Vec<Change> = first.iter().cloned().map(Change::Insert).collect();
                changes.push(Change::Update { from: id, to: last.clone() });
                return Ok(changes);
            }
        }
        match parents.as_slice() {
            [only] => Ok(vec![Change::Update { from: id, to: only.clone() }]),
            _ => {
                let present: Vec<&String> = parents.iter().filter(|parent| self.contains(parent)).collect();
                match present.as_slice() {
                    [only] => Ok(vec![Change::Update { from: id, to: (*only).clone() }]),
                    _ => Err(Crash::new(format!("the version table has no row for revision {id}")).into()),
                }
            }
        }
    }

    /// Which parents have no row and are implied by none once a revision is gone.
    fn unmerge_to(&self, graph: &Graph, parents: &[String], id: &str) -> Result<Vec<String>, GraphError> {
        let others: Vec<String> = self.0.iter().filter(|row| *row != id).cloned().collect();
        if !others.is_empty() {
            return not_implied(graph, parents, &others);
        }
        let mut implied = Vec::new();
        for parent in parents {
            let nodes = graph.find_revisions([parent])?;
            let below = graph.ids(&graph.ancestors(&nodes, true).iter().collect::<Vec<_>>());
            implied.extend(below.into_iter().filter(|other| other != parent));
        }
        Ok(parents.iter().filter(|parent| !implied.contains(parent)).cloned().collect())
    }

    fn after_stamp(&self, stamp: &Stamp) -> Result<Vec<Change>, GraphError> {
        let Stamp { from, to, is_upgrade, branch_move } = stamp;
        let missing = |ids: &[String]| ids.iter().any(|id| !self.contains(id));
        let one = |ids: &[String]| match ids {
            [only] => Ok(only.clone()),
            _ => Err(GraphError::from(Crash::new("a stamp that moves one row names several"))),
        };
        if !is_upgrade && *branch_move {
            return Ok(vec![Change::Delete(one(from)?)]);
        }
        if *is_upgrade && (*branch_move || missing(from)) && missing(to) {
            return Ok(vec![Change::Insert(one(to)?)]);
        }
        match (from.split_last(), to.split_last()) {
            (Some((last, first)), Some((to, _))) if !first.is_empty() => {
                let mut changes: Vec<Change> = first.iter().cloned().map(Change::Delete).collect();
                changes.push(Change::Update { from: last.clone(), to: to.clone() });
                Ok(changes)
            }
            _ => Ok(vec![Change::Update { from: one(from)?, to: one(to)? }]),
        }
    }

    fn apply(&mut self, change: &Change) -> Result<(), GraphError> {
        match change {
            Change::Insert(id) => self.add(id),
            Change::Delete(id) => self.remove(id),
            Change::Update { from, to } => {
                if self.contains(to) {
                    return Err(twice(to));
                }
                self.remove(from)?;
                self.add(to)
            }
        }
    }

    fn add(&mut self, id: &str) -> Result<(), GraphError> {
        if self.contains(id) {
            return Err(twice(id));
        }
        self.0.push(id.to_owned());
        Ok(())
    }

    fn remove(&mut self, id: &str) -> Result<(), GraphError> {
        let at = self.0.iter().position(|row| row == id);
        let at = at.ok_or_else(|| Crash::new(format!("the version table has no row for revision {id}")))?;
        self.0.remove(at);
        Ok(())
    }
}

fn twice(id: &str) -> GraphError {
    Crash::new(format!("the version table has a row for revision {id} already")).into()
}

/// Those of `ids` that are neither among `others` nor below them.
fn not_implied(graph: &Graph, ids: &[String], others: &[String]) -> Result<Vec<String>, GraphError> {
    if others.is_empty() {
        return Ok(ids.to_vec());
    }
    let nodes = graph.find_revisions(others)?;
    let implied = graph.ids(&graph.ancestors(&nodes, true).iter().collect::<Vec<_>>());
    Ok(ids.iter().filter(|id| !implied.contains(id)).cloned().collect())
}

impl Graph {
    /// The steps of `stamp`, when the version table holds `rows`. No destination means the base.
    ///
    /// # Errors
    /// As Alembic's; [`crate::alembic::output::CommandError::of_stamp`] words them as its command line does.
    pub fn stamp(&self, destinations: &[String], rows: &[String]) -> Result<Vec<Stamp>, GraphError> {
        let base = ["base".to_owned()];
        let destinations = if destinations.is_empty() { &base } else { destinations };
        let heads = self.find_revisions(rows)?;
        let mut affected: Vec<NodeId> = Vec::new();
        for destination in destinations.iter().filter(|destination| !destination.is_empty()) {
            for head in self.on_lineage(&heads, destination, true)? {
                if !affected.contains(&head) {
                    affected.push(head);
                }
            }
        }
        let mut places = self.find_each(destinations)?;
        if places.is_empty() {
            places.push(Place::Nowhere);
        }
        let mut steps = Vec::new();
        for place in places {
            if place == Place::Nowhere {
                steps.extend(affected.iter().map(|head| Stamp {
                    from: vec![self.id(*head).to_owned()],
                    to: Vec::new(),
                    is_upgrade: false,
                    branch_move: true,
                }));
                continue;
            }
            let destination = place.revision()?;
            if affected.contains(&destination) {
                continue;
            }
            let above = self.descendants(&[destination], true);
            let below = self.ancestors(&[destination], true);
            let to = vec![self.id(destination).to_owned()];
            let some_above = affected.iter().any(|head| above.contains(*head));
            let some_below = affected.iter().any(|head| below.contains(*head));
            steps.push(match (some_above, some_below) {
                (true, true) => {
                    return Err(Crash::new(format!(
                        "the version table has revisions above and below {}",
                        self.id(destination)
                    ))
                    .into());
                }
                (false, false) => Stamp { from: Vec::new(), to, is_upgrade: true, branch_move: true },
                (_, is_upgrade) => Stamp { from: self.ids(&affected), to, is_upgrade, branch_move: false },
            });
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests;
