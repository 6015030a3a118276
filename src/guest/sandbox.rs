//! The sandbox carrier: a guest as a WebAssembly component in this process, on a thread of its own.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use wasmtime::component::{Component, Linker, ResourceTable, TypedFunc};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::interrupt::Interrupt;
use super::protocol;
use super::sandbox_world::{self, Folder};
use super::sources::Sources;
use super::{Answers, CarrierError, CarrierLink, Plain, reply};
use crate::wasm::{CompiledCache, Exceeded, Limits, Meter, Metered, Runtime, RuntimeSettings, WasmError};

/// Stack of the interpreter, which recurses in C for a nested expression or a recursive function of a library.
pub(super) const STACK: usize = 128 << 20;

/// What the thread needs beside it.
const THREAD_STACK: usize = STACK + (4 << 20);

/// Bytes of one message, whichever way it goes; more than any needs.
pub(super) const LONGEST_MESSAGE: usize = 512 << 20;

/// What to do about Python that it cannot import.
const ADVICE: &str = "The sandbox imports pure Python from the project, its import paths and the pack. `carrier = \"host\"` in \
                      dunlin.toml, for the project or for this migration under [carriers], has it run by the project's own \
                      Python.";

/// How late a guest that is to stop may be before it is left to itself: one that sleeps is not asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a request to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How many of its last lines an error quotes.
const LAST_WORDS: usize = 20;

/// What is to be run.
pub struct SandboxCommand {
    /// How messages name it.
    pub name: String,
    /// SHA-256 of the component.
    pub sha256: [u8; 32],
    /// Reads the component, where it has to be compiled.
    pub component: Box<dyn FnOnce() -> std::io::Result<Vec<u8>> + Send>,
    /// Where compiled components are kept.
    pub cache: Option<CompiledCache>,
    /// Folders that it may read.
    pub folders: Vec<Folder>,
    /// Its working folder.
    pub folder: Option<String>,
    /// Variables of its environment.
    pub environment: Vec<(String, String)>,
    /// The guest's modules, where they are not those in the component.
    pub modules: Option<&'static [(&'static str, &'static str)]>,
    /// How long it may compute between two messages.
    pub time_limit: Duration,
    /// Bytes of memory that it may have.
    pub memory_limit: usize,
    /// Stops it.
    pub interrupt: Interrupt,
}

/// What a guest's thread has to say.
#[derive(Debug)]
pub enum Heard {
    /// A question, which is to be answered.
    Question(String),
    /// A line that was printed.
    Line(String),
    /// The end of an exchange.
    Final(String),
    /// The end of the guest.
    Failed(CarrierError),
}

/// A thread's ends of the ways to and from it. Answers have a way of their own, since the next message may be sent before them.
pub(super) struct Channels {
    pub(super) messages: Receiver<String>,
    pub(super) answers: Receiver<String>,
    pub(super) heard: Sender<Heard>,
}

/// A guest in the sandbox. It starts in the background; the first message waits for that.
pub struct SandboxCarrier {
    name: String,
    component: Option<[u8; 32]>,
    advice: &'static str,
    to_guest: Option<Sender<String>>,
    from_guest: Receiver<Heard>,
    thread: Option<thread::JoinHandle<()>>,
    started: bool,
    /// How many of the messages that it is told next were sent already.
    ahead: usize,
    answers: Sender<String>,
    limit: Duration,
    interrupt: Interrupt,
}

impl SandboxCarrier {
    /// Begins to start it.
    ///
    /// # Errors
    /// [`CarrierError::Start`]: the system gives no thread.
    pub fn start(command: SandboxCommand) -> Result<SandboxCarrier, CarrierError> {
        let (name, limit, interrupt) = (command.name.clone(), command.time_limit, command.interrupt.clone());
        let component = Some(command.sha256);
        let mut carrier =
            SandboxCarrier::spawn(name, ADVICE, limit, interrupt, |channels| serve(command, channels))?;
        carrier.component = component;
        Ok(carrier)
    }

    /// Begins to start a guest whose life `serve` is. It begins with the end of an exchange that nobody began.
    pub(super) fn spawn(
        name: String,
        advice: &'static str,
        limit: Duration,
        interrupt: Interrupt,
        serve: impl FnOnce(Channels) -> Result<(), CarrierError> + Send + 'static,
    ) -> Result<SandboxCarrier, CarrierError> {
        let (to_guest, messages) = mpsc::channel();
        let (answers, answered) = mpsc::channel();
        let (heard, from_guest) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("guest".to_owned())
            .stack_size(THREAD_STACK)
            .spawn(move || {
                let end = heard.clone();
                if let Err(error) = serve(Channels { messages, answers: answered, heard }) {
                    // Nobody listens when the carrier was dropped.
                    let _ = end.send(Heard::Failed(error));
                }
            })
            .map_err(|error| CarrierError::Start { carrier: name.clone(), reason: error.to_string() })?;
        let (to_guest, thread) = (Some(to_guest), Some(thread));
        let component = None;
        Ok(SandboxCarrier {
            name,
            component,
            advice,
            to_guest,
            from_guest,
            thread,
            started: false,
            ahead: 0,
            answers,
            limit,
            interrupt,
        })
    }

    /// Waits until it has started, and gives what its component says of itself.
    ///
    /// # Errors
    /// It does not start.
    pub fn wait_for_start(&mut self, answer: &mut dyn FnMut(&str) -> String) -> Result<String, CarrierError> {
        // The thread begins with the end of an exchange that nobody began.
        let text = self.listen(&mut Plain(answer))?;
        self.started = true;
        Ok(text)
    }

    /// Sends something and waits for the end of the exchange.
    fn exchange(&mut self, message: &str, answers: &mut dyn Answers) -> Result<String, CarrierError> {
        match self.ahead.checked_sub(1) {
            Some(left) => self.ahead = left,
            None => self.send(message.to_owned()),
        }
        self.listen(answers)
    }

    /// Answers questions until the end of an exchange.
    fn listen(&mut self, answers: &mut dyn Answers) -> Result<String, CarrierError> {
        let _watched = self.interrupt.watch();
        let mut last_words = VecDeque::new();
        loop {
            match self.hear()? {
                Heard::Question(question) => {
                    if reply(answers, &question, |text| self.answer(text)) {
                        self.abandon();
                        return Err(CarrierError::Misled);
                    }
                }
                Heard::Line(line) => {
                    answers.answer(&protocol::log_message(&line));
                    if last_words.len() == LAST_WORDS {
                        last_words.pop_front();
                    }
                    last_words.push_back(line);
                }
                Heard::Final(text) => return Ok(text),
                Heard::Failed(CarrierError::Ended { carrier, how, said }) => {
                    let lines: Vec<String> = last_words.into_iter().chain([said]).collect();
                    return Err(CarrierError::Ended { carrier, how, said: lines.join("\n") });
                }
                Heard::Failed(error) => return Err(error),
            }
        }
    }

    fn send(&mut self, text: String) {
        // That it cannot be sent means that the thread is at its end, and says so.
        if let Some(to_guest) = &self.to_guest {
            let _ = to_guest.send(text);
        }
    }

    fn answer(&self, text: String) {
        // As above.
        let _ = self.answers.send(text);
    }

    /// The next thing that the guest says. It is ended from inside when it computes for too long; this notices what cannot
    /// be, like a guest that sleeps.
    fn hear(&mut self) -> Result<Heard, CarrierError> {
        let deadline = Instant::now() + self.limit + PATIENCE;
        let mut interrupted: Option<Instant> = None;
        loop {
            match self.from_guest.recv_timeout(GLANCE) {
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Disconnected) => {
                    let (how, said) = (String::new(), String::new());
                    return Err(CarrierError::Ended { carrier: self.name.clone(), how, said });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.interrupt.is_raised() {
                let since = *interrupted.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    self.abandon();
                    return Err(CarrierError::Interrupted);
                }
            }
            // Compiling, when it starts, is not the guest's doing.
            if self.started && Instant::now() > deadline {
                self.abandon();
                return Err(CarrierError::OutOfTime { limit: self.limit });
            }
        }
    }

    /// Leaves the thread to itself: it ends when it next computes or asks.
    fn abandon(&mut self) {
        self.to_guest = None;
        self.answers = mpsc::channel().0;
        self.thread = None;
    }
}

impl CarrierLink for SandboxCarrier {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn advice(&self) -> Option<String> {
        Some(self.advice.to_owned())
    }

    fn interpreter(&self) -> Option<[u8; 32]> {
        self.component
    }

    fn send_ahead(&mut self, message: &str) -> bool {
        if self.started {
            self.send(message.to_owned());
            self.ahead += 1;
        }
        self.started
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        self.converse_ahead(message, &mut Plain(answer))
    }

    fn converse_ahead(&mut self, message: &str, answers: &mut dyn Answers) -> Result<String, CarrierError> {
        if !self.started {
            self.wait_for_start(&mut |question| answers.answer(question))?;
        }
        self.exchange(message, answers)
    }
}

impl Drop for SandboxCarrier {
    fn drop(&mut self) {
        // One that was sent ahead may compute for long.
        if self.ahead > 0 {
            self.abandon();
        }
        self.to_guest = None;
        self.answers = mpsc::channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The data of the guest's store.
struct World {
    wasi: WasiCtx,
    table: ResourceTable,
    meter: Meter,
    sources: Sources,
    answers: Receiver<String>,
    heard: Sender<Heard>,
}

impl Metered for World {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The life of a guest, on its thread.
fn serve(command: SandboxCommand, channels: Channels) -> Result<(), CarrierError> {
    let Channels { messages, answers, heard } = channels;
    let sources = Sources::default();
    let (mut guest, inventory) = Instance::start(command, answers, &heard, &sources)?;
    if heard.send(Heard::Final(inventory)).is_err() {
        return Ok(());
    }
    while let Ok(message) = messages.recv() {
        sources_of(&message, &sources);
        let last = guest.converse(&message)?;
        if heard.send(Heard::Final(last)).is_err() {
            break;
        }
    }
    Ok(())
}

/// A migration that is run has a clock and randomness of its own.
pub(super) fn sources_of(message: &str, sources: &Sources) {
    #[derive(Deserialize)]
    struct Wanted {
        #[serde(default)]
        seed: Option<String>,
        #[serde(default)]
        now: Option<String>,
    }
    if let Ok(wanted) = serde_json::from_str::<Wanted>(message) {
        let seed = wanted.seed.and_then(|seed| seed.parse().ok());
        let now = wanted.now.and_then(|now| now.parse::<i64>().ok());
        sources.set(seed, now.map(|now| u64::try_from(now).unwrap_or(0)));
    }
}

/// How components of guests are compiled and run.
pub fn runtime_settings(cache: Option<CompiledCache>) -> RuntimeSettings {
    RuntimeSettings { stack: STACK, optimise: true, cache }
}

/// What a user is told who waits for it.
pub(super) const COMPILING: &str = "Compiling the pack for this machine, once.";

struct Instance {
    name: String,
    runtime: Runtime,
    store: Store<World>,
    function: TypedFunc<(String,), (String,)>,
    interrupt: Interrupt,
}

impl Instance {
    fn start(
        command: SandboxCommand,
        answers: Receiver<String>,
        heard: &Sender<Heard>,
        sources: &Sources,
    ) -> Result<(Instance, String), CarrierError> {
        let name = command.name.clone();
        let refused = |reason: String| CarrierError::Start { carrier: name.clone(), reason };
        let failed = |error: wasmtime::Error| refused(format!("{error:#}"));
        let runtime =
            Runtime::new(runtime_settings(command.cache)).map_err(|error| refused(error.to_string()))?;
        let component = command.component;
        let to_compile = || {
            let _ = heard.send(Heard::Line(COMPILING.to_owned()));
            Ok(component()?)
        };
        let (component, _) = runtime
            .load_known::<Component, _, NotLoaded>(&command.sha256, to_compile)
            .map_err(|error| refused(error.to_string()))?;

        let limits =
            Limits { memory: command.memory_limit, time: command.time_limit, output: LONGEST_MESSAGE };
        let wasi = sandbox_world::build(&command.folders, sources, heard).map_err(failed)?;
        let world = World {
            wasi,
            table: ResourceTable::new(),
            meter: Meter::new(limits),
            sources: sources.clone(),
            answers,
            heard: heard.clone(),
        };
        let mut store = runtime.store(world);
        let interrupt = command.interrupt.clone();
        store.epoch_deadline_callback(move |mut context| {
            if interrupt.is_raised() {
                return Err(wasmtime::format_err!("interrupted"));
            }
            context.data_mut().meter.check_time()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let mut linker = Linker::new(runtime.engine());
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(failed)?;
        linker.root().func_wrap("exchange", ask).map_err(failed)?;
        let function = runtime
            .call(&mut store, |store| {
                let instance = linker.instantiate(&mut *store, &component)?;
                instance.get_typed_func(&mut *store, "converse")
            })
            .map_err(failed)?;
        let mut guest =
            Instance { name: name.clone(), runtime, store, function, interrupt: command.interrupt };
        let preparation = json!({
            "component": "prepare",
            "environment": command.environment.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "folder": command.folder,
            "modules": command.modules,
        });
        let inventory = guest.converse(&preparation.to_string())?;
        Ok((guest, inventory))
    }

    fn converse(&mut self, message: &str) -> Result<String, CarrierError> {
        let function = self.function;
        let called = self.runtime.call(&mut self.store, |store| function.call(store, (message.to_owned(),)));
        called.map(|(last,)| last).map_err(|error| self.failure(&error))
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

/// A guest is about to call a migration: see [`Sources::enter`].
const ENTER: &str = r#"{"type": "enter"}"#;

/// A question of the guest. The time until its answer is not the guest's, and after it the guest has its whole time again.
fn ask(
    mut context: wasmtime::StoreContextMut<'_, World>,
    (question,): (String,),
) -> wasmtime::Result<(String,)> {
    let world = context.data_mut();
    if question == ENTER {
        world.sources.enter();
        return Ok((r#"{"type": "ok"}"#.to_owned(),));
    }
    let gone = || wasmtime::format_err!("the engine is gone");
    world.heard.send(Heard::Question(question)).map_err(|_| gone())?;
    let answer = world.answers.recv().map_err(|_| gone())?;
    world.meter.restart();
    Ok((answer,))
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotLoaded {
    #[error(transparent)]
    Wasm(#[from] WasmError),
    #[error("the pack's component cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}
