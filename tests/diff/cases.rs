//! One object of every kind, altered: two databases begin the same, one is changed, and exactly the changes are told.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::objects::{Case, MARIADB_ALONE, MYSQL, MYSQL_ALONE, POSTGRES, SQLITE};
use crate::support::{Database, Output, Project, ServerKind};

/// What every difference is called: `+` and `-` for what is only in one, `~` for a fact that is another.
fn flat(document: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sign = |value: &Value| match value["change"].as_str() {
        Some("added") => "+",
        Some("removed") => "-",
        _ => "",
    };
    let mut found = BTreeSet::new();
    for difference in document["differences"].as_array().unwrap() {
        let name = format!("{} {}", text(&difference["kind"]), text(&difference["name"]));
        let Some(changes) = difference["changes"].as_array() else {
            found.insert(format!("{}{name}", sign(difference)));
            continue;
        };
        for change in changes {
            let part = format!("{} {}", text(&change["part"]["kind"]), text(&change["part"]["name"]));
            match change["change"].as_str().unwrap() {
                "moved" => drop(found.insert(format!("{name} order"))),
                "changed" => {
                    let part = if change["part"].is_null() { String::new() } else { format!(" {part}") };
                    for property in change["properties"].as_array().unwrap() {
                        found.insert(format!("{name}{part} ~{}", text(&property["property"])));
                    }
                }
                _ => drop(found.insert(format!("{name} {}{part}", sign(change)))),
            }
        }
    }
    found
}

fn diff(first: &Database, second: &Database) -> Output {
    Project::new().dunlin(&["diff", &first.url(), &second.url(), "--format", "json"])
}

fn all_are_told(kind: ServerKind, lists: &[&[Case]]) {
    let (Some(first), Some(second)) = (Database::create(kind), Database::create(kind)) else { return };
    let cases = || lists.iter().flat_map(|list| list.iter());
    let script = |statements: &mut dyn Iterator<Item = &str>| -> String {
        statements.filter(|text| !text.is_empty()).map(|text| format!("{text};\n")).collect()
    };
    let setup = script(&mut cases().map(|(setup, _, _)| *setup));
    first.sql(&setup);
    second.sql(&setup);
    let same = diff(&first, &second).exits(0);
    assert_eq!(flat(&same.json()), BTreeSet::new(), "{kind:?}");
    second.sql(&script(&mut cases().map(|(_, change, _)| *change)));
    let output = diff(&first, &second).exits(3);
    let expected: BTreeSet<String> =
        cases().flat_map(|(_, _, names)| names.iter().map(|name| (*name).to_owned())).collect();
    let found = flat(&output.json());
    let missing: Vec<_> = expected.difference(&found).collect();
    let besides: Vec<_> = found.difference(&expected).collect();
    assert!(missing.is_empty() && besides.is_empty(), "{kind:?}: missing {missing:#?}, besides {besides:#?}");
    assert!(!output.stdout.contains("geheim"), "a password of a user mapping is shown");
}

#[test]
fn every_kind_of_object_of_postgresql() {
    all_are_told(ServerKind::Postgres, &[POSTGRES]);
}

#[test]
fn every_kind_of_object_of_mysql() {
    all_are_told(ServerKind::MySql, &[MYSQL, MYSQL_ALONE]);
}

#[test]
fn every_kind_of_object_of_mariadb() {
    all_are_told(ServerKind::MariaDb, &[MYSQL, MARIADB_ALONE]);
}

#[test]
fn every_kind_of_object_of_sqlite() {
    all_are_told(ServerKind::Sqlite, &[SQLITE]);
}
