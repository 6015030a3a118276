//! The projects of Rails, and what is particular to each.

use crate::rails::{Application, History, PLAIN};
use crate::support::ServerKind::{MariaDb, MySql, Sqlite};

/// Of our own, for scenic, fx and strong_migrations.
const GEMS: History = History {
    name: "gems",
    copied: &["db", "config/initializers"],
    application: Application::GivenToRails,
    count: 5,
    ..PLAIN
};

const PUBLIFY: History = History {
    name: "publify",
    release: "7.1",
    application: Application::Nothing,
    count: 29,
    schema: Some("db/schema.rb"),
    ..PLAIN
};
const PUBLIFY_MARIADB: History = History { server: MariaDb, ..PUBLIFY };
const PUBLIFY_SQLITE: History = History { server: Sqlite, ..PUBLIFY };

const HUGINN: History = History {
    name: "huginn",
    copied: &[
        "db/migrate",
        "config/initializers/mysqlpls.rb",
        "lib/liquid_migrator.rb",
        "lib/json_with_indifferent_access.rb",
        "app/concerns/json_serialized_field.rb",
    ],
    release: "8.1",
    count: 71,
    ..PLAIN
};
const HUGINN_MARIADB: History = History { server: MariaDb, patched_strings: true, ..HUGINN };

const MAYBE: History = History { name: "maybe", count: 199, schema: Some("db/schema.rb"), ..PLAIN };

const SOLIDUS: History = History {
    name: "solidus",
    copied: &[
        "core/db/migrate",
        "api/db/migrate",
        "legacy_promotions/db/migrate",
        "legacy_promotions/lib",
        "promotions/db/migrate",
    ],
    folders: &["core/db/migrate", "api/db/migrate", "legacy_promotions/db/migrate", "promotions/db/migrate"],
    count: 96,
    ..PLAIN
};
const SOLIDUS_MARIADB: History = History { server: MariaDb, ..SOLIDUS };
const SOLIDUS_SQLITE: History = History { server: Sqlite, ..SOLIDUS };

const RUBYGEMS: History = History {
    name: "rubygemsorg",
    copied: &["db/migrate", "config/initializers/inflections.rb", "config/initializers/strong_migrations.rb"],
    release: "8.1",
    gems: "strong_migrations",
    count: 234,
    schema: Some("db/schema.rb"),
    ..PLAIN
};

const OSM: History = History {
    name: "osm",
    copied: &[
        "db/migrate",
        "config/initializers/migrate.rb",
        "config/initializers/strong_migrations.rb",
        "config/settings.yml",
        "config/languages.yml",
        "lib/database_functions.rb",
        "app/models/language.rb",
    ],
    release: "8.1",
    gems: "strong_migrations",
    settings: "schema-format = \"sql\"",
    count: 162,
    schema: Some("db/structure.sql"),
    ..PLAIN
};

const REDMINE: History =
    History { name: "redmine", copied: &["db/migrate", "lib/redmine/database.rb"], count: 317, ..PLAIN };
const REDMINE_MARIADB: History = History { server: MariaDb, ..REDMINE };
const REDMINE_MYSQL: History = History { server: MySql, ..REDMINE };
const REDMINE_SQLITE: History = History { server: Sqlite, ..REDMINE };

const LOBSTERS: History = History {
    name: "lobsters",
    copied: &["db/migrate", "db/views", "extras/utils.rb"],
    server: MariaDb,
    release: "8.0",
    count: 141,
    schema: Some("db/schema.rb"),
    begins: Some(("db/schema-2022.rb", 20220806200248)),
    ..PLAIN
};

projects! {
    rails:
    gems_that_add_to_migrations: GEMS;
    publify_on_postgres: PUBLIFY;
    publify_on_mariadb: PUBLIFY_MARIADB;
    publify_on_sqlite: PUBLIFY_SQLITE;
    huginn_on_postgres: HUGINN;
    huginn_on_mariadb: HUGINN_MARIADB;
    maybe: MAYBE;
    solidus_on_postgres: SOLIDUS;
    solidus_on_mariadb: SOLIDUS_MARIADB;
    solidus_on_sqlite: SOLIDUS_SQLITE;
    rubygems_org: RUBYGEMS;
    openstreetmap: OSM;
    redmine_on_postgres: REDMINE;
    redmine_on_mariadb: REDMINE_MARIADB;
    redmine_on_mysql: REDMINE_MYSQL;
    redmine_on_sqlite: REDMINE_SQLITE;
    lobsters: LOBSTERS;
}
