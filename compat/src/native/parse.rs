//! One migration file: its directives and the SQL under each. The reference is `docs/native-format.md`.

use crate::model::TransactionRule;

use super::options::{self, Options};
use super::parse_error::{ParseError, Reason};
use super::rows::{self, Rows};
use super::text::{Content, content, lines};

/// The names that may follow `-- migrate:`.
pub(super) const DIRECTIVES: [&str; 6] = ["up", "down", "backfill", "batch", "step", "baseline"];

/// A parsed file. Preamble and blocks, one after the other, are the text it was made from without its byte order mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Comments before the first directive.
    pub preamble: String,
    /// The blocks as written.
    pub blocks: Vec<DocumentBlock>,
}

impl Document {
    /// What `up` runs: every block but the `down` ones, in order.
    pub fn forward(&self) -> impl Iterator<Item = &DocumentBlock> {
        self.blocks.iter().filter(|block| !block.is_down())
    }

    /// Whether it stands for every migration up to its own version.
    pub fn is_baseline(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.directive, Directive::Baseline { .. }))
    }

    /// What `down` runs, in written order.
    pub fn backward(&self) -> impl Iterator<Item = &DocumentBlock> {
        self.blocks.iter().filter(|block| block.is_down())
    }
}

/// A directive and the text under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentBlock {
    /// What the directive says.
    pub directive: Directive,
    /// The directive's line as written, with its line end.
    pub heading: String,
    /// The directive's line in the file, from 1. The text begins on the next.
    pub line: usize,
    /// The text up to the next directive.
    pub text: String,
}

impl DocumentBlock {
    /// Whether this is a `down` block.
    pub fn is_down(&self) -> bool {
        match &self.directive {
            Directive::Down { .. } => true,
            Directive::Up { .. } | Directive::Baseline { .. } => false,
            Directive::Backfill { rows, .. } | Directive::Batch { rows } => rows.down,
            Directive::Step { down, .. } => *down,
        }
    }

    /// The plugin that does the block's work.
    pub fn plugin(&self) -> Option<&str> {
        match &self.directive {
            Directive::Backfill { plugin, .. } | Directive::Step { plugin, .. } => Some(plugin),
            Directive::Up { .. }
            | Directive::Down { .. }
            | Directive::Batch { .. }
            | Directive::Baseline { .. } => None,
        }
    }

    /// Whether neither a plugin, nor a statement, nor a comment stands in the block.
    pub fn is_blank(&self) -> bool {
        self.plugin().is_none() && content(&self.text).content == Content::Blank
    }
}

/// A directive with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// SQL to apply.
    Up {
        /// From `transaction=`.
        transaction: TransactionRule,
    },
    /// SQL to revert.
    Down {
        /// From `transaction=`.
        transaction: TransactionRule,
    },
    /// SQL that does what all migrations up to and including this version did.
    Baseline {
        /// From `transaction=`.
        transaction: TransactionRule,
    },
    /// A plugin run over a table's rows in chunks.
    Backfill {
        /// The plugin's name.
        plugin: String,
        /// Which rows, and how.
        rows: Box<Rows>,
    },
    /// SQL run over ranges of a key.
    Batch {
        /// Which rows, and how.
        rows: Box<Rows>,
    },
    /// A plugin that runs statements of its own.
    Step {
        /// The plugin's name.
        plugin: String,
        /// From `direction=down`: part of what reverts the migration.
        down: bool,
    },
}

impl Directive {
    /// The word after `-- migrate:`.
    pub fn name(&self) -> &'static str {
        match self {
            Directive::Up { .. } => "up",
            Directive::Down { .. } => "down",
            Directive::Backfill { .. } => "backfill",
            Directive::Batch { .. } => "batch",
            Directive::Step { .. } => "step",
            Directive::Baseline { .. } => "baseline",
        }
    }
}

/// Parses a file's text (a byte order mark is dropped). All errors of the file are returned, in order.
pub fn parse(text: &str) -> Result<Document, Vec<ParseError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document = Document::default();
    let mut errors = Vec::new();
    let mut saw_directive = false;

    for (index, line) in lines(text).enumerate() {
        let number = index + 1;
        match heading(line) {
            Heading::None => match document.blocks.last_mut() {
                Some(block) => block.text.push_str(line),
                // Below a broken directive lies what belongs to it, not to the preamble.
                None if saw_directive => {}
                None => document.preamble.push_str(line),
            },
            Heading::Broken(reason) => {
                saw_directive = true;
                errors.push(ParseError { line: number, reason });
            }
            Heading::Directive { name, options } => {
                saw_directive = true;
                match directive(name, options) {
                    Ok(directive) => document.blocks.push(DocumentBlock {
                        directive,
                        heading: line.to_owned(),
                        line: number,
                        text: String::new(),
                    }),
                    Err(reason) => errors.push(ParseError { line: number, reason }),
                }
            }
        }
    }

    // What surrounds a broken directive cannot be judged.
    if errors.is_empty() {
        check(&document, &mut errors);
    } else {
        check_preamble(&document, saw_directive, &mut errors);
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.line);
        return Err(errors);
    }
    Ok(document)
}

/// Whether a text has directives, or lines that were meant as such.
pub(super) fn has_directives(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    lines(text).any(|line| !matches!(heading(line), Heading::None))
}

/// What a line is to the format.
enum Heading<'a> {
    /// SQL, a comment, nothing.
    None,
    /// A directive.
    Directive { name: &'a str, options: &'a str },
    /// Meant as one, but not written as one. Running a `down` as part of the `up` above it would be worse than an error.
    Broken(Reason),
}

fn heading(line: &str) -> Heading<'_> {
    let line = line.trim_end();
    let unindented = line.trim_start();
    let Some(comment) = unindented.strip_prefix("--") else {
        return Heading::None;
    };
    if let Some(rest) = comment.trim_start().strip_prefix("migrate:") {
        if unindented.len() != line.len() {
            return Heading::Broken(Reason::Indented);
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (name, options) = rest.split_at(end);
        return match name {
            "" => meant_directive(comment)
                .map_or(Heading::Broken(Reason::UnknownDirective { name: String::new() }), Heading::Broken),
            name => Heading::Directive { name, options },
        };
    }
    meant_directive(comment).map_or(Heading::None, Heading::Broken)
}

/// Recognises `Migrate:Up`, `migrate : down`, `migrate up` and `-- migrate:down ----` below decoration.
fn meant_directive(comment: &str) -> Option<Reason> {
    let bare = comment.trim_matches(|character: char| character == '-' || character.is_whitespace());
    let after = strip_prefix_ignoring_case(bare, "migrate")?;
    let colon = after.trim_start().strip_prefix(':');
    let word = colon.unwrap_or(after).trim_start();
    if colon.is_none() && word.len() == after.len() {
        return None;
    }
    let (name, rest) = DIRECTIVES
        .iter()
        .find_map(|name| Some((*name, strip_prefix_ignoring_case(word, name)?)))
        .filter(|(_, rest)| !rest.starts_with(char::is_alphanumeric))?;
    // Without the colon only a line of its own is meant: "migrate up to ten rows" is prose.
    if colon.is_none() && !rest.is_empty() {
        return None;
    }
    Some(Reason::Misspelt { name })
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn directive(name: &str, text: &str) -> Result<Directive, Reason> {
    let Some(name) = DIRECTIVES.into_iter().find(|known| *known == name) else {
        return Err(Reason::UnknownDirective { name: name.to_owned() });
    };
    let known: &[&str] = match name {
        "backfill" => &rows::BACKFILL_OPTIONS,
        "batch" => &rows::OPTIONS,
        "step" => &["plugin", "direction"],
        _ => &["transaction"],
    };
    let mut options = Options::parse(name, known, text)?;
    Ok(match name {
        "up" => Directive::Up { transaction: options::transaction(&mut options)? },
        "down" => Directive::Down { transaction: options::transaction(&mut options)? },
        "baseline" => Directive::Baseline { transaction: options::transaction(&mut options)? },
        "backfill" => Directive::Backfill {
            plugin: options.required("plugin")?,
            rows: Box::new(rows::take(&mut options)?),
        },
        "step" => {
            Directive::Step { plugin: options.required("plugin")?, down: options::is_down(&mut options)? }
        }
        _ => Directive::Batch { rows: Box::new(rows::take(&mut options)?) },
    })
}

fn check(document: &Document, errors: &mut Vec<ParseError>) {
    check_preamble(document, !document.blocks.is_empty(), errors);
    let Some(first) = document.blocks.first() else {
        errors.push(ParseError { line: 1, reason: Reason::NoDirective });
        return;
    };
    if matches!(first.directive, Directive::Backfill { .. } | Directive::Batch { .. }) {
        let reason = Reason::WrongFirst { name: first.directive.name() };
        errors.push(ParseError { line: first.line, reason });
    } else if document.forward().next().is_none() {
        errors.push(ParseError { line: first.line, reason: Reason::NoUp });
    }
    let is_baseline = document.is_baseline();
    for block in &document.blocks {
        let fits = matches!(block.directive, Directive::Baseline { .. } | Directive::Down { .. });
        if is_baseline && !fits {
            let reason = Reason::BesideBaseline { name: block.directive.name() };
            errors.push(ParseError { line: block.line, reason });
        }
        let found = content(&block.text);
        match block.directive {
            Directive::Backfill { .. } | Directive::Step { .. } if found.content == Content::Statements => {
                let reason = Reason::SqlUnderPlugin { name: block.directive.name() };
                errors.push(ParseError { line: block.line + found.line, reason });
            }
            Directive::Batch { .. } if found.content != Content::Statements => {
                errors.push(ParseError { line: block.line, reason: Reason::EmptyBatch });
            }
            _ => {}
        }
    }
}

fn check_preamble(document: &Document, saw_directive: bool, errors: &mut Vec<ParseError>) {
    if !saw_directive {
        // The absence of any directive says it all.
        return;
    }
    let found = content(&document.preamble);
    if found.content == Content::Statements {
        errors.push(ParseError { line: found.line, reason: Reason::SqlBeforeDirective });
    } else if found.open_comment {
        errors.push(ParseError { line: found.line, reason: Reason::OpenComment });
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
