//! SQLite changes most of a table by putting another in its place. Rails loses the rows that refer to it with `ON DELETE CASCADE`
//! when that happens in a transaction; we lose none, and foreign keys do otherwise what they do with Rails.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Need, RailsAdapter, RailsStage, needs, rails_is_here};

fn shelves() -> RailsStage {
    RailsStage::of("rails/rebuild", RailsAdapter::SQLITE, "7.2").expect("SQLite is always there")
}

fn books(stage: &RailsStage) -> Vec<String> {
    stage.database.query("SELECT id FROM books ORDER BY id").concat()
}

#[test]
fn rails_loses_rows_in_a_rebuild() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    let stage = shelves();
    stage.rails(&["db:migrate:up", "VERSION=1"]).success();
    assert_eq!(books(&stage), ["1", "2"]);
    stage.rails(&["db:migrate:up", "VERSION=2"]).success();
    assert!(books(&stage).is_empty());
}

#[test]
fn no_rows_are_lost_in_a_rebuild() {
    for carrier in ["sandbox", "host"] {
        if !rails_is_here(carrier) {
            return;
        }
        let stage = shelves();
        for version in ["VERSION=1", "VERSION=2", "VERSION=3"] {
            stage.dunlin(carrier, &["db:migrate:up", version]).success();
            assert_eq!(books(&stage), ["1", "2"], "{carrier} {version}");
        }
        let columns = stage.database.query("SELECT name, \"notnull\" FROM pragma_table_info('shelves')");
        assert_eq!(columns, [["id", "1"], ["place", "1"]], "{carrier}");
        assert!(stage.database.query("PRAGMA foreign_key_check").is_empty(), "{carrier}");
    }
}

#[test]
fn foreign_keys_do_what_they_do_with_rails() {
    if !rails_is_here("sandbox") {
        return;
    }
    let theirs = shelves();
    theirs.rails(&["db:migrate:up", "VERSION=1"]).success();
    let expected = theirs.rails(&["db:migrate:up", "VERSION=4"]).success();
    assert!(expected.stdout.contains("FOREIGN KEY constraint failed"), "{expected}");
    assert_eq!(books(&theirs), ["1"]);
    for carrier in ["sandbox", "host"] {
        let ours = shelves();
        ours.dunlin(carrier, &["db:migrate:up", "VERSION=1"]).success();
        let found = ours.dunlin(carrier, &["db:migrate:up", "VERSION=4"]).success();
        assert!(found.stdout.contains("FOREIGN KEY constraint failed"), "{carrier}: {found}");
        assert_eq!(books(&ours), ["1"], "{carrier}");
    }
}
