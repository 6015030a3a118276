use super::*;
use crate::alembic::output::CommandError;
use crate::alembic::test_graph::{DIAMOND, FORK, TWO_BASES, graph, owned};

fn up(written: &[&str], destination: &str, rows: &[&str]) -> String {
    let graph = graph(written);
    match graph.upgrade(destination, &owned(rows), &mut Vec::new()) {
        Ok(nodes) => graph.ids(&nodes).join(" "),
        Err(error) => CommandError::of_upgrade(error, destination).to_string(),
    }
}

fn down(written: &[&str], destination: &str, rows: &[&str]) -> String {
    let graph = graph(written);
    match graph.downgrade(destination, &owned(rows), &mut Vec::new()) {
        Ok(nodes) => graph.ids(&nodes).join(" "),
        Err(error) => CommandError::of_downgrade(error, destination).to_string(),
    }
}

fn history(written: &[&str], lower: &str, upper: &str) -> String {
    let graph = graph(written);
    let (lower, upper) = (End::One(lower), End::One(upper));
    match graph.history(lower, upper, &mut Vec::new()) {
        Ok(nodes) => graph.ids(&nodes).join(" "),
        Err(error) => CommandError::of_range(error, lower, upper).to_string(),
    }
}

#[test]
fn a_merge_takes_the_branch_of_its_first_parent_last() {
    assert_eq!(up(&DIAMOND, "d", &[]), "a c b d");
    assert_eq!(up(&["a", "b <a", "c <a", "d <c,b"], "d", &[]), "a b c d");
    assert_eq!(down(&DIAMOND, "base", &["d"]), "d b c a");
    assert_eq!(down(&DIAMOND, "a", &["d"]), "d b c");
    assert_eq!(down(&DIAMOND, "b", &["d"]), "d");
    assert_eq!(down(&DIAMOND, "-1", &["d"]), "Ambiguous walk");
}

#[test]
fn branches_follow_each_other_whole() {
    assert_eq!(up(&FORK, "heads", &[]), "a c c2 b b2");
    assert_eq!(down(&FORK, "base", &["b2", "c2"]), "b2 b c2 c a");
}

#[test]
fn what_a_revision_depends_on_comes_before_it() {
    assert_eq!(up(&TWO_BASES, "heads", &[]), "a1 a2 a3 b1 b2");
    assert_eq!(up(&TWO_BASES, "bx@head", &[]), "a1 a2 b1 b2");
    assert_eq!(up(&TWO_BASES, "bx@+1", &[]), "b1");
    assert_eq!(up(&TWO_BASES, "bx@+2", &[]), "a1 a2 b1 b2");
    let rows = ["b2", "a3"];
    assert_eq!(down(&TWO_BASES, "ax@base", &rows), "b2 a3 a2 a1");
    assert_eq!(down(&TWO_BASES, "bx@base", &rows), "b2 b1");
    assert_eq!(down(&TWO_BASES, "base", &rows), "b2 b1 a3 a2 a1");
}

const LINE: [&str; 4] = ["ab01", "ab02 <ab01", "cd03 <ab02", "cd04 <cd03 @shop"];

#[test]
fn identifiers_may_be_ids_their_beginnings_labels_and_symbols() {
    assert_eq!(up(&LINE, "ab02", &[]), "ab01 ab02");
    assert_eq!(up(&LINE, "cd03", &["ab01"]), "ab02 cd03");
    assert_eq!(up(&LINE, "cd04", &["cd03"]), up(&LINE, "shop", &["cd03"]));
    assert_eq!(up(&LINE, "shop@head", &["cd03"]), "cd04");
    assert_eq!(up(&LINE, "head", &["cd04"]), "");
    assert_eq!(down(&LINE, "base", &["ab02"]), "ab02 ab01");
    assert_eq!(up(&LINE, "base", &["ab02"]), "");
}

#[test]
fn beginnings_of_ids_must_be_of_one_only() {
    assert_eq!(up(&["abcd1", "abce2 <abcd1"], "abcd", &[]), "abcd1");
    let graph = graph(&["abcd1", "abce2 <abcd1", "x <abce2"]);
    let message = |identifier: &str| graph.find(identifier).unwrap_err().to_string();
    assert_eq!(message("abc"), "Multiple revisions start with 'abc': 'abcd1', 'abce2'...");
    assert_eq!(
        message("y"),
        "No such revision or branch 'y'; please ensure at least four characters are present for partial revision \
         identifier matches"
    );
    assert_eq!(message("nothing"), "No such revision or branch 'nothing'");
    assert_eq!(message("nothing@head"), "No such revision or branch 'nothing'");
    assert_eq!(message("nothing@x"), "No such branch: 'nothing'");
    // The command line says less.
    assert_eq!(up(&LINE, "nothing", &[]), "Can't locate revision identified by 'nothing'");
    assert_eq!(up(&LINE, "head", &["gone"]), "Can't locate revision identified by 'gone'");
}

#[test]
fn several_heads_are_ambiguous() {
    assert_eq!(
        up(&FORK, "head", &[]),
        "Multiple head revisions are present for given argument 'head'; please specify a specific target revision, \
         '<branchname>@head' to narrow to a specific head, or 'heads' for all heads"
    );
    assert_eq!(
        graph(&FORK).find("heads").unwrap_err().to_string(),
        "Multiple heads are present for given argument 'heads'; b2, c2"
    );
}

#[test]
fn a_revision_must_be_on_the_branch_that_is_named_with_it() {
    let graph = graph(&TWO_BASES);
    assert_eq!(graph.find("ax@b1").unwrap_err().to_string(), "Revision b1 is not a member of branch 'ax'");
}

#[test]
fn steps_are_counted() {
    assert_eq!(up(&LINE, "+2", &["ab01"]), "ab02 cd03");
    assert_eq!(up(&LINE, "+1", &[]), "ab01");
    assert_eq!(up(&LINE, "ab01+2", &["ab01"]), "ab02 cd03");
    assert_eq!(up(&LINE, "head-1", &["ab01"]), "ab02 cd03");
    assert_eq!(down(&LINE, "-1", &["cd03"]), "cd03");
    assert_eq!(down(&LINE, "-3", &["cd03"]), "cd03 ab02 ab01");
    assert_eq!(down(&LINE, "head-2", &["cd04"]), "cd04 cd03");
    assert_eq!(down(&LINE, "shop@-2", &["cd04"]), "cd04 cd03");
    assert_eq!(down(&LINE, "ab01+1", &["cd04"]), "cd04 cd03");
}

#[test]
fn steps_must_be_there() {
    assert_eq!(up(&LINE, "-1", &["cd03"]), "Relative revision -1 didn't produce 1 migrations");
    assert_eq!(up(&LINE, "+5", &[]), "Relative revision +5 didn't produce 5 migrations");
    assert_eq!(down(&LINE, "+1", &["cd03"]), "Relative revision +1 didn't produce 1 migrations");
    assert_eq!(down(&LINE, "-4", &["cd03"]), "Relative revision -4 didn't produce 4 migrations");
    assert_eq!(down(&LINE, "-1", &[]), "Relative revision -1 didn't produce 1 migrations");
    assert_eq!(down(&LINE, "ab01-7", &["cd03"]), "Walked too far");
    assert_eq!(up(&FORK, "+1", &["b2", "c2"]), "Ambiguous upgrade from multiple current revisions");
}

#[test]
fn a_step_down_from_several_heads_takes_the_first_and_is_warned_of() {
    let graph = graph(&TWO_BASES);
    let mut warnings = Vec::new();
    let order = graph.downgrade("-1", &owned(&["a3", "b2"]), &mut warnings).unwrap();
    assert_eq!(graph.ids(&order), ["a3"]);
    assert_eq!(
        warnings,
        [Warning(
            "downgrade -1 from multiple heads is ambiguous; this usage will be disallowed in a future release."
                .to_owned()
        )]
    );
}

#[test]
fn what_is_not_applied_is_no_downgrade_target() {
    assert_eq!(
        down(&LINE, "cd04", &["ab02"]),
        "Destination cd04 is not a valid downgrade target from current head(s)"
    );
    assert_eq!(down(&LINE, "ab02", &["ab02"]), "");
    assert_eq!(down(&TWO_BASES, "bx@a1", &["a3", "b2"]), "b2 a3 a2");
}

#[test]
fn history_lists_a_range_the_newest_first() {
    assert_eq!(history(&LINE, "base", "heads"), "cd04 cd03 ab02 ab01");
    assert_eq!(history(&LINE, "ab02", "cd03"), "cd03 ab02");
    assert_eq!(history(&LINE, "-2", "heads"), "cd04 cd03 ab02");
    assert_eq!(history(&LINE, "ab02", "+1"), "cd03 ab02");
    assert_eq!(
        history(&LINE, "cd03", "ab02"),
        "Requested range cd03:ab02 does not refer to ancestor/descendant revisions along the same branch"
    );
    assert_eq!(history(&TWO_BASES, "base", "heads"), "b2 b1 a3 a2 a1");
    assert_eq!(history(&TWO_BASES, "ax@base", "heads"), "a3 a2 a1");
}

#[test]
fn the_tips_that_rows_imply_are_current_too() {
    let graph = graph(&TWO_BASES);
    let current = |rows: &[&str]| graph.ids(&graph.current(&owned(rows)).unwrap()).join(" ");
    assert_eq!(current(&["b2"]), "b2 a2");
    assert_eq!(current(&["b2", "a3"]), "b2 a3");
    assert_eq!(current(&[]), "");
}

#[test]
fn ends_are_written_as_python_writes_them() {
    assert_eq!(End::Several(&owned(&["a"])).to_string(), "('a',)");
    assert_eq!(End::Several(&owned(&["a", "b"])).to_string(), "('a', 'b')");
    assert_eq!(End::Base.to_string(), "base");
}
