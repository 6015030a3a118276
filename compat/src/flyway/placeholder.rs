//! Placeholders in scripts (class `PlaceholderReplacingReader`), bug for bug, since checksums of repeatable migrations
//! are taken after the replacement.

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::flyway::encoding::line_of_end;

/// What stands around the name of a placeholder, and the values to put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders {
    prefix: String,
    suffix: String,
    separator: String,
    /// Name in lower case → name as given, and value.
    values: BTreeMap<String, (String, String)>,
}

/// A placeholder that cannot be replaced, in Flyway's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceholderError {
    /// Nobody gave it a value.
    #[error("No value provided for placeholder: {placeholder}.  Check your configuration!")]
    Unknown {
        /// The placeholder with prefix and suffix.
        placeholder: String,
        /// The line it begins on, from 1.
        line: usize,
    },
    /// It is one of the built-in names, but has no value here or does not exist.
    #[error("Failed to populate value for default placeholder: {placeholder}")]
    UnknownDefault {
        /// The placeholder with prefix and suffix.
        placeholder: String,
        /// The line it begins on, from 1.
        line: usize,
    },
    /// The text ends right after the prefix.
    #[error("Placeholder {prefix} at the end of the text has neither a name nor its end {suffix}")]
    Unterminated {
        /// The prefix.
        prefix: String,
        /// The missing suffix.
        suffix: String,
        /// The line it begins on, from 1.
        line: usize,
    },
}

impl PlaceholderError {
    /// The line the placeholder begins on, from 1.
    pub fn line(&self) -> usize {
        match self {
            PlaceholderError::Unknown { line, .. }
            | PlaceholderError::UnknownDefault { line, .. }
            | PlaceholderError::Unterminated { line, .. } => *line,
        }
    }
}

impl Placeholders {
    /// Placeholders for SQL: `placeholderPrefix`, `placeholderSuffix` and `placeholderSeparator`
    /// (`${`, `}` and `:` by default). With an empty prefix every text is a placeholder, with an empty suffix names have one
    /// character.
    pub fn new(prefix: &str, suffix: &str, separator: &str) -> Placeholders {
        Placeholders {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            separator: separator.to_owned(),
            values: BTreeMap::new(),
        }
    }

    /// The same values between the markers of program migrations (`FP__` and `__`), whose separator is `_`.
    pub fn for_programs(&self, prefix: &str, suffix: &str) -> Placeholders {
        Placeholders { values: self.values.clone(), ..Placeholders::new(prefix, suffix, "_") }
    }

    /// Sets the value of a name. Names differ in more than case; the last value of a name wins.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_lowercase(), (name.to_owned(), value.to_owned()));
    }

    /// Sets a built-in placeholder: `flyway`, the separator and `name`.
    pub fn set_default(&mut self, name: &str, value: &str) {
        self.set(&format!("flyway{}{name}", self.separator), value);
    }

    /// The same with `flyway:filename` set, which is different for each file.
    #[must_use]
    pub fn with_file_name(&self, file_name: &str) -> Placeholders {
        let mut copy = self.clone();
        copy.set_default("filename", file_name);
        copy
    }

    /// The environment variables that carry the placeholders to a program: `FP__name__`, a `:` in the name turned into
    /// `_`; empty values are left out.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.values
            .values()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                (format!("{}{}{}", self.prefix, name.replace(':', "_"), self.suffix), value.clone())
            })
            .collect()
    }

    /// The text with all placeholders replaced by their values, which are not searched again.
    ///
    /// Flyway compares the prefix character by character and, when it breaks off, passes on what it has read without
    /// looking at it again. So `$${x}` is left alone. It also takes a placeholder that the end of the text cuts off
    /// for one whose last characters are its suffix: `${ab` at the end means `a`.
    pub fn replace<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, PlaceholderError> {
        if !text.contains(&self.prefix) {
            return Ok(Cow::Borrowed(text));
        }
        let first = self.prefix.chars().next();
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = first.map_or((!rest.is_empty()).then_some(0), |first| rest.find(first)) {
            let (before, candidate) = rest.split_at(start);
            replaced.push_str(before);
            // One character is read before the first look at an empty prefix.
            let candidate_end = first.map_or_else(
                || candidate.chars().next().map(|character| candidate.split_at(character.len_utf8()).1),
                |_| candidate.strip_prefix(self.prefix.as_str()),
            );
            let Some(after) = candidate_end else {
                let (consumed, left) = candidate.split_at(self.partial_match(candidate));
                replaced.push_str(consumed);
                rest = left;
                continue;
            };
            let line = || line_of_end(&text[..text.len() - candidate.len()]);
            let end = match (self.suffix.as_str(), after.chars().next()) {
                ("", Some(character)) => Some(after.split_at(character.len_utf8())),
                (suffix, _) => after.split_once(suffix),
            };
            let (name, left) = match end {
                Some(parts) => parts,
                None => (self.cut_off(after, line)?, ""),
            };
            replaced.push_str(self.value(name, line)?);
            rest = left;
        }
        replaced.push_str(rest);
        Ok(Cow::Owned(replaced))
    }

    /// How many bytes of a text that does not start with the prefix are read before that is clear: the characters that
    /// agree, and the first that does not.
    fn partial_match(&self, candidate: &str) -> usize {
        let mut prefix = self.prefix.chars();
        for (index, character) in candidate.char_indices() {
            if prefix.next() != Some(character) {
                return index + character.len_utf8();
            }
        }
        candidate.len()
    }

    /// The name that Flyway sees in a placeholder without suffix at the end of the text.
    fn cut_off<'t>(&self, after: &'t str, line: impl Fn() -> usize) -> Result<&'t str, PlaceholderError> {
        let mut name = after;
        for _ in self.suffix.chars() {
            let mut characters = name.chars();
            if characters.next_back().is_none() {
                return Err(PlaceholderError::Unterminated {
                    prefix: self.prefix.clone(),
                    suffix: self.suffix.clone(),
                    line: line(),
                });
            }
            name = characters.as_str();
        }
        Ok(name)
    }

    fn value(&self, name: &str, line: impl Fn() -> usize) -> Result<&str, PlaceholderError> {
        if let Some((_, value)) = self.values.get(&name.to_lowercase()) {
            return Ok(value);
        }
        let placeholder = format!("{}{name}{}", self.prefix, self.suffix);
        if name.strip_prefix("flyway").is_some_and(|rest| rest.starts_with(&self.separator)) {
            return Err(PlaceholderError::UnknownDefault { placeholder, line: line() });
        }
        Err(PlaceholderError::Unknown { placeholder, line: line() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_values(prefix: &str, suffix: &str, separator: &str) -> Placeholders {
        let mut placeholders = Placeholders::new(prefix, suffix, separator);
        for (name, value) in
            [("x", "1"), ("Name", "Ann"), ("empty", ""), ("nest", "${x}"), ("a", "A1"), ("σ", "sig")]
        {
            placeholders.set(name, value);
        }
        placeholders.set("flyway:user", "u");
        placeholders
    }

    fn dollar() -> Placeholders {
        with_values("${", "}", ":")
    }

    /// All results are those of Flyway 13.0.0's reader.
    #[test]
    fn replaces_as_flyway_does() {
        for (text, expected) in [
            ("", ""),
            ("no placeholders", "no placeholders"),
            ("${x}", "1"),
            ("a$b${x}c", "a$b1c"),
            ("${X} ${NAME}", "1 Ann"),
            ("${Σ}", "sig"),
            ("${empty}|${empty}${x}", "|1"),
            ("${nest}", "${x}"),
            ("${flyway:user}${FLYWAY:USER}", "uu"),
            ("{x}$ {x}", "{x}$ {x}"),
            ("${x}}", "1}"),
            ("$", "$"),
            ("${x}\r\n${x}", "1\r\n1"),
            ("😀${x}😀", "😀1😀"),
            // A broken-off prefix is passed on unread.
            ("$${x}", "$${x}"),
            ("$$${x}", "$$1"),
            ("$$$${x}", "$$$${x}"),
            // The end of the text counts as a suffix over the last character.
            ("${xy", "1"),
            ("${ab", "A1"),
        ] {
            assert_eq!(dollar().replace(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn replaces_between_other_markers() {
        let hashes = with_values("##", "##", ":");
        for (text, expected) in [("##x##", "1"), ("##x####x##", "11"), ("a#b##x##c#", "a#b1c#"), ("#", "#")] {
            assert_eq!(hashes.replace(text).unwrap(), expected, "{text}");
        }
        for text in ["###x##", "##x#", "##x", "##x##x##", "####"] {
            assert!(hashes.replace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_with_its_line() {
        for (text, message, line) in [
            ("-- ${y}", "No value provided for placeholder: ${y}.  Check your configuration!", 1),
            (
                "a\r\nb\rc\n'${ x }'",
                "No value provided for placeholder: ${ x }.  Check your configuration!",
                4,
            ),
            ("${${x}}", "No value provided for placeholder: ${${x}.  Check your configuration!", 1),
            ("\n${flyway:nope}", "Failed to populate value for default placeholder: ${flyway:nope}", 2),
            ("${flywayx}", "No value provided for placeholder: ${flywayx}.  Check your configuration!", 1),
            ("x${", "Placeholder ${ at the end of the text has neither a name nor its end }", 1),
            ("${yz", "No value provided for placeholder: ${y}.  Check your configuration!", 1),
        ] {
            let error = dollar().replace(text).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.line()), (message, line), "{text}");
        }
    }

    #[test]
    fn programs_use_markers_of_their_own() {
        let programs = dollar().for_programs("FP__", "__");
        assert_eq!(programs.replace("echo FP__x__ ${x}").unwrap(), "echo 1 ${x}");
        assert_eq!(programs.replace("FPFP__x__").unwrap(), "FPFP__x__");
        assert_eq!(
            programs.replace("FP__flyway_user__").unwrap_err().to_string(),
            "Failed to populate value for default placeholder: FP__flyway_user__"
        );
        let environment = programs.environment();
        assert!(environment.contains(&("FP__flyway_user__".to_owned(), "u".to_owned())));
        assert!(environment.contains(&("FP__Name__".to_owned(), "Ann".to_owned())));
        assert!(!environment.iter().any(|(name, _)| name == "FP__empty__"));
    }

    #[test]
    fn the_file_name_is_set_for_each_file() {
        let placeholders = dollar().with_file_name("V1__a.sql");
        assert_eq!(placeholders.replace("${flyway:filename}").unwrap(), "V1__a.sql");
    }

    proptest! {
        #[test]
        fn never_panics(text in "([${}#xa\n]|\\$\\{x\\}|\\PC){0,40}", prefix in "[${#]{0,3}", suffix in "[}#]{0,2}") {
            let _ = with_values(&prefix, &suffix, ":").replace(&text);
        }

        #[test]
        fn text_without_the_prefix_stays(text in "[^$]*") {
            prop_assert_eq!(dollar().replace(&text).unwrap(), text.as_str());
        }
    }
}
