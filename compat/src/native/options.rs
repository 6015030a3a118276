//! The options of a directive: `key=value`, a value with spaces in double quotes.

use std::collections::BTreeMap;

use crate::model::TransactionRule;

use super::parse_error::Reason;

/// The options of one directive, not yet looked at.
#[derive(Debug)]
pub(super) struct Options {
    directive: &'static str,
    values: BTreeMap<&'static str, String>,
}

impl Options {
    /// Reads what follows a directive's name. Only `known` keys may occur, each once.
    pub(super) fn parse(
        directive: &'static str,
        known: &[&'static str],
        text: &str,
    ) -> Result<Options, Reason> {
        let mut values = BTreeMap::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = rest
                .find(|character: char| character == '=' || character == ':' || character.is_whitespace());
            let (key, after) = rest.split_at(end.unwrap_or(rest.len()));
            // dbmate separates key and value of its one option by a colon.
            let value = match after.strip_prefix('=') {
                Some(value) => Some(value),
                None if key == "transaction" => after.strip_prefix(':'),
                None => None,
            };
            let Some(&key) = known.iter().find(|candidate| **candidate == key) else {
                let known = known.to_vec();
                return Err(Reason::UnknownOption { directive, option: key.to_owned(), known });
            };
            let value = value.ok_or(Reason::OptionWithoutValue { option: key })?;
            let (value, after) = read_value(key, value)?;
            if values.insert(key, value).is_some() {
                return Err(Reason::DuplicateOption { directive, option: key });
            }
            rest = after.trim_start();
        }
        Ok(Options { directive, values })
    }

    /// Takes an option that may be absent.
    pub(super) fn take(&mut self, option: &'static str) -> Option<String> {
        self.values.remove(option)
    }

    /// Takes an option that must be there.
    pub(super) fn required(&mut self, option: &'static str) -> Result<String, Reason> {
        let directive = self.directive;
        self.take(option).ok_or(Reason::MissingOption { directive, option })
    }
}

/// The transaction rule: ours, or dbmate's `true` and `false`.
pub(super) fn transaction(options: &mut Options) -> Result<TransactionRule, Reason> {
    match options.take("transaction").as_deref() {
        None | Some("auto") => Ok(TransactionRule::Auto),
        Some("always" | "true") => Ok(TransactionRule::Always),
        Some("none" | "false") => Ok(TransactionRule::Never),
        Some(value) => Err(Reason::BadValue {
            option: "transaction",
            value: value.to_owned(),
            expected: "`none`, `always` or `auto`",
        }),
    }
}

/// Whether the block is part of what reverts the migration.
pub(super) fn is_down(options: &mut Options) -> Result<bool, Reason> {
    let down = parsed(options, "direction", "`up` or `down`", |value| match value {
        "up" => Some(false),
        "down" => Some(true),
        _ => None,
    })?;
    Ok(down.unwrap_or(false))
}

/// A number, at least `least`.
pub(super) fn number(
    options: &mut Options,
    option: &'static str,
    least: u64,
    expected: &'static str,
) -> Result<Option<u64>, Reason> {
    parsed(options, option, expected, |value| value.parse().ok().filter(|number| *number >= least))
}

/// An option read by `parse`.
pub(super) fn parsed<T>(
    options: &mut Options,
    option: &'static str,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Reason> {
    let Some(value) = options.take(option) else {
        return Ok(None);
    };
    match parse(&value) {
        Some(parsed) => Ok(Some(parsed)),
        None => Err(Reason::BadValue { option, value, expected }),
    }
}

/// Splits a value from what follows it.
fn read_value<'a>(option: &'static str, text: &'a str) -> Result<(String, &'a str), Reason> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        if value.is_empty() {
            return Err(Reason::OptionWithoutValue { option });
        }
        return Ok((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let at = rest.find('"').ok_or(Reason::OpenQuote { option })?;
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                value.push('"');
                rest = after;
            }
            None if value.is_empty() => return Err(Reason::OptionWithoutValue { option }),
            None if rest.is_empty() || rest.starts_with(char::is_whitespace) => return Ok((value, rest)),
            None => return Err(Reason::OpenQuote { option }),
        }
    }
}
