//! Where an upgrade or a downgrade is to lead.

use super::End;
use crate::alembic::graph::{Crash, Graph, GraphError, NodeId, Warning};
use crate::alembic::identifier::{Place, Relative};

/// Where a downgrade is to lead: a revision or the base, and the branch to stay on.
pub(super) struct DowngradeTarget {
    pub(super) branch: Option<String>,
    pub(super) place: Place,
}

impl Graph {
    pub(super) fn upgrade_targets(
        &self,
        target: End<'_>,
        current: End<'_>,
        exact_steps: bool,
    ) -> Result<Vec<Place>, GraphError> {
        let relative = match target {
            End::One(identifier) => Relative::parse(identifier),
            End::Base | End::Several(_) => None,
        };
        let Some(relative) = relative else { return target.find(self) };
        let branch = relative.branch.as_deref();
        let place = match &relative.symbol {
            None if relative.steps <= 0 => return Err(too_few(&relative.number(), &relative)),
            None => {
                let start = self.upgrade_start(&current.identifiers(), branch)?;
                match self.walk(start, relative.steps, branch, exact_steps)? {
                    Place::Nowhere => return Err(too_few(&relative.text, &relative)),
                    place => place,
                }
            }
            Some(symbol) if relative.steps > 0 => {
                self.walk(self.find(symbol)?.into(), relative.steps, branch, exact_steps)?
            }
            Some(symbol) => {
                let start = self.find(&on_branch(branch, symbol))?;
                self.walk(start.into(), relative.steps, None, exact_steps)?
            }
        };
        Ok(vec![place])
    }

    /// The one current revision from which an upgrade counts its steps.
    fn upgrade_start(&self, current: &[String], branch: Option<&str>) -> Result<Place, GraphError> {
        let ambiguous = || GraphError::Other("Ambiguous upgrade from multiple current revisions".to_owned());
        let Some(branch) = branch else {
            return match current {
                [] => Ok(Place::Nowhere),
                [only] => Ok(self.find(only)?.into()),
                _ => Err(ambiguous()),
            };
        };
        let places = self.find_each(current)?;
        let mut starts = self.places_on_lineage(&places, branch)?;
        if starts.is_empty() {
            // The branch is not at a head: it may begin below one, or at the base.
            let active: Vec<NodeId> =
                places.into_iter().map(Place::revision).collect::<Result<_, GraphError>>()?;
            let below: Vec<NodeId> = self.ancestors(&active, true).iter().collect();
            let on_branch = self.on_lineage(&below, branch, false)?;
            let parents: Vec<NodeId> =
                on_branch.iter().flat_map(|node| self.node(*node).normalized_down()).collect();
            starts = on_branch.into_iter().filter(|node| !parents.contains(node)).collect();
        }
        match starts.as_slice() {
            [] => Ok(Place::Nowhere),
            [only] => Ok(Place::At(*only)),
            _ => Err(ambiguous()),
        }
    }

    pub(super) fn downgrade_target(
        &self,
        target: End<'_>,
        current: End<'_>,
        exact_steps: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<DowngradeTarget, GraphError> {
        let target = match target {
            End::Base => return Ok(DowngradeTarget { branch: None, place: Place::Base }),
            End::One(target) => target,
            End::Several(_) => {
                return Err(Crash::new("a downgrade leads to one revision, not to several").into());
            }
        };
        let Some(relative) = Relative::parse(target) else {
            let (branch, symbol) = target.rsplit_once('@').unwrap_or(("", target));
            return Ok(DowngradeTarget {
                branch: Some(branch).filter(|branch| !branch.is_empty()).map(str::to_owned),
                place: self.find(symbol)?.map_or(Place::Base, Place::At),
            });
        };
        let walked_too_far = || GraphError::Other("Walked too far".to_owned());
        let mut branch = relative.branch.clone();
        if relative.steps >= 0 {
            let Some(symbol) = &relative.symbol else { return Err(too_few(&relative.text, &relative)) };
            let start = self.find(symbol)?.into();
            return match self.walk(start, relative.steps, branch.as_deref(), exact_steps)? {
                Place::Nowhere => Err(walked_too_far()),
                place => Ok(DowngradeTarget { branch, place }),
            };
        }
        let symbol = match &relative.symbol {
            Some(symbol) => symbol.clone(),
            None => {
                let symbol = self.downgrade_start(&current.identifiers(), &relative, warnings)?;
                // Among several branches, only the one that is counted on.
                branch.get_or_insert_with(|| symbol.clone());
                symbol
            }
        };
        let start = self.find(&on_branch(branch.as_deref(), &symbol))?;
        match self.walk(start.into(), relative.steps, None, exact_steps)? {
            Place::Nowhere if relative.symbol.is_none() => Err(too_few(&relative.text, &relative)),
            Place::Nowhere => Err(walked_too_far()),
            place => Ok(DowngradeTarget { branch, place }),
        }
    }

    /// The current revision from which a downgrade counts its steps, as the version table or the graph names it.
    fn downgrade_start(
        &self,
        current: &[String],
        relative: &Relative,
        warnings: &mut Vec<Warning>,
    ) -> Result<String, GraphError> {
        let Some(branch) = &relative.branch else {
            let Some(first) = current.first() else { return Err(too_few(&relative.text, relative)) };
            if current.iter().any(|other| other != first) {
                warnings.push(Warning(
                    "downgrade -1 from multiple heads is ambiguous; this usage will be disallowed in a future release."
                        .to_owned(),
                ));
            }
            return Ok(first.clone());
        };
        let mut on_branch = self.names_on_lineage(current, branch)?;
        if on_branch.is_empty() {
            // The tip of the branch may be implied by one that depends on it.
            let tips = self.branch_tips(&self.find_revisions(current)?);
            on_branch = self.ids(&self.on_lineage(&tips, branch, false)?);
        }
        match on_branch.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Crash::new(format!("nothing of branch '{branch}' is applied")).into()),
            several => Err(Crash::new(format!(
                "several current revisions are on branch '{branch}': {}",
                several.join(", ")
            ))
            .into()),
        }
    }
}

fn too_few(shown: &str, relative: &Relative) -> GraphError {
    GraphError::Other(format!("Relative revision {shown} didn't produce {} migrations", relative.count))
}

fn on_branch(branch: Option<&str>, symbol: &str) -> String {
    branch.map_or(symbol.to_owned(), |branch| format!("{branch}@{symbol}"))
}
