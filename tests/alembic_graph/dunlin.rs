//! Asks Dunlin the same.

use std::path::PathBuf;

use dunlin_compat::alembic::graph::{Graph as OurGraph, GraphError, NodeId, Warning};
use dunlin_compat::alembic::identifier::Place;
use dunlin_compat::alembic::output::{self, CommandError, Line};
use dunlin_compat::alembic::revision::Revision;
use dunlin_compat::alembic::traversal::End;
use dunlin_compat::alembic::version_table::{Rows, VersionStep, VersionTable};
use dunlin_compat::model::{Dialect, Quoting, Server};

use crate::oracle::{Answer, Call, Called, Given, Graph, Kind, Node, Outcome, Question, Shown};

pub fn answer(question: &Question) -> Answer {
    let built = OurGraph::build(question.revisions.iter().map(revision).collect());
    let warnings = texts(&built.warnings);
    match built.graph {
        Ok(graph) => Answer {
            graph: Shown { outcome: Outcome::Done(shown(&graph)), warnings },
            calls: question.calls.iter().map(|call| answer_call(&graph, call)).collect(),
        },
        Err(error) => {
            let outcome = match error {
                GraphError::Crash(crash) => Outcome::Crash { crash: crash.message },
                error => Outcome::Error { error: error.to_string() },
            };
            Answer { graph: Shown { outcome, warnings }, calls: Vec::new() }
        }
    }
}

fn revision(given: &Given) -> Revision {
    Revision {
        id: given.id.clone(),
        down_revisions: given.down.clone(),
        depends_on: given.depends_on.clone(),
        branch_labels: given.labels.clone(),
        docstring: given.doc.clone(),
        path: PathBuf::from(&given.path),
        source: String::new(),
        location: 0,
    }
}

fn texts(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}

fn shown(graph: &OurGraph) -> Graph {
    Graph {
        heads: graph.ids(graph.heads()),
        real_heads: graph.ids(graph.real_heads()),
        bases: graph.ids(graph.bases()),
        nodes: graph.revisions().map(|node| (graph.id(node).to_owned(), shown_node(graph, node))).collect(),
    }
}

fn shown_node(graph: &OurGraph, id: NodeId) -> Node {
    let node = graph.node(id);
    let history = Line { branches: true, doc: true, parents: true, tree: true, current: false };
    Node {
        labels: node.labels().to_vec(),
        next: graph.ids(node.next()),
        all_next: graph.ids(node.all_next()),
        normalized_down: graph.ids(&node.normalized_down()),
        line: output::one_line(graph, id),
        log_entry: output::entry(graph, id, false),
        history: output::line(graph, id, history),
        head: output::line(graph, id, Line { branches: true, ..Line::default() }),
        current: output::line(graph, id, Line { tree: true, ..Line::default() }),
    }
}

fn answer_call(graph: &OurGraph, call: &Call) -> Shown<Called> {
    let mut warnings = Vec::new();
    let result = called(graph, call, &mut warnings);
    let warnings = texts(&warnings);
    let outcome = match result {
        Ok(called) => Outcome::Done(called),
        Err(CommandError::Crash(crash)) => Outcome::Crash { crash: crash.message },
        Err(error) => Outcome::Error { error: error.to_string() },
    };
    Shown { outcome, warnings }
}

fn called(graph: &OurGraph, call: &Call, warnings: &mut Vec<Warning>) -> Result<Called, CommandError> {
    let rows = &call.rows;
    let ids = |nodes: &[NodeId]| Called { order: graph.ids(nodes), ..Called::default() };
    let places = |places: Vec<Place>| Called {
        order: places
            .iter()
            .map(|place| match place {
                Place::Nowhere => "None".to_owned(),
                Place::Base => "base".to_owned(),
                Place::At(node) => graph.id(*node).to_owned(),
            })
            .collect(),
        ..Called::default()
    };
    match &call.kind {
        Kind::Upgrade { target } => {
            let found = graph.upgrade(target, rows, warnings);
            let found = found.map_err(|error| CommandError::of_upgrade(error, target))?;
            Ok(steps(graph, found.into_iter().map(VersionStep::Upgrade), rows))
        }
        Kind::Downgrade { target } => {
            let found = graph.downgrade(target, rows, warnings);
            let found = found.map_err(|error| CommandError::of_downgrade(error, target))?;
            Ok(steps(graph, found.into_iter().map(VersionStep::Downgrade), rows))
        }
        Kind::Stamp { targets } => {
            let found = graph.stamp(targets, rows).map_err(CommandError::of_stamp)?;
            Ok(steps(graph, found.into_iter().map(VersionStep::Stamp), rows))
        }
        Kind::History { base, head } => {
            let (lower, upper) = (end(base, "base"), end(head, "heads"));
            let found = graph.history(lower, upper, warnings);
            Ok(ids(&found.map_err(|error| CommandError::of_range(error, lower, upper))?))
        }
        Kind::HistoryCurrent { head } => {
            let lower = if rows.is_empty() { End::One("base") } else { End::Several(rows) };
            let upper = end(head, "heads");
            let found = graph.history(lower, upper, warnings);
            Ok(ids(&found.map_err(|error| CommandError::of_range(error, lower, upper))?))
        }
        Kind::Find { target } => {
            let found = graph.find(target).map_err(CommandError::of_lookup)?;
            Ok(ids(&found.into_iter().collect::<Vec<_>>()))
        }
        Kind::FindAll { target } => Ok(places(graph.find_all(target).map_err(CommandError::of_lookup)?)),
        Kind::NewRevision { targets } => {
            let found = graph.find_each(targets).map_err(CommandError::of_lookup);
            Ok(places(found.map_err(|error| match error {
                CommandError::Failed(text) if text.starts_with("Multiple head") => {
                    CommandError::Failed("several heads".to_owned())
                }
                error => error,
            })?))
        }
        Kind::Current => {
            let found = graph.current(rows).map_err(CommandError::of_lookup)?;
            Ok(ids(&found))
        }
    }
}

fn end<'a>(text: &'a str, default: &'a str) -> End<'a> {
    End::One(if text.is_empty() { default } else { text })
}

fn steps(graph: &OurGraph, steps: impl Iterator<Item = VersionStep>, rows: &[String]) -> Called {
    let table = VersionTable::default();
    let server = server();
    let mut rows = Rows::new(rows);
    let mut called = Called::default();
    for step in steps {
        called.order.push(output::running(graph, &step));
        let changes = match rows.advance(graph, &step) {
            Ok(changes) => changes,
            Err(error) => {
                called.crash = Some(error.to_string());
                return called;
            }
        };
        called.statements.push(changes.iter().map(|change| table.change(change, &server)).collect());
        let mut now = rows.ids().to_vec();
        now.sort();
        called.rows.push(now);
    }
    called
}

fn server() -> Server {
    Server {
        dialect: Dialect::Postgres,
        version: (17, 0, 0),
        version_text: "17".to_owned(),
        database: "shop".to_owned(),
        schema: "public".to_owned(),
        user: "shop".to_owned(),
        search_path: "public".to_owned(),
        session_id: 1,
        quoting: Quoting::of(Dialect::Postgres).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    }
}
