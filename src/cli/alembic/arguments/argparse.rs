//! Reads arguments as Python's `argparse` does (CPython 3.11): long options may be shortened, short ones joined, and what
//! looks like a negative number is no option.

use std::collections::BTreeMap;

use dunlin_compat::alembic::python::text::repr;

/// An option.
#[derive(Debug, Clone, Copy)]
pub struct Opt {
    /// How it is written: `-m`, `--message`.
    pub names: &'static [&'static str],
    /// What it does.
    pub kind: OptKind,
}

/// What an option does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptKind {
    /// It is there or not.
    Flag,
    /// It takes a value; the last one counts.
    Value,
    /// It takes a value; all count.
    Append,
    /// It shows the help.
    Help,
    /// It shows the version.
    Version,
}

/// What a command takes besides options.
#[derive(Debug, Clone, Copy)]
pub struct Positional {
    /// Its name.
    pub name: &'static str,
    /// How much it takes.
    pub takes: Takes,
}

/// How much a positional argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One.
    One,
    /// One or more.
    Some,
    /// A command, and everything behind it whatever it looks like.
    Command,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The values of options by their last name, and of positional arguments by theirs. A flag that is there has one.
    pub values: BTreeMap<&'static str, Vec<String>>,
    /// What nobody takes.
    pub unrecognized: Vec<String>,
}

/// What ends the reading early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// The arguments are wrong: what comes behind `error: `.
    Wrong(String),
}

/// Reads what options and positional arguments take.
///
/// # Errors
/// Help or version is asked for, or the arguments are wrong.
pub fn parse(options: &[Opt], positionals: &[Positional], arguments: &[String]) -> Result<Found, End> {
    Parser::new(options, positionals, arguments)?.run()
}

/// What an argument may be.
enum Kind<'a> {
    Plain,
    /// An option: the one it is, how it is written, and the value in the same argument. None of ours if there is none.
    Option(Option<&'a Opt>, String, Option<String>),
}

struct Parser<'a> {
    options: &'a [Opt],
    positionals: &'a [Positional],
    arguments: &'a [String],
    kinds: Vec<Kind<'a>>,
    /// `A` for an argument, `O` for an option, `-` for the two dashes that end the options.
    pattern: String,
    found: Found,
}

impl<'a> Parser<'a> {
    fn new(
        options: &'a [Opt],
        positionals: &'a [Positional],
        arguments: &'a [String],
    ) -> Result<Parser<'a>, End> {
        let mut kinds = Vec::new();
        let mut pattern = String::new();
        let mut ended = false;
        for argument in arguments {
            if ended {
                kinds.push(Kind::Plain);
                pattern.push('A');
            } else if argument == "--" {
                ended = true;
                kinds.push(Kind::Plain);
                pattern.push('-');
            } else {
                let kind = kind(options, argument)?;
                pattern.push(if matches!(kind, Kind::Plain) { 'A' } else { 'O' });
                kinds.push(kind);
            }
        }
        Ok(Parser { options, positionals, arguments, kinds, pattern, found: Found::default() })
    }

    fn run(mut self) -> Result<Found, End> {
        let is_option = |kind: &Kind<'_>| matches!(kind, Kind::Option(..));
        let last_option = self.kinds.iter().rposition(is_option);
        let mut at = 0;
        while last_option.is_some_and(|last| at <= last) {
            let next = self.kinds.iter().skip(at).position(is_option).map_or(at, |offset| at + offset);
            if at != next {
                let end = self.take_positionals(at);
                if end > at {
                    at = end;
                    continue;
                }
                self.found.unrecognized.extend(self.arguments[at..next].iter().cloned());
                at = next;
            }
            at = self.take_option(at)?;
        }
        let end = self.take_positionals(at);
        self.found.unrecognized.extend(self.arguments[end.min(self.arguments.len())..].iter().cloned());
        let missing: Vec<&str> = self
            .positionals
            .iter()
            .filter(|positional| positional.takes != Takes::Command)
            .map(|positional| positional.name)
            .collect();
        if missing.is_empty() {
            Ok(self.found)
        } else {
            Err(End::Wrong(format!("the following arguments are required: {}", missing.join(", "))))
        }
    }

    /// As many positional arguments as the plain arguments from here on are enough for. Returns where they end.
    fn take_positionals(&mut self, at: usize) -> usize {
        let mut end = at;
        for count in (1..=self.positionals.len()).rev() {
            let Some(lengths) = lengths(&self.positionals[..count], &self.pattern[at..]) else { continue };
            let (taken, rest) = self.positionals.split_at(count);
            for (positional, length) in taken.iter().zip(lengths) {
                let mut values = self.arguments[end..end + length].to_vec();
                end += length;
                if positional.takes != Takes::Command
                    && let Some(dashes) = values.iter().position(|value| value == "--")
                {
                    values.remove(dashes);
                }
                self.found.values.insert(positional.name, values);
            }
            self.positionals = rest;
            break;
        }
        end
    }

    fn take_option(&mut self, at: usize) -> Result<usize, End> {
        let Some(Kind::Option(option, written, explicit)) = self.kinds.get(at) else { return Ok(at + 1) };
        let Some(mut option) = *option else {
            self.found.unrecognized.push(self.arguments[at].clone());
            return Ok(at + 1);
        };
        let (mut written, mut explicit) = (written.clone(), explicit.clone());
        loop {
            let takes_value = matches!(option.kind, OptKind::Value | OptKind::Append);
            match explicit {
                Some(value) if takes_value => {
                    self.set(option, value)?;
                    return Ok(at + 1);
                }
                // Short options may be joined: the rest is another one.
                Some(rest) => {
                    let ignored = || {
                        End::Wrong(format!(
                            "argument {}: ignored explicit argument {}",
                            name(option),
                            repr(&rest)
                        ))
                    };
                    if written.starts_with("--") || rest.is_empty() {
                        return Err(ignored());
                    }
                    self.set(option, String::new())?;
                    let mut characters = rest.chars();
                    written = format!("-{}", characters.next().unwrap_or_default());
                    option = exact(self.options, &written).ok_or_else(ignored)?;
                    explicit = Some(characters.as_str().to_owned()).filter(|rest| !rest.is_empty());
                }
                None if takes_value => {
                    // Two dashes before the value are passed over.
                    let rest = &self.pattern.as_bytes()[at + 1..];
                    let dashes = rest.iter().take_while(|kind| **kind == b'-').count();
                    if rest.get(dashes) != Some(&b'A') {
                        return Err(End::Wrong(format!("argument {}: expected one argument", name(option))));
                    }
                    let value = at + 1 + dashes;
                    let value_text = self.arguments[value].clone();
                    self.set(option, value_text)?;
                    return Ok(value + 1);
                }
                None => {
                    self.set(option, String::new())?;
                    return Ok(at + 1);
                }
            }
        }
    }

    fn set(&mut self, option: &Opt, value: String) -> Result<(), End> {
        match option.kind {
            OptKind::Help => return Err(End::Help),
            OptKind::Version => return Err(End::Version),
            OptKind::Append => {}
            OptKind::Flag | OptKind::Value => {
                self.found.values.remove(key(option));
            }
        }
        self.found.values.entry(key(option)).or_default().push(value);
        Ok(())
    }
}

fn kind<'a>(options: &'a [Opt], argument: &str) -> Result<Kind<'a>, End> {
    if !argument.starts_with('-') {
        return Ok(Kind::Plain);
    }
    if let Some(option) = exact(options, argument) {
        return Ok(Kind::Option(Some(option), argument.to_owned(), None));
    }
    if argument.len() == 1 {
        return Ok(Kind::Plain);
    }
    if let Some((written, value)) = argument.split_once('=')
        && let Some(option) = exact(options, written)
    {
        return Ok(Kind::Option(Some(option), written.to_owned(), Some(value.to_owned())));
    }
    let candidates = candidates(options, argument);
    match candidates.as_slice() {
        [] => {}
        [(option, written, value)] => {
            return Ok(Kind::Option(Some(option), (*written).to_owned(), value.clone()));
        }
        several => {
            let matches: Vec<&str> = several.iter().map(|(_, written, _)| *written).collect();
            return Err(End::Wrong(format!(
                "ambiguous option: {argument} could match {}",
                matches.join(", ")
            )));
        }
    }
    if is_negative_number(argument) || argument.contains(' ') {
        return Ok(Kind::Plain);
    }
    Ok(Kind::Option(None, argument.to_owned(), None))
}

/// Options of which the argument is a beginning, or a short one with its value behind it.
fn candidates<'a>(options: &'a [Opt], argument: &str) -> Vec<(&'a Opt, &'static str, Option<String>)> {
    let all = options.iter().flat_map(|option| option.names.iter().map(move |name| (option, *name)));
    if argument.starts_with("--") {
        let (beginning, value) = match argument.split_once('=') {
            Some((beginning, value)) => (beginning, Some(value.to_owned())),
            None => (argument, None),
        };
        return all
            .filter(|(_, name)| name.starts_with(beginning))
            .map(|(option, name)| (option, name, value.clone()))
            .collect();
    }
    let split = argument.char_indices().nth(2).map_or(argument.len(), |(index, _)| index);
    let (short, value) = argument.split_at(split);
    all.filter_map(|(option, name)| {
        if name == short {
            Some((option, name, Some(value.to_owned())))
        } else {
            name.starts_with(argument).then_some((option, name, None))
        }
    })
    .collect()
}

fn exact<'a>(options: &'a [Opt], written: &str) -> Option<&'a Opt> {
    options.iter().find(|option| option.names.contains(&written))
}

/// `^-\d+$|^-\d*\.\d+$`
fn is_negative_number(argument: &str) -> bool {
    let Some(number) = argument.strip_prefix('-') else { return false };
    let is_digits = |text: &str| text.chars().all(|character| character.is_ascii_digit());
    match number.split_once('.') {
        None => !number.is_empty() && is_digits(number),
        Some((whole, fraction)) => is_digits(whole) && !fraction.is_empty() && is_digits(fraction),
    }
}

/// How many arguments each takes, if there are enough before the next option.
fn lengths(positionals: &[Positional], pattern: &str) -> Option<Vec<usize>> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    let mut lengths = Vec::new();
    for positional in positionals {
        let start = at;
        while bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        if bytes.get(at) != Some(&b'A') {
            return None;
        }
        at += 1;
        match positional.takes {
            Takes::One => {
                while bytes.get(at) == Some(&b'-') {
                    at += 1;
                }
            }
            Takes::Some => {
                while matches!(bytes.get(at), Some(b'-' | b'A')) {
                    at += 1;
                }
            }
            Takes::Command => at = bytes.len(),
        }
        lengths.push(at - start);
    }
    Some(lengths)
}

fn key(option: &Opt) -> &'static str {
    option.names.last().copied().unwrap_or_default()
}

fn name(option: &Opt) -> String {
    option.names.join("/")
}
