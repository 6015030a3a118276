//! Building a pack for Ruby: the interpreter, which npm brings, and the gems of folders, without what is compiled.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::pack::{self, Manifest, Pack, hexadecimal};
use super::pack_build::{
    BuildError, BuildRequest, compiled_for, make_folder, name_of, put_in_place, run, write,
};
use super::protocol::{GuestMessage, Library, Ready};
use super::ruby::{self, Gems, RubyCommand};
use super::{CarrierLink, Interrupt};
use crate::wasm::CompiledCache;

/// CRuby 3.3 as WebAssembly. Later ones lack parts of the standard library that ActiveRecord needs.
const PACKAGE: &str = "@ruby/3.3-wasm-wasi@2.10.1";

/// The interpreter with its standard library, in the package.
const INTERPRETER: &str = "package/dist/ruby+stdlib.wasm";

/// The variable that names a file to take the interpreter from instead.
const FROM_FILE: &str = "DUNLIN_RUBY_WASM";

/// Builds it in a folder of its own and puts it into its place.
pub(super) fn build_in(
    request: &BuildRequest,
    work: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Pack, BuildError> {
    let recipe = request.recipe;
    say("Fetching the interpreter");
    let file = interpreter(work)?;
    let wasm = fs::read(&file).map_err(|error| BuildError::File { path: file.clone(), error })?;
    let sha256: [u8; 32] = Sha256::digest(&wasm).into();
    let done = work.join("pack");
    let libraries = done.join(pack::LIBRARIES);
    make_folder(&libraries)?;
    if let Some(from) = &request.from {
        say("Collecting the gems");
        copy_gems(from, &libraries)?;
    }
    let gems = Gems::of_folder(&libraries);
    say("Compiling it for this machine");
    let interpreter = try_it(&wasm, sha256, recipe.modules, &gems)?;
    let compressed =
        zstd::encode_all(&wasm[..], 9).map_err(|error| BuildError::File { path: file, error })?;
    write(&done.join(pack::COMPONENT), &compressed)?;
    let library =
        |(name, version): (&String, &String)| Library { name: name.clone(), version: version.clone() };
    let manifest = Manifest {
        format: pack::FORMAT,
        tool: recipe.tool.to_owned(),
        interpreter,
        libraries: gems.versions.iter().map(library).collect(),
        decisive: recipe.decisive.iter().map(|name| (*name).to_owned()).collect(),
        built_with: BTreeMap::from([
            ("dunlin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("ruby.wasm".to_owned(), PACKAGE.to_owned()),
        ]),
        guest_sha256: pack::digest_of_modules(recipe.modules),
        component_sha256: hexadecimal(&sha256),
        file_sha256: hexadecimal(&Sha256::digest(&compressed)),
        libraries_sha256: pack::digest_of_folder(&libraries)?,
        libraries_seen_as: ruby::GEMS_SEEN_AT.to_owned(),
        compiled_for: compiled_for(),
        missing: BTreeMap::new(),
    };
    write(&done.join(pack::MANIFEST), &serde_json::to_vec_pretty(&manifest).unwrap_or_default())?;
    // Without gems it is a pack for whatever version a project has.
    let name = if gems.versions.is_empty() { manifest.tool.clone() } else { name_of(&manifest) };
    put_in_place(&done, &request.packs.join(name), work)
}

fn interpreter(work: &Path) -> Result<PathBuf, BuildError> {
    if let Some(file) = std::env::var_os(FROM_FILE).filter(|file| !file.is_empty()) {
        return Ok(file.into());
    }
    let printed = run(
        Command::new("npm").current_dir(work).args(["pack", "--silent", PACKAGE]),
        "fetching the interpreter with npm",
    )?;
    let archive = printed.trim().rsplit('\n').next().unwrap_or_default().to_owned();
    run(
        Command::new("tar").current_dir(work).args(["xzf", &archive, INTERPRETER]),
        "unpacking the interpreter",
    )?;
    Ok(work.join(INTERPRETER))
}

/// Gems with their specifications, as RubyGems lays them out.
fn copy_gems(from: &Path, to: &Path) -> Result<(), BuildError> {
    let gems = Gems::of_folder(from);
    if !gems.versions.contains_key("activerecord") {
        return Err(BuildError::Refused(format!(
            "{} has no gem activerecord; a folder of gems has `gems` and `specifications` in it, as `gem env home` shows",
            from.display()
        )));
    }
    make_folder(&to.join("specifications"))?;
    for folder in &gems.folders {
        let stem = folder.path.file_name().unwrap_or_default();
        let name = format!("{}.gemspec", stem.to_string_lossy());
        copy(&from.join("specifications").join(&name), &to.join("specifications").join(&name))?;
        // What a gem is tested and documented with is not needed.
        for part in ["lib", "app", "config"] {
            let source = folder.path.join(part);
            if source.is_dir() {
                copy_folder(&source, &to.join("gems").join(stem).join(part))?;
            }
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), BuildError> {
    make_folder(to)?;
    let entries = fs::read_dir(from).map_err(|error| BuildError::File { path: from.to_owned(), error })?;
    for entry in entries.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() { copy_folder(&source, &target)? } else { copy(&source, &target)? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::copy(from, to).map(|_| ()).map_err(|error| BuildError::File { path: from.to_owned(), error })
}

/// Compiles the interpreter, and starts the guest if there is a library for it. Gives the interpreter's name.
fn try_it(
    wasm: &[u8],
    sha256: [u8; 32],
    modules: &'static [(&'static str, &'static str)],
    gems: &Gems,
) -> Result<String, BuildError> {
    let bytes = wasm.to_vec();
    let command = RubyCommand {
        name: "the new pack".to_owned(),
        sha256,
        interpreter: Box::new(move || Ok(bytes)),
        cache: CompiledCache::of_user(),
        modules,
        folders: gems.folders.clone(),
        load_path: gems.load_path.clone(),
        gems: gems.versions.clone(),
        adapter: None,
        environment: BTreeMap::new(),
        time_limit: Duration::from_secs(120),
        memory_limit: 2 << 30,
        interrupt: Interrupt::default(),
    };
    let mut carrier: Box<dyn CarrierLink> = ruby::start(command).map_err(BuildError::DoesNotStart)?;
    let start = json!({"type": "start", "protocol": 1, "tool": "rails", "options": {}});
    let text = carrier.converse(&start.to_string(), &mut |_| r#"{"type":"ok"}"#.to_owned());
    let text = text.map_err(BuildError::DoesNotStart)?;
    match serde_json::from_str(&text) {
        Ok(GuestMessage::Ready(Ready { interpreter, .. })) => Ok(interpreter),
        // Without ActiveRecord there is nothing to load; that the interpreter says so shows that it runs.
        Ok(GuestMessage::Failed(_)) if gems.versions.is_empty() => Ok("CRuby 3.3".to_owned()),
        Ok(GuestMessage::Failed(failed)) => Err(BuildError::Refused(format!(
            "the pack was built, but its libraries do not load: {}",
            failed.message
        ))),
        _ => Err(BuildError::Refused(format!("the pack's interpreter answers {text:?}"))),
    }
}
