//! `check` and `revision --autogenerate`: the database beside the project's models, and what `env.py` does with new revisions.

use crate::clinic::{LOGGING, TEMPLATE, ini};
use crate::listings::files_on;
use crate::pair::Pair;
use crate::support::{Need, ServerKind, needs};

const ENV: &str = r#"
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool

from clinic.models import metadata

config = context.config
fileConfig(config.config_file_name)
x = context.get_x_argument(as_dictionary=True)


def without_empty(context, revision, directives):
    if "keep" not in x and getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        print("nothing has changed")
        directives[:] = []


connectable = engine_from_config(
    config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with connectable.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        process_revision_directives=without_empty,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
"#;

const MODELS: &str = r#"
from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, Numeric, String, Table, Text, func

metadata = MetaData(naming_convention={"fk": "fk_%(table_name)s_%(column_0_name)s"})
ward = Table(
    "ward",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(50), nullable=False, comment="as on the door"),
    Column("rate", Numeric(10, 2), server_default="1.50"),
)
bed = Table(
    "bed",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ward_id", ForeignKey("ward.id"), nullable=False),
    Column("label", Text),
    Index("ix_bed_label", "ward_id", "id"),
)
"#;

const CHANGED: &str = r#"
from sqlalchemy import Column, Date, ForeignKey, Integer, MetaData, Numeric, String, Table

metadata = MetaData(naming_convention={"fk": "fk_%(table_name)s_%(column_0_name)s"})
ward = Table(
    "ward",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=True),
    Column("opened", Date, index=True),
)
"#;

fn project(kind: ServerKind) -> Option<Pair> {
    let ini = ini().replace("[alembic]\n", "[alembic]\nprepend_sys_path = .\npath_separator = os\n");
    let files = [
        ("alembic.ini", ini.as_str()),
        ("db/env.py", ENV),
        ("db/script.py.mako", TEMPLATE),
        ("clinic/__init__.py", ""),
        ("clinic/models.py", MODELS),
    ];
    files_on(kind, &files.map(|(name, text)| (name.to_owned(), text.to_owned())))
}

fn models_are_compared(kind: ServerKind) {
    let Some(mut pair) = project(kind) else { return };
    pair.all_same(&[
        "check",
        "revision --autogenerate -m first --rev-id a1",
        "check",
        "revision --autogenerate -m second",
        "upgrade head",
        "check",
        "revision --autogenerate -m nothing",
        "-x keep revision --autogenerate -m kept --rev-id a2",
        "upgrade head",
    ]);
    pair.write("clinic/models.py", CHANGED);
    pair.all_same(&[
        "check",
        "-q check",
        "revision --autogenerate -m changed --rev-id a3 --branch-label wards",
        "revision --autogenerate --sql",
        "revision --autogenerate --head nothing",
    ]);
    pair.done();
}

#[test]
fn models_are_compared_with_sqlite() {
    models_are_compared(ServerKind::Sqlite);
}

#[test]
fn models_are_compared_with_postgres() {
    models_are_compared(ServerKind::Postgres);
}

#[test]
fn models_are_compared_with_mariadb() {
    models_are_compared(ServerKind::MariaDb);
}

#[test]
fn env_py_is_run_for_new_revisions_where_the_configuration_says_so() {
    let Some(mut pair) = project(ServerKind::Sqlite) else { return };
    let ini = format!(
        "[alembic]\nscript_location = db\nprepend_sys_path = .\npath_separator = os\nrevision_environment = true\n\
         sqlalchemy.url = @url@\n[post_write_hooks]\nhooks = mark\nmark.type = exec\nmark.executable = touch\n\
         mark.options = REVISION_SCRIPT_FILENAME.seen\n{LOGGING}"
    );
    pair.write("alembic.ini", &ini).write("clinic/models.py", CHANGED);
    pair.all_same(&[
        "revision -m first --rev-id a1",
        "revision -m second --rev-id b1 --head base",
        "merge heads --rev-id c1",
        "merge heads --rev-id c1 -m all",
        "history",
        "-q revision --rev-id d1",
    ]);
    let broken = TEMPLATE.replace("${message}", "${message.nothing}");
    pair.write("db/script.py.mako", &broken).same(&["revision", "--rev-id", "e1"], &[]);
    pair.done();
}

#[test]
fn what_is_wrong_in_env_py_is_told() {
    let Some(mut pair) = project(ServerKind::Sqlite) else { return };
    pair.write("db/env.py", &ENV.replace("target_metadata=metadata", "target_metadata=None"))
        .all_same(&["check"]);
    pair.write("clinic/models.py", "import nowhere\n").all_same(&[
        "check",
        "revision --autogenerate",
        "ensure_version --sql",
    ]);
    pair.done();
}

#[test]
fn models_are_compared_in_the_sandbox_too() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let Some(mut pair) = project(ServerKind::Sqlite) else { return };
    pair.write("dunlin.toml", "carrier = \"sandbox\"\n");
    pair.all_same(&["check", "revision --autogenerate -m first --rev-id a1", "upgrade head", "check"]).done();
}
