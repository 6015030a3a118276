//! What a file name says (classes `ResourceNameParser` and `ResourceNameValidator`).

use thiserror::Error;

use crate::flyway::callback::Event;
use crate::flyway::version::MigrationVersion;

/// The extensions, after the dot, of migrations that are programs. Without an extension a file is one as well, except
/// on Windows.
pub const PROGRAM_EXTENSIONS: [&str; 6] = ["cmd", "bat", "ps1", "py", "sh", "bash"];

/// How file names are built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// `sqlMigrationPrefix`: `V`.
    pub versioned_prefix: String,
    /// `repeatableSqlMigrationPrefix`: `R`.
    pub repeatable_prefix: String,
    /// `baselineMigrationPrefix`: `B`.
    pub baseline_prefix: String,
    /// `undoSqlMigrationPrefix`: `U`. With `None` undo files are bad names, as in Flyway's open edition.
    pub undo_prefix: Option<String>,
    /// `sqlMigrationSeparator`: `__`.
    pub separator: String,
    /// `sqlMigrationSuffixes`: `.sql`. Compared without regard to case; the first that fits is stripped.
    pub suffixes: Vec<String>,
}

impl Default for Naming {
    fn default() -> Naming {
        Naming {
            versioned_prefix: "V".to_owned(),
            repeatable_prefix: "R".to_owned(),
            baseline_prefix: "B".to_owned(),
            undo_prefix: Some("U".to_owned()),
            separator: "__".to_owned(),
            suffixes: vec![".sql".to_owned()],
        }
    }
}

/// What a prefix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// `V`.
    Versioned,
    /// `R`.
    Repeatable,
    /// `B`.
    Baseline,
    /// `U`.
    Undo,
    /// The name of an event.
    Callback(Event),
}

impl NameKind {
    fn has_version(self) -> bool {
        matches!(self, NameKind::Versioned | NameKind::Baseline | NameKind::Undo)
    }
}

/// A file name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// What the prefix stands for.
    pub kind: NameKind,
    /// The prefix: `V`.
    pub prefix: String,
    /// The version as written (`1_2`), and empty where there is none.
    pub raw_version: String,
    /// The version; `None` for repeatable migrations and callbacks.
    pub version: Option<MigrationVersion>,
    /// The separator.
    pub separator: String,
    /// The description with `_` turned into a space; may be empty.
    pub description: String,
    /// The description as written.
    pub raw_description: String,
    /// The suffix as written, and empty when none of the suffixes fits.
    pub suffix: String,
}

impl ResourceName {
    /// The value of the placeholder `flyway:filename`: the name on disk, except that a separator without a description
    /// after it is left out (`V1__.sql` gives `V1.sql`).
    pub fn file_name(&self) -> String {
        format!("{}{}", self.stem(&self.raw_description), self.suffix)
    }

    /// The name by which Flyway tells callbacks apart: prefix, separator and description, without suffix.
    pub fn name_without_suffix(&self) -> String {
        self.stem(&self.description)
    }

    fn stem(&self, description: &str) -> String {
        if description.is_empty() {
            return format!("{}{}", self.prefix, self.raw_version);
        }
        format!("{}{}{}{description}", self.prefix, self.raw_version, self.separator)
    }
}

/// A name that fits no pattern, in Flyway's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// No prefix fits.
    #[error("Unrecognised migration name format: {file_name}")]
    Unrecognised {
        /// The name.
        file_name: String,
    },
    /// A repeatable migration or callback with something between prefix and separator.
    #[error(
        "Invalid repeatable migration / callback name format: {file_name} (It cannot contain a version and should \
         look like this: {example})"
    )]
    UnexpectedVersion {
        /// The name.
        file_name: String,
        /// A name that would do.
        example: String,
    },
    /// A versioned migration without a version.
    #[error(
        "Invalid versioned migration name format: {file_name} (It must contain a version and should look like this: \
         {example})"
    )]
    MissingVersion {
        /// The name.
        file_name: String,
        /// A name that would do.
        example: String,
    },
    /// A versioned migration whose version is none.
    #[error(
        "Invalid versioned migration name format: {file_name} (could not recognise version number {version})"
    )]
    InvalidVersion {
        /// The name.
        file_name: String,
        /// What stands where the version should.
        version: String,
    },
}

/// Reads file names by a [`Naming`].
#[derive(Debug, Clone)]
pub struct NameParser {
    naming: Naming,
    program_suffixes: Vec<String>,
    /// Longest first, so that `afterMigrateError` is not taken for `afterMigrate`.
    prefixes: Vec<(String, NameKind)>,
}

impl NameParser {
    /// A parser for these rules.
    pub fn new(naming: Naming) -> NameParser {
        let mut prefixes = vec![
            (naming.versioned_prefix.clone(), NameKind::Versioned),
            (naming.repeatable_prefix.clone(), NameKind::Repeatable),
        ];
        prefixes.extend(Event::ALL.iter().map(|event| (event.id().to_owned(), NameKind::Callback(*event))));
        prefixes.push((naming.baseline_prefix.clone(), NameKind::Baseline));
        prefixes.extend(naming.undo_prefix.clone().map(|prefix| (prefix, NameKind::Undo)));
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(utf16_length(prefix)));
        let program_suffixes = PROGRAM_EXTENSIONS.iter().map(|extension| format!(".{extension}")).collect();
        NameParser { naming, program_suffixes, prefixes }
    }

    /// The rules.
    pub fn naming(&self) -> &Naming {
        &self.naming
    }

    /// Reads the name of a file with one of the SQL suffixes; without one the suffix counts as empty.
    pub fn parse(&self, file_name: &str) -> Result<ResourceName, NameError> {
        self.parse_with(file_name, &self.naming.suffixes)
    }

    /// The SQL migration or callback that a file is, if it is one.
    pub fn sql(&self, file_name: &str) -> Option<ResourceName> {
        let name = self.parse(file_name).ok()?;
        self.is_long_enough(file_name, &name).then_some(name)
    }

    /// The program that a file is, migration or callback, if it is one.
    pub fn program(&self, file_name: &str) -> Option<ResourceName> {
        if !is_program_file(file_name) {
            return None;
        }
        let name = self.parse_with(file_name, &self.program_suffixes).ok()?;
        // A lone prefix is nothing, but a prefix and an extension (`R.sh`) is a program without description.
        let is_callback = matches!(name.kind, NameKind::Callback(_));
        (is_callback || utf16_length(file_name) > utf16_length(&name.prefix)).then_some(name)
    }

    /// Whether Flyway's check of names looks at the file: whether it has one of the SQL suffixes.
    pub fn has_sql_suffix(&self, file_name: &str) -> bool {
        self.naming.suffixes.iter().any(|suffix| {
            utf16_length(file_name) > utf16_length(suffix) && ends_with_ignoring_case(file_name, suffix)
        })
    }

    /// Migrations must be longer than prefix and suffix together (`R.sql` is not one); callbacks need not.
    fn is_long_enough(&self, file_name: &str, name: &ResourceName) -> bool {
        let prefix = match name.kind {
            NameKind::Callback(_) => 0,
            _ => utf16_length(&name.prefix),
        };
        self.naming.suffixes.iter().any(|suffix| {
            utf16_length(file_name) > prefix + utf16_length(suffix)
                && ends_with_ignoring_case(file_name, suffix)
        })
    }

    fn parse_with(&self, file_name: &str, suffixes: &[String]) -> Result<ResourceName, NameError> {
        let (stem, suffix) = strip_suffix(file_name, suffixes);
        let found = self
            .prefixes
            .iter()
            .find_map(|(prefix, kind)| Some((prefix, *kind, stem.strip_prefix(prefix.as_str())?)));
        let Some((prefix, kind, rest)) = found else {
            return Err(NameError::Unrecognised { file_name: file_name.to_owned() });
        };
        let separator = self.naming.separator.as_str();
        let (left, right) = rest.split_once(separator).unwrap_or((rest, ""));
        let example = |version: &str| {
            let description = if right.is_empty() { "description" } else { right };
            format!("{prefix}{version}{separator}{description}{suffix}")
        };
        let file_name = || file_name.to_owned();
        let version = if kind.has_version() {
            if left.is_empty() {
                return Err(NameError::MissingVersion { file_name: file_name(), example: example("1.2") });
            }
            let version = MigrationVersion::parse(left).map_err(|_| NameError::InvalidVersion {
                file_name: file_name(),
                version: left.to_owned(),
            })?;
            Some(version)
        } else if left.is_empty() {
            None
        } else {
            return Err(NameError::UnexpectedVersion { file_name: file_name(), example: example("") });
        };
        Ok(ResourceName {
            kind,
            prefix: prefix.clone(),
            raw_version: left.to_owned(),
            version,
            separator: separator.to_owned(),
            description: right.replace('_', " "),
            raw_description: right.to_owned(),
            suffix: suffix.to_owned(),
        })
    }
}

/// Whether the extension is that of a program (`ScriptMigrationResolver.isNotScriptFile`).
fn is_program_file(file_name: &str) -> bool {
    let extension = extension(file_name);
    if extension.is_empty() {
        return !cfg!(windows);
    }
    PROGRAM_EXTENSIONS.iter().any(|program| program.eq_ignore_ascii_case(extension))
}

/// What follows the last dot, not counting dots at the end; empty without one. `|` and `\` part a name like `/` does.
fn extension(file_name: &str) -> &str {
    let last =
        file_name.trim_end_matches(['|', '/', '\\']).rsplit(['|', '/', '\\']).next().unwrap_or_default();
    last.trim_end_matches('.').rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn strip_suffix<'a>(name: &'a str, suffixes: &[String]) -> (&'a str, &'a str) {
    suffixes.iter().find_map(|suffix| split_ignoring_case(name, suffix)).unwrap_or((name, ""))
}

fn ends_with_ignoring_case(name: &str, suffix: &str) -> bool {
    split_ignoring_case(name, suffix).is_some()
}

/// Splits `name` before `suffix` when both end alike in upper case.
fn split_ignoring_case<'a>(name: &'a str, suffix: &str) -> Option<(&'a str, &'a str)> {
    if let Some(split) = name.len().checked_sub(suffix.len())
        && let (Some(stem), Some(end)) = (name.get(..split), name.get(split..))
        && end.eq_ignore_ascii_case(suffix)
    {
        return Some((stem, end));
    }
    if name.is_ascii() || !name.to_uppercase().ends_with(&suffix.to_uppercase()) {
        return None;
    }
    // As many UTF-16 units are cut off as the suffix has, whatever characters they are.
    let wanted = utf16_length(suffix);
    let mut cut = 0;
    let split = name.char_indices().rev().find_map(|(index, character)| {
        cut += character.len_utf16();
        (cut == wanted).then_some(index)
    })?;
    Some(name.split_at(split))
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
