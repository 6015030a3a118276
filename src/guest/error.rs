//! Why a guest does not start, or does not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

use super::protocol::{Failed, LoadProblem};

/// A failure of the way to a guest, or of the guest as a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// It cannot be started.
    #[error("{carrier} cannot be started: {reason}")]
    Start {
        /// What was to be started.
        carrier: String,
        /// Why, and the way out.
        reason: String,
    },
    /// It ended in the middle of a conversation.
    #[error("{carrier} ended unexpectedly{how}{}", last_words(said))]
    Ended {
        /// What ended.
        carrier: String,
        /// How, with a space in front: ` with exit code 1`, ` by signal 9`; empty when it is not known.
        how: String,
        /// The last lines that it printed.
        said: String,
    },
    /// It computed for too long without asking anything.
    #[error("the code ran for more than {} s without sending a statement and was stopped", limit.as_secs())]
    OutOfTime {
        /// The limit.
        limit: Duration,
    },
    /// It wanted more memory than it may have.
    #[error("the code needs more than the {} MB of memory that it may have and was stopped", limit >> 20)]
    OutOfMemory {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The user interrupted the run.
    #[error("interrupted")]
    Interrupted,
    /// It was told an answer early that was not the answer, and was ended.
    #[error("the code was told another answer than there was")]
    Misled,
}

fn last_words(said: &str) -> String {
    if said.trim().is_empty() { String::new() } else { format!("; it said:\n{}", said.trim_end()) }
}

/// Why a code migration cannot be run, or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The carrier failed.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// Neither carrier can be had; nothing was sent.
    #[error("{reason}")]
    NoCarrier {
        /// Why, with both ways out.
        reason: String,
    },
    /// Files that the carrier cannot load; nothing was sent.
    #[error("{}", problems_text(problems))]
    CannotLoad {
        /// What, where and why.
        problems: Vec<LoadProblem>,
        /// The way out, where the other carrier is one.
        advice: Option<String>,
    },
    /// The migration's code failed.
    #[error("{}", .0.message)]
    Failed(Box<Failed>),
    /// The guest does not keep to the protocol; a defect of ours, or a migration that wrote into its pipe.
    #[error("the guest sent what the step protocol does not have: {reason}")]
    Protocol {
        /// What it was.
        reason: String,
    },
    /// A file could not be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// How many lines of problems are shown; what many files import is mostly one problem.
const SHOWN_LINES: usize = 12;

/// How many of the migrations that need one file are named.
const SHOWN_NAMES: usize = 10;

/// The problems, each once, as far as they fit; the first whatever its length.
fn problems_text(problems: &[LoadProblem]) -> String {
    let mut texts: Vec<(String, Vec<&str>)> = Vec::new();
    for problem in problems {
        let text = problem.to_string().trim_end().to_owned();
        let by = problem.needed_by.as_deref();
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.extend(by),
            None => texts.push((text, by.into_iter().collect())),
        }
    }
    let total = texts.len();
    let mut lines = 0;
    let shown = texts.into_iter().map(|(text, names)| needed(text, &names)).take_while(|text| {
        let fits = lines == 0 || lines + text.split('\n').count() <= SHOWN_LINES;
        lines += text.split('\n').count();
        fits
    });
    let shown: Vec<String> = shown.collect();
    let left = match total - shown.len() {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    format!("{}{left}", shown.join("\n"))
}

/// A problem with the migrations that need the file.
fn needed(text: String, names: &[&str]) -> String {
    match names {
        [] => text,
        all if all.len() > SHOWN_NAMES => {
            let (named, more) = all.split_at(SHOWN_NAMES);
            format!("{text}; needed by {} and {} more", named.join(", "), more.len())
        }
        all => format!("{text}; needed by {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str, reason: &str) -> LoadProblem {
        LoadProblem {
            path: path.to_owned(),
            line: 1,
            import: None,
            everywhere: false,
            needed_by: None,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_problem_of_many_files_does_not_fill_the_screen() {
        let shared = problem("crypto.js", "bcrypt is compiled code");
        assert_eq!(problems_text(&[shared.clone(), shared.clone()]), "crypto.js:1: bcrypt is compiled code");
        let needed =
            |number: usize| LoadProblem { needed_by: Some(format!("{number}.js")), ..shared.clone() };
        assert_eq!(
            problems_text(&[needed(1), needed(2)]),
            "crypto.js:1: bcrypt is compiled code; needed by 1.js, 2.js"
        );
        let many: Vec<LoadProblem> = (1..=12).map(needed).collect();
        assert!(problems_text(&many).ends_with("9.js, 10.js and 2 more"), "{}", problems_text(&many));
        let many: Vec<LoadProblem> =
            (1..=40).map(|number| problem(&format!("{number}.ts"), "wrong\nin two lines\n")).collect();
        let text = problems_text(&many);
        assert_eq!(text.split('\n').count(), SHOWN_LINES + 1);
        assert!(text.starts_with("1.ts:1: wrong\nin two lines\n2.ts"), "{text}");
        assert!(text.ends_with("6.ts:1: wrong\nin two lines\nand 34 more"), "{text}");
        let long = problem("a.ts", &"line\n".repeat(30));
        let text = problems_text(&[long, problem("b.ts", "wrong")]);
        assert!(text.ends_with("line\nand 1 more"), "{text}");
    }
}
