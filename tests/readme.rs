//! Every command that README.md and docs/cli.md show is run, and prints what they show.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use support::Project;

/// What stands for the programs that the pages call: the binary under test.
const PROGRAMS: &str = "cargo() { while [ \"$1\" != -- ]; do shift; done; shift; \"$DUNLIN\" \"$@\"; }\n\
                        dunlin() { \"$DUNLIN\" \"$@\"; }\n";

/// What cannot be run here: the tests themselves.
const NOT_RUN: [&str; 1] = ["tests/run"];

#[test]
fn the_readme_shows_what_happens() {
    check("README.md");
}

#[test]
fn the_reference_of_the_command_line_shows_what_happens() {
    check("docs/cli.md");
}

#[test]
fn the_pages_about_backfills_and_plugins_show_what_happens() {
    check("docs/backfill.md");
    check("docs/plugins.md");
}

#[test]
fn the_page_about_squashing_shows_what_happens() {
    check("docs/squash.md");
}

#[test]
fn the_command_that_runs_the_tests_is_there() {
    let output = Command::new(root().join("tests/run")).arg("--help").output().unwrap();
    assert!(output.status.success());
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]+)\)").unwrap();
    for page in [
        "README.md",
        "docs/backfill.md",
        "docs/cli.md",
        "docs/configuration.md",
        "docs/native-format.md",
        "docs/plugins.md",
        "docs/squash.md",
    ] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        for found in link.captures_iter(&text) {
            assert!(folder.join(&found[1]).exists(), "{page}: {}", &found[1]);
        }
    }
}

#[test]
fn every_code_of_an_error_is_in_the_reference() {
    let reference = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let code = Regex::new(r#"(?:refused\(\s*|Failure::new\(\s*|=> )"([A-Z_]{2,})""#).unwrap();
    let mut codes = HashSet::new();
    for folder in ["src/cli", "src/plugin", "compat/src/native"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                codes.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        assert!(reference.contains(&format!("`{code}`")), "{code} is not in docs/cli.md");
    }
}

/// Runs the console blocks of a page in a project like this repository.
fn check(page: &str) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let project = Project::new();
    for folder in [
        "migrations",
        "plugins/split-name/cases",
        "examples/flyway-shop",
        "examples/flyway-shop/sql",
        "examples/tree",
        "examples/tree/migrations",
    ] {
        copy_files(&root().join(folder), &project.path().join(folder));
    }
    for file in ["dunlin.toml", "plugins/split-name.wasm", "plugins/reparent-tree.wasm"] {
        project.write(file, fs::read(root().join(file)).unwrap());
    }
    let mut exports = String::new();
    let examples = examples(&text);
    assert!(!examples.is_empty(), "{page} shows nothing");
    for (command, shown) in examples {
        if command.starts_with("export ") {
            exports.push_str(&command);
            exports.push('\n');
            continue;
        }
        if NOT_RUN.contains(&command.as_str()) {
            continue;
        }
        let script = format!("{PROGRAMS}{exports}{{ {command}\n}} 2>&1");
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(project.path())
            .env("DUNLIN", env!("CARGO_BIN_EXE_dunlin"))
            .env("HOME", project.home())
            .env_remove("DATABASE_URL")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let printed = printed.replace(&project.path().display().to_string(), "<directory>");
        // How far a backfill is, which a terminal shows in its bar.
        let shown_by_terminals = |line: &&str| !(line.starts_with("{\"") && line.contains("\"event\":"));
        let printed: String = printed.split_inclusive('\n').filter(shown_by_terminals).collect();
        assert_eq!(steady(&printed), steady(&shown), "{page}: {command}");
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file()
            && entry.path().extension().is_some_and(|ending| ending != "db")
        {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The commands of the console blocks with what is shown below each.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.split('\n') {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            examples.push((command.to_owned(), String::new()));
        } else if inside && let Some((_, shown)) = examples.last_mut() {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    examples
}

/// Text without times, versions and checksums.
fn steady(text: &str) -> String {
    let patterns = [
        (r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\dZ", "2026-01-02${1}03:04:05Z"),
        (r"\(\d+(\.\d)? m?s\)", "(5 ms)"),
        (r#""milliseconds": \d+"#, r#""milliseconds": 5"#),
        (r"SQLite \d+\.\d+(\.\d+)?", "SQLite 3"),
        (r"\(execution time \d\d:\d\d\.\d{3}s\)", "(execution time 00:00.001s)"),
        (r"'[0-9a-f]{64}'", "'…'"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (pattern, steady)| {
        Regex::new(pattern).unwrap().replace_all(&text, *steady).into_owned()
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
