//! Errors as users see them: the reason, the source line underlined, one sentence of advice; or one JSON object.

use std::fmt;
use std::path::{Path, PathBuf};

use dunlin_compat::model::{AdapterError, Problem};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde_json::{Value, json};

use super::exit::Exit;
use super::output;
use crate::db::{DbError, DbErrorKind};
use crate::engine::{CodeFailure, RunError, StatementFailure};
use crate::guest::GuestError;
use crate::lint::{Finding, Severity};
use crate::schema::SchemaError;
use crate::scratch::ScratchError;
use crate::squash::SquashError;
use crate::verify::VerifyError;

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

/// A part of a file to underline.
#[derive(Debug)]
struct Excerpt {
    source: NamedSource<String>,
    offset: usize,
    length: usize,
    label: String,
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

    /// The same at a line of a file of which nothing may be shown.
    #[must_use]
    pub fn at_hidden(mut self, path: &Path, line: usize) -> Failure {
        self.place = Some((path.to_path_buf(), line));
        self
    }

    /// The same at a line of a file that is shown by this text.
    #[must_use]
    pub fn at_shown(mut self, path: &Path, line: usize, text: &str) -> Failure {
        self.place = Some((path.to_path_buf(), line));
        self.excerpt = excerpt_of_text(path, text.to_owned(), line);
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

impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        let mut failure = Failure::new(code_of(&error), error.message.clone());
        failure.server_code = server_code(&error);
        failure.help = error.hint.clone().or_else(|| advice(&error).map(str::to_owned));
        failure
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Failure {
        let message = error.to_string();
        match error {
            SchemaError::Server(error) => Failure { message, ..Failure::from(error) },
        }
    }
}

impl From<ScratchError> for Failure {
    fn from(error: ScratchError) -> Failure {
        let (message, advice) = (error.to_string(), error.advice());
        let mut failure = match error {
            ScratchError::Server { error, .. } => Failure { message, ..Failure::from(error) },
            ScratchError::Dump { path, line, message } => Failure::new("DUMP", message).at(&path, line),
            _ => Failure::new("SCRATCH", message),
        };
        failure.help = advice.or(failure.help);
        failure
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Failure {
        let message = error.to_string();
        match error {
            VerifyError::Scratch(error) => error.into(),
            VerifyError::Schema(error) => error.into(),
            VerifyError::Run(error) => (*error).into(),
            VerifyError::Replay(error) => {
                let mut failure = Failure::from(*error);
                failure.message = format!("bringing the scratch database to where the live one is: {}", failure.message);
                failure
            }
            VerifyError::Baseline { .. } => Failure::new("BASELINE", message).help(
                "Give a dump of the database as it was at the baseline with --dump FILE, its schema at least.",
            ),
        }
    }
}

impl From<SquashError> for Failure {
    fn from(error: SquashError) -> Failure {
        let (message, advice) = (error.to_string(), error.advice());
        let mut failure = match error {
            SquashError::Verify(error) => error.into(),
            SquashError::Adapter(error) => error.into(),
            SquashError::Replay(error) | SquashError::Baseline(error) => {
                // Its help is for those who ran it on a database that they keep.
                Failure { message, help: Some("No file was touched.".to_owned()), ..Failure::from(*error) }
            }
            SquashError::Read(error) => Failure { message, ..Failure::from(error) },
            SquashError::Program { .. } => Failure::new("PROGRAM", message),
            SquashError::Differs(changed) => Failure {
                preface: format!("{}\n", super::verify::differences(&changed).trim_end()),
                problems: super::verify::differing(&changed),
                ..Failure::new("DIFFERS", message).with_exit(Exit::Found)
            },
            SquashError::Unfit { problems, .. } => {
                let mut text = message;
                for problem in &problems {
                    text.push_str(&format!("\n- {}", problem.message));
                }
                Failure { problems, ..Failure::new("UNFIT", text).with_exit(Exit::Found) }
            }
            SquashError::NotApplied { .. } | SquashError::Pending { .. } => {
                Failure::new("NOT_APPLIED", message).with_exit(Exit::Found)
            }
            _ => Failure::new("SQUASH", message),
        };
        failure.help = advice.or(failure.help);
        failure
    }
}

/// What to do where the server or driver does not say.
fn advice(error: &DbError) -> Option<&'static str> {
    let number = error.code.unwrap_or(0);
    if error.sqlstate.as_deref() == Some("3D000") || (number == UNKNOWN_DATABASE && error.sqlstate.is_some())
    {
        return Some("Create the database, or correct its name in the URL; dunlin creates none.");
    }
    Some(match error.kind {
        DbErrorKind::Storage if error.message.ends_with(NOT_A_DATABASE) => {
            "Check the path; what is there is no SQLite database, or an encrypted one."
        }
        DbErrorKind::Authentication => "Check user and password; `dunlin doctor` shows which URL is used.",
        DbErrorKind::LockTimeout => {
            "Somebody else holds a lock that is needed. Try again when they are done, or raise --lock-timeout."
        }
        DbErrorKind::Deadlock => "Nothing of it was kept. Try again.",
        DbErrorKind::Storage if error.code.is_some() => {
            "Check that the disk has room and that the database may be written."
        }
        _ => return None,
    })
}

/// MySQL's and MariaDB's number for a database that is not there.
const UNKNOWN_DATABASE: i32 = 1049;

/// SQLite's words for a file that is something else.
const NOT_A_DATABASE: &str = "file is not a database";

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        let message = error.to_string();
        match error {
            RunError::Adapter(error) => error.into(),
            // Whether connecting or asking failed is plain from the message.
            RunError::Server { doing, error } if doing == "connecting" => Failure::from(error),
            RunError::Server { doing, error } => {
                let not_a_history =
                    error.kind == DbErrorKind::Statement && doing.starts_with("reading the history");
                let failure = Failure { message, ..Failure::from(error) };
                if not_a_history && failure.help.is_none() {
                    return failure.help(
                        "There is a table of that name, but it is no history. `dunlin doctor` shows which database is used.",
                    );
                }
                failure
            }
            RunError::LockNotObtained { .. } => Failure { exit: Exit::Locked, ..Failure::new("LOCK", message) }
                .help("Wait for the other run, or raise --lock-wait. A lock ends with its session; nothing has to be removed."),
            RunError::LockRowNotObtained { .. } => Failure { exit: Exit::Locked, ..Failure::new("LOCK", message) },
            RunError::Split { path, first_line, error } => {
                let failure = Failure::new("SYNTAX", error.problem.to_string()).help(error.advice());
                failure.at(&path, error.line + first_line - 1)
            }
            RunError::Refused { path, line, reason } => Failure::new("REFUSED", reason).at(&path, line),
            RunError::Statement(failed) => of_statement(*failed),
            RunError::Program { .. } => Failure::new("PROGRAM", message),
            RunError::Backfill(failed) => {
                let failed = *failed;
                Failure::from(failed.error).at(&failed.path, failed.line)
            }
            RunError::Unsafe(findings) => of_findings(message, &findings),
            RunError::Plugin { .. } => Failure::new("PLUGIN", message),
            RunError::Unfinished(_) => Failure::new("UNFINISHED", message),
            RunError::Guest(error) => of_guest(error),
            RunError::Code(failed) => of_code(*failed),
            RunError::HistoryChanged { .. } => Failure::new("HISTORY", message)
                .help("Everything of the migration was rolled back. Look at `dunlin status`, then run again."),
        }
    }
}

/// The findings stand before the error that they are the reason of.
fn of_findings(message: String, findings: &[Finding]) -> Failure {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Note) {
        let file = std::fs::read_to_string(&finding.path).ok();
        text.push_str(&super::lint::rendered(finding, file.as_deref()));
        text.push('\n');
    }
    let problems = findings.iter().map(|finding| Problem {
        code: finding.rule.clone(),
        message: finding.message.clone(),
        path: Some(finding.path.clone()),
    });
    Failure {
        exit: Exit::Found,
        problems: problems.collect(),
        preface: text,
        ..Failure::new("UNSAFE", message)
    }
    .help(
        "`dunlin lint` shows it again, `--fix` writes safe forms; a comment `-- dunlin:allow RULE: REASON` lets it pass, and \
         `up --no-lint` everything.",
    )
}

fn of_guest(error: GuestError) -> Failure {
    let message = error.to_string();
    match error {
        GuestError::CannotLoad { problems, advice } => {
            let failure = Failure { help: advice, ..Failure::new("CODE", message) };
            match problems.first() {
                Some(problem) => failure.at(Path::new(&problem.path), problem.line),
                None => failure,
            }
        }
        GuestError::NoCarrier { .. } => Failure::new("CARRIER", message),
        _ => Failure::new("CODE", message),
    }
}

/// The last lines of a traceback that are shown; the whole is in the JSON output of the error's message.
const TRACEBACK_LINES: usize = 12;

fn of_code(failed: CodeFailure) -> Failure {
    let mut message = format!("{} failed: {}", failed.title, failed.message);
    if let Some(statement) = &failed.statement {
        let shown: String = statement.trim().chars().take(500).collect();
        message.push_str(&format!("\nin the statement\n{shown}"));
    } else if !failed.traceback.is_empty() {
        let lines: Vec<&str> = failed.traceback.trim_end().split('\n').collect();
        let last = lines.len().saturating_sub(TRACEBACK_LINES);
        message.push_str(&format!("\n{}", lines.get(last..).unwrap_or_default().join("\n")));
    }
    let consequence = match failed.kept {
        None if failed.rolled_back => "Everything of it was rolled back.".to_owned(),
        Some(kept) => format!(
            "{kept} of its steps ran before and stay. Mend what failed and run again: it continues there. Or take them back \
             by hand and run `dunlin repair` to start it anew."
        ),
        None => {
            "The connection broke, so whether it was committed cannot be told from here: `dunlin status` tells.".to_owned()
        }
    };
    let advice = failed.error.as_ref().and_then(|error| error.hint.as_deref().or_else(|| advice(error)));
    let help = advice.map_or_else(|| consequence.clone(), |advice| format!("{advice}\n{consequence}"));
    let code = failed.error.as_ref().map_or("CODE", code_of);
    let mut failure = Failure::new(code, message).help(help);
    failure.server_code = failed.error.as_ref().and_then(server_code);
    failure.excerpt = excerpt_of_line(&failed.path, failed.line);
    failure.place = Some((failed.path, failed.line));
    failure
}

fn code_of(error: &DbError) -> &'static str {
    match error.kind {
        DbErrorKind::Configuration => "CONFIGURATION",
        DbErrorKind::Connection => "CONNECTION",
        DbErrorKind::Authentication => "AUTHENTICATION",
        DbErrorKind::LockTimeout => "LOCK_TIMEOUT",
        DbErrorKind::Deadlock => "DEADLOCK",
        DbErrorKind::Storage => "STORAGE",
        DbErrorKind::Plugin => "PLUGIN_FAILED",
        DbErrorKind::Statement => "STATEMENT",
    }
}

fn server_code(error: &DbError) -> Option<String> {
    match (&error.sqlstate, error.code) {
        (Some(state), Some(code)) => Some(format!("{state} ({code})")),
        (Some(state), None) => Some(state.clone()),
        (None, Some(code)) => Some(code.to_string()),
        (None, None) => None,
    }
}

fn of_statement(failed: StatementFailure) -> Failure {
    let error = &failed.error;
    let code = server_code(error).map(|code| format!(" [{code}]")).unwrap_or_default();
    let mut message = format!("{} failed: {}{code}", failed.title, error.message);
    if let Some(detail) = &error.detail {
        message.push_str(&format!("\n{detail}"));
    }
    let consequence = match failed.kept {
        None if failed.rolled_back => "Everything of it was rolled back.".to_owned(),
        Some((0, _)) => "Nothing of it remains.".to_owned(),
        Some((done, total)) => format!(
            "{done} of its {total} statements ran before and stay. Mend the failed one and run again: it continues there. Or \
             take them back by hand and run `dunlin repair` to start it anew."
        ),
        None if error.kind == DbErrorKind::Connection => {
            "The connection broke, so whether it was committed cannot be told from here: `dunlin status` tells.".to_owned()
        }
        None => "What it did before remains.".to_owned(),
    };
    let help = match error.hint.as_deref().or_else(|| advice(error)) {
        Some(hint) => format!("{hint}\n{consequence}"),
        None => consequence,
    };
    let mut failure = Failure::new(code_of(error), message).help(help);
    failure.server_code = server_code(error);
    failure.place = Some((failed.path.clone(), failed.line));
    failure.excerpt = excerpt_of_statement(&failed).or_else(|| excerpt_of_line(&failed.path, failed.line));
    failure
}

/// The failed statement in its file, underlined at the server's position or on its first line. The text that ran may
/// differ from the file's (placeholders); then the line must do.
fn excerpt_of_statement(failed: &StatementFailure) -> Option<Excerpt> {
    let text = std::fs::read_to_string(&failed.path).ok()?;
    let line_start = offset_of_line(&text, failed.line)?;
    let statement_start = line_start + text.get(line_start..)?.find(&failed.statement)?;
    let first_line_length = failed.statement.find(['\n', '\r']).unwrap_or(failed.statement.len());
    let (offset, length) = match failed.error.position {
        Some(position) => {
            let characters = usize::try_from(position).ok()?.checked_sub(1)?;
            let offset =
                failed.statement.char_indices().nth(characters).map_or(failed.statement.len(), |(at, _)| at);
            let rest = failed.statement.get(offset..)?;
            let word = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            (offset, word.unwrap_or(rest.len()).max(1))
        }
        None => (0, first_line_length),
    };
    excerpt(&failed.path, text, statement_start + offset, length)
}

fn excerpt_of_line(path: &Path, line: usize) -> Option<Excerpt> {
    excerpt_of_text(path, std::fs::read_to_string(path).ok()?, line)
}

fn excerpt_of_text(path: &Path, text: String, line: usize) -> Option<Excerpt> {
    let offset = offset_of_line(&text, line)?;
    let rest = text.get(offset..)?;
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    excerpt(path, text, offset, length)
}

/// The text without what would act on a terminal; every byte stays where it is.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| match character {
            '\n' | '\t' => std::iter::repeat_n(character, 1),
            '\r' => std::iter::repeat_n(' ', 1),
            control if control.is_control() => std::iter::repeat_n('?', control.len_utf8()),
            other => std::iter::repeat_n(other, 1),
        })
        .collect()
}

/// Longer lines are data; an excerpt of them would bury the message.
const LONGEST_LINE: usize = 500;

fn excerpt(path: &Path, text: String, offset: usize, length: usize) -> Option<Excerpt> {
    let (before, behind) = text.split_at_checked(offset)?;
    // The line and its neighbours are shown.
    let near = before.rsplit('\n').take(2).chain(behind.split('\n').take(2));
    if near.map(str::len).any(|length| length > LONGEST_LINE) {
        return None;
    }
    let length = length.min(behind.len());
    let source = NamedSource::new(path.display().to_string(), printable(&text));
    Some(Excerpt { source, offset, length, label: "here".to_owned() })
}

/// The byte offset at which a line (from 1) begins.
fn offset_of_line(text: &str, line: usize) -> Option<usize> {
    if line <= 1 {
        return Some(0);
    }
    text.match_indices('\n').nth(line - 2).map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_statement_is_shown_with_the_word_at_the_servers_position_underlined() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("1_orders.sql");
        std::fs::write(
            &path,
            "-- migrate:up\nCREATE TABLE ok (id int);\nALTER TABLE ordres ADD status text;\n",
        )
        .unwrap();
        let mut error = DbError::new(DbErrorKind::Statement, "relation \"ordres\" does not exist");
        error.sqlstate = Some("42P01".into());
        error.position = Some(13);
        let failure = of_statement(StatementFailure {
            title: "1_orders".into(),
            path: path.clone(),
            line: 3,
            statement: "ALTER TABLE ordres ADD status text".into(),
            error,
            rolled_back: true,
            kept: None,
        });
        let shown = failure.render(false).replace(&path.display().to_string(), "1_orders.sql");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn json_names_code_place_and_help() {
        let failure = Failure::new("REFUSED", "no").help("do this").at(Path::new("/nowhere/a.sql"), 4);
        assert_eq!(
            failure.json(),
            json!({"error": {"code": "REFUSED", "message": "no", "path": "/nowhere/a.sql", "line": 4, "serverCode": null, "help": "do this", "problems": []}})
        );
    }
}
