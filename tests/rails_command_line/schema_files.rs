//! Schema files, dumped and loaded.

use support::RailsAdapter;

use super::{Pair, support};

const SERVERS: [RailsAdapter; 3] = [RailsAdapter::SQLITE, RailsAdapter::POSTGRES, RailsAdapter::MARIADB];

/// The schema that each database has, as Active Record dumps it.
#[track_caller]
fn same_schema(pair: &Pair) {
    for stage in [&pair.original, &pair.dunlin] {
        let dumped = stage.rails(&["db:schema:dump", "SCHEMA=db/dumped.rb", "SCHEMA_FORMAT=ruby"]);
        assert_eq!(dumped.status, 0, "{dumped}");
    }
    pair.same_files("dumped by the original");
    pair.remove("db/dumped.rb");
}

#[test]
fn a_schema_in_ruby_is_dumped_and_loaded() {
    for adapter in SERVERS {
        let Some(pair) = Pair::new(adapter) else { continue };
        pair.same(&["db:migrate VERSION=20250102000000", "db:schema:dump"]);
        for stage in [&pair.original, &pair.dunlin] {
            stage.database.reset();
        }
        pair.same(&["db:schema:load", "db:migrate:status"]);
        same_schema(&pair);
        pair.same(&["db:migrate", "db:rollback", "db:schema:load"]);
        same_schema(&pair);
    }
}

#[test]
fn a_schema_in_sql_is_dumped_and_loaded() {
    for adapter in SERVERS {
        let Some(mut pair) = Pair::new(adapter) else { continue };
        for stage in [&mut pair.original, &mut pair.dunlin] {
            stage.variables.push(("SCHEMA_FORMAT".to_owned(), "sql".to_owned()));
        }
        pair.same(&["db:migrate"]);
        for stage in [&pair.original, &pair.dunlin] {
            stage.database.reset();
        }
        pair.same(&["db:schema:load", "db:version", "db:schema:dump"]);
        same_schema(&pair);
    }
}

#[test]
fn a_new_database_is_prepared_from_the_schema_and_what_is_newer() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.same(&["db:migrate VERSION=20250102000000"]);
    for stage in [&pair.original, &pair.dunlin] {
        stage.database.reset();
    }
    pair.same(&["db:prepare", "db:prepare", "db:migrate:status"]);
    same_schema(&pair);
}

#[test]
fn a_schema_that_cannot_be_loaded_says_why() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.same(&["db:schema:load", "db:schema:load SCHEMA=db/other.rb"]);
    pair.write(
        "db/schema.rb",
        "ActiveRecord::Schema[7.2].define(version: 5) do\n  create_table :a\n  execute \"nonsense\"\nend\n",
    );
    pair.same_message("db:schema:load");
    pair.write("db/schema.rb", "raise ArgumentError, \"no\"\n");
    pair.same_message("db:schema:load");
}

#[test]
fn a_protected_environment_is_not_loaded_over() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.same(&["db:migrate"]);
    for stage in [&pair.original, &pair.dunlin] {
        stage.database.sql("UPDATE ar_internal_metadata SET value = 'production' WHERE key = 'environment';");
    }
    pair.same(&["db:schema:load", "db:check_protected_environments"]);
    for stage in [&pair.original, &pair.dunlin] {
        stage.database.sql("UPDATE ar_internal_metadata SET value = 'staging' WHERE key = 'environment';");
    }
    pair.same(&["db:schema:load"]);
}
