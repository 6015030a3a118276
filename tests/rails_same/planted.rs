//! That the measure finds what is different: migrations are changed in a copy of the project, and each change has to show
//! in its own aspect. Each changes little: what a wrong engine could do unnoticed.

use std::fs;

use crate::oracle::{clinic, oracle};
use crate::support::{Aspect, Pace, RailsAdapter, trace_differences};
use crate::walk::walk;

use Aspect::{Catalog, History, Printed, Rows, Schema, Statements};

/// A migration, a text in it, what is put in its place, and by what it has to show in each aspect.
type Plant = (u64, &'static str, &'static str, &'static [(Aspect, &'static str)]);

const PLANTS: &[Plant] = &[
    (1, "limit: 80", "limit: 81", &[(Statements, "varying(81)"), (Catalog, "(81)"), (Schema, "limit: 81")]),
    (20180701000000, "1.5 * number", "1.25 * number", &[(Statements, "1.25")]),
    (20180801000000, "\"p#{number}@", "\"q#{number}@", &[(Statements, "q7@"), (Rows, "q7@")]),
    (20190801000000, "\"two\"", "\"Two\"", &[(Statements, "Two"), (Rows, "Two")]),
    (20190901000000, "refused:", "Refused:", &[(Printed, "Refused")]),
    (20200401000000, "BETWEEN 1 AND 5", "BETWEEN 1 AND 6", &[(Catalog, "6"), (Schema, "<= 6")]),
    (20220102000000, "default: []", "default: [\"x\"]", &[(Statements, "{x}"), (Schema, "[\"x\"]")]),
    (20220105000000, "include: [:room]", "include: [:id]", &[(Catalog, "INCLUDE (id)")]),
    (20220106000000, "who is where", "who was where", &[(Statements, "who was"), (Catalog, "who was")]),
];

#[test]
fn every_planted_difference_is_found() {
    let Some(oracle) = oracle(RailsAdapter::POSTGRES, "7.2", Pace::Quick) else { return };
    let stage = clinic(RailsAdapter::POSTGRES, "7.2").expect("the server was there");
    for (version, from, to, _) in PLANTS {
        let file = stage.migration(*version);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{} has no {from:?}", file.display());
        fs::write(&file, text.replace(from, to)).unwrap();
    }
    // The first two commands run every migration.
    let found = walk(&stage, &oracle.commands[..2], |arguments| stage.rails(arguments));
    let mut missed = Vec::new();
    for (version, from, _, shows) in PLANTS {
        for (aspect, mark) in *shows {
            let is_seen = oracle.traces.iter().zip(&found).any(|(expected, found)| {
                let (expected, found) = (expected.lines(*aspect), found.lines(*aspect));
                found.iter().any(|line| line.contains(mark) && !expected.contains(line))
            });
            if !is_seen {
                missed.push(format!("{from} ({version}): {aspect:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
    let seen: Vec<Aspect> =
        trace_differences(&oracle.traces[..2], &found).iter().map(|found| found.aspect).collect();
    for aspect in [Statements, Printed, Schema, Catalog, Rows] {
        assert!(seen.contains(&aspect), "{aspect:?} is not compared");
    }
}

/// What no migration can make wrong: a version, or the environment.
#[test]
fn a_wrong_row_of_the_history_is_found() {
    let Some(oracle) = oracle(RailsAdapter::SQLITE, "7.2", Pace::Quick) else { return };
    for (from, to) in [("'20160105101500'", "'20160105101501'"), ("'development'", "'default_env'")] {
        let mut wrong = oracle.traces.clone();
        let rows = wrong[1].aspects.get_mut(&History).unwrap();
        let changed = rows.iter().map(|row| row.replace(from, to)).collect();
        assert_ne!(*rows, changed, "no {from} in {rows:?}");
        *rows = changed;
        let found = trace_differences(&oracle.traces, &wrong);
        assert_eq!(found.iter().map(|found| found.aspect).collect::<Vec<_>>(), [History]);
    }
}
