//! A year of a clinic: releases, a hotfix, a broken release and its repair, edited and deleted files, a way back.

use std::fs;
use std::path::Path;

use crate::scenario::{Stage, Step, Story, failing, step, tell};
use crate::support::ServerKind;

#[test]
fn a_clinics_year_is_the_same_whoever_migrates() {
    tell(&Story { written: &["export.txt"], ..Story::of(year()) });
}

fn year() -> Vec<Step> {
    vec![
        step("the first release in part", &["migrate", "-target=1.1"], |stage| {
            configure(stage);
            release(stage, "01-opening");
        }),
        step("one migration more", &["migrate", "-target=next"], |_| {}),
        step("the rest of the first release", &["migrate"], |_| {}),
        step("a release with scripts and settings", &["migrate"], |stage| release(stage, "02-summer")),
        step("nothing to do", &["migrate"], |_| {}),
        failing("a hotfix below what is applied", &["migrate"], |stage| release(stage, "03-hotfix")),
        step("the hotfix out of order", &["migrate", "-outOfOrder=true"], |_| {}),
        failing("a broken release", &["migrate"], |stage| {
            release(stage, "04-invoices");
            if stage.kind().is_mysql_like() {
                // Flyway takes back what ran since the last statement that commits by itself. Dunlin keeps it, to go on
                // from there; so nothing that would be taken back may stand there.
                stage.project.remove("hooks/beforeEachMigrateStatement__count_statements.sql");
                stage.project.remove("hooks/afterEachMigrateStatement.sql");
            }
        }),
        step("its repair", &["repair"], |_| {}),
        step("the mended release", &["migrate"], |stage| release(stage, "05-mended")),
        failing("an edited file", &["migrate"], |stage| {
            edit(stage, "sql/V1__create_patients.sql");
            stage.project.remove("sql/V2_5__hotfix.sql").remove("more/R__Directory.sql");
        }),
        step("its repair marks deleted ones", &["repair"], |_| {}),
        step("deleted ones come back", &["migrate", "-outOfOrder=true"], |stage| {
            release(stage, "03-hotfix");
            copy(&fixtures().join("02-summer/common/more/R__Directory.sql"), stage, "more/R__Directory.sql");
        }),
        step("the next release", &["migrate"], |stage| release(stage, "06-autumn")),
        step("history ahead of the files", &["migrate"], |stage| {
            stage.project.remove("sql/V6__more_rooms.sql");
        }),
        step(
            "recorded but not run",
            &["migrate", "-skipExecutingMigrations=true", "-outOfOrder=true"],
            |stage| {
                release(stage, "06-autumn");
                release(stage, "07-winter");
            },
        ),
        step("a clean", &["clean", "-cleanDisabled=false"], |_| {}),
        step("all of it at once", &["migrate", "-outOfOrder=true", "-mixed=true"], |_| {}),
    ]
}

fn configure(stage: &Stage) {
    let more = match stage.kind() {
        // An index cannot be created concurrently while Flyway's default lock holds a transaction open.
        ServerKind::Postgres => "postgresql.transactional.lock = false\n",
        _ => "",
    };
    stage.project.flyway_config(
        &stage.database,
        &format!(
            "callbackLocations = [\"filesystem:hooks\"]\ninstalledBy = \"the clinic\"\n{more}\n\
             [flyway.placeholders]\nclinic = \"Old Mill\"\n"
        ),
    );
    let config = stage.project.read("flyway.toml");
    let locations = r#"locations = ["filesystem:sql", "filesystem:more"]"#;
    stage.project.write("flyway.toml", config.replace(r#"locations = ["filesystem:sql"]"#, locations));
    stage.project.write("more/README.md", "Letters and exports.\n");
}

/// Puts a release's files into the project.
pub fn release(stage: &Stage, name: &str) {
    let dialect = match stage.kind() {
        ServerKind::Sqlite => "sqlite",
        ServerKind::Postgres => "postgresql",
        ServerKind::MariaDb | ServerKind::MySql => "mysql",
    };
    for part in ["common", dialect] {
        let folder = fixtures().join(name).join(part);
        if folder.is_dir() {
            copy_folder(&folder, stage, "");
        }
    }
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flyway/clinic")
}

fn copy_folder(folder: &Path, stage: &Stage, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy_folder(&path, stage, &format!("{name}/"));
        } else {
            copy(&path, stage, &name);
        }
    }
}

fn copy(from: &Path, stage: &Stage, name: &str) {
    stage.project.write(name, fs::read(from).unwrap());
}

fn edit(stage: &Stage, file: &str) {
    let text = stage.project.read(file);
    stage.project.write(file, format!("-- edited\n{text}"));
}
