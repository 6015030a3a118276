//! Graphs of revisions, random ones and those of Alembic's own tests: Alembic itself and Dunlin must find the same heads,
//! the same order of steps, the same rows of the version table after each, and say the same when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod compare;
mod dunlin;
mod generate;
mod oracle;

use compare::Comparison;
use oracle::SetOrder;
use support::{Need, needs};

/// Enough that every rule is met often; a few seconds of Alembic's time.
const GRAPHS: u64 = 1200;

#[test]
fn random_graphs_are_walked_as_alembic_walks_them() {
    if !needs(&[Need::Alembic]) {
        return;
    }
    let questions: Vec<oracle::Question> = (0..GRAPHS).map(generate::question).collect();
    let answers = oracle::ask(&questions, SetOrder::AsFilled);
    let mut comparison = Comparison::default();
    for (question, answer) in questions.iter().zip(&answers) {
        comparison.exactly(question, answer);
    }
    comparison.finish();
    assert!(comparison.compared > GRAPHS as usize * 8, "{} comparisons", comparison.compared);
}

#[test]
fn where_alembic_leaves_the_order_open_dunlin_does_one_of_the_same_things() {
    if !needs(&[Need::Alembic]) {
        return;
    }
    let questions: Vec<oracle::Question> = (0..GRAPHS / 3).map(generate::question).collect();
    let answers = oracle::ask(&questions, SetOrder::AsItComes);
    let mut comparison = Comparison::default();
    for (question, answer) in questions.iter().zip(&answers) {
        comparison.but_for_order(question, answer);
    }
    comparison.finish();
}
