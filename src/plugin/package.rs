//! From a file to a plugin that is known to run here.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use dunlin_compat::native::suggest::nearest;
use semver::Version;
use sha2::{Digest, Sha256};
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Instance, InstancePre};
use wit_component::ComponentEncoder;

use super::bindings::plugin::{About, GuestIndices};
use super::bindings::types::Setting;
use super::error::{CallError, Cause, PluginError};
use super::guest::{Guest, linker};
use super::settings::PluginSettings;
use super::version::{INTERFACE, named, runs_on};
use crate::wasm::{Origin, Runtime, RuntimeSettings, WasmError};

/// Bytes of stack that a plugin may use: its calls run on the caller's thread, which has 2 MiB where it is one of ours, and
/// need some of it themselves.
const STACK: usize = 512 << 10;

/// What a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// It changes rows.
    Transform,
    /// It does a migration's step.
    Step,
    /// It checks migrations.
    Rule,
}

impl World {
    const ALL: [World; 3] = [World::Transform, World::Step, World::Rule];

    /// Its name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            World::Transform => "transform",
            World::Step => "step",
            World::Rule => "rule",
        }
    }

    fn interface(self) -> &'static str {
        match self {
            World::Transform => "transformer",
            World::Step => "stepper",
            World::Rule => "linter",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What is recorded of a plugin that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name that it gives itself.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// SHA-256 of its file, in lower-case hexadecimal.
    pub sha256: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

/// A plugin that runs here.
pub struct Plugin {
    path: PathBuf,
    identity: Identity,
    interface: Version,
    worlds: Vec<World>,
    imports: Vec<String>,
    about: About,
    origin: Origin,
    size: usize,
    settings: PluginSettings,
    pre: InstancePre<Guest>,
}

/// The one runtime of the process.
fn runtime() -> Result<&'static Runtime, PluginError> {
    static RUNTIME: LazyLock<Result<Runtime, WasmError>> =
        LazyLock::new(|| Runtime::new(RuntimeSettings { stack: STACK, ..RuntimeSettings::default() }));
    static MESSAGE: OnceLock<String> = OnceLock::new();
    RUNTIME.as_ref().map_err(|error| {
        let message = MESSAGE.get_or_init(|| error.to_string()).clone();
        PluginError::Wasm(WasmError::Runtime(wasmtime::Error::msg(message)))
    })
}

/// The component that a file's content is: as it is, or made of a core module that carries the interface.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn component_of(wasm: &[u8]) -> Result<Vec<u8>, String> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if wasm.starts_with(COMPONENT) {
        return Ok(wasm.to_vec());
    }
    if !wasm.starts_with(MODULE) {
        return Err("it is no WebAssembly".to_owned());
    }
    ComponentEncoder::default()
        .module(wasm)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| format!("the module does not implement the interface: {}", error.root_cause()))
}

impl Plugin {
    /// Reads a file, compiles it or finds it compiled, and asks it what it is. Nothing but `describe` is run.
    ///
    /// # Errors
    /// It cannot be read, is no plugin, was built for another version, needs what is not offered, or crashes.
    pub fn load(path: &Path, settings: &PluginSettings) -> Result<Plugin, PluginError> {
        let unreadable = |error| PluginError::Unreadable { path: path.to_owned(), error };
        Plugin::from_bytes(path, &std::fs::read(path).map_err(unreadable)?, settings)
    }

    /// The same for a file that was read; `path` is for messages.
    ///
    /// # Errors
    /// Those of [`Plugin::load`].
    pub fn from_bytes(path: &Path, wasm: &[u8], settings: &PluginSettings) -> Result<Plugin, PluginError> {
        let invalid = |reason: String| PluginError::Invalid { path: path.to_owned(), reason };
        let sha256 = hexadecimal(&Sha256::digest(wasm));
        if let Some(expected) = settings.sha256.as_ref().filter(|expected| **expected != sha256) {
            return Err(PluginError::Changed {
                path: path.to_owned(),
                expected: expected.clone(),
                found: sha256,
            });
        }
        let runtime = runtime()?;
        let component = component_of(wasm).map_err(invalid)?;
        let (component, origin) = runtime.load::<Component>(&component).map_err(|error| match error {
            WasmError::Invalid { error, .. } => invalid(error.root_cause().to_string()),
            other => other.into(),
        })?;
        let (interface, worlds, imports) = interfaces(&component, path)?;
        let pre = linker(runtime.engine(), &settings.grants)
            .and_then(|linker| linker.instantiate_pre(&component))
            .map_err(|error| invalid(format!("{error:#}")))?;
        let mut plugin = Plugin {
            path: path.to_owned(),
            identity: Identity {
                name: path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
                version: Version::new(0, 0, 0),
                sha256,
            },
            interface,
            worlds,
            imports,
            about: About {
                name: String::new(),
                version: String::new(),
                summary: String::new(),
                options: Vec::new(),
                reversible: false,
            },
            origin,
            size: wasm.len(),
            settings: settings.clone(),
            pre,
        };
        let about = plugin.describe()?;
        let named = !about.name.is_empty()
            && about.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !named {
            return Err(invalid(format!(
                "its name {:?} is not made of letters, digits, - and _",
                about.name
            )));
        }
        let version = about.version.parse();
        let version = version
            .map_err(|_| invalid(format!("its version {:?} is no semantic version", about.version)))?;
        plugin.identity.name.clone_from(&about.name);
        plugin.identity.version = version;
        plugin.about = about;
        Ok(plugin)
    }

    fn describe(&self) -> Result<About, PluginError> {
        let indices = GuestIndices::new(&self.pre).map_err(|error| self.invalid(&error))?;
        let mut instance = self.instantiate()?;
        let guest =
            indices.load(&mut instance.store, &instance.instance).map_err(|error| self.invalid(&error))?;
        let about = instance.call(|store| guest.call_describe(store));
        Ok(about.map_err(|cause| self.failed(cause))?)
    }

    /// A new instance, which has run nothing but what belongs to its start.
    pub(super) fn instantiate(&self) -> Result<Running, PluginError> {
        let runtime = runtime()?;
        let guest = Guest::new(&self.settings).map_err(|error| PluginError::Setup {
            plugin: self.title(),
            reason: format!("a folder of `grant.read` cannot be opened: {error:#}"),
        })?;
        let mut store = runtime.store(guest);
        let instance = runtime.call(&mut store, |store| self.pre.instantiate(store));
        match instance {
            Ok(instance) => Ok(Running { runtime, store, instance }),
            Err(error) => Err(self.failed(store.data().explain(&error)).into()),
        }
    }

    /// An error of the plugin as a whole.
    pub(super) fn failed(&self, cause: Cause) -> CallError {
        CallError { plugin: self.title(), row: None, place: None, column: None, cause }
    }

    pub(super) fn invalid(&self, error: &wasmtime::Error) -> PluginError {
        PluginError::Invalid { path: self.path.clone(), reason: format!("{error:#}") }
    }

    pub(super) fn setup(&self, reason: impl Into<String>) -> PluginError {
        PluginError::Setup { plugin: self.title(), reason: reason.into() }
    }

    /// Name and version; the file's name before they are known.
    pub(super) fn title(&self) -> String {
        match self.about.name.is_empty() {
            true => self.identity.name.clone(),
            false => self.identity.to_string(),
        }
    }

    pub(super) fn pre(&self) -> &InstancePre<Guest> {
        &self.pre
    }

    /// Refuses a plugin that is not for this.
    pub(super) fn demand(&self, world: World) -> Result<(), PluginError> {
        if self.worlds.contains(&world) {
            return Ok(());
        }
        let has: Vec<String> = self.worlds.iter().map(|world| format!("a {world}")).collect();
        Err(PluginError::World { path: self.path.clone(), wanted: world.name(), has: has.join(" and ") })
    }

    /// The options that it describes, with the values of the settings or their defaults.
    pub(super) fn options(&self) -> Result<Vec<Setting>, PluginError> {
        let described = &self.about.options;
        for name in self.settings.options.keys() {
            if !described.iter().any(|option| option.name == *name) {
                let near = nearest(name, described.iter().map(|option| option.name.as_str()));
                let advice = match (near, described.is_empty()) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, true) => "it has none".to_owned(),
                    (None, false) => {
                        let names: Vec<&str> = described.iter().map(|option| option.name.as_str()).collect();
                        format!("it has {}", names.join(", "))
                    }
                };
                return Err(self.setup(format!("it has no option `{name}`; {advice}")));
            }
        }
        let mut settings = Vec::with_capacity(described.len());
        for option in described {
            let name = option.name.clone();
            let value = match (self.settings.options.get(&name), &option.default) {
                (Some(given), _) if option.secret && given.reference.is_none() => {
                    return Err(self.setup(format!(
                        "the option `{name}` is a secret and does not belong into a file; write `{name} = {{ env = \"NAME\" }}` or \
                         `{name} = {{ file = \"path\" }}`"
                    )));
                }
                (Some(given), _) => given.value.clone(),
                (None, Some(default)) => default.clone(),
                (None, None) => {
                    return Err(self.setup(format!("the option `{name}` is missing: {}", option.help)));
                }
            };
            settings.push(Setting { name, value });
        }
        Ok(settings)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is recorded of it.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The version of the interface that it was built for.
    pub fn interface(&self) -> &Version {
        &self.interface
    }

    /// What it is for.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// What it imports beside the interface: WASI.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// What it says about itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Whether it had to be compiled.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Bytes of the file.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Under which settings it runs.
    pub fn settings(&self) -> &PluginSettings {
        &self.settings
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Plugin").field("path", &self.path).field("identity", &self.identity).finish()
    }
}

/// One instance and its store.
pub(super) struct Running {
    runtime: &'static Runtime,
    pub(super) store: Store<Guest>,
    pub(super) instance: Instance,
}

impl Running {
    /// Calls it within its limits.
    pub(super) fn call<R>(
        &mut self,
        work: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<R>,
    ) -> Result<R, Cause> {
        let result = self.runtime.call(&mut self.store, work);
        result.map_err(|error| self.store.data().explain(&error))
    }

    /// An error that the plugin reported itself, as far as it can be explained better.
    pub(super) fn refusal(&self, message: &str) -> Cause {
        let guest = self.store.data();
        let message = guest.log.masked(message);
        Cause::Refused(match guest.missed_files() {
            true => format!("{message} (it looked for files, and none are granted to it)"),
            false => message,
        })
    }
}

/// The version of the interface, what the plugin is for, and what else it imports.
fn interfaces(component: &Component, path: &Path) -> Result<(Version, Vec<World>, Vec<String>), PluginError> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut versions: BTreeMap<Version, ()> = BTreeMap::new();
    let mut exports = Vec::new();
    let mut imports = Vec::new();
    for (name, item) in ty.imports(engine) {
        match named(name) {
            Some(named) => {
                versions.insert(named.version, ());
            }
            None if is_offered(name) => imports.push(name.to_owned()),
            // A type that stands alone asks for nothing.
            None if matches!(item.ty, ComponentItem::Type(_)) => {}
            None => {
                return Err(PluginError::Import { path: path.to_owned(), import: name.to_owned() });
            }
        }
    }
    for (name, _) in ty.exports(engine) {
        if let Some(named) = named(name) {
            versions.insert(named.version, ());
            exports.push(named.interface);
        }
    }
    if let Some(version) = versions.keys().find(|version| !runs_on(version, &INTERFACE)) {
        return Err(PluginError::Version {
            path: path.to_owned(),
            plugin: version.clone(),
            engine: INTERFACE,
        });
    }
    let worlds: Vec<World> = World::ALL
        .into_iter()
        .filter(|world| exports.iter().any(|export| export == world.interface()))
        .collect();
    let (Some((version, ())), false) = (versions.pop_last(), worlds.is_empty()) else {
        return Err(PluginError::Invalid {
            path: path.to_owned(),
            reason: "it exports none of the interface's worlds (transform, step, rule)".to_owned(),
        });
    };
    if !exports.iter().any(|export| export == "plugin") {
        return Err(PluginError::Invalid {
            path: path.to_owned(),
            reason: "it does not say what it is: it exports no `plugin`".to_owned(),
        });
    }
    Ok((version, worlds, imports))
}

/// What of WASI is linked.
fn is_offered(import: &str) -> bool {
    let offered =
        ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];
    let version = import.split_once('@').map_or("", |(_, version)| version);
    offered.iter().any(|prefix| import.starts_with(prefix)) && version.starts_with("0.2.")
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
