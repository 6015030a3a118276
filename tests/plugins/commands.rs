//! `dunlin plugin` as a person uses it.

use std::fs;
use std::path::Path;

use dunlin::plugin::Value;
use insta::assert_snapshot;

use super::made::Made;
use super::support::Project;

fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::with(files);
    fs::create_dir_all(project.path().join("plugins")).unwrap();
    project
}

/// Writes a plugin made by hand to where `made` is found.
fn put(project: &Project, made: &Made) {
    fs::write(project.path().join("plugins/made.wasm"), made.module()).unwrap();
}

const CASE: &str = r#"{
  "table": "orders",
  "columns": { "id": "integer", "amount": "float", "cents": { "kind": "integer", "declared": "bigint", "nullable": false } },
  "rows": [ { "id": 7, "amount": 1.5 }, { "id": 8, "amount": 13 }, { "id": 9, "amount": 2 } ]
  EXPECTED
}"#;

fn case(expected: &str) -> String {
    CASE.replace("EXPECTED", expected)
}

#[test]
fn inspect_says_what_a_plugin_is() {
    let settings = "[plugin.made]\nmemory = \"32MiB\"\ngrant = { clock = true }\n";
    let project = project(&[("dunlin.toml", settings)]);
    put(&project, &Made::default());
    let output = project.dunlin(&["plugin", "inspect", "made"]).success();
    let digest = regex::Regex::new("[0-9a-f]{64}").unwrap().replace(&output.stdout, "DIGEST").into_owned();
    let size = regex::Regex::new(r"\(\d+ bytes\)").unwrap().replace(&digest, "(N bytes)").into_owned();
    assert_snapshot!(size, @"
    plugin     made 0.1.0
               Made by hand
    world      transform, up and down
    interface  built for 1.0.0, this dunlin speaks 1.0.0
    file       plugins/made.wasm (N bytes)
    sha256     DIGEST
    limits     memory 32 MiB, time 10 s a chunk, output 64 MiB a chunk
    granted    clock
    ");
    let json =
        project.dunlin(&["plugin", "inspect", "plugins/made.wasm", "--format", "json"]).success().json();
    assert_eq!(json["worlds"], serde_json::json!(["transform"]));
    assert_eq!(json["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn test_compares_what_comes_out_with_what_is_expected() {
    let expected = r#", "changes": [ { "id": 8, "cents": 1300 } ]"#;
    let project = project(&[
        ("cases/good.json", &case(expected)),
        ("bad.json", &case(r#", "changes": [ { "id": 7, "cents": 150 } ]"#)),
    ]);
    put(&project, &Made { changes: vec![(1, vec![Value::Integer(1300)])], ..Made::default() });
    let good = project.dunlin(&["plugin", "test", "made", "cases/good.json"]).success();
    assert_snapshot!(good.stdout, @"ok  cases/good.json: 3 rows, 1 change, 0 failures");
    let bad = project.dunlin(&["plugin", "test", "made", "bad.json"]).exits(5);
    assert_snapshot!(bad.stdout, @r#"
    FAILED  bad.json: 3 rows, 1 change, 0 failures
      - {"id":8,"cents":1300} was not expected
      - {"id":7,"cents":150} was expected and did not come
    "#);
}

#[test]
fn test_shows_what_comes_out_where_nothing_is_expected() {
    let project = project(&[("orders.json", &case(""))]);
    let made = Made {
        changes: vec![(1, vec![Value::Integer(1300)])],
        failures: vec![(2, Some("amount"), "it is no amount")],
        ..Made::default()
    };
    put(&project, &made);
    assert_snapshot!(project.dunlin(&["plugin", "test", "made", "orders.json"]).success().stdout, @"
    ran  orders.json: 3 rows, 1 change, 1 failure
      id=8  cents: null → 1300
      id=9  amount: it is no amount
    ");
}

#[test]
fn a_plugin_that_crashes_is_one_error_with_advice() {
    let project = project(&[("orders.json", &case(""))]);
    put(&project, &Made { at_thirteen: "unreachable", ..Made::default() });
    let output = project.dunlin(&["plugin", "test", "made", "orders.json", "--format", "json"]).exits(1);
    let error = &output.json()["error"];
    assert_eq!(error["code"], "PLUGIN_FAILED");
    assert_eq!(
        error["message"],
        "plugin made 0.1.0, row id=8: it crashed: wasm `unreachable` instruction executed"
    );
    assert!(error["help"].as_str().unwrap().contains("dunlin plugin test"));
}

#[test]
fn options_that_are_unknown_are_refused() {
    let project =
        project(&[("dunlin.toml", "[plugin.made.options]\ncolour = \"red\"\n"), ("orders.json", &case(""))]);
    put(&project, &Made::default());
    let output = project.dunlin(&["plugin", "test", "made", "orders.json"]).exits(1);
    assert!(output.stderr.contains("it has no option `colour`"), "{output}");
}

#[test]
fn a_secret_that_is_not_there_is_named_by_its_variable() {
    let settings = "[plugin.made.options]\nkey = { env = \"CLINIC_KEY\" }\n";
    let project = project(&[("dunlin.toml", settings)]);
    put(&project, &Made::default());
    let output = project.dunlin(&["plugin", "inspect", "made"]).exits(1);
    assert!(output.stderr.contains("CLINIC_KEY, which is not set"), "{output}");
}

#[test]
fn a_case_file_that_is_wrong_says_where() {
    let wrong = [
        ("{", "EOF while parsing"),
        (r#"{"columns": {"id": "number"}, "rows": []}"#, "\"number\" is no kind of value"),
        (r#"{"columns": {"id": "integer"}, "rows": [{"id": "x"}]}"#, "row 1: the column id is integer"),
        (r#"{"columns": {"id": "integer"}, "rows": [{"ix": 1}]}"#, "row 1 has ix"),
        (r#"{"columns": {"nr": "integer"}, "rows": []}"#, "the key's column id"),
    ];
    for (text, expected) in wrong {
        let project = project(&[("case.json", text)]);
        put(&project, &Made::default());
        let output = project.dunlin(&["plugin", "test", "made", "case.json"]).exits(1);
        let shown = output.stderr.split_whitespace().collect::<Vec<&str>>().join(" ");
        assert!(shown.contains(expected), "{text}\n{output}");
    }
}

#[test]
fn bench_measures() {
    let project = project(&[("orders.json", &case(""))]);
    put(&project, &Made::default());
    let arguments =
        ["plugin", "bench", "made", "orders.json", "--seconds", "1", "--rows", "500", "--format", "json"];
    let json = project.dunlin(&arguments).success().json();
    assert_eq!(json["rows"], 500);
    assert!(json["rowsPerSecond"].as_f64().unwrap() > 0.0);
}

#[test]
fn build_takes_a_core_module_and_writes_a_component() {
    let project = project(&[]);
    fs::write(project.path().join("core.wasm"), Made::default().module()).unwrap();
    let output = project.dunlin(&["plugin", "build", "made", "--from", "core.wasm"]).success();
    assert!(output.stdout.starts_with("Wrote "), "{output}");
    let component = fs::read(project.path().join("plugins/made.wasm")).unwrap();
    assert_eq!(&component[..8], b"\0asm\x0d\0\x01\0");
    project.dunlin(&["plugin", "inspect", "made"]).success();
}

#[test]
fn build_does_not_write_what_does_not_load_over_what_does() {
    let project = project(&[("core.wasm", "no module")]);
    put(&project, &Made::default());
    let before = fs::read(project.path().join("plugins/made.wasm")).unwrap();
    project.dunlin(&["plugin", "build", "made", "--from", "core.wasm"]).exits(1);
    assert_eq!(fs::read(project.path().join("plugins/made.wasm")).unwrap(), before);
}

#[test]
fn new_writes_a_skeleton_once() {
    for (language, file) in [("rust", "src/lib.rs"), ("javascript", "app.js"), ("python", "app.py")] {
        let project = project(&[]);
        let new = ["plugin", "new", "greet-people", "--language", language];
        project.dunlin(&new).success();
        let folder = project.path().join("plugins/greet-people");
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(!text.contains("NAME") && !text.contains("TYPE"), "{text}");
        assert!(folder.join("cases/names.json").is_file());
        assert!(project.path().join("plugins/wit/migration.wit").is_file());
        let again = project.dunlin(&new).exits(1);
        assert!(again.stderr.contains("is there already"), "{again}");
    }
    for wrong in ["Greet", "greet_people", "", "sdk", "-a"] {
        project(&[]).dunlin(&["plugin", "new", "--", wrong]).exits(2);
    }
}

#[test]
fn the_sdk_that_new_writes_is_the_whole_sdk() {
    let project = project(&[]);
    project.dunlin(&["plugin", "new", "greet-people"]).success();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk");
    let files = |folder: &Path| {
        let mut names: Vec<String> = fs::read_dir(folder.join("src"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(files(&project.path().join("plugins/sdk")), files(&root));
}
