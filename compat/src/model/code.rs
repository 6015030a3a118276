//! Migrations that are code, and what runs them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

/// How a migration that is code is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// What runs it; migrations of one project share it.
    pub guest: Arc<GuestProgram>,
    /// Where it runs, if the project says so for this migration.
    pub carrier: Option<Carrier>,
    /// What the guest is told with this migration: `options` of the step protocol's `run`.
    pub options: serde_json::Value,
}

/// A program that runs migrations in the language of a tool, on the tool's own library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestProgram {
    /// The tool, by which its packs are known: `alembic`.
    pub tool: &'static str,
    /// The language.
    pub language: Language,
    /// Its modules, each a name and its text. Python's are of one package, by their dotted names, a package's own ending
    /// in `__init__`: the host carrier runs the package's `__main__`; the sandbox calls `sandbox.converse(message, exchange)`,
    /// and when a pack is built `preload.run()`, if there is one.
    pub modules: &'static [(&'static str, &'static str)],
    /// The project's folders from which it imports, absolute, in order.
    pub import_paths: Vec<PathBuf>,
    /// What it is told when it starts: `options` of the step protocol's `start`.
    pub options: serde_json::Value,
}

/// What a pack for a tool is built from: libraries that its guest finds in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackRecipe {
    /// [`GuestProgram::tool`].
    pub tool: &'static str,
    /// [`GuestProgram::language`].
    pub language: Language,
    /// [`GuestProgram::modules`].
    pub modules: &'static [(&'static str, &'static str)],
    /// Libraries, as their package index names them; what they need comes along.
    pub libraries: &'static [&'static str],
    /// Database drivers, of which the guest uses what is not compiled; without what they need.
    pub drivers: &'static [&'static str],
    /// Libraries of which a project has to have the same major and minor version, by their normalised names.
    pub decisive: &'static [&'static str],
}

/// The language of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript, and TypeScript without its types.
    JavaScript,
    /// Ruby.
    Ruby,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::Ruby => "Ruby",
        })
    }
}

/// How a guest is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// In the sandbox when what it needs is there, else by the machine's own interpreter.
    #[default]
    Auto,
    /// In a sandbox, without an interpreter on the machine.
    Sandbox,
    /// By the project's or machine's own interpreter.
    Host,
}

impl fmt::Display for Carrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Carrier::Auto => "auto",
            Carrier::Sandbox => "sandbox",
            Carrier::Host => "host",
        })
    }
}
