//! Public projects whose history Alembic runs from an empty database.
//!
//! The folder that `DUNLIN_TEST_CORPUS` names also holds `venvs/NAME` for each: a Python environment with the project's
//! own version of Alembic and SQLAlchemy, psycopg2 or PyMySQL, and what its revisions import. The settings are ours, the
//! same for both tools, and begin at the project's folder of revisions; a project's own `env.py` mostly starts the
//! application.
//!
//! `packs` in that folder holds the packs for the sandbox, one built from each environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::check::{root, without_times};
use super::support::{Database, Extent, Need, Output, Project, ServerKind, command, note_not_run, run};

/// A project on one kind of server.
pub struct History {
    /// Its environment below `venvs`.
    pub name: &'static str,
    pub server: ServerKind,
    /// The folder of revisions in the corpus; `{site}` is the environment's `site-packages`.
    pub versions: &'static str,
    /// What goes on `sys.path`, in the corpus; empty if nothing has to.
    pub path: &'static str,
    /// What `env.py` imports besides, for what it adds to Alembic.
    pub imports: &'static str,
    /// Arguments of `context.configure`.
    pub configure: &'static str,
    /// How many revisions there are, so that a half-empty clone does not pass.
    pub revisions: usize,
    /// What the revisions want in the environment.
    pub variables: &'static [(&'static str, &'static str)],
    /// How many revisions the sandbox refuses, because they need compiled code of other packages.
    pub refused: usize,
    /// Python that makes of an empty database what the history begins with; `url` is the database's.
    pub before: &'static str,
}

/// One on PostgreSQL with nothing special.
pub const PLAIN: History = History {
    name: "",
    server: ServerKind::Postgres,
    versions: "",
    path: "",
    imports: "",
    configure: "",
    revisions: 0,
    variables: &[],
    refused: 0,
    before: "",
};

const ENV_PY: &str = r#"import os
{imports}
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"]

if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"}, {configure})
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, {configure})
        with context.begin_transaction():
            context.run_migrations()
"#;

/// A database of its own, and settings that point both tools at it.
pub struct Checkout {
    history: &'static History,
    environment: PathBuf,
    pub database: Database,
    pub project: Project,
}

impl Checkout {
    /// `None`, with a word about it, when the project or the server is not there.
    pub fn new(history: &'static History) -> Option<Self> {
        let corpus = root()?;
        let environment = corpus.join("venvs").join(history.name);
        if !environment.is_dir() {
            eprintln!("{} is not there", environment.display());
            note_not_run(Need::Corpus, Extent::Test);
            return None;
        }
        let database = Database::create(history.server)?;
        let project = Project::new();
        let link = project.path().join(".venv");
        std::os::unix::fs::symlink(&environment, &link).unwrap();
        let versions = match history.versions.strip_prefix("{site}") {
            Some(folder) => format!("{}{folder}", site_packages(&link).display()),
            None => corpus.join(history.versions).display().to_string(),
        };
        let path = if history.path.is_empty() {
            ".".to_owned()
        } else {
            corpus.join(history.path).display().to_string()
        };
        project.write(
            "alembic.ini",
            format!(
                "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = {path}\npath_separator = newline\n\
                 version_locations = {versions}\n"
            ),
        );
        project.write(
            "migrations/env.py",
            ENV_PY.replace("{configure}", history.configure).replace("{imports}", history.imports),
        );
        let checkout = Self { history, environment, database, project };
        if !history.before.is_empty() {
            let before = format!(
                "from sqlalchemy import create_engine\nurl = {:?}\n{}",
                checkout.url(),
                history.before
            );
            checkout.python(&["-c", &before]).success();
        }
        Some(checkout)
    }

    /// Plain Alembic, as the project has it.
    pub fn alembic(&self, arguments: &[&str]) -> Output {
        self.python(&[&["-m", "alembic"], arguments].concat())
    }

    /// `dunlin alembic …` by a carrier; for the host carrier the project's environment is `.venv`, which it takes as well for
    /// revisions of `on_host`.
    pub fn dunlin(&self, carrier: &str, on_host: &[String], arguments: &[&str]) -> Output {
        let names: Vec<&str> = self.history.variables.iter().map(|(name, _)| *name).collect();
        let exceptions: Vec<String> = on_host.iter().map(|id| format!("\"{id}\" = \"host\"\n")).collect();
        let settings = format!(
            "carrier = \"{carrier}\"\nenvironment = {names:?}\n\n[carriers]\n{}",
            exceptions.concat()
        );
        self.project.write("dunlin.toml", settings);
        let packs = root().expect("it was there").join("packs");
        self.project.dunlin_with(&[&["alembic"], arguments].concat(), |process| {
            process.env("DATABASE_URL", self.url()).envs(self.history.variables.iter().copied());
            process.env("XDG_CACHE_HOME", packs.join(".cache")).env("XDG_STATE_HOME", packs.join(".state"));
            process.env("DUNLIN_PACKS", packs);
        })
    }

    /// The revisions from the first to the last, as Alembic lists them.
    pub fn revisions(&self) -> Vec<String> {
        let listed = self.alembic(&["history"]).success().stdout;
        let revision = Regex::new(r"(?m)^.*?-> (\w+)").unwrap();
        let mut found: Vec<String> =
            revision.captures_iter(&listed).map(|found| found[1].to_owned()).collect();
        found.reverse();
        found
    }

    /// Schema, rows and versions; times and random identifiers are masked.
    pub fn state(&self) -> Vec<String> {
        let identifier =
            Regex::new("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}").unwrap();
        let contents = self.database.contents();
        let rows =
            contents.rows.iter().map(|row| identifier.replace_all(&without_times(row), "{id}").into_owned());
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        contents.catalog.into_iter().chain(rows).collect()
    }

    fn python(&self, arguments: &[&str]) -> Output {
        let mut process = command(self.environment.join("bin/python"), &self.project.home());
        process.current_dir(self.project.path()).env("DATABASE_URL", self.url()).args(arguments);
        process.env("PYTHONPYCACHEPREFIX", self.project.home()).envs(self.history.variables.iter().copied());
        run(process, "")
    }

    fn url(&self) -> String {
        self.database.sqlalchemy_url(None)
    }
}

/// Alembic runs the whole history; the state it leaves.
#[track_caller]
pub fn by_alembic(history: &'static History) -> Option<Vec<String>> {
    let whole = Checkout::new(history)?;
    let revisions = whole.revisions();
    assert_eq!(revisions.len(), history.revisions, "{revisions:?}");
    whole.alembic(&["upgrade", "heads"]).success();
    Some(whole.state())
}

/// Dunlin runs it by one carrier, and takes it over half-way and hands it over half-way. What the sandbox refuses, it
/// refuses all at once and before anything is written; the host carrier runs that then.
#[track_caller]
pub fn by_dunlin(history: &'static History, carrier: &str) {
    let Some(wanted) = by_alembic(history) else { return };
    let checkout = Checkout::new(history).expect("it was there");
    let revisions = checkout.revisions();
    let middle = &revisions[revisions.len() / 2];
    let on_host =
        if carrier == "sandbox" && history.refused > 0 { refused(&checkout, carrier) } else { Vec::new() };
    drop(checkout);
    let (dunlin, alembic) = (true, false);
    for parts in [
        vec![(dunlin, "heads")],
        vec![(alembic, middle.as_str()), (dunlin, "heads")],
        vec![(dunlin, middle.as_str()), (alembic, "heads")],
    ] {
        let checkout = Checkout::new(history).expect("it was there");
        for (by_dunlin, target) in &parts {
            let arguments = ["upgrade", *target];
            let output = if *by_dunlin {
                checkout.dunlin(carrier, &on_host, &arguments)
            } else {
                checkout.alembic(&arguments)
            };
            output.success();
        }
        let found = checkout.state();
        if let Some((wanted, found)) = first_difference(&wanted, &found) {
            panic!(
                "{} on {:?} ({carrier}), {parts:?}: first difference\n  Alembic: {wanted}\n  here:    {found}",
                history.name, history.server
            );
        }
    }
    eprintln!(
        "{} on {:?}: equal by {carrier}, {} of {} revisions",
        history.name,
        history.server,
        history.revisions - on_host.len(),
        history.revisions
    );
}

/// The revisions that a carrier refuses; it writes nothing then.
#[track_caller]
fn refused(checkout: &Checkout, carrier: &str) -> Vec<String> {
    let before = checkout.state();
    let output = checkout.dunlin(carrier, &[], &["upgrade", "heads"]).exits(1);
    assert_eq!(first_difference(&before, &checkout.state()), None, "{output}");
    let refusal = Regex::new(r"(/\S+\.py):\d+: (\S+) cannot be imported: (.*)").unwrap();
    let identifier = Regex::new(r#"(?m)^revision\b.*?= *["'](\w+)["']"#).unwrap();
    let mut found = BTreeSet::new();
    for line in refusal.captures_iter(&output.stderr) {
        let source = std::fs::read_to_string(&line[1]).unwrap();
        let id = identifier.captures(&source).expect("an identifier")[1].to_owned();
        eprintln!("refused {id}: {}: {}", &line[2], &line[3]);
        found.insert(id);
    }
    assert_eq!(found.len(), checkout.history.refused, "{output}");
    found.into_iter().collect()
}

fn first_difference(wanted: &[String], found: &[String]) -> Option<(String, String)> {
    let end = "nothing".to_owned();
    let length = wanted.len().max(found.len());
    let at = (0..length).find(|at| wanted.get(*at) != found.get(*at))?;
    Some((wanted.get(at).unwrap_or(&end).clone(), found.get(at).unwrap_or(&end).clone()))
}

fn site_packages(environment: &Path) -> PathBuf {
    let mut folders = std::fs::read_dir(environment.join("lib")).unwrap();
    let python = folders.find(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
    });
    python.unwrap().unwrap().path().join("site-packages")
}
