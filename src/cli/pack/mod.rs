//! `dunlin pack`: libraries of tools for the sandbox.

mod build;
mod list;
mod remove;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dunlin_compat::model::{Language, PackRecipe};

use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use crate::guest::pack::{self, Pack};

/// Build, list, check and remove packs: the libraries with which code migrations run in the sandbox
///
/// Packs lie in $DUNLIN_PACKS, else in dunlin/packs in the user's data folder.
#[derive(Debug, Args)]
pub struct PackArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::BuildArgs),
    List(list::ListArgs),
    Verify(verify::VerifyArgs),
    Remove(remove::RemoveArgs),
}

/// Runs the command.
pub fn run(global: &Global, arguments: &PackArgs) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Build(arguments) => build::run(global, arguments),
        Command::List(arguments) => list::run(global, arguments),
        Command::Verify(arguments) => verify::run(global, arguments),
        Command::Remove(arguments) => remove::run(global, arguments),
    }
}

/// The tools for which packs can be built.
const RECIPES: [&PackRecipe; 3] = [
    &dunlin_compat::alembic::pack::PACK,
    &dunlin_compat::knex::pack::PACK,
    &dunlin_compat::rails::pack::PACK,
];

fn recipe(tool: &str) -> Option<&'static PackRecipe> {
    RECIPES.into_iter().find(|recipe| recipe.tool == tool)
}

/// The folder of packs.
fn folder() -> Result<PathBuf, Failure> {
    pack::folder().ok_or_else(|| {
        Failure::new("PACK", "there is no home folder to keep packs in").help("Set DUNLIN_PACKS to a folder.")
    })
}

/// The packs with one of these names, or of these tools; all when none is named.
fn named(names: &[String]) -> Result<Vec<Pack>, Failure> {
    let folder = folder()?;
    let (packs, errors) = pack::list(&folder);
    let (is_named, of_tool) =
        (|pack: &Pack, name: &str| pack.name() == name, |pack: &Pack, name: &str| pack.manifest.tool == name);
    for name in names {
        if packs.iter().any(|pack| is_named(pack, name) || of_tool(pack, name)) {
            continue;
        }
        // A pack that cannot be read has no name but that of its folder.
        let broken = errors.iter().find(|error| error.to_string().contains(&format!("/{name}/")));
        return Err(match broken {
            Some(error) => Failure::new("PACK", error.to_string()),
            None => Failure::new("PACK", format!("there is no pack {name} in {}", folder.display())),
        }
        .help("`dunlin pack list` shows which there are."));
    }
    let wanted = |pack: &Pack| {
        names.is_empty() || names.iter().any(|name| is_named(pack, name) || of_tool(pack, name))
    };
    if let (true, Some(error)) = (names.is_empty(), errors.first()) {
        return Err(Failure::new("PACK", error.to_string()));
    }
    Ok(packs.into_iter().filter(wanted).collect())
}

/// Whether a pack has the guest of this binary in it; else its start takes seconds. QuickJS takes the binary's own.
fn is_current(pack: &Pack) -> bool {
    recipe(&pack.manifest.tool).is_none_or(|recipe| {
        recipe.language == Language::JavaScript
            || pack::digest_of_modules(recipe.modules) == pack.manifest.guest_sha256
    })
}
