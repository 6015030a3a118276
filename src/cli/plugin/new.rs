//! `dunlin plugin new`

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use super::toolchain::Language;

/// Write a skeleton of a plugin to plugins/NAME, with a case to test it on
///
/// The interface is written to plugins/wit and, for Rust, the crate that it is used through to plugins/sdk, unless they are
/// there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin new split-name
  dunlin plugin new split-name --language python
  dunlin plugin new reparent --world step")]
pub struct NewArgs {
    /// Its name: letters, digits and -
    name: String,
    /// The language that it is written in
    #[arg(long, value_enum, default_value_t = LanguageArgument::Rust)]
    language: LanguageArgument,
    /// What it is for: rows (transform), a migration's step, or a lint rule
    #[arg(long, value_enum, default_value_t = WorldArgument::Transform)]
    world: WorldArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LanguageArgument {
    Rust,
    #[value(name = "javascript")]
    JavaScript,
    Python,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WorldArgument {
    Transform,
    Step,
    Rule,
}

/// A file of a skeleton: its path in the plugin's folder and its text, in which NAME and TYPE stand for the name.
type Template = (&'static str, &'static str);

const WIT: &str = include_str!("../../../plugins/wit/migration.wit");

/// The SDK, as it lies in this repository.
const SDK: [Template; 14] = [
    ("Cargo.toml", include_str!("../../../plugins/sdk/Cargo.toml")),
    ("src/lib.rs", include_str!("../../../plugins/sdk/src/lib.rs")),
    ("src/bindings.rs", include_str!("../../../plugins/sdk/src/bindings.rs")),
    ("src/change.rs", include_str!("../../../plugins/sdk/src/change.rs")),
    ("src/describe.rs", include_str!("../../../plugins/sdk/src/describe.rs")),
    ("src/log.rs", include_str!("../../../plugins/sdk/src/log.rs")),
    ("src/macros.rs", include_str!("../../../plugins/sdk/src/macros.rs")),
    ("src/row.rs", include_str!("../../../plugins/sdk/src/row.rs")),
    ("src/rule.rs", include_str!("../../../plugins/sdk/src/rule.rs")),
    ("src/step.rs", include_str!("../../../plugins/sdk/src/step.rs")),
    ("src/testing.rs", include_str!("../../../plugins/sdk/src/testing.rs")),
    ("src/transform.rs", include_str!("../../../plugins/sdk/src/transform.rs")),
    ("src/value.rs", include_str!("../../../plugins/sdk/src/value.rs")),
    ("README.md", include_str!("../../../plugins/sdk/README.md")),
];

const RUST_MANIFEST: Template = ("Cargo.toml", include_str!("skeleton/Cargo.toml.txt"));
const CASE: Template = ("cases/names.json", include_str!("skeleton/names.json"));
const PACKAGE: Template = ("package.json", include_str!("skeleton/package.json"));

/// Runs the command.
pub fn run(global: &Global, arguments: &NewArgs) -> Result<Exit, Failure> {
    let name = &arguments.name;
    let fits = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.ends_with('-');
    if !fits || matches!(name.as_str(), "sdk" | "wit") {
        return Err(Failure::usage(format!("`{name}` is no name for a plugin"))
            .help("Use lower-case letters, digits and -, as in split-name."));
    }
    let files = match (arguments.language, arguments.world) {
        (LanguageArgument::Rust, WorldArgument::Transform) => {
            vec![RUST_MANIFEST, ("src/lib.rs", include_str!("skeleton/transform.rs.txt")), CASE]
        }
        (LanguageArgument::Rust, WorldArgument::Step) => {
            vec![RUST_MANIFEST, ("src/lib.rs", include_str!("skeleton/step.rs.txt"))]
        }
        (LanguageArgument::Rust, WorldArgument::Rule) => {
            vec![RUST_MANIFEST, ("src/lib.rs", include_str!("skeleton/rule.rs.txt"))]
        }
        (LanguageArgument::JavaScript, WorldArgument::Transform) => {
            vec![PACKAGE, ("app.js", include_str!("skeleton/transform.js")), CASE]
        }
        (LanguageArgument::Python, WorldArgument::Transform) => {
            vec![
                ("app.py", include_str!("skeleton/transform.py")),
                ("requirements.txt", "componentize-py==0.25.1\n"),
                CASE,
            ]
        }
        (_, WorldArgument::Step | WorldArgument::Rule) => {
            return Err(Failure::usage("there is no skeleton of a step or a rule in this language")
                .help("Take the Rust one, or begin with plugins/wit/migration.wit."));
        }
    };
    let plugins = super::super::project::root(global)?.join("plugins");
    let folder = plugins.join(name);
    if folder.exists() {
        return Err(Failure::new("NEW", format!("{} is there already", folder.display()))
            .help("Choose another name, or remove it first."));
    }
    let mut written = Vec::new();
    let language = match arguments.language {
        LanguageArgument::Rust => Language::Rust,
        LanguageArgument::JavaScript => Language::JavaScript,
        LanguageArgument::Python => Language::Python,
    };
    if !plugins.join("wit").exists() {
        written.push(write(&plugins.join("wit/migration.wit"), WIT)?);
    }
    if language == Language::Rust && !plugins.join("sdk").exists() {
        for (path, text) in SDK {
            write(&plugins.join("sdk").join(path), text)?;
        }
        written.push(plugins.join("sdk"));
    }
    for (path, text) in files {
        let text = text.replace("NAME", name).replace("TYPE", &type_name(name));
        written.push(write(&folder.join(path), &text)?);
    }
    match global.format {
        Format::Json => output::json(&json!({
            "written": written.iter().map(|path| path.display().to_string()).collect::<Vec<String>>(),
        }))?,
        Format::Table => {
            let lines = written.iter().map(|path| format!("Wrote {}\n", path.display())).collect::<String>();
            let then = match language {
                Language::Rust => String::new(),
                Language::JavaScript => format!("`npm install` in {}, then ", folder.display()),
                Language::Python => "`pip install componentize-py`, then ".to_owned(),
            };
            output::print(&format!("{lines}Next: {then}`dunlin plugin build {name}`\n"))?;
        }
    }
    Ok(Exit::Done)
}

/// `split-name` → `SplitName`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}

fn write(path: &Path, text: &str) -> Result<PathBuf, Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::new("NEW", format!("{} cannot be written: {error}", path.display())))?;
    Ok(path.to_owned())
}
