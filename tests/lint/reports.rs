//! How findings are said.

use insta::assert_snapshot;
use serde_json::json;

use super::support::{Output, Project};
use super::{found, offline, shop};

const RENAME: &str = "-- migrate:up\nALTER TABLE orders RENAME COLUMN status TO state;\n\n-- migrate:down\nALTER TABLE orders RENAME COLUMN state TO status;\n";

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    assert_eq!(output.status, code, "{}{}", output.stdout, output.stderr);
    output.stdout.clone()
}

#[test]
fn people_see_the_statement_the_lock_and_the_safe_form() {
    let project = shop(RENAME);
    assert_snapshot!(ended(&offline(&project, &["migrations/2_change.sql"]), 5));
}

#[test]
fn a_sound_project_is_said_to_be_sound() {
    let project = shop(
        "-- migrate:up\nALTER TABLE orders ADD COLUMN paid boolean;\n\n-- migrate:down\nALTER TABLE orders DROP COLUMN paid;\n",
    );
    assert_eq!(
        ended(&offline(&project, &["migrations/1_orders.sql"]), 0),
        "1 migration checked, nothing found.\n"
    );
}

#[test]
fn github_gets_workflow_commands_with_their_special_characters_escaped() {
    let project = shop(RENAME);
    let text = ended(&offline(&project, &["--reporter", "github", "migrations/2_change.sql"]), 5);
    let first = text.split('\n').next().unwrap();
    assert!(
        first.starts_with("::error file=migrations/2_change.sql,line=2,col=20,title=rename-column::"),
        "{first}"
    );
    assert!(text.trim_end().split('\n').all(|line| line.starts_with("::")), "{text}");
}

#[test]
fn gitlab_gets_issues_whose_fingerprints_do_not_move_with_lines() {
    let project = shop(RENAME);
    let fingerprints = |project: &Project| {
        let output = offline(project, &["--reporter", "gitlab", "migrations/2_change.sql"]);
        let issues: serde_json::Value = serde_json::from_str(&ended(&output, 5)).unwrap();
        let issue = &issues[0];
        assert_eq!(issue["check_name"], "rename-column");
        assert_eq!(issue["location"]["path"], "migrations/2_change.sql");
        let all: Vec<String> =
            issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].to_string()).collect();
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "{all:?}");
        all
    };
    let before = fingerprints(&project);
    project.write("migrations/2_change.sql", format!("-- A line more.\n{RENAME}"));
    assert_eq!(fingerprints(&project), before);
}

#[test]
fn sarif_names_the_rule_and_the_place() {
    let project = shop(RENAME);
    let output = offline(&project, &["--reporter", "sarif", "migrations/2_change.sql"]);
    let log: serde_json::Value = serde_json::from_str(&ended(&output, 5)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "rename-column");
    assert_eq!(result["level"], "error");
    assert_eq!(
        result["locations"][0]["physicalLocation"],
        json!({
            "artifactLocation": { "uri": "migrations/2_change.sql" },
            "region": { "startLine": 2, "startColumn": 20 }
        })
    );
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "rename-column"));
}

#[test]
fn only_what_changed_since_a_revision_is_checked() {
    let project = shop(RENAME);
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .current_dir(project.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "Begin"]);
    assert_eq!(ended(&offline(&project, &["--since", "main"]), 0), "0 migrations checked, nothing found.\n");
    project.write(
        "migrations/3_drop.sql",
        "-- migrate:up\nDROP TABLE orders;\n\n-- migrate:down\n-- It is gone.\n",
    );
    let output = offline(&project, &["--since", "main", "--format", "json"]);
    assert_eq!(found(&output), ["drop-table:2 warning"]);
    let output = offline(&project, &["--since", "nowhere"]);
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("nowhere"), "{}", output.stderr);
}

#[test]
fn code_is_said_to_be_unseen() {
    let project = Project::with(&[
        ("knexfile.js", "module.exports = { client: 'pg', connection: 'postgres://localhost/shop' };\n"),
        (
            "migrations/20240101000000_orders.js",
            "exports.up = (knex) => knex.schema.dropTable('orders');\nexports.down = (knex) => knex.schema.createTable('orders');\n",
        ),
        ("node_modules/knex/package.json", "{ \"name\": \"knex\", \"version\": \"3.1.0\" }\n"),
    ]);
    let output = project.dunlin(&["lint", "--no-database"]);
    assert_eq!(
        ended(&output, 0),
        "1 migration is code: its statements are known only when it runs. `dunlin lint --run-code` runs it on a scratch database.\n\
         1 migration checked, nothing found.\n"
    );
}

#[test]
fn the_pages_of_the_rules_are_what_explain_prints() {
    let project = Project::new();
    let rules = project.dunlin(&["lint", "--rules", "--format", "json"]).success().json();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let mut names = std::collections::BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let page = project.dunlin(&["lint", "--explain", id]).success().stdout.clone();
        let file = folder.join(format!("{id}.md"));
        if std::env::var_os("DUNLIN_WRITE_RULE_PAGES").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(written, page, "{}: run this test with DUNLIN_WRITE_RULE_PAGES=1", file.display());
        names.insert(format!("{id}.md"));
    }
    let there: std::collections::BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, names);
}

#[test]
fn a_rule_that_there_is_not_is_told_with_the_nearest() {
    let output = Project::new().dunlin(&["lint", "--explain", "rename-colum"]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("Did you mean rename-column?"), "{}", output.stderr);
}

#[test]
fn mariadb_is_not_taken_for_mysql() {
    let project =
        shop("-- migrate:up\nALTER TABLE orders MODIFY note text;\n\n-- migrate:down\n-- Nothing.\n");
    let lock = |dialect: &str, version: &str| {
        let arguments =
            ["lint", "--no-database", "--dialect", dialect, "--server-version", version, "--format", "json"];
        let document = project.dunlin(&arguments).json();
        let findings = document["findings"].as_array().unwrap();
        let locks = findings.iter().filter_map(|finding| finding["server"][0]["lock"].as_str());
        locks.map(str::to_owned).collect::<Vec<String>>()
    };
    let (mysql, mariadb) = (lock("mysql", "9.4.0"), lock("mariadb", "11.4.0"));
    assert!(mysql.contains(&"ALGORITHM=COPY, LOCK=SHARED".to_owned()), "{mysql:?}");
    // It copies while others write, from 11.2 on.
    assert!(mariadb.contains(&"ALGORITHM=COPY, LOCK=NONE".to_owned()), "{mariadb:?}");
}

#[test]
fn without_a_database_the_kind_of_server_has_to_be_named() {
    let output = shop(RENAME).dunlin(&["lint", "--no-database"]);
    assert_eq!(output.status, 2, "{output}");
    assert!(output.stderr.contains("--dialect postgres, mysql, mariadb or sqlite"), "{output}");
}

#[test]
fn the_files_of_a_flyway_project_are_checked_as_if_the_database_were_empty() {
    for url in ["jdbc:postgresql://localhost/shop", "jdbc:mysql://localhost/shop", "jdbc:sqlite:shop.db"] {
        let project = Project::with(&[
            (
                "flyway.toml",
                &format!(
                    "[environments.default]\nurl = \"{url}\"\n[flyway]\nlocations = [\"filesystem:sql\"]\n"
                ),
            ),
            ("sql/V1__orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(20));\n"),
            ("sql/V2__note.sql", "ALTER TABLE orders DROP COLUMN note;\n"),
        ]);
        let output = project.dunlin(&["lint", "--no-database", "--format", "json"]);
        assert!(found(&output).iter().any(|found| found.starts_with("drop-column")), "{url} {output}");
    }
}
