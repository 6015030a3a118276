//! Two equal projects: the original runs in one, ours in the other, command after command.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::normal::{Tool, in_any_order, normal};
use crate::original::{self, Said};
use crate::support::{Database, Need, Output, Project, ServerKind};

/// Two projects, each with a database of its own.
pub struct Pair {
    theirs: Place,
    ours: Place,
    /// Whether Alembic's order between branches is that of a set.
    has_branches: bool,
    differences: Vec<String>,
    compared: usize,
}

struct Place {
    project: Project,
    database: Database,
}

impl Pair {
    /// Projects with these files, in which `@url@` stands for the database's SQLAlchemy URL. None if the server is missing.
    pub fn new(kind: ServerKind, files: &[(&str, &str)]) -> Option<Pair> {
        let place = || {
            let database = Database::create(kind)?;
            let place = Place { project: Project::new(), database };
            let python = Need::Alembic.setting().unwrap();
            place
                .project
                .write("dunlin.toml", format!("[alembic]\ncarrier = \"host\"\npython = {python:?}\n"));
            for (name, text) in files {
                place.project.write(name, place.filled_in(text));
            }
            Some(place)
        };
        let (theirs, ours) = (place()?, place()?);
        Some(Pair { theirs, ours, has_branches: false, differences: Vec::new(), compared: 0 })
    }

    /// Says that revisions that are listed come from several branches.
    #[must_use]
    pub fn with_branches(mut self) -> Pair {
        self.has_branches = true;
        self
    }

    /// Changes both projects.
    pub fn write(&mut self, path: &str, text: &str) -> &mut Pair {
        for place in [&self.theirs, &self.ours] {
            place.project.write(path, place.filled_in(text));
        }
        self
    }

    /// Changes both databases.
    pub fn sql(&mut self, text: &str) -> &mut Pair {
        for place in [&self.theirs, &self.ours] {
            place.database.sql(text);
        }
        self
    }

    /// Compares what a query finds in both databases.
    pub fn same_rows(&mut self, query: &str) -> &mut Pair {
        let (theirs, ours) = (self.theirs.database.query(query), self.our_rows(query));
        if theirs != ours {
            self.differences.push(format!("{query}\n- {theirs:?}\n+ {ours:?}\n"));
        }
        self
    }

    /// What a query finds in our database.
    pub fn our_rows(&self, query: &str) -> Vec<Vec<String>> {
        self.ours.database.query(query)
    }

    /// Runs a command of ours, in our project.
    pub fn dunlin(&self, arguments: &[&str]) -> Output {
        self.ours.project.dunlin(arguments)
    }

    /// Adds lines to the table `[alembic]` of our `dunlin.toml`.
    pub fn configure(&self, lines: &str) {
        let settings = self.ours.project.read("dunlin.toml");
        self.ours.project.write("dunlin.toml", settings + lines);
    }

    /// Changes a file of SQLite in both.
    pub fn sql_in(&mut self, file: &str, text: &str) -> &mut Pair {
        for place in [&self.theirs, &self.ours] {
            Connection::open(place.project.path().join(file)).unwrap().execute_batch(text).unwrap();
        }
        self
    }

    /// Compares what a query finds in a file of SQLite in both: nothing where there is no such table, or no file.
    pub fn same_in(&mut self, file: &str, query: &str) -> &mut Pair {
        let found = |place: &Place| {
            let path = place.project.path().join(file);
            rows_of_file(&path.to_string_lossy(), query).unwrap_or_default()
        };
        let (theirs, ours) = (found(&self.theirs), found(&self.ours));
        if theirs != ours {
            self.differences.push(format!("{file}: {query}\n- {theirs:?}\n+ {ours:?}\n"));
        }
        self
    }

    /// Runs lines of words in both, one after the other, and compares after each.
    pub fn all_same(&mut self, lines: &[&str]) -> &mut Pair {
        for line in lines {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            self.same(&words, &[]);
        }
        self
    }

    /// Runs one command in both, and compares.
    pub fn same(&mut self, arguments: &[&str], environment: &[(&str, &str)]) -> &mut Pair {
        let (theirs, ours) = self.run(arguments, environment);
        let lists = ["history", "current", "show"];
        let any_order = self.has_branches && arguments.iter().any(|word| lists.contains(word));
        let seen = |place: &Place, tool, said| {
            let mut seen = place.seen(tool, said);
            if any_order && let Some(text) = seen.get_mut("stdout") {
                *text = in_any_order(text);
            }
            seen
        };
        let theirs = seen(&self.theirs, Tool::Alembic, theirs);
        let ours = seen(&self.ours, Tool::Dunlin, ours);
        let mut found = String::new();
        for (name, theirs) in &theirs {
            let ours = &ours[name];
            if theirs != ours {
                found += &format!("--- {name}\n{}", difference(theirs, ours));
            }
        }
        if !found.is_empty() {
            self.differences.push(format!("alembic {}\n{found}", arguments.join(" ")));
        }
        self
    }

    /// Runs a command that ends with this exit code in both, where Alembic has done half of it by then and ours nothing.
    pub fn refused(&mut self, line: &str, status: i32) -> &mut Pair {
        let before = self.ours.left();
        let (theirs, ours) = self.run(&line.split(' ').collect::<Vec<&str>>(), &[]);
        if (theirs.status, ours.status) != (status, status) || self.ours.left() != before {
            let after = self.ours.left();
            self.differences
                .push(format!("alembic {line}\n- {theirs:?}\n+ {ours:?}\n{before}\nafter it\n{after}"));
        }
        self
    }

    /// Runs a command of ours that fails and makes no file.
    pub fn makes_no_file(&mut self, line: &str, file: &str) -> &mut Pair {
        let (_, ours) = self.run(&line.split(' ').collect::<Vec<&str>>(), &[]);
        if ours.status == 0 || self.ours.project.path().join(file).exists() {
            self.differences.push(format!("alembic {line}: it did not fail, or made {file}\n+ {ours:?}\n"));
        }
        self
    }

    fn run(&mut self, arguments: &[&str], environment: &[(&str, &str)]) -> (Said, Said) {
        self.compared += 1;
        let theirs = original::run(&self.theirs.project.path(), arguments, environment);
        let mut words = vec!["alembic"];
        words.extend(arguments);
        let output = self.ours.project.dunlin_with(&words, |command| {
            command.envs(environment.iter().copied());
        });
        (theirs, Said { status: output.status, stdout: output.stdout, stderr: output.stderr })
    }

    /// Ends a test: fails it with all differences that were found.
    #[track_caller]
    pub fn done(&self) {
        assert!(
            self.differences.is_empty(),
            "{} of {} commands differ (- Alembic, + ours)\n\n{}",
            self.differences.len(),
            self.compared,
            self.differences.join("\n")
        );
    }
}

impl Place {
    fn filled_in(&self, text: &str) -> String {
        text.replace("@url@", &self.database.sqlalchemy_url(None).replace('%', "%%"))
    }

    /// What a run said and left, without what differs between any two.
    fn seen(&self, tool: Tool, said: Said) -> BTreeMap<String, String> {
        let root = self.project.path().canonicalize().unwrap();
        let text = |text: &str| normal(tool, &root.to_string_lossy(), &self.database, said.status, text);
        let mut seen = BTreeMap::from([
            ("exit code".to_owned(), said.status.to_string()),
            ("stdout".to_owned(), text(&said.stdout)),
            ("stderr".to_owned(), in_fixed_order(&text(&said.stderr))),
            ("rows".to_owned(), self.rows()),
        ]);
        let mut files = Vec::new();
        list(&root, &root, &mut files);
        // A random id decides where its file stands.
        let mut files: Vec<String> = files.iter().map(|file| text(file)).collect();
        files.sort_unstable();
        seen.insert("files".to_owned(), files.concat());
        seen
    }

    /// Rows and files.
    fn left(&self) -> String {
        let root = self.project.path();
        let mut files = vec![self.rows() + "\n"];
        list(&root, &root, &mut files);
        files.concat()
    }

    /// The rows of the version table. That there is none fails the query, as nothing else does.
    fn rows(&self) -> String {
        let query = "SELECT version_num FROM alembic_version";
        let mut rows: Vec<String> = match self.database.kind() {
            ServerKind::Sqlite => rows_of_file(&self.database.name(), query).unwrap_or_default(),
            _ => {
                let output = self.database.try_sql(&format!("{query};"));
                let lines =
                    output.stdout.split('\n').filter(|line| !line.is_empty() && *line != "version_num");
                lines.map(str::to_owned).collect()
            }
        };
        rows.sort();
        if rows.is_empty() { "no table, or an empty one".to_owned() } else { rows.join(" ") }
    }
}

/// Log lines about tables that reflection takes from a set have no order of their own.
fn in_fixed_order(log: &str) -> String {
    let of_a_set = |line: &&str| line.contains("Detected sequence named ");
    let mut lines: Vec<&str> = log.split('\n').collect();
    for group in lines.chunk_by_mut(|first, second| of_a_set(first) && of_a_set(second)) {
        group.sort_unstable();
    }
    lines.join("\n")
}

fn rows_of_file(file: &str, query: &str) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare(query)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Names and texts of all files but databases and what Python compiles.
fn list(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "__pycache__" {
            list(root, &path, files);
        } else if path.is_file() && !name.ends_with(".pyc") && !name.ends_with(".db") {
            let shown = path.strip_prefix(root).unwrap().display();
            files.push(format!("== {shown}\n{}\n", fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The lines that differ, with the common ones around them left out.
fn difference(theirs: &str, ours: &str) -> String {
    let theirs: Vec<&str> = theirs.split('\n').collect();
    let ours: Vec<&str> = ours.split('\n').collect();
    let start = theirs.iter().zip(&ours).take_while(|(theirs, ours)| theirs == ours).count();
    let rest = theirs.len().min(ours.len()) - start;
    let end = theirs.iter().rev().zip(ours.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    for line in &theirs[start..theirs.len() - end] {
        text += &format!("- {line}\n");
    }
    for line in &ours[start..ours.len() - end] {
        text += &format!("+ {line}\n");
    }
    text
}
