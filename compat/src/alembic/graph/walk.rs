//! Ancestors and descendants.

use super::{Graph, GraphError, Node, NodeId};

/// A set of revisions that remembers the order in which they came.
#[derive(Debug, Clone)]
pub struct NodeSet {
    present: Vec<bool>,
    /// Those that were taken away are still here.
    order: Vec<NodeId>,
    count: usize,
}

impl NodeSet {
    pub(in crate::alembic) fn new(graph: &Graph) -> NodeSet {
        NodeSet { present: vec![false; graph.node_count()], order: Vec::new(), count: 0 }
    }

    pub(in crate::alembic) fn of(graph: &Graph, nodes: impl IntoIterator<Item = NodeId>) -> NodeSet {
        let mut set = NodeSet::new(graph);
        set.extend(nodes);
        set
    }

    pub(in crate::alembic) fn contains(&self, node: NodeId) -> bool {
        self.present[node.0]
    }

    /// Adds a revision; false if it was there. One that was taken away must not come again.
    pub(in crate::alembic) fn insert(&mut self, node: NodeId) -> bool {
        let is_new = !self.present[node.0];
        if is_new {
            self.present[node.0] = true;
            self.order.push(node);
            self.count += 1;
        }
        is_new
    }

    /// Takes a revision away; false if it was not there.
    pub(in crate::alembic) fn remove(&mut self, node: NodeId) -> bool {
        let was_there = std::mem::take(&mut self.present[node.0]);
        self.count -= usize::from(was_there);
        was_there
    }

    pub(in crate::alembic) fn extend(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        for node in nodes {
            self.insert(node);
        }
    }

    pub(in crate::alembic) fn iter(&self) -> impl Iterator<Item = NodeId> {
        self.order.iter().copied().filter(|node| self.contains(*node))
    }

    pub(in crate::alembic) fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        for node in self.iter().filter(|node| !keep(*node)).collect::<Vec<_>>() {
            self.remove(node);
        }
    }

    pub(in crate::alembic) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Graph {
    /// The revisions and everything below them; `with_dependencies` counts those as parents.
    pub(in crate::alembic) fn ancestors(&self, of: &[NodeId], with_dependencies: bool) -> NodeSet {
        if with_dependencies {
            self.related(of, Node::normalized_down)
        } else {
            self.related(of, |node| node.down.clone())
        }
    }

    /// The revisions and everything above them.
    pub(in crate::alembic) fn descendants(&self, of: &[NodeId], with_dependencies: bool) -> NodeSet {
        if with_dependencies {
            self.related(of, |node| node.all_next.clone())
        } else {
            self.related(of, |node| node.next.clone())
        }
    }

    /// [`Graph::ancestors`] with dependencies; an error when one of the revisions is among another's.
    pub(in crate::alembic) fn ancestors_apart(&self, of: &[NodeId]) -> Result<NodeSet, GraphError> {
        self.related_apart(of, Node::normalized_down)
    }

    /// [`Graph::descendants`] without dependencies; an error when one of the revisions is among another's.
    pub(in crate::alembic) fn descendants_apart(&self, of: &[NodeId]) -> Result<NodeSet, GraphError> {
        self.related_apart(of, |node| node.next.clone())
    }

    pub(super) fn related(&self, of: &[NodeId], step: impl Fn(&Node) -> Vec<NodeId>) -> NodeSet {
        let mut seen = NodeSet::new(self);
        for target in of {
            self.visit(*target, &step, &mut seen);
        }
        seen
    }

    fn related_apart(
        &self,
        of: &[NodeId],
        step: impl Fn(&Node) -> Vec<NodeId>,
    ) -> Result<NodeSet, GraphError> {
        let mut seen = NodeSet::new(self);
        for target in of {
            let visited = self.visit(*target, &step, &mut seen);
            let overlaps: Vec<String> = visited
                .iter()
                .filter(|node| of.contains(node) && node != target)
                .map(|node| self.id(node).to_owned())
                .collect();
            if !overlaps.is_empty() {
                return Err(GraphError::Other(format!(
                    "Requested revision {} overlaps with other requested revisions {}",
                    self.id(*target),
                    overlaps.join(", ")
                )));
            }
        }
        Ok(seen)
    }

    /// Depth first, the last of a revision's relatives first. Returns what it came to, seen before or not.
    fn visit(&self, target: NodeId, step: impl Fn(&Node) -> Vec<NodeId>, seen: &mut NodeSet) -> NodeSet {
        let mut visited = NodeSet::new(self);
        let mut todo = vec![target];
        while let Some(node) = todo.pop() {
            visited.insert(node);
            if seen.insert(node) {
                todo.extend(step(self.node(node)));
            }
        }
        visited
    }
}
