//! The guest that runs Rails' migrations: Ruby files, embedded here, which the host carrier writes to a folder and the sandbox
//! shows to its interpreter.
//!
//! `ruby FOLDER/main.rb` serves the step protocol on standard input and output. In the sandbox `Dunlin::SandboxCarrier.boot` loads
//! ActiveRecord, after which the memory is kept, and `Dunlin::SandboxCarrier.turn` handles a message.
//!
//! # Options of `start`
//!
//! | key | meaning |
//! |---|---|
//! | `adapter` | ActiveRecord's: `postgresql`, `mysql2`, `trilogy`, `sqlite3` |
//! | `config` | the database's other settings in database.yml; passwords are not needed |
//! | `load` | host: what loads the application, `config/environment` |
//! | `requires` | gems to require; without it those that are known to add to migrations and are there |
//! | `rails_env` | for `Rails.env` |
//! | `migrations_paths` | absolute; for loading a schema |
//! | `table_name_prefix`, `table_name_suffix`, `schema_migrations_table_name`, `internal_metadata_table_name`, `pluralize_table_names` | of `ActiveRecord::Base` |
//! | `primary_key_type` | of what generators make, as `uuid` |
//! | `default_timezone`, `time_zone`, `datetime_type` | `utc` or `local`; `Time.zone`; PostgreSQL's |
//! | `inflections` | `{"acronyms": ["API"], "irregular": [["person", "people"]], "uncountable": ["fish"]}` |
//! | `schema_ignore_tables` | names, or `{"regexp": "^tmp_"}` |
//! | `deterministic` | host: seed the system's randomness too |
//!
//! # Options of `run`
//!
//! | key | meaning |
//! |---|---|
//! | `transaction` | false: the engine has none open. Right for `disable_ddl_transaction!`, and always on MySQL, whose migrations have none |
//! | `verbose` | false: no announcements |
//! | `schema` | true: the file is a schema.rb |
//!
//! # Calls
//!
//! | name | arguments | value |
//! |---|---|---|
//! | `render` | `source`, `path` | `{"text"}`: ERB's result |
//! | `dump_schema` | | `{"text"}` |
//!
//! The guest changes no row of the history, except that a `run` with `schema` does what `ActiveRecord::Schema.define`
//! does.

/// The modules, by their paths.
pub const MODULES: &[(&str, &str)] = &[
    ("calls.rb", include_str!("guest/calls.rb")),
    ("determinism.rb", include_str!("guest/determinism.rb")),
    ("dispatcher.rb", include_str!("guest/dispatcher.rb")),
    ("drivers/mysql2.rb", include_str!("guest/drivers/mysql2.rb")),
    ("drivers/mysql_values.rb", include_str!("guest/drivers/mysql_values.rb")),
    ("drivers/pg.rb", include_str!("guest/drivers/pg.rb")),
    ("drivers/pg/coders.rb", include_str!("guest/drivers/pg/coders.rb")),
    ("drivers/pg/connection.rb", include_str!("guest/drivers/pg/connection.rb")),
    ("drivers/pg/constants.rb", include_str!("guest/drivers/pg/constants.rb")),
    ("drivers/pg/error_text.rb", include_str!("guest/drivers/pg/error_text.rb")),
    ("drivers/pg/errors.rb", include_str!("guest/drivers/pg/errors.rb")),
    ("drivers/pg/result.rb", include_str!("guest/drivers/pg/result.rb")),
    ("drivers/pg/type_maps.rb", include_str!("guest/drivers/pg/type_maps.rb")),
    ("drivers/sqlite3.rb", include_str!("guest/drivers/sqlite3.rb")),
    ("drivers/sqlite3/database.rb", include_str!("guest/drivers/sqlite3/database.rb")),
    ("drivers/sqlite3/errors.rb", include_str!("guest/drivers/sqlite3/errors.rb")),
    ("drivers/sqlite3/statement.rb", include_str!("guest/drivers/sqlite3/statement.rb")),
    ("drivers/sqlite3/values.rb", include_str!("guest/drivers/sqlite3/values.rb")),
    ("drivers/sqlite_text.rb", include_str!("guest/drivers/sqlite_text.rb")),
    ("drivers/trilogy.rb", include_str!("guest/drivers/trilogy.rb")),
    ("environment.rb", include_str!("guest/environment.rb")),
    ("failure.rb", include_str!("guest/failure.rb")),
    ("frames.rb", include_str!("guest/frames.rb")),
    ("host/carrier.rb", include_str!("guest/host/carrier.rb")),
    ("logs.rb", include_str!("guest/logs.rb")),
    ("main.rb", include_str!("guest/main.rb")),
    ("migration.rb", include_str!("guest/migration.rb")),
    ("packages.rb", include_str!("guest/packages.rb")),
    ("models.rb", include_str!("guest/models.rb")),
    ("references.rb", include_str!("guest/references.rb")),
    ("sandbox/carrier.rb", include_str!("guest/sandbox/carrier.rb")),
    ("sandbox/missing.rb", include_str!("guest/sandbox/missing.rb")),
    ("sandbox/stdlib/io/console.rb", include_str!("guest/sandbox/stdlib/io/console.rb")),
    ("sandbox/stdlib/io/nonblock.rb", include_str!("guest/sandbox/stdlib/io/nonblock.rb")),
    ("sandbox/stdlib/io/wait.rb", include_str!("guest/sandbox/stdlib/io/wait.rb")),
    ("sandbox/stdlib/openssl.rb", include_str!("guest/sandbox/stdlib/openssl.rb")),
    ("sandbox/stdlib/socket.rb", include_str!("guest/sandbox/stdlib/socket.rb")),
    ("session.rb", include_str!("guest/session.rb")),
    ("standins.rb", include_str!("guest/standins.rb")),
    ("wire.rb", include_str!("guest/wire.rb")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::MODULES;
    use crate::test_files;

    #[test]
    fn every_module_is_embedded() {
        let embedded: BTreeSet<String> = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, test_files::below("src/rails/guest"));
    }
}
