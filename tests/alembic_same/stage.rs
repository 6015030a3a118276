//! Where a project is migrated: its files, a database, and a record of the statements that its server received.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Contents, Database, Project, Proxy, ServerKind, copy_folder};

/// A copy of the clinic's project on a database of its own.
pub struct Stage {
    pub project: Project,
    pub database: Database,
    /// Whether the project's connections check foreign keys on SQLite, which leaves them unchecked unless told.
    pub checks_foreign_keys: bool,
    proxy: Option<Proxy>,
}

impl Stage {
    /// `None` when the server is not there.
    pub fn new(kind: ServerKind) -> Option<Self> {
        let database = Database::create(kind)?;
        let proxy = Proxy::before(&database);
        let project = Project::new();
        let clinic = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic");
        copy_folder(&clinic, &project.path());
        Some(Self { project, database, checks_foreign_keys: false, proxy })
    }

    pub fn kind(&self) -> ServerKind {
        self.database.kind()
    }

    /// Variables that both tools are given.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let url = self.database.sqlalchemy_url(self.proxy.as_ref().map(Proxy::port));
        let log = self.statement_log().display().to_string();
        let check = if self.checks_foreign_keys { "on" } else { "off" };
        vec![
            ("CLINIC_DATABASE_URL", url),
            ("CLINIC_FOREIGN_KEYS", check.to_owned()),
            ("DUNLIN_STATEMENT_LOG", log),
        ]
    }

    /// The statements that the server received since the last call, in order, as they were.
    pub fn take_statements(&self) -> Vec<String> {
        if let Some(proxy) = &self.proxy {
            return proxy.take().into_iter().map(|received| received.sql).collect();
        }
        let log = fs::read_to_string(self.statement_log()).unwrap_or_default();
        // Emptied and not removed: the writer keeps it open, for appending.
        if !log.is_empty() {
            fs::write(self.statement_log(), "").unwrap();
        }
        log.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Schema and rows, those of the version table apart.
    pub fn contents(&self) -> (Contents, Vec<String>) {
        let mut contents = self.database.contents();
        let (versions, rows) = contents.rows.into_iter().partition(|row| row.contains("alembic_version"));
        contents.rows = rows;
        (contents, versions)
    }

    /// The path of a revision's file, by the number that its name begins with.
    pub fn revision(&self, number: &str) -> PathBuf {
        let folders =
            ["versions", "departments"].map(|name| self.project.path().join("migrations").join(name));
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let found = files.map(|file| file.unwrap().path()).find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{number}_")))
        });
        found.unwrap_or_else(|| panic!("there is no revision {number}"))
    }

    /// The revision in the file whose name begins with a number.
    pub fn revision_id(&self, number: &str) -> String {
        let path = self.revision(number);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.split('_').nth(1).unwrap().to_owned()
    }

    fn statement_log(&self) -> PathBuf {
        self.project.home().join("statements")
    }
}
