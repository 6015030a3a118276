//! Refusing graphs that go round in circles.

use super::build::Ends;
use super::{Crash, CycleKind, Graph, GraphError, Node, NodeId};

/// Where to go on from a revision.
type Relatives = fn(&Node) -> Vec<NodeId>;

impl Graph {
    /// Every revision must lie between a base and a head: first by down revisions alone, then with dependencies.
    pub(super) fn check_cycles(&self, ends: &Ends) -> Result<(), GraphError> {
        if self.is_empty() {
            return Ok(());
        }
        self.check_between(
            CycleKind::Cycle,
            (&ends.heads, |node| node.down.clone()),
            (&ends.bases, |node| node.next.clone()),
        )?;
        self.check_between(
            CycleKind::DependencyCycle,
            (&ends.real_heads, Node::all_down),
            (&ends.real_bases, |node| node.all_next.clone()),
        )
    }

    fn check_between(
        &self,
        kind: CycleKind,
        (heads, down): (&[NodeId], Relatives),
        (bases, up): (&[NodeId], Relatives),
    ) -> Result<(), GraphError> {
        if heads.is_empty() || bases.is_empty() {
            let revisions = self.revisions().map(|node| self.id(node).to_owned()).collect();
            return Err(GraphError::Cycle { kind, revisions });
        }
        let (below, above) = (self.related(heads, down), self.related(bases, up));
        // By id, not by node: one of two revisions with the same id is enough.
        let has = |set: &super::NodeSet, id: &str| set.iter().any(|node| self.id(node) == id);
        let mut outside: Vec<String> = self
            .revisions()
            .filter(|node| {
                let found = |set: &super::NodeSet| set.contains(*node) || has(set, self.id(*node));
                !found(&below) || !found(&above)
            })
            .map(|node| self.id(node).to_owned())
            .collect();
        outside.sort();
        if outside.is_empty() { Ok(()) } else { Err(GraphError::Cycle { kind, revisions: outside }) }
    }

    /// Alembic does not see a circle that a branch above and one below lead past, and never ends its next upgrade.
    pub(super) fn check_other_cycles(&self) -> Result<(), GraphError> {
        let mut missing = vec![0_usize; self.nodes.len()];
        let mut followers: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        for node in self.revisions() {
            for parent in self.node(node).all_down() {
                missing[node.0] += 1;
                followers[parent.0].push(node);
            }
        }
        let mut ready: Vec<NodeId> = self.revisions().filter(|node| missing[node.0] == 0).collect();
        while let Some(done) = ready.pop() {
            for follower in &followers[done.0] {
                missing[follower.0] -= 1;
                if missing[follower.0] == 0 {
                    ready.push(*follower);
                }
            }
        }
        let left: Vec<&str> =
            self.revisions().filter(|node| missing[node.0] > 0).map(|node| self.id(node)).collect();
        if left.is_empty() {
            return Ok(());
        }
        let message = format!("revisions need each other in a circle; it is among {}", left.join(", "));
        Err(Crash::new(message).into())
    }
}
