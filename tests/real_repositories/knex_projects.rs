//! The projects of Knex, and what is particular to each.

use crate::knex::{History, PLAIN};
use crate::support::ServerKind::{MariaDb, Sqlite};

const KUTT: History = History {
    name: "kutt",
    copied: &["server", "package.json"],
    migrations: "directory: 'server/migrations', disableMigrationsListValidation: true",
    settings: "useNullAsDefault: true",
    variables: &[("JWT_SECRET", "securekey"), ("DB_CLIENT", "pg")],
    count: 10,
    ..PLAIN
};
const KUTT_MARIADB: History = History {
    server: MariaDb,
    client: "mysql2",
    variables: &[("JWT_SECRET", "securekey"), ("DB_CLIENT", "mysql2")],
    ..KUTT
};
const KUTT_SQLITE: History = History {
    server: Sqlite,
    client: "better-sqlite3",
    variables: &[("JWT_SECRET", "securekey"), ("DB_CLIENT", "better-sqlite3")],
    ..KUTT
};

const WIKI: History = History {
    name: "wiki",
    copied: &["server", "package.json"],
    migrations: "tableName: 'migrations', migrationSource: require('./server/db/migrator-source')",
    before: "global.WIKI = { SERVERPATH: __dirname + '/server', config: { db: { type: 'postgres' } } };",
    settings: "useNullAsDefault: true",
    count: 16,
    ..PLAIN
};
const WIKI_MARIADB: History = History {
    server: MariaDb,
    client: "mysql2",
    before: "global.WIKI = { SERVERPATH: __dirname + '/server', config: { db: { type: 'mariadb' } } };",
    ..WIKI
};
const WIKI_SQLITE: History = History {
    server: Sqlite,
    client: "sqlite3",
    before: "global.WIKI = { SERVERPATH: __dirname + '/server', config: { db: { type: 'sqlite' } } };",
    count: 15,
    ..WIKI
};

const RAFIKI_BACKEND: History = History {
    name: "rafiki",
    folder: "packages/backend",
    migrations: "tableName: 'knex_migrations'",
    variables: &[
        ("OPERATOR_TENANT_ID", "438fa74a-fa7d-4317-9ced-dde32ece1787"),
        ("ADMIN_API_SECRET", "secret"),
    ],
    count: 68,
    ..PLAIN
};
const RAFIKI_AUTH: History = History {
    folder: "packages/auth",
    migrations: "tableName: 'auth_knex_migrations'",
    count: 14,
    ..RAFIKI_BACKEND
};

const PROXY_MANAGER: History = History {
    name: "nginx-proxy-manager",
    folder: "backend",
    copied: &[
        "migrations",
        "logger.js",
        "lib",
        "internal",
        "models",
        "db.js",
        "templates",
        "package.json",
        "schema",
        "setup.js",
        "certbot",
    ],
    packages: "backend",
    migrations: "tableName: 'migrations', directory: 'migrations'",
    count: 19,
    ..PLAIN
};
const PROXY_MANAGER_MARIADB: History = History { server: MariaDb, client: "mysql2", ..PROXY_MANAGER };
const PROXY_MANAGER_SQLITE: History =
    History { server: Sqlite, client: "better-sqlite3", settings: "useNullAsDefault: true", ..PROXY_MANAGER };

const A12N: History = History {
    name: "a12n-server",
    copied: &["src", "package.json"],
    migrations: "directory: './src/migrations'",
    random: r"[,\t'][-\w]{11}[,\t']",
    settings: "useNullAsDefault: true",
    count: 63,
    ..PLAIN
};
const A12N_MARIADB: History = History { server: MariaDb, client: "mysql2", ..A12N };
const A12N_SQLITE: History = History { server: Sqlite, client: "sqlite3", ..A12N };
const A12N_OLD: History = History { name: "a12n-server-0.24", count: 47, ..A12N };
const A12N_OLD_MARIADB: History = History { server: MariaDb, client: "mysql2", ..A12N_OLD };
const A12N_OLD_SQLITE: History = History { server: Sqlite, client: "sqlite3", ..A12N_OLD };

const BIGCAPITAL: History = History {
    name: "bigcapital",
    folder: "packages/server/src",
    copied: &["database/migrations"],
    server: MariaDb,
    client: "mysql",
    migrations: "directory: './database/migrations'",
    settings: "...require('objection').knexSnakeCaseMappers({ upperCase: true })",
    count: 86,
    ..PLAIN
};
const BIGCAPITAL_SYSTEM: History = History {
    copied: &["system/migrations", "system/seeds"],
    migrations: "directory: './system/migrations'",
    settings: "seeds: { directory: './system/seeds' }, ...require('objection').knexSnakeCaseMappers({ upperCase: true })",
    count: 18,
    ..BIGCAPITAL
};
const LEDGER: History = History {
    name: "central-ledger",
    copied: &["migrations", "config", "src", "package.json"],
    server: MariaDb,
    client: "mysql",
    migrations: "directory: './migrations', tableName: 'migration'",
    settings: "version: '5.5'",
    count: 171,
    // Two of its migrations import what imports a client of HTTP.
    refused: Some("ReadableStream is not defined"),
    ..PLAIN
};

/// Its aliases (`@app/…`) are in its tsconfig.json.
const INFISICAL: History = History {
    name: "infisical",
    folder: "backend",
    copied: &["src", "package.json", "tsconfig.json"],
    packages: "backend",
    migrations: "tableName: 'infisical_migrations', directory: './src/db/migrations'",
    count: 129,
    ..PLAIN
};
/// Its tsconfig.json extends one outside of the folder, and is not copied.
const LIGHTDASH: History = History {
    name: "lightdash",
    folder: "packages/backend",
    copied: &["src", "package.json"],
    packages: "packages/backend",
    migrations: "directory: './src/database/migrations', extension: 'ts', loadExtensions: ['.ts']",
    count: 211,
    ..PLAIN
};
const AUTOMATISCH: History = History {
    name: "automatisch",
    folder: "packages/backend",
    copied: &["src", "package.json"],
    packages: "packages/backend",
    migrations: "directory: './src/db/migrations', loadExtensions: ['.js']",
    variables: &[
        ("APP_ENV", "production"),
        ("ENCRYPTION_KEY", "first"),
        ("WEBHOOK_SECRET_KEY", "second"),
        ("APP_SECRET_KEY", "third"),
    ],
    count: 122,
    ..PLAIN
};
const CENTRAL: History = History {
    name: "central-backend",
    copied: &["lib", "config", "package.json"],
    migrations: "directory: './lib/model/migrations'",
    count: 214,
    refused: Some("bcrypt.glibc.node is compiled code"),
    ..PLAIN
};

const BACKSTAGE_CATALOG: History = History {
    name: "backstage",
    folder: "node_modules/@backstage/plugin-catalog-backend",
    count: 47,
    ..PLAIN
};
const BACKSTAGE_AUTH: History =
    History { folder: "node_modules/@backstage/plugin-auth-backend", count: 13, ..BACKSTAGE_CATALOG };
const BACKSTAGE_SCAFFOLDER: History =
    History { folder: "node_modules/@backstage/plugin-scaffolder-backend", count: 5, ..BACKSTAGE_CATALOG };
const BACKSTAGE_NOTIFICATIONS: History =
    History { folder: "node_modules/@backstage/plugin-notifications-backend", count: 7, ..BACKSTAGE_CATALOG };
const BACKSTAGE_BAZAAR: History =
    History { folder: "node_modules/@backstage/plugin-bazaar-backend", count: 6, ..BACKSTAGE_CATALOG };

/// As the application has it on SQLite.
const BACKSTAGE_SQLITE: &str = "useNullAsDefault: true, pool: { afterCreate(connection, done) { connection.pragma('foreign_keys = ON'); done(null, connection); } }";
const BACKSTAGE_CATALOG_SQLITE: History =
    History { server: Sqlite, client: "better-sqlite3", settings: BACKSTAGE_SQLITE, ..BACKSTAGE_CATALOG };
const BACKSTAGE_AUTH_SQLITE: History =
    History { server: Sqlite, client: "better-sqlite3", settings: BACKSTAGE_SQLITE, ..BACKSTAGE_AUTH };
const BACKSTAGE_SCAFFOLDER_SQLITE: History =
    History { server: Sqlite, client: "better-sqlite3", settings: BACKSTAGE_SQLITE, ..BACKSTAGE_SCAFFOLDER };
const BACKSTAGE_NOTIFICATIONS_SQLITE: History = History {
    server: Sqlite,
    client: "better-sqlite3",
    settings: BACKSTAGE_SQLITE,
    ..BACKSTAGE_NOTIFICATIONS
};
const BACKSTAGE_BAZAAR_SQLITE: History =
    History { server: Sqlite, client: "better-sqlite3", settings: BACKSTAGE_SQLITE, ..BACKSTAGE_BAZAAR };

projects! {
    knex:
    kutt_on_postgres: KUTT;
    kutt_on_mariadb: KUTT_MARIADB;
    kutt_on_sqlite: KUTT_SQLITE;
    wiki_on_postgres: WIKI;
    wiki_on_mariadb: WIKI_MARIADB;
    wiki_on_sqlite: WIKI_SQLITE;
    rafiki_backend: RAFIKI_BACKEND;
    rafiki_auth: RAFIKI_AUTH;
    proxy_manager_on_postgres: PROXY_MANAGER;
    proxy_manager_on_mariadb: PROXY_MANAGER_MARIADB;
    proxy_manager_on_sqlite: PROXY_MANAGER_SQLITE;
    a12n_on_postgres: A12N;
    a12n_on_mariadb: A12N_MARIADB;
    a12n_on_sqlite: A12N_SQLITE;
    a12n_old_on_postgres: A12N_OLD;
    a12n_old_on_mariadb: A12N_OLD_MARIADB;
    a12n_old_on_sqlite: A12N_OLD_SQLITE;
    bigcapital: BIGCAPITAL;
    bigcapital_system: BIGCAPITAL_SYSTEM;
    central_ledger: LEDGER;
    infisical: INFISICAL;
    lightdash: LIGHTDASH;
    automatisch: AUTOMATISCH;
    central_backend: CENTRAL;
    backstage_catalog_on_postgres: BACKSTAGE_CATALOG;
    backstage_catalog_on_sqlite: BACKSTAGE_CATALOG_SQLITE;
    backstage_auth_on_postgres: BACKSTAGE_AUTH;
    backstage_auth_on_sqlite: BACKSTAGE_AUTH_SQLITE;
    backstage_scaffolder_on_postgres: BACKSTAGE_SCAFFOLDER;
    backstage_scaffolder_on_sqlite: BACKSTAGE_SCAFFOLDER_SQLITE;
    backstage_notifications_on_postgres: BACKSTAGE_NOTIFICATIONS;
    backstage_notifications_on_sqlite: BACKSTAGE_NOTIFICATIONS_SQLITE;
    backstage_bazaar_on_postgres: BACKSTAGE_BAZAAR;
    backstage_bazaar_on_sqlite: BACKSTAGE_BAZAAR_SQLITE;
}
