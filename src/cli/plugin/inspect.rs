//! `dunlin plugin inspect`

use clap::Args;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output, progress};
use crate::plugin::{INTERFACE, Plugin, World};

/// Say what a plugin is: its world, versions, options, limits and grants, and its digest
///
/// Runs nothing of it but the function that describes it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin inspect split-name
  dunlin plugin inspect plugins/split-name.wasm --format json")]
pub struct InspectArgs {
    /// Its name, its .wasm file, or the folder of its source
    plugin: String,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &InspectArgs) -> Result<Exit, Failure> {
    let named = super::find(global, &arguments.plugin)?;
    let plugin = Plugin::load(&named.file, &named.settings)?;
    match global.format {
        Format::Json => output::json(&document(&plugin))?,
        Format::Table => output::print(&text(&plugin))?,
    }
    Ok(Exit::Done)
}

fn document(plugin: &Plugin) -> Value {
    let settings = plugin.settings();
    let options = plugin.about().options.iter().map(|option| {
        let given = settings.options.get(&option.name);
        json!({
            "name": option.name,
            "help": option.help,
            "default": option.default,
            "secret": option.secret,
            "value": given.filter(|given| given.reference.is_none()).map(|given| &given.value),
            "reference": given.and_then(|given| given.reference.as_ref()),
        })
    });
    json!({
        "path": plugin.path().display().to_string(),
        "name": plugin.identity().name,
        "version": plugin.identity().version.to_string(),
        "summary": plugin.about().summary,
        "worlds": plugin.worlds().iter().map(|world| world.name()).collect::<Vec<&str>>(),
        "reversible": plugin.about().reversible,
        "interface": plugin.interface().to_string(),
        "engineInterface": INTERFACE.to_string(),
        "sha256": plugin.identity().sha256,
        "bytes": plugin.size(),
        "imports": plugin.imports(),
        "limits": {
            "memoryBytes": settings.limits.memory,
            "milliseconds": u64::try_from(settings.limits.time.as_millis()).unwrap_or(u64::MAX),
            "outputBytes": settings.limits.output,
        },
        "grants": settings.grants.words(),
        "options": options.collect::<Vec<Value>>(),
    })
}

fn text(plugin: &Plugin) -> String {
    let settings = plugin.settings();
    let about = plugin.about();
    let worlds: Vec<&str> = plugin.worlds().iter().map(|world| world.name()).collect();
    let way = match (plugin.worlds().contains(&World::Rule), about.reversible) {
        (true, _) => "",
        (false, true) => ", up and down",
        (false, false) => ", up only",
    };
    let grants = settings.grants.words();
    let megabytes = |bytes: usize| format!("{} MiB", bytes >> 20);
    let mut lines = vec![
        ("plugin", plugin.identity().to_string()),
        ("", about.summary.clone()),
        ("world", format!("{}{way}", worlds.join(", "))),
        ("interface", format!("built for {}, this dunlin speaks {INTERFACE}", plugin.interface())),
        ("file", format!("{} ({} bytes)", plugin.path().display(), plugin.size())),
        ("sha256", plugin.identity().sha256.clone()),
        (
            "limits",
            format!(
                "memory {}, time {} a chunk, output {} a chunk",
                megabytes(settings.limits.memory),
                progress::duration(settings.limits.time),
                megabytes(settings.limits.output)
            ),
        ),
        ("granted", if grants.is_empty() { "nothing".to_owned() } else { grants.join(", ") }),
    ];
    lines.retain(|(label, value)| !label.is_empty() || !value.is_empty());
    if !plugin.imports().is_empty() {
        lines.push(("imports", format!("{} interfaces of WASI", plugin.imports().len())));
    }
    for option in &about.options {
        let state = match (settings.options.get(&option.name), &option.default, option.secret) {
            (Some(given), _, _) => match &given.reference {
                Some(reference) => format!("from {reference}"),
                None => format!("is {:?}", given.value),
            },
            (None, Some(default), _) => format!("is {default:?} unless set"),
            (None, None, true) => "must be given, by reference".to_owned(),
            (None, None, false) => "must be given".to_owned(),
        };
        lines.push(("option", format!("{}: {} ({state})", option.name, option.help)));
    }
    lines.iter().map(|(label, value)| format!("{label:9}  {value}\n")).collect()
}
