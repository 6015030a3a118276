//! `dunlin rails db:migrate` against Active Record alone, in one run: `cargo bench --bench rails`.
//!
//! Active Record has its best case: Ruby loads it and runs its migrator, without Rake, Rails or an application. No schema is dumped
//! by either. Prints medians, minima, ratios and the peak of memory; asserts nothing. Each figure is a whole process, started
//! anew: with nothing to do, with one migration pending, and with 200 on an empty database. Of several processes, as the host
//! carrier has them, the peak is that of the largest.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DUNLIN_TEST_RUBY` | a folder with `bin/ruby` and `gems` that has Active Record and its drivers; named by its release | needed |
//! | `DUNLIN_TEST_PACKS` | the folder of packs; one that this version of Dunlin built | none: no sandbox |
//! | `DUNLIN_BENCH_RUNS` | runs per figure, of which the median counts | 7 |
//! | `DUNLIN_BENCH_SERVERS` | the servers | `sqlite postgres mariadb` |
//!
//! Servers come from `DUNLIN_TEST_POSTGRES` and `DUNLIN_TEST_MARIADB`; SQLite is always there.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod support;

use std::path::{Path, PathBuf};

use dunlin::db::{self, ConnectOptions, DatabaseUrl};
use support::code::{Figures, compare, packs, runs, setting};
use support::measure::{Figure, median_of, time};
use support::server::{Database, Server};

#[allow(dead_code, reason = "the other benchmarks count round trips")]
#[path = "../tests/support/round_trips.rs"]
mod round_trips;

/// How many migrations there are.
const MIGRATIONS: usize = 200;

fn main() {
    let runs = runs();
    let Some(ruby) = setting("DUNLIN_TEST_RUBY").map(PathBuf::from) else {
        println!("not run: DUNLIN_TEST_RUBY names no folder with Active Record");
        return;
    };
    println!(
        "{MIGRATIONS} migrations, a table each; up to {runs} runs per figure: median, (least), ratio of the least"
    );
    let mut contenders = vec![Contender::ActiveRecord, Contender::Host];
    match setting("DUNLIN_TEST_PACKS") {
        Some(_) => contenders.insert(1, Contender::Sandbox),
        None => println!("without the sandbox: DUNLIN_TEST_PACKS names no packs"),
    }
    let measured = |contender: &Contender, server: &Server| contender.measured(&ruby, server, runs);
    compare(&contenders, |contender| contender.name(), measured);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    ActiveRecord,
    Sandbox,
    Host,
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Contender::ActiveRecord => "Active Record",
            Contender::Sandbox => "dunlin, sandbox",
            Contender::Host => "dunlin, host",
        }
    }

    /// All of its figures on a server. The first run keeps what is compiled and loaded once on a machine.
    fn measured(self, ruby: &Path, server: &Server, runs: usize) -> Result<Figures, String> {
        let project = Project::new(self, ruby);
        let database = server.fresh_database();
        project.migrate(&database)?;
        let nothing = median_of(runs, || project.migrate(&database))?;
        let one = median_of(runs, || {
            take_back_the_last(&database)?;
            project.migrate(&database)
        })?;
        let all = median_of(runs.min(3), || project.migrate(&server.fresh_database()))?;
        Ok(Figures { nothing, one, all })
    }
}

/// Without a tool, so that it costs nothing.
fn take_back_the_last(database: &Database) -> Result<(), String> {
    let url = DatabaseUrl::parse(&database.url).map_err(|error| error.to_string())?;
    let mut connection = db::connect(&url, &ConnectOptions::default()).map_err(|error| error.to_string())?;
    let row = format!("DELETE FROM schema_migrations WHERE version = '{}'", version(MIGRATIONS));
    for statement in [format!("DROP TABLE item_{MIGRATIONS}s"), row] {
        connection.execute(&statement).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn version(number: usize) -> String {
    format!("20240101{number:06}")
}

/// An application with a row of migrations, as one of the contenders runs it.
struct Project {
    folder: tempfile::TempDir,
    contender: Contender,
    ruby: PathBuf,
}

impl Project {
    fn new(contender: Contender, ruby: &Path) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Project { folder, contender, ruby: ruby.to_owned() };
        let write = |name: String, text: &str| {
            let path = project.folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("config/database.yml".to_owned(), "production:\n  url: <%= ENV[\"SHOP_URL\"] %>\n");
        write("migrate.rb".to_owned(), ALONE);
        let carrier = if contender == Contender::Host { "host" } else { "sandbox" };
        let release = ruby.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let settings = format!(
            "carrier = \"{carrier}\"\n[rails]\nrelease = \"{release}\"\ndump-schema-after-migration = false\n"
        );
        write("dunlin.toml".to_owned(), &settings);
        for number in 1..=MIGRATIONS {
            let text = MIGRATION.replace("{number}", &number.to_string()).replace("{release}", &release);
            write(format!("db/migrate/{}_create_item{number}s.rb", version(number)), &text);
        }
        project
    }

    fn migrate(&self, database: &Database) -> Result<Figure, String> {
        let ruby = self.ruby.join("bin/ruby").display().to_string();
        let command = match self.contender {
            Contender::ActiveRecord => vec![ruby, "migrate.rb".to_owned()],
            _ => vec![env!("CARGO_BIN_EXE_dunlin").to_owned(), "rails".to_owned(), "db:migrate".to_owned()],
        };
        let url = match database.url.split_once(':') {
            Some(("sqlite", path)) => format!("sqlite3:{path}"),
            Some(("mysql", rest)) => format!("mysql2:{rest}"),
            _ => database.url.replacen("postgres:", "postgresql:", 1),
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let mut environment = vec![
            ("RAILS_ENV".to_owned(), "production".to_owned()),
            ("SHOP_URL".to_owned(), url),
            ("GEM_PATH".to_owned(), self.ruby.join("gems").display().to_string()),
            ("PATH".to_owned(), format!("{}:{path}", self.ruby.join("bin").display())),
        ];
        environment.extend(packs());
        time(&command, &environment, self.folder.path())
    }
}

const ALONE: &str = "require \"logger\"
require \"active_record\"

ActiveRecord::Base.establish_connection(ENV.fetch(\"SHOP_URL\"))
ActiveRecord::MigrationContext.new(\"db/migrate\").migrate
";

const MIGRATION: &str = "class CreateItem{number}s < ActiveRecord::Migration[{release}]
  def change
    create_table :item_{number}s do |t|
      t.string :name, limit: 40, null: false
    end
  end
end
";
