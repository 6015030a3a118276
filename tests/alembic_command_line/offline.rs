//! `--sql`: statements that are written instead of run, byte for byte those of Alembic.

use crate::clinic::{LOGGING, TEMPLATE};
use crate::listings::files_on;
use crate::pair::Pair;
use crate::support::{Need, ServerKind, needs};

/// An environment that looks at all that a command line says.
const ENV: &str = r#"
from logging.config import fileConfig

from alembic import context
import sqlalchemy as sa

config = context.config
fileConfig(config.config_file_name)
x = context.get_x_argument(as_dictionary=True)
target_metadata = sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})


def run_migrations_offline():
    if "say" in x:
        print("-- said by env.py:", x["say"], context.get_tag_argument(), context.get_starting_revision_argument())
    context.configure(
        url=x.get("url") or config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        version_table=x.get("table", "alembic_version"),
        transaction_per_migration="each" in x,
    )
    with context.begin_transaction():
        context.run_migrations()


if not context.is_offline_mode():
    raise Exception("nothing is to be connected")
run_migrations_offline()
"#;

const WARDS: &str = r#""""wards"""
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade():
    op.create_table(
        "ward",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, unique=True),
        sa.Column("kind", sa.Enum("adult", "child", name="ward_kind"), server_default="adult"),
        sa.Column("opened", sa.DateTime(), server_default=sa.func.now()),
        sa.Column("rate", sa.Numeric(10, 2)),
        sa.Column("open", sa.Boolean, server_default=sa.true()),
    )
    op.create_index("ix_ward_kind", "ward", ["kind", "name"], unique=True)


def downgrade():
    op.drop_index("ix_ward_kind", table_name="ward")
    op.drop_table("ward")
"#;

const BEDS: &str = r#""""beds, and who lies in them: „Zoë“"""
from datetime import date

from alembic import op
import sqlalchemy as sa

revision = "a2"
down_revision = "a1"
branch_labels = "beds"


def upgrade():
    bed = op.create_table(
        "bed",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("ward_id", sa.Integer, sa.ForeignKey("ward.id", ondelete="CASCADE")),
        sa.Column("since", sa.Date),
        sa.Column("label", sa.Text),
    )
    op.bulk_insert(bed, [{"id": 1, "since": date(2026, 1, 2), "label": "it's 100% «Zoë»"}, {"id": 2, "label": None}])
    op.execute("UPDATE bed SET label = 'a:b' WHERE id = 1")
    op.execute(sa.text("DELETE FROM bed WHERE id = :id").bindparams(id=2))
    op.execute(bed.update().where(bed.c.id == 3).values(label="x%y"))
    op.add_column("ward", sa.Column("floor", sa.SmallInteger, nullable=True, server_default="0"))
    if op.get_context().dialect.name != "sqlite":
        op.alter_column("ward", "name", new_column_name="title", existing_type=sa.String(50), existing_nullable=False)
        op.create_unique_constraint(None, "bed", ["label"])
    with op.get_context().autocommit_block():
        op.execute("ANALYZE")


def downgrade():
    op.drop_column("ward", "floor")
    op.drop_table("bed")
"#;

const STAFF: &str = r#""""staff"""
from alembic import op

revision = "b1"
down_revision = "a1"
depends_on = None


def upgrade():
    op.execute("SELECT 'staff'")


def downgrade():
    pass
"#;

const ALL: &str = r#""""all of it"""

revision = "c1"
down_revision = ("a2", "b1")


def upgrade():
    pass


def downgrade():
    pass
"#;

fn project(url: &str) -> Option<Pair> {
    let ini = format!("[alembic]\nscript_location = %(here)s/db\nsqlalchemy.url = {url}\n{LOGGING}");
    let files = [
        ("alembic.ini", ini.as_str()),
        ("db/env.py", ENV),
        ("db/script.py.mako", TEMPLATE),
        ("db/versions/a1.py", WARDS),
        ("db/versions/a2.py", BEDS),
        ("db/versions/b1.py", STAFF),
        ("db/versions/c1.py", ALL),
    ];
    files_on(ServerKind::Sqlite, &files.map(|(name, text)| (name.to_owned(), text.to_owned())))
}

#[test]
fn statements_are_written_as_alembic_writes_them() {
    let Some(mut pair) = project("postgresql+psycopg2://anna:pw%%40@nowhere/clinic") else { return };
    pair.all_same(&[
        "upgrade head --sql",
        "upgrade a1:beds@head --sql",
        "-x each -x table=versions upgrade a2 --sql",
        "-x say=a=b -x say=yes upgrade b1:head --sql --tag evening",
        "-q upgrade a1 --sql",
        "upgrade +1 --sql",
        "upgrade nothing --sql",
        "upgrade nothing:head --sql",
        "upgrade a1:a2:c1 --sql",
        "upgrade head:a1 --sql",
        "downgrade c1:base --sql",
        "-x each downgrade c1:a1 --sql",
        "downgrade a2:-1 --sql",
        "downgrade a1:c1 --sql",
        "stamp a2 --sql",
        "stamp a2:c1 --sql --tag x",
        "stamp a1:a2 b1:c1 --sql",
        "stamp heads --sql --purge",
        "ensure_version --sql",
        "revision --sql",
    ]);
    pair.done();
}

#[test]
fn statements_are_those_of_each_dialect() {
    let urls = [
        "sqlite:///clinic.db",
        "mysql+pymysql://anna@nowhere/clinic",
        "mariadb+pymysql://anna@nowhere/clinic",
    ];
    for url in urls.into_iter().chain(["postgresql://nowhere/clinic", "mssql+pyodbc://nowhere/clinic"]) {
        let Some(mut pair) = project(url) else { return };
        pair.all_same(&["upgrade head --sql", "downgrade c1:base --sql"]).done();
    }
}

#[test]
fn several_databases_are_written_to_files_of_their_own() {
    let Some(mut pair) = files_on(ServerKind::Sqlite, &[]) else { return };
    pair.all_same(&["init -t multidb db"]);
    pair.all_same(&["revision --rev-id a1 -m wards"]);
    pair.all_same(&["upgrade head --sql", "downgrade a1:base --sql", "stamp a1 --sql"]);
    pair.done();
}

#[test]
fn statements_are_written_in_the_sandbox_too() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let Some(mut pair) = project("postgresql+psycopg2://nowhere/clinic") else { return };
    pair.write("dunlin.toml", "carrier = \"sandbox\"\n");
    pair.all_same(&["upgrade head --sql", "-x say=more stamp a1:c1 --sql", "upgrade nothing --sql"]).done();
}
