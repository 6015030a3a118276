//! Errors as users see them: the reason, the source line underlined, one sentence of advice; or one JSON object.

mod excerpt;
mod run;
mod scratch;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};

use dunlin_compat::model::{AdapterError, Problem};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde_json::{Value, json};

use super::exit::Exit;
use super::output;
use excerpt::{Excerpt, excerpt_of_line, excerpt_of_text};

/// An error of a command.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// A stable code for JSON.
    pub code: String,
    /// The reason.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// File and line (from 1).
    pub place: Option<(PathBuf, usize)>,
    /// SQLSTATE or the server's number.
    pub server_code: Option<String>,
    /// What was found wrong, where that is more than one thing.
    pub problems: Vec<Problem>,
    /// What stands before it for people.
    preface: String,
    excerpt: Option<Excerpt>,
}

impl Failure {
    /// A failure with a code and a message.
    pub fn new(code: &str, message: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Failed,
            code: code.to_owned(),
            message: message.into(),
            help: None,
            place: None,
            server_code: None,
            problems: Vec::new(),
            preface: String::new(),
            excerpt: None,
        }
    }

    /// A wrong command line. A URL may have strayed into the wrong argument, and with it a password.
    pub fn usage(message: impl Into<String>) -> Failure {
        let message = crate::db::mask_url(&message.into());
        Failure { exit: Exit::Usage, ..Failure::new("USAGE", message) }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Failure {
        self.exit = exit;
        self
    }

    /// The same at a line of a file, which is shown if it can be read.
    #[must_use]
    pub fn at(mut self, path: &Path, line: usize) -> Failure {
        self.place = Some((path.to_path_buf(), line));
        self.excerpt = excerpt_of_line(path, line);
        self
    }

    /// The same at a line of a file that is shown by this text.
    #[must_use]
    pub fn at_shown(mut self, path: &Path, line: usize, text: &str) -> Failure {
        self.place = Some((path.to_path_buf(), line));
        self.excerpt = excerpt_of_text(path, text.to_owned(), line);
        self
    }

    /// The same at a line of a file of which nothing may be shown.
    #[must_use]
    pub fn at_hidden(mut self, path: &Path, line: usize) -> Failure {
        self.place = Some((path.to_path_buf(), line));
        self
    }

    /// Prints it, on standard error for people, on standard output as JSON, and tells how the process ends.
    pub fn end(&self, as_json: bool) -> Exit {
        self.print(as_json);
        self.exit
    }

    /// Prints it: on standard error for people, on standard output as JSON.
    pub fn print(&self, as_json: bool) {
        if as_json && output::json(&self.json()).is_ok() {
            return;
        }
        // What is no terminal, or wants no colours, gets none.
        output::note_text(&self.preface);
        output::note_text(&self.render(true));
    }

    /// The JSON object: `{"error": {code, message, path, line, serverCode, help, problems}}`, absent parts null.
    pub fn json(&self) -> Value {
        let problems = self.problems.iter().map(problem);
        json!({
            "error": {
                "code": self.code,
                "message": self.message,
                "path": self.place.as_ref().map(|(path, _)| path.display().to_string()),
                "line": self.place.as_ref().map(|(_, line)| *line),
                "serverCode": self.server_code,
                "help": self.help,
                "problems": problems.collect::<Vec<Value>>(),
            }
        })
    }

    /// The text for people.
    pub fn render(&self, colours: bool) -> String {
        let mut theme = if colours { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        "error:".clone_into(&mut theme.characters.error);
        let handler = GraphicalReportHandler::new_themed(theme).with_context_lines(1);
        // A log has no width; whole lines can be searched.
        let handler = match output::columns(&console::Term::stderr()) {
            Some(columns) => handler.with_width(columns.clamp(40, 140)).with_break_words(false),
            None => handler.with_wrap_lines(false),
        };
        let mut text = String::new();
        if handler.render_report(&mut text, self).is_err() {
            return format!("error: {}\n", self.message);
        }
        text
    }
}

/// A problem in JSON.
pub fn problem(problem: &Problem) -> Value {
    json!({
        "code": problem.code,
        "message": problem.message,
        "path": problem.path.as_ref().map(|path| path.display().to_string()),
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            // Without an excerpt nothing else says where.
            Some((path, line))
                if self.excerpt.is_none() && !self.message.contains(&path.display().to_string()) =>
            {
                write!(formatter, "{}:{line}: {}", path.display(), self.message)
            }
            _ => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failure {}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| &excerpt.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new(Some(excerpt.label.clone()), excerpt.offset, excerpt.length);
        Some(Box::new(std::iter::once(label)))
    }
}

impl From<AdapterError> for Failure {
    fn from(error: AdapterError) -> Failure {
        match error {
            AdapterError::Refused { code, message, place, advice } => {
                let mut failure = Failure::new(&code, message);
                failure.help = advice;
                // What the user named on the command line.
                if matches!(failure.code.as_str(), "UNKNOWN_VERSION" | "BASELINE_VERSION") {
                    failure.exit = Exit::Usage;
                    failure.message = crate::db::mask_url(&failure.message);
                }
                let Some((path, line)) = place else { return failure };
                let prefix = format!("{}:{line}: ", path.display());
                match failure.message.strip_prefix(&prefix) {
                    Some(rest) => {
                        failure.message = rest.to_owned();
                        failure.at(&path, line)
                    }
                    // It is about the file, and a line of it would mislead.
                    None if failure.message.contains(&path.display().to_string()) => {
                        failure.at_hidden(&path, line)
                    }
                    None => failure.at(&path, line),
                }
            }
            AdapterError::Invalid { message, problems } => {
                let mut text = message;
                for problem in &problems {
                    text.push_str(&format!("\n- {}", problem.message));
                }
                let unreadable = problems.iter().all(|problem| problem.code == "MIGRATION_FILE");
                let (exit, code) =
                    if unreadable { (Exit::Failed, "MIGRATION_FILE") } else { (Exit::Found, "INVALID") };
                Failure { exit, problems, ..Failure::new(code, text) }
            }
            other => Failure::new("REFUSED", other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_code_place_and_help() {
        let failure = Failure::new("REFUSED", "no").help("do this").at(Path::new("/nowhere/a.sql"), 4);
        assert_eq!(
            failure.json(),
            json!({"error": {"code": "REFUSED", "message": "no", "path": "/nowhere/a.sql", "line": 4, "serverCode": null, "help": "do this", "problems": []}})
        );
    }
}
