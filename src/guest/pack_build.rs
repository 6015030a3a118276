//! Building a pack, on a machine that has Python and pip: the libraries' Python without what is compiled, an interpreter
//! that has imported all of it, and machine code for this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dunlin_compat::model::{Language, PackRecipe};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::pack::{self, CompiledFor, Manifest, Pack, PackError, hexadecimal};
use super::pack_libraries::{self, Chosen};
use super::pack_npm;
use super::pack_ruby;
use super::sandbox::{SandboxCarrier, SandboxCommand};
use super::{CarrierError, Interrupt};
use crate::wasm::{CompiledCache, Runtime};

/// The builder of components, and with it the interpreter: 0.25.1 has CPython 3.14.
const COMPONENTIZE: &str = "0.25.1";

/// The module that the component is made of.
const COMPONENT_MODULE: &str = include_str!("python/dunlin_component.py");

/// What the component exports and imports.
const WORLD: &str = include_str!("wit/guest.wit");

/// A file by which the component finds the libraries among its folders.
const MARKER: &str = "dunlin-libraries";

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// What it is made of.
    pub recipe: &'static PackRecipe,
    /// A folder of installed packages to take them from, instead of the package index.
    pub from: Option<PathBuf>,
    /// More packages, or versions of those in the recipe, as pip writes them: `alembic==1.20.1`, `knex==3.3.0`.
    pub with: Vec<String>,
    /// The Python to build with.
    pub python: PathBuf,
    /// The folder of packs.
    pub packs: PathBuf,
}

/// Why a pack cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A program that is needed failed.
    #[error("{doing} failed: {said}")]
    Program {
        /// What was being done.
        doing: String,
        /// What the program said.
        said: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The request cannot be met.
    #[error("{0}")]
    Refused(String),
    /// A part cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// What was built does not run.
    #[error("the pack was built, but does not start: {0}")]
    DoesNotStart(CarrierError),
}

/// Builds a pack and puts it into the folder of packs, in the place of one of the same name. `say` is told what is done.
///
/// # Errors
/// See [`BuildError`]. Nothing of it remains then.
pub fn build(request: &BuildRequest, say: &mut dyn FnMut(&str)) -> Result<Pack, BuildError> {
    make_folder(&request.packs)?;
    remove_left_behind(&request.packs);
    let work = request.packs.join(format!(".building-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    make_folder(&work)?;
    let result = build_in(request, &work, say);
    let _ = fs::remove_dir_all(&work);
    result
}

/// What the component tells of itself.
#[derive(Deserialize)]
struct Inventory {
    interpreter: String,
    folder: String,
    missing: BTreeMap<String, String>,
}

fn build_in(request: &BuildRequest, work: &Path, say: &mut dyn FnMut(&str)) -> Result<Pack, BuildError> {
    let recipe = request.recipe;
    if recipe.language == Language::JavaScript {
        let done = work.join("pack");
        let manifest = pack_npm::build(request, work, &done, say)?;
        return finish(&done, &manifest, request, work);
    }
    if recipe.language == Language::Ruby {
        return pack_ruby::build_in(request, work, say);
    }
    let tools = work.join("tools");
    say("Preparing the tools");
    let venv = &["-m".as_ref(), "venv".as_ref(), tools.as_os_str()];
    run(Command::new(&request.python).args(venv), "making a virtual environment with Python")?;
    let python = tools.join("bin").join("python");
    let componentize = format!("componentize-py=={COMPONENTIZE}");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &componentize];
    run(Command::new(&python).args(pip), "installing componentize-py")?;

    let done = work.join("pack");
    let libraries = done.join(pack::LIBRARIES);
    make_folder(&libraries)?;
    say("Collecting the libraries");
    let chosen = pack_libraries::collect(request, &python, work, &libraries)?;
    write(&libraries.join(MARKER), b"")?;

    say("Building the component");
    let app = work.join("app");
    write_app(&app, recipe, &chosen)?;
    write(&work.join("guest.wit"), WORLD.as_bytes())?;
    let component = work.join("component.wasm");
    run(
        Command::new(tools.join("bin").join("componentize-py"))
            .current_dir(work)
            .args(["-d", "guest.wit", "-w", "guest", "componentize", "-p", "app", "-p", "pack/lib", "-o"])
            .arg(&component)
            .arg("dunlin_component")
            // It would add the packages of an environment that is active.
            .env_remove("VIRTUAL_ENV"),
        "building the component",
    )?;
    let wasm = fs::read(&component).map_err(|error| BuildError::File { path: component.clone(), error })?;
    let sha256: [u8; 32] = Sha256::digest(&wasm).into();

    say("Compiling it for this machine");
    let inventory = try_it(&wasm, sha256)?;
    let compressed =
        zstd::encode_all(&wasm[..], 9).map_err(|error| BuildError::File { path: component, error })?;
    write(&done.join(pack::COMPONENT), &compressed)?;
    let manifest = Manifest {
        format: pack::FORMAT,
        tool: recipe.tool.to_owned(),
        interpreter: inventory.interpreter,
        libraries: chosen.libraries,
        decisive: recipe.decisive.iter().map(|name| (*name).to_owned()).collect(),
        built_with: BTreeMap::from([
            ("dunlin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("componentize-py".to_owned(), COMPONENTIZE.to_owned()),
        ]),
        guest_sha256: pack::digest_of_modules(recipe.modules),
        component_sha256: hexadecimal(&sha256),
        file_sha256: hexadecimal(&Sha256::digest(&compressed)),
        libraries_sha256: pack::digest_of_folder(&libraries)?,
        libraries_seen_as: inventory.folder,
        compiled_for: compiled_for(),
        missing: inventory.missing,
    };
    finish(&done, &manifest, request, work)
}

fn finish(done: &Path, manifest: &Manifest, request: &BuildRequest, work: &Path) -> Result<Pack, BuildError> {
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    write(&done.join(pack::MANIFEST), &text)?;
    put_in_place(done, &request.packs.join(name_of(manifest)), work)
}

/// `alembic-1.20.1-sqlalchemy-2.0.58`.
pub(super) fn name_of(manifest: &Manifest) -> String {
    let names =
        [&manifest.tool].into_iter().chain(manifest.decisive.iter().filter(|name| **name != manifest.tool));
    let parts = names.map(|name| {
        let version = manifest.libraries.iter().find(|library| library.name == *name);
        version.map_or(name.clone(), |library| format!("{name}-{}", library.version))
    });
    parts.collect::<Vec<_>>().join("-")
}

/// The folder that the component is built from.
fn write_app(app: &Path, recipe: &PackRecipe, chosen: &Chosen) -> Result<(), BuildError> {
    make_folder(app)?;
    write(&app.join("dunlin_component.py"), COMPONENT_MODULE.as_bytes())?;
    let guest = recipe.modules.first().and_then(|(name, _)| name.split('.').next()).unwrap_or_default();
    let description = format!(
        "GUEST = {guest:?}\nMARKER = {MARKER:?}\nLIBRARIES = {}\n",
        serde_json::json!(chosen.modules)
    );
    write(&app.join("dunlin_pack.py"), description.as_bytes())?;
    for (name, text) in recipe.modules {
        let path = app.join(format!("{}.py", name.replace('.', "/")));
        make_folder(path.parent().unwrap_or(app))?;
        write(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Compiles and starts the component once, and asks what is in it.
fn try_it(wasm: &[u8], sha256: [u8; 32]) -> Result<Inventory, BuildError> {
    let bytes = wasm.to_vec();
    let command = SandboxCommand {
        name: "the new pack".to_owned(),
        sha256,
        component: Box::new(move || Ok(bytes)),
        cache: CompiledCache::of_user(),
        folders: Vec::new(),
        folder: None,
        environment: Vec::new(),
        modules: None,
        time_limit: Duration::from_secs(60),
        memory_limit: 2 << 30,
        interrupt: Interrupt::default(),
    };
    let mut carrier = SandboxCarrier::start(command).map_err(BuildError::DoesNotStart)?;
    let text = carrier.wait_for_start(&mut |_| String::new()).map_err(BuildError::DoesNotStart)?;
    serde_json::from_str(&text)
        .map_err(|error| BuildError::Refused(format!("the pack's component answers {text:?}: {error}")))
}

/// What compiled code of this binary on this machine depends on.
pub fn compiled_for() -> CompiledFor {
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let runtime = Runtime::new(super::sandbox::runtime_settings(None));
    let wasmtime = runtime.map(|runtime| runtime.compatibility()).unwrap_or_default();
    CompiledFor { target, wasmtime }
}

pub(super) fn put_in_place(done: &Path, place: &Path, work: &Path) -> Result<Pack, BuildError> {
    let file_error = |error| BuildError::File { path: place.to_owned(), error };
    if place.exists() {
        fs::rename(place, work.join("replaced")).map_err(file_error)?;
    }
    fs::rename(done, place).map_err(file_error)?;
    Ok(Pack::open(place.to_owned())?)
}

/// Folders of builds that were killed.
fn remove_left_behind(packs: &Path) {
    const LONG: Duration = Duration::from_secs(60 * 60);
    for entry in fs::read_dir(packs).into_iter().flatten().flatten() {
        let of_build = entry.file_name().to_string_lossy().starts_with(".building-");
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
        if of_build && age.is_ok_and(|age| age.is_ok_and(|age| age > LONG)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command, doing: &str) -> Result<String, BuildError> {
    let failed = |said: String| BuildError::Program { doing: doing.to_owned(), said };
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("{program} cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = text.trim_end().split('\n').collect();
    Err(failed(lines[lines.len().saturating_sub(20)..].join("\n")))
}

pub(super) fn make_folder(path: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(path).map_err(|error| BuildError::File { path: path.to_owned(), error })
}

pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    fs::write(path, content).map_err(|error| BuildError::File { path: path.to_owned(), error })
}
