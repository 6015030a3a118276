//! Names, as the project wants them.

use crate::support::Project;
use crate::{found, offline};

fn project(settings: &str) -> Project {
    Project::with(&[
        ("dunlin.toml", settings),
        (
            "migrations/1_orders.sql",
            "-- migrate:up\n\
             CREATE TABLE \"Orders\" (\n  id bigint PRIMARY KEY,\n  \"customerId\" bigint,\n  note text CONSTRAINT noted CHECK (note <> '')\n);\n\
             CREATE INDEX orders_note ON \"Orders\" (note);\n\
             -- migrate:down\nDROP TABLE \"Orders\";\n",
        ),
    ])
}

fn names(project: &Project) -> Vec<String> {
    let output = offline(project, &["--format", "json"]);
    let json = output.json();
    let findings = json["findings"].as_array().unwrap();
    let of_names = findings.iter().filter(|finding| finding["rule"] == "naming-policy");
    of_names.map(|finding| format!("{}: {}", finding["line"], finding["message"].as_str().unwrap())).collect()
}

#[test]
fn nothing_is_wanted_of_names_unless_the_project_says_so() {
    let project = project("");
    assert!(!found(&offline(&project, &["--format", "json"])).iter().any(|found| found.contains("naming")));
}

#[test]
fn what_the_project_says_is_wanted_of_the_objects_that_it_names() {
    let wanted = "[lint.naming]\ntable = \"snake_case\"\nindex = \"idx_.+\"\ncheck = \".+_check\"\n";
    assert_eq!(
        names(&project(wanted)),
        [
            "2: `Orders` is not what this project's table names look like: `snake_case`",
            "5: `noted` is not what this project's check names look like: `.+_check`",
            "7: `orders_note` is not what this project's index names look like: `idx_.+`",
        ]
    );
    assert_eq!(names(&project("[lint]\non = [\"naming-policy\"]\n")).len(), 2, "the table and a column");
}

#[test]
fn a_pattern_that_is_none_is_refused_with_its_line() {
    for (settings, told) in [
        ("[lint.naming]\ntable = \"(\"\n", "`(` is no regular expression"),
        ("[lint.naming]\nview = \"v_.+\"\n", "unknown variant `view`"),
    ] {
        let output = offline(&project(settings), &[]);
        assert_eq!(output.status, 1, "{output}");
        assert!(output.stderr.contains("dunlin.toml:2") && output.stderr.contains(told), "{output}");
    }
}
