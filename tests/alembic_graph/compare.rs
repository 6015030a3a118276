//! Compares answers and reports every difference with what led to it.

use std::fmt::Debug;

use crate::dunlin;
use crate::oracle::{Answer, Called, Given, Outcome, Question, Shown};

/// So many differences are shown in full.
const SHOWN: usize = 5;

/// What was compared so far.
#[derive(Debug, Default)]
pub struct Comparison {
    pub compared: usize,
    differences: Vec<String>,
}

impl Comparison {
    /// Everything must be the same.
    pub fn exactly(&mut self, question: &Question, alembic: &Answer) {
        let ours = dunlin::answer(question);
        if is_done(alembic) && goes_in_circles(question) {
            return self.refused(question, &ours);
        }
        self.same(
            &without_traceback(&ours.graph),
            &without_traceback(&alembic.graph),
            question,
            &"the graph",
        );
        let calls = question.calls.iter().zip(ours.calls.iter().zip(&alembic.calls));
        for (call, (ours, theirs)) in calls {
            self.same(&without_tracebacks(ours), &without_tracebacks(theirs), question, call);
        }
    }

    /// Everything must be the same but for the order of what has none.
    pub fn but_for_order(&mut self, question: &Question, alembic: &Answer) {
        let ours = dunlin::answer(question);
        if is_done(alembic) && goes_in_circles(question) {
            return self.refused(question, &ours);
        }
        self.same(&graph_sorted(&ours), &graph_sorted(alembic), question, &"the graph");
        let calls = question.calls.iter().zip(ours.calls.iter().zip(&alembic.calls));
        let open = leaves_order_open(question, &ours);
        for (call, (ours, theirs)) in calls {
            let (mut ours, mut theirs) = (without_tracebacks(ours), without_tracebacks(theirs));
            sort_call(&mut ours, open);
            sort_call(&mut theirs, open);
            self.same(&ours, &theirs, question, call);
        }
    }

    /// Some graphs that go round in circles are fine by Alembic, which then hangs.
    fn refused(&mut self, question: &Question, ours: &Answer) {
        self.compared += 1;
        if is_done(ours) {
            self.differences.push(format!("a circle is not refused: {:?}", question.revisions));
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, ours: &T, theirs: &T, question: &Question, what: &dyn Debug) {
        self.compared += 1;
        if ours != theirs {
            let revisions: Vec<String> =
                question.revisions.iter().map(|given| format!("    {given:?}")).collect();
            self.differences.push(format!(
                "{what:?}\n  Alembic: {theirs:?}\n  Dunlin:  {ours:?}\n{}",
                revisions.join("\n")
            ));
        }
    }

    pub fn finish(&self) {
        let shown: Vec<&str> = self.differences.iter().take(SHOWN).map(String::as_str).collect();
        assert!(
            shown.is_empty(),
            "{} of {} comparisons differ\n{}",
            self.differences.len(),
            self.compared,
            shown.join("\n\n")
        );
    }
}

fn is_done(answer: &Answer) -> bool {
    matches!(answer.graph.outcome, Outcome::Done(_))
}

/// Whether revisions need each other, by whatever way.
fn goes_in_circles(question: &Question) -> bool {
    let mut left: Vec<&Given> = question.revisions.iter().collect();
    loop {
        let before = left.len();
        let is_needed =
            |need: &String| left.iter().any(|other| *need == other.id || other.labels.contains(need));
        let still: Vec<&Given> = left
            .iter()
            .filter(|given| given.down.iter().chain(&given.depends_on).any(is_needed))
            .copied()
            .collect();
        left = still;
        if left.len() == before {
            return !left.is_empty();
        }
    }
}

/// Where Alembic ends with a traceback, our text is our own.
fn without_traceback<T: Clone>(shown: &Shown<T>) -> Shown<T> {
    let mut shown = shown.clone();
    if let Outcome::Crash { crash } = &mut shown.outcome {
        crash.clear();
    }
    shown
}

fn without_tracebacks(shown: &Shown<Called>) -> Shown<Called> {
    let mut shown = without_traceback(shown);
    if let Outcome::Done(Called { crash: Some(crash), .. }) = &mut shown.outcome {
        crash.clear();
    }
    shown
}

/// Whether a revision has several dependencies: they form a set.
fn leaves_order_open(question: &Question, answer: &Answer) -> bool {
    if question.revisions.iter().any(|given| given.depends_on.len() > 1) {
        return true;
    }
    match &answer.graph.outcome {
        Outcome::Done(graph) => graph.nodes.values().any(|node| node.normalized_down.len() > 2),
        Outcome::Error { .. } | Outcome::Crash { .. } => true,
    }
}

fn graph_sorted(answer: &Answer) -> impl PartialEq + Debug + use<> {
    let mut shown = without_traceback(&answer.graph);
    match &mut shown.outcome {
        Outcome::Done(graph) => {
            for node in graph.nodes.values_mut() {
                for list in [&mut node.labels, &mut node.next, &mut node.all_next, &mut node.normalized_down]
                {
                    list.sort();
                }
                for line in [&mut node.log_entry, &mut node.history, &mut node.head] {
                    *line = sorted_words(line);
                }
            }
        }
        Outcome::Error { error } => *error = sorted_words(error),
        Outcome::Crash { .. } => {}
    }
    shown
}

fn sort_call(shown: &mut Shown<Called>, open: bool) {
    match &mut shown.outcome {
        Outcome::Done(called) => {
            // Which of several rows is updated and which are deleted or inserted.
            for statements in &mut called.statements {
                *statements = statements
                    .iter()
                    .map(|statement| statement.split(' ').take(2).collect::<Vec<_>>().join(" "))
                    .collect();
                statements.sort();
            }
            if open {
                called.order.sort();
                called.statements.sort();
                // Where they come to the same rows, by whatever way.
                called.rows = called.rows.last().cloned().into_iter().collect();
            }
            if called.rows.is_empty() && called.statements.is_empty() {
                called.order.sort();
            }
        }
        Outcome::Error { error } => *error = sorted_words(error),
        Outcome::Crash { .. } => {}
    }
}

fn sorted_words(text: &str) -> String {
    let mut words: Vec<&str> =
        text.split([' ', ',', '\n', '(', ')']).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}
