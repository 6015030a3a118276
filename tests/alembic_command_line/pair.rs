//! Two equal projects: the original runs in one, ours in the other, command after command.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::normal::{Tool, normal};
use crate::original::{Original, Said};
use crate::support::{Database, Project, ServerKind};

/// Two projects, each with a database of its own.
pub struct Pair {
    original: Original,
    theirs: Place,
    ours: Place,
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
            for (name, text) in files {
                place.project.write(name, place.filled_in(text));
            }
            Some(place)
        };
        let (theirs, ours) = (place()?, place()?);
        Some(Pair { original: Original::start(), theirs, ours, differences: Vec::new(), compared: 0 })
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
        let theirs = self.original.run(&self.theirs.project.path(), arguments, environment);
        let mut words = vec!["alembic"];
        words.extend(arguments);
        let output = self.ours.project.dunlin_with(&words, |command| {
            command.envs(environment.iter().copied());
        });
        let ours = Said { status: output.status, stdout: output.stdout, stderr: output.stderr };
        self.compared += 1;
        let theirs = self.theirs.seen(Tool::Alembic, theirs);
        let ours = self.ours.seen(Tool::Dunlin, ours);
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
            ("stderr".to_owned(), text(&said.stderr)),
            ("rows".to_owned(), self.rows()),
        ]);
        let mut files = String::new();
        list(&root, &root, &mut files);
        seen.insert("files".to_owned(), text(&files));
        seen
    }

    fn rows(&self) -> String {
        if !self.database.tables().iter().any(|table| table == "alembic_version") {
            return "no table, or an empty one".to_owned();
        }
        let mut rows: Vec<String> =
            self.database.query("SELECT version_num FROM alembic_version").into_iter().flatten().collect();
        rows.sort();
        if rows.is_empty() { "no table, or an empty one".to_owned() } else { rows.join(" ") }
    }
}

/// Names and texts of all files but databases and what Python compiles.
fn list(root: &Path, folder: &Path, text: &mut String) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "__pycache__" {
            list(root, &path, text);
        } else if path.is_file() && !name.ends_with(".pyc") && !name.ends_with(".db") {
            let shown = path.strip_prefix(root).unwrap().display();
            *text += &format!("== {shown}\n{}\n", fs::read_to_string(&path).unwrap());
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
