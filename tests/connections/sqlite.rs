//! The engine's SQLite beside those that the tools bring along or find on the machine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::open;
use dunlin::db::DatabaseUrl;

const FUNCTIONS: &str = "SELECT DISTINCT name FROM pragma_function_list";

/// What sqlite-jdbc compiles in beside SQLite: docs/flyway.md says that it is not there.
const EXTENSION_OF_SQLITE_JDBC: &[&str] = &[
    "atn2",
    "charindex",
    "cot",
    "coth",
    "difference",
    "leftstr",
    "lower_quartile",
    "mode",
    "padc",
    "padl",
    "padr",
    "proper",
    "replicate",
    "reverse",
    "rightstr",
    "square",
    "stdev",
    "strfilter",
    "upper_quartile",
    "variance",
];

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a tool's SQLite answers, a value on a line; `None` when the tool is not here.
fn asked(tool: &str, query: &str) -> Option<String> {
    let variable =
        |name: &str| std::env::var(format!("DUNLIN_TEST_{name}")).ok().filter(|text| !text.is_empty());
    Some(match tool {
        "python" => printed(Command::new(variable("PYTHON")?).args([
            "-c",
            "import sqlite3, sys\nfor row in sqlite3.connect(':memory:').execute(sys.argv[1]): print(row[0])",
            query,
        ])),
        "ruby" => printed(Command::new(format!("{}/bin/ruby", variable("RUBY")?)).args([
            "-e",
            "require 'sqlite3'; puts SQLite3::Database.new(':memory:').execute(ARGV[0]).flatten",
            query,
        ])),
        "better-sqlite3" => printed(Command::new("node").current_dir(variable("KNEX")?).args([
            "-e",
            "const rows = new (require('better-sqlite3'))(':memory:').prepare(process.argv[1]).raw().all();
             for (const [value] of rows) console.log(String(value));",
            query,
        ])),
        "sqlite3" => printed(Command::new("node").current_dir(variable("KNEX")?).args([
            "-e",
            "new (require('sqlite3').Database)(':memory:').each(process.argv[1], (error, row) => {
               if (error) throw error;
               console.log(String(Object.values(row)[0]));
             });",
            query,
        ])),
        "flyway" => {
            let folder = tempfile::tempdir().unwrap();
            let (file, table) =
                (folder.path().join("V1__asked.sql"), format!("CREATE TABLE asked AS {query};\n"));
            fs::write(&file, table).unwrap();
            let database = folder.path().join("shop.db");
            printed(Command::new(variable("FLYWAY")?).arg("migrate").args([
                format!("-url=jdbc:sqlite:{}", database.display()),
                format!("-locations=filesystem:{}", folder.path().display()),
            ]));
            answered(&format!("sqlite:{}", database.display()), "SELECT * FROM asked")
        }
        other => panic!("no tool: {other}"),
    })
}

/// What ours answers.
fn answered(url: &str, query: &str) -> String {
    let rows = open(&DatabaseUrl::parse(url).unwrap()).execute(query).unwrap().rows;
    rows.into_iter().flatten().map(|value| value.unwrap_or_default() + "\n").collect()
}

#[test]
fn every_function_that_a_tools_sqlite_has_is_there() {
    let ours = answered("sqlite::memory:", FUNCTIONS);
    let ours: BTreeSet<&str> = ours.split_terminator('\n').collect();
    for tool in ["flyway", "python", "sqlite3", "better-sqlite3", "ruby"] {
        let Some(theirs) = asked(tool, FUNCTIONS) else {
            eprintln!("skipped: {tool} is not here");
            continue;
        };
        let missing: BTreeSet<&str> =
            theirs.split_terminator('\n').filter(|name| !ours.contains(name)).collect();
        let known = if tool == "flyway" { EXTENSION_OF_SQLITE_JDBC } else { &[] };
        assert_eq!(missing, known.iter().copied().collect(), "{tool}");
    }
}
