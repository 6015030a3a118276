//! The interpreter: what it imports, how it is started, and how messages reach it.
//!
//! It is ruby.wasm, a module whose own way to its host is a bridge to JavaScript. There is no JavaScript here: the text that
//! Ruby hands to `JS.eval` is a request of our guest, and the value that it gets back a text.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest, Sha256};
use wasmtime::{Caller, Instance, Linker, Memory, Module, Store, TypedFunc, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use super::super::interrupt::Interrupt;
use super::super::pack::digest_of_modules;
use super::super::sandbox::{self, COMPILING, Channels, Heard, LONGEST_MESSAGE, NotLoaded, SandboxCarrier};
use super::super::sandbox_world::{Folder, Printed};
use super::super::sources::Sources;
use super::super::{CarrierError, CarrierLink};
use super::files::{Files, Open};
use super::{snapshot, wasi};
use crate::wasm::{CompiledCache, Exceeded, Limits, Meter, Metered, Runtime};

/// What is to be run.
pub struct RubyCommand {
    /// How messages name it.
    pub name: String,
    /// SHA-256 of the interpreter.
    pub sha256: [u8; 32],
    /// Reads the interpreter, where it has to be compiled.
    pub interpreter: Box<dyn FnOnce() -> std::io::Result<Vec<u8>> + Send>,
    /// Where compiled code and memory images are kept.
    pub cache: Option<CompiledCache>,
    /// The guest's modules.
    pub modules: &'static [(&'static str, &'static str)],
    /// Folders that it may read.
    pub folders: Vec<Folder>,
    /// Folders to require from, as the guest sees them.
    pub load_path: Vec<String>,
    /// Gems with their versions, for what asks which there are.
    pub gems: BTreeMap<String, String>,
    /// ActiveRecord's adapter, which is loaded with it.
    pub adapter: Option<String>,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
    /// How long it may compute between two messages.
    pub time_limit: Duration,
    /// Bytes of memory that it may have.
    pub memory_limit: usize,
    /// Stops it.
    pub interrupt: Interrupt,
}

/// Where the guest's modules are seen.
const GUEST: &str = "/dunlin/guest";

/// What to do about Ruby that it cannot load.
const ADVICE: &str = "The sandbox loads plain Ruby from the project, its gems and the pack, and no part of the application besides \
                      the models that load by themselves. `carrier = \"host\"` in dunlin.toml, for the project or for this \
                      migration under [carriers], has it run by the project's own Ruby; `load = \"config/environment\"` loads \
                      the application there.";

/// Begins to start a guest.
///
/// # Errors
/// [`CarrierError::Start`]: the system gives no thread.
pub fn start(command: RubyCommand) -> Result<Box<dyn CarrierLink>, CarrierError> {
    let (name, limit, interrupt) = (command.name.clone(), command.time_limit, command.interrupt.clone());
    let carrier = SandboxCarrier::spawn(name, ADVICE, limit, interrupt, |channels| serve(command, channels))?;
    Ok(Box::new(carrier))
}

/// The data of the guest's store.
pub(super) struct World {
    meter: Meter,
    interrupt: Interrupt,
    pub(super) files: Files,
    pub(super) open: BTreeMap<u32, Open>,
    pub(super) sources: Sources,
    pub(super) printed: Printed,
    pub(super) began: Instant,
    answers: Receiver<String>,
    heard: Sender<Heard>,
    /// What the guest asks for when it begins.
    settings: String,
    /// The message that is to be handled, and the last word on it.
    message: String,
    last: Option<String>,
    /// Files that were loaded when the interpreter was ready.
    loaded: Vec<String>,
    /// Texts that the guest has a handle of.
    texts: HashMap<u32, String>,
    next_handle: u32,
}

impl Metered for World {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

impl World {
    /// Whether it may go on.
    pub(super) fn check(&mut self) -> wasmtime::Result<()> {
        if self.interrupt.is_raised() {
            return Err(wasmtime::format_err!("interrupted"));
        }
        Ok(self.meter.check_time()?)
    }

    /// Answers a request of the guest's, whose first character says what it is.
    fn answer(&mut self, request: &str) -> wasmtime::Result<String> {
        let gone = || wasmtime::format_err!("the engine is gone");
        let (kind, text) = request.split_at_checked(1).unwrap_or_default();
        match kind {
            "q" => {
                self.heard.send(Heard::Question(text.to_owned())).map_err(|_| gone())?;
                let answer = self.answers.recv().map_err(|_| gone())?;
                self.meter.restart();
                Ok(answer)
            }
            "e" => {
                self.sources.enter();
                Ok(String::new())
            }
            "s" => Ok(self.settings.clone()),
            "m" => Ok(std::mem::take(&mut self.message)),
            "f" => {
                self.last = Some(text.to_owned());
                Ok(String::new())
            }
            "l" => {
                self.loaded = text.split('\n').map(str::to_owned).collect();
                Ok(String::new())
            }
            // The bridge itself evaluates some JavaScript when it is loaded.
            _ => Ok(String::new()),
        }
    }
}

/// The life of a guest, on its thread.
fn serve(command: RubyCommand, channels: Channels) -> Result<(), CarrierError> {
    let Channels { messages, answers, heard } = channels;
    let sources = Sources::default();
    let mut machine = Machine::start(command, answers, &heard, &sources)?;
    if heard.send(Heard::Final("{}".to_owned())).is_err() {
        return Ok(());
    }
    while let Ok(message) = messages.recv() {
        sandbox::sources_of(&message, &sources);
        let last = machine.converse(message)?;
        if heard.send(Heard::Final(last)).is_err() {
            break;
        }
    }
    Ok(())
}

struct Machine {
    name: String,
    runtime: Runtime,
    store: Store<World>,
    evaluate: TypedFunc<(u32, u32), u32>,
    allocate: TypedFunc<(u32, u32, u32, u32), u32>,
    memory: Memory,
    interrupt: Interrupt,
}

const INITIALIZE: &str = "_initialize";
const INIT: &str = "ruby-init: func(args: list<string>) -> ()";
const EVALUATE: &str = "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>";

/// How long an interpreter may take to load the library, at least: what the project allows is for its own code.
const LONGEST_BOOT: Duration = Duration::from_secs(300);

/// Handles that a snapshot may hold are below.
const FIRST_HANDLE: u32 = 1 << 20;

impl Machine {
    fn start(
        command: RubyCommand,
        answers: Receiver<String>,
        heard: &Sender<Heard>,
        sources: &Sources,
    ) -> Result<Machine, CarrierError> {
        let name = command.name.clone();
        let refused = |reason: String| CarrierError::Start { carrier: name.clone(), reason };
        let failed = |error: wasmtime::Error| refused(format!("{error:#}"));
        let runtime = Runtime::new(sandbox::runtime_settings(command.cache.clone()))
            .map_err(|error| refused(error.to_string()))?;
        let interpreter = command.interpreter;
        let to_compile = || {
            let _ = heard.send(Heard::Line(COMPILING.to_owned()));
            Ok(interpreter()?)
        };
        let (module, _) = runtime
            .load_known::<Module, _, NotLoaded>(&command.sha256, to_compile)
            .map_err(|error| refused(error.to_string()))?;
        let settings = json!({"load_path": command.load_path, "adapter": command.adapter});
        let preparation = json!({"environment": command.environment, "gems": command.gems});
        let image = image_name(&command.sha256, command.modules, &settings.to_string());
        let time_limit = command.time_limit;
        let time = time_limit.max(LONGEST_BOOT);
        let limits = Limits { memory: command.memory_limit, time, output: LONGEST_MESSAGE };
        let mut store = runtime.store(World {
            meter: Meter::new(limits),
            interrupt: command.interrupt.clone(),
            files: Files::new(command.folders, GUEST, command.modules),
            open: BTreeMap::new(),
            sources: sources.clone(),
            printed: Printed::to(heard),
            began: Instant::now(),
            answers,
            heard: heard.clone(),
            settings: settings.to_string(),
            message: String::new(),
            last: None,
            loaded: Vec::new(),
            texts: HashMap::new(),
            next_handle: 1,
        });
        store.epoch_deadline_callback(move |mut context| {
            context.data_mut().check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let mut linker = Linker::new(runtime.engine());
        wasi::add(&mut linker).map_err(failed)?;
        bridge(&mut linker, &module).map_err(failed)?;
        let instance =
            runtime.call(&mut store, |store| linker.instantiate(&mut *store, &module)).map_err(failed)?;
        let lacking =
            |what: &str| refused(format!("it is no interpreter that dunlin knows: it has no {what}"));
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| lacking("memory"))?;
        let allocate =
            instance.get_typed_func(&mut store, "cabi_realloc").map_err(|_| lacking("cabi_realloc"))?;
        let evaluate = instance.get_typed_func(&mut store, EVALUATE).map_err(|_| lacking(EVALUATE))?;
        let interrupt = command.interrupt;
        let mut machine =
            Machine { name: name.clone(), runtime, store, evaluate, allocate, memory, interrupt };
        machine.make_ready(&instance, command.cache.as_ref(), &image)?;
        machine.store.data_mut().meter.limit_time(time_limit);
        machine.converse(format!("{{\"type\":\"prepare\",\"with\":{preparation}}}"))?;
        Ok(machine)
    }

    /// Restores the memory of an interpreter that is ready, or makes one ready and keeps its memory.
    fn make_ready(
        &mut self,
        instance: &Instance,
        cache: Option<&CompiledCache>,
        image: &[u8; 32],
    ) -> Result<(), CarrierError> {
        if let Some(file) = cache.and_then(|cache| cache.image(image)) {
            let (memory, store) = (self.memory, &mut self.store);
            match snapshot::restore(&file, memory, store) {
                Ok(true) => {
                    store.data_mut().next_handle = FIRST_HANDLE;
                    return Ok(());
                }
                Ok(false) => {
                    if let Some(cache) = cache {
                        cache.remove_image(image);
                    }
                }
                Err(error) => {
                    let reason = format!("its memory image cannot be used: {error:#}");
                    return Err(CarrierError::Start { carrier: self.name.clone(), reason });
                }
            }
        }
        self.boot(instance).map_err(|error| self.failure(&error))?;
        if let Some(cache) = cache {
            // Without an image the next one takes as long as this one.
            let _ = snapshot::keep(cache, image, self.memory, &self.store);
        }
        Ok(())
    }

    fn boot(&mut self, instance: &Instance) -> wasmtime::Result<()> {
        let initialize = instance.get_typed_func::<(), ()>(&mut self.store, INITIALIZE)?;
        let init = instance.get_typed_func::<(u32, u32), ()>(&mut self.store, INIT)?;
        let arguments = ["ruby.wasm", "--disable-gems", "-EUTF-8", "-e_=0"];
        let (allocate, memory) = (self.allocate.clone(), self.memory);
        self.runtime.call(&mut self.store, |store| {
            initialize.call(&mut *store, ())?;
            let list = allocate.call(&mut *store, (0, 0, 4, 8 * arguments.len() as u32))?;
            for (index, argument) in arguments.iter().enumerate() {
                let text = format!("{argument}\0");
                let at = allocate.call(&mut *store, (0, 0, 1, text.len() as u32))?;
                memory.write(&mut *store, at as usize, text.as_bytes())?;
                let entry = list as usize + 8 * index;
                memory.write(&mut *store, entry, &at.to_le_bytes())?;
                memory.write(&mut *store, entry + 4, &(argument.len() as u32).to_le_bytes())?;
            }
            init.call(&mut *store, (list, arguments.len() as u32))
        })?;
        self.run(&format!("require '{GUEST}/sandbox/carrier.rb'; Dunlin::SandboxCarrier.boot"))
    }

    /// Runs a text of ours, which catches what it raises.
    fn run(&mut self, text: &str) -> wasmtime::Result<()> {
        let (allocate, memory, evaluate) = (self.allocate.clone(), self.memory, self.evaluate.clone());
        let state = self.runtime.call(&mut self.store, |store| {
            let at = allocate.call(&mut *store, (0, 0, 1, text.len() as u32 + 1))?;
            memory.write(&mut *store, at as usize, text.as_bytes())?;
            memory.write(&mut *store, at as usize + text.len(), &[0])?;
            let result = evaluate.call(&mut *store, (at, text.len() as u32))?;
            let mut state = [0; 4];
            memory.read(&*store, result as usize + 4, &mut state)?;
            Ok(i32::from_le_bytes(state))
        })?;
        if state == 0 { Ok(()) } else { Err(wasmtime::format_err!("Ruby was left with state {state}")) }
    }

    fn converse(&mut self, message: String) -> Result<String, CarrierError> {
        self.store.data_mut().message = message;
        self.run("Dunlin::SandboxCarrier.turn").map_err(|error| self.failure(&error))?;
        let ended = |said: &str| CarrierError::Ended {
            carrier: self.name.clone(),
            how: String::new(),
            said: said.to_owned(),
        };
        self.store.data_mut().last.take().ok_or_else(|| ended("it gave no answer"))
    }

    /// Why it ended.
    fn failure(&mut self, error: &wasmtime::Error) -> CarrierError {
        if self.interrupt.is_raised() {
            return CarrierError::Interrupted;
        }
        match self.store.data().meter.exceeded() {
            Some(Exceeded::Memory(limit)) => CarrierError::OutOfMemory { limit: limit as u64 },
            Some(Exceeded::Time(limit)) => CarrierError::OutOfTime { limit },
            _ => {
                let how = error.downcast_ref::<I32Exit>();
                let how = how.map_or(String::new(), |exit| format!(" with exit code {}", exit.0));
                let said = if how.is_empty() { error.root_cause().to_string() } else { String::new() };
                CarrierError::Ended { carrier: self.name.clone(), how, said }
            }
        }
    }
}

/// Everything that the memory of a ready interpreter depends on besides the files that it loaded.
fn image_name(interpreter: &[u8; 32], modules: &[(&str, &str)], settings: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"dunlin ruby 1");
    hasher.update(interpreter);
    hasher.update(digest_of_modules(modules));
    hasher.update(settings);
    hasher.finalize().into()
}

impl World {
    pub(super) fn loaded(&self) -> &[String] {
        &self.loaded
    }
}

/// Adds the bridge's functions: three do something, the others belong to what nobody calls.
fn bridge(linker: &mut Linker<World>, module: &Module) -> wasmtime::Result<()> {
    for import in module.imports().filter(|import| import.module() != "wasi_snapshot_preview1") {
        let (from, name) = (import.module(), import.name());
        if name.starts_with("eval-js:") {
            linker.func_wrap(from, name, evaluate)?;
        } else if name.starts_with("js-value-to-string:") {
            linker.func_wrap(from, name, text_of)?;
        } else if name.starts_with("resource_drop_js") {
            linker.func_wrap(from, name, |mut guest: Caller<'_, World>, handle: u32| {
                guest.data_mut().texts.remove(&handle);
            })?;
        } else if let Some(kind) = import.ty().func() {
            let what = name.to_owned();
            // A value that is given out or asked for without need is zero; what throws, traps.
            linker.func_new(from, name, kind.clone(), move |_, _, results| {
                if what.starts_with("rb_wasm_throw") {
                    return Err(wasmtime::format_err!("the interpreter was left while it was suspended"));
                }
                for result in results {
                    *result = wasmtime::Val::I32(0);
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn memory_of(guest: &mut Caller<'_, World>) -> wasmtime::Result<Memory> {
    let memory = guest.get_export("memory").and_then(wasmtime::Extern::into_memory);
    memory.ok_or_else(|| wasmtime::format_err!("the interpreter has no memory"))
}

/// `JS.eval`: a request.
fn evaluate(mut guest: Caller<'_, World>, at: u32, length: u32, result: u32) -> wasmtime::Result<()> {
    let memory = memory_of(&mut guest)?;
    let end = (at as usize).saturating_add(length as usize);
    let bytes = memory.data(&guest).get(at as usize..end);
    let request = String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let world = guest.data_mut();
    let answer = world.answer(&request)?;
    let handle = world.next_handle;
    world.next_handle = world.next_handle.wrapping_add(1);
    world.texts.insert(handle, answer);
    memory.write(&mut guest, result as usize, &0_u32.to_le_bytes())?;
    memory.write(&mut guest, result as usize + 4, &handle.to_le_bytes())?;
    Ok(())
}

/// The text of a value.
fn text_of(mut guest: Caller<'_, World>, handle: u32, result: u32) -> wasmtime::Result<()> {
    let text = guest.data_mut().texts.remove(&handle).unwrap_or_default();
    let memory = memory_of(&mut guest)?;
    let allocate = guest.get_export("cabi_realloc").and_then(wasmtime::Extern::into_func);
    let allocate = allocate.ok_or_else(|| wasmtime::format_err!("the interpreter has no cabi_realloc"))?;
    let allocate = allocate.typed::<(u32, u32, u32, u32), u32>(&guest)?;
    let at = allocate.call(&mut guest, (0, 0, 1, text.len().max(1) as u32))?;
    memory.write(&mut guest, at as usize, text.as_bytes())?;
    memory.write(&mut guest, result as usize, &at.to_le_bytes())?;
    memory.write(&mut guest, result as usize + 4, &(text.len() as u32).to_le_bytes())?;
    Ok(())
}
