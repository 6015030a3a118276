//! Public projects whose history ActiveRecord runs from an empty database.
//!
//! A clone in the folder that `DUNLIN_TEST_CORPUS` names is copied; its `database.yml` is ours, and so is what stands for
//! the application where migrations ask for it (`rails/NAME.rb`), the same for both tools. `rubies/NAME` beside the
//! clones has Ruby with the gems that the project asks for, in the form of `tests/rails/install`.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use super::check::{root, without_times};
use super::support::{
    Database, Extent, Need, Output, Project, ServerKind, command, copy_folder, needs, note_not_run, run,
};

/// A project on one kind of server.
pub struct History {
    /// Its folder in the corpus, and that of its Ruby.
    pub name: &'static str,
    /// What of it is copied.
    pub copied: &'static [&'static str],
    pub server: ServerKind,
    /// The release of ActiveRecord.
    pub release: &'static str,
    /// Folders of migrations beside `db/migrate`, if that is not all.
    pub folders: &'static [&'static str],
    /// For which tool `rails/NAME.rb` stands for the application.
    pub application: Application,
    /// Gems that add to migrations, for plain ActiveRecord.
    pub gems: &'static str,
    /// More of `[rails]` in `dunlin.toml`.
    pub settings: &'static str,
    /// Whether the application gives the type of strings another length, of which Dunlin, which makes the tables of the history
    /// without Ruby, knows nothing.
    pub patched_strings: bool,
    /// How many migrations there are, so that a half-empty clone does not pass.
    pub count: usize,
    /// The project's own schema file, if it has one.
    pub schema: Option<&'static str>,
    /// An older schema file of the project, and its version: what is before it no longer runs from empty.
    pub begins: Option<(&'static str, u64)>,
}

/// See [`History::application`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// For neither.
    Nothing,
    /// For both.
    Given,
    /// Dunlin needs none.
    GivenToRails,
}

/// One on PostgreSQL with nothing special.
pub const PLAIN: History = History {
    name: "",
    copied: &["db/migrate"],
    server: ServerKind::Postgres,
    release: "7.2",
    folders: &[],
    application: Application::Given,
    gems: "",
    settings: "",
    patched_strings: false,
    count: 0,
    schema: None,
    begins: None,
};

/// A migration newer than any schema file.
const NEWER: (&str, &str) = (
    "29990101000000_create_newer_things.rb",
    "class CreateNewerThings < ActiveRecord::Migration[6.0]\n  def change\n    create_table :newer_things do |t|\n      \
     t.string :name, null: false\n      t.timestamps\n    end\n  end\nend\n",
);

/// A database of its own, and a copy of the project.
struct Checkout {
    history: &'static History,
    database: Database,
    project: Project,
    ruby: PathBuf,
}

/// What is compared: schema, rows and history, and the schema file.
#[derive(PartialEq, Eq)]
struct State {
    contents: Vec<String>,
    schema: Vec<String>,
}

impl Checkout {
    /// `None`, with a word about it, when the project or the server is not there.
    fn new(history: &'static History) -> Option<Self> {
        let root = root()?;
        let ruby = root.join("rubies").join(history.name);
        // The project with gems that add to migrations is ours.
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rails").join(history.name);
        let clone = if ours.is_dir() { ours } else { root.join(history.name) };
        for folder in [&clone, &ruby] {
            if !folder.is_dir() {
                eprintln!("{} is not there", folder.display());
                note_not_run(Need::Corpus, Extent::Test);
                return None;
            }
        }
        let database = Database::create(history.server)?;
        let project = Project::new();
        for name in history.copied {
            copy(&clone.join(name), &project.path().join(name));
        }
        std::fs::create_dir_all(project.path().join("db")).unwrap();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_repositories/rails");
        copy_folder(&ours, &project.path().join("config/for_migrations"));
        let checkout = Self { history, database, project, ruby };
        checkout.project.write("config/database.yml", checkout.configuration());
        Some(checkout)
    }

    fn configuration(&self) -> String {
        let name = self.database.name();
        let url = match (self.history.server, self.database.login(), self.database.server_address()) {
            (ServerKind::Postgres, Some((user, password)), Some(address)) => {
                format!("postgresql://{user}:{password}@{address}/{name}")
            }
            (_, Some((user, password)), Some(address)) => {
                format!("mysql2://{user}:{password}@{address}/{name}")
            }
            _ => format!("sqlite3:{name}"),
        };
        let mut text = format!("development:\n  url: {url}\n");
        if !self.history.folders.is_empty() {
            text.push_str(&format!("  migrations_paths: {:?}\n", self.history.folders));
        }
        text
    }

    /// ActiveRecord's own tasks.
    fn rails(&self, arguments: &[&str]) -> Output {
        let mut process = command(self.ruby.join("bin/ruby"), &self.project.home());
        process.arg("-r").arg(self.project.path().join("config/for_migrations/beside_rake.rb"));
        process.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rails/original.rb"));
        process.args(arguments).current_dir(self.project.path());
        process.env("RAILS_ENV", "development").env("REQUIRED_GEMS", self.history.gems);
        if self.history.application != Application::Nothing {
            process.env("APPLICATION", self.application());
        }
        run(process, "")
    }

    fn application(&self) -> String {
        format!("config/for_migrations/{}", self.history.name)
    }

    /// `dunlin rails …` by a carrier; the sandbox has no Ruby in its path.
    fn dunlin(&self, carrier: &str, arguments: &[&str]) -> Output {
        let gems = self.ruby.join("gems").display().to_string();
        let mut settings = format!(
            "carrier = \"{carrier}\"\n\n[rails]\nrelease = \"{}\"\ngems = [{gems:?}]\n{}\n",
            self.history.release, self.history.settings
        );
        if self.history.application == Application::Given {
            settings.push_str(&format!("load = {:?}\n", self.application()));
        }
        self.project.write("dunlin.toml", settings);
        let arguments = [&["rails"], arguments].concat();
        self.project.dunlin_with(&arguments, |process| self.prepare(carrier, process))
    }

    fn prepare(&self, carrier: &str, process: &mut Command) {
        process.env("RAILS_ENV", "development");
        // Where the schema is SQL, the server's own programs dump it.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> =
            std::env::split_paths(&path).filter(|folder| folder.join("pg_dump").is_file()).collect();
        folders.truncate(1);
        if carrier == "host" {
            folders.insert(0, self.ruby.join("bin"));
        }
        process.env("PATH", std::env::join_paths(folders).unwrap());
    }

    /// Versions in the order in which they run.
    fn versions(&self) -> Vec<u64> {
        let usual = ["db/migrate"];
        let folders = if self.history.folders.is_empty() { &usual[..] } else { self.history.folders };
        let names = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(self.project.path().join(folder)).unwrap())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let version = |name: String| name.split('_').next().and_then(|digits| digits.parse().ok());
        let mut versions: Vec<u64> = names.filter(|name| name.ends_with(".rb")).filter_map(version).collect();
        versions.sort_unstable();
        versions
    }

    fn half(&self) -> String {
        let first = self.history.begins.map_or(0, |(_, version)| version);
        let versions: Vec<u64> = self.versions().into_iter().filter(|version| *version > first).collect();
        format!("VERSION={}", versions[versions.len() / 2])
    }

    fn schema_file(&self) -> &'static str {
        if self.history.settings.contains("sql") { "db/structure.sql" } else { "db/schema.rb" }
    }

    /// Times and random values are masked.
    fn state(&self) -> State {
        let random = Regex::new(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}").unwrap();
        let name = self.database.name();
        let mask =
            |row: &String| random.replace_all(&without_times(row), "{random}").replace(&name, "{name}");
        let contents = self.database.contents();
        let mut rows: Vec<String> = contents.rows.iter().map(mask).collect();
        rows.sort();
        let of_history = |line: &str| {
            line.starts_with("TABLE schema_migrations ") || line.starts_with("TABLE ar_internal_metadata ")
        };
        let catalog = contents.catalog.iter().map(mask).map(|line| {
            if self.history.patched_strings && of_history(&line) {
                line.replace("varchar(191)", "varchar(255)")
            } else {
                line
            }
        });
        let schema = std::fs::read_to_string(self.project.path().join(self.schema_file())).unwrap();
        State {
            contents: catalog.chain(rows).collect(),
            schema: schema.split('\n').map(|line| line.replace(&name, "{name}")).collect(),
        }
    }

    /// Takes another schema file for its own.
    fn put_schema(&self, text: &[String]) {
        self.project.write(self.schema_file(), text.join("\n").replace("{name}", &self.database.name()));
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

/// Who runs a task.
#[derive(Clone, Copy)]
enum Tool<'c> {
    Rails,
    Dunlin(&'c str),
}

fn task(checkout: &Checkout, tool: Tool<'_>, arguments: &[&str]) {
    let output = match tool {
        Tool::Rails => checkout.rails(arguments),
        Tool::Dunlin(carrier) => checkout.dunlin(carrier, arguments),
    };
    output.success();
}

/// From empty, or the older schema file, one half by each tool; what is there in the middle, and at the end.
fn halves(history: &'static History, tools: [Tool<'_>; 2]) -> Option<[State; 2]> {
    let checkout = Checkout::new(history)?;
    let versions = checkout.versions();
    assert_eq!(versions.len(), history.count, "{}", history.name);
    if let Some((schema, _)) = history.begins {
        copy(
            &root().unwrap().join(history.name).join(schema),
            &checkout.project.path().join(checkout.schema_file()),
        );
        task(&checkout, tools[0], &["db:schema:load"]);
    }
    task(&checkout, tools[0], &["db:migrate", &checkout.half()]);
    let middle = checkout.state();
    task(&checkout, tools[1], &["db:migrate"]);
    let end = checkout.state();
    // Nothing is left to do for either, and the other one changes nothing.
    checkout.rails(&["db:abort_if_pending_migrations"]).success();
    task(&checkout, tools[0], &["db:migrate"]);
    same(history, "once more", &end, &checkout.state());
    Some([middle, end])
}

/// A fresh database from a schema file, and what is newer.
fn fresh(history: &'static History, schema: Option<&State>, tool: Tool<'_>) -> State {
    let checkout = Checkout::new(history).expect("it was there");
    match (schema, history.schema) {
        (Some(state), _) => checkout.put_schema(&state.schema),
        (None, Some(own)) => copy(
            &root().unwrap().join(history.name).join(own),
            &checkout.project.path().join(checkout.schema_file()),
        ),
        (None, None) => panic!("{} has no schema file", history.name),
    }
    let folder = history.folders.first().unwrap_or(&"db/migrate");
    checkout.project.write(&format!("{folder}/{}", NEWER.0), NEWER.1);
    task(&checkout, tool, &["db:schema:load"]);
    task(&checkout, tool, &["db:migrate"]);
    checkout.state()
}

/// Dunlin runs it by one carrier, whole and in halves, and begins from schema files, with the results of plain ActiveRecord.
#[track_caller]
pub fn by_dunlin(history: &'static History, carrier: &str) {
    if !needs(&[Need::Corpus, Need::Ruby]) || (carrier == "sandbox" && !needs(&[Need::Pack])) {
        return;
    }
    let dunlin = Tool::Dunlin(carrier);
    let Some([middle, end]) = halves(history, [Tool::Rails, Tool::Rails]) else { return };
    for (name, tools) in [
        ("whole", [dunlin, dunlin]),
        ("begun by ActiveRecord", [Tool::Rails, dunlin]),
        ("ended by ActiveRecord", [dunlin, Tool::Rails]),
    ] {
        let found = halves(history, tools).expect("it was there");
        same(history, &format!("{name} ({carrier}), in the middle"), &middle, &found[0]);
        same(history, &format!("{name} ({carrier})"), &end, &found[1]);
    }
    let schemas = [Some(&middle), None];
    for schema in schemas.into_iter().filter(|schema| schema.is_some() || history.schema.is_some()) {
        let wanted = fresh(history, schema, Tool::Rails);
        let from = if schema.is_some() { "the schema file of the middle" } else { "their schema file" };
        same(history, &format!("from {from} ({carrier})"), &wanted, &fresh(history, schema, dunlin));
    }
    eprintln!("{} on {:?}: equal by {carrier}, {} migrations", history.name, history.server, history.count);
}

#[track_caller]
fn same(history: &History, what: &str, wanted: &State, found: &State) {
    for (aspect, wanted, found) in
        [("contents", &wanted.contents, &found.contents), ("schema file", &wanted.schema, &found.schema)]
    {
        let end = "nothing".to_owned();
        let length = wanted.len().max(found.len());
        let Some(at) = (0..length).find(|at| wanted.get(*at) != found.get(*at)) else { continue };
        panic!(
            "{} on {:?}, {what}: first difference of the {aspect}\n  ActiveRecord: {}\n  here: {}",
            history.name,
            history.server,
            wanted.get(at).unwrap_or(&end),
            found.get(at).unwrap_or(&end)
        );
    }
}
