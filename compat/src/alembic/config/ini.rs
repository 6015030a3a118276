//! Reading a file as Python's `ConfigParser` does with its default settings.

use std::collections::HashMap;

use thiserror::Error;

use crate::alembic::python::text::{is_space, repr, strip, strip_end};

/// The section whose options show through in all others.
pub const DEFAULT_SECTION: &str = "DEFAULT";

/// A parsed file. Values are raw: `%(name)s` is still in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ini {
    /// Options of `[DEFAULT]`, and what the program put there.
    pub defaults: Options,
    /// The other sections in the file's order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What stands in the brackets.
    pub name: String,
    /// The line of the header, from 1.
    pub line: usize,
    /// Its own options.
    pub options: Options,
}

/// Options in order, each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    entries: Vec<(String, RawValue)>,
    by_key: HashMap<String, usize>,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawValue {
    /// Its lines joined by line feeds, each stripped.
    pub text: String,
    /// The line of the key, from 1; 0 for what the program put there.
    pub line: usize,
}

impl Options {
    /// The value of a key in lower case.
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        self.by_key.get(key).and_then(|index| self.entries.get(*index)).map(|(_, value)| value)
    }

    /// Sets or replaces a value.
    pub fn set(&mut self, key: &str, text: impl Into<String>, line: usize) {
        let value = RawValue { text: text.into(), line };
        match self.by_key.get(key).and_then(|index| self.entries.get_mut(*index)) {
            Some(entry) => entry.1 = value,
            None => {
                self.by_key.insert(key.to_owned(), self.entries.len());
                self.entries.push((key.to_owned(), value));
            }
        }
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl Ini {
    /// A section other than `DEFAULT`.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

/// Why a file is no configuration, in `ConfigParser`'s words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IniError {
    /// `MissingSectionHeaderError`.
    #[error("File contains no section headers.\nfile: {}, line: {line}\n{}", repr(.file), repr(.text))]
    NoSection {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The line's text with its end.
        text: String,
    },
    /// `DuplicateSectionError`.
    #[error("While reading from {} [line {line:2}]: section {} already exists", repr(.file), repr(.section))]
    DuplicateSection {
        /// The file as it was named.
        file: String,
        /// The second header's line, from 1.
        line: usize,
        /// The section.
        section: String,
    },
    /// `DuplicateOptionError`.
    #[error(
        "While reading from {} [line {line:2}]: option {} in section {} already exists",
        repr(.file), repr(.option), repr(.section)
    )]
    DuplicateOption {
        /// The file as it was named.
        file: String,
        /// The second one's line, from 1.
        line: usize,
        /// The section.
        section: String,
        /// The option.
        option: String,
    },
    /// `ParsingError`.
    #[error("Source contains parsing errors: {}{}", repr(.file), bogus(.lines))]
    Parsing {
        /// The file as it was named.
        file: String,
        /// The lines that are neither header nor option, by number from 1, with their ends.
        lines: Vec<(usize, String)>,
    },
}

impl IniError {
    /// The first line that is wrong, from 1.
    pub fn line(&self) -> usize {
        match self {
            IniError::NoSection { line, .. }
            | IniError::DuplicateSection { line, .. }
            | IniError::DuplicateOption { line, .. } => *line,
            IniError::Parsing { lines, .. } => lines.first().map_or(1, |(line, _)| *line),
        }
    }
}

fn bogus(lines: &[(usize, String)]) -> String {
    lines.iter().map(|(line, text)| format!("\n\t[line {line:2}]: {}", repr(text))).collect()
}

/// Parses a text. `file` is for messages, `defaults` is what the program puts into `[DEFAULT]` beforehand.
///
/// # Errors
/// Whatever `ConfigParser.read` raises.
pub fn parse(file: &str, text: &str, defaults: &[(&str, &str)]) -> Result<Ini, IniError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut parser =
        Parser { file, ini: Ini::default(), place: None, option: None, indent: 0, bogus: Vec::new() };
    for (key, value) in defaults {
        parser.ini.defaults.set(key, *value, 0);
    }
    for (index, line) in text.split_inclusive('\n').enumerate() {
        parser.line(index + 1, line)?;
    }
    parser.finish()
}

/// Where options go at the moment.
#[derive(Clone, Copy)]
enum Place {
    Defaults,
    Section(usize),
}

struct Parser<'t> {
    file: &'t str,
    ini: Ini,
    place: Option<Place>,
    /// The option that continuation lines belong to.
    option: Option<String>,
    indent: usize,
    bogus: Vec<(usize, String)>,
}

impl Parser<'_> {
    fn line(&mut self, number: usize, line: &str) -> Result<(), IniError> {
        let value = strip(line);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            self.continue_option("");
            return Ok(());
        }
        let indent = line.chars().take_while(|character| is_space(*character)).count();
        if indent > self.indent && self.continue_option(value) {
            return Ok(());
        }
        self.indent = indent;
        if let Some(name) = header(value) {
            return self.begin_section(name, number);
        }
        if self.place.is_none() {
            return Err(IniError::NoSection {
                file: self.file.to_owned(),
                line: number,
                text: line.to_owned(),
            });
        }
        self.begin_option(value, number, line)
    }

    /// Adds a line to the current option, if there is one.
    fn continue_option(&mut self, value: &str) -> bool {
        let Some(option) = self.option.clone().filter(|option| !option.is_empty()) else {
            return false;
        };
        let Some(options) = self.options() else {
            return false;
        };
        let index = options.by_key.get(&option).copied();
        if let Some((_, raw)) = index.and_then(|index| options.entries.get_mut(index)) {
            raw.text.push('\n');
            raw.text.push_str(value);
        }
        true
    }

    fn options(&mut self) -> Option<&mut Options> {
        match self.place? {
            Place::Defaults => Some(&mut self.ini.defaults),
            Place::Section(index) => self.ini.sections.get_mut(index).map(|section| &mut section.options),
        }
    }

    fn begin_section(&mut self, name: &str, line: usize) -> Result<(), IniError> {
        self.option = None;
        if name == DEFAULT_SECTION {
            self.place = Some(Place::Defaults);
            return Ok(());
        }
        if self.ini.section(name).is_some() {
            let (file, section) = (self.file.to_owned(), name.to_owned());
            return Err(IniError::DuplicateSection { file, line, section });
        }
        self.place = Some(Place::Section(self.ini.sections.len()));
        self.ini.sections.push(Section { name: name.to_owned(), line, options: Options::default() });
        Ok(())
    }

    fn begin_option(&mut self, value: &str, number: usize, line: &str) -> Result<(), IniError> {
        let Some((key, text)) = value.split_once(['=', ':']) else {
            self.bogus.push((number, line.to_owned()));
            return Ok(());
        };
        let key = strip_end(key).to_lowercase();
        if key.is_empty() {
            self.bogus.push((number, line.to_owned()));
        }
        let file = self.file;
        let section = match self.place {
            Some(Place::Section(index)) => self.ini.sections.get(index).map_or("", |section| &section.name),
            _ => DEFAULT_SECTION,
        };
        let section = section.to_owned();
        let Some(options) = self.options() else {
            return Ok(());
        };
        // What the program put into `[DEFAULT]` has line 0 and may be overridden.
        if options.get(&key).is_some_and(|earlier| earlier.line > 0) {
            return Err(IniError::DuplicateOption {
                file: file.to_owned(),
                line: number,
                section,
                option: key,
            });
        }
        options.set(&key, strip(text), number);
        self.option = Some(key);
        Ok(())
    }

    fn finish(mut self) -> Result<Ini, IniError> {
        if !self.bogus.is_empty() {
            return Err(IniError::Parsing { file: self.file.to_owned(), lines: self.bogus });
        }
        let sections = self.ini.sections.iter_mut().map(|section| &mut section.options);
        for options in sections.chain([&mut self.ini.defaults]) {
            for (_, value) in &mut options.entries {
                value.text.truncate(strip_end(&value.text).len());
            }
        }
        Ok(self.ini)
    }
}

/// The name in a header: from the first bracket to the last one of the line, whatever follows it.
fn header(value: &str) -> Option<&str> {
    let rest = value.strip_prefix('[')?;
    let (name, _) = rest.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
#[path = "ini_tests.rs"]
mod tests;
