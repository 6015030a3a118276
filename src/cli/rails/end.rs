//! How a task ends that did not succeed, as Rake and Rails tell of it.

use dunlin_compat::model::AdapterError;
use dunlin_compat::rails::output as words;
use dunlin_compat::rails::release::Release;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::db::DbError;
use crate::engine::{CodeFailure, RunError};

/// Why a task ended.
#[derive(Debug)]
pub enum End {
    /// Everything has been said.
    Silent,
    /// `abort`: a message on standard error.
    Abort(String),
    /// An error that Ruby would raise: its class, its message, and what dunlin adds.
    Raised {
        /// The class.
        class: String,
        /// The message.
        message: String,
        /// Where it happened, and the way out.
        report: Option<Box<Failure>>,
        /// Whose words they are.
        release: Release,
    },
    /// What Rails knows nothing of.
    Own(Box<Failure>),
}

impl End {
    /// An error in Rails' words.
    pub fn rails(class: &str, message: impl Into<String>) -> End {
        let (class, message) = (class.to_owned(), message.into());
        End::Raised { class, message, report: None, release: Release::NEWEST }
    }

    /// As a release tells of it.
    #[must_use]
    pub fn of(self, of: Release) -> End {
        match self {
            End::Raised { class, message, report, .. } => End::Raised { class, message, report, release: of },
            end => end,
        }
    }

    /// Why migrations stopped; `in_transaction`: whether the one that failed was in one by Rails.
    pub fn of_migrations(error: RunError, in_transaction: bool) -> End {
        match error {
            RunError::Code(failed) => of_code(*failed, in_transaction),
            error => error.into(),
        }
    }

    /// Why a schema file cannot be loaded: what its Ruby raised stands for itself.
    pub fn of_schema(error: RunError) -> End {
        let RunError::Code(failed) = error else { return error.into() };
        let (class, message) = (class(&failed.traceback), failed.message.clone());
        let report = Some(Box::new(report(*failed)));
        End::Raised { class, message, report, release: Release::NEWEST }
    }

    /// Prints it.
    pub fn print(&self) {
        match self {
            End::Silent => {}
            End::Abort(message) => output::note(message),
            End::Raised { class, message, report, release } => {
                let program = if *release >= Release(7, 1) { "bin/rails" } else { "rails" };
                output::note(&words::aborted(program, class, message));
                if let Some(report) = report {
                    output::note("");
                    report.print(false);
                }
            }
            End::Own(failure) => failure.print(false),
        }
    }
}

/// For dunlin's own commands.
impl From<End> for Failure {
    fn from(end: End) -> Failure {
        match end {
            End::Own(failure) => *failure,
            End::Raised { class, message, .. } => Failure::new(&class, message),
            End::Abort(message) => Failure::new("RAILS", message),
            End::Silent => Failure::new("RAILS", "the task failed"),
        }
    }
}

/// Whether a code names a class of Ruby: those of dunlin are written in capitals.
fn is_class(code: &str) -> bool {
    code.chars().any(char::is_lowercase)
}

impl From<AdapterError> for End {
    fn from(error: AdapterError) -> End {
        match error {
            AdapterError::Refused { code, message, place: None, advice: None } if is_class(&code) => {
                End::rails(&code, message)
            }
            AdapterError::Refused { code, message, place, advice } if is_class(&code) => {
                let said = AdapterError::Refused {
                    code: code.clone(),
                    message: "nothing was run".to_owned(),
                    place,
                    advice,
                };
                let report = Some(Box::new(Failure::from(said)));
                End::Raised { class: code, message, report, release: Release::NEWEST }
            }
            error => Failure::from(error).into(),
        }
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> End {
        End::Own(Box::new(failure.with_exit(Exit::Failed)))
    }
}

impl From<DbError> for End {
    fn from(error: DbError) -> End {
        Failure::from(error).into()
    }
}

impl From<RunError> for End {
    fn from(error: RunError) -> End {
        match error {
            RunError::Adapter(error) => error.into(),
            error @ RunError::LockNotObtained { .. } => End::Raised {
                class: "ActiveRecord::ConcurrentMigrationError".to_owned(),
                message: words::CONCURRENT.to_owned(),
                report: Some(Box::new(error.into())),
                release: Release::NEWEST,
            },
            RunError::Code(failed) => of_code(*failed, true),
            error => Failure::from(error).into(),
        }
    }
}

/// What a migration's own error becomes. The place and what stays are told after Rails' words.
fn of_code(failed: CodeFailure, in_transaction: bool) -> End {
    let message = words::canceled(&failed.message, in_transaction);
    let report = Some(Box::new(report(failed)));
    End::Raised { class: "StandardError".to_owned(), message, report, release: Release::NEWEST }
}

/// Where it happened and what stays; the message stands in Rails' words already.
fn report(failed: CodeFailure) -> Failure {
    let mut report = Failure::from(RunError::Code(Box::new(failed)));
    if let Some((head, _)) = report.message.split_once(" failed: ") {
        report.message = format!("{head} failed here");
    }
    report
}

/// The class of an error, which Ruby prints behind its message's first line.
fn class(traceback: &str) -> String {
    let of_line = |line: &str| {
        let name = line.strip_suffix(')')?.rsplit_once('(')?.1;
        let fits = name.starts_with(char::is_uppercase)
            && name.chars().all(|character| character.is_alphanumeric() || ":_".contains(character));
        fits.then(|| name.to_owned())
    };
    traceback.split('\n').find_map(of_line).unwrap_or_else(|| "StandardError".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_an_error_is_read_from_what_ruby_prints() {
        let text = "/app/db/schema.rb:19:in `block': PG::UndefinedTable: ERROR (ActiveRecord::StatementInvalid)\n\tfrom a (B)\n";
        assert_eq!(class(text), "ActiveRecord::StatementInvalid");
        assert_eq!(class("a.rb:1: boom (RuntimeError)"), "RuntimeError");
        assert_eq!(class("nothing (of a class)"), "StandardError");
    }
}
