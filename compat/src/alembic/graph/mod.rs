//! The graph of revisions: which come before which, where the branches are, and what their labels mean.
//!
//! Behaves as Alembic 1.20.1's `RevisionMap` does (`alembic/script/revision.py`), its error texts included. Where
//! Alembic's order is that of a Python set, which differs from process to process, ours is the order in which things
//! were declared or found.

mod branches;
mod build;
mod cycles;
mod error;
mod lineage;
mod node;
mod walk;

pub use build::{Built, Warning};
pub use error::{Crash, CycleKind, GraphError};
pub use node::{Node, NodeId};
pub(super) use walk::NodeSet;

use std::collections::HashMap;

/// All revisions of a project, linked.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// In the order of loading. A revision whose id a later one repeats stays here, as it does in Alembic's lists of
    /// heads and bases, but no id leads to it.
    nodes: Vec<Node>,
    /// Ids in the order of loading, then branch labels.
    keys: Vec<(String, NodeId)>,
    index: HashMap<String, NodeId>,
    heads: Vec<NodeId>,
    real_heads: Vec<NodeId>,
    bases: Vec<NodeId>,
}

impl Graph {
    /// A revision.
    ///
    /// # Panics
    /// Not for ids that this graph gave out.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The revision with exactly this id, or with this branch label.
    pub fn get(&self, key: &str) -> Option<NodeId> {
        self.index.get(key).copied()
    }

    /// The id of a revision, as its file writes it.
    pub fn id(&self, id: NodeId) -> &str {
        &self.node(id).revision.id
    }

    /// The ids of several revisions.
    pub fn ids<'a>(&'a self, nodes: impl IntoIterator<Item = &'a NodeId>) -> Vec<String> {
        nodes.into_iter().map(|node| self.id(*node).to_owned()).collect()
    }

    /// Every revision that an id leads to, in the order of loading.
    pub fn revisions(&self) -> impl Iterator<Item = NodeId> {
        self.keys.iter().filter(|(key, node)| self.id(*node) == key).map(|(_, node)| *node)
    }

    /// How many revisions there are.
    pub fn len(&self) -> usize {
        self.revisions().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The revisions that no other names as its down revision.
    pub fn heads(&self) -> &[NodeId] {
        &self.heads
    }

    /// The heads on which no other revision depends either: what the version table holds after `upgrade heads`.
    pub fn real_heads(&self) -> &[NodeId] {
        &self.real_heads
    }

    /// The revisions without a down revision.
    pub fn bases(&self) -> &[NodeId] {
        &self.bases
    }

    /// Ids and labels, each with its revision, in the order in which Alembic looks through them.
    pub(super) fn keys(&self) -> &[(String, NodeId)] {
        &self.keys
    }

    /// The revision that the node's id leads to: the node itself unless its id is repeated.
    pub(super) fn canonical(&self, id: NodeId) -> NodeId {
        self.get(self.id(id)).unwrap_or(id)
    }

    pub(super) fn node_count(&self) -> usize {
        self.nodes.len()
    }
}

#[cfg(test)]
mod tests;
