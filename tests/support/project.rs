//! A project in a temporary folder, and the tools run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::database::Database;
use super::flyway::FlywayAgain;
use super::guest::variables_of_packs;
use super::needs::Need;
use super::program::{Output, command, run};

/// A project folder that is deleted with this value, beside a home folder for the tools that look there.
pub struct Project {
    /// Before the folder, in which it stands.
    flyway: Mutex<Option<FlywayAgain>>,
    folder: TempDir,
}

impl Project {
    /// An empty project.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dunlin-project").tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        Self { flyway: Mutex::new(None), folder }
    }

    /// A project with these files: path from the project's root, content.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (path, content) in files {
            project.write(path, content);
        }
        project
    }

    /// Its root.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The home folder that programs are given.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// Reads a file.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Deletes a file.
    #[track_caller]
    pub fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        self
    }

    /// Writes the `flyway.toml` of a project whose migrations are in `sql/`, on this database. `more` is appended: keys
    /// of the table `[flyway]` first.
    pub fn flyway_config(&self, database: &Database, more: &str) -> &Self {
        let url = toml_string(&database.jdbc_url());
        let mut text = format!("[environments.default]\nurl = {url}\n");
        if let Some((user, password)) = database.login() {
            text += &format!("user = {}\npassword = {}\n", toml_string(user), toml_string(password));
        }
        text += "\n[flyway]\nlocations = [\"filesystem:sql\"]\n";
        text += more;
        self.write("flyway.toml", text)
    }

    /// Chooses how code migrations are run, in `dunlin.toml`. The host carrier finds Alembic's interpreter as `.venv`.
    pub fn use_carrier(&self, carrier: &str) -> &Self {
        self.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let link = self.path().join(".venv");
        if carrier == "host" && !link.exists() {
            let python = Need::Alembic.setting().expect("the test has to ask for Need::Alembic first");
            let environment = Path::new(&python).parent().and_then(Path::parent).expect("is DIR/bin/python");
            std::os::unix::fs::symlink(environment, link).unwrap();
        }
        self
    }

    /// Gives the project the packages of Knex. Ask for [`Need::Knex`] first.
    pub fn use_node_modules(&self) -> &Self {
        let folder = Need::Knex.setting().expect("the test has to ask for Need::Knex first");
        let link = self.path().join("node_modules");
        if !link.exists() {
            std::os::unix::fs::symlink(Path::new(&folder).join("node_modules"), link).unwrap();
        }
        self
    }

    /// Runs the original Knex in the project. Ask for [`Need::Knex`] first.
    #[track_caller]
    pub fn knex_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
        self.use_node_modules();
        let mut command = command(self.path().join("node_modules/.bin/knex"), &self.home());
        command.current_dir(self.path()).args(arguments).env("NO_COLOR", "1");
        change(&mut command);
        run(command, "")
    }

    /// Runs our binary in the project.
    #[track_caller]
    pub fn dunlin(&self, arguments: &[&str]) -> Output {
        self.dunlin_with(arguments, |_| {})
    }

    /// Runs our binary in the project; `change` may add to its command: variables, another folder.
    #[track_caller]
    pub fn dunlin_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
        let mut command = self.dunlin_command(arguments);
        change(&mut command);
        run(command, "")
    }

    /// Our binary as a command that has not been started, for tests that watch it or end it. It sees the packs of
    /// `tests/run`, and what was compiled of them: compiling one takes a minute.
    pub fn dunlin_command(&self, arguments: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_dunlin"), &self.home());
        command.current_dir(self.path()).args(arguments);
        if Need::Pack.setting().is_some() {
            command.envs(variables_of_packs());
        }
        command
    }

    /// Runs the original Flyway in the project. Ask for [`Need::Flyway`] first.
    #[track_caller]
    pub fn flyway(&self, arguments: &[&str]) -> Output {
        self.flyway_with(arguments, |_| {})
    }

    /// Runs the original Flyway; `change` may add to its command.
    #[track_caller]
    pub fn flyway_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
        let mut command = self.flyway_command("");
        command.args(arguments);
        change(&mut command);
        run(command, "")
    }

    /// Runs the original Flyway as one of many commands in one process of the project, or where `tests/run --thorough` asks
    /// for it in one of its own. One at a time; the project's folder has to stay the same one.
    #[track_caller]
    pub fn flyway_again(&self, arguments: &[&str]) -> Output {
        if Need::Thorough.setting().is_none() {
            let mut started = self.flyway.lock().unwrap_or_else(PoisonError::into_inner);
            if started.is_none() {
                *started = FlywayAgain::start(self.flyway_command("-again"));
            }
            if let Some(flyway) = &mut *started {
                return flyway.run(arguments);
            }
        }
        self.flyway(arguments)
    }

    /// Flyway's launcher, or with `-again` the one for many commands, in the project.
    fn flyway_command(&self, end: &str) -> Command {
        let launcher = Need::Flyway.setting().expect("the test has to ask for Need::Flyway first");
        let mut command = command(format!("{launcher}{end}"), &self.home());
        // Java takes the home folder from the system's list of users, not from HOME.
        command.env("JAVA_ARGS", format!("-Duser.home={}", self.home().display()));
        command.current_dir(self.path());
        command
    }
}

/// Copies a folder and what is in it, but for what Python keeps of its modules.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if !entry.file_type().unwrap().is_dir() {
            fs::copy(entry.path(), target).unwrap();
        } else if entry.file_name() != "__pycache__" {
            copy_folder(&entry.path(), &target);
        }
    }
}

impl AsRef<Path> for Project {
    fn as_ref(&self) -> &Path {
        self.folder.path()
    }
}

fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
