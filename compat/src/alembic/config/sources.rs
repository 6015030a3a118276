//! Finding and opening the configuration files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::ini::{self, Ini};
use super::interpolation::View;
use super::provenance::Origin;
use super::toml_file::TomlFile;
use super::{DEFAULT_SECTION, Invocation};

/// The names of the two configuration files, whether they exist or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNames {
    /// The ini file as it was named.
    pub ini: String,
    /// `pyproject.toml` as it was named.
    pub toml: String,
}

/// The configuration files of a command line: `-c`, else `ALEMBIC_CONFIG`, else those of the working directory. Which
/// of the two kinds a file is follows from its name alone.
///
/// # Errors
/// [`ConfigError::Files`] when `-c` names two of one kind.
pub fn file_names(
    invocation: &Invocation,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<FileNames, ConfigError> {
    let mut names = FileNames { ini: "alembic.ini".to_owned(), toml: "pyproject.toml".to_owned() };
    if let Some(variable) = environment("ALEMBIC_CONFIG").filter(|variable| !variable.is_empty()) {
        if is_pyproject(&variable) { names.toml = variable } else { names.ini = variable }
    }
    let (tomls, inis): (Vec<&String>, Vec<&String>) =
        invocation.config.iter().partition(|name| is_pyproject(name));
    match tomls.as_slice() {
        [] => {}
        [one] => names.toml = (*one).clone(),
        _ => return Err(ConfigError::Files("pyproject.toml indicated more than once")),
    }
    match inis.as_slice() {
        [] => {}
        [one] => names.ini = (*one).clone(),
        _ => return Err(ConfigError::Files("only one ini file may be indicated")),
    }
    Ok(names)
}

fn is_pyproject(name: &str) -> bool {
    name.rsplit('/').next() == Some("pyproject.toml")
}

/// The configuration files, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources {
    /// The ini file as it was named.
    pub ini_name: String,
    /// The folder of the ini file, absolute: what `%(here)s` stands for.
    pub here: String,
    /// The ini file; without sections if it does not exist.
    pub ini: Ini,
    /// Whether the ini file exists.
    pub ini_exists: bool,
    /// The section of the ini file that is the main one.
    pub section: String,
    /// `[tool.alembic]`; empty if there is none.
    pub toml: TomlFile,
}

impl Sources {
    /// Reads both files, as far as they exist.
    ///
    /// # Errors
    /// Malformed or unreadable files.
    pub fn read(
        invocation: &Invocation,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Sources, ConfigError> {
        let names = file_names(invocation, environment)?;
        let here = folder_of(&invocation.directory, &names.ini);
        let text = read(&invocation.directory, &names.ini)?;
        let ini = ini::parse(&names.ini, text.as_deref().unwrap_or_default(), &[("here", &here)])?;
        let toml_path = Path::new(&names.toml);
        let toml = match read(&invocation.directory, &names.toml)? {
            Some(text) => TomlFile::parse(toml_path, &folder_of(&invocation.directory, &names.toml), &text)?,
            None => TomlFile::absent(toml_path),
        };
        let section = invocation.name.clone().unwrap_or_else(|| DEFAULT_SECTION.to_owned());
        Ok(Sources { ini_name: names.ini, here, ini, ini_exists: text.is_some(), section, toml })
    }

    /// `Config.get_main_option`: an option of the main section of the ini file.
    ///
    /// # Errors
    /// [`ConfigError::NoSection`] and [`ConfigError::Interpolation`].
    pub fn main_option(&self, key: &str) -> Result<Option<String>, ConfigError> {
        self.section_option(&self.section, key)
    }

    /// `Config.get_section_option`.
    ///
    /// # Errors
    /// [`ConfigError::NoSection`] and [`ConfigError::Interpolation`].
    pub fn section_option(&self, section: &str, key: &str) -> Result<Option<String>, ConfigError> {
        // As `has_section`, which does not know `DEFAULT`.
        if self.ini.section(section).is_none() {
            return Err(ConfigError::NoSection { file: self.ini_name.clone(), section: section.to_owned() });
        }
        self.option(section, key)
    }

    /// `Config.get_section`: every option; none if the section is missing.
    ///
    /// # Errors
    /// [`ConfigError::Interpolation`] of any option.
    pub fn section_items(&self, section: &str) -> Result<Option<Vec<(String, String)>>, ConfigError> {
        if self.ini.section(section).is_none() {
            return Ok(None);
        }
        let Some(view) = View::of(&self.ini, section) else {
            return Ok(None);
        };
        let origin = self.ini.section(section).map_or(1, |section| section.line);
        let wrong = |error| ConfigError::Interpolation { origin: self.ini_origin(origin), error };
        view.items().map(Some).map_err(wrong)
    }

    /// An option that may be missing together with its section.
    pub(super) fn option(&self, section: &str, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(view) = View::of(&self.ini, section) else {
            return Ok(None);
        };
        view.get(key).map_err(|error| ConfigError::Interpolation {
            origin: self.origin(section, key).unwrap_or(Origin::Default),
            error,
        })
    }

    /// Where an option of the ini file stands, or that of `[DEFAULT]` that shows through.
    pub fn origin(&self, section: &str, key: &str) -> Option<Origin> {
        let raw = View::of(&self.ini, section)?.raw(&key.to_lowercase())?;
        Some(self.ini_origin(raw.line))
    }

    fn ini_origin(&self, line: usize) -> Origin {
        match line {
            0 => Origin::Default,
            line => Origin::File { path: PathBuf::from(&self.ini_name), line },
        }
    }
}

/// The folder of a file, absolute but not cleaned of `..`, with slashes: Python's `Path(…).absolute().parent`.
fn folder_of(directory: &Path, name: &str) -> String {
    let path: PathBuf = directory.join(name).components().collect();
    path.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned()
}

fn read(directory: &Path, name: &str) -> Result<Option<String>, ConfigError> {
    let bytes = match fs::read(directory.join(name)) {
        Ok(bytes) => bytes,
        // `ConfigParser.read` passes over what cannot be opened; what is there and cannot be read is told instead.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ConfigError::Unreadable { path: PathBuf::from(name), error }),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(valid);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        ConfigError::Encoding { path: PathBuf::from(name), line }
    })?;
    Ok(Some(text))
}
