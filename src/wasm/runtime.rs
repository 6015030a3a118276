//! The engine that compiles and runs guests.

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Module, OptLevel, Store, UpdateDeadline};

use super::cache::CompiledCache;
use super::error::WasmError;
use super::limits::{Exceeded, Metered};
use super::ticker::Ticker;

/// What differs between users of WebAssembly.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Bytes of stack for a guest; 512 KiB is plenty for compiled code, an interpreter wants more.
    pub stack: usize,
    /// Whether compiling takes time to make faster code. Off, for tests and a first try, it is several times as fast.
    pub optimise: bool,
    /// Where compiled code is kept; `None` compiles every time.
    pub cache: Option<CompiledCache>,
}

impl Default for RuntimeSettings {
    fn default() -> RuntimeSettings {
        RuntimeSettings { stack: 512 << 10, optimise: true, cache: CompiledCache::of_user() }
    }
}

/// Stack that is left to host functions above a guest's own.
const HOST_STACK: usize = 1 << 20;

/// Compiles and runs guests. One serves all guests of a process that want the same settings, from any thread.
#[derive(Debug)]
pub struct Runtime {
    engine: Engine,
    ticker: Ticker,
    cache: Option<CompiledCache>,
}

/// Where code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was compiled now.
    Compiled,
    /// It was mapped from the cache.
    Cached,
}

impl Runtime {
    /// Configures wasmtime and starts the clock.
    ///
    /// # Errors
    /// [`WasmError::Runtime`]: the machine is none that wasmtime runs on, or gives no thread.
    pub fn new(settings: RuntimeSettings) -> Result<Runtime, WasmError> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .max_wasm_stack(settings.stack)
            .async_stack_size(settings.stack + HOST_STACK)
            // Guests are synchronous; the bookkeeping of concurrent ones costs every call.
            .concurrency_support(false)
            // Two machines that run the same guest on the same rows get the same bits.
            .cranelift_nan_canonicalization(true)
            .wasm_relaxed_simd(false)
            .cranelift_opt_level(if settings.optimise { OptLevel::Speed } else { OptLevel::None });
        let engine = Engine::new(&config).map_err(WasmError::Runtime)?;
        let ticker = Ticker::start(&engine).map_err(|error| WasmError::Runtime(error.into()))?;
        Ok(Runtime { engine, ticker, cache: settings.cache })
    }

    /// wasmtime's engine, for linkers.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A digest of all that compiled code depends on besides the code: wasmtime's version, the target, the processor's
    /// features, the settings.
    pub fn compatibility(&self) -> String {
        CompiledCache::key(&self.engine, "", &[]).to_string()
    }

    /// Code from WebAssembly's binary form: mapped if it was compiled on this machine before, else compiled and kept.
    /// A cache that cannot be used only costs time.
    ///
    /// # Errors
    /// [`WasmError::Invalid`]. Machine code is refused, too: its origin is not known.
    pub fn load<C: Code>(&self, wasm: &[u8]) -> Result<(C, Origin), WasmError> {
        let Some(cache) = &self.cache else {
            return Ok((self.compile(wasm)?, Origin::Compiled));
        };
        let key = CompiledCache::key(&self.engine, C::KIND, &Sha256::digest(wasm));
        if let Some(code) = cache.load(&self.engine, &key) {
            return Ok((code, Origin::Cached));
        }
        let code = self.compile(wasm)?;
        cache.store(&key, &code);
        Ok((code, Origin::Compiled))
    }

    /// The same for code whose SHA-256 is known: what is in the cache is not even read. `wasm` gives the binary form
    /// where it has to be compiled.
    ///
    /// # Errors
    /// Those of [`Runtime::load`] and of `wasm`; [`WasmError::Changed`] when the binary has another digest.
    pub fn load_known<C: Code, B: AsRef<[u8]>, E: From<WasmError>>(
        &self,
        sha256: &[u8; 32],
        wasm: impl FnOnce() -> Result<B, E>,
    ) -> Result<(C, Origin), E> {
        let key = CompiledCache::key(&self.engine, C::KIND, sha256);
        if let Some(code) = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &key)) {
            return Ok((code, Origin::Cached));
        }
        let wasm = wasm()?;
        if Sha256::digest(&wasm)[..] != sha256[..] {
            return Err(WasmError::Changed.into());
        }
        let code = self.compile(wasm.as_ref())?;
        if let Some(cache) = &self.cache {
            cache.store(&key, &code);
        }
        Ok((code, Origin::Compiled))
    }

    fn compile<C: Code>(&self, wasm: &[u8]) -> Result<C, WasmError> {
        let invalid = |error| WasmError::Invalid { kind: C::KIND, error };
        if Engine::detect_precompiled(wasm).is_some() {
            return Err(invalid(wasmtime::format_err!("it is machine code")));
        }
        C::compile(&self.engine, wasm).map_err(invalid)
    }

    /// A store whose guest is held to the limits of its meter.
    pub fn store<T: Metered + 'static>(&self, mut data: T) -> Store<T> {
        let output = data.meter().limits().output;
        let mut store = Store::new(&self.engine, data);
        store.limiter(|data| data.meter());
        store.set_hostcall_fuel(output);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().meter().check_time()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }

    /// Calls a guest: instantiates it or calls a function of it inside `work`, for no longer than the limits allow.
    ///
    /// # Errors
    /// Those of `work`. [`super::Meter::exceeded`] tells whether a limit was the cause; after a trap the guest's
    /// memory is in no defined state, and the store is to be dropped.
    pub fn call<T: Metered + 'static, R>(
        &self,
        store: &mut Store<T>,
        work: impl FnOnce(&mut Store<T>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        let _running = self.ticker.run();
        store.data_mut().meter().begin();
        let result = work(store);
        let meter = store.data_mut().meter();
        meter.end();
        // wasmtime has no type for it; a test holds the words.
        if let Err(error) = &result
            && error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls"))
        {
            let output = meter.limits().output;
            meter.exceed(Exceeded::Output(output));
        }
        result
    }
}

/// What can be compiled: a [`Component`] or a core [`Module`].
pub trait Code: Sized + sealed::Sealed {
    /// Its name in messages and keys.
    const KIND: &'static str;

    /// Compiles the binary form.
    ///
    /// # Errors
    /// It is not valid, or uses what the engine does not offer.
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self>;

    /// The machine code, in wasmtime's own format.
    ///
    /// # Errors
    /// wasmtime cannot write it.
    fn machine_code(&self) -> wasmtime::Result<Vec<u8>>;
}

impl Code for Component {
    const KIND: &'static str = "component";

    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
        Component::from_binary(engine, wasm)
    }

    fn machine_code(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }
}

impl Code for Module {
    const KIND: &'static str = "module";

    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Module> {
        Module::from_binary(engine, wasm)
    }

    fn machine_code(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }
}

pub(super) mod sealed {
    use std::path::Path;

    use super::{Component, Engine, Module};

    /// Mapping of machine code, which is for the cache alone.
    pub trait Sealed: Sized {
        /// Maps a file of machine code.
        ///
        /// # Safety
        /// The file was written by [`super::Code::machine_code`] and is not changed while it is mapped.
        #[allow(
            unsafe_code,
            reason = "wasmtime cannot check machine code; the cache does, and is the only caller"
        )]
        unsafe fn map(engine: &Engine, file: &Path) -> wasmtime::Result<Self>;
    }

    impl Sealed for Component {
        #[allow(unsafe_code, reason = "the caller keeps the promise")]
        unsafe fn map(engine: &Engine, file: &Path) -> wasmtime::Result<Component> {
            // SAFETY: the caller's promise is the one that is asked for here.
            unsafe { Component::deserialize_file(engine, file) }
        }
    }

    impl Sealed for Module {
        #[allow(unsafe_code, reason = "the caller keeps the promise")]
        unsafe fn map(engine: &Engine, file: &Path) -> wasmtime::Result<Module> {
            // SAFETY: the caller's promise is the one that is asked for here.
            unsafe { Module::deserialize_file(engine, file) }
        }
    }
}
