//! The settings one by one, in the order in which Alembic reads them (`ScriptDirectory.from_config`).

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::locations::{Separator, absolute, python_path, separator, split};
use super::package::{self, PackageSearch};
use super::provenance::{Origin, Setting};
use super::sources::Sources;
use super::{Config, Hook, Invocation};
use crate::alembic::python::text::{repr, strip};

const DEFAULT_FILE_TEMPLATE: &str = "%(rev)s_%(slug)s";

const DEFAULT_SLUG_LENGTH: i64 = 40;

pub(super) fn config(
    sources: Sources,
    invocation: &Invocation,
    packages: &PackageSearch,
) -> Result<Config, ConfigError> {
    let mut notices = Vec::new();
    let location = text(&sources, "script_location")?.ok_or(ConfigError::NoScriptLocation)?;
    let truncate_slug_length = slug_length(&sources)?;
    let prepend_sys_path = prepend_sys_path(&sources, &mut notices)?;
    let prepended: Vec<PathBuf> = prepend_sys_path
        .value
        .iter()
        .map(|folder| absolute(&invocation.directory, Path::new(folder)))
        .collect();
    let mut search_path = packages.search_path(&prepended);
    // Where Python looks when Alembic is run as `python -m alembic`.
    search_path.push(invocation.directory.clone());
    let folders = Folders { directory: &invocation.directory, search_path };
    let recursive_version_locations = boolean(&sources, "recursive_version_locations")?;
    let script_location = folders.resolve("script_location", &location)?;
    let file_template = or_default(text(&sources, "file_template")?, || DEFAULT_FILE_TEMPLATE.to_owned());
    let sourceless = boolean(&sources, "sourceless")?;
    let output_encoding = or_default(text(&sources, "output_encoding")?, || "utf-8".to_owned());
    let version_locations = version_locations(&sources, &folders, &script_location, &mut notices)?;
    let timezone = match text(&sources, "timezone")? {
        Some(zone) => zone.map(Some),
        None => Setting::default_of(None),
    };
    Ok(Config {
        search_path: folders.search_path,
        post_write_hooks: hooks(&sources)?,
        script_location: Setting { value: script_location, origin: location.origin },
        version_locations,
        recursive_version_locations,
        sourceless,
        file_template,
        truncate_slug_length,
        timezone,
        prepend_sys_path,
        output_encoding,
        notices,
        sources,
    })
}

/// `Config.get_alembic_option`: the ini file first, then `pyproject.toml`.
fn text(sources: &Sources, key: &str) -> Result<Option<Setting<String>>, ConfigError> {
    if let Some(origin) = sources.origin(&sources.section, key) {
        let value = sources.option(&sources.section, key)?;
        return Ok(value.map(|value| Setting { value, origin }));
    }
    let value = sources.toml.text(key)?;
    let origin = sources.toml.origin(key).unwrap_or(Origin::Default);
    Ok(value.map(|value| Setting { value, origin }))
}

fn or_default<T>(setting: Option<Setting<T>>, default: impl FnOnce() -> T) -> Setting<T> {
    setting.unwrap_or_else(|| Setting::default_of(default()))
}

/// `Config.get_alembic_boolean_option`: in the ini file only `true` is true.
fn boolean(sources: &Sources, key: &str) -> Result<Setting<bool>, ConfigError> {
    if let Some(origin) = sources.origin(&sources.section, key) {
        let value = sources.option(&sources.section, key)?;
        return Ok(Setting { value: value.as_deref() == Some("true"), origin });
    }
    let value = sources.toml.boolean(key)?;
    Ok(Setting { value, origin: sources.toml.origin(key).unwrap_or(Origin::Default) })
}

fn slug_length(sources: &Sources) -> Result<Setting<i64>, ConfigError> {
    let Some(setting) = text(sources, "truncate_slug_length")? else {
        return Ok(Setting::default_of(DEFAULT_SLUG_LENGTH));
    };
    let Some(length) = python_int(&setting.value) else {
        return Err(ConfigError::Value {
            origin: setting.origin,
            key: "truncate_slug_length".to_owned(),
            message: format!("invalid literal for int() with base 10: {}", repr(&setting.value)),
        });
    };
    Ok(setting.map(|_| if length == 0 { DEFAULT_SLUG_LENGTH } else { length }))
}

/// `int(text)`: blanks around it, a sign, and single underscores between digits are allowed.
fn python_int(text: &str) -> Option<i64> {
    let text = strip(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let groups_fit = digits
        .split('_')
        .all(|group| !group.is_empty() && group.chars().all(|character| character.is_ascii_digit()));
    if !groups_fit {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn prepend_sys_path(
    sources: &Sources,
    notices: &mut Vec<String>,
) -> Result<Setting<Vec<String>>, ConfigError> {
    const KEY: &str = "prepend_sys_path";
    let value = sources.option(&sources.section, KEY)?.filter(|value| !value.is_empty());
    if let Some(value) = value {
        let separator = separator(sources, &["path_separator"], notices)?;
        if separator == Separator::Legacy {
            notices.push(
                "No path_separator found in configuration; falling back to legacy splitting on spaces, commas, \
                 and colons for prepend_sys_path.  Consider adding path_separator=os to Alembic config."
                    .to_owned(),
            );
        }
        let origin = sources.origin(&sources.section, KEY).unwrap_or(Origin::Default);
        return Ok(Setting { value: split(&value, separator, true), origin });
    }
    // A string instead of a list is one folder per character to Python, which is only of use for ".".
    let single = sources.toml.text(KEY).ok().flatten().filter(|text| text.chars().count() == 1);
    let value = match single {
        Some(single) => vec![single],
        None => sources.toml.list(KEY)?.unwrap_or_default(),
    };
    Ok(Setting { value, origin: sources.toml.origin(KEY).unwrap_or(Origin::Default) })
}

fn version_locations(
    sources: &Sources,
    folders: &Folders<'_>,
    script_location: &Path,
    notices: &mut Vec<String>,
) -> Result<Setting<Vec<PathBuf>>, ConfigError> {
    const KEY: &str = "version_locations";
    let value = sources.option(&sources.section, KEY)?.filter(|value| !value.is_empty());
    let (items, origin) = match value {
        Some(value) => {
            let separator = separator(sources, &["path_separator", "version_path_separator"], notices)?;
            if separator == Separator::Legacy {
                notices.push(
                    "No path_separator found in configuration; falling back to legacy splitting on \
                     spaces/commas for version_locations.  Consider adding path_separator=os to Alembic config."
                        .to_owned(),
                );
            }
            (split(&value, separator, false), sources.origin(&sources.section, KEY))
        }
        None => (sources.toml.list(KEY)?.unwrap_or_default(), sources.toml.origin(KEY)),
    };
    if items.is_empty() {
        let versions = absolute(folders.directory, &script_location.join("versions"));
        return Ok(Setting::default_of(vec![versions]));
    }
    let origin = origin.unwrap_or(Origin::Default);
    let resolve = |item: String| {
        let path = folders.resolve(KEY, &Setting { value: item, origin: origin.clone() })?;
        Ok(absolute(folders.directory, &path))
    };
    let value = items.into_iter().map(resolve).collect::<Result<Vec<PathBuf>, ConfigError>>()?;
    Ok(Setting { value, origin })
}

/// What paths are relative to.
struct Folders<'a> {
    directory: &'a Path,
    search_path: Vec<PathBuf>,
}

impl Folders<'_> {
    /// `coerce_resource_to_filename`: a path, or `package:folder`.
    fn resolve(&self, key: &str, setting: &Setting<String>) -> Result<PathBuf, ConfigError> {
        let text = &setting.value;
        if text.starts_with('/') || !text.contains(':') {
            return Ok(python_path(text));
        }
        let mut tokens = text.split(':');
        let package = tokens.next().unwrap_or_default();
        let folder = package::find(package, &self.search_path).ok_or_else(|| ConfigError::Package {
            origin: setting.origin.clone(),
            key: key.to_owned(),
            package: package.to_owned(),
            searched: self.search_path.clone(),
        })?;
        Ok(tokens.fold(folder, |folder, token| folder.join(token)))
    }
}

fn hooks(sources: &Sources) -> Result<Vec<Hook>, ConfigError> {
    const SECTION: &str = "post_write_hooks";
    let Some(items) = sources.section_items(SECTION)? else {
        return toml_hooks(sources);
    };
    let value = |key: &str| items.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let names = split(value("hooks").unwrap_or_default(), Separator::Legacy, false);
    let hook = |name: String| {
        let prefix = format!("{name}.");
        let own = items.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
        let options = own.map(|(key, value)| (key.to_owned(), value.clone())).collect();
        Hook { name, options }
    };
    Ok(names.into_iter().filter(|name| !name.is_empty()).map(hook).collect())
}

fn toml_hooks(sources: &Sources) -> Result<Vec<Hook>, ConfigError> {
    const KEY: &str = "post_write_hooks";
    let hook = |mut options: Vec<(String, String)>| {
        let Some(index) = options.iter().position(|(key, _)| key == "name") else {
            return Err(ConfigError::Value {
                origin: sources.toml.origin(KEY).unwrap_or(Origin::Default),
                key: KEY.to_owned(),
                message: "KeyError: 'name'; give each hook a name".to_owned(),
            });
        };
        let (_, name) = options.remove(index);
        Ok(Hook { name, options })
    };
    sources.toml.tables(KEY)?.into_iter().map(hook).collect()
}

/// `sqlalchemy.util.asbool` of the option.
pub(super) fn revision_environment(sources: &Sources) -> Result<bool, ConfigError> {
    const KEY: &str = "revision_environment";
    if sources.origin(&sources.section, KEY).is_none()
        && let Some(truth) = sources.toml.truth(KEY)
    {
        return Ok(truth);
    }
    let Some(setting) = text(sources, KEY)? else {
        return Ok(false);
    };
    let value = strip(&setting.value).to_lowercase();
    match value.as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Ok(false),
        _ => Err(ConfigError::Value {
            origin: setting.origin,
            key: KEY.to_owned(),
            message: format!("String is not true/false: {}", repr(&value)),
        }),
    }
}
