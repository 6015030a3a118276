//! That the measure finds what is different: revisions are changed in a copy of the project, and each change has to show
//! at its own revision and in its own aspect.
//!
//! Each changes little and of each kind one: what a wrong engine could do unnoticed.

use std::fs;

use crate::oracle::oracle;
use crate::runner::Alembic;
use crate::stage::Stage;
use crate::support::ServerKind;
use crate::walk::{Aspect, differences, walk};

struct Plant {
    /// The number of the revision's file.
    revision: &'static str,
    what: &'static str,
    from: &'static str,
    to: &'static str,
    /// Where it has to show.
    shows: &'static [Aspect],
    on: &'static [ServerKind],
}

use Aspect::{Catalog, Rows, Statements, Versions};
use ServerKind::{MariaDb, MySql, Postgres, Sqlite};

const ALL: &[ServerKind] = &ServerKind::ALL;

const PLANTS: &[Plant] = &[
    Plant {
        revision: "001",
        what: "another name of a constraint",
        from: "name_not_empty",
        to: "name_is_given",
        shows: &[Statements, Catalog],
        on: ALL,
    },
    Plant {
        revision: "002",
        what: "another default",
        from: "server_default=\"0\"",
        to: "server_default=\"1\"",
        shows: &[Statements, Catalog],
        on: ALL,
    },
    Plant {
        revision: "003",
        what: "another type",
        from: "sa.Numeric()",
        to: "sa.Numeric(20, 3)",
        shows: &[Statements, Catalog],
        on: ALL,
    },
    Plant {
        revision: "004",
        what: "another check of a domain",
        from: "BETWEEN 0 AND 10",
        to: "BETWEEN 0 AND 9",
        shows: &[Statements, Catalog],
        on: &[Postgres],
    },
    Plant {
        revision: "005",
        what: "another collation",
        from: "latin1_german1_ci",
        to: "latin1_swedish_ci",
        shows: &[Statements, Catalog],
        on: &[MariaDb, MySql],
    },
    Plant {
        revision: "009",
        what: "another start of an identity",
        from: "always=True, start=10",
        to: "always=True, start=11",
        shows: &[Statements, Catalog],
        on: &[Postgres],
    },
    Plant {
        revision: "012",
        what: "another comment",
        from: "One visit of one patient",
        to: "One visit of a patient",
        shows: &[Statements, Catalog],
        on: &[Postgres, MariaDb, MySql],
    },
    Plant {
        revision: "013",
        what: "another action of a foreign key",
        from: "onupdate=\"CASCADE\", ondelete=\"CASCADE\"",
        to: "onupdate=\"CASCADE\", ondelete=\"RESTRICT\"",
        shows: &[Statements, Catalog],
        on: &[Postgres, MariaDb, MySql],
    },
    Plant {
        revision: "015",
        what: "a missing condition of an index",
        from: "sqlite_where=sa.text(\"state = 'planned'\"),",
        to: "",
        shows: &[Statements, Catalog],
        on: &[Sqlite],
    },
    Plant {
        revision: "026",
        what: "a letter in a row",
        from: "\"Emergency\"",
        to: "\"emergency\"",
        shows: &[Statements, Rows],
        on: ALL,
    },
    Plant {
        revision: "033",
        what: "an error that is handled otherwise",
        from: "\"twice\"",
        to: "\"once\"",
        shows: &[Statements, Rows],
        on: ALL,
    },
    Plant {
        revision: "034",
        what: "another query of a view",
        from: "state = 'planned'",
        to: "state <> 'planned'",
        shows: &[Statements, Catalog],
        on: ALL,
    },
    Plant {
        revision: "036",
        what: "another body of a trigger",
        from: "visits + 1",
        to: "visits + 2 - 1",
        shows: &[Statements, Catalog],
        on: ALL,
    },
    Plant {
        revision: "040",
        what: "a statement that changes nothing",
        from: "    op.execute(\"UPDATE temperature SET has_fever = (tenths >= 380)\")\n",
        to: "    op.execute(\"UPDATE temperature SET has_fever = (tenths >= 380)\")\n    op.execute(\"SELECT 1\")\n",
        shows: &[Statements],
        on: ALL,
    },
    Plant {
        revision: "043",
        what: "a value that is rounded",
        from: "\"75.50\"",
        to: "\"75.51\"",
        shows: &[Statements, Rows],
        on: ALL,
    },
];

fn every_plant_is_found(kind: ServerKind) {
    let Some(oracle) = oracle(kind) else { return };
    let stage = Stage::new(kind).expect("the server was there");
    let planted: Vec<&Plant> = PLANTS.iter().filter(|plant| plant.on.contains(&kind)).collect();
    for plant in &planted {
        let path = stage.revision(plant.revision);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(plant.from), "{} has no {:?}", path.display(), plant.from);
        fs::write(&path, text.replace(plant.from, plant.to)).unwrap();
    }
    let mut alembic = Alembic::start(&stage);
    let ups = oracle.revisions;
    let found = walk(&stage, &oracle.commands[..ups], &mut [&mut alembic], |_| 0);
    let differences = differences(&oracle.traces[..ups], &found);
    let mut missed = Vec::new();
    for plant in planted {
        let id = stage.revision_id(plant.revision);
        for aspect in plant.shows {
            let at_it = |step: &str| step.ends_with(&id);
            if !differences.iter().any(|found| at_it(&found.step) && found.aspect == *aspect) {
                missed.push(format!("{} ({}): {aspect:?}", plant.what, plant.revision));
            }
        }
    }
    assert!(missed.is_empty(), "{kind:?}: not found:\n{}", missed.join("\n"));
    assert!(!differences.iter().any(|found| found.aspect == Versions));
}

#[test]
fn every_planted_difference_is_found_on_sqlite() {
    every_plant_is_found(Sqlite);
}

#[test]
fn every_planted_difference_is_found_on_postgres() {
    every_plant_is_found(Postgres);
}

#[test]
fn every_planted_difference_is_found_on_mariadb() {
    every_plant_is_found(MariaDb);
}

#[test]
fn every_planted_difference_is_found_on_mysql() {
    every_plant_is_found(MySql);
}

/// A version row that is wrong while everything else is right.
#[test]
fn a_wrong_version_row_is_found() {
    let Some(oracle) = oracle(Sqlite) else { return };
    let mut wrong = oracle.traces.clone();
    wrong[3].versions.push("alembic_version: 'ffffffffffff'".to_owned());
    let found = differences(&oracle.traces, &wrong);
    assert_eq!(found.iter().map(|found| found.aspect).collect::<Vec<_>>(), [Versions]);
    assert_eq!(found[0].step, oracle.traces[3].step);
}
