//! Public projects whose history Knex runs from an empty database.
//!
//! A clone in the folder that `DUNLIN_TEST_CORPUS` names has a `node_modules` of the project's own version of Knex, its
//! driver, and what its migrations import. It is copied, and the knexfile is ours, the same for both tools: that of
//! the project mostly connects to where the application is deployed, and some projects have none.

use std::path::Path;

use regex::Regex;

use super::check::{root, without_times};
use super::support::{
    Database, Extent, Need, Output, Project, ServerKind, command, copy_folder, needs, note_not_run, run,
};

/// A project on one kind of server.
pub struct History {
    /// Its folder in the corpus.
    pub name: &'static str,
    /// The folder in it that both tools begin in.
    pub folder: &'static str,
    /// What of that folder is copied.
    pub copied: &'static [&'static str],
    /// Where in the clone its `node_modules` is.
    pub packages: &'static str,
    pub server: ServerKind,
    pub client: &'static str,
    /// The settings `migrations` of the knexfile.
    pub migrations: &'static str,
    /// JavaScript before the knexfile's settings.
    pub before: &'static str,
    /// Further settings of the knexfile.
    pub settings: &'static str,
    /// What the migrations want in the environment.
    pub variables: &'static [(&'static str, &'static str)],
    /// What else is random in rows, as a regular expression.
    pub random: &'static str,
    /// How many migrations there are, so that a half-empty clone does not pass.
    pub count: usize,
    /// What the sandbox says of a migration that it refuses, if it refuses any.
    pub refused: Option<&'static str>,
}

/// One on PostgreSQL with nothing special.
pub const PLAIN: History = History {
    name: "",
    folder: "",
    copied: &["migrations"],
    packages: "",
    server: ServerKind::Postgres,
    client: "pg",
    migrations: "directory: './migrations'",
    before: "",
    settings: "",
    variables: &[],
    random: "",
    count: 0,
    refused: None,
};

/// A database of its own, and a copy of the project.
struct Checkout {
    history: &'static History,
    database: Database,
    project: Project,
}

impl Checkout {
    /// `None`, with a word about it, when the project or the server is not there.
    fn new(history: &'static History) -> Option<Self> {
        let clone = root()?.join(history.name);
        if !clone.is_dir() {
            eprintln!("{} is not there", clone.display());
            note_not_run(Need::Corpus, Extent::Test);
            return None;
        }
        let database = Database::create(history.server)?;
        let project = Project::new();
        for name in history.copied {
            copy(&clone.join(history.folder).join(name), &project.path().join(name));
        }
        let packages = clone.join(history.packages).join("node_modules");
        std::os::unix::fs::symlink(&packages, project.path().join("node_modules")).unwrap();
        let connection = match history.server {
            ServerKind::Sqlite => format!("{{ filename: {:?} }}", database.name()),
            _ => format!("{:?}", database.url()),
        };
        let History { client, migrations, before, settings, .. } = history;
        project.write(
            "knexfile.cjs",
            format!(
                "{before}\nmodule.exports = {{\n  client: '{client}',\n  connection: {connection},\n  migrations: {{ {migrations} }},\n  {settings}\n}};\n"
            ),
        );
        Some(Self { history, database, project })
    }

    /// Plain Knex, as the project has it.
    fn knex(&self, arguments: &[&str]) -> Output {
        let packages = Need::Knex.setting().expect("it was asked for");
        let mut process = command("node", &self.project.home());
        process.arg("--import").arg(Path::new(&packages).join("node_modules/tsx/dist/loader.mjs"));
        process.arg(self.project.path().join("node_modules/knex/bin/cli.js"));
        process.args(["--knexfile", "knexfile.cjs"]).args(arguments).env("NO_COLOR", "1");
        process.current_dir(self.project.path()).envs(self.history.variables.iter().copied());
        run(process, "")
    }

    /// `dunlin knex …` by a carrier.
    fn dunlin(&self, carrier: &str, arguments: &[&str]) -> Output {
        let names: Vec<&str> = self.history.variables.iter().map(|(name, _)| *name).collect();
        self.project.write("dunlin.toml", format!("carrier = \"{carrier}\"\nenvironment = {names:?}\n"));
        let arguments = [&["knex", "--knexfile", "knexfile.cjs"], arguments].concat();
        self.project.dunlin_with(&arguments, |process| {
            process.envs(self.history.variables.iter().copied());
            if carrier == "sandbox" {
                process.env("PATH", "");
            }
        })
    }

    /// Schema, rows and history; times and random values are masked.
    fn state(&self) -> Vec<String> {
        let random = Regex::new(
            r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|\b1[78]\d{8}(?:\d{3})?\b|\$2[aby]\$[./\w$]+|alter\d{3}\b",
        )
        .unwrap();
        let contents = self.database.contents();
        let mask = |row: &String| random.replace_all(&without_times(row), "{random}").into_owned();
        let mut rows: Vec<String> = contents.rows.iter().map(mask).collect();
        if !self.history.random.is_empty() {
            let random = Regex::new(self.history.random).unwrap();
            rows.iter_mut().for_each(|row| *row = random.replace_all(row, "{random}").into_owned());
        }
        rows.sort();
        contents.catalog.iter().map(mask).chain(rows).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        copy_folder(from, to);
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

/// What Knex leaves after the whole history, and after all of it is taken back; `None` there when Knex fails at that.
type Wanted = (Vec<String>, Option<Vec<String>>);

#[track_caller]
fn by_knex(history: &'static History) -> Option<Wanted> {
    if !needs(&[Need::Corpus, Need::Knex]) {
        return None;
    }
    let checkout = Checkout::new(history)?;
    let output = checkout.knex(&["migrate:latest"]).success();
    let count = format!("run: {} migrations", history.count);
    assert!(output.stdout.contains(&count), "{output}");
    let whole = checkout.state();
    let output = checkout.knex(&["migrate:rollback", "--all"]);
    if output.status != 0 {
        eprintln!("{} on {:?}: Knex itself does not roll back\n{output}", history.name, history.server);
    }
    Some((whole, (output.status == 0).then(|| checkout.state())))
}

/// Dunlin runs it by one carrier, and takes it back; then each tool takes back what the other did.
#[track_caller]
pub fn by_dunlin(history: &'static History, carrier: &str) {
    let Some((whole, back)) = by_knex(history) else { return };
    let checkout = Checkout::new(history).expect("it was there");
    if let (Some(reason), "sandbox") = (history.refused, carrier) {
        // The history and its lock are there, as Knex makes them before anything else.
        checkout.knex(&["migrate:list"]).success();
        let empty = checkout.state();
        let output = checkout.dunlin(carrier, &["migrate:latest"]).exits(1);
        assert!(output.stderr.contains(reason), "{output}");
        same(history, carrier, "refused", &empty, &checkout.state());
        return;
    }
    checkout.dunlin(carrier, &["migrate:latest"]).success();
    same(history, carrier, "latest", &whole, &checkout.state());
    // Knex finds nothing to do and nothing to complain about.
    let output = checkout.knex(&["migrate:latest"]).success();
    assert!(output.stdout.contains("Already up to date"), "{output}");
    let Some(back) = back else {
        checkout.dunlin(carrier, &["migrate:rollback", "--all"]).fails();
        return;
    };
    checkout.dunlin(carrier, &["migrate:rollback", "--all"]).success();
    same(history, carrier, "rollback --all", &back, &checkout.state());

    let checkout = Checkout::new(history).expect("it was there");
    checkout.dunlin(carrier, &["migrate:latest"]).success();
    checkout.knex(&["migrate:rollback", "--all"]).success();
    same(history, carrier, "latest, Knex: rollback --all", &back, &checkout.state());

    let checkout = Checkout::new(history).expect("it was there");
    checkout.knex(&["migrate:latest"]).success();
    checkout.dunlin(carrier, &["migrate:rollback", "--all"]).success();
    same(history, carrier, "Knex: latest, rollback --all", &back, &checkout.state());
    eprintln!("{} on {:?}: equal by {carrier}, {} migrations", history.name, history.server, history.count);
}

#[track_caller]
fn same(history: &History, carrier: &str, after: &str, wanted: &[String], found: &[String]) {
    let end = "nothing".to_owned();
    let length = wanted.len().max(found.len());
    let Some(at) = (0..length).find(|at| wanted.get(*at) != found.get(*at)) else { return };
    panic!(
        "{} on {:?} ({carrier}), {after}: first difference\n  Knex: {}\n  here: {}",
        history.name,
        history.server,
        wanted.get(at).unwrap_or(&end),
        found.get(at).unwrap_or(&end)
    );
}
