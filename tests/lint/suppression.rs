//! Comments that allow a finding.

use super::{found, offline, shop};

fn with_comment(comment: &str) -> Vec<String> {
    let project = shop(&format!(
        "-- migrate:up\n{comment}\nALTER TABLE orders DROP COLUMN note;\n\n-- migrate:down\nALTER TABLE orders ADD COLUMN note text;\n"
    ));
    found(&offline(&project, &["--format", "json", "migrations/2_change.sql"]))
}

#[test]
fn a_finding_is_allowed_with_a_reason() {
    assert_eq!(with_comment("-- nothing"), ["drop-column:3 warning"]);
    assert!(with_comment("-- dunlin:allow drop-column: nobody reads it since 4.2").is_empty());
    assert!(with_comment("-- dunlin:allow drop-column until=2999-12-31: nobody reads it").is_empty());
}

#[test]
fn what_is_not_in_force_allows_nothing_and_is_found_itself() {
    let both = ["drop-column:3 warning", "stale-suppression:2 warning"];
    let sorted = |mut found: Vec<String>| {
        found.sort();
        found
    };
    assert_eq!(sorted(with_comment("-- dunlin:allow drop-column")), both);
    assert_eq!(sorted(with_comment("-- dunlin:allow drop-column until=2020-01-31: soon")), both);
    assert_eq!(sorted(with_comment("-- dunlin:allow drop-column until=soon: soon")), both);
    assert_eq!(sorted(with_comment("-- dunlin:allow drop-tabel: a slip")), both);
    assert_eq!(sorted(with_comment("-- dunlin:allow drop-table: another rule")), both);
}

#[test]
fn a_comment_is_about_one_statement_and_that_of_a_file_about_all() {
    let second = |comment: &str| {
        format!(
            "{comment}\n-- migrate:up\n-- dunlin:allow drop-column: gone\nALTER TABLE orders DROP COLUMN note;\nALTER TABLE orders DROP \
             COLUMN status;\n\n-- migrate:down\n-- They are gone.\n"
        )
    };
    let project = shop(&second(""));
    let output = offline(&project, &["--format", "json", "migrations/2_change.sql"]);
    assert!(found(&output).contains(&"drop-column:5 warning".to_owned()), "{}", output.stdout);
    let project = shop(&second("-- dunlin:allow-file drop-column: gone since 4.2"));
    let output = offline(&project, &["--format", "json", "migrations/2_change.sql"]);
    assert!(!output.stdout.contains("\"drop-column\""), "{}", output.stdout);
}

#[test]
fn settings_turn_rules_off_and_set_their_severity() {
    let project =
        shop("-- migrate:up\nALTER TABLE orders DROP COLUMN note;\n\n-- migrate:down\n-- It is gone.\n");
    project.write("dunlin.toml", "[lint.severity]\ndrop-column = \"error\"\n");
    let output = offline(&project, &["--format", "json", "migrations/2_change.sql"]);
    assert_eq!((output.status, found(&output)), (5, vec!["drop-column:2 error".to_owned()]));
    project.write("dunlin.toml", "[lint]\noff = [\"drop-column\"]\n");
    let output = offline(&project, &["--format", "json", "migrations/2_change.sql"]);
    assert_eq!((output.status, found(&output)), (0, vec![]));
    project.write("dunlin.toml", "[lint]\noff = [\"drop-colum\"]\n");
    let output = offline(&project, &[]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("Did you mean drop-column?"), "{}", output.stderr);
}
