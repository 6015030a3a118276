//! Checksums of files as editors, generators and careless hands leave them.

use std::fmt::Write as _;

use crate::scenario::{Stage, Tool};
use crate::support::{ServerKind, flyway_is_here};

/// What files are put together from: line ends, what looks like one and is none, blanks, marks, letters.
const PIECES: [&str; 34] = [
    "\n",
    "\n",
    "\r\n",
    "\r\n",
    "\r",
    "\r",
    "\n\n",
    "\r\r\n",
    "\n\r",
    "\u{b}",
    "\u{c}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\t",
    "  ",
    "   \n",
    "\u{a0}",
    "\u{feff}",
    "\n\u{feff}",
    "SELECT 1;",
    "-- note",
    "/* more */",
    "naïve",
    "Straße",
    "\u{4e2d}\u{6587}",
    "\u{1f600}",
    "e\u{301}",
    "''",
    "$",
    "{",
    "}",
    "$$",
    "\\",
];

#[test]
fn two_hundred_odd_files_have_flyways_checksums() {
    if !flyway_is_here() {
        return;
    }
    let [flyway, dunlin] = [Tool::Flyway, Tool::Dunlin].map(|tool| {
        let stage = Stage::new(ServerKind::Sqlite).unwrap();
        stage.project.flyway_config(&stage.database, "[flyway.placeholders]\nclinic = \"Old Mill\"\n");
        for (name, content) in files() {
            stage.project.write(&name, content);
        }
        stage.run(tool, &["migrate", "-skipExecutingMigrations=true"]).success();
        stage
    });
    let rows = flyway.database.history_rows("flyway_schema_history");
    assert_eq!(rows.len(), 200);
    let ours = dunlin.database.history_rows("flyway_schema_history");
    for (row, ours) in rows.iter().zip(&ours) {
        assert_eq!(row, ours);
    }
    // Each reads the other's rows against the files.
    for (tool, stage) in [(Tool::Dunlin, &flyway), (Tool::Flyway, &dunlin)] {
        let output = stage.run(tool, &["validate"]);
        assert_eq!(output.json()["validationSuccessful"], true, "{output}");
    }
}

/// 160 versioned and 40 repeatable files, the same in every run.
fn files() -> Vec<(String, String)> {
    let mut random = fastrand::Rng::with_seed(1);
    (1..=200)
        .map(|number| {
            let mut content = fixed(number).map_or_else(|| mixture(&mut random), str::to_owned);
            if number == 20 {
                content = "SELECT 'long';".repeat(5_000);
            }
            if number <= 160 {
                return (format!("sql/V{number}__odd.sql"), content);
            }
            // Only repeatable ones are summed with their placeholders replaced.
            write!(content, "${{clinic}}$${{clinic}}${{ CLINIC}}",).unwrap();
            let content = content.replace("${ CLINIC}", "${CLINIC}");
            (format!("sql/R__odd_{number}.sql"), content)
        })
        .collect()
}

fn mixture(random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    if random.u8(..) < 40 {
        text.push('\u{feff}');
    }
    for _ in 0..random.usize(0..30) {
        text.push_str(PIECES[random.usize(..PIECES.len())]);
    }
    // `${` without a name of its own would be a placeholder that nobody defined.
    text.replace("${", "$ {")
}

fn fixed(number: usize) -> Option<&'static str> {
    let cases = [
        "",
        "\u{feff}",
        "\u{feff}\u{feff}",
        "\n",
        "\r",
        "\r\n",
        " ",
        "a",
        "a\n",
        "a\r",
        "a\n\n",
        "\u{feff}\na",
        "a\n\u{feff}b",
    ];
    cases.get(number - 1).copied()
}
