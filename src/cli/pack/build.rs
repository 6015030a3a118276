//! `dunlin pack build`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use super::RECIPES;
use crate::guest::pack_build::{self, BuildError, BuildRequest};

/// Build a pack, on a machine with Python and pip, or with npm; the machine that migrates needs neither
///
/// The libraries come from the package index, or with --from from a folder where they are installed. What is compiled
/// in them is left out. A pack of the same versions is replaced. A Knex project that has its node_modules needs no pack. A
/// Rails project needs one for the interpreter, which npm brings; without --from it has no gems, and the project's own are
/// taken.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin pack build alembic
  dunlin pack build alembic --with alembic==1.13.3 --with sqlalchemy==1.4.54
  dunlin pack build alembic --from .venv --with sqlalchemy-utils==0.41.2
  dunlin pack build knex --with knex==2.5.1
  dunlin pack build knex --from ../shop/node_modules
  dunlin pack build rails
  dunlin pack build rails --from vendor/bundle/ruby/3.3.0")]
pub struct BuildArgs {
    /// The tool: alembic, knex or rails
    tool: String,
    /// Take the libraries from this virtual environment, site-packages, node_modules or folder of gems
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// A library and its version, or one more library that migrations import; may be repeated
    #[arg(long, value_name = "NAME==VERSION")]
    with: Vec<String>,
    /// The Python to build with
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BuildArgs) -> Result<Exit, Failure> {
    let Some(recipe) = super::recipe(&arguments.tool) else {
        let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.tool).collect();
        return Err(Failure::usage(format!("there are no packs for {}", arguments.tool))
            .help(format!("Packs can be built for {}.", known.join(", "))));
    };
    let request = BuildRequest {
        recipe,
        from: arguments.from.clone(),
        with: arguments.with.clone(),
        python: arguments.python.clone(),
        packs: super::folder()?,
    };
    let pack =
        pack_build::build(&request, &mut |text| output::note(&format!("{text} ..."))).map_err(failure)?;
    match global.format {
        Format::Json => {
            output::json(&json!({"name": pack.name(), "path": pack.folder.display().to_string()}))?
        }
        Format::Table => output::line(&format!("Built {} in {}", pack.name(), pack.folder.display()))?,
    }
    Ok(Exit::Done)
}

fn failure(error: BuildError) -> Failure {
    let failure = Failure::new("PACK_BUILD", error.to_string());
    match error {
        BuildError::Program { doing, .. } if doing.contains("npm") => failure.help(
            "Building needs Node's npm and a package registry that it reaches; --from takes what is installed already.",
        ),
        BuildError::Program { .. } => failure.help(
            "Building needs Python 3.10 or later with pip and the module venv (Debian: python3-venv), and a package index \
             that pip reaches. --python names another Python.",
        ),
        BuildError::DoesNotStart(_) => {
            failure.help("A library given by --with may not work without its compiled part; build without it.")
        }
        _ => failure,
    }
}
