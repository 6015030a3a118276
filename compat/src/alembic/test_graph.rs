//! Graphs for tests, written short.

use std::path::PathBuf;

use super::graph::{Built, Graph};
use super::revision::Revision;

/// Revisions as `id <down,down +dependency,dependency @label,label`: `"d <b,c"`, `"b2 <b1 +a2"`, `"a1 @ax"`.
pub(super) fn revisions(written: &[&str]) -> Vec<Revision> {
    written.iter().map(|line| revision(line)).collect()
}

fn revision(line: &str) -> Revision {
    let mut words = line.split(' ');
    let id = words.next().unwrap().to_owned();
    let mut revision = Revision {
        path: PathBuf::from(format!("versions/{id}.py")),
        docstring: format!("step {id}\n\nRevision ID: {id}\n"),
        id,
        down_revisions: Vec::new(),
        depends_on: Vec::new(),
        branch_labels: Vec::new(),
        source: String::new(),
        location: 0,
    };
    for word in words {
        let (sign, list) = word.split_at(1);
        let list = list.split(',').map(str::to_owned).collect();
        match sign {
            "<" => revision.down_revisions = list,
            "+" => revision.depends_on = list,
            "@" => revision.branch_labels = list,
            _ => panic!("{line}"),
        }
    }
    revision
}

pub(super) fn build(written: &[&str]) -> Built {
    Graph::build(revisions(written))
}

pub(super) fn graph(written: &[&str]) -> Graph {
    let built = build(written);
    assert_eq!(built.warnings, []);
    built.graph.unwrap()
}

/// Two branches from one revision that meet again.
pub(super) const DIAMOND: [&str; 4] = ["a", "b <a", "c <a", "d <b,c"];

/// Two branches that stay apart.
pub(super) const FORK: [&str; 5] = ["a", "b <a", "b2 <b", "c <a", "c2 <c"];

/// Two bases; one branch needs what the other has. The order of loading decides between branches.
pub(super) const TWO_BASES: [&str; 5] = ["b1 @bx", "b2 <b1 +a2", "a1 @ax", "a2 <a1", "a3 <a2"];

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
