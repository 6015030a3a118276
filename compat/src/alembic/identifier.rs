//! What an identifier on the command line or in the version table leads to: `base`, `head`, `heads`, an id, the beginning
//! of one, a branch label, `label@…`, and steps from any of these.
//!
//! After `_resolve_revision_number`, `get_revisions`, `_revision_for_ident` and `_walk` of `alembic/script/revision.py`.

mod relative;

pub(super) use relative::Relative;

use super::graph::{Crash, Graph, GraphError, NodeId};

/// Where an identifier leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the walk went past the end. Alembic's `None`.
    Nowhere,
    /// Below all bases.
    Base,
    /// To a revision.
    At(NodeId),
}

impl Place {
    /// The revision, where there must be one.
    pub(super) fn revision(self) -> Result<NodeId, GraphError> {
        match self {
            Place::At(node) => Ok(node),
            Place::Nowhere | Place::Base => {
                Err(Crash::new("the identifier leads past the end of the revisions").into())
            }
        }
    }
}

impl From<Option<NodeId>> for Place {
    fn from(node: Option<NodeId>) -> Place {
        node.map_or(Place::Nowhere, Place::At)
    }
}

/// An identifier taken apart, its symbols resolved: ids or partial ids, and the branch they are to be on.
struct Resolved {
    ids: Vec<String>,
    branch: Option<String>,
}

impl Graph {
    /// The revision of an identifier; `None` for the base, and for `head` of an empty project.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn find(&self, identifier: &str) -> Result<Option<NodeId>, GraphError> {
        let resolved = self.resolve(identifier)?;
        if resolved.ids.len() > 1 {
            return Err(GraphError::MultipleHeads { heads: resolved.ids, argument: identifier.to_owned() });
        }
        self.look_up(resolved.ids.first().map(String::as_str), resolved.branch.as_deref())
    }

    /// All revisions of an identifier; none for the base.
    ///
    /// # Errors
    /// It leads nowhere, or is ambiguous.
    pub fn find_all(&self, identifier: &str) -> Result<Vec<Place>, GraphError> {
        let resolved = self.resolve(identifier)?;
        if let [id] = resolved.ids.as_slice()
            && let Some(steps) = relative::python_int(id)
            && steps < 0
        {
            let heads = self.real_heads().iter().filter(|head| {
                resolved.branch.as_ref().is_none_or(|branch| self.node(**head).labels().contains(branch))
            });
            return heads.map(|head| self.walk(Place::At(*head), steps, None, true)).collect();
        }
        resolved.ids.iter().map(|id| Ok(self.look_up(Some(id), resolved.branch.as_deref())?.into())).collect()
    }

    /// All revisions of several identifiers, one after the other.
    pub fn find_each<'a>(
        &self,
        identifiers: impl IntoIterator<Item = &'a String>,
    ) -> Result<Vec<Place>, GraphError> {
        let mut places = Vec::new();
        for identifier in identifiers {
            places.extend(self.find_all(identifier)?);
        }
        Ok(places)
    }

    /// The same where every one must be a revision.
    pub(super) fn find_revisions<'a>(
        &self,
        identifiers: impl IntoIterator<Item = &'a String>,
    ) -> Result<Vec<NodeId>, GraphError> {
        self.find_each(identifiers)?.into_iter().map(Place::revision).collect()
    }

    /// The only head, of the branch if one is named.
    pub fn current_head(&self, branch: Option<&str>) -> Result<Option<NodeId>, GraphError> {
        let branch = branch.filter(|branch| !branch.is_empty());
        let heads = match branch {
            Some(branch) => self.on_lineage(self.heads(), branch, false)?,
            None => self.heads().to_vec(),
        };
        if heads.len() > 1 {
            let argument = branch.map_or("head".to_owned(), |branch| format!("{branch}@head"));
            return Err(GraphError::MultipleHeads { heads: self.ids(&heads), argument });
        }
        Ok(heads.first().copied())
    }

    fn resolve(&self, identifier: &str) -> Result<Resolved, GraphError> {
        let (branch, id) = match identifier.split_once('@') {
            Some((branch, id)) => (Some(branch), id),
            None => (None, identifier),
        };
        let label = branch.filter(|branch| !branch.is_empty());
        let ids = match (id, label) {
            ("heads", Some(label)) => self.ids(&self.on_lineage(self.heads(), label, false)?),
            ("heads", None) => self.ids(self.real_heads()),
            ("head", label) => self.ids(&self.current_head(label)?),
            ("base", _) => Vec::new(),
            (id, _) => vec![id.to_owned()],
        };
        Ok(Resolved { ids, branch: branch.map(str::to_owned) })
    }

    /// The revisions that are on one line of descent with what `against` names.
    pub(super) fn on_lineage(
        &self,
        nodes: &[NodeId],
        against: &str,
        with_dependencies: bool,
    ) -> Result<Vec<NodeId>, GraphError> {
        self.filter_lineage(nodes.iter().copied(), |node| Ok(*node), against, with_dependencies)
    }

    /// The same for what identifiers lead to.
    pub(super) fn places_on_lineage(
        &self,
        places: &[Place],
        against: &str,
    ) -> Result<Vec<NodeId>, GraphError> {
        let node = |place: &Place| match place {
            Place::At(node) => Ok(*node),
            // Alembic looks for a revision of this name.
            Place::Base => Place::from(self.look_up(Some("base"), None)?).revision(),
            Place::Nowhere => place.revision(),
        };
        let kept = self.filter_lineage(places.iter().copied(), node, against, false)?;
        kept.iter().map(node).collect()
    }

    /// The same for identifiers that are full or partial ids.
    pub(super) fn names_on_lineage(
        &self,
        names: &[String],
        against: &str,
    ) -> Result<Vec<String>, GraphError> {
        let find = |name: &String| {
            self.look_up(Some(name), None)?.ok_or_else(|| Crash::new("a label without a revision").into())
        };
        self.filter_lineage(names.iter().cloned(), find, against, false)
    }

    fn filter_lineage<T>(
        &self,
        targets: impl Iterator<Item = T>,
        node: impl Fn(&T) -> Result<NodeId, GraphError>,
        against: &str,
        with_dependencies: bool,
    ) -> Result<Vec<T>, GraphError> {
        let Resolved { ids, branch } = self.resolve(against)?;
        let names: Vec<String> = branch.into_iter().filter(|label| !label.is_empty()).chain(ids).collect();
        let mut others = None;
        let mut kept = Vec::new();
        for target in targets {
            if names.is_empty() {
                kept.push(target);
                continue;
            }
            let node = node(&target)?;
            // Only now, since what is wrong with a name does not matter where there is nothing to filter.
            if others.is_none() {
                let found: Result<Vec<Option<NodeId>>, GraphError> =
                    names.iter().map(|name| self.look_up(Some(name), None)).collect();
                others = Some(found?.into_iter().flatten().collect::<Vec<NodeId>>());
            }
            if self.shares_lineage(node, others.as_deref().unwrap_or_default(), with_dependencies) {
                kept.push(target);
            }
        }
        Ok(kept)
    }

    /// The revision of a full or partial id or a label; `None` stands for the base.
    fn look_up(&self, id: Option<&str>, on_branch: Option<&str>) -> Result<Option<NodeId>, GraphError> {
        let branch = match on_branch.filter(|branch| !branch.is_empty()) {
            Some(label) => Some((label, self.branch(label)?)),
            None => None,
        };
        let Some(id) = id else { return Ok(None) };
        let found = match self.get(id) {
            Some(found) => found,
            None => self.look_up_partial(id, branch.map(|(label, _)| label))?,
        };
        if let Some((label, root)) = branch
            && !self.shares_lineage(self.canonical(found), &[self.canonical(root)], false)
        {
            return Err(GraphError::Resolution {
                message: format!("Revision {} is not a member of branch '{label}'", self.id(found)),
                argument: id.to_owned(),
            });
        }
        Ok(Some(found))
    }

    /// Alembic asks for four characters only in its message: what counts is how long the ids are.
    fn look_up_partial(&self, id: &str, on_branch: Option<&str>) -> Result<NodeId, GraphError> {
        if id.is_empty() {
            return Err(Crash::new("the identifier is empty").into());
        }
        let candidates = self
            .keys()
            .iter()
            .map(|(key, _)| key)
            .filter(|key| key.chars().count() > 3 && key.starts_with(id))
            .cloned();
        let mut candidates: Vec<String> = candidates.collect();
        if let Some(label) = on_branch {
            candidates = self.names_on_lineage(&candidates, label)?;
        }
        let wrong = |message| Err(GraphError::Resolution { message, argument: id.to_owned() });
        match candidates.as_slice() {
            [only] => self.get(only).ok_or_else(|| Crash::new("a label without a revision").into()),
            [] => {
                let hint = if id.chars().count() < 4 {
                    "; please ensure at least four characters are present for partial revision identifier matches"
                } else {
                    ""
                };
                wrong(format!("No such revision or branch '{id}'{hint}"))
            }
            several => {
                let some: Vec<String> = several.iter().take(3).map(|key| format!("'{key}'")).collect();
                wrong(format!("Multiple revisions start with '{id}': {}...", some.join(", ")))
            }
        }
    }

    /// The revision of a branch label, or of an id that stands for the branch it is on.
    pub(super) fn branch(&self, label: &str) -> Result<NodeId, GraphError> {
        if let Some(found) = self.get(label) {
            return Ok(found);
        }
        match self.look_up(Some(label), None) {
            Ok(Some(found)) => Ok(found),
            Err(GraphError::Resolution { .. }) => Err(GraphError::Resolution {
                message: format!("No such branch: '{label}'"),
                argument: label.to_owned(),
            }),
            Ok(None) => Err(Crash::new(format!("'{label}' is no branch")).into()),
            Err(error) => Err(error),
        }
    }

    /// Goes up (on a branch, if one is named) or down. Past the end it comes to [`Place::Nowhere`] if `to_nowhere`, else it
    /// stops there.
    pub(super) fn walk(
        &self,
        start: Place,
        steps: i64,
        branch: Option<&str>,
        to_nowhere: bool,
    ) -> Result<Place, GraphError> {
        let mut current = start;
        for _ in 0..steps.unsigned_abs() {
            let next: Vec<Place> = if steps > 0 {
                let above = match current {
                    Place::Base => return Err(Crash::new("there is no way up from the base").into()),
                    Place::Nowhere => self.bases(),
                    Place::At(node) => self.node(node).next(),
                };
                let above = match branch.filter(|branch| !branch.is_empty()) {
                    Some(branch) => self.on_lineage(above, branch, false)?,
                    None => above.to_vec(),
                };
                above.into_iter().map(Place::At).collect()
            } else {
                let below = match current {
                    Place::Base => None,
                    Place::Nowhere => Some(self.heads()),
                    Place::At(node) => Some(self.node(node).down()),
                };
                match below {
                    None => Vec::new(),
                    Some([]) => vec![Place::Base],
                    Some(below) => below.iter().copied().map(Place::At).collect(),
                }
            };
            match next.as_slice() {
                [] => return Ok(if to_nowhere { Place::Nowhere } else { current }),
                [only] => current = *only,
                _ => return Err(GraphError::Other("Ambiguous walk".to_owned())),
            }
        }
        Ok(current)
    }
}
