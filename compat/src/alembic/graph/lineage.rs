//! Which revisions stand on one line of descent with others.

use super::{Graph, NodeId, NodeSet};

impl Graph {
    /// Whether one of `others` is the revision, an ancestor of it or a descendant of it. True for no others at all.
    pub(in crate::alembic) fn shares_lineage(
        &self,
        node: NodeId,
        others: &[NodeId],
        with_dependencies: bool,
    ) -> bool {
        others.is_empty()
            || [self.descendants(&[node], with_dependencies), self.ancestors(&[node], with_dependencies)]
                .iter()
                .any(|related| others.iter().any(|other| related.contains(*other)))
    }

    /// What is in the database when the version table names `nodes`: they and their ancestors, less every revision that
    /// another of these has for its down revision. Dependencies are implied, so a tip of theirs stays.
    pub fn branch_tips(&self, nodes: &[NodeId]) -> Vec<NodeId> {
        let mut all = NodeSet::of(self, nodes.iter().copied());
        all.extend(self.ancestors(nodes, true).iter());
        all.iter().filter(|node| !self.node(*node).next.iter().any(|next| all.contains(*next))).collect()
    }
}
