//! Why a migration file cannot be read, and what to do about it.

use thiserror::Error;

use super::parse::DIRECTIVES;
use super::suggest::nearest;

/// An error at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// No directive in the file.
    #[error("`-- migrate:up` is missing: nothing says which SQL applies this migration")]
    NoDirective,
    /// Only down blocks.
    #[error("`-- migrate:up` is missing: the file has only a down")]
    NoUp,
    /// A backfill or batch first.
    #[error("the first directive is `-- migrate:{name}`; it must be `up` or `down`")]
    WrongFirst {
        /// The directive.
        name: &'static str,
    },
    /// A directive behind spaces.
    #[error("a directive must start at the beginning of its line")]
    Indented,
    /// Nearly a directive.
    #[error("this line looks like a directive but would be taken as a comment")]
    Misspelt {
        /// The directive meant.
        name: &'static str,
    },
    /// A name after `migrate:` that is not known.
    #[error("unknown directive `-- migrate:{name}`")]
    UnknownDirective {
        /// The name.
        name: String,
    },
    /// An option that the directive does not have.
    #[error("unknown option `{option}` of `-- migrate:{directive}`")]
    UnknownOption {
        /// The directive.
        directive: &'static str,
        /// The option.
        option: String,
        /// The options it has.
        known: Vec<&'static str>,
    },
    /// An option twice.
    #[error("option `{option}` of `-- migrate:{directive}` is given twice")]
    DuplicateOption {
        /// The directive.
        directive: &'static str,
        /// The option.
        option: &'static str,
    },
    /// An option without `=value`.
    #[error("option `{option}` has no value")]
    OptionWithoutValue {
        /// The option.
        option: &'static str,
    },
    /// A value that the option does not take.
    #[error("option `{option}` cannot be `{value}`")]
    BadValue {
        /// The option.
        option: &'static str,
        /// The value.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A quoted value without its end, or with something right behind it.
    #[error("the quoted value of option `{option}` does not end")]
    OpenQuote {
        /// The option.
        option: &'static str,
    },
    /// An option that must be given.
    #[error("`-- migrate:{directive}` needs the option `{option}`")]
    MissingOption {
        /// The directive.
        directive: &'static str,
        /// The option.
        option: &'static str,
    },
    /// SQL above the first directive.
    #[error("SQL before the first directive: it belongs neither to up nor to down")]
    SqlBeforeDirective,
    /// A block comment that runs into the first directive.
    #[error("the comment that begins here does not end before the first directive")]
    OpenComment,
    /// SQL under a directive whose plugin does the work.
    #[error("SQL under `-- migrate:{name}`: its plugin does the work")]
    SqlUnderPlugin {
        /// The directive.
        name: &'static str,
    },
    /// A batch without SQL.
    #[error("no SQL under `-- migrate:batch`")]
    EmptyBatch,
    /// Something that goes up beside a baseline.
    #[error("`-- migrate:{name}` in a baseline, which has only `baseline` and `down` blocks")]
    BesideBaseline {
        /// The directive.
        name: &'static str,
    },
}

impl Reason {
    /// What to do, as a sentence.
    pub fn advice(&self) -> String {
        match self {
            Reason::NoDirective | Reason::NoUp => {
                "Put a line `-- migrate:up` above the SQL that applies the migration, and `-- migrate:down` \
                 above the SQL that reverts it."
                    .to_owned()
            }
            Reason::WrongFirst { .. } => "Put `-- migrate:up` above it; that block may be empty.".to_owned(),
            Reason::Indented => {
                "Remove the space before it, or reword the line if it is only text.".to_owned()
            }
            Reason::Misspelt { name } => {
                format!("Write `-- migrate:{name}`, or reword the comment if it is only text.")
            }
            Reason::UnknownDirective { name } => match nearest(name, DIRECTIVES) {
                Some(directive) => format!("Did you mean `-- migrate:{directive}`?"),
                None => "Directives are `up`, `down`, `backfill`, `batch`, `step` and `baseline`.".to_owned(),
            },
            Reason::UnknownOption { option, known, .. } => match nearest(option, known.iter().copied()) {
                Some(option) => format!("Did you mean `{option}`?"),
                None => format!("It takes {}, written `key=value`.", in_ticks(known)),
            },
            Reason::DuplicateOption { .. } => "Keep one of them.".to_owned(),
            Reason::OptionWithoutValue { option } => {
                format!("Write `{option}=…`, without spaces around `=`.")
            }
            Reason::BadValue { option, expected, .. } => format!("`{option}` is {expected}."),
            Reason::OpenQuote { .. } => {
                "End the value with `\"`; a `\"` inside it is written twice.".to_owned()
            }
            Reason::MissingOption { option, .. } => format!("Add `{option}=…` to the line."),
            Reason::SqlBeforeDirective => {
                "Move it below `-- migrate:up`; only comments may stand above.".to_owned()
            }
            Reason::OpenComment => {
                "Close it with `*/`. A directive counts on every line that begins with it, in comments and \
                 strings too."
                    .to_owned()
            }
            Reason::SqlUnderPlugin { .. } => "Move it into a `-- migrate:up` block.".to_owned(),
            Reason::BesideBaseline { .. } => {
                "Put what comes after the baseline into a migration with a later version.".to_owned()
            }
            Reason::EmptyBatch => {
                "Write the statement to run for each chunk, from the key `:from` to `:to`.".to_owned()
            }
        }
    }
}

fn in_ticks(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
