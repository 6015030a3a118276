//! Dunlin beside Alembic, alone and in turn.

use crate::oracle::oracle;
use crate::runner::{Alembic, Command, Dunlin, Runner};
use crate::stage::Stage;
use crate::support::{Need, ServerKind, carrier_is_here, needs};
use crate::walk::{Pace, same, walk};

fn dunlin_alone(kind: ServerKind, carrier: &'static str) {
    if !carrier_is_here(carrier) {
        return;
    }
    let Some(oracle) = oracle(kind) else { return };
    let stage = Stage::new(kind).expect("the server was there");
    let mut dunlin = Dunlin::new(&stage, carrier);
    let found = walk(&stage, oracle.pace, &oracle.commands, &mut [&mut dunlin], |_| 0);
    same(&format!("Dunlin ({carrier}) on {kind:?}"), &oracle.traces, &found);
}

/// Every command is handed over to the other, in both directions.
fn in_turn(kind: ServerKind, carrier: &'static str) {
    if !carrier_is_here(carrier) {
        return;
    }
    let Some(oracle) = oracle(kind) else { return };
    // With the other first, each has run each revision.
    let walks = if oracle.pace == Pace::Quick { 1 } else { 2 };
    for first in 0..walks {
        let stage = Stage::new(kind).expect("the server was there");
        let (mut alembic, mut dunlin) = (Alembic::start(&stage), Dunlin::new(&stage, carrier));
        let mut runners: [&mut dyn Runner; 2] = [&mut alembic, &mut dunlin];
        let found = walk(&stage, oracle.pace, &oracle.commands, &mut runners, |step| (step + first) % 2);
        same(&format!("Alembic and Dunlin ({carrier}) in turn on {kind:?}"), &oracle.traces, &found);
    }
}

/// Up to several points by one, from there by the other, and back down by the first.
fn handed_over_half_way(kind: ServerKind, carrier: &'static str) {
    if !carrier_is_here(carrier) {
        return;
    }
    let Some(oracle) = oracle(kind) else { return };
    let (ups, all) = (oracle.ups, oracle.commands.len());
    let points = [(0, ups / 2), (1, ups / 3), (0, ups / 4), (1, ups * 3 / 4)];
    let tried = if oracle.pace == Pace::Quick { 1 } else { points.len() };
    for (first, point) in points.into_iter().take(tried) {
        let stage = Stage::new(kind).expect("the server was there");
        let (mut alembic, mut dunlin) = (Alembic::start(&stage), Dunlin::new(&stage, carrier));
        let mut runners: [&mut dyn Runner; 2] = [&mut alembic, &mut dunlin];
        let whose = |step: usize| {
            let is_between = (point..all - point).contains(&step);
            if is_between { 1 - first } else { first }
        };
        let found = walk(&stage, oracle.pace, &oracle.commands, &mut runners, whose);
        same(&format!("handed over at {point} on {kind:?} ({carrier})"), &oracle.traces, &found);
    }
}

macro_rules! on_every_server {
    ($($name:ident: $check:ident($carrier:literal);)*) => {
        $(
            mod $name {
                use crate::support::ServerKind;

                #[test]
                fn on_sqlite() {
                    super::$check(ServerKind::Sqlite, $carrier);
                }

                #[test]
                fn on_postgres() {
                    super::$check(ServerKind::Postgres, $carrier);
                }

                #[test]
                fn on_mariadb() {
                    super::$check(ServerKind::MariaDb, $carrier);
                }

                #[test]
                fn on_mysql() {
                    super::$check(ServerKind::MySql, $carrier);
                }
            }
        )*
    };
}

on_every_server! {
    the_sandbox_is_as_alembic: dunlin_alone("sandbox");
    the_host_is_as_alembic: dunlin_alone("host");
    the_sandbox_takes_turns_with_alembic: in_turn("sandbox");
    the_host_takes_turns_with_alembic: in_turn("host");
    the_sandbox_takes_over_half_way: handed_over_half_way("sandbox");
}

/// How many beds are left when their ward was rebuilt while foreign keys are checked.
fn beds_after_a_rebuild(runner: impl FnOnce(&Stage) -> Box<dyn Runner>) -> Option<String> {
    if !needs(&[Need::Alembic]) {
        return None;
    }
    let mut stage = Stage::new(ServerKind::Sqlite)?;
    stage.checks_foreign_keys = true;
    let command = Command::new("upgrade", &stage.revision_id("021"));
    runner(&stage).run(&stage, &command).unwrap();
    Some(stage.database.query("SELECT count(*) FROM bed").concat().concat())
}

/// Why the next test is a difference and not an equality.
#[test]
fn alembic_loses_the_children_of_a_rebuilt_table_on_sqlite() {
    let Some(beds) = beds_after_a_rebuild(|stage| Box::new(Alembic::start(stage))) else { return };
    assert_eq!(beds, "0");
}

#[test]
fn dunlin_keeps_the_children_of_a_rebuilt_table_on_sqlite() {
    for carrier in ["sandbox", "host"] {
        if !carrier_is_here(carrier) {
            continue;
        }
        let Some(beds) = beds_after_a_rebuild(|stage| Box::new(Dunlin::new(stage, carrier))) else { return };
        assert_eq!(beds, "3", "{carrier}");
    }
}
