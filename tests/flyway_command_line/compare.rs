//! Runs the original and ours on equal projects with equal databases, and compares all that a script could see.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::normal::{Tool, normal};
use crate::support::{Database, Output, Project, ServerKind};

/// A project in some state, kept as a copy, so that each run finds the same.
pub struct Scene {
    project: Project,
    saved: tempfile::TempDir,
    /// None on SQLite, whose database is a file of the project.
    server: Option<Server>,
    differences: RefCell<Vec<String>>,
}

struct Server {
    kind: ServerKind,
    database: RefCell<Option<Database>>,
    /// Brings a fresh database into the scene's state.
    script: String,
}

/// The SQLite database of a scene, seen from its project.
pub const FILE: &str = "clinic.db";

/// The configuration of a scene on SQLite.
pub const CONFIG: &str =
    "[environments.default]\nurl = \"jdbc:sqlite:clinic.db\"\n\n[flyway]\nlocations = [\"filesystem:sql\"]\n";

impl Scene {
    /// A project on SQLite with these files, in the state to which `prepare` brings it.
    pub fn new(files: &[(&str, &str)], prepare: impl FnOnce(&Project)) -> Scene {
        let project = Project::with(files);
        if !project.path().join("flyway.toml").exists() && !project.path().join("flyway.conf").exists() {
            project.write("flyway.toml", CONFIG);
        }
        prepare(&project);
        let saved = tempfile::tempdir().unwrap();
        copy(&project.path(), saved.path());
        Scene { project, saved, server: None, differences: RefCell::default() }
    }

    /// A project on a server, whose database a script of SQL brings into the scene's state.
    pub fn on(kind: ServerKind, files: &[(&str, &str)], script: &str) -> Scene {
        let project = Project::with(files);
        let saved = tempfile::tempdir().unwrap();
        let database = RefCell::new(None);
        let server = Some(Server { kind, database, script: script.to_owned() });
        Scene { project, saved, server, differences: RefCell::default() }
    }

    /// Compares one invocation.
    pub fn same(&self, arguments: &[&str]) -> &Scene {
        let original = self.original(arguments);
        let ours = self.ours(arguments, &|_| {});
        self.compare(arguments, &original, &ours)
    }

    /// Compares several invocations, each a line of words.
    pub fn all_same(&self, invocations: &[&str]) -> &Scene {
        for invocation in invocations {
            self.same(&invocation.split_whitespace().collect::<Vec<_>>());
        }
        self
    }

    /// Compares one invocation under an environment.
    pub fn same_with(&self, arguments: &[&str], change: impl Fn(&mut Command)) -> &Scene {
        let original = self.original_with(arguments, &change);
        let ours = self.ours(arguments, &change);
        self.compare(arguments, &original, &ours)
    }

    /// Compares what a failing `migrate` leaves and says, but for the end that the original does not say without the
    /// module for reports, which is not published: the failure of the script, and exit code 1.
    pub fn same_but_fails(&self, arguments: &[&str]) -> &Scene {
        let mut original = self.original(arguments);
        let mut ours = self.ours(arguments, &|_| {});
        let words = arguments.join(" ");
        if ours.status != 1 {
            self.differences.borrow_mut().push(format!("{words}: ours exits {}", ours.status));
        }
        if let Some((before, script)) = ours.stderr.split_once("ERROR: Failed to execute script ") {
            assert!(script.contains("\nSQL State  : "), "{script}");
            ours.stderr = before.to_owned();
        }
        ours.status = original.status;
        original.stderr = original.stderr.replace("\r\n", "\n");
        self.compare(arguments, &original, &ours)
    }

    /// Compares exit code and database, where the original's words are of its own making.
    pub fn same_outcome(&self, arguments: &[&str]) -> &Scene {
        let original = self.original(arguments);
        let mut ours = self.ours(arguments, &|_| {});
        if ours.status != 0 && ours.stderr.trim().is_empty() {
            self.differences.borrow_mut().push(format!("{}: ours says nothing", arguments.join(" ")));
        }
        (ours.stdout, ours.stderr) = (original.stdout.clone(), original.stderr.clone());
        self.compare(arguments, &original, &ours)
    }

    fn compare(&self, arguments: &[&str], original: &Seen, ours: &Seen) -> &Scene {
        let mut found = String::new();
        for (name, theirs, ours) in [
            ("stdout", &original.stdout, &ours.stdout),
            ("stderr", &original.stderr, &ours.stderr),
            ("database", &original.database, &ours.database),
        ] {
            if theirs != ours {
                found.push_str(&format!("--- {name}\n{}", difference(theirs, ours)));
            }
        }
        if original.status != ours.status {
            found.push_str(&format!("--- exit code\n-{}\n+{}\n", original.status, ours.status));
        }
        if !found.is_empty() {
            self.differences.borrow_mut().push(format!("flyway {}\n{found}", arguments.join(" ")));
        }
        self
    }

    /// Ends a test: fails it with all differences that were found.
    #[track_caller]
    pub fn done(&self) {
        let differences = self.differences.borrow();
        assert!(
            differences.is_empty(),
            "{} differences (- Flyway, + ours)\n\n{}",
            differences.len(),
            differences.join("\n")
        );
    }

    /// What the original says and leaves.
    pub fn original(&self, arguments: &[&str]) -> Seen {
        let words = self.restored(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.project.flyway_again(&words);
        self.seen(Tool::Flyway, output)
    }

    /// The same in a process of its own, under an environment.
    pub fn original_with(&self, arguments: &[&str], change: &dyn Fn(&mut Command)) -> Seen {
        let words = self.restored(arguments);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.project.flyway_with(&words, change);
        self.seen(Tool::Flyway, output)
    }

    /// What ours says and leaves.
    pub fn ours(&self, arguments: &[&str], change: &dyn Fn(&mut Command)) -> Seen {
        let words = self.restored(arguments);
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.insert(0, "flyway");
        let output = self.project.dunlin_with(&words, change);
        self.seen(Tool::Dunlin, output)
    }

    /// Brings the scene into its state and returns the arguments, with a server's login in front.
    fn restored(&self, arguments: &[&str]) -> Vec<String> {
        let mut words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let Some(server) = &self.server else {
            empty(&self.project.path());
            copy(self.saved.path(), &self.project.path());
            return words;
        };
        // Dropped before the next is made, whose name is another.
        server.database.borrow_mut().take();
        let database = Database::create(server.kind).unwrap();
        if !server.script.is_empty() {
            database.sql(&server.script.replace("@database@", &database.name()));
        }
        for word in database.flyway_arguments().into_iter().rev() {
            let (key, _) = word.split_once('=').unwrap();
            if !words.iter().any(|given| given.starts_with(&format!("{key}="))) {
                words.insert(0, word);
            }
        }
        words.insert(0, "-locations=filesystem:sql".to_owned());
        *server.database.borrow_mut() = Some(database);
        words
    }

    fn seen(&self, tool: Tool, output: Output) -> Seen {
        let mut stdout = output.stdout;
        if let Ok(text) = fs::read_to_string(self.project.path().join("out.json")) {
            stdout = format!("{stdout}--- out.json\n{text}");
        }
        let name = match &self.server {
            None => None,
            Some(server) => server.database.borrow().as_ref().map(Database::name),
        };
        let text = |text: &str| {
            let text = normal(tool, &self.project.path().to_string_lossy(), text);
            name.as_ref().map_or_else(|| text.clone(), |name| text.replace(name.as_str(), "<database>"))
        };
        Seen {
            status: output.status,
            stdout: text(&stdout),
            stderr: text(&output.stderr),
            database: normal(tool, "<>", &self.dump()),
        }
    }

    fn dump(&self) -> String {
        if let Some(server) = &self.server {
            let database = server.database.borrow();
            let database = database.as_ref().unwrap();
            let mut text = database.schema_dump().replace(&database.name(), "<database>");
            for table in database.tables().iter().filter(|table| table.ends_with("history")) {
                text.push_str(&format!("\n{}", database.history_rows(table).join("\n")));
            }
            return text;
        }
        let mut text = String::new();
        for entry in fs::read_dir(self.project.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "db") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let dump = Command::new("sqlite3").arg(&path).arg(".dump").output().unwrap();
                let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
                // A database without anything in it is as good as none.
                if dump.contains("CREATE ") {
                    text.push_str(&format!("-- {name}\n{dump}"));
                }
            }
        }
        text
    }
}

/// What a run said and left, without what differs between any two.
pub struct Seen {
    /// Exit code.
    pub status: i32,
    /// Standard output, and `out.json` if it was written.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The database.
    pub database: String,
}

/// Removes what is in a folder, in which Flyway stands.
fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The lines of both, common ones marked with a space.
fn difference(theirs: &str, ours: &str) -> String {
    let theirs: Vec<&str> = theirs.split('\n').collect();
    let ours: Vec<&str> = ours.split('\n').collect();
    let start = theirs.iter().zip(&ours).take_while(|(theirs, ours)| theirs == ours).count();
    let rest = theirs.len().min(ours.len()) - start;
    let end = theirs.iter().rev().zip(ours.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    for line in &theirs[..start] {
        text.push_str(&format!("  {line}\n"));
    }
    for line in &theirs[start..theirs.len() - end] {
        text.push_str(&format!("- {line}\n"));
    }
    for line in &ours[start..ours.len() - end] {
        text.push_str(&format!("+ {line}\n"));
    }
    text
}
