//! The project that these tests share.

use std::io::Write;
use std::thread;

use crate::support::{Database, Output, Project};

pub const CUSTOMERS: (&str, &str) = (
    "migrations/1_customers.sql",
    "-- migrate:up\nCREATE TABLE customers (id integer PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE customers;\n",
);

/// A project with one migration, which is applied.
pub struct Clinic {
    pub project: Project,
    pub database: Database,
}

impl Clinic {
    pub fn new() -> Clinic {
        let clinic = Clinic { project: Project::with(&[CUSTOMERS]), database: Database::sqlite() };
        clinic.run(&["up"]).success();
        clinic
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let url = self.database.url();
        self.project.dunlin_with(arguments, |command| {
            command.env("DATABASE_URL", url);
        })
    }

    /// Runs the binary, which must fail and change nothing, and returns what it says.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str]) -> String {
        let dump =
            || format!("{}\n{}", self.database.schema_dump(), self.database.table_rows("dunlin_migrations"));
        let before = dump();
        let output = self.run(arguments).fails();
        assert_eq!(dump(), before, "{output}");
        self.shown(&output)
    }

    pub fn shown(&self, output: &Output) -> String {
        assert!(!output.stderr.contains("panicked"), "{output}");
        format!("exit {}\n{}{}", output.status, output.stdout, output.stderr)
            .replace(&self.database.name(), "clinic.db")
            .replace(&self.project.path().display().to_string(), "<project>")
    }
}

/// Says that the current test, or the rest of it, did not run. Not with `eprintln!`, which the test harness swallows.
pub fn not_run(because: &str) {
    let current = thread::current();
    let line = format!("not run: {}: {because}\n", current.name().unwrap_or("a test"));
    let _ = std::io::stderr().write_all(line.as_bytes());
}
