//! One revision, as Alembic writes it: `Script` of `alembic/script/base.py`.

use crate::alembic::graph::{Graph, Node, NodeId};
use crate::alembic::python::text::{split_lines, strip};
use crate::alembic::revision::Revision;

/// What a line about a revision says besides its id.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// Its branch labels.
    pub branches: bool,
    /// The first paragraph of its docstring.
    pub doc: bool,
    /// What it comes after.
    pub parents: bool,
    /// Whether branches part or meet in it.
    pub tree: bool,
    /// That it is applied.
    pub current: bool,
}

/// The docstring without the space around it.
pub fn long_doc(revision: &Revision) -> &str {
    strip(&revision.docstring)
}

/// The first paragraph of the docstring, usually one line.
pub fn doc(revision: &Revision) -> &str {
    let long = long_doc(revision);
    long.split_once("\n\n").map_or(long, |(first, _)| first)
}

/// `a, b -> c (head) (mergepoint), doc`, as in warnings.
pub fn one_line(graph: &Graph, node: NodeId) -> String {
    let node = graph.node(node);
    let mut line = format!("{} -> {}", down_revisions(&node.revision), node.revision.id);
    mark(&mut line, node.is_head(), "head");
    mark_tree(&mut line, node);
    line + ", " + doc(&node.revision)
}

/// `a -> b (label) (head), doc`, as in `history`, `heads`, `branches` and `current`.
pub fn line(graph: &Graph, node: NodeId, line: Line) -> String {
    let node = graph.node(node);
    let revision = &node.revision;
    let mut text = String::new();
    if line.parents {
        text += &down_revisions(revision);
        if !revision.depends_on.is_empty() {
            text += &format!(" ({})", revision.depends_on.join(", "));
        }
        text += " -> ";
    }
    text += &revision.id;
    if line.branches && !node.labels().is_empty() {
        text += &format!(" ({})", node.labels().join(", "));
    }
    mark(&mut text, node.is_real_head(), "head");
    mark(&mut text, node.is_head() && !node.is_real_head(), "effective head");
    mark(&mut text, line.current, "current");
    if line.tree {
        mark_tree(&mut text, node);
    }
    if line.doc {
        text += ", ";
        text += doc(revision);
    }
    text
}

/// All that is known of a revision, as `show` and `--verbose` print it.
pub fn entry(graph: &Graph, node: NodeId, current: bool) -> String {
    let node = graph.node(node);
    let revision = &node.revision;
    let mut text = format!("Rev: {}", revision.id);
    mark(&mut text, node.is_head(), "head");
    mark_tree(&mut text, node);
    mark(&mut text, current, "current");
    let heading = if node.is_merge_point() { "Merges" } else { "Parent" };
    text += &format!("\n{heading}: {}\n", down_revisions(revision));
    if !revision.depends_on.is_empty() {
        text += &format!("Also depends on: {}\n", revision.depends_on.join(", "));
    }
    if node.is_branch_point() {
        text += &format!("Branches into: {}\n", graph.ids(node.next()).join(", "));
    }
    if !node.labels().is_empty() {
        text += &format!("Branch names: {}\n", node.labels().join(", "));
    }
    text += &format!("Path: {}\n\n", revision.path.display());
    let lines: Vec<String> =
        split_lines(long_doc(revision)).iter().map(|line| format!("    {line}")).collect();
    text += &lines.join("\n");
    text + "\n"
}

fn mark(text: &mut String, applies: bool, word: &str) {
    if applies {
        *text += &format!(" ({word})");
    }
}

fn mark_tree(text: &mut String, node: &Node) {
    mark(text, node.is_branch_point(), "branchpoint");
    mark(text, node.is_merge_point(), "mergepoint");
}

fn down_revisions(revision: &Revision) -> String {
    if revision.down_revisions.is_empty() { "<base>".to_owned() } else { revision.down_revisions.join(", ") }
}
