//! `dunlin plugin build`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use super::toolchain::{self, Language};
use crate::plugin::{Plugin, PluginSettings, component_of};

/// Compile a plugin's source to a component: plugins/NAME becomes plugins/NAME.wasm
///
/// Rust is compiled with cargo for wasm32-unknown-unknown, JavaScript with componentize-js, Python with componentize-py. What
/// is missing is named with the command that installs it. A core module or component made by other tools is taken with --from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin build split-name
  dunlin plugin build plugins/split-name --output split-name.wasm
  dunlin plugin build split-name --from target/wasm32-wasip2/release/split_name.wasm")]
pub struct BuildArgs {
    /// Its name, or the folder of its source
    plugin: String,
    /// Where to write it [default: NAME.wasm beside the folder]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Take what was compiled elsewhere, a core module or a component, instead of compiling
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BuildArgs) -> Result<Exit, Failure> {
    let named = super::find(global, &arguments.plugin)?;
    let target = arguments.output.clone().unwrap_or_else(|| named.file.clone());
    let (compiled, how) = match &arguments.from {
        Some(file) => (read(file)?, format!("from {}", file.display())),
        None => {
            let Some(source) = &named.source else {
                return Err(Failure::new(
                    "PLUGIN_SOURCE",
                    format!("there is no source of {} beside {}", named.name, target.display()),
                )
                .help(
                    "`dunlin plugin new NAME` makes a skeleton; --from takes what was compiled elsewhere.",
                ));
            };
            let language = Language::of(source)?;
            let built = toolchain::compile(source, language)?;
            (read(&built.file)?, built.how)
        }
    };
    let component = component_of(&compiled).map_err(|reason| {
        Failure::new("PLUGIN_INVALID", format!("what was compiled is no plugin: {reason}"))
            .help("A Rust plugin uses `dunlin_plugin::transform!`, `step!` or `rule!` once.")
    })?;
    // What does not load is not written over what does.
    let plugin = Plugin::from_bytes(&target, &component, &PluginSettings::default())?;
    write(&target, &component)?;
    match global.format {
        Format::Json => output::json(&json!({
            "path": target.display().to_string(),
            "name": plugin.identity().name,
            "version": plugin.identity().version.to_string(),
            "sha256": plugin.identity().sha256,
            "bytes": component.len(),
            "how": how,
        }))?,
        Format::Table => output::line(&format!(
            "Wrote {}: {}, {} bytes, sha256 {} ({how})",
            target.display(),
            plugin.identity(),
            component.len(),
            plugin.identity().sha256
        ))?,
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| {
        Failure::new("PLUGIN_UNREADABLE", format!("{} cannot be read: {error}", file.display()))
    })
}

fn write(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let temporary = file.with_extension("wasm.new");
    fs::write(&temporary, content)
        .and_then(|()| fs::rename(&temporary, file))
        .map_err(|error| Failure::new("OUTPUT", format!("{} cannot be written: {error}", file.display())))
}
