//! Values of an ini file with their `%(name)s` replaced, as Python's `BasicInterpolation` does it.

use thiserror::Error;

use super::ini::{DEFAULT_SECTION, Ini, Options, RawValue};
use crate::alembic::python::text::repr;

/// How deep references may nest (`MAX_INTERPOLATION_DEPTH`).
const DEEPEST: usize = 10;

/// Why a value cannot be interpolated, in `ConfigParser`'s words, but without the value where it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InterpolationError {
    /// `InterpolationSyntaxError`: a `%` that begins nothing.
    #[error("'%' must be followed by '%' or '(', found: {}", repr(.0))]
    Percent(String),
    /// `InterpolationSyntaxError`: `%(` without `)s`.
    #[error("bad interpolation variable reference {}", repr(.0))]
    Reference(String),
    /// `InterpolationMissingOptionError`.
    #[error(
        "Bad value substitution: option {} in section {} contains an interpolation key {} which is not a valid option name. Raw value: {}",
        repr(.option), repr(.section), repr(.key), repr(.raw)
    )]
    Missing {
        /// The option whose value it is.
        option: String,
        /// Its section.
        section: String,
        /// The key that does not exist.
        key: String,
        /// The value as written.
        raw: String,
    },
    /// `InterpolationDepthError`.
    #[error(
        "Recursion limit exceeded in value substitution: option {} in section {} contains an interpolation key which cannot be substituted in {DEEPEST} steps. Raw value: {}",
        repr(.option), repr(.section), repr(.raw)
    )]
    Depth {
        /// The option whose value it is.
        option: String,
        /// Its section.
        section: String,
        /// The value as written.
        raw: String,
    },
}

impl InterpolationError {
    fn without_value(self) -> InterpolationError {
        let hidden = || "…".to_owned();
        match self {
            InterpolationError::Percent(found) => {
                let shown: String = found.chars().take(1).collect();
                InterpolationError::Percent(if shown == found { found } else { shown + "…" })
            }
            InterpolationError::Reference(_) => InterpolationError::Reference("%(…".to_owned()),
            InterpolationError::Missing { option, section, key, .. } => {
                InterpolationError::Missing { option, section, key, raw: hidden() }
            }
            InterpolationError::Depth { option, section, .. } => {
                InterpolationError::Depth { option, section, raw: hidden() }
            }
        }
    }
}

fn may_be_secret(key: &str, raw: &str) -> bool {
    let named = ["url", "uri", "dsn", "pass", "secret", "token"].iter().any(|word| key.contains(word));
    named || raw.contains("://")
}

/// The options of one section, with those of `[DEFAULT]` behind them.
#[derive(Debug, Clone, Copy)]
pub struct View<'i> {
    name: &'i str,
    own: Option<&'i Options>,
    defaults: &'i Options,
}

impl<'i> View<'i> {
    /// A section; none if the file has no such section. `DEFAULT` always exists.
    pub fn of(ini: &'i Ini, name: &'i str) -> Option<View<'i>> {
        if name == DEFAULT_SECTION {
            return Some(View { name, own: None, defaults: &ini.defaults });
        }
        let own = Some(&ini.section(name)?.options);
        Some(View { name, own, defaults: &ini.defaults })
    }

    /// The raw value of a key in lower case.
    pub fn raw(&self, key: &str) -> Option<&'i RawValue> {
        self.own.and_then(|own| own.get(key)).or_else(|| self.defaults.get(key))
    }

    /// The interpolated value of a key, whatever its case.
    ///
    /// # Errors
    /// [`InterpolationError`].
    pub fn get(&self, key: &str) -> Result<Option<String>, InterpolationError> {
        let key = key.to_lowercase();
        let Some(raw) = self.raw(&key) else {
            return Ok(None);
        };
        let mut out = String::with_capacity(raw.text.len());
        match self.interpolate(&key, &raw.text, &raw.text, 1, &mut out) {
            Ok(()) => Ok(Some(out)),
            Err(error) if may_be_secret(&key, &raw.text) => Err(error.without_value()),
            Err(error) => Err(error),
        }
    }

    /// Every option of the section and of `[DEFAULT]`, interpolated, in the order of Python's `items`.
    ///
    /// # Errors
    /// [`InterpolationError`] of the first one that has any.
    pub fn items(&self) -> Result<Vec<(String, String)>, InterpolationError> {
        let own = self.own.into_iter().flat_map(Options::iter).map(|(key, _)| key);
        let more = own.filter(|key| self.defaults.get(key).is_none());
        let keys = self.defaults.iter().map(|(key, _)| key).chain(more);
        keys.map(|key| Ok((key.to_owned(), self.get(key)?.unwrap_or_default()))).collect()
    }

    fn interpolate(
        &self,
        option: &str,
        raw: &str,
        value: &str,
        depth: usize,
        out: &mut String,
    ) -> Result<(), InterpolationError> {
        let place = || (option.to_owned(), self.name.to_owned(), raw.to_owned());
        if depth > DEEPEST {
            let (option, section, raw) = place();
            return Err(InterpolationError::Depth { option, section, raw });
        }
        let mut rest = value;
        while let Some(percent) = rest.find('%') {
            let (before, tail) = rest.split_at(percent);
            out.push_str(before);
            if let Some(after) = tail.strip_prefix("%%") {
                out.push('%');
                rest = after;
                continue;
            }
            let Some(reference) = tail.strip_prefix("%(") else {
                return Err(InterpolationError::Percent(tail.to_owned()));
            };
            let (key, after) = reference
                .split_once(')')
                .and_then(|(key, after)| Some((key, after.strip_prefix('s')?)))
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| InterpolationError::Reference(tail.to_owned()))?;
            let key = key.to_lowercase();
            let Some(found) = self.raw(&key) else {
                let (option, section, raw) = place();
                return Err(InterpolationError::Missing { option, section, key, raw });
            };
            if found.text.contains('%') {
                self.interpolate(option, raw, &found.text, depth + 1, out)?;
            } else {
                out.push_str(&found.text);
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alembic::config::ini;

    fn value(text: &str, key: &str) -> Result<Option<String>, String> {
        let ini = ini::parse("alembic.ini", text, &[("here", "/shop")]).unwrap();
        View::of(&ini, "alembic").unwrap().get(key).map_err(|error| error.to_string())
    }

    #[test]
    fn references_are_replaced_by_options_of_the_section_and_of_default() {
        let text = "[DEFAULT]\nhost = db\nport = 1\n[alembic]\nport = 5432\n\
                    url = postgresql://%(USER)s@%(host)s:%(port)s/%(here)s/100%%\nuser = %(host)s-user\n";
        assert_eq!(value(text, "URL").unwrap().unwrap(), "postgresql://db-user@db:5432//shop/100%");
        assert_eq!(value(text, "host").unwrap().unwrap(), "db");
        assert_eq!(value(text, "missing").unwrap(), None);
    }

    #[test]
    fn errors_are_config_parsers() {
        // Output of CPython 3.11.
        let cases = [
            ("path = a%40b", "'%' must be followed by '%' or '(', found: '%40b'"),
            ("path = a%", "'%' must be followed by '%' or '(', found: '%'"),
            ("path = %(a)d", "bad interpolation variable reference '%(a)d'"),
            ("path = %()s", "bad interpolation variable reference '%()s'"),
            (
                "path = x%(No)s",
                "Bad value substitution: option 'path' in section 'alembic' contains an interpolation key 'no' which is not a valid option name. Raw value: 'x%(No)s'",
            ),
            (
                "path = %(path)s",
                "Recursion limit exceeded in value substitution: option 'path' in section 'alembic' contains an interpolation key which cannot be substituted in 10 steps. Raw value: '%(path)s'",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(value(&format!("[alembic]\n{line}\n"), "path").unwrap_err(), expected, "{line}");
        }
    }

    #[test]
    fn no_message_shows_a_password() {
        let lines = ["a://shop:s%crt@db", "a://shop:s%%crt@%(db)s/crt", "a://%(url)s:crt@", "a://%(crt:crt@"];
        for line in lines {
            let message = value(&format!("[alembic]\nurl = {line}\n"), "url").unwrap_err();
            assert!(!message.contains("crt"), "{message}");
        }
    }

    #[test]
    fn items_begin_with_those_of_default() {
        let text = "[alembic]\nb = 1\na = %(b)s\nhere = there\n[DEFAULT]\nc = 2\n";
        let ini = ini::parse("alembic.ini", text, &[("here", "/shop")]).unwrap();
        let items = View::of(&ini, "alembic").unwrap().items().unwrap();
        let expected = [("here", "there"), ("c", "2"), ("b", "1"), ("a", "1")];
        assert_eq!(items, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(View::of(&ini, "post_write_hooks").is_none());
    }
}
