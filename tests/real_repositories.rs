//! Public projects whose history Flyway, Alembic, Knex or Rails runs from an empty database, run by Dunlin too: whole, and handed over
//! half-way in either direction. What the servers hold afterwards has to be what the original alone gives.
//!
//! Runs only when `DUNLIN_TEST_CORPUS` names a folder with clones of the projects, as `docs/real-repositories.md`
//! describes; a project that is not in it is left out. Nothing of the projects is part of this repository.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Tests of projects' histories, by each carrier.
macro_rules! projects {
    ($module:ident: $($name:ident: $history:ident;)*) => {
        $(
            mod $name {
                use crate::$module::by_dunlin;

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

#[path = "real_repositories/alembic.rs"]
mod alembic;
#[path = "real_repositories/alembic_projects.rs"]
mod alembic_projects;
#[path = "real_repositories/check.rs"]
mod check;
#[path = "real_repositories/knex.rs"]
mod knex;
#[path = "real_repositories/knex_projects.rs"]
mod knex_projects;
#[path = "real_repositories/knex_units.rs"]
mod knex_units;
#[path = "real_repositories/rails.rs"]
mod rails;
#[path = "real_repositories/rails_projects.rs"]
mod rails_projects;
#[path = "real_repositories/rails_units.rs"]
mod rails_units;

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
