//! New projects: the templates of Alembic 1.20.1 and what `alembic init` makes of them.
//!
//! The templates are Alembic's own files, under its licence (`templates/LICENSE`).

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::render;
use crate::alembic::config::FileNames;
use crate::alembic::python::Value;

/// A template of Alembic's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    readme: &'static str,
    env_py: &'static str,
    script: &'static str,
    ini: &'static str,
    toml: Option<&'static str>,
}

macro_rules! template {
    ($name:literal, $toml:expr) => {
        Template {
            name: $name,
            readme: include_str!(concat!("../templates/", $name, "/README")),
            env_py: include_str!(concat!("../templates/", $name, "/env.py")),
            script: include_str!(concat!("../templates/", $name, "/script.py.mako")),
            ini: include_str!(concat!("../templates/", $name, "/alembic.ini.mako")),
            toml: $toml,
        }
    };
}

/// All of them, by name.
pub const TEMPLATES: [Template; 5] = [
    template!("async", None),
    template!("generic", None),
    template!("multidb", None),
    template!("pyproject", Some(include_str!("../templates/pyproject/pyproject.toml.mako"))),
    template!("pyproject_async", Some(include_str!("../templates/pyproject_async/pyproject.toml.mako"))),
];

impl Template {
    /// What `list_templates` says of it: the first line of its README.
    pub fn synopsis(&self) -> &'static str {
        self.readme.split('\n').next().unwrap_or_default().trim_end()
    }
}

/// `alembic init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitRequest {
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The folder to make, as it was given.
    pub folder: String,
    /// `-t`.
    pub template: String,
    /// `--package`.
    pub package: bool,
    /// The configuration files of the command line.
    pub names: FileNames,
}

/// One thing to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitStep {
    /// Make a folder: `Creating directory PATH ...`.
    Folder(PathBuf),
    /// Write a file: `Generating PATH ...`.
    Generate {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// Add to a file: `Appending to existing PATH ...`.
    Append {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
    },
    /// Write an empty `__init__.py`: `Adding PATH ...`.
    Add(PathBuf),
    /// Say something.
    Say(String),
}

/// Why a project cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is something in the folder.
    #[error("Directory {} already exists and is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// There is no such template.
    #[error("No such template {0}; there are async, generic, multidb, pyproject and pyproject_async")]
    NoTemplate(String),
    /// `pyproject.toml` is malformed.
    #[error("{}: {message}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A template cannot be rendered; which is a defect of ours.
    #[error("template line {line}: {reason}")]
    Template {
        /// The line.
        line: usize,
        /// Why.
        reason: String,
    },
}

/// What there is to do for a new project. Reads the folders, and writes nothing.
///
/// # Errors
/// [`InitError`], in Alembic's words.
pub fn init(request: &InitRequest) -> Result<Vec<InitStep>, InitError> {
    let folder = plain(Path::new(&request.folder));
    let absolute = request.directory.join(&folder);
    let is_empty = |mut entries: fs::ReadDir| entries.next().is_none();
    if absolute.exists() && !fs::read_dir(&absolute).is_ok_and(is_empty) {
        return Err(InitError::NotEmpty(folder));
    }
    let template = TEMPLATES
        .iter()
        .find(|template| template.name == request.template)
        .ok_or_else(|| InitError::NoTemplate(request.template.clone()))?;
    let mut steps = Vec::new();
    if !absolute.exists() {
        steps.push(InitStep::Folder(absolute.clone()));
    }
    steps.push(InitStep::Folder(absolute.join("versions")));
    let ini = plain(&request.directory.join(&request.names.ini));
    let toml = plain(&request.directory.join(&request.names.toml));
    for (name, text) in
        [("README", template.readme), ("env.py", template.env_py), ("script.py.mako", template.script)]
    {
        steps.push(InitStep::Generate { path: absolute.join(name), text: text.to_owned() });
    }
    if ini.exists() {
        steps.push(InitStep::Say(format!("File {} already exists, skipping", ini.display())));
    } else {
        let location = location(&folder, &absolute, &ini);
        steps.push(InitStep::Generate { path: ini.clone(), text: rendered(template.ini, &location)? });
    }
    if let Some(text) = template.toml {
        steps.push(toml_step(text, &toml, &location(&folder, &absolute, &toml))?);
    }
    if request.package {
        steps.push(InitStep::Add(absolute.join("__init__.py")));
        steps.push(InitStep::Add(absolute.join("versions/__init__.py")));
    }
    steps.push(InitStep::Say(match template.toml {
        Some(_) => format!(
            "Please edit configuration settings in {} and configuration/connection/logging settings in {} before proceeding.",
            toml.display(),
            ini.display()
        ),
        None => format!(
            "Please edit configuration/connection/logging settings in {} before proceeding.",
            ini.display()
        ),
    }));
    Ok(steps)
}

fn toml_step(text: &str, path: &Path, location: &str) -> Result<InitStep, InitError> {
    let text = rendered(text, location)?;
    let Ok(existing) = fs::read_to_string(path) else {
        return Ok(InitStep::Generate { path: path.to_owned(), text });
    };
    let table: toml::Table = existing.parse().map_err(|error: toml::de::Error| InitError::Toml {
        path: path.to_owned(),
        message: error.message().to_owned(),
    })?;
    if table.get("tool").is_some_and(|tool| tool.get("alembic").is_some()) {
        return Ok(InitStep::Say(format!(
            "File {} already exists and already has a [tool.alembic] section, skipping",
            path.display()
        )));
    }
    Ok(InitStep::Append { path: path.to_owned(), text: format!("\n\n{text}") })
}

fn rendered(template: &str, location: &str) -> Result<String, InitError> {
    render::render(template, &[("script_location", Value::text(location))], None)
        .map_err(|failure| InitError::Template { line: failure.line, reason: failure.reason })
}

/// The folder relative to that of a configuration file, behind `%(here)s`; as it is if it is absolute.
fn location(folder: &Path, absolute: &Path, file: &Path) -> String {
    if folder.is_absolute() {
        return folder.to_string_lossy().into_owned();
    }
    let base = file.parent().unwrap_or(Path::new("/"));
    let shared = absolute.components().zip(base.components()).take_while(|(one, two)| one == two).count();
    let up = base.components().skip(shared).map(|_| "..".to_owned());
    let down = absolute.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = std::iter::once("%(here)s".to_owned()).chain(up).chain(down).collect();
    parts.join("/")
}

/// Without `.`, as `pathlib` has paths.
fn plain(path: &Path) -> PathBuf {
    let path: PathBuf = path.components().filter(|component| *component != Component::CurDir).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}
