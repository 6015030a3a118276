//! Where Flyway's command line prints what: information on standard output, errors on standard error, one JSON document
//! instead of the former when that is asked for.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::{Path, PathBuf};

use dunlin_compat::flyway::config::{Invocation, Verbosity};
use dunlin_compat::flyway::output::{self, ErrorItem, ErrorResult};
use serde_json::Value;

use super::error::CommandError;
use crate::cli::output as screen;

/// The output of one invocation.
pub struct Console {
    verbosity: Verbosity,
    json: bool,
    /// Only a result that is a bare text is printed (`-migrationIds`).
    bare: bool,
    output_file: Option<PathBuf>,
    /// What the output file holds so far, where that is not the JSON result.
    written: RefCell<String>,
    header_printed: Cell<bool>,
}

impl Console {
    /// As the arguments ask.
    pub fn new(invocation: &Invocation) -> Console {
        Console {
            verbosity: invocation.verbosity(),
            bare: invocation.migration_ids(),
            output_file: invocation.output_file().map(PathBuf::from),
            ..Console::bare(invocation.json())
        }
    }

    /// For arguments that could not be read.
    pub fn bare(json: bool) -> Console {
        Console {
            verbosity: Verbosity::Normal,
            json,
            bare: false,
            output_file: None,
            written: RefCell::default(),
            header_printed: Cell::new(false),
        }
    }

    /// The same with an output file.
    #[must_use]
    pub fn with_output_file(mut self, file: Option<PathBuf>) -> Console {
        self.output_file = file;
        self
    }

    /// Whether the result is to be JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether `-X` was given.
    pub fn is_debug(&self) -> bool {
        self.verbosity == Verbosity::Debug
    }

    /// The first lines, once.
    pub fn header(&self) {
        if !self.header_printed.replace(true) {
            self.info(&output::header());
        }
    }

    /// What happens.
    pub fn info(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.line(text);
        }
    }

    /// Details, with `-X`.
    pub fn debug(&self, text: &str) {
        if self.is_debug() {
            self.line(&format!("DEBUG: {text}"));
        }
    }

    /// What should be looked at.
    pub fn warn(&self, text: &str) {
        self.line(&format!("WARNING: {text}"));
    }

    fn line(&self, text: &str) {
        if !self.json && !self.bare {
            // What cannot be printed does not stop a migration.
            let _ = screen::line(text);
            self.note(text);
        }
    }

    /// What went wrong, while it is not yet the end.
    pub fn error(&self, text: &str) {
        if !self.json {
            anstream::eprintln!("ERROR: {text}");
            self.note(&format!("ERROR: {text}"));
        }
    }

    /// A result without line end, whatever else is printed.
    pub fn bare_text(&self, text: &str) {
        let _ = screen::print(text);
    }

    /// The end of a command that failed.
    pub fn failure(&self, error: ErrorItem) {
        if !self.json {
            return self.error(&error.message);
        }
        let printed = serde_json::to_value(ErrorResult { error })
            .map_err(|error| CommandError::new("FAULT", error.to_string()))
            .and_then(|document| self.document(&document));
        if let Err(error) = printed {
            anstream::eprintln!("ERROR: {}", error.message);
        }
    }

    /// The result, as Flyway's own printer sets it: `"key" : value`, arrays on one line with their braces. Nothing is printed
    /// when the output file cannot be written.
    pub fn document(&self, value: &Value) -> Result<(), CommandError> {
        let text = output::to_json(value).map_err(|error| CommandError::new("FAULT", error.to_string()))?;
        if let Some(path) = &self.output_file {
            std::fs::write(path, &text).map_err(|error| unwritable(path, &error))?;
        }
        // A closed pipe is the reader's choice.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
        Ok(())
    }

    fn note(&self, text: &str) {
        if self.output_file.is_some() {
            let mut written = self.written.borrow_mut();
            written.push_str(text);
            written.push('\n');
        }
    }

    /// Writes the output file, which has what the terminal has; JSON results were written when they were printed.
    pub fn finish(&self) -> Result<(), CommandError> {
        match &self.output_file {
            Some(path) if !self.json => {
                std::fs::write(path, self.written.borrow().as_str()).map_err(|error| unwritable(path, &error))
            }
            _ => Ok(()),
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new("ERROR", format!("Could not write to output file {}: {error}", path.display()))
}
