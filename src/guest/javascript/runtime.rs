//! The thread that runs a guest, and the way to it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime};
use serde::Deserialize;

use super::JavaScriptError;
use super::bytecode::Bytecode;
use super::files::Files;
use super::host::{self, World};
use crate::guest::sources::Sources;
use crate::guest::{Answers, reply};
use crate::wasm::CompiledCache;

/// Stack that a guest may use; rquickjs takes more than 16 MB for no limit at all.
const STACK: usize = 15 << 20;

/// Stack of its thread: QuickJS recurses beyond its limit by what one call of it needs, and the parser of TypeScript is not
/// bound by it.
const THREAD_STACK: usize = STACK + (49 << 20);

/// Bytes before QuickJS first looks for garbage in circles, which it does each time its memory has grown by half. Loading Knex
/// takes a few of its own 256 KiB, and leaves next to none.
const UNCOLLECTED: usize = 16 << 20;

/// How late a guest that is to stop may be before it is left to itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a request to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// The module that is evaluated first.
const BOOT: &str = "sandbox/boot.js";

/// What is to be run.
pub struct JavaScriptCommand {
    /// The guest's modules, by their paths.
    pub modules: &'static [(&'static str, &'static str)],
    /// Folders that it may read, with all that is in them.
    pub folders: Vec<PathBuf>,
    /// Its working folder.
    pub folder: PathBuf,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// How long it may compute between two messages.
    pub time_limit: Duration,
    /// Bytes of memory that it may have.
    pub memory_limit: usize,
    /// Says whether it is to stop.
    pub interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Where bytecode is kept.
    pub cache: Option<CompiledCache>,
    /// What tells the bytecode of its packages from that of others.
    pub packages: PathBuf,
}

/// What a guest's thread has to say.
enum Heard {
    Question(String),
    Final(String),
    Failed(JavaScriptError),
    /// It has ended, and kept what it has to.
    Kept,
}

/// A guest in QuickJS. It starts in the background; the first message waits for that.
pub struct JavaScriptCarrier {
    to_guest: Option<Sender<String>>,
    from_guest: Receiver<Heard>,
    meter: Arc<Meter>,
    interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether it has bytecode to keep when it ends.
    keeps: Arc<AtomicBool>,
    /// How many of the messages that it is told next were sent already.
    ahead: usize,
    answers: Sender<String>,
    thread: Option<thread::JoinHandle<()>>,
}

impl JavaScriptCarrier {
    /// Begins to start it.
    ///
    /// # Errors
    /// [`JavaScriptError::Start`]: the system gives no thread.
    pub fn start(command: JavaScriptCommand) -> Result<JavaScriptCarrier, JavaScriptError> {
        let (to_guest, messages) = mpsc::channel();
        let (answers, answered) = mpsc::channel();
        let (heard, from_guest) = mpsc::channel();
        let meter = Arc::new(Meter::new(command.time_limit));
        let interrupted = command.interrupted.clone();
        let of_thread = meter.clone();
        let keeps = Arc::new(AtomicBool::new(false));
        let kept = keeps.clone();
        let thread = thread::Builder::new()
            .name("guest".to_owned())
            .stack_size(THREAD_STACK)
            .spawn(move || {
                let end = heard.clone();
                if let Err(error) = serve(command, (messages, answered), heard, of_thread, &kept) {
                    // Nobody listens when the carrier was dropped.
                    let _ = end.send(Heard::Failed(error));
                }
            })
            .map_err(|error| JavaScriptError::Start { reason: error.to_string() })?;
        Ok(JavaScriptCarrier {
            to_guest: Some(to_guest),
            from_guest,
            meter,
            interrupted,
            keeps,
            ahead: 0,
            answers,
            thread: Some(thread),
        })
    }

    /// Sends what [`JavaScriptCarrier::converse`] is called with next, and does not wait.
    pub fn send_ahead(&mut self, message: &str) {
        self.send(message.to_owned());
        self.ahead += 1;
    }

    /// Sends a message of the engine, answers the guest's questions, and gives its final message.
    ///
    /// # Errors
    /// The guest failed as a program; it cannot be talked to any more.
    #[cfg(test)]
    pub fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, JavaScriptError> {
        self.converse_ahead(message, &mut crate::guest::Plain(answer))
    }

    /// The same with answers that may be foretold.
    ///
    /// # Errors
    /// Also [`JavaScriptError::Misled`].
    pub fn converse_ahead(
        &mut self,
        message: &str,
        answers: &mut dyn Answers,
    ) -> Result<String, JavaScriptError> {
        self.meter.restart();
        match self.ahead.checked_sub(1) {
            Some(left) => self.ahead = left,
            None => self.send(message.to_owned()),
        }
        loop {
            match self.hear()? {
                Heard::Question(question) => {
                    if reply(answers, &question, |text| self.answer(text)) {
                        self.abandon();
                        return Err(JavaScriptError::Misled);
                    }
                    // One that was told early may have computed meanwhile, and may still.
                    self.meter.restart();
                }
                Heard::Final(text) => return Ok(text),
                Heard::Failed(error) => return Err(error),
                Heard::Kept => return Err(JavaScriptError::Ended { reason: "it has ended".to_owned() }),
            }
        }
    }

    fn send(&self, text: String) {
        // That it cannot be sent means that the thread is at its end, and says so.
        if let Some(to_guest) = &self.to_guest {
            let _ = to_guest.send(text);
        }
    }

    fn answer(&self, text: String) {
        // The time until the answer is not the guest's.
        self.meter.restart();
        let _ = self.answers.send(text);
    }

    /// The next thing that the guest says. It is ended from inside when it computes for too long; this notices what cannot
    /// be, like one long call of a function of the runtime.
    fn hear(&mut self) -> Result<Heard, JavaScriptError> {
        let mut interrupted: Option<Instant> = None;
        loop {
            match self.from_guest.recv_timeout(GLANCE) {
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(JavaScriptError::Ended { reason: "its thread is gone".to_owned() });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if (self.interrupted)() {
                let since = *interrupted.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    self.abandon();
                    return Err(JavaScriptError::Interrupted);
                }
            }
            if self.meter.late() > PATIENCE {
                self.abandon();
                return Err(JavaScriptError::OutOfTime { limit: self.meter.limit });
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

impl Drop for JavaScriptCarrier {
    fn drop(&mut self) {
        // Its thread ends when nobody can send to it any more. Nobody has to wait for that, unless it keeps something.
        self.to_guest = None;
        self.answers = mpsc::channel().0;
        let end = Instant::now() + PATIENCE;
        while self.thread.is_some() && self.keeps.load(Ordering::SeqCst) {
            match self.from_guest.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Heard::Question(_) | Heard::Final(_)) => {}
                Ok(Heard::Kept | Heard::Failed(_)) | Err(_) => return,
            }
        }
    }
}

// -- time

/// How long a guest may still compute.
#[derive(Debug)]
pub struct Meter {
    limit: Duration,
    began: Instant,
    /// Milliseconds after `began`.
    deadline: AtomicU64,
    exceeded: AtomicU8,
}

const TIME: u8 = 1;
const INTERRUPT: u8 = 2;

impl Meter {
    fn new(limit: Duration) -> Meter {
        let meter =
            Meter { limit, began: Instant::now(), deadline: AtomicU64::new(0), exceeded: AtomicU8::new(0) };
        meter.restart();
        meter
    }

    /// Gives the guest its whole time again.
    pub fn restart(&self) {
        self.allow(self.limit);
    }

    /// Gives it this time from now.
    fn allow(&self, time: Duration) {
        let end = self.began.elapsed() + time;
        self.deadline.store(u64::try_from(end.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// How long it is over its time.
    fn late(&self) -> Duration {
        let deadline = Duration::from_millis(self.deadline.load(Ordering::SeqCst));
        self.began.elapsed().saturating_sub(deadline)
    }

    /// Whether the guest has to stop; remembers why.
    fn is_over(&self, interrupted: &dyn Fn() -> bool) -> bool {
        if interrupted() {
            self.exceeded.store(INTERRUPT, Ordering::SeqCst);
        } else if !self.late().is_zero() {
            self.exceeded.store(TIME, Ordering::SeqCst);
        }
        self.exceeded().is_some()
    }

    fn exceeded(&self) -> Option<JavaScriptError> {
        match self.exceeded.load(Ordering::SeqCst) {
            TIME => Some(JavaScriptError::OutOfTime { limit: self.limit }),
            INTERRUPT => Some(JavaScriptError::Interrupted),
            _ => None,
        }
    }
}

// -- the thread

fn serve(
    command: JavaScriptCommand,
    (messages, answers): (Receiver<String>, Receiver<String>),
    heard: Sender<Heard>,
    meter: Arc<Meter>,
    keeps: &AtomicBool,
) -> Result<(), JavaScriptError> {
    let refused = |error: rquickjs::Error| JavaScriptError::Start { reason: error.to_string() };
    let runtime = Runtime::new().map_err(refused)?;
    runtime.set_memory_limit(command.memory_limit);
    runtime.set_gc_threshold(UNCOLLECTED.min(command.memory_limit / 8));
    runtime.set_max_stack_size(STACK);
    let interrupted = command.interrupted.clone();
    let watched = meter.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || watched.is_over(&*interrupted))));
    runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, handled| {
        // Without memory it cannot be noted, and then there are other things to tell.
        let _ = host::object(&ctx)
            .and_then(|host| host.get::<_, Function>("rejected"))
            .and_then(|note| note.call::<_, ()>((promise, reason, handled)));
    })));
    let context = Context::full(&runtime).map_err(refused)?;
    let sources = Sources::default();
    let packages = command.packages.to_string_lossy();
    let bytecode = Rc::new(RefCell::new(Bytecode::open(command.cache, packages.as_bytes())));
    let asked = {
        let (heard, meter) = (heard.clone(), meter.clone());
        move |question: String| -> Option<String> {
            heard.send(Heard::Question(question)).ok()?;
            let answer = answers.recv().ok()?;
            meter.restart();
            Some(answer)
        }
    };
    let world = World {
        modules: command.modules,
        files: Files::new(&command.folders),
        folder: command.folder.to_string_lossy().into_owned(),
        environment: command.environment,
        sources: sources.clone(),
        bytecode: bytecode.clone(),
        ask: Box::new(asked),
    };
    let guest =
        Guest { memory_limit: command.memory_limit, interrupted: command.interrupted, meter, sources };
    let result = context.with(|ctx| {
        guest.boot(&ctx, world)?;
        while let Ok(message) = messages.recv() {
            guest.meter.restart();
            let Some(last) = guest.exchange(&ctx, &message)? else { return Ok(()) };
            keeps.store(bytecode.borrow().is_new(), Ordering::SeqCst);
            if heard.send(Heard::Final(last)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    });
    if result.is_ok() && keeps.load(Ordering::SeqCst) {
        bytecode.borrow_mut().keep();
        // Nobody may be waiting.
        let _ = heard.send(Heard::Kept);
    }
    if result.is_err() {
        // A runtime that was stopped in the middle of something may hold what it cannot take apart.
        std::mem::forget(context);
        std::mem::forget(runtime);
    }
    result
}

struct Guest {
    memory_limit: usize,
    interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    meter: Arc<Meter>,
    sources: Sources,
}

/// The parts of a message that the carrier itself looks at.
#[derive(Deserialize)]
struct Origin {
    #[serde(rename = "type")]
    kind: String,
    seed: Option<String>,
    now: Option<String>,
}

/// What the guest's loop says when it is asked what is next: how long to wait, or one of these.
const FINISHED: f64 = -2.0;
const NOTHING_LEFT: f64 = -1.0;

impl Guest {
    fn boot(&self, ctx: &Ctx<'_>, world: World) -> Result<(), JavaScriptError> {
        let source = world.modules.iter().find(|(name, _)| *name == BOOT).map(|(_, source)| *source);
        let source =
            source.ok_or_else(|| JavaScriptError::Start { reason: format!("there is no {BOOT}") })?;
        let result = host::install(ctx, world)
            .and_then(|()| host::evaluate::<()>(ctx, source.to_owned(), format!("dunlin:{BOOT}")));
        self.check(ctx, result)
    }

    /// One exchange; `None` after `stop`.
    fn exchange(&self, ctx: &Ctx<'_>, message: &str) -> Result<Option<String>, JavaScriptError> {
        let origin: Option<Origin> = serde_json::from_str(message).ok();
        if let Some(origin) = &origin {
            let run = origin.kind == "run";
            let number =
                |text: &Option<String>| text.as_ref().filter(|_| run).and_then(|text| text.parse().ok());
            self.sources.set(number(&origin.seed), number(&origin.now));
            if origin.kind == "stop" {
                return Ok(None);
            }
        }
        let host: Object<'_> = self.check(ctx, host::object(ctx))?;
        let begun = host.get("converse").and_then(|begin: Function<'_>| begin.call::<_, ()>((message,)));
        self.check(ctx, begun)?;
        loop {
            self.drain(ctx, &host)?;
            let next = host.get("next").and_then(|next: Function<'_>| next.call::<_, f64>(()));
            let wait = self.check(ctx, next)?;
            if wait == FINISHED {
                let last: String = self.check(ctx, host.get("final"))?;
                return if is_out_of_memory(&last) { Err(self.out_of_memory()) } else { Ok(Some(last)) };
            } else if wait == NOTHING_LEFT {
                let reason = "it waits for something that will never happen".to_owned();
                return Err(JavaScriptError::Ended { reason });
            }
            if wait > 0.0 {
                let idle = self.check(ctx, host.get("idle"))?;
                self.sleep(Duration::from_secs_f64((wait / 1000.0).min(86_400.0)), idle)?;
            }
        }
    }

    /// Runs what is due now: Node's ticks before the reactions of promises, in turn.
    fn drain(&self, ctx: &Ctx<'_>, host: &Object<'_>) -> Result<(), JavaScriptError> {
        loop {
            let ticks = host.get("ticks").and_then(|ticks: Function<'_>| ticks.call::<_, bool>(()));
            let ticked = self.check(ctx, ticks)?;
            let mut worked = false;
            while ctx.execute_pending_job() {
                worked = true;
                if let Some(error) = self.meter.exceeded() {
                    return Err(error);
                }
            }
            if let Some(error) = self.meter.exceeded() {
                return Err(error);
            }
            if !ticked && !worked {
                return Ok(());
            }
        }
    }

    /// Waits for a timer. That is not computing, unless it is idle, and time passes for the guest's clock.
    fn sleep(&self, time: Duration, idle: bool) -> Result<(), JavaScriptError> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if !idle {
                self.meter.allow(self.meter.limit + left);
            }
            if self.meter.is_over(&*self.interrupted) {
                return Err(self.meter.exceeded().unwrap_or(JavaScriptError::Interrupted));
            }
            thread::sleep(left.min(GLANCE));
        }
        if !idle {
            self.meter.restart();
        }
        self.sources.advance(time);
        Ok(())
    }

    /// A failure of our own half of the guest, or the end of what it may have.
    fn check<T>(&self, ctx: &Ctx<'_>, result: rquickjs::Result<T>) -> Result<T, JavaScriptError> {
        result.catch(ctx).map_err(|error| {
            if let Some(exceeded) = self.meter.exceeded() {
                return exceeded;
            }
            let reason = match &error {
                CaughtError::Exception(exception) => {
                    let message = exception.message().unwrap_or_default();
                    format!("{message}\n{}", exception.stack().unwrap_or_default())
                }
                other => other.to_string(),
            };
            if reason.contains("out of memory") {
                return self.out_of_memory();
            }
            JavaScriptError::Ended { reason: reason.trim_end().to_owned() }
        })
    }

    fn out_of_memory(&self) -> JavaScriptError {
        JavaScriptError::OutOfMemory { limit: self.memory_limit }
    }
}

/// Whether a final message says that the memory was used up, which the guest survived for as long as it took to say so.
fn is_out_of_memory(last: &str) -> bool {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(default)]
        out_of_memory: bool,
    }
    last.contains("out_of_memory")
        && serde_json::from_str::<Failure>(last).is_ok_and(|failure| failure.out_of_memory)
}
