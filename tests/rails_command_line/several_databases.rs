//! An application of two databases.

use support::RailsAdapter;

use super::{Pair, support};

const DATABASES: &str = "development:
  primary:
    url: <%= ENV[\"PROJECT_DATABASE\"] %>
  animals:
    adapter: sqlite3
    database: db/animals.sqlite3
    migrations_paths: db/animals
";
const CATS: &str =
    "class CreateCats < ActiveRecord::Migration[6.1]\n  def change\n    create_table :cats\n  end\nend\n";

#[test]
fn tasks_take_up_all_databases_by_turns_or_the_one_that_is_named() {
    let Some(pair) = Pair::new(RailsAdapter::SQLITE) else { return };
    pair.write("config/database.yml", DATABASES);
    pair.write("db/animals/20250101120000_create_cats.rb", CATS);
    pair.same(&[
        "db:migrate:status:primary",
        "db:migrate:animals",
        "db:migrate:status:animals",
        "db:abort_if_pending_migrations",
        "db:version",
        "db:version:animals",
        "db:rollback",
        "db:rollback:animals",
        "db:abort_if_pending_migrations:animals",
        "db:migrate",
        "db:migrate:status",
        "db:migrate:up",
        "db:migrate:down:animals VERSION=20250101120000",
        "db:migrate:up:animals VERSION=20250101120000",
        "db:migrate:redo:primary STEP=2",
        "db:schema:dump:animals",
        "db:nothing:animals",
        "db:migrate:dogs",
    ]);
}
