//! Which configuration files there are, and which mode they decide on (`ConfigurationManagerImpl`, `ConfigUtils`).

use std::path::{Path, PathBuf};

use super::Mode;
use super::arguments::Invocation;
use super::environment::Environment;
use super::error::ConfigError;
use super::paths::absolute;
use super::text::tokenize;

/// The mode: decided by the files of `-configFiles` that exist, else by `FLYWAY_CONFIG_FILES`, else by the default
/// locations; TOML when there is nothing.
///
/// # Errors
/// [`ConfigError::Invalid`] when an explicit list mixes the two kinds.
pub(super) fn mode(
    invocation: &Invocation,
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Result<Mode, ConfigError> {
    let (existing, missing): (Vec<_>, Vec<_>) =
        argument_files(invocation, environment).into_iter().partition(|file| environment.exists(file));
    if !missing.is_empty() {
        warnings.push(format!(
            "One or more specified configuration files could not be found: {}",
            listed(&missing)
        ));
    }
    if let Some(mode) = mode_of_list(existing)? {
        return Ok(mode);
    }
    // Unlike arguments, files named by the variable decide even if they are missing.
    if let Some(mode) = mode_of_list(variable_files(invocation, environment))? {
        return Ok(mode);
    }
    let any = |files: Vec<PathBuf>| files.iter().any(|file| environment.exists(file));
    if !any(default_toml_files(invocation, environment)) && any(default_conf_files(invocation, environment)) {
        return Ok(Mode::Conf);
    }
    Ok(Mode::Toml)
}

fn mode_of_list(files: Vec<PathBuf>) -> Result<Option<Mode>, ConfigError> {
    let (toml, conf): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_toml(file));
    match (toml.is_empty(), conf.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Mode::Conf)),
        (false, true) => Ok(Some(Mode::Toml)),
        (false, false) => Err(ConfigError::Invalid(format!(
            "Using both TOML configuration and CONF configuration is not supported. Please remove the CONF configuration files.\nTOML files: {}\nCONF files: {}",
            listed(&toml),
            listed(&conf)
        ))),
    }
}

fn listed(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn is_toml(file: &Path) -> bool {
    file.as_os_str().to_string_lossy().ends_with(".toml")
}

/// The working directory given by argument, absolute.
pub(super) fn working_directory(invocation: &Invocation, environment: &dyn Environment) -> Option<PathBuf> {
    invocation.working_directory().map(|directory| absolute(&environment.working_directory(), directory))
}

/// Files of `-configFiles`, absolute.
pub(super) fn argument_files(invocation: &Invocation, environment: &dyn Environment) -> Vec<PathBuf> {
    based(invocation, environment, invocation.config_files())
}

/// Files of `FLYWAY_CONFIG_FILES`, absolute.
pub(super) fn variable_files(invocation: &Invocation, environment: &dyn Environment) -> Vec<PathBuf> {
    let Some(list) = environment.variable("FLYWAY_CONFIG_FILES") else {
        return Vec::new();
    };
    let files = tokenize(&list).into_iter().filter(|file| !file.is_empty()).collect();
    based(invocation, environment, files)
}

fn based(invocation: &Invocation, environment: &dyn Environment, files: Vec<String>) -> Vec<PathBuf> {
    let base = working_directory(invocation, environment).unwrap_or_else(|| environment.working_directory());
    files.into_iter().map(|file| absolute(&base, file)).collect()
}

/// Where TOML files are looked for, the later overriding the earlier.
pub(super) fn default_toml_files(invocation: &Invocation, environment: &dyn Environment) -> Vec<PathBuf> {
    directories(invocation, environment)
        .into_iter()
        .flat_map(|directory| [directory.join("flyway.toml"), directory.join("flyway.user.toml")])
        .collect()
}

/// Where CONF files are looked for, the later overriding the earlier.
pub(super) fn default_conf_files(invocation: &Invocation, environment: &dyn Environment) -> Vec<PathBuf> {
    directories(invocation, environment).into_iter().map(|directory| directory.join("flyway.conf")).collect()
}

fn directories(invocation: &Invocation, environment: &dyn Environment) -> Vec<PathBuf> {
    let install = environment.install_directory().map(|directory| directory.join("conf"));
    let here = environment.working_directory();
    let given = working_directory(invocation, environment).filter(|directory| *directory != here);
    [install, environment.home_directory(), Some(here), given].into_iter().flatten().collect()
}
