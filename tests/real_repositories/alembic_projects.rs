//! Alembic's projects, run by both carriers.

use crate::alembic::{History, PLAIN, by_alembic, by_dunlin};
use crate::support::ServerKind;

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
