//! `dunlin knex migrate:latest` against Knex' own, in one run: `cargo bench --bench knex`.
//!
//! Prints medians, minima, ratios and the peak of memory; asserts nothing. Each figure is a whole process, started anew: with
//! nothing to do, with one migration pending, and with 300 on an empty database. Of several processes, as the host carrier
//! has them, the peak is that of the largest.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DUNLIN_TEST_KNEX` | a folder whose `node_modules` hold Knex and its drivers | needed |
//! | `DUNLIN_BENCH_RUNS` | runs per figure, of which the median counts | 7 |
//! | `DUNLIN_BENCH_SERVERS` | the servers | `sqlite postgres mariadb` |
//!
//! Servers come from `DUNLIN_TEST_POSTGRES` and `DUNLIN_TEST_MARIADB`; SQLite is always there.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod support;

use std::path::Path;

use dunlin::db::{self, ConnectOptions, DatabaseUrl};
use support::code::{Figures, compare, runs, setting};
use support::measure::{Figure, median_of, time};
use support::server::{Database, Server};

#[allow(dead_code, reason = "the other benchmarks count round trips")]
#[path = "../tests/support/round_trips.rs"]
mod round_trips;

/// How many migrations there are.
const MIGRATIONS: usize = 300;

fn main() {
    let runs = runs();
    let Some(packages) = setting("DUNLIN_TEST_KNEX") else {
        println!("not run: DUNLIN_TEST_KNEX names no folder with Knex");
        return;
    };
    println!(
        "{MIGRATIONS} migrations, a table each; up to {runs} runs per figure: median, (least), ratio of the least"
    );
    let contenders = [Contender::Knex, Contender::Sandbox, Contender::Host];
    let measured = |contender: &Contender, server: &Server| contender.measured(&packages, server, runs);
    compare(&contenders, |contender| contender.name(), measured);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    Knex,
    Sandbox,
    Host,
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Contender::Knex => "Knex",
            Contender::Sandbox => "dunlin, sandbox",
            Contender::Host => "dunlin, host",
        }
    }

    /// All of its figures on a server.
    fn measured(self, packages: &str, server: &Server, runs: usize) -> Result<Figures, String> {
        let project = Project::new(self, packages);
        let database = server.fresh_database();
        project.latest(&database)?;
        let nothing = median_of(runs, || project.latest(&database))?;
        let one = median_of(runs, || {
            take_back_the_last(&database)?;
            project.latest(&database)
        })?;
        let all = median_of(runs.min(3), || project.latest(&server.fresh_database()))?;
        Ok(Figures { nothing, one, all })
    }
}

/// Without a tool, so that it costs nothing.
fn take_back_the_last(database: &Database) -> Result<(), String> {
    let url = DatabaseUrl::parse(&database.url).map_err(|error| error.to_string())?;
    let mut connection = db::connect(&url, &ConnectOptions::default()).map_err(|error| error.to_string())?;
    let row = format!("DELETE FROM knex_migrations WHERE name = '{}'", file_name(MIGRATIONS));
    for statement in [format!("DROP TABLE item_{MIGRATIONS}"), row] {
        connection.execute(&statement).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn file_name(number: usize) -> String {
    format!("20240101{number:06}_item.js")
}

/// A project with a row of migrations, as one of the contenders runs it.
struct Project {
    folder: tempfile::TempDir,
    contender: Contender,
}

impl Project {
    fn new(contender: Contender, packages: &str) -> Project {
        let project = Project { folder: tempfile::tempdir().expect("a temporary folder"), contender };
        let write = |name: String, text: &str| {
            std::fs::write(project.folder.path().join(name), text).expect("a file");
        };
        std::fs::create_dir_all(project.folder.path().join("migrations")).expect("a folder");
        std::os::unix::fs::symlink(
            Path::new(packages).join("node_modules"),
            project.folder.path().join("node_modules"),
        )
        .expect("a link");
        write("knexfile.js".to_owned(), KNEXFILE);
        let carrier = if contender == Contender::Host { "host" } else { "sandbox" };
        write("dunlin.toml".to_owned(), &format!("carrier = \"{carrier}\"\n"));
        for number in 1..=MIGRATIONS {
            let text = MIGRATION.replace("{number}", &number.to_string());
            write(format!("migrations/{}", file_name(number)), &text);
        }
        project
    }

    fn latest(&self, database: &Database) -> Result<Figure, String> {
        let knex = self.folder.path().join("node_modules/.bin/knex").display().to_string();
        let program = match self.contender {
            Contender::Knex => vec![knex],
            _ => vec![env!("CARGO_BIN_EXE_dunlin").to_owned(), "knex".to_owned()],
        };
        let command = [program, vec!["migrate:latest".to_owned()]].concat();
        let (client, connection) = match database.url.split_once(':') {
            Some(("sqlite", path)) => ("better-sqlite3", path.to_owned()),
            Some(("mysql", _)) => ("mysql2", database.url.clone()),
            _ => ("pg", database.url.clone()),
        };
        let environment = [("CLIENT".to_owned(), client.to_owned()), ("CONNECTION".to_owned(), connection)];
        time(&command, &environment, self.folder.path())
    }
}

const KNEXFILE: &str = "const { CLIENT: client, CONNECTION: connection } = process.env;

module.exports = {
  client,
  connection: client === 'better-sqlite3' ? { filename: connection } : connection,
  useNullAsDefault: true,
};
";

const MIGRATION: &str = "exports.up = (knex) =>
  knex.schema.createTable('item_{number}', (table) => {
    table.integer('id').primary();
    table.string('name', 40).notNullable();
  });

exports.down = (knex) => knex.schema.dropTable('item_{number}');
";
