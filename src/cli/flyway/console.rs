//! Where Flyway's command line prints what: information on standard output, errors on standard error, one JSON document
//! instead of the former when that is asked for.

use std::io::Write;

use dunlin_compat::flyway::config::{Invocation, Verbosity};
use dunlin_compat::flyway::output;
use serde_json::{Value, json};

/// The output of one invocation.
pub struct Console {
    verbosity: Verbosity,
    json: bool,
    output_file: Option<std::path::PathBuf>,
    header_printed: bool,
}

impl Console {
    /// As the arguments ask.
    pub fn new(invocation: &Invocation) -> Console {
        Console {
            verbosity: invocation.verbosity(),
            json: invocation.json(),
            output_file: invocation.output_file().map(std::path::PathBuf::from),
            header_printed: false,
        }
    }

    /// For arguments that could not be read.
    pub fn bare(json: bool) -> Console {
        Console { verbosity: Verbosity::Normal, json, output_file: None, header_printed: false }
    }

    /// Whether the result is to be JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The first lines, once.
    pub fn header(&mut self) {
        if !self.header_printed {
            self.header_printed = true;
            self.info(&output::header());
        }
    }

    /// What happens.
    pub fn info(&self, text: &str) {
        if !self.json && self.verbosity != Verbosity::Quiet {
            anstream::println!("{text}");
        }
    }

    /// Details, with `-X`.
    pub fn debug(&self, text: &str) {
        if !self.json && self.verbosity == Verbosity::Debug {
            anstream::println!("DEBUG: {text}");
        }
    }

    /// What should be looked at.
    pub fn warn(&self, text: &str) {
        if !self.json {
            anstream::println!("WARNING: {text}");
        }
    }

    /// What went wrong, while it is not yet the end.
    pub fn error(&self, text: &str) {
        if !self.json {
            anstream::eprintln!("ERROR: {text}");
        }
    }

    /// The end of a command that failed.
    pub fn failure(&self, code: &str, message: &str) {
        if self.json {
            self.document(
                &json!({ "error": { "errorCode": code, "message": message, "cause": Value::Null } }),
            );
        } else {
            self.error(message);
        }
    }

    /// The result, as Flyway's own printer sets it: `"key" : value`, arrays on one line with their braces.
    pub fn document(&self, value: &Value) {
        match output::to_json(value) {
            Ok(text) => self.print_document(&text),
            Err(error) => anstream::eprintln!("ERROR: {error}"),
        }
    }

    fn print_document(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        // A closed pipe is the reader's choice.
        let _ = writeln!(stdout, "{text}");
        if let Some(path) = &self.output_file
            && let Err(error) = std::fs::write(path, text)
        {
            anstream::eprintln!("ERROR: Unable to write to output file {}: {error}", path.display());
        }
    }
}
