//! Undo: Flyway's own is closed, so what counts is that its open edition understands what ours leaves behind.

use crate::scenario::{Stage, Tool};
use crate::support::{Database, Project, databases, flyway_is_here};

#[test]
fn flyway_shows_what_was_undone_and_migrates_again() {
    if !flyway_is_here() {
        return;
    }
    for database in databases() {
        let stage = with_undo_files(database);
        stage.run(Tool::Flyway, &["migrate"]).success();
        let undo = stage.run(Tool::Dunlin, &["undo"]).success().json();
        assert_eq!(undo["migrationsUndone"], 1, "{undo}");
        assert_eq!(stage.database.tables(), ["flyway_schema_history", "patient"]);
        assert_eq!(
            stage.database.history_rows("flyway_schema_history")[1..],
            [
                "2|2|create visits|SQL|V2__create_visits.sql|229660871|true",
                "3|2|create visits|DELETE|V2__create_visits.sql|229660871|true",
            ]
        );
        let expected = [["1", "Success"], ["2", "Deleted"], ["2", "Pending"]];
        assert_eq!(states(&stage, Tool::Flyway), expected, "{:?}", stage.kind());
        assert_eq!(states(&stage, Tool::Dunlin), expected, "{:?}", stage.kind());

        stage.run(Tool::Flyway, &["migrate"]).success();
        let expected = [["1", "Success"], ["2", "Deleted"], ["2", "Success"]];
        assert_eq!(states(&stage, Tool::Flyway), expected);
        assert_eq!(states(&stage, Tool::Dunlin), expected);

        // Twice back, and forth with the other.
        stage.run(Tool::Dunlin, &["undo", "-target=1"]).success();
        assert_eq!(stage.database.tables(), ["flyway_schema_history"]);
        stage.run(Tool::Dunlin, &["migrate"]).success();
        for tool in [Tool::Flyway, Tool::Dunlin] {
            let validated = stage.run(tool, &["validate"]).success().json();
            assert_eq!(validated["validationSuccessful"], true, "{tool:?}: {validated}");
        }
        assert_eq!(states(&stage, Tool::Flyway), states(&stage, Tool::Dunlin));
    }
}

fn states(stage: &Stage, tool: Tool) -> Vec<[String; 2]> {
    let info = stage.run(tool, &["info"]).success().json();
    let lines = info["migrations"].as_array().unwrap();
    lines.iter().map(|line| ["version", "state"].map(|key| line[key].as_str().unwrap().to_owned())).collect()
}

fn with_undo_files(database: Database) -> Stage {
    let project = Project::with(&[
        ("sql/V1__create_patients.sql", "CREATE TABLE patient (id INTEGER PRIMARY KEY);\n"),
        ("sql/U1__create_patients.sql", "DROP TABLE patient;\n"),
        ("sql/V2__create_visits.sql", "CREATE TABLE visit (id INTEGER PRIMARY KEY);\n"),
        ("sql/U2__create_visits.sql", "DROP TABLE visit;\n"),
    ]);
    project.flyway_config(&database, "");
    Stage { project, database }
}
