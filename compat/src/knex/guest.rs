//! The guest that runs migrations: JavaScript modules, embedded here, which the host carrier writes to a folder and the
//! sandbox gives to QuickJS.
//!
//! `node FOLDER/main.js` serves the step protocol on standard input and output; the modules are CommonJS, so no
//! `package.json` above the folder may say `"type": "module"`. In QuickJS, `sandbox/boot.js` is evaluated first.
//!
//! The project's own `knex` runs, and its own `pg`, `mysql2`, `mysql` or `mariadb`: their sockets end in a server that
//! `drivers/postgres_server.js` and `drivers/mysql_server.js` emulate, so that values and errors are those of the drivers.
//! `sqlite3` and `better-sqlite3`, which are compiled, are replaced. `import_paths` of `start` are searched after the
//! project's `node_modules`, for packages in them and in a `node_modules` of theirs.
//!
//! # Options of `start`
//!
//! | key | meaning |
//! |---|---|
//! | `knexfile` | absolute; null without one |
//! | `environment` | of the knexfile; else `NODE_ENV`, else `development` |
//! | `config` | settings that replace those of the knexfile, or are all there are |
//! | `knex` | name or absolute path of the library, for `--knexpath`; else `knex` |
//! | `session_prepared` | the engine has run the statements that the call `session` gave: they are not sent again |
//! | `deterministic` | host: seed `crypto` too |
//!
//! # Options of `run`
//!
//! | key | meaning |
//! |---|---|
//! | `transaction` | false: no transaction is open, and the migration gets `knex` instead of a transaction |
//! | `shared_transaction` | true: Knex would run the whole batch in this transaction, so a migration that ends it fails |
//! | `migration` | what hooks and a custom `migrationSource` know it by; else `{file: id, directory}` of its path |
//! | `before_all`, `after_all` | migrations for the hooks `beforeAll` and `afterAll`, which are called around this one. `beforeEach` and `afterEach` always are |
//!
//! `path` and `source` are null for a migration of a custom `migrationSource`.
//!
//! # Calls
//!
//! | name | arguments | value |
//! |---|---|---|
//! | `knexfile` | `path`, `environment` | `config`: the configuration as JSON, its `connection` resolved; what JSON cannot hold is an object that names it, such as `{"function": true}`, `{"instance": "Source", …}`, `{"regexp": …}`, `{"date": …}`, `{"circular": true}`. `environments`: the keys of the export. `environment`: the one that was taken; null when the export is the configuration itself. `variables`: the environment variables that were read |
//! | `names` | | names of a custom `migrationSource`'s migrations, in its order; null without one |
//! | `transactions` | `migrations`: list of `{id, path, source}` | what `config.transaction` of each says, by its id; null where it says nothing |
//! | `make` | `extension`, `stub`, `variables` | `text` of a new migration, and the `stub` it is made of |
//! | `session` | | `statements`: what a new connection begins with, `{sql, parameters}`: `search_path`, the pool's `afterCreate` |

/// The modules, by their paths.
pub const MODULES: &[(&str, &str)] = &[
    ("calls.js", include_str!("guest/calls.js")),
    ("determinism.js", include_str!("guest/determinism.js")),
    ("dispatcher.js", include_str!("guest/dispatcher.js")),
    ("drivers/better_sqlite3.js", include_str!("guest/drivers/better_sqlite3.js")),
    ("drivers/mysql_server.js", include_str!("guest/drivers/mysql_server.js")),
    ("drivers/net.js", include_str!("guest/drivers/net.js")),
    ("drivers/packages.js", include_str!("guest/drivers/packages.js")),
    ("drivers/postgres_server.js", include_str!("guest/drivers/postgres_server.js")),
    ("drivers/sqlite3.js", include_str!("guest/drivers/sqlite3.js")),
    ("drivers/sqlite_text.js", include_str!("guest/drivers/sqlite_text.js")),
    ("drivers/sqlite_values.js", include_str!("guest/drivers/sqlite_values.js")),
    ("drivers/statements.js", include_str!("guest/drivers/statements.js")),
    ("environment.js", include_str!("guest/environment.js")),
    ("failure.js", include_str!("guest/failure.js")),
    ("frames.js", include_str!("guest/frames.js")),
    ("host/better-sqlite3.js", include_str!("guest/host/better-sqlite3.js")),
    ("host/carrier.js", include_str!("guest/host/carrier.js")),
    ("host/modules.js", include_str!("guest/host/modules.js")),
    ("host/sqlite3.js", include_str!("guest/host/sqlite3.js")),
    ("knexfile.js", include_str!("guest/knexfile.js")),
    ("logs.js", include_str!("guest/logs.js")),
    ("main.js", include_str!("guest/main.js")),
    ("migration.js", include_str!("guest/migration.js")),
    ("sandbox/boot.js", include_str!("guest/sandbox/boot.js")),
    ("sandbox/clock.js", include_str!("guest/sandbox/clock.js")),
    ("sandbox/clone.js", include_str!("guest/sandbox/clone.js")),
    ("sandbox/equality.js", include_str!("guest/sandbox/equality.js")),
    ("sandbox/globals.js", include_str!("guest/sandbox/globals.js")),
    ("sandbox/inspect.js", include_str!("guest/sandbox/inspect.js")),
    ("sandbox/lines.js", include_str!("guest/sandbox/lines.js")),
    ("sandbox/loaders.js", include_str!("guest/sandbox/loaders.js")),
    ("sandbox/modules.js", include_str!("guest/sandbox/modules.js")),
    ("sandbox/node/assert.js", include_str!("guest/sandbox/node/assert.js")),
    ("sandbox/node/assert_strict.js", include_str!("guest/sandbox/node/assert_strict.js")),
    ("sandbox/node/async_hooks.js", include_str!("guest/sandbox/node/async_hooks.js")),
    ("sandbox/node/buffer.js", include_str!("guest/sandbox/node/buffer.js")),
    ("sandbox/node/console.js", include_str!("guest/sandbox/node/console.js")),
    ("sandbox/node/constants.js", include_str!("guest/sandbox/node/constants.js")),
    ("sandbox/node/crypto.js", include_str!("guest/sandbox/node/crypto.js")),
    ("sandbox/node/diagnostics_channel.js", include_str!("guest/sandbox/node/diagnostics_channel.js")),
    ("sandbox/node/events.js", include_str!("guest/sandbox/node/events.js")),
    ("sandbox/node/fs.js", include_str!("guest/sandbox/node/fs.js")),
    ("sandbox/node/fs_promises.js", include_str!("guest/sandbox/node/fs_promises.js")),
    ("sandbox/node/module.js", include_str!("guest/sandbox/node/module.js")),
    ("sandbox/node/os.js", include_str!("guest/sandbox/node/os.js")),
    ("sandbox/node/path.js", include_str!("guest/sandbox/node/path.js")),
    ("sandbox/node/perf_hooks.js", include_str!("guest/sandbox/node/perf_hooks.js")),
    ("sandbox/node/process.js", include_str!("guest/sandbox/node/process.js")),
    ("sandbox/node/querystring.js", include_str!("guest/sandbox/node/querystring.js")),
    ("sandbox/node/stream.js", include_str!("guest/sandbox/node/stream.js")),
    ("sandbox/node/stream_promises.js", include_str!("guest/sandbox/node/stream_promises.js")),
    ("sandbox/node/string_decoder.js", include_str!("guest/sandbox/node/string_decoder.js")),
    ("sandbox/node/timers.js", include_str!("guest/sandbox/node/timers.js")),
    ("sandbox/node/timers_promises.js", include_str!("guest/sandbox/node/timers_promises.js")),
    ("sandbox/node/tty.js", include_str!("guest/sandbox/node/tty.js")),
    ("sandbox/node/url.js", include_str!("guest/sandbox/node/url.js")),
    ("sandbox/node/util.js", include_str!("guest/sandbox/node/util.js")),
    ("sandbox/node/util_types.js", include_str!("guest/sandbox/node/util_types.js")),
    ("sandbox/refused.js", include_str!("guest/sandbox/refused.js")),
    ("sandbox/resolve.js", include_str!("guest/sandbox/resolve.js")),
    ("sandbox/stacks.js", include_str!("guest/sandbox/stacks.js")),
    ("sandbox/streams/base.js", include_str!("guest/sandbox/streams/base.js")),
    ("sandbox/streams/duplex.js", include_str!("guest/sandbox/streams/duplex.js")),
    ("sandbox/streams/pipes.js", include_str!("guest/sandbox/streams/pipes.js")),
    ("sandbox/streams/readable.js", include_str!("guest/sandbox/streams/readable.js")),
    ("sandbox/streams/writable.js", include_str!("guest/sandbox/streams/writable.js")),
    ("sandbox/tsconfig.js", include_str!("guest/sandbox/tsconfig.js")),
    ("sandbox/types.js", include_str!("guest/sandbox/types.js")),
    ("sandbox/web_events.js", include_str!("guest/sandbox/web_events.js")),
    ("sandbox/web_text.js", include_str!("guest/sandbox/web_text.js")),
    ("session.js", include_str!("guest/session.js")),
    ("wire.js", include_str!("guest/wire.js")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::MODULES;
    use crate::test_files;

    #[test]
    fn every_module_is_embedded() {
        let embedded: BTreeSet<String> = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, test_files::below("src/knex/guest"));
    }
}
