//! The examples in `plugins/`, compiled anew: those whose compiled form is in the repository do what that does, those in other
//! languages than Rust do what their case files say.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::{Need, Project, copy_folder, needs};

/// Compiles an example into a project, and returns where it is.
fn rebuilt(project: &Project, plugin: &str) -> String {
    let file = project.path().join(format!("rebuilt-{plugin}.wasm")).display().to_string();
    project
        .dunlin_with(&["plugin", "build", plugin, "--output", &file], |command| {
            // Cargo and rustup are where the caller's environment says.
            command.current_dir(env!("CARGO_MANIFEST_DIR")).envs(std::env::vars_os());
            command.env("CARGO_TARGET_DIR", Need::WasmTarget.setting().unwrap());
        })
        .success();
    file
}

fn inspected(project: &Project, plugin: &str) -> [Value; 4] {
    let json = project.dunlin(&["--format", "json", "plugin", "inspect", plugin]).success().json();
    ["name", "version", "interface", "worlds"].map(|key| json[key].clone())
}

/// A project with a plugin as it is in the repository.
fn with_compiled(plugin: &str) -> (Project, String) {
    let project = Project::new();
    let file = format!("plugins/{plugin}.wasm");
    let compiled = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
    project.write(&file, compiled);
    (project, file)
}

#[test]
fn the_compiled_plugin_of_the_demo_does_what_its_source_does() {
    if !needs(&[Need::WasmTarget]) {
        return;
    }
    let (project, compiled) = with_compiled("split-name");
    let rebuilt = rebuilt(&project, "split-name");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/split-name/cases");
    let cases = ["customers.json", "down.json"].map(|case| cases.join(case).display().to_string());
    let results = |plugin: &str| {
        let mut arguments = vec!["--format", "json", "plugin", "test", plugin];
        arguments.extend(cases.iter().map(String::as_str));
        project.dunlin(&arguments).success().json()
    };
    assert_eq!(results(&rebuilt), results(&compiled));
    assert_eq!(inspected(&project, &rebuilt), inspected(&project, &compiled));
}

#[test]
fn the_compiled_plugin_of_the_steps_does_what_its_source_does() {
    if !needs(&[Need::WasmTarget]) {
        return;
    }
    let (project, compiled) = with_compiled("reparent-tree");
    let rebuilt = rebuilt(&project, "reparent-tree");
    assert_eq!(inspected(&project, &rebuilt), inspected(&project, &compiled));
    project.write(
        "migrations/1_tree.sql",
        "-- migrate:up
CREATE TABLE categories (id integer PRIMARY KEY, parent_id integer, name text NOT NULL, path text);
INSERT INTO categories VALUES (1, NULL, 'shop', 'shop'), (2, 1, 'garden', NULL), (3, 1, 'tools', NULL), (4, 3, 'saws', NULL);
-- migrate:step plugin=reparent-tree
-- migrate:down
DROP TABLE categories;
",
    );
    let options = "[plugin.reparent-tree.options]\nbranch = 4\nfrom = 3\nto = 2\n";
    let paths = [&rebuilt, &compiled].map(|plugin| {
        project.write("dunlin.toml", format!("[plugin.reparent-tree]\npath = {plugin:?}\n{options}"));
        let database = super::support::Database::sqlite();
        project.dunlin(&["--url", &database.url(), "up"]).success();
        database.table_rows("categories")
    });
    assert_eq!(paths[0], paths[1]);
    assert!(paths[0].contains("4|2|saws|shop/garden/saws"), "{}", paths[0]);
}

/// Their compilers take a minute and half a gigabyte to install.
#[test]
fn the_examples_in_other_languages_do_what_their_cases_say() {
    if !needs(&[Need::Thorough]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    for (plugin, install) in [
        ("mask-phone", "npm install --no-audit --no-fund"),
        ("title-case", "python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt"),
    ] {
        let project = Project::new();
        for folder in ["wit", plugin] {
            copy_folder(&root.join(folder), &project.path().join("plugins").join(folder));
        }
        let mut installer = Command::new("sh");
        installer.args(["-c", install]).current_dir(project.path().join("plugins").join(plugin));
        assert!(installer.status().unwrap().success(), "{install}");
        // Interpreters and compilers are where the caller's environment says.
        let ours = |arguments: &[&str]| {
            project.dunlin_with(arguments, |command| {
                command.envs(std::env::vars_os());
            })
        };
        ours(&["plugin", "build", plugin]).success();
        ours(&["plugin", "test", plugin]).success();
    }
}
