//! Linking revisions into a graph.

use std::fmt;

use super::{Crash, CycleKind, Graph, GraphError, Node, NodeId};
use crate::alembic::output;
use crate::alembic::revision::Revision;

/// Characters that have a meaning in identifiers, in the order in which Alembic lists them.
const ILLEGAL: [char; 4] = ['+', '-', ':', '@'];

/// What identifiers mean by themselves; Alembic breaks down on revisions of these names.
const SYMBOLS: [&str; 3] = ["base", "head", "heads"];

/// What came of linking revisions. There may be warnings either way.
#[derive(Debug, Clone)]
pub struct Built {
    /// What Alembic warns of, in its words.
    pub warnings: Vec<Warning>,
    /// The graph.
    pub graph: Result<Graph, GraphError>,
}

/// A warning, as Alembic gives it to Python's `warnings` module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Graph {
    /// Links revisions, given in the order of loading.
    pub fn build(revisions: Vec<Revision>) -> Built {
        let mut warnings = Vec::new();
        let graph = build(revisions, &mut warnings);
        Built { warnings, graph }
    }
}

fn build(revisions: Vec<Revision>, warnings: &mut Vec<Warning>) -> Result<Graph, GraphError> {
    let mut graph = Graph::default();
    for revision in revisions {
        check(&revision)?;
        graph.add(revision, warnings);
    }
    graph.map_labels()?;
    graph.resolve_dependencies()?;
    let ends = graph.link(warnings)?;
    graph.normalize_dependencies()?;
    graph.check_cycles(&ends)?;
    graph.check_other_cycles()?;
    let canonical = |nodes: &[NodeId]| nodes.iter().map(|node| graph.canonical(*node)).collect();
    let (heads, real_heads, bases) =
        (canonical(&ends.heads), canonical(&ends.real_heads), canonical(&ends.bases));
    graph.heads = heads;
    graph.real_heads = real_heads;
    graph.bases = bases;
    graph.spread_labels();
    Ok(graph)
}

/// What is wrong with a revision by itself.
fn check(revision: &Revision) -> Result<(), GraphError> {
    let id = &revision.id;
    let loops = |kind| Err(GraphError::Cycle { kind, revisions: vec![id.clone()] });
    if revision.down_revisions.contains(id) {
        return loops(CycleKind::SelfLoop);
    }
    if revision.depends_on.contains(id) {
        return loops(CycleKind::DependencySelfLoop);
    }
    let illegal: Vec<String> =
        ILLEGAL.iter().filter(|character| id.contains(**character)).map(char::to_string).collect();
    if !illegal.is_empty() {
        return Err(GraphError::Other(format!(
            "Character(s) '{}' not allowed in revision identifier '{id}'",
            illegal.join(", ")
        )));
    }
    if SYMBOLS.contains(&id.as_str()) {
        return Err(Crash::new(format!(
            "{}: a revision cannot be called '{id}', since that has a meaning of its own",
            revision.path.display()
        ))
        .into());
    }
    Ok(())
}

/// The ends of the graph while it is being linked: nodes, not ids, so that a repeated id counts as often as it occurs.
pub(super) struct Ends {
    pub(super) heads: Vec<NodeId>,
    pub(super) real_heads: Vec<NodeId>,
    pub(super) bases: Vec<NodeId>,
    pub(super) real_bases: Vec<NodeId>,
}

impl Graph {
    fn add(&mut self, revision: Revision, warnings: &mut Vec<Warning>) {
        let node = NodeId(self.nodes.len());
        let id = revision.id.clone();
        let labels = unique(&revision.branch_labels);
        self.nodes.push(Node {
            revision,
            down: Vec::new(),
            dependencies: Vec::new(),
            normalized_dependencies: Vec::new(),
            next: Vec::new(),
            all_next: Vec::new(),
            labels,
        });
        if self.index.insert(id.clone(), node).is_none() {
            self.keys.push((id, node));
            return;
        }
        warnings.push(Warning(format!("Revision {id} is present more than once")));
        for (key, known) in &mut self.keys {
            if *key == id {
                *known = node;
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    fn map_labels(&mut self) -> Result<(), GraphError> {
        for node in self.all() {
            for label in self.node(node).revision.branch_labels.clone() {
                if let Some(other) = self.get(&label) {
                    return Err(GraphError::Other(format!(
                        "Branch name '{label}' in revision {} already used by revision {}",
                        self.id(node),
                        self.id(other)
                    )));
                }
                self.index.insert(label.clone(), node);
                self.keys.push((label, node));
            }
        }
        Ok(())
    }

    fn resolve_dependencies(&mut self) -> Result<(), GraphError> {
        for node in self.all() {
            let revision = &self.node(node).revision;
            let found: Result<Vec<NodeId>, GraphError> = revision
                .depends_on
                .iter()
                .map(|wanted| {
                    let found = self.get(wanted).ok_or_else(|| self.missing(node, "depends_on", wanted))?;
                    Ok(self.canonical(found))
                })
                .collect();
            self.nodes[node.0].dependencies = found?;
        }
        Ok(())
    }

    /// Alembic dies of a KeyError without saying where.
    fn missing(&self, node: NodeId, variable: &str, wanted: &str) -> GraphError {
        let what = match self.get(wanted) {
            Some(labelled) => format!("a branch label of revision {}, not an id", self.id(labelled)),
            None => "not the id of a revision that is there".to_owned(),
        };
        Crash::new(format!(
            "{}: {variable} of revision {} is '{wanted}', which is {what}",
            self.node(node).revision.path.display(),
            self.id(node)
        ))
        .into()
    }

    fn link(&mut self, warnings: &mut Vec<Warning>) -> Result<Ends, GraphError> {
        let mut has_next = vec![false; self.nodes.len()];
        let mut is_needed = vec![false; self.nodes.len()];
        for node in self.keys.iter().map(|(_, node)| *node).collect::<Vec<_>>() {
            let follower = self.canonical(node);
            for wanted in unique(&self.node(node).revision.down_revisions) {
                if self.get(&wanted).is_none() {
                    let line = output::one_line(self, node);
                    warnings
                        .push(Warning(format!("Revision {wanted} referenced from {line} is not present")));
                }
                let parent = self.down_revision(node, &wanted)?;
                push_new(&mut self.nodes[parent.0].all_next, follower);
                push_new(&mut self.nodes[parent.0].next, follower);
                has_next[parent.0] = true;
                is_needed[parent.0] = true;
            }
            for parent in self.node(node).dependencies.clone() {
                push_new(&mut self.nodes[parent.0].all_next, follower);
                is_needed[parent.0] = true;
            }
        }
        for node in self.all() {
            let wanted = &self.node(node).revision.down_revisions;
            let found: Result<Vec<NodeId>, GraphError> =
                wanted.iter().map(|wanted| self.down_revision(node, wanted)).collect();
            self.nodes[node.0].down = found?;
        }
        Ok(Ends {
            heads: self.all().filter(|node| !has_next[node.0]).collect(),
            real_heads: self.all().filter(|node| !is_needed[node.0]).collect(),
            bases: self.all().filter(|node| self.node(*node).is_base()).collect(),
            real_bases: self.all().filter(|node| self.node(*node).is_real_base()).collect(),
        })
    }

    /// Labels do not count here.
    fn down_revision(&self, node: NodeId, wanted: &str) -> Result<NodeId, GraphError> {
        self.get(wanted)
            .filter(|parent| self.id(*parent) == wanted)
            .ok_or_else(|| self.missing(node, "down_revision", wanted))
    }

    fn normalize_dependencies(&mut self) -> Result<(), GraphError> {
        for node in self.all() {
            if self.node(node).dependencies.is_empty() {
                continue;
            }
            let mut normalized = self.node(node).dependencies.clone();
            dedupe(&mut normalized);
            for ancestor in self.ancestors(&[node], false).iter().filter(|ancestor| *ancestor != node) {
                let implied = &self.node(ancestor).dependencies;
                normalized.retain(|dependency| !implied.contains(dependency));
            }
            self.nodes[node.0].normalized_dependencies = normalized;
        }
        Ok(())
    }
}

fn unique(texts: &[String]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(text) {
            seen.push(text.clone());
        }
    }
    seen
}

fn dedupe(nodes: &mut Vec<NodeId>) {
    let mut seen = Vec::new();
    nodes.retain(|node| {
        let is_new = !seen.contains(node);
        seen.push(*node);
        is_new
    });
}

fn push_new(nodes: &mut Vec<NodeId>, node: NodeId) {
    if !nodes.contains(&node) {
        nodes.push(node);
    }
}
