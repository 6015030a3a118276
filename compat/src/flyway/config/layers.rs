//! Files, variables and arguments layered over the defaults (`ModernConfigurationManager`, `LegacyConfigurationManager`).

use std::path::{Path, PathBuf};

use crate::flyway::encoding::Charset;

use super::arguments::Invocation;
use super::conf_model::{self, Properties};
use super::discovery;
use super::environment::{Environment, key_of_variable};
use super::error::ConfigError;
use super::flat::{TEMPORARY, arguments_tree, environment_arguments_tree, variables_tree};
use super::model::{Lists, Model, Section, Setting, Value};
use super::parameters::DEFAULT_LOCATION;
use super::paths::{absolute, absolute_location, filesystem};
use super::provenance::Origin;
use super::resolve_model::{resolve_environment, resolve_project};
use super::settings::Effective;
use super::text::has_text;
use super::{Loaded, Mode, conf_file, toml_file, unknown};

/// Loads a configuration in TOML mode.
pub(super) fn load_toml(
    invocation: &Invocation,
    environment: &dyn Environment,
    mut warnings: Vec<String>,
) -> Result<Loaded, ConfigError> {
    let mut files = discovery::default_toml_files(invocation, environment);
    files.extend(
        discovery::variable_files(invocation, environment)
            .into_iter()
            .filter(|file| discovery::is_toml(file)),
    );
    files.extend(discovery::argument_files(invocation, environment));
    files.retain(|file| environment.exists(file));

    let mut model = Model::defaults();
    for file in &files {
        let text = decode(Charset::UTF_8, file, &read(environment, file)?)?;
        model.merge(Model::from_tree(&toml_file::parse(file, &text)?, Lists::Array)?);
    }
    model.merge(Model::from_tree(&variables_tree(environment, &mut warnings)?, Lists::Commas)?);
    model.merge(Model::from_tree(&arguments_tree(invocation)?, Lists::Commas)?);
    if let Some(flat) = model.environments.remove(TEMPORARY) {
        let current = model.flyway.text("environment");
        model.environments.entry(current).or_default().merge(flat);
    }
    model.merge(Model::from_tree(&environment_arguments_tree(invocation)?, Lists::Commas)?);
    warn_of_unknown_in_environments(&model, &mut warnings);
    resolve_project(&mut model, environment)?;

    let working_directory = discovery::working_directory(invocation, environment);
    if let Some(base) = &working_directory {
        make_locations_absolute(&mut model.flyway, base);
        for section in model.environments.values_mut() {
            make_locations_absolute(&mut section.overrides, base);
        }
    }
    let name = match current_environment(&model) {
        Ok(name) => name,
        Err(ConfigError::UnknownParameters(missing)) => {
            // Flyway tells of all that is wrong at once.
            let unknown = match unknown::check(&model, "", &mut warnings) {
                Err(ConfigError::UnknownParameters(lines)) => format!("{lines}\n"),
                Err(other) => return Err(other),
                Ok(()) => String::new(),
            };
            return Err(ConfigError::UnknownParameters(format!("{unknown}{missing}")));
        }
        Err(other) => return Err(other),
    };
    unknown::check(&model, &name, &mut warnings)?;
    use_default_location(&mut model, &name, working_directory.as_deref(), environment, &mut warnings);
    finish(Mode::Toml, model, name, files, working_directory, environment, warnings)
}

/// Loads a configuration in CONF mode.
pub(super) fn load_conf(
    invocation: &Invocation,
    environment: &dyn Environment,
    mut warnings: Vec<String>,
) -> Result<Loaded, ConfigError> {
    let charset = conf_charset(invocation, environment)?;
    let mut properties = Properties::new();
    let mut files = discovery::default_conf_files(invocation, environment);
    files.retain(|file| environment.exists(file));
    files.extend(
        discovery::variable_files(invocation, environment)
            .into_iter()
            .filter(|file| !discovery::is_toml(file)),
    );
    files.extend(
        discovery::argument_files(invocation, environment)
            .into_iter()
            .filter(|file| !discovery::is_toml(file)),
    );
    for file in &files {
        let stdin = file.file_name().is_some_and(|name| name == "-");
        let text = if stdin {
            let bytes = environment.read_standard_input().unwrap_or_default();
            decode(Charset::UTF_8, file, &bytes)?
        } else {
            decode(charset, file, &read(environment, file)?)?
        };
        let parsed = conf_file::parse(&text, &|name| environment.variable(name));
        let parsed = parsed.map_err(|reason| ConfigError::File { path: file.clone(), reason })?;
        properties.extend(parsed.into_iter().map(|property| {
            let line = property.line;
            let origin = if stdin {
                Origin::StandardInput { line }
            } else {
                Origin::File { path: file.clone(), line }
            };
            (property.key, (property.value, origin))
        }));
    }
    for (variable, value) in environment.variables() {
        if let Some(key) = key_of_variable(&variable) {
            properties.insert(key, (value, Origin::Variable(variable)));
        }
    }
    for (key, value) in invocation.settings() {
        properties.insert(format!("flyway.{key}"), (value.clone(), Origin::Argument(format!("-{key}"))));
    }

    let working_directory = discovery::working_directory(invocation, environment);
    let has =
        |properties: &Properties, key: &str| properties.get(key).is_some_and(|(text, _)| has_text(text));
    if !has(&properties, "flyway.locations")
        && let Some(folder) = default_folder(working_directory.as_deref(), environment, &mut warnings)
    {
        properties.insert("flyway.locations".to_owned(), (filesystem(&folder), Origin::Default));
    }
    if let Some(base) = &working_directory {
        for key in ["flyway.locations", "flyway.callbackLocations"] {
            let (text, origin) = match properties.remove(key).filter(|(text, _)| has_text(text)) {
                Some(known) => known,
                // With a working directory, Flyway scans that where nothing is configured.
                None => ("filesystem:".to_owned(), Origin::Argument("-workingDirectory".to_owned())),
            };
            let locations: Vec<String> =
                text.split(',').map(|location| absolute_location(base, location)).collect();
            properties.insert(key.to_owned(), (locations.join(","), origin));
        }
    }
    let model = conf_model::model(&properties, &mut warnings)?;
    finish(Mode::Conf, model, "default".to_owned(), files, working_directory, environment, warnings)
}

fn finish(
    mode: Mode,
    model: Model,
    name: String,
    files: Vec<PathBuf>,
    working_directory: Option<PathBuf>,
    environment: &dyn Environment,
    mut warnings: Vec<String>,
) -> Result<Loaded, ConfigError> {
    let section = model.environments.get(&name).cloned().unwrap_or_default();
    let mut effective = Effective { model: &model, name, environment: section };
    let placeholders = effective.map("placeholders");
    resolve_environment(&mut effective, &placeholders, environment)?;
    effective.check_tiers(&mut warnings)?;
    let config = effective.config(working_directory)?;
    Ok(Loaded { config, mode, files, provenance: effective.provenance(), warnings })
}

fn read(environment: &dyn Environment, file: &Path) -> Result<Vec<u8>, ConfigError> {
    environment
        .read(file)
        .map_err(|error| ConfigError::File { path: file.to_owned(), reason: error.to_string() })
}

fn decode(charset: Charset, file: &Path, bytes: &[u8]) -> Result<String, ConfigError> {
    let text = charset.decode(bytes).map_err(|_| ConfigError::File {
        path: file.to_owned(),
        reason: format!("it is not {} text", charset.name()),
    })?;
    // Editors on Windows put a byte order mark there.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// The encoding of CONF files: the variable wins over the argument.
fn conf_charset(invocation: &Invocation, environment: &dyn Environment) -> Result<Charset, ConfigError> {
    let variable = environment.variable("FLYWAY_CONFIG_FILE_ENCODING");
    let Some(name) = variable.as_deref().or(invocation.config_file_encoding()) else {
        return Ok(Charset::UTF_8);
    };
    Charset::for_name(name).map_err(|_| ConfigError::Invalid(format!("Unknown configFileEncoding: {name}")))
}

fn warn_of_unknown_in_environments(model: &Model, warnings: &mut Vec<String>) {
    for (name, environment) in &model.environments {
        let keys: Vec<&str> = environment.section.unknown.iter().map(|key| key.key.as_str()).collect();
        if !keys.is_empty() {
            warnings
                .push(format!("Unknown parameters configured in Environment {name}: {}", keys.join(", ")));
        }
    }
}

/// The current environment's name, checked to exist.
fn current_environment(model: &Model) -> Result<String, ConfigError> {
    let name = model.flyway.text("environment");
    let name = if has_text(&name) { name } else { "default".to_owned() };
    if name == "-" || model.environments.contains_key(&name) {
        return Ok(name);
    }
    let similar = model.environments.keys().find(|known| known.to_lowercase() == name.to_lowercase());
    let hint = similar.map(|known| format!(" Did you mean '{known}'?")).unwrap_or_default();
    Err(ConfigError::UnknownParameters(format!(
        "Environment '{name}' not found. Check that this environment exists in your configuration.{hint}"
    )))
}

fn make_locations_absolute(section: &mut Section, base: &Path) {
    for name in ["locations", "callbackLocations"] {
        if let Some(Setting { value: Value::List(locations), .. }) = section.settings.get_mut(name) {
            for location in locations {
                *location = absolute_location(base, location);
            }
        }
    }
}

/// Switches `locations` to the `sql` folder when they are Flyway's default, set or not.
fn use_default_location(
    model: &mut Model,
    environment_name: &str,
    working_directory: Option<&Path>,
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
) {
    let overrides = model.environments.get(environment_name).map(|environment| &environment.overrides);
    let locations = overrides
        .and_then(|section| section.settings.get("locations"))
        .or_else(|| model.flyway.settings.get("locations"));
    let is_default = |location: &String| {
        location.trim().trim_start_matches("classpath:").trim_matches('/') == DEFAULT_LOCATION
    };
    let Some(Setting { value: Value::List(locations), .. }) = locations else {
        return;
    };
    if locations.is_empty() || !locations.iter().all(is_default) {
        return;
    }
    if let Some(folder) = default_folder(working_directory, environment, warnings) {
        let value = Value::List(vec![filesystem(&folder)]);
        model.flyway.settings.insert("locations", Setting { value, origin: Origin::Default });
    }
}

/// The `sql` folder of the given working directory, else of the installation, if it exists.
fn default_folder(
    working_directory: Option<&Path>,
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Option<PathBuf> {
    let base = working_directory.map(Path::to_owned).or_else(|| environment.install_directory());
    let folder = base.map(|base| absolute(&base, "sql")).filter(|folder| environment.exists(folder));
    let Some(folder) = folder else {
        warnings.push("No locations configured and default location 'sql' not found.".to_owned());
        return None;
    };
    if environment.entries(&folder).iter().any(|name| name.ends_with(".sql")) {
        warnings.push("Storing migrations in 'sql' is not recommended and default scanning of this location may be deprecated in a future release".to_owned());
    }
    Some(folder)
}
