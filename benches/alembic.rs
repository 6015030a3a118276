//! `dunlin alembic upgrade head` against Alembic's own, in one run: `cargo bench --bench alembic`.
//!
//! Prints medians, minima, ratios and the peak of memory; asserts nothing. Each figure is a whole process, started anew: with nothing to
//! do, with one revision pending, and with 300 on an empty database. Of several processes, as the host carrier has them, the
//! peak is that of the largest.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DUNLIN_TEST_PYTHON` | a Python with Alembic, SQLAlchemy, psycopg2 and PyMySQL | needed |
//! | `DUNLIN_TEST_PACKS` | the folder of packs; one that this version of Dunlin built, or each start takes seconds | none: no sandbox |
//! | `DUNLIN_BENCH_RUNS` | runs per figure, of which the median counts | 7 |
//! | `DUNLIN_BENCH_SERVERS` | the servers | `sqlite postgres mariadb` |
//!
//! Servers come from `DUNLIN_TEST_POSTGRES` and `DUNLIN_TEST_MARIADB`; SQLite is always there.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod support;

use std::path::Path;

use dunlin::db::{self, ConnectOptions, DatabaseUrl};
use support::code::{Figures, compare, packs, runs, setting};
use support::measure::{Figure, median_of, time};
use support::server::{Database, Server};

#[allow(dead_code, reason = "the other benchmarks count round trips")]
#[path = "../tests/support/round_trips.rs"]
mod round_trips;

/// How many revisions there are.
const REVISIONS: usize = 300;

fn main() {
    let runs = runs();
    let Some(python) = setting("DUNLIN_TEST_PYTHON") else {
        println!("not run: DUNLIN_TEST_PYTHON names no Python with Alembic");
        return;
    };
    println!(
        "{REVISIONS} revisions, a table each; up to {runs} runs per figure: median, (least), ratio of the least"
    );
    let measured = |contender: &Contender, server: &Server| contender.measured(&python, server, runs);
    compare(&Contender::all(), |contender| contender.name(), measured);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    Alembic,
    Sandbox,
    Host,
}

impl Contender {
    /// Alembic first.
    fn all() -> Vec<Contender> {
        let sandbox = setting("DUNLIN_TEST_PACKS").map(|_| Contender::Sandbox);
        if sandbox.is_none() {
            println!("without the sandbox: DUNLIN_TEST_PACKS names no packs");
        }
        [Some(Contender::Alembic), sandbox, Some(Contender::Host)].into_iter().flatten().collect()
    }

    fn name(self) -> &'static str {
        match self {
            Contender::Alembic => "Alembic",
            Contender::Sandbox => "dunlin, sandbox",
            Contender::Host => "dunlin, host",
        }
    }

    /// All of its figures on a server.
    fn measured(self, python: &str, server: &Server, runs: usize) -> Result<Figures, String> {
        let project = Project::new(self, python);
        let database = server.fresh_database();
        // What is compiled once, such as Python's byte code and the pack, is none of the figures.
        project.upgrade(&database)?;
        let nothing = median_of(runs, || project.upgrade(&database))?;
        let one = median_of(runs, || {
            take_back_the_last(&database)?;
            project.upgrade(&database)
        })?;
        let all = median_of(runs.min(3), || project.upgrade(&server.fresh_database()))?;
        Ok(Figures { nothing, one, all })
    }
}

/// Without a tool, so that it costs nothing.
fn take_back_the_last(database: &Database) -> Result<(), String> {
    let url = DatabaseUrl::parse(&database.url).map_err(|error| error.to_string())?;
    let mut connection = db::connect(&url, &ConnectOptions::default()).map_err(|error| error.to_string())?;
    let row = format!("UPDATE alembic_version SET version_num = '{}'", revision(REVISIONS - 1));
    for statement in [format!("DROP TABLE item_{REVISIONS}"), row] {
        connection.execute(&statement).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A project with a chain of revisions, as one of the contenders runs it.
struct Project {
    folder: tempfile::TempDir,
    contender: Contender,
    python: String,
}

impl Project {
    fn new(contender: Contender, python: &str) -> Project {
        let project = Project {
            folder: tempfile::tempdir().expect("a temporary folder"),
            contender,
            python: python.to_owned(),
        };
        let write = |name: String, text: &str| {
            std::fs::write(project.folder.path().join(name), text).expect("a file");
        };
        std::fs::create_dir_all(project.folder.path().join("migrations/versions")).expect("a folder");
        write("alembic.ini".to_owned(), "[alembic]\nscript_location = %(here)s/migrations\n");
        write("migrations/env.py".to_owned(), ENV_PY);
        let carrier = if contender == Contender::Sandbox { "sandbox" } else { "host" };
        write(
            "dunlin.toml".to_owned(),
            &format!("carrier = \"{carrier}\"\n[alembic]\npython = {python:?}\n"),
        );
        for number in 1..=REVISIONS {
            let before =
                if number == 1 { "None".to_owned() } else { format!("\"{}\"", revision(number - 1)) };
            let text = REVISION
                .replace("{revision}", &revision(number))
                .replace("{before}", &before)
                .replace("{number}", &number.to_string());
            write(format!("migrations/versions/{}_item.py", revision(number)), &text);
        }
        project
    }

    fn upgrade(&self, database: &Database) -> Result<Figure, String> {
        let program = match self.contender {
            Contender::Alembic => vec![self.python.clone(), "-m".to_owned(), "alembic".to_owned()],
            _ => vec![env!("CARGO_BIN_EXE_dunlin").to_owned(), "alembic".to_owned()],
        };
        let command = [program, vec!["upgrade".to_owned(), "head".to_owned()]].concat();
        let mut environment = vec![("DATABASE_URL".to_owned(), sqlalchemy_url(database))];
        environment.extend(packs());
        time(&command, &environment, self.folder.path())
    }
}

fn sqlalchemy_url(database: &Database) -> String {
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        return format!("sqlite:///{}", Path::new(path).display());
    }
    database.url.replace("postgres://", "postgresql+psycopg2://").replace("mysql://", "mysql+pymysql://")
}

fn revision(number: usize) -> String {
    format!("{number:012x}")
}

/// Alembic's own template, but for where the URL is from.
const ENV_PY: &str = r#"import os

from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"]


def run_migrations_offline() -> None:
    context.configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    connectable = create_engine(url, poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"#;

const REVISION: &str = r#""""The item with number {number}

Revision ID: {revision}
"""

from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_{number}",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("item_{number}")
"#;
