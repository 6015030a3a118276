//! Which revisions lie between two ends.

use super::target::DowngradeTarget;
use super::{End, Range};
use crate::alembic::graph::{Crash, Graph, GraphError, NodeId, NodeSet, Warning};
use crate::alembic::identifier::Place;

impl Graph {
    /// What has to be applied for the upper end, and the revisions that it names.
    pub(super) fn collect_upgrade(
        &self,
        range: &Range<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(NodeSet, Vec<NodeId>), GraphError> {
        let targets = self.upgrade_targets(range.upper, range.lower, range.exact_steps)?;
        let mut targets: Vec<NodeId> =
            targets.into_iter().map(Place::revision).collect::<Result<_, GraphError>>()?;
        if let End::One(lower) = range.lower
            && let Some((branch, _)) = lower.split_once('@')
        {
            let label = self.branch_label(branch)?;
            targets.retain(|target| self.node(*target).labels().contains(&label));
        }
        let mut needed = self.ancestors_apart(&targets)?;
        needed.extend(targets.iter().copied());

        let mut current = range.lower.find(self)?;
        let is_outside = |place: &Place| match place {
            Place::Nowhere => false,
            Place::Base => true,
            Place::At(node) => !needed.contains(*node),
        };
        if !range.implicit_base && current.iter().any(is_outside) {
            return Err(GraphError::RangeNotAncestor {
                lower: range.lower.to_string(),
                upper: range.upper.to_string(),
            });
        }
        let mut lower = current.clone();
        if current.first() == Some(&Place::Nowhere) {
            // Relative to the upper end.
            let target = self.downgrade_target(range.lower, range.upper, range.exact_steps, warnings)?;
            current = match target.place {
                Place::Base => Vec::new(),
                place => vec![Place::At(place.revision()?)],
            };
            lower.clone_from(&current);
        }
        let current: Vec<NodeId> =
            current.into_iter().map(Place::revision).collect::<Result<_, GraphError>>()?;
        let applied = self.ancestors_apart(&current)?;
        needed.retain(|node| !applied.contains(node));
        if range.inclusive {
            for place in lower {
                needed.insert(place.revision()?);
            }
        }
        if !current.is_empty() && !range.implicit_base {
            let above = self.descendants_apart(&current)?;
            needed.retain(|node| above.contains(node));
        }
        Ok((needed, targets))
    }

    /// The label of a branch that is named by its label, or by a revision that is on one branch only.
    fn branch_label(&self, branch: &str) -> Result<String, GraphError> {
        let Some(node) = self.find(branch)?.filter(|node| self.id(*node) == branch) else {
            return Ok(branch.to_owned());
        };
        match self.node(node).labels() {
            [only] => Ok(only.clone()),
            labels => Err(Crash::new(format!(
                "revision '{branch}' does not stand for one branch: it is on {}",
                if labels.is_empty() { "none that has a label".to_owned() } else { labels.join(", ") }
            ))
            .into()),
        }
    }

    /// What has to be taken back for the lower end, and the revisions that the upper end names.
    pub(super) fn collect_downgrade(
        &self,
        range: &Range<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(NodeSet, Vec<NodeId>), GraphError> {
        let DowngradeTarget { branch, place } =
            self.downgrade_target(range.lower, range.upper, range.exact_steps, warnings)?;
        let target = match place {
            Place::Base => None,
            place => Some(place.revision()?),
        };
        let roots = self.downgrade_roots(target, branch.as_deref(), range.inclusive)?;
        let heads = range.upper.find(self)?;
        let heads: Vec<NodeId> = heads.into_iter().map(Place::revision).collect::<Result<_, GraphError>>()?;
        let active = self.ancestors(&heads, true);
        let mut dropped = self.descendants(&roots, true);
        dropped.retain(|node| active.contains(node));
        if range.implicit_base {
            let below = self.ancestors(&roots, true);
            dropped.extend(active.iter().filter(|node| !below.contains(*node)));
        }
        if let Some(target) = target
            && dropped.is_empty()
            && !heads.contains(&target)
        {
            return Err(GraphError::RangeNotAncestor {
                lower: "Nothing to drop".to_owned(),
                upper: range.upper.to_string(),
            });
        }
        Ok((dropped, heads))
    }

    /// The lowest revisions to take back.
    fn downgrade_roots(
        &self,
        target: Option<NodeId>,
        branch: Option<&str>,
        inclusive: bool,
    ) -> Result<Vec<NodeId>, GraphError> {
        let roots: Vec<NodeId> = match target {
            // A base with a label counts twice, as in Alembic.
            None => {
                self.keys().iter().map(|(_, node)| *node).filter(|node| self.node(*node).is_base()).collect()
            }
            Some(target) if inclusive => vec![target],
            Some(target) => self.node(target).next().to_vec(),
        };
        let Some(branch) = branch.filter(|_| roots.len() > 1) else { return Ok(roots) };
        let below = self.ancestors(&[self.branch(branch)?], false);
        let on_branch: Vec<NodeId> = roots.into_iter().filter(|root| below.contains(*root)).collect();
        if on_branch.is_empty() {
            return Err(GraphError::Other("Not a valid downgrade target from current heads".to_owned()));
        }
        Ok(on_branch)
    }
}
