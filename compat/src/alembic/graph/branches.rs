//! How far a branch label reaches.

use super::{Graph, NodeId};

impl Graph {
    /// A label belongs to all descendants, and to the ancestors down to the next point where branches part or meet.
    pub(super) fn spread_labels(&mut self) {
        let labelled: Vec<NodeId> =
            (0..self.nodes.len()).map(NodeId).filter(|node| !self.node(*node).labels.is_empty()).collect();
        for node in labelled {
            let labels = self.node(node).labels.clone();
            let mut last = node;
            for descendant in self.descendants(&[node], false).iter().collect::<Vec<_>>() {
                self.add_labels(descendant, &labels);
                last = descendant;
            }
            // Where the descendants branch, this stops at once.
            let mut parent = Some(last);
            while let Some(current) = parent
                && !self.node(current).is_real_branch_point()
                && !self.node(current).is_merge_point()
            {
                self.add_labels(current, &labels);
                parent = self.node(current).down.first().copied();
            }
        }
    }

    fn add_labels(&mut self, node: NodeId, labels: &[String]) {
        let own = &mut self.nodes[node.0].labels;
        for label in labels {
            if !own.contains(label) {
                own.push(label.clone());
            }
        }
    }
}
