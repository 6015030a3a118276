//! Invariants of `ARCHITECTURE.md` that the compiler alone does not keep.

#![allow(clippy::unwrap_used, reason = "all of this is test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

/// Package name → names of the packages that `Cargo.lock` lists as its dependencies.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let lock: Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter().filter_map(Value::as_table);
    packages
        .map(|package| {
            let needs = package.get("dependencies").and_then(Value::as_array).cloned().unwrap_or_default();
            // `name`, or `name version` where there are several.
            let names = needs.iter().filter_map(|need| need.as_str()?.split(' ').next().map(str::to_owned));
            (package["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

#[test]
fn what_is_known_of_the_tools_depends_on_no_database_driver() {
    let dependencies = dependencies();
    let mut seen = BTreeSet::new();
    let mut left = vec!["dunlin-compat".to_owned()];
    while let Some(name) = left.pop() {
        if seen.insert(name.clone()) {
            left.extend(dependencies.get(&name).cloned().unwrap_or_default());
        }
    }
    assert!(seen.len() > 5, "the closure was not read: {seen:?}");
    for driver in
        ["tokio-postgres", "postgres", "mysql", "mysql_common", "rusqlite", "libsqlite3-sys", "dunlin"]
    {
        assert!(!seen.contains(driver), "dunlin-compat depends on {driver}");
    }
}

/// Rust files below a folder of this repository.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn arrows_go_one_way() {
    let forbidden = [
        ("src/sql", vec!["crate::db", "crate::engine", "crate::cli"]),
        (
            "src/wasm",
            vec!["crate::db", "crate::sql", "crate::engine", "crate::cli", "crate::plugin", "crate::guest"],
        ),
        ("src/db", vec!["crate::sql", "crate::engine", "crate::cli"]),
        ("src/schema", vec!["crate::engine", "crate::cli", "crate::scratch", "crate::verify"]),
        ("src/scratch", vec!["crate::engine", "crate::cli", "crate::verify"]),
        ("src/verify", vec!["crate::cli", "dunlin_compat::flyway", "dunlin_compat::alembic"]),
        (
            "src/squash",
            vec!["crate::cli", "dunlin_compat::flyway", "dunlin_compat::alembic", "dunlin_compat::native"],
        ),
        ("src/engine", vec!["crate::cli", "dunlin_compat::flyway", "dunlin_compat::native"]),
    ];
    for (folder, modules) in forbidden {
        let sources = sources(folder);
        assert!(sources.len() > 3, "{folder} was not read");
        for (path, text) in sources {
            for module in &modules {
                assert!(!text.contains(module), "{path} uses {module}");
            }
        }
    }
}

#[test]
fn no_file_of_the_repository_is_a_link() {
    let listed =
        Command::new("git").args(["ls-files", "--stage"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    // A copy without its history has nothing to list.
    let Ok(listed) = listed else { return };
    let files = String::from_utf8(listed.stdout).unwrap();
    let links: Vec<&str> = files.split('\n').filter(|file| file.starts_with("120000 ")).collect();
    assert_eq!(links, Vec::<&str>::new(), "a link leads to a folder of the machine that it was made on");
}
