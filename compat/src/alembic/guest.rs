//! The guest that runs revisions: Python modules, embedded here, which the host carrier writes to a folder and the
//! sandbox's builder puts into its component.
//!
//! `python FOLDER/dunlin_guest` serves the step protocol on standard input and output. In a component,
//! `dunlin_guest.preload.run()` belongs into the pre-initialisation and `dunlin_guest.sandbox.converse(message, exchange)`
//! behind the exported function.
//!
//! # Options of `start`
//!
//! | key | meaning |
//! |---|---|
//! | `config_file` | `alembic.ini`, absolute; null without one |
//! | `toml_file` | `pyproject.toml`, absolute, when it has Alembic's settings |
//! | `section` | the ini section (`alembic`) |
//! | `main_options` | settings that replace those of the section: `{"sqlalchemy.url": …, "script_location": …}`, percent signs single |
//! | `x` | the `-x` arguments, in order |
//! | `env` | `static`: the keys below stand for env.py. `run`: env.py is executed for each revision, by Alembic |
//! | `url` | static: dialect and driver, `postgresql+psycopg2://`; what else is in it is not used |
//! | `configure` | static: keyword arguments of `context.configure()`: `version_table`, `version_table_schema`, `render_as_batch`, `transaction_per_migration`, `transactional_ddl`, … |
//! | `engine` | static: keyword arguments of `create_engine()` |
//! | `naming_convention` | static: of the target metadata |
//! | `metadata_schema` | static: of the target metadata |
//! | `deterministic` | host: seed the operating system's randomness too (`os.urandom`, `uuid`, `secrets`) |
//!
//! # Options of `run`
//!
//! | key | meaning |
//! |---|---|
//! | `heads` | rows of the version table before the revision |
//! | `heads_after` | rows after it; `on_version_apply` is told |
//! | `dependencies` | the revision's normalised `depends_on`, resolved |
//! | `target` | what the command line asked for, for `context.config.cmd_opts.revision` |
//! | `tag` | `--tag` |
//! | `arguments` | static: keyword arguments of `run_migrations()`, which the revision's function gets |
//!
//! The guest changes no row of the version table. An offline run writes what Alembic writes for one revision, the statements
//! for the version table and `BEGIN;` … `COMMIT;` included.

/// The modules, by their dotted names; a package's name ends in `__init__`.
pub const MODULES: &[(&str, &str)] = &[
    ("dunlin_guest.__init__", include_str!("guest/dunlin_guest/__init__.py")),
    ("dunlin_guest.__main__", include_str!("guest/dunlin_guest/__main__.py")),
    ("dunlin_guest.asynchrony", include_str!("guest/dunlin_guest/asynchrony.py")),
    ("dunlin_guest.calls", include_str!("guest/dunlin_guest/calls.py")),
    ("dunlin_guest.determinism", include_str!("guest/dunlin_guest/determinism.py")),
    ("dunlin_guest.drivers.__init__", include_str!("guest/dunlin_guest/drivers/__init__.py")),
    ("dunlin_guest.drivers.aiosqlite_core", include_str!("guest/dunlin_guest/drivers/aiosqlite_core.py")),
    ("dunlin_guest.drivers.asyncpg_core", include_str!("guest/dunlin_guest/drivers/asyncpg_core.py")),
    ("dunlin_guest.drivers.asyncpg_values", include_str!("guest/dunlin_guest/drivers/asyncpg_values.py")),
    ("dunlin_guest.drivers.ctypes_core", include_str!("guest/dunlin_guest/drivers/ctypes_core.py")),
    ("dunlin_guest.drivers.greenlet_core", include_str!("guest/dunlin_guest/drivers/greenlet_core.py")),
    ("dunlin_guest.drivers.mysql_server", include_str!("guest/dunlin_guest/drivers/mysql_server.py")),
    ("dunlin_guest.drivers.mysql_session", include_str!("guest/dunlin_guest/drivers/mysql_session.py")),
    ("dunlin_guest.drivers.mysql_streams", include_str!("guest/dunlin_guest/drivers/mysql_streams.py")),
    ("dunlin_guest.drivers.mysqldb_core", include_str!("guest/dunlin_guest/drivers/mysqldb_core.py")),
    ("dunlin_guest.drivers.postgres_common", include_str!("guest/dunlin_guest/drivers/postgres_common.py")),
    ("dunlin_guest.drivers.postgres_error", include_str!("guest/dunlin_guest/drivers/postgres_error.py")),
    ("dunlin_guest.drivers.psycopg2_adapt", include_str!("guest/dunlin_guest/drivers/psycopg2_adapt.py")),
    ("dunlin_guest.drivers.psycopg2_cast", include_str!("guest/dunlin_guest/drivers/psycopg2_cast.py")),
    ("dunlin_guest.drivers.psycopg2_core", include_str!("guest/dunlin_guest/drivers/psycopg2_core.py")),
    ("dunlin_guest.drivers.psycopg_pq", include_str!("guest/dunlin_guest/drivers/psycopg_pq.py")),
    ("dunlin_guest.drivers.pymysql_socket", include_str!("guest/dunlin_guest/drivers/pymysql_socket.py")),
    ("dunlin_guest.drivers.sqlite3_core", include_str!("guest/dunlin_guest/drivers/sqlite3_core.py")),
    ("dunlin_guest.drivers.sqlite_text", include_str!("guest/dunlin_guest/drivers/sqlite_text.py")),
    ("dunlin_guest.drivers.versions", include_str!("guest/dunlin_guest/drivers/versions.py")),
    ("dunlin_guest.environment", include_str!("guest/dunlin_guest/environment.py")),
    ("dunlin_guest.failure", include_str!("guest/dunlin_guest/failure.py")),
    ("dunlin_guest.frames", include_str!("guest/dunlin_guest/frames.py")),
    ("dunlin_guest.guest", include_str!("guest/dunlin_guest/guest.py")),
    ("dunlin_guest.host", include_str!("guest/dunlin_guest/host.py")),
    ("dunlin_guest.imports", include_str!("guest/dunlin_guest/imports.py")),
    ("dunlin_guest.logs", include_str!("guest/dunlin_guest/logs.py")),
    ("dunlin_guest.operations", include_str!("guest/dunlin_guest/operations.py")),
    ("dunlin_guest.preload", include_str!("guest/dunlin_guest/preload.py")),
    ("dunlin_guest.sandbox", include_str!("guest/dunlin_guest/sandbox.py")),
    ("dunlin_guest.session", include_str!("guest/dunlin_guest/session.py")),
    ("dunlin_guest.standins", include_str!("guest/dunlin_guest/standins.py")),
    ("dunlin_guest.wire", include_str!("guest/dunlin_guest/wire.py")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::MODULES;
    use crate::test_files;

    #[test]
    fn every_module_is_embedded() {
        let files = test_files::below("src/alembic/guest");
        let modules = files.iter().filter_map(|name| name.strip_suffix(".py"));
        let modules: BTreeSet<String> = modules.map(|name| name.replace('/', ".")).collect();
        let embedded: BTreeSet<String> = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, modules);
    }
}
