//! Packs for Knex: a project without `node_modules`, on a machine without Node, runs on the packages of a pack.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use support::{Database, Need, Output, Project, ServerKind, copy_folder, needs};

struct Shop {
    project: Project,
    database: Database,
}

impl Shop {
    /// Without packages.
    fn new(kind: ServerKind) -> Option<Shop> {
        let database = Database::create(kind)?;
        let project = Project::new();
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_race"), &project.path());
        Some(Shop { project, database })
    }

    /// Runs us without a PATH, with packs of our own.
    fn dunlin(&self, arguments: &[&str]) -> Output {
        let (client, connection) = self.database.knex_connection();
        self.project.dunlin_with(arguments, |command| {
            command.env("DUNLIN_PACKS", self.project.home().join("packs")).env("PATH", "");
            command.env("LIBRARY_CLIENT", client).env("LIBRARY_CONNECTION", connection);
        })
    }

    fn build(&self, more: &[&str]) -> Output {
        let packages = Need::Knex.setting().expect("asked for before");
        let arguments = ["pack", "build", "knex", "--from", &packages];
        self.dunlin(&arguments.iter().chain(more).copied().collect::<Vec<_>>())
    }
}

#[test]
fn a_project_without_packages_runs_on_those_of_a_pack() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for kind in support::servers() {
        let Some(shop) = Shop::new(kind) else { continue };
        let refused = shop.dunlin(&["knex", "migrate:latest"]).fails();
        assert!(refused.stderr.contains("node_modules/knex"), "{refused}");
        assert!(refused.stderr.contains("`dunlin pack build knex`"), "{refused}");
        shop.build(&[]).success();
        shop.dunlin(&["knex", "migrate:latest"]).success();
        let history = shop.database.query("SELECT name FROM knex_migrations ORDER BY id").concat();
        assert_eq!(history, ["1_orders.js", "2_first_orders.js", "3_status.js"], "{kind:?}");
        assert_eq!(
            shop.dunlin(&["pack", "verify", "knex"]).success().stdout,
            "knex-3.3.0: as it was built\n"
        );
    }
}

#[test]
fn a_pack_of_another_version_than_the_project_wants_is_not_taken() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let shop = Shop::new(ServerKind::Sqlite).unwrap();
    shop.build(&[]).success();
    shop.project.write("package.json", r#"{"dependencies": {"knex": "^1.0.0"}}"#);
    let refused = shop.dunlin(&["knex", "migrate:latest"]).fails();
    assert!(
        refused.stderr.contains("the pack knex-3.3.0 is not the knex ^1.0.0 of the project"),
        "{refused}"
    );
    shop.project.write("package.json", r#"{"dependencies": {"knex": "^3.1.0"}}"#);
    shop.dunlin(&["knex", "migrate:latest"]).success();
}

#[test]
fn what_is_asked_for_has_to_be_installed_and_changes_are_seen() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let shop = Shop::new(ServerKind::Sqlite).unwrap();
    let refused = shop.build(&["--with", "knex==9.9.9"]).fails();
    assert!(refused.stderr.contains("has knex 3.3.0, but --with asks for 9.9.9"), "{refused}");
    shop.build(&[]).success();
    let packs = shop.project.home().join("packs");
    fs::write(packs.join("knex-3.3.0/lib/node_modules/knex/knex.js"), "module.exports = null;\n").unwrap();
    let changed = shop.dunlin(&["pack", "verify"]).exits(5);
    assert!(changed.stdout.contains("its SHA-256 has changed"), "{changed}");
}
