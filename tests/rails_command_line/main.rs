//! Rails' tasks by Active Record under Rake beside Dunlin's: the same on standard output, the same message on standard error, the
//! same exit code, the same files and the same history. Where a task fails Rake prints the stack of Ruby's code, too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod applications;
mod schema_files;
mod several_databases;

use std::fs;

use support::{Output, RailsAdapter, RailsStage, rails_is_here};

const CARRIER: &str = "sandbox";

/// An application in two copies, each with a database of its own: one for each tool.
struct Pair {
    original: RailsStage,
    dunlin: RailsStage,
}

impl Pair {
    fn new(adapter: RailsAdapter) -> Option<Self> {
        if !rails_is_here(CARRIER) {
            return None;
        }
        let stage = || RailsStage::of("rails/shelves", adapter, "7.2");
        Some(Self { original: stage()?, dunlin: stage()? })
    }

    fn write(&self, path: &str, text: &str) {
        self.original.project.write(path, text);
        self.dunlin.project.write(path, text);
    }

    fn remove(&self, path: &str) {
        self.original.project.remove(path);
        self.dunlin.project.remove(path);
    }

    /// With the programs of the servers, which dump structures.
    #[track_caller]
    fn dunlin(&self, arguments: &[&str]) -> Output {
        self.dunlin.dunlin_with(CARRIER, &[&["rails"], arguments].concat(), |command| {
            command.env("PATH", std::env::var_os("PATH").unwrap());
        })
    }

    /// Runs each line by both.
    #[track_caller]
    fn same(&self, lines: &[&str]) {
        for line in lines {
            let arguments: Vec<&str> = line.split_whitespace().collect();
            let expected = self.original.rails(&arguments);
            let found = self.dunlin(&arguments);
            assert_eq!(expected.status, found.status, "{line}\n{expected}\n{found}");
            let (this, other) = (plain(&expected.stdout, &self.original), plain(&found.stdout, &self.dunlin));
            assert_eq!(this, other, "{line}\n{expected}\n{found}");
            if expected.status != 0 {
                let (this, other) = (message(&expected), plain(&found.stderr, &self.dunlin));
                let this = plain(&this, &self.original);
                assert!(other.starts_with(&this), "{line}: {this:?}\n{expected}\n{found}");
            }
            self.same_files(line);
            self.same_history(line);
        }
    }

    /// Runs a line that fails by both: the same message.
    #[track_caller]
    fn same_message(&self, line: &str) {
        let expected = self.original.rails(&[line]);
        let found = self.dunlin(&[line]);
        assert_ne!((expected.status, found.status), (0, 0), "{expected}\n{found}");
        let (this, other) = (message(&expected), plain(&found.stderr, &self.dunlin));
        assert!(other.starts_with(&plain(&this, &self.original)), "{line}: {this:?}\n{expected}\n{found}");
    }

    #[track_caller]
    fn same_files(&self, line: &str) {
        let names = |stage: &RailsStage| {
            let folder = fs::read_dir(stage.project.path().join("db")).unwrap();
            let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> =
                names.filter(|name| name.ends_with(".rb") || name.ends_with(".sql")).collect();
            names.sort();
            names
        };
        assert_eq!(names(&self.original), names(&self.dunlin), "{line}");
        for name in names(&self.original) {
            let read = |stage: &RailsStage| {
                let text = fs::read_to_string(stage.project.path().join("db").join(&name)).unwrap();
                if name.ends_with(".sql") { without_comments(&text) } else { plain(&text, stage) }
            };
            assert_eq!(read(&self.original), read(&self.dunlin), "{line}: {name}");
        }
    }

    #[track_caller]
    fn same_history(&self, line: &str) {
        let history = |stage: &RailsStage| {
            let versions = stage.database.try_sql("SELECT version FROM schema_migrations ORDER BY version;");
            let metadata = stage.database.try_sql("SELECT * FROM ar_internal_metadata ORDER BY 1;").stdout;
            let times = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?").unwrap();
            let mut metadata = times.replace_all(&metadata, "{time}").into_owned();
            if stage.project.path().join("db/structure.sql").exists() {
                // Of a file with a key that is another each time.
                let sha1 = regex::Regex::new("[0-9a-f]{40}").unwrap();
                metadata = sha1.replace_all(&metadata, "{sha1}").into_owned();
            }
            (versions.stdout, metadata)
        };
        assert_eq!(history(&self.original), history(&self.dunlin), "{line}");
    }
}

/// What Rake says of an error before the places in Ruby that it came through.
fn message(output: &Output) -> String {
    let is_place = |line: &str| {
        let place = regex::Regex::new(r"^(/|<internal:).*:\d+:in ").unwrap();
        place.is_match(line)
            || line.starts_with("Tasks: TOP")
            || line.starts_with("(See full trace")
            || line.starts_with("Did you mean?")
    };
    let lines: Vec<&str> = output.stderr.split('\n').take_while(|line| !is_place(line)).collect();
    // Ruby shows the line that raised an error, underlined; Dunlin shows it in its own way.
    let is_underline = |line: &str| line.contains('^') && line.trim().chars().all(|each| each == '^');
    let end = lines.iter().position(|line| is_underline(line)).map_or(lines.len(), |place| place - 1);
    lines[..end].join("\n").trim_end().to_owned()
}

/// Without the head of a dump, which Active Record 7.2.2 leaves there with newer programs of PostgreSQL: a key in it is another
/// each time. Dunlin, as later releases, takes it out.
fn without_comments(text: &str) -> String {
    let is_kept = |line: &&str| {
        !line.trim().is_empty()
            && !["--", "\\restrict ", "\\unrestrict "].iter().any(|start| line.starts_with(start))
    };
    text.split('\n').filter(is_kept).collect::<Vec<_>>().join("\n")
}

/// Without times, and what each copy has of its own.
fn plain(text: &str, stage: &RailsStage) -> String {
    let text = text
        .replace(&stage.project.path().display().to_string(), "{project}")
        .replace(&stage.database.name(), "{database}");
    let times = regex::Regex::new(r"\d+\.\d{4}s").unwrap();
    times.replace_all(&text, "{time}").into_owned()
}

#[test]
fn every_task_prints_what_active_record_prints() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.same(&[
        "db:migrate:status",
        "db:version",
        "db:abort_if_pending_migrations",
        "db:migrate VERSION=20250101000000",
        "db:migrate:status",
        "db:migrate SCOPE=tags VERSION=20250102000000",
        "db:forward",
        "db:migrate VERBOSE=false",
        "db:migrate",
        "db:abort_if_pending_migrations",
        "db:version db:migrate:status",
        "db:rollback STEP=2",
        "db:migrate:up VERSION=20250103000000_add_title_to_books.tags.rb",
        "db:migrate:up VERSION=20250102000000",
        "db:migrate:up VERSION=20250102000000",
        "db:migrate:down VERSION=20250103000000",
        "db:migrate:redo",
        "db:migrate:redo VERSION=20250102000000",
        "db:migrate:redo STEP=2",
        "db:migrate VERSION=0",
        "db:migrate VERSION=0",
        "db:rollback",
        "db:environment:set",
        "db:check_protected_environments",
    ]);
}

#[test]
fn a_configuration_that_only_ruby_knows_is_evaluated_by_ruby() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.write(
        "config/database.yml",
        "development:\n  adapter: sqlite3\n  database: <%= File.read(\"config/name\").strip.reverse %>\n",
    );
    pair.write("config/name", "3etilqs.pohs/bd\n");
    pair.same(&["db:migrate", "db:version", "db:rollback"]);
    assert!(pair.dunlin.project.path().join("db/shop.sqlite3").is_file());
    pair.write("config/database.yml", "development:\n  adapter: sqlite3\n  database: <%= nothing %>\n");
    let output = pair.dunlin(&["db:version"]).fails();
    assert!(output.stderr.contains("database.yml:3") && output.stderr.contains("nothing"), "{output}");
}

#[test]
fn a_configuration_that_is_no_yaml_is_shown_without_its_secrets() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.write(
        "config/database.yml",
        "development:\n  adapter: sqlite3\n  host: 127.0.0.1\n   port: 5432\n  password: fish7\n",
    );
    for arguments in [&["rails", "db:version"][..], &["status"]] {
        let output = pair.dunlin.dunlin_with("sandbox", arguments, |_| {}).fails();
        assert!(output.stderr.contains("database.yml:4:1"), "{output}");
        assert!(output.stderr.contains("4 │    port: 5432"), "{output}");
        assert!(output.stderr.contains("5 │   password: …"), "{output}");
        assert!(!output.stderr.contains("fish7"), "{output}");
    }
}

/// What a model of the application asks for besides Active Record is seen before anything is sent; what the migrations define
/// themselves, or expect to be missing, is no reason to refuse.
#[test]
fn a_model_that_cannot_be_loaded_is_refused_before_anything_is_sent() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    let class = |body: &str| {
        format!(
            "class Fills < ActiveRecord::Migration[6.1]\n  def up\n    {body}\n  end\n\n  def down; end\nend\n"
        )
    };
    pair.write("db/migrate/20250105000000_fills.rb", &class("Reader.update_all(name: \"x\")"));
    for (model, reason) in [
        ("class Reader < ApplicationRecord\n  devise :recoverable\nend\n", "undefined method `devise'"),
        (
            "class Reader < ApplicationRecord\n  include Searching::Everywhere\nend\n",
            "uninitialized constant Searching",
        ),
        ("class Reader < Person\nend\n", "uninitialized constant Person"),
    ] {
        pair.write("app/models/reader.rb", model);
        let output = pair.dunlin(&["db:migrate"]).fails();
        assert!(output.stderr.contains(reason), "{output}");
        assert!(output.stderr.contains("app/models/reader.rb:"), "{output}");
        assert!(output.stderr.contains("20250105000000_fills.rb:3"), "{output}");
        assert!(output.stderr.contains("config/environment"), "{output}");
        let tables = pair.dunlin.database.try_sql("SELECT name FROM sqlite_master;");
        assert_eq!(tables.stdout, "", "{output}");
    }
    // Loaded by both, and by neither needed.
    pair.write(
        "app/models/reader.rb",
        "class Reader < ApplicationRecord\n  include Named\n  belongs_to :shelf, optional: true\n  scope(:named, -> { where.not(name: nil) })\n  \
         before_save { self.name = name.strip }\n\n  private\n\n  def hidden; end\nend\n",
    );
    pair.write("app/models/reader/named.rb", "module Reader::Named\n  extend ActiveSupport::Concern\nend\n");
    pair.write("db/migrate/20250105000000_fills.rb", &class("say Reader.table_name"));
    pair.write("app/models/guest.rb", "class Guest < ApplicationRecord\n  devise :recoverable\nend\n");
    pair.write(
        "db/migrate/20250106000000_more.rb",
        "class More < ActiveRecord::Migration[6.1]\n  class Guest < ActiveRecord::Base; end\n\n  def up\n    say Guest.table_name\n  \
         end\n\n  def down; end\nend\n",
    );
    pair.dunlin(&["db:migrate"]).success();
}

#[test]
fn what_only_the_other_direction_needs_keeps_a_migration_from_nothing() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    let class = |up: &str| {
        format!(
            "class Fills < ActiveRecord::Migration[6.1]\n  def up\n    {up}\n  end\n\n  def down\n    Reader.delete_all\n  end\nend\n"
        )
    };
    pair.write("app/models/reader.rb", "class Reader < Person\nend\n");
    pair.write("db/migrate/20250105000000_fills.rb", &class("say 'nothing'"));
    pair.write(
        "db/migrate/20250106000000_more.rb",
        "class More < ActiveRecord::Migration[6.1]\n  def change\n    reversible do |direction|\n      direction.up { say 'nothing' }\n      \
         direction.down { Gone.delete_all }\n    end\n  end\nend\n",
    );
    pair.same(&["db:migrate"]);
    for place in ["20250106000000_more.rb:5", "20250105000000_fills.rb:7"] {
        let output = pair.dunlin(&["db:rollback"]).fails();
        assert!(output.stderr.contains(place), "{output}");
        pair.write(
            "db/migrate/20250106000000_more.rb",
            "class More < ActiveRecord::Migration[6.1]\n  def change; end\nend\n",
        );
        pair.dunlin(&["db:rollback"]);
    }
    // It goes down itself before it goes up.
    pair.write("db/migrate/20250105000000_fills.rb", &class("down"));
    pair.dunlin.database.sql("DELETE FROM schema_migrations WHERE version = '20250105000000';");
    let output = pair.dunlin(&["db:migrate"]).fails();
    assert!(output.stderr.contains("20250105000000_fills.rb:7"), "{output}");
}

#[test]
fn what_is_refused_is_refused_in_the_same_words() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    // Of several things Active Record makes its tables first.
    pair.same(&["db:migrate"]);
    pair.same(&[
        "db:migrate VERSION=7",
        "db:migrate VERSION=x",
        "db:migrate:up",
        "db:migrate:up VERSION=7",
        "db:migrate:down",
        "db:migrate:redo VERSION=",
        "db:rollback VERSION=20250101000000",
        "db:nothing",
    ]);
    pair.write(
        "db/migrate/20250104000000_create_shelves.rb",
        "class CreateShelves < ActiveRecord::Migration[6.1]; end\n",
    );
    pair.same(&["db:migrate", "db:migrate:status"]);
    pair.remove("db/migrate/20250104000000_create_shelves.rb");
    pair.write("db/migrate/20250103000000_again.rb", "class Again < ActiveRecord::Migration[6.1]; end\n");
    pair.same(&["db:migrate"]);
    pair.remove("db/migrate/20250103000000_again.rb");
    pair.write("db/migrate/20250104000000_Upper.rb", "");
    pair.same(&["db:migrate", "db:version"]);
}

#[test]
fn times_are_in_a_zone_as_in_every_application() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    let text = "class Zones < ActiveRecord::Migration[6.1]
  class Shelf < ActiveRecord::Base; end

  def up
    say Time.zone.name
    say Time.find_zone!(\"Europe/Berlin\").local(2025, 7, 1).utc_offset.to_s
    say Shelf.create!(created_at: \"2025-07-01 12:00\").created_at.inspect
  end
end
";
    pair.write("db/migrate/20250104000000_zones.rb", text);
    pair.same(&["db:migrate"]);
}

#[test]
fn what_a_migration_raises_is_told_in_the_same_words() {
    for adapter in [RailsAdapter::SQLITE, RailsAdapter::POSTGRES, RailsAdapter::MARIADB] {
        let Some(pair) = Pair::new(adapter) else { continue };
        pair.same(&["db:migrate"]);
        let body = |body: &str| {
            format!("class Breaks < ActiveRecord::Migration[6.1]\n  def up\n    {body}\n  end\nend\n")
        };
        for text in [
            "raise \"boom\"",
            "execute \"SELECT * FROM nothing\"",
            "raise ActiveRecord::IrreversibleMigration",
            "nothing_of_this_name",
        ] {
            pair.write("db/migrate/20250105000000_breaks.rb", &body(text));
            pair.same(&["db:migrate"]);
        }
        pair.write(
            "db/migrate/20250105000000_breaks.rb",
            "class Other < ActiveRecord::Migration[6.1]; end\n",
        );
        // Rails notices before it begins a transaction, and says nothing of migrations.
        for output in [pair.original.rails(&["db:migrate"]), pair.dunlin(&["db:migrate"])] {
            assert_eq!(output.status, 1, "{output}");
            assert!(output.stderr.contains("uninitialized constant Breaks"), "{output}");
        }
    }
}

#[test]
fn a_syntax_error_is_told_once_with_its_line_before_anything_is_sent() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.write(
        "db/migrate/20250105000000_breaks.rb",
        "class Breaks < ActiveRecord::Migration[6.1]\n  def up\n    if\nend\n",
    );
    pair.original.rails(&["db:migrate"]).fails();
    let output = pair.dunlin(&["db:migrate"]).fails();
    assert_eq!(output.stderr.matches("syntax error").count(), 1, "{output}");
    assert_eq!(
        output.stderr.matches("20250105000000_breaks.rb:").count(),
        2,
        "the message and the excerpt\n{output}"
    );
    let tables = pair.dunlin.database.try_sql("SELECT name FROM sqlite_master;");
    assert_eq!(tables.stdout, "", "{output}");
}

/// Rails puts `lib` on the path of what is required; Active Record alone, the oracle here, does not.
#[test]
fn what_lies_in_lib_can_be_required() {
    for carrier in [CARRIER, "host"] {
        if !rails_is_here(carrier) {
            continue;
        }
        let Some(stage) = RailsStage::of("rails/shelves", RailsAdapter::SQLITE, "7.2") else { return };
        stage.project.write("lib/labels.rb", "module Labels; TABLE = :labels; end\n");
        stage.project.write(
            "db/migrate/20240901000000_create_labels.rb",
            "require \"labels\"\nclass CreateLabels < ActiveRecord::Migration[7.2]\n  def change\n    create_table Labels::TABLE\n  end\nend\n",
        );
        stage.dunlin_with(carrier, &["rails", "db:migrate"], |_| {}).success();
        assert!(stage.database.tables().contains(&"labels".to_owned()), "{carrier}");
    }
}

/// `strict` has SQLite refuse it, as its default in new applications does.
#[test]
fn text_in_double_quotes_is_a_string_unless_the_database_is_strict() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.same(&["db:migrate"]);
    pair.write(
        "db/migrate/20260101000001_first.rb",
        "class First < ActiveRecord::Migration[7.2]\n  def up\n    execute 'CREATE TABLE quoted AS SELECT \"Emma\" AS title'\n  end\n\n  def down\n    drop_table :quoted\n  end\nend\n",
    );
    pair.same(&["db:migrate", "db:rollback"]);
    let config = pair.dunlin.project.read("config/database.yml");
    for (value, status) in [("false", 0), ("true", 1)] {
        let strict = format!("{}\n  strict: {value}\n", config.trim_end());
        pair.write("config/database.yml", &strict);
        pair.same(&["db:migrate"]);
        assert_eq!(pair.dunlin(&["db:abort_if_pending_migrations"]).status, status);
        if status == 0 {
            pair.same(&["db:rollback"]);
        }
    }
}

/// All of dunlin's own commands look where Rails puts things, and try migrations there.
#[test]
fn a_search_path_holds_for_every_command() {
    let Some(pair) = Pair::new(RailsAdapter::POSTGRES) else { return };
    let config = pair.dunlin.project.read("config/database.yml");
    pair.write("config/database.yml", &format!("{}\n  schema_search_path: north\n", config.trim_end()));
    for stage in [&pair.original, &pair.dunlin] {
        stage.database.sql("CREATE SCHEMA north;\n");
    }
    pair.same(&["db:migrate", "db:rollback"]);
    // What the original did is known here.
    let theirs = |arguments: &[&str]| pair.original.dunlin_with(CARRIER, arguments, |_| {});
    let status = theirs(&["status", "--format", "json"]).success().json();
    let states: Vec<&str> =
        status["migrations"].as_array().unwrap().iter().map(|each| each["state"].as_str().unwrap()).collect();
    assert_eq!(states.last(), Some(&"down"), "{status}");
    assert!(states[..states.len() - 1].iter().all(|state| *state == "up"), "{status}");
    theirs(&["drift"]).success();
    theirs(&["verify", "--all"]).success();
}

/// What `lint` says of a way back, `status` says, too.
#[test]
fn the_status_says_what_cannot_be_taken_back() {
    if !rails_is_here(CARRIER) {
        return;
    }
    let Some(stage) = RailsStage::of("rails/shelves", RailsAdapter::SQLITE, "7.2") else { return };
    for (name, body) in [
        ("One", "  def change\n    execute \"SELECT 1\"\n  end"),
        ("Two", "  def up\n    say \"up\"\n  end"),
        ("Zed", "  def up\n    say \"up\"\n  end\n\n  def down\n    say \"down\"\n  end"),
    ] {
        let path = format!(
            "db/migrate/{}_{}.rb",
            20250201000000_u64 + u64::from(name.as_bytes()[0]),
            name.to_lowercase()
        );
        stage.project.write(&path, format!("class {name} < ActiveRecord::Migration[6.1]\n{body}\nend\n"));
    }
    let output = stage.dunlin_with(CARRIER, &["status", "--format", "json"], |_| {}).success().json();
    let migrations = output["migrations"].as_array().unwrap();
    let last: Vec<bool> =
        migrations.iter().rev().take(3).map(|each| each["reversible"].as_bool().unwrap()).collect();
    assert_eq!(last, [true, false, false], "{output:#}");
}
