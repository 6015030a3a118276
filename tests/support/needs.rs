//! What a test needs of the machine, and how it says that it did not run.

use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Something that a test may need and a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A PostgreSQL server.
    Postgres,
    /// A MariaDB server.
    MariaDb,
    /// A MySQL server.
    MySql,
    /// The Flyway command line.
    Flyway,
    /// A Python interpreter with Alembic.
    Alembic,
    /// Node and the npm packages of Knex and its drivers.
    Knex,
    /// Ruby with ActiveRecord.
    Ruby,
    /// The packs for the sandbox.
    Pack,
    /// A Rust that compiles for WebAssembly.
    WasmTarget,
    /// Clones of public projects, which nobody installs: `docs/real-repositories.md`.
    Corpus,
    /// Hours: `tests/run --thorough`.
    Thorough,
}

impl Need {
    /// Its name in `tests/run --without`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
            Self::Flyway => "flyway",
            Self::Alembic => "alembic",
            Self::Knex => "knex",
            Self::Ruby => "ruby",
            Self::Pack => "pack",
            Self::WasmTarget => "wasm-target",
            Self::Corpus => "corpus",
            Self::Thorough => "thorough",
        }
    }

    fn variable(self) -> String {
        match self {
            Self::Alembic => "DUNLIN_TEST_PYTHON".to_owned(),
            Self::Pack => "DUNLIN_TEST_PACKS".to_owned(),
            _ => format!("DUNLIN_TEST_{}", self.name().to_uppercase().replace('-', "_")),
        }
    }

    /// The URL or path that the environment gives, unless the caller goes without it.
    pub fn setting(self) -> Option<String> {
        let without = std::env::var("DUNLIN_TEST_WITHOUT").unwrap_or_default();
        if without.split_whitespace().any(|name| name == self.name()) {
            return None;
        }
        std::env::var(self.variable()).ok().filter(|value| !value.is_empty())
    }
}

/// Whether a test can run. When not, the skip is printed and counted; the test then returns:
/// `if !needs(&[Need::Flyway]) { return; }`
pub fn needs(needs: &[Need]) -> bool {
    let mut all = true;
    for need in needs {
        if need.setting().is_none() {
            note_not_run(*need, Extent::Test);
            all = false;
        }
    }
    all
}

/// What a carrier of code migrations needs: a pack, or an interpreter with the library.
pub fn carrier_is_here(carrier: &str) -> bool {
    needs(&[if carrier == "sandbox" { Need::Pack } else { Need::Alembic }])
}

/// `needs(&[Need::Flyway])`, for tests that go over databases.
pub fn flyway_is_here() -> bool {
    needs(&[Need::Flyway])
}

/// How much of a test did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Nothing of it ran.
    Test,
    /// It goes over several servers and ran on the others.
    Part,
}

/// Prints and counts that the current test did not run, or not all of it.
pub fn note_not_run(need: Need, extent: Extent) {
    let name = need.name();
    let current = thread::current();
    let test = current.name().unwrap_or("a test");
    // Not `eprintln!`: the test harness would swallow it, since the test passes.
    let line = match extent {
        Extent::Test => format!("not run: {test} needs {name} (--without {name})\n"),
        Extent::Part => format!("not run on {name}: {test} (--without {name})\n"),
    };
    std::io::stderr().write_all(line.as_bytes()).ok();
    if let Ok(path) = std::env::var("DUNLIN_TEST_NOT_RUN") {
        let program = std::env::current_exe().unwrap_or_default();
        let program = program.file_stem().unwrap_or_default().to_string_lossy();
        let program = program.rsplit_once('-').map_or(&*program, |(name, _hash)| name);
        // One write, so that lines of tests that run side by side do not mix.
        let extent = if extent == Extent::Test { "test" } else { "part" };
        let line = format!("{name}\t{extent}\t{program}::{test}\n");
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}
