use super::*;
use crate::alembic::test_graph::{DIAMOND, TWO_BASES, build, graph};

fn error(written: &[&str]) -> String {
    build(written).graph.unwrap_err().to_string()
}

fn labels(graph: &Graph, id: &str) -> String {
    graph.node(graph.get(id).unwrap()).labels().join(" ")
}

#[test]
fn heads_bases_and_points_where_branches_part_and_meet() {
    let graph = graph(&DIAMOND);
    assert_eq!(graph.ids(graph.heads()), ["d"]);
    assert_eq!(graph.ids(graph.bases()), ["a"]);
    let node = |id: &str| graph.node(graph.get(id).unwrap());
    assert!(node("a").is_branch_point() && node("a").is_base() && !node("a").is_head());
    assert!(node("d").is_merge_point() && node("d").is_head() && !node("d").is_branch_point());
}

#[test]
fn a_head_on_which_another_depends_is_no_real_head() {
    let graph = graph(&["a1", "a2 <a1", "b1", "b2 <b1 +a2"]);
    assert_eq!(graph.ids(graph.heads()), ["a2", "b2"]);
    assert_eq!(graph.ids(graph.real_heads()), ["b2"]);
}

#[test]
fn dependencies_that_an_ancestor_has_already_do_not_count() {
    let graph = graph(&["a1", "a2 <a1", "b1", "b2 <b1 +a1", "b3 <b2 +a1,a2"]);
    let node = graph.node(graph.get("b3").unwrap());
    assert_eq!(graph.ids(&node.all_down()), ["b2", "a1", "a2"]);
    assert_eq!(graph.ids(&node.normalized_down()), ["b2", "a2"]);
}

#[test]
fn a_dependency_may_be_a_branch_label() {
    let graph = graph(&["a1 @ax", "b1 +ax"]);
    assert_eq!(graph.ids(&graph.node(graph.get("b1").unwrap()).all_down()), ["a1"]);
}

#[test]
fn a_label_reaches_all_descendants_and_back_to_where_branches_part_or_meet() {
    let graph = graph(&["a", "b <a", "c <b @shop", "d <c", "x <a", "y <x"]);
    assert_eq!(labels(&graph, "a"), "");
    for id in ["b", "c", "d"] {
        assert_eq!(labels(&graph, id), "shop", "{id}");
    }
    assert_eq!(labels(&graph, "y"), "");
    let merged = super::Graph::build(crate::alembic::test_graph::revisions(&[
        "a",
        "b <a",
        "c <a",
        "m <b,c",
        "n <m @shop",
        "o <n",
    ]));
    let merged = merged.graph.unwrap();
    assert_eq!(labels(&merged, "m"), "");
    assert_eq!(labels(&merged, "n"), "shop");
}

#[test]
fn a_dependency_is_no_descendant_of_a_branch() {
    let graph = graph(&TWO_BASES);
    assert_eq!(labels(&graph, "b2"), "bx");
    assert_eq!(labels(&graph, "a3"), "ax");
}

#[test]
fn a_revision_that_is_there_twice_is_warned_of_and_the_later_one_counts() {
    let mut revisions = crate::alembic::test_graph::revisions(&["a", "b <a", "b <a", "c <b"]);
    revisions[2].docstring = "the later one".to_owned();
    let built = Graph::build(revisions);
    assert_eq!(built.warnings, [Warning("Revision b is present more than once".to_owned())]);
    let graph = built.graph.unwrap();
    assert_eq!(graph.node(graph.get("b").unwrap()).revision.docstring, "the later one");
    assert_eq!(graph.len(), 3);
    // As in Alembic, where nothing leads up from the earlier one.
    assert_eq!(graph.ids(graph.heads()), ["b", "c"]);
}

#[test]
fn a_down_revision_that_is_not_there_is_refused_with_alembics_warning() {
    let built = build(&["a", "b <a,x"]);
    let warning = "Revision x referenced from a, x -> b (head) (mergepoint), step b is not present";
    assert_eq!(built.warnings, [Warning(warning.to_owned())]);
    assert_eq!(
        built.graph.unwrap_err().to_string(),
        "versions/b.py: down_revision of revision b is 'x', which is not the id of a revision that is there"
    );
    assert_eq!(
        error(&["a @shop", "b <shop"]),
        "versions/b.py: down_revision of revision b is 'shop', which is a branch label of revision a, not an id"
    );
    assert_eq!(
        error(&["a +x"]),
        "versions/a.py: depends_on of revision a is 'x', which is not the id of a revision that is there"
    );
}

#[test]
fn circles_are_refused() {
    assert_eq!(error(&["a <a"]), "Self-loop is detected in revisions (a)");
    assert_eq!(error(&["a +a"]), "Dependency self-loop is detected in revisions (a)");
    assert_eq!(error(&["a <b", "b <a"]), "Cycle is detected in revisions (a, b)");
    assert_eq!(error(&["a", "b <a", "d <c", "c <d"]), "Cycle is detected in revisions (c, d)");
    assert_eq!(error(&["a", "b <a,d", "c <b", "d <c"]), "Cycle is detected in revisions (a, b, c, d)");
    assert_eq!(error(&["a +b", "b +a"]), "Dependency cycle is detected in revisions (a, b)");
    assert_eq!(
        error(&["a", "b <a +d", "c", "d <c +b"]),
        "Dependency cycle is detected in revisions (a, b, c, d)"
    );
}

#[test]
fn a_circle_that_alembic_does_not_see_is_refused_too() {
    assert_eq!(
        error(&["a", "b <a +d", "c <b", "d <c", "e <d"]),
        "revisions need each other in a circle; it is among b, c, d, e"
    );
}

#[test]
fn characters_that_identifiers_need_are_refused_in_ids() {
    assert_eq!(error(&["a-b:c"]), "Character(s) '-, :' not allowed in revision identifier 'a-b:c'");
}

#[test]
fn a_label_belongs_to_one_branch() {
    assert_eq!(error(&["a @shop", "b @shop"]), "Branch name 'shop' in revision b already used by revision a");
    assert_eq!(error(&["a", "b @a"]), "Branch name 'a' in revision b already used by revision a");
}

#[test]
fn a_revision_that_is_named_like_a_symbol_is_refused() {
    assert_eq!(
        error(&["head"]),
        "versions/head.py: a revision cannot be called 'head', since that has a meaning of its own"
    );
}

#[test]
fn no_revisions_are_a_graph() {
    let graph = graph(&[]);
    assert!(graph.is_empty());
    assert_eq!(graph.heads(), []);
}
