//! Migrations written in Java: Dunlin does not run them, keeps their rows, and runs a stand-in where it is given one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scenario::{Stage, Tool};
use crate::support::{Need, ServerKind, flyway_is_here};

const CLASS: &str = r#"package db.migration;

import org.flywaydb.core.api.migration.BaseJavaMigration;
import org.flywaydb.core.api.migration.Context;

public class V2__Fill_totals extends BaseJavaMigration {
    public void migrate(Context context) throws Exception {
        try (var statement = context.getConnection().createStatement()) {
            statement.execute("INSERT INTO total VALUES (42)");
        }
    }
}
"#;

const ROW: &str = "2|2|Fill totals|JDBC|db.migration.V2__Fill_totals|NULL|true";

#[test]
fn flyways_row_of_a_java_class_is_kept() {
    let Some(stage) = clinic_with_a_class() else { return };
    stage.run(Tool::Flyway, &["migrate", "-target=2"]).success();
    stage.run(Tool::Dunlin, &["migrate"]).success();
    assert_eq!(stage.database.history_rows("flyway_schema_history")[1], ROW);
    agree(&stage);
    stage.run(Tool::Dunlin, &["repair"]).success();
    stage.run(Tool::Flyway, &["repair"]).success();
    assert_eq!(stage.database.history_rows("flyway_schema_history").len(), 3);
}

#[test]
fn a_class_that_would_have_to_run_is_refused_by_name() {
    let Some(stage) = clinic_with_a_class() else { return };
    let output = stage.run(Tool::Dunlin, &["migrate"]).fails();
    let message = output.json()["error"]["message"].as_str().unwrap().to_owned();
    for part in ["V2__Fill_totals", "dunlin.toml", "stand-in"] {
        assert!(message.contains(part), "{message}");
    }
    // Nothing ran: what cannot be done is known before the first statement.
    assert!(stage.database.tables().is_empty(), "{:?}", stage.database.tables());
}

#[test]
fn a_stand_in_runs_and_flyway_takes_its_row_for_the_classs() {
    let blocks =
        "-- migrate:up\nINSERT INTO total VALUES (40);\n-- migrate:up\nUPDATE total SET amount = 42;\n";
    for text in ["INSERT INTO total VALUES (42);\n", blocks] {
        let Some(stage) = clinic_with_a_class() else { return };
        stage.project.write("dunlin.toml", "[flyway.stand-in]\n2 = \"stand-in/fill_totals.sql\"\n");
        stage.project.write("stand-in/fill_totals.sql", text);
        stage.run(Tool::Dunlin, &["migrate", "-target=2"]).success();
        assert_eq!(stage.database.table_rows("total"), "amount\n42");
        stage.run(Tool::Flyway, &["migrate"]).success();
        let rows = stage.database.history_rows("flyway_schema_history");
        assert_eq!(rows[1], ROW);
        assert_eq!(rows.len(), 3);
        agree(&stage);
    }
}

/// Both see the same states and nothing to complain about.
fn agree(stage: &Stage) {
    let [theirs, ours] = [Tool::Flyway, Tool::Dunlin].map(|tool| {
        let output = stage.run(tool, &["info", "validate"]).success().json();
        assert_eq!(output["individualResults"][1]["validationSuccessful"], true, "{tool:?}: {output}");
        let migrations = output["individualResults"][0]["migrations"].as_array().unwrap().clone();
        migrations
            .into_iter()
            .map(|line| ["version", "description", "type", "state"].map(|key| line[key].to_string()))
            .collect::<Vec<_>>()
    });
    assert_eq!(theirs, ours);
}

/// A project whose second migration is a class, compiled for Flyway and in source where Dunlin looks for it.
fn clinic_with_a_class() -> Option<Stage> {
    if !flyway_is_here() {
        return None;
    }
    let stage = Stage::new(ServerKind::Sqlite)?;
    let project = &stage.project;
    project.flyway_config(&stage.database, "jarDirs = [\"jars\"]\n");
    let config = project.read("flyway.toml");
    let locations = r#"["filesystem:sql", "classpath:db/migration"]"#;
    project.write("flyway.toml", config.replace(r#"["filesystem:sql"]"#, locations));
    project.write("sql/V1__totals.sql", "CREATE TABLE total (amount INTEGER);\n");
    project.write("sql/V3__more.sql", "CREATE TABLE more (amount INTEGER);\n");
    project.write("src/main/java/db/migration/V2__Fill_totals.java", CLASS);
    compile(&stage);
    Some(stage)
}

fn compile(stage: &Stage) {
    let root = stage.project.path();
    fs::create_dir_all(root.join("jars")).unwrap();
    let source = "src/main/java/db/migration/V2__Fill_totals.java";
    let mut compiler = stage.database.program("javac");
    compiler.current_dir(&root).arg("-cp").arg(flyway_core()).args(["-d", "classes", source]);
    assert!(compiler.status().unwrap().success(), "the Java compiler is needed beside Flyway");
    let mut archiver = stage.database.program("jar");
    archiver.current_dir(&root).args(["cf", "jars/migrations.jar", "-C", "classes", "."]);
    assert!(archiver.status().unwrap().success());
}

/// The library that migrations are compiled against, beside the launcher.
fn flyway_core() -> PathBuf {
    let launcher = Need::Flyway.setting().unwrap();
    let folder = Path::new(&launcher).parent().unwrap().join("lib/flyway");
    let jars = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    jars.map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("flyway-core-"))
        .unwrap()
}
