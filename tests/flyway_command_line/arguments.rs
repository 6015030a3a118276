//! Flags, filters, output and several commands in one invocation.

use crate::compare::Scene;
use crate::states::CLINIC;
use crate::support::{Project, flyway_is_here};

fn partly(project: &Project) {
    project.flyway_again(&["migrate", "-target=2"]).success();
    project.remove("sql/V1__patients.sql");
}

#[test]
fn filters_of_info() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, partly);
    scene.all_same(&[
        "info -infoOfState=Pending",
        "info -infoOfState=PENDING,missing_success",
        "info -infoOfState=success -outputType=json",
        "info -infoSinceVersion=2",
        "info -infoUntilVersion=2",
        "info -infoSinceVersion=2 -infoUntilVersion=2",
        "info -infoSinceVersion=x",
        "info -infoUntilVersion=2 -migrationIds",
        "info -migrationIds",
        "info -migrationIds -q",
        "info -migrationIds -outputType=json",
        "info -infoOfState=Failed",
    ]);
    scene.same(&["info", "-infoSinceDate=01/01/2020 00:00"]);
    scene.same(&["info", "-infoSinceDate=01/01/2099 00:00"]);
    scene.same(&["info", "-infoUntilDate=01/01/2099 00:00"]);
    scene.same(&["info", "-infoUntilDate=01/01/2020 00:00"]);
    scene.done();
}

/// The databases are our own; how they are listed is Flyway's.
#[test]
fn engines() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |_| {});
    let text = scene.ours(&["list-engines"], &|_| {}).stdout;
    let lines = ["Database Name  ", "---------------", "MariaDB        ", "MySQL          "];
    assert_eq!(text, format!("<header>\n{}\nPostgreSQL     \nSQLite         \n", lines.join("\n")));
    let original = scene.original(&["list-engines"]).stdout;
    assert!(original.contains("<header>\nDatabase Name   \n----------------\n"), "{original}");

    let arguments = ["list-engines", "-outputType=json"];
    let documents = [scene.ours(&arguments, &|_| {}), scene.original(&arguments)].map(|seen| {
        let mut document: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
        let databases = document["dbInfoResults"].take();
        assert!(databases.as_array().unwrap().contains(&serde_json::json!({ "name": "SQLite" })));
        document
    });
    assert_eq!(documents[0], documents[1]);
}

#[test]
fn wrong_arguments() {
    if !flyway_is_here() {
        return;
    }
    Scene::new(CLINIC, |_| {})
        .all_same(&[
            "bogus",
            "info bogus",
            "-bogus info",
            "info -table = x",
            "info -outputType=xml",
            "bogus -outputType=json",
            "info -table",
            "-url",
            "MIGRATE",
            "info -outputType=json -color=red",
            "info --url=jdbc:sqlite:other.db",
            "--url=jdbc:sqlite:other.db migrate",
            "migrate --table=other -outputType=json",
            "info --target 1",
        ])
        .done();
}

#[test]
fn flags() {
    if !flyway_is_here() {
        return;
    }
    Scene::new(CLINIC, partly)
        .all_same(&[
            "-v",
            "--version",
            "version",
            "-v -outputType=json",
            "version info",
            "info version -outputType=json",
            "-q -v",
            "info -color=always",
            "validate -color=never",
            "info -q",
            "info -skipCheckForUpdate",
            "validate -q",
            "info info",
            "info validate migrate",
            "info validate migrate -outputType=json",
            "migrate migrate -ignoreMigrationPatterns=*:missing",
            "clean migrate info",
        ])
        .done();
}

#[test]
fn output_files() {
    if !flyway_is_here() {
        return;
    }
    Scene::new(CLINIC, partly)
        .all_same(&[
            "info -outputType=json -outputFile=out.json",
            "info -outputFile=out.json",
            "validate -outputFile=out.json",
            "bogus -outputType=json -outputFile=out.json",
            "info -workingDirectory=sql -locations=filesystem:.",
        ])
        .done();
}
