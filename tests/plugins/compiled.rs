//! The plugin that the demo in `migrations/` uses is in the repository as it was compiled; here it is compiled anew.

use std::path::Path;

use super::support::{Need, Project, needs};

#[test]
fn the_compiled_plugin_of_the_demo_does_what_its_source_does() {
    if !needs(&[Need::WasmTarget]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new();
    project.write("plugins/split-name.wasm", std::fs::read(root.join("plugins/split-name.wasm")).unwrap());
    let arguments = ["plugin", "build", "split-name", "--output"];
    let rebuilt = project.path().join("rebuilt.wasm").display().to_string();
    let arguments: Vec<&str> = arguments.into_iter().chain([rebuilt.as_str()]).collect();
    project
        .dunlin_with(&arguments, |command| {
            // Cargo and rustup are where the caller's environment says.
            command.current_dir(root).envs(std::env::vars_os());
            command.env("CARGO_TARGET_DIR", Need::WasmTarget.setting().unwrap());
        })
        .success();
    let results = |plugin: &str| {
        let mut arguments = vec!["--format", "json", "plugin", "test", plugin];
        let cases =
            ["customers.json", "down.json"].map(|case| root.join("plugins/split-name/cases").join(case));
        let cases = cases.map(|case| case.display().to_string());
        arguments.extend(cases.iter().map(String::as_str));
        project.dunlin(&arguments).success().json()
    };
    assert_eq!(results(&rebuilt), results("plugins/split-name.wasm"));
    let inspected = |plugin: &str| {
        let json = project.dunlin(&["--format", "json", "plugin", "inspect", plugin]).success().json();
        ["name", "version", "interface", "worlds"].map(|key| json[key].clone())
    };
    assert_eq!(inspected(&rebuilt), inspected("plugins/split-name.wasm"));
}
