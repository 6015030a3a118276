//! That the measure finds what is different: migrations are changed in a copy of the project, and each change has to show
//! in its own aspect. Each changes little: what a wrong engine could do unnoticed.

use std::fs;

use crate::oracle::{oracle, shop};
use crate::support::{Aspect, Client, Pace, Version, trace_differences};
use crate::walk::walk;

use Aspect::{Catalog, History, Printed, Rows, Statements};

/// A migration's number, a text in it, what is put in its place, and by what it has to show in each aspect.
type Plant = (&'static str, &'static str, &'static str, &'static [(Aspect, &'static str)]);

const PLANTS: &[Plant] = &[
    ("01", "string('name', 80)", "string('name', 81)", &[(Statements, "varchar(81)"), (Catalog, "(81)")]),
    ("05", "index * 1.25", "index * 1.5", &[(Statements, "34.5"), (Printed, "totals"), (Rows, "34.50")]),
    ("09", "integer('height')", "bigInteger('height')", &[(Statements, "bigint"), (Catalog, "height")]),
    ("16", "{ line: 'two' }", "{ line: 'Two' }", &[(Statements, "Two"), (Rows, "Two")]),
    ("31", "'timeout'", "'time-out'", &[(Printed, "time-out")]),
    ("34", "comment('of the cover')", "comment('of a cover')", &[(Statements, "of a"), (Catalog, "of a")]),
    ("38", "onDelete('RESTRICT')", "onDelete('CASCADE')", &[(Statements, "CASCADE"), (Catalog, "CASCADE")]),
    ("49", "double_width()", "double_width ()", &[(Statements, "double_width ()")]),
    ("52", "(status)'", "(status desc)'", &[(Statements, "desc"), (Catalog, "DESC")]),
];

#[test]
fn every_planted_difference_is_found() {
    let Some(oracle) = oracle(Client::PG, Version::Three, Pace::Quick) else { return };
    let stage = shop(Client::PG, Version::Three).expect("the server was there");
    for (number, from, to, _) in PLANTS {
        let folder = stage.project.path().join("migrations");
        let mut files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        let start = format!("202401010000{number}_");
        let is_meant =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&start);
        let file = files.find(is_meant).unwrap_or_else(|| panic!("there is no migration {number}"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{} has no {from:?}", file.display());
        fs::write(&file, text.replace(from, to)).unwrap();
    }
    // The first two commands run every migration.
    let found = walk(&stage, &oracle.commands[..2], |_, arguments| stage.knex(arguments));
    let mut missed = Vec::new();
    for (number, from, _, shows) in PLANTS {
        for (aspect, mark) in *shows {
            let is_seen = oracle.traces.iter().zip(&found).any(|(expected, found)| {
                let (expected, found) = (expected.lines(*aspect), found.lines(*aspect));
                found.iter().any(|line| line.contains(mark) && !expected.contains(line))
            });
            if !is_seen {
                missed.push(format!("{from} ({number}): {aspect:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
    let seen: Vec<Aspect> =
        trace_differences(&oracle.traces[..2], &found).iter().map(|found| found.aspect).collect();
    for aspect in [Statements, Printed, Catalog, Rows] {
        assert!(seen.contains(&aspect), "{aspect:?} is not compared");
    }
}

/// What no migration can make wrong: a name, a batch, or a lock that is left.
#[test]
fn a_wrong_row_of_the_history_is_found() {
    let Some(oracle) = oracle(Client::SQLITE3, Version::Three, Pace::Quick) else { return };
    for (from, to) in [
        ("'20240101000003_orders.ts'", "'20240101000003_orders.js'"),
        ("'knex_migrations_lock'|1|0", "'knex_migrations_lock'|1|1"),
    ] {
        let mut wrong = oracle.traces.clone();
        let rows = wrong[1].aspects.get_mut(&History).unwrap();
        let changed = rows.iter().map(|row| row.replace(from, to)).collect();
        assert_ne!(*rows, changed, "no {from} in {rows:?}");
        *rows = changed;
        let found = trace_differences(&oracle.traces, &wrong);
        assert_eq!(found.iter().map(|found| found.aspect).collect::<Vec<_>>(), [History]);
    }
}
