//! Public projects whose history Flyway, Alembic, Knex or Rails runs from an empty database, run by Dunlin too: whole, and handed over
//! half-way in either direction. What the servers hold afterwards has to be what the original alone gives.
//!
//! Runs only when `DUNLIN_TEST_CORPUS` names a folder with clones of the projects, as `docs/real-repositories.md`
//! describes; a project that is not in it is left out. Nothing of the projects is part of this repository.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "real_repositories/alembic.rs"]
mod alembic;
#[path = "real_repositories/check.rs"]
mod check;
#[path = "real_repositories/knex.rs"]
mod knex;
#[path = "real_repositories/knex_units.rs"]
mod knex_units;
#[path = "real_repositories/rails.rs"]
mod rails;

use check::{PLAIN, Repository, Run, check, root_of};
use support::ServerKind;

const UAA_POSTGRES: [&str; 6] = [
    "-locations=filesystem:{root}/server/src/main/resources/org/cloudfoundry/identity/uaa/db/postgresql",
    "-table=schema_version",
    "-baselineOnMigrate=true",
    "-baselineVersion=1.5.2",
    "-validateOnMigrate=false",
    "-postgresql.transactional.lock=false",
];

const UAA_MYSQL: [&str; 5] = [
    "-locations=filesystem:{root}/server/src/main/resources/org/cloudfoundry/identity/uaa/db/mysql",
    "-table=schema_version",
    "-baselineOnMigrate=true",
    "-baselineVersion=1.5.2",
    "-validateOnMigrate=false",
];

#[test]
fn uaa_on_postgresql() {
    let arguments = &UAA_POSTGRES;
    check(&Repository { name: "uaa", arguments, table: "schema_version", migrations: 89, ..PLAIN });
}

/// Where its classes are seen, the first one is named before anything is written.
#[test]
fn uaa_with_its_java_migrations_is_refused() {
    let classes = "-locations=classpath:org/cloudfoundry/identity/uaa/db/postgresql";
    let repository = Repository { name: "uaa", arguments: &UAA_POSTGRES, ..PLAIN };
    let Some(root) = root_of(&repository) else { return };
    let Some(run) = Run::new(&repository, &root) else { return };
    let sql = run.arguments.iter().find_map(|argument| argument.strip_prefix("-locations=")).unwrap();
    let locations = format!("{classes},{sql}");
    let mut arguments: Vec<&str> = vec!["flyway", &locations, "migrate"];
    arguments
        .extend(run.arguments.iter().filter(|given| !given.starts_with("-locations=")).map(String::as_str));
    let output = run
        .project
        .dunlin_with(&arguments, |command| {
            command.current_dir(root.join("server"));
        })
        .exits(1);
    assert!(output.stderr.contains("V1_5_3__InitialDBScript.java) is a Java migration"), "{output}");
    assert!(run.database.tables().is_empty(), "{output}");
}

#[test]
fn uaa_on_mysql() {
    let server = ServerKind::MySql;
    let arguments = &UAA_MYSQL;
    check(&Repository { name: "uaa", server, arguments, table: "schema_version", migrations: 88, ..PLAIN });
}

/// Its migration 4.103 is for MySQL 8 alone.
#[test]
fn uaa_on_mariadb() {
    check(&Repository {
        name: "uaa",
        server: ServerKind::MariaDb,
        arguments: &UAA_MYSQL,
        table: "schema_version",
        migrations: 80,
        refused: Some("4.103"),
        ..PLAIN
    });
}

#[test]
fn genie_on_postgresql() {
    check(&Repository {
        name: "genie",
        arguments: &[
            "-locations=filesystem:{root}/genie-web/src/main/resources/db/migration/postgresql",
            "-baselineOnMigrate=true",
            "-baselineVersion=3.2.0",
            "-baselineDescription=Base Version",
        ],
        migrations: 10,
        ..PLAIN
    });
}

#[test]
fn genie_on_mariadb_and_mysql() {
    for server in [ServerKind::MariaDb, ServerKind::MySql] {
        check(&Repository {
            name: "genie",
            server,
            arguments: &[
                "-locations=filesystem:{root}/genie-web/src/main/resources/db/migration/mysql",
                "-baselineOnMigrate=true",
                "-baselineVersion=3.2.0",
                "-baselineDescription=Base Version",
            ],
            migrations: 10,
            ..PLAIN
        });
    }
}

#[test]
fn cwa_server_on_postgresql() {
    check(&Repository {
        name: "cwa-server",
        arguments: &[
            "-locations=filesystem:{root}/common/persistence/src/main/resources/db/migration,\
             filesystem:{root}/common/persistence/src/main/resources/db/specific/postgresql",
        ],
        migrations: 27,
        // Its repeatable view, which runs behind any target, needs tables up to this one.
        half: Some("24"),
        // What its setup script grants; roles belong to the whole server and may be there.
        before: "DO $$
            DECLARE wanted text;
            BEGIN
                FOREACH wanted IN ARRAY ARRAY['cwa_user', 'cwa_flyway', 'cwa_submission', 'cwa_distribution',
                    'cwa_federation_callback', 'cwa_federation_download', 'cwa_federation_upload', 'cwa_chgs_upload']
                LOOP
                    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
                        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
                    END IF;
                END LOOP;
            END $$;
            REVOKE ALL ON DATABASE {database} FROM PUBLIC;
            REVOKE USAGE ON SCHEMA public FROM PUBLIC;
            GRANT CONNECT ON DATABASE {database} TO cwa_user;
            GRANT USAGE ON SCHEMA public TO cwa_user;
            GRANT CREATE ON SCHEMA public TO cwa_flyway;",
        ..PLAIN
    });
}

#[test]
fn familie_ba_sak_on_postgresql() {
    check(&Repository {
        name: "familie-ba-sak",
        arguments: &[
            "-locations=filesystem:{root}/src/main/resources/db/migration,filesystem:{root}/src/main/resources/db/init",
        ],
        migrations: 317,
        ..PLAIN
    });
}

#[test]
fn steve_on_mariadb_and_mysql() {
    for server in [ServerKind::MariaDb, ServerKind::MySql] {
        check(&Repository {
            name: "steve",
            server,
            arguments: &[
                "-locations=filesystem:{root}/src/main/resources/db/migration",
                "-table=schema_version",
                "-outOfOrder=true",
                "-initSql=SET default_storage_engine=InnoDB;",
                "-cleanDisabled=true",
            ],
            table: "schema_version",
            migrations: 12,
            ..PLAIN
        });
    }
}

/// Without its baseline migration, as whoever installed it in the beginning ran it.
const STEVE_FROM_THE_BEGINNING: [&str; 5] = [
    "-locations=filesystem:{root}/src/main/resources/db/migration",
    "-baselineMigrationPrefix=NOT_",
    "-table=schema_version",
    "-outOfOrder=true",
    "-initSql=SET default_storage_engine=InnoDB;",
];

#[test]
fn steve_from_its_first_version_on_mysql() {
    check(&Repository {
        name: "steve",
        server: ServerKind::MySql,
        arguments: &STEVE_FROM_THE_BEGINNING,
        table: "schema_version",
        migrations: 48,
        ..PLAIN
    });
}

/// Its migration 0.7.7 is refused by today's MariaDB.
#[test]
fn steve_from_its_first_version_on_mariadb() {
    check(&Repository {
        name: "steve",
        server: ServerKind::MariaDb,
        arguments: &STEVE_FROM_THE_BEGINNING,
        table: "schema_version",
        migrations: 9,
        refused: Some("0.7.7"),
        ..PLAIN
    });
}

#[test]
fn kestra_on_postgresql() {
    check(&Repository {
        name: "kestra",
        arguments: &[
            "-locations=filesystem:{root}/jdbc-postgres/src/main/resources/migrations/postgres",
            "-outOfOrder=true",
            "-ignoreMigrationPatterns=*:missing,*:future",
        ],
        migrations: 26,
        ..PLAIN
    });
}

const KESTRA_MYSQL: [&str; 3] = [
    "-locations=filesystem:{root}/jdbc-mysql/src/main/resources/migrations/mysql",
    "-outOfOrder=true",
    "-ignoreMigrationPatterns=*:missing,*:future",
];

#[test]
fn kestra_on_mysql() {
    let server = ServerKind::MySql;
    check(&Repository { name: "kestra", server, arguments: &KESTRA_MYSQL, migrations: 24, ..PLAIN });
}

/// MariaDB knows `OFFSET` as a reserved word.
#[test]
fn kestra_on_mariadb() {
    check(&Repository {
        name: "kestra",
        server: ServerKind::MariaDb,
        arguments: &KESTRA_MYSQL,
        migrations: 0,
        refused: Some("1.1"),
        ..PLAIN
    });
}

#[test]
fn credhub_on_postgresql() {
    check(&Repository {
        name: "credhub",
        arguments: &[
            "-locations=filesystem:{root}/applications/credhub-api/src/main/resources/db/migration/common,\
             filesystem:{root}/applications/credhub-api/src/main/resources/db/migration/postgres",
            "-postgresql.transactional.lock=false",
        ],
        migrations: 70,
        ..PLAIN
    });
}

#[test]
fn credhub_on_mariadb_and_mysql() {
    for server in [ServerKind::MariaDb, ServerKind::MySql] {
        check(&Repository {
            name: "credhub",
            server,
            arguments: &[
                "-locations=filesystem:{root}/applications/credhub-api/src/main/resources/db/migration/common,\
                 filesystem:{root}/applications/credhub-api/src/main/resources/db/migration/mysql",
            ],
            migrations: 68,
            ..PLAIN
        });
    }
}

#[test]
fn conductor_on_postgresql() {
    check(&Repository {
        name: "conductor",
        arguments: &[
            "-locations=filesystem:{root}/postgres-persistence/src/main/resources/db/migration_postgres,\
             filesystem:{root}/postgres-persistence/src/main/resources/db/migration_postgres_data",
            "-postgresql.transactional.lock=false",
        ],
        migrations: 20,
        ..PLAIN
    });
}

#[test]
fn hawkbit_on_postgresql() {
    check(&Repository {
        name: "hawkbit",
        arguments: &[
            "-locations=filesystem:{root}/hawkbit-repository/hawkbit-repository-jpa-flyway/src/main/resources/db/migration/POSTGRESQL",
            "-sqlMigrationSuffixes=POSTGRESQL.sql",
            "-table=schema_version",
            "-ignoreMigrationPatterns=*:missing",
        ],
        table: "schema_version",
        migrations: 5,
        ..PLAIN
    });
}

#[test]
fn hawkbit_on_mariadb_and_mysql() {
    for server in [ServerKind::MariaDb, ServerKind::MySql] {
        check(&Repository {
            name: "hawkbit",
            server,
            arguments: &[
                "-locations=filesystem:{root}/hawkbit-repository/hawkbit-repository-jpa-flyway/src/main/resources/db/migration/MYSQL",
                "-sqlMigrationSuffixes=MYSQL.sql",
                "-table=schema_version",
                "-ignoreMigrationPatterns=*:missing",
            ],
            table: "schema_version",
            migrations: 5,
            ..PLAIN
        });
    }
}

/// Alembic's projects, run by both carriers.
mod alembic_projects {
    use super::alembic::{History, PLAIN, by_alembic, by_dunlin};
    use super::support::ServerKind;

    const POLAR: History = History {
        name: "polar",
        versions: "polar/server/migrations/versions",
        path: "polar/server",
        revisions: 53,
        ..PLAIN
    };
    const CTFD: History = History {
        name: "ctfd",
        versions: "ctfd/migrations/versions",
        path: "ctfd",
        revisions: 33,
        refused: 1,
        ..PLAIN
    };
    const CTFD_MARIADB: History = History { server: ServerKind::MariaDb, ..CTFD };
    const CTFD_MYSQL: History = History { server: ServerKind::MySql, ..CTFD };
    const ZOU: History = History {
        name: "zou",
        versions: "zou/zou/migrations/versions",
        path: "zou",
        revisions: 28,
        refused: 2,
        variables: &[("SECRET_KEY", "only for tests")],
        ..PLAIN
    };
    const ZOU_LEGACY: History =
        History { versions: "zou/zou/migrations/versions/legacy", revisions: 189, refused: 3, ..ZOU };
    const PREFECT: History = History {
        name: "prefect",
        versions: "prefect/src/prefect/server/database/_migrations/versions/postgresql",
        path: "prefect/src",
        configure: "transaction_per_migration=True",
        revisions: 116,
        refused: 47,
        ..PLAIN
    };
    const PREFECT_SQLITE: History = History {
        server: ServerKind::Sqlite,
        versions: "prefect/src/prefect/server/database/_migrations/versions/sqlite",
        configure: "transaction_per_migration=True, render_as_batch=True",
        revisions: 112,
        refused: 46,
        ..PREFECT
    };
    const MLFLOW: History = History {
        name: "mlflow",
        versions: "{site}/mlflow/store/db_migrations/versions",
        configure: "render_as_batch=True",
        revisions: 67,
        refused: 23,
        before: "from mlflow.store.tracking.dbmodels.initial_models import Base
Base.metadata.create_all(create_engine(url))",
        ..PLAIN
    };
    const MLFLOW_SQLITE: History = History { server: ServerKind::Sqlite, ..MLFLOW };
    const MLFLOW_MYSQL: History = History { server: ServerKind::MySql, ..MLFLOW };

    const WAREHOUSE: History = History {
        name: "warehouse",
        versions: "warehouse/warehouse/migrations/versions",
        path: "warehouse",
        imports: "import alembic_postgresql_enum\n",
        configure: "transaction_per_migration=True",
        revisions: 288,
        ..PLAIN
    };

    macro_rules! projects {
        ($($name:ident: $history:ident;)*) => {
            $(
                mod $name {
                    use super::{by_alembic, by_dunlin};

                    #[test]
                    fn by_plain_alembic() {
                        by_alembic(&super::$history);
                    }

                    #[test]
                    fn by_the_sandbox() {
                        by_dunlin(&super::$history, "sandbox");
                    }

                    #[test]
                    fn by_the_host() {
                        by_dunlin(&super::$history, "host");
                    }
                }
            )*
        };
    }

    projects! {
        polar: POLAR;
        ctfd_on_postgres: CTFD;
        ctfd_on_mariadb: CTFD_MARIADB;
        ctfd_on_mysql: CTFD_MYSQL;
        zou: ZOU;
        zou_legacy: ZOU_LEGACY;
        prefect_on_postgres: PREFECT;
        prefect_on_sqlite: PREFECT_SQLITE;
        mlflow_on_postgres: MLFLOW;
        mlflow_on_sqlite: MLFLOW_SQLITE;
        mlflow_on_mysql: MLFLOW_MYSQL;
        warehouse: WAREHOUSE;
    }
}

mod knex_projects {
    use super::knex::{History, PLAIN};
    use super::support::ServerKind::{MariaDb, Sqlite};

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
    const PROXY_MANAGER_SQLITE: History = History {
        server: Sqlite,
        client: "better-sqlite3",
        settings: "useNullAsDefault: true",
        ..PROXY_MANAGER
    };

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

    macro_rules! projects {
        ($($name:ident: $history:ident;)*) => {
            $(
                mod $name {
                    use crate::knex::by_dunlin;

                    #[test]
                    fn by_the_sandbox() {
                        by_dunlin(&super::$history, "sandbox");
                    }

                    #[test]
                    fn by_the_host() {
                        by_dunlin(&super::$history, "host");
                    }
                }
            )*
        };
    }

    projects! {
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
    }
}

mod rails_projects {
    use super::rails::{Application, History, PLAIN};
    use super::support::ServerKind::{MariaDb, Sqlite};

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
        folders: &[
            "core/db/migrate",
            "api/db/migrate",
            "legacy_promotions/db/migrate",
            "promotions/db/migrate",
        ],
        count: 96,
        ..PLAIN
    };
    const SOLIDUS_MARIADB: History = History { server: MariaDb, ..SOLIDUS };
    const SOLIDUS_SQLITE: History = History { server: Sqlite, ..SOLIDUS };

    const RUBYGEMS: History = History {
        name: "rubygemsorg",
        copied: &[
            "db/migrate",
            "config/initializers/inflections.rb",
            "config/initializers/strong_migrations.rb",
        ],
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

    macro_rules! projects {
        ($($name:ident: $history:ident;)*) => {
            $(
                mod $name {
                    use crate::rails::by_dunlin;

                    #[test]
                    fn by_the_sandbox() {
                        by_dunlin(&super::$history, "sandbox");
                    }

                    #[test]
                    fn by_the_host() {
                        by_dunlin(&super::$history, "host");
                    }
                }
            )*
        };
    }

    projects! {
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
    }
}
