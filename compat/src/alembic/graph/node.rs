//! One revision in the graph.

use crate::alembic::revision::Revision;

/// A revision of one [`super::Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) usize);

/// A revision with what others say about it.
#[derive(Debug, Clone)]
pub struct Node {
    /// The file.
    pub revision: Revision,
    /// `down_revision`, repetitions kept.
    pub(super) down: Vec<NodeId>,
    /// `depends_on` with its labels resolved.
    pub(super) dependencies: Vec<NodeId>,
    /// The dependencies that no ancestor has already.
    pub(super) normalized_dependencies: Vec<NodeId>,
    /// Revisions that name this one as their down revision.
    pub(super) next: Vec<NodeId>,
    /// The same and those that depend on it.
    pub(super) all_next: Vec<NodeId>,
    /// Its own branch labels and those that spread to it.
    pub(super) labels: Vec<String>,
}

impl Node {
    /// `down_revision`.
    pub fn down(&self) -> &[NodeId] {
        &self.down
    }

    /// Down revisions and dependencies, each once.
    pub fn all_down(&self) -> Vec<NodeId> {
        unique(self.down.iter().chain(&self.dependencies))
    }

    /// Down revisions and those dependencies that no ancestor has already, each once: the parents as far as the version
    /// table goes.
    pub fn normalized_down(&self) -> Vec<NodeId> {
        unique(self.down.iter().chain(&self.normalized_dependencies))
    }

    /// The dependencies that no ancestor has already.
    pub fn normalized_dependencies(&self) -> &[NodeId] {
        &self.normalized_dependencies
    }

    /// Revisions that name this one as their down revision.
    pub fn next(&self) -> &[NodeId] {
        &self.next
    }

    /// The same and those that depend on it.
    pub fn all_next(&self) -> &[NodeId] {
        &self.all_next
    }

    /// Its own branch labels and those that spread to it.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether no revision names it as its down revision.
    pub fn is_head(&self) -> bool {
        self.next.is_empty()
    }

    /// Whether none depends on it either.
    pub fn is_real_head(&self) -> bool {
        self.all_next.is_empty()
    }

    /// Whether it has no down revision.
    pub fn is_base(&self) -> bool {
        self.revision.down_revisions.is_empty()
    }

    /// Whether it has neither a down revision nor dependencies.
    pub(super) fn is_real_base(&self) -> bool {
        self.is_base() && self.revision.depends_on.is_empty()
    }

    /// Whether several revisions follow it.
    pub fn is_branch_point(&self) -> bool {
        self.next.len() > 1
    }

    /// Whether several revisions follow it or depend on it.
    pub(super) fn is_real_branch_point(&self) -> bool {
        self.all_next.len() > 1
    }

    /// Whether it has several down revisions.
    pub fn is_merge_point(&self) -> bool {
        self.revision.down_revisions.len() > 1
    }
}

fn unique<'a>(nodes: impl Iterator<Item = &'a NodeId>) -> Vec<NodeId> {
    let mut seen = Vec::new();
    for node in nodes {
        if !seen.contains(node) {
            seen.push(*node);
        }
    }
    seen
}
