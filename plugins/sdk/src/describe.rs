//! What a plugin says about itself; the macros write it.

use crate::bindings::describe::exports::dunlin::migration::plugin;
use crate::bindings::types::{Direction, Setting};

/// An option as a plugin describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// What it is when nothing is said; none for one that must be given.
    pub default: Option<&'static str>,
    /// Whether it is given by reference and never shown.
    pub secret: bool,
}

/// What [`crate::transform!`], [`crate::step!`] and [`crate::rule!`] write for a plugin.
pub trait Described: Sized {
    /// The crate's name.
    const NAME: &'static str;
    /// The crate's version.
    const VERSION: &'static str;
    /// The struct's documentation.
    const SUMMARY: &'static str;
    /// Its options, columns among them.
    const OPTIONS: &'static [OptionSpec];

    /// Reads the options.
    ///
    /// # Errors
    /// One is not what it must be.
    fn from_options(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, String>;

    /// The columns that are read going up.
    fn read_columns(&self) -> Vec<String>;

    /// The columns that are written going up.
    fn written_columns(&self) -> Vec<String>;
}

/// What a plugin says about itself, as the interface has it.
pub(crate) fn about<T: Described>(reversible: bool) -> plugin::About {
    let described = |option: &OptionSpec| plugin::OptionDescription {
        name: option.name.to_owned(),
        help: option.help.trim().to_owned(),
        default: option.default.map(str::to_owned),
        secret: option.secret,
    };
    plugin::About {
        name: T::NAME.to_owned(),
        version: T::VERSION.to_owned(),
        summary: T::SUMMARY.trim().to_owned(),
        options: T::OPTIONS.iter().map(described).collect(),
        reversible,
    }
}

/// Finds options by their names.
pub(crate) fn lookup(options: Vec<Setting>) -> impl Fn(&str) -> Option<String> {
    move |name| options.iter().find(|option| option.name == name).map(|option| option.value.clone())
}

/// Gives an option's value to its field.
///
/// # Errors
/// It is missing or cannot be read.
#[doc(hidden)]
pub fn parse_option<T: std::str::FromStr>(
    spec: &OptionSpec,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<T, String> {
    let text = get(spec.name).or_else(|| spec.default.map(str::to_owned));
    let text = text.ok_or_else(|| format!("the option `{}` is missing: {}", spec.name, spec.help))?;
    text.parse().map_err(|_| match spec.secret {
        true => format!("the option `{}` is not what it must be: {}", spec.name, spec.help),
        false => format!("the option `{}` cannot be {text:?}: {}", spec.name, spec.help),
    })
}

impl Direction {
    /// `up` or `down`.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}
