//! Applications that are loaded (`load`), and what they do to the Ruby that loads them.

use super::{CARRIER, Pair};
use crate::support::{Output, RailsAdapter, RailsStage, rails_is_here};

/// Runs a command with `config/whole.rb` as the application, by a carrier.
#[track_caller]
fn with_application(stage: &RailsStage, carrier: &str, arguments: &[&str]) -> Output {
    stage.dunlin_with(carrier, arguments, |_| {
        let text = format!(
            "carrier = \"{carrier}\"\n\n[rails]\nrelease = \"{}\"\nload = \"config/whole\"\n",
            stage.release
        );
        stage.project.write("dunlin.toml", text);
    })
}

fn stages() -> impl Iterator<Item = (&'static str, RailsStage)> {
    [CARRIER, "host"]
        .into_iter()
        .filter(|carrier| rails_is_here(carrier))
        .filter_map(|carrier| Some((carrier, RailsStage::of("rails/shelves", RailsAdapter::SQLITE, "7.2")?)))
}

/// As Zeitwerk and Bootsnap do, which every application has; Bundler then asks `Kernel.require`.
#[test]
fn an_application_may_put_a_require_of_its_own_in_place_of_rubys() {
    for (carrier, stage) in stages() {
        stage.project.write(
            "config/whole.rb",
            "module Kernel\n  alias_method :other_require, :require\n  alias_method :other_gem, :gem\n  class << self\n    alias_method :other_require, \
             :require\n\n    def require(name) = other_require(name)\n  end\n\n  def require(name) = other_require(name)\n\n  \
             def gem(...) = other_gem(...)\n  private :require, :gem\nend\n\nclass Object\n  alias_method :third_require, \
             :require\n\n  def require(name) = third_require(name)\nend\n\nKernel.require \"digest\"\nKernel.require \"sqlite3\"\nrequire \"erb\"\ngem \
             \"pg\"\nrequire \"pg\"\nraise \"not ours\" unless $LOADED_FEATURES.grep(/drivers.pg.rb/).one?\n",
        );
        with_application(&stage, carrier, &["rails", "db:migrate"]).success();
        assert!(stage.database.tables().contains(&"books".to_owned()), "{carrier}");
    }
}

#[test]
fn what_keeps_an_application_from_loading_is_told_with_its_line() {
    for (carrier, stage) in stages() {
        stage.project.write("config/whole.rb", "require_relative \"shelving\"\n");
        stage.project.write("config/shelving.rb", "# What is on them.\nShelving.configure { }\n");
        for command in [&["rails", "db:migrate"][..], &["up"]] {
            let output = with_application(&stage, carrier, command).fails();
            for part in ["config/whole cannot be loaded: uninitialized constant Shelving", "shelving.rb:2"] {
                assert!(output.stderr.contains(part), "{carrier}: {part}\n{output}");
            }
        }
    }
}

/// Many ask whether a table is there, and expect that there may be no server: they are loaded to build images, too.
#[test]
fn an_application_that_asks_the_database_while_it_is_loaded_is_told_that_there_is_none() {
    for (carrier, stage) in stages() {
        stage.project.write(
            "config/whole.rb",
            "ActiveRecord::Base.establish_connection(adapter: \"sqlite3\", database: \"shelves.db\", reaping_frequency: \
             nil)\nbegin\n  \
             ActiveRecord::Base.connection.table_exists?(\"shelves\")\nrescue ActiveRecord::ConnectionNotEstablished => error\n  \
             puts error.message\nend\n",
        );
        let output = with_application(&stage, carrier, &["rails", "db:migrate"]).success();
        assert!(output.stdout.contains("no connection to a database while no migration runs"), "{output}");
        assert!(stage.database.tables().contains(&"books".to_owned()), "{carrier}");
    }
}

/// Of the calls that led there, as Rails leaves them in its own messages.
#[test]
fn a_failure_is_told_with_the_projects_own_calls() {
    for (carrier, stage) in stages() {
        stage.project.write("config/whole.rb", "");
        stage.project.write(
            "db/migrate/20250105000000_breaks.rb",
            "class Breaks < ActiveRecord::Migration[6.1]\n  def up\n    transaction { shelve(nil) }\n  end\n\n  def shelve(book) = \
             book.title\nend\n",
        );
        let output = with_application(&stage, carrier, &["up"]).fails();
        for part in ["breaks.rb:6:in `shelve': undefined method `title' for nil (NoMethodError)", "in `up'"] {
            assert!(output.stderr.contains(part), "{carrier}: {part}\n{output}");
        }
        for foreign in ["dispatcher.rb", "active_record/"] {
            assert!(!output.stderr.contains(foreign), "{carrier}: {foreign}\n{output}");
        }
    }
}

/// The gem `mysql2` speaks the character set `utf8`, whatever the server's is, where none is configured.
#[test]
fn views_keep_the_character_set_of_the_driver() {
    for adapter in [RailsAdapter::MARIADB, RailsAdapter::MYSQL] {
        let Some(pair) = Pair::new(adapter) else { continue };
        pair.write(
            "db/migrate/20250105000000_create_names.rb",
            "class CreateNames < ActiveRecord::Migration[6.1]\n  def up\n    execute \"CREATE VIEW names AS SELECT 'é' AS name\"\n  end\nend\n",
        );
        pair.same(&["db:migrate"]);
        let sets = |stage: &RailsStage| {
            stage.database.query(
                "SELECT character_set_client, collation_connection FROM information_schema.views WHERE table_schema = database()",
            )
        };
        assert_eq!(sets(&pair.original), sets(&pair.dunlin), "{adapter:?}");
        assert_eq!(sets(&pair.dunlin).concat().first().map(String::as_str), Some("utf8mb3"), "{adapter:?}");
    }
}

/// A gem that adds to another lies where its name does not say, and the project's own file says what to do with it.
#[test]
fn gems_that_add_to_migrations_are_found_as_bundler_finds_them() {
    if !rails_is_here(CARRIER) {
        return;
    }
    let Some(stage) = RailsStage::of("rails/shelves", RailsAdapter::SQLITE, "7.2") else { return };
    let gem = |name: &str, file: &str, text: &str| {
        let bundle = "vendor/bundle/ruby/3.3.0";
        let specification = format!(
            "Gem::Specification.new do |s|\n  s.name = \"{name}\"\n  s.version = \"1.0\"\n  s.require_paths = [\"lib\"]\nend\n"
        );
        stage.project.write(&format!("{bundle}/specifications/{name}-1.0.gemspec"), specification);
        stage.project.write(&format!("{bundle}/gems/{name}-1.0/lib/{file}.rb"), text);
    };
    gem(
        "scenic",
        "scenic",
        "module Scenic\n  module Adapters; end\n  singleton_class.attr_accessor :database\n\n  def self.load = \
         ActiveRecord::Migration.include(Views)\n\n  module Views\n    def create_view(name) = \
         execute(Scenic.database.text(name))\n  end\nend\n",
    );
    gem(
        "scenic-mysql_adapter",
        "scenic/mysql_adapter",
        "class Scenic::Adapters::MySQL\n  def text(name) = \"CREATE VIEW #{name} AS SELECT 1 AS one\"\nend\n",
    );
    gem("safe-pg-migrations", "safe-pg-migrations", "raise \"not here\"\n");
    stage.project.write("config/initializers/scenic.rb", "Scenic.database = Scenic::Adapters::MySQL.new\n");
    stage.project.write(
        "db/migrate/20250105000000_create_ones.rb",
        "class CreateOnes < ActiveRecord::Migration[6.1]\n  def up\n    create_view :ones\n  end\nend\n",
    );
    let output = stage.dunlin(CARRIER, &["db:migrate"]).success();
    assert_eq!(stage.database.query("SELECT one FROM ones"), [["1"]]);
    assert!(
        output.stderr.contains("safe-pg-migrations is not loaded: migrations keep their transaction"),
        "{output}"
    );
}
