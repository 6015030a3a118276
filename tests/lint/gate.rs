//! What the rules keep `up` from.

use super::shop;
use super::support::{Database, Need, databases, needs};

const RENAME: &str = "-- migrate:up\nALTER TABLE orders RENAME COLUMN status TO state;\n\n-- migrate:down\nALTER TABLE orders RENAME COLUMN state TO status;\n";

#[test]
fn an_error_stops_up_before_anything_is_sent() {
    for database in databases() {
        let project = shop(RENAME);
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
        let before = database.tables();
        let output = project.dunlin(&["up", "--url", &url]);
        assert_eq!(output.status, 5, "{:?}: {}", database.kind(), output.stderr);
        assert!(output.stderr.contains("rename-column"), "{}", output.stderr);
        assert!(output.stderr.contains("nothing was run"), "{}", output.stderr);
        assert_eq!(database.tables(), before, "{:?}", database.kind());
        project.dunlin(&["up", "--no-lint", "--url", &url]).success();
    }
}

#[test]
fn a_comment_with_a_reason_lets_it_pass_and_so_do_settings() {
    for pass in ["comment", "settings"] {
        let database = Database::sqlite();
        let project = shop(RENAME);
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
        if pass == "comment" {
            let allowed =
                RENAME.replacen("ALTER", "-- dunlin:allow rename-column: nothing is deployed yet\nALTER", 1);
            project.write("migrations/2_change.sql", allowed);
        } else {
            project.write("dunlin.toml", "[lint]\nup = \"never\"\n");
        }
        project.dunlin(&["up", "--url", &url]).success();
    }
}

#[test]
fn a_fresh_database_takes_the_whole_history() {
    for database in databases() {
        let project = shop(RENAME);
        project.dunlin(&["up", "--url", &database.url()]).success();
    }
}

#[test]
fn what_stopped_up_is_told_in_json() {
    let database = Database::sqlite();
    let project = shop(RENAME);
    let url = database.url();
    project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
    database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
    let error = project.dunlin(&["up", "--format", "json", "--url", &url]).json();
    assert_eq!(error["error"]["code"], "UNSAFE");
    assert_eq!(error["error"]["problems"][0]["code"], "rename-column");
    assert_eq!(error["error"]["problems"][0]["path"], "migrations/2_change.sql");
}

#[test]
fn a_house_rule_of_a_plugin_looks_too() {
    if !needs(&[Need::WasmTarget]) {
        return;
    }
    let database = Database::sqlite();
    let project = shop(
        "-- migrate:up\nALTER TABLE orders ADD COLUMN customer_id bigint REFERENCES customers (id);\n\n-- migrate:down\n-- dunlin:allow drop-column: new\nALTER TABLE orders DROP COLUMN customer_id;\n",
    );
    let file = project.path().join("plugins/require-index.wasm").display().to_string();
    std::fs::create_dir_all(project.path().join("plugins")).unwrap();
    project
        .dunlin_with(&["plugin", "build", "require-index", "--output", &file], |command| {
            // Cargo and rustup are where the caller's environment says.
            command.current_dir(env!("CARGO_MANIFEST_DIR")).envs(std::env::vars_os());
            command.env("CARGO_TARGET_DIR", Need::WasmTarget.setting().unwrap());
        })
        .success();
    project.write("dunlin.toml", "[lint]\nplugins = [\"require-index\"]\n");
    let url = database.url();
    project.dunlin(&["up", "--steps", "1", "--no-lint", "--url", &url]).success();
    let output = project.dunlin(&["up", "--url", &url]);
    assert_eq!(output.status, 5, "{}", output.stderr);
    assert!(output.stderr.contains("require-index/foreign-key-without-index"), "{}", output.stderr);
}
