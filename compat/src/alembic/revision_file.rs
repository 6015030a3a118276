//! Reading a revision file without running it: identifiers, docstring, functions, imports (class `Script`).

mod functions;
mod header;
mod imports;

use std::path::{Path, PathBuf};

use ruff_python_ast::ModModule;

use super::python::project::{Modules, ProjectHost};
use super::python::source::{Lines, SourceError, decode, docstring, with_module};
use super::python::text::strip;
use super::python::{Host, Interpreter, NoHost};
use super::revision::Revision;
pub use functions::{Entry, Function};
pub use imports::Import;

/// A revision file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionFile {
    /// What it says about itself.
    pub revision: Revision,
    /// The line on which `revision` is set, from 1; 1 if the id is the file's name.
    pub line: usize,
    /// The functions that it defines at its top, in order.
    pub functions: Vec<Function>,
    /// Names of entry points that are bound by something else than a function, with the line of it.
    pub bound: Vec<(String, usize)>,
    /// Everything that it imports, at its top and inside.
    pub imports: Vec<Import>,
}

impl RevisionFile {
    /// What stands behind a name: `upgrade`, `downgrade`, `upgrade_engine1`.
    pub fn entry(&self, name: &str) -> Entry<'_> {
        // The last definition is the one in effect.
        if let Some(function) = self.functions.iter().rev().find(|function| function.name == name) {
            return Entry::Function(function);
        }
        match self.bound.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, line)) => Entry::Bound(*line),
            None => Entry::Missing,
        }
    }
}

/// Why a file is no revision that can be told without running it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionFileError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not Python.
    #[error("{}:{}: {}", path.display(), error.line, error.message)]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: SourceError,
    },
    /// The file raises when it is loaded.
    #[error("{}:{line}: the file raises {class} when it is loaded{}", path.display(), colon(.message))]
    Raises {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The exception.
        class: String,
        /// Its message.
        message: String,
    },
    /// Neither a variable nor a file name tells the id.
    #[error(
        "Could not determine revision id from filename {file_name}. Be sure the 'revision' variable is declared inside \
         the script (please see 'Upgrading from Alembic 0.1 to 0.2' in the documentation)."
    )]
    NoRevision {
        /// The file.
        path: PathBuf,
        /// Its name.
        file_name: String,
    },
    /// `down_revision` is not set, without which Alembic fails.
    #[error(
        "{}:1: the file sets `revision` but no `down_revision`; write `down_revision = None` if nothing comes before it",
        path.display()
    )]
    NoDownRevision {
        /// The file.
        path: PathBuf,
    },
    /// A variable has a value that Alembic does not take.
    #[error("{}:{line}: `{name}` is {kind}; it must be {expected}", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The variable.
        name: &'static str,
        /// What it is.
        kind: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A variable's value cannot be told without running the file.
    #[error(
        "{}:{line}: `{name}` cannot be told without running the file: {reason}{}. Write it as a string, or run the \
         project by its own interpreter with `env = \"run\"` under [alembic] in dunlin.toml",
        path.display(), from(path, *line, .reason_file, *.reason_line)
    )]
    NotStatic {
        /// The file.
        path: PathBuf,
        /// The line on which the variable is set, from 1.
        line: usize,
        /// The variable.
        name: &'static str,
        /// Why it cannot be told.
        reason: String,
        /// The file in which the reason lies.
        reason_file: String,
        /// The line of the reason, from 1.
        reason_line: usize,
    },
    /// A compiled file without its source.
    #[error(
        "{}: a compiled file cannot be read without its source; put the .py file beside it, or run the project by its own \
         interpreter with `env = \"run\"` under [alembic] in dunlin.toml", path.display()
    )]
    Compiled {
        /// The file.
        path: PathBuf,
    },
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn from(path: &Path, line: usize, file: &str, reason_line: usize) -> String {
    if path.to_string_lossy() != file {
        format!(" ({file}:{reason_line})")
    } else if line != reason_line {
        format!(" (line {reason_line})")
    } else {
        String::new()
    }
}

/// Reads a revision file's bytes. `path` is where it was found, `location` which version location that is, from 0.
///
/// What the file takes from functions or from other modules of the project is looked into only if its header needs it;
/// `modules` says where they are.
///
/// # Errors
/// [`RevisionFileError`]: whatever Alembic would fail with, and what cannot be told without running the file.
pub fn read(
    path: &Path,
    bytes: &[u8],
    location: usize,
    modules: &Modules,
) -> Result<RevisionFile, RevisionFileError> {
    let wrong = |error| RevisionFileError::Source { path: path.to_owned(), error };
    let source = decode(bytes).map_err(wrong)?;
    let read = with_module(&source, |module, lines| {
        let header = match header(path, module, lines, NoHost) {
            Err(RevisionFileError::NotStatic { .. }) => header(path, module, lines, ProjectHost(modules))?,
            header => header?,
        };
        let (functions, bound) = functions::read(module, lines);
        Ok((header, functions, bound, imports::read(module, lines)))
    });
    let (header, functions, bound, imports) = read.map_err(wrong)??;
    let revision = Revision {
        id: header.id,
        down_revisions: header.down_revisions,
        depends_on: header.depends_on,
        branch_labels: header.branch_labels,
        docstring: strip(&header.documentation).to_owned(),
        path: path.to_owned(),
        source,
        location,
    };
    Ok(RevisionFile { revision, line: header.line, functions, bound, imports })
}

fn header<H: Host>(
    path: &Path,
    module: &ModModule,
    lines: &Lines,
    host: H,
) -> Result<header::Header, RevisionFileError> {
    let mut interpreter = Interpreter::new(host);
    let file = path.to_string_lossy();
    let mut followed = interpreter.follow(&file, "", docstring(module).as_deref(), module, lines);
    for name in header::NAMES {
        interpreter.resolve_name(&mut followed, name);
    }
    header::read(path, module, lines, &followed, &interpreter.host)
}

#[cfg(test)]
#[path = "revision_file/tests.rs"]
mod tests;
