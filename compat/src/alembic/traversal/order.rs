//! Putting a set of revisions in order.

use crate::alembic::graph::{Crash, Graph, GraphError, NodeId, NodeSet};

impl Graph {
    /// The newest first: along one branch for as long as no other needs what comes next there, then along the other.
    /// Alembic's `_topological_sort`.
    pub(super) fn newest_first(&self, set: &NodeSet, heads: &[NodeId]) -> Result<Vec<NodeId>, GraphError> {
        let position: Vec<NodeId> = self.revisions().collect();
        let place = |node: &NodeId| position.iter().position(|other| other == node);
        let mut todo = NodeSet::of(self, set.iter().map(|node| self.canonical(node)));
        let wanted = NodeSet::of(
            self,
            heads.iter().map(|node| self.canonical(*node)).filter(|node| todo.contains(*node)),
        );
        let mut current: Vec<NodeId> = wanted.iter().collect();
        current.sort_by_key(place);
        let mut below: Vec<NodeSet> = current.iter().map(|head| self.ancestors(&[*head], true)).collect();

        let mut order = Vec::new();
        let mut at = 0;
        while let Some(&candidate) = current.get(at) {
            // Another branch may need it: then that one comes first.
            let needed_by =
                below.iter().enumerate().find(|(other, set)| *other != at && set.contains(candidate));
            if let Some((other, _)) = needed_by {
                at = other;
                continue;
            }
            if todo.remove(candidate) {
                order.push(candidate);
            }
            let node = self.node(candidate);
            let parents: Vec<NodeId> = node
                .normalized_down()
                .into_iter()
                .filter(|parent| todo.contains(*parent) && !current.contains(parent))
                .collect();
            let Some((first, others)) = parents.split_first() else {
                current.remove(at);
                below.remove(at);
                at = at.saturating_sub(1);
                continue;
            };
            current[at] = *first;
            if node.normalized_dependencies().is_empty() && node.down().len() == 1 {
                below[at].remove(candidate);
            } else {
                below[at] = self.ancestors(&[*first], true);
                current.extend(others);
                below.extend(others.iter().map(|head| self.ancestors(&[*head], true)));
            }
        }
        if todo.is_empty() {
            return Ok(order);
        }
        let left = self.ids(&todo.iter().collect::<Vec<_>>());
        Err(Crash::new(format!("no head leads to {}", left.join(", "))).into())
    }
}
