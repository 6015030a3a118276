//! Errors of runs.

use std::path::Path;

use dunlin_compat::model::Problem;

use super::Failure;
use super::excerpt::{excerpt_of_line, excerpt_of_statement};
use super::server::{advice, code_of, server_code};
use crate::cli::exit::Exit;
use crate::cli::lint;
use crate::db::DbErrorKind;
use crate::engine::{CodeFailure, RunError, StatementFailure};
use crate::guest::GuestError;
use crate::lint::{Finding, Severity};

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
        text.push_str(&lint::rendered(finding, file.as_deref()));
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
        GuestError::Failed(failed) => match &failed.path {
            Some(path) => Failure::new("CODE", message).at(Path::new(path), failed.line.unwrap_or(1)),
            None => Failure::new("CODE", format!("{message}{}", traceback_shown(&failed.traceback))),
        },
        _ => Failure::new("CODE", message),
    }
}

/// How many lines of a traceback are shown.
const TRACEBACK_LINES: usize = 12;

/// The part of a traceback that tells most, on lines of their own: the end of Python's, which has the innermost call last, and the
/// beginning of the others.
fn traceback_shown(traceback: &str) -> String {
    let lines: Vec<&str> = traceback.trim_end().split('\n').collect();
    let from =
        if traceback.starts_with("Traceback") { lines.len().saturating_sub(TRACEBACK_LINES) } else { 0 };
    let shown: Vec<&str> = lines.into_iter().skip(from).take(TRACEBACK_LINES).collect();
    if traceback.is_empty() { String::new() } else { format!("\n{}", shown.join("\n")) }
}

/// How long a message may be that has the statement before what the server says.
const LONGEST_MESSAGE: usize = 1000;

/// What the code said. Libraries put the text that was sent into it, which may be a whole schema.
fn without_statement(failed: &CodeFailure) -> &str {
    let message = failed.message.as_str();
    match &failed.error {
        Some(error) if message.len() > LONGEST_MESSAGE && message.ends_with(&error.message) => &error.message,
        _ => message,
    }
}

fn of_code(failed: CodeFailure) -> Failure {
    let mut message = format!("{} failed: {}", failed.title, without_statement(&failed));
    if let Some(statement) = &failed.statement {
        let shown: String = statement.trim().chars().take(500).collect();
        message.push_str(&format!("\nin the statement\n{shown}"));
    } else {
        message.push_str(&traceback_shown(&failed.traceback));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbError;

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
    fn what_a_library_says_of_a_long_text_is_cut_to_what_the_server_says() {
        let error = DbError::new(DbErrorKind::Statement, "extension \"postgis\" is not available");
        let failed = |text: &str| CodeFailure {
            title: "1_all.js".into(),
            path: "1_all.js".into(),
            line: 1,
            message: format!("{text} - {}", error.message),
            traceback: String::new(),
            statement: Some("CREATE EXTENSION postgis".into()),
            error: Some(error.clone()),
            rolled_back: true,
            kept: None,
        };
        let cut = of_code(failed(&"CREATE EXTENSION postgis;\n".repeat(100))).message;
        insta::assert_snapshot!(cut, @r#"
        1_all.js failed: extension "postgis" is not available
        in the statement
        CREATE EXTENSION postgis
        "#);
        let whole = of_code(failed("CREATE EXTENSION postgis")).message;
        assert!(whole.starts_with("1_all.js failed: CREATE EXTENSION postgis - extension"), "{whole}");
    }
}
