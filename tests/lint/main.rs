//! `dunlin lint`: what it finds and how it says so, what it leaves in peace, what it writes, and what it keeps `up` from.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod code;
mod downs;
mod facts;
mod fixes;
mod gate;
mod naming;
mod practice;
mod reports;
mod suppression;
mod unread;
mod verified;
mod weight;

use support::{Output, Project};

/// A shop whose second migration does what should not be done.
fn shop(second: &str) -> Project {
    Project::with(&[
        (
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, status \
             varchar(20), note text);\n\n-- migrate:down\nDROP TABLE orders;\nDROP TABLE customers;\n",
        ),
        ("migrations/2_change.sql", second),
    ])
}

/// Lints without a database.
fn offline(project: &Project, arguments: &[&str]) -> Output {
    let all = [&["lint", "--no-database", "--dialect", "postgres"], arguments].concat();
    project.dunlin(&all)
}

/// The rules of the findings, with the lines, of a project linted as JSON.
fn found(output: &Output) -> Vec<String> {
    let document = output.json();
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            let line = finding["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
            format!("{}{line} {}", finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap())
        })
        .collect()
}
