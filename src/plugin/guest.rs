//! What a running plugin can reach, and how its end is explained.

use wasmtime::component::{HasData, HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::sync as wasi_sync;
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::bindings::{database, log};
use super::error::{Capability, Cause, NotGranted};
use super::log::Log;
use super::settings::{Grants, PluginSettings};
use super::step::Link;
use crate::wasm::{Meter, Metered};

/// What a plugin prints is kept up to so many bytes; then printing fails.
const PRINTED: usize = 256 << 10;

/// Handles that a guest may hold at a time.
const HANDLES: usize = 10_000;

/// The data of a plugin's store.
pub struct Guest {
    meter: Meter,
    wasi: WasiCtx,
    table: ResourceTable,
    printed: [MemoryOutputPipe; 2],
    /// What it said.
    pub log: Log,
    asked_for_files: bool,
    files_granted: bool,
    /// The way to the database, for a step.
    pub database: Option<Link>,
}

impl Guest {
    /// A guest that has said and used nothing.
    ///
    /// # Errors
    /// A folder that is granted is not there.
    pub fn new(settings: &PluginSettings) -> wasmtime::Result<Guest> {
        let printed = [MemoryOutputPipe::new(PRINTED), MemoryOutputPipe::new(PRINTED)];
        let mut wasi = WasiCtx::builder();
        wasi.stdout(printed[0].clone())
            .stderr(printed[1].clone())
            // The seed of hash tables; it decides nothing that is granted.
            .insecure_random_seed(0)
            .max_random_size(1 << 20)
            .allow_tcp(false)
            .allow_udp(false);
        for (name, folder) in &settings.grants.read {
            wasi.preopened_dir(folder, name, FsPerms::ReadOnly)?;
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Ok(Guest {
            meter: Meter::new(settings.limits),
            wasi: wasi.build(),
            table,
            printed,
            log: Log::new(&settings.options),
            asked_for_files: false,
            files_granted: !settings.grants.read.is_empty(),
            database: None,
        })
    }

    /// Why a call ended with this error.
    pub fn explain(&self, error: &wasmtime::Error) -> Cause {
        if let Some(exceeded) = self.meter.exceeded() {
            return Cause::Exceeded(exceeded);
        }
        if let Some(NotGranted(capability)) = error.downcast_ref() {
            return Cause::NotGranted(*capability);
        }
        if self.asked_for_files && !self.files_granted {
            return Cause::NotGranted(Capability::Files);
        }
        let reason = match (error.downcast_ref::<wasmtime::Trap>(), error.downcast_ref::<I32Exit>()) {
            (Some(trap), _) => trap.to_string().trim_start_matches("wasm trap: ").to_owned(),
            (None, Some(exit)) => format!("it ended itself with exit code {}", exit.0),
            (None, None) => error.root_cause().to_string(),
        };
        Cause::Trap(match self.last_words() {
            Some(words) => format!("{words} ({reason})"),
            None => reason,
        })
    }

    /// Whether it looked for files that it was not granted: an error of its own is likely about them.
    pub fn missed_files(&self) -> bool {
        self.asked_for_files && !self.files_granted
    }

    /// What it last called an error, or printed on standard error.
    fn last_words(&self) -> Option<String> {
        if let Some(message) = self.log.last_error() {
            return Some(message.to_owned());
        }
        let printed = self.printed[1].contents();
        let printed = String::from_utf8_lossy(&printed);
        let line = printed.trim_end().rsplit('\n').next().unwrap_or_default().trim();
        (!line.is_empty()).then(|| self.log.masked(line))
    }
}

impl Metered for Guest {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl log::Host for Guest {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.log.push(level, &message);
        Ok(())
    }
}

/// Everything that a plugin may import. What is not granted is there all the same, because language runtimes import
/// more than they use, and traps when it is called.
pub fn linker(engine: &wasmtime::Engine, grants: &Grants) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    log::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)?;
    database::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)?;

    wasmtime_wasi::p2::bindings::io::error::add_to_linker::<Guest, HasTable>(l, |guest| &mut guest.table)?;
    wasi_sync::io::poll::add_to_linker::<Guest, HasTable>(l, |guest| &mut guest.table)?;
    wasi_sync::io::streams::add_to_linker::<Guest, HasTable>(l, |guest| &mut guest.table)?;
    cli::exit::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::environment::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::stdin::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::stdout::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::stderr::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::terminal_input::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::terminal_output::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;
    cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(l, |guest| guest.cli())?;

    random::insecure_seed::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.wasi.random())?;
    if grants.random {
        random::random::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.wasi.random())?;
        random::insecure::add_to_linker::<Guest, WasiRandom>(l, |guest| guest.wasi.random())?;
    } else {
        random::random::add_to_linker::<Guest, Bounded>(l, bound)?;
        random::insecure::add_to_linker::<Guest, Bounded>(l, bound)?;
    }
    if grants.clock {
        clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(l, |guest| guest.clocks())?;
        clocks::monotonic_clock::add_to_linker::<Guest, Waiting>(l, wait)?;
    } else {
        clocks::wall_clock::add_to_linker::<Guest, Bounded>(l, bound)?;
        clocks::monotonic_clock::add_to_linker::<Guest, Bounded>(l, bound)?;
    }
    filesystem::preopens::add_to_linker::<Guest, Bounded>(l, bound)?;
    wasi_sync::filesystem::types::add_to_linker::<Guest, WasiFilesystem>(l, |guest| guest.filesystem())?;

    // The context denies every address; asking for the network at all ends the guest.
    sockets::instance_network::add_to_linker::<Guest, Bounded>(l, bound)?;
    sockets::network::add_to_linker::<Guest, WasiSockets>(
        l,
        &sockets::network::LinkOptions::default(),
        |guest| guest.sockets(),
    )?;
    sockets::ip_name_lookup::add_to_linker::<Guest, WasiSockets>(l, |guest| guest.sockets())?;
    sockets::tcp_create_socket::add_to_linker::<Guest, WasiSockets>(l, |guest| guest.sockets())?;
    wasi_sync::sockets::tcp::add_to_linker::<Guest, WasiSockets>(l, |guest| guest.sockets())?;
    wasi_sync::sockets::udp_create_socket::add_to_linker::<Guest, WasiSockets>(l, |guest| guest.sockets())?;
    wasi_sync::sockets::udp::add_to_linker::<Guest, WasiSockets>(l, |guest| guest.sockets())?;
    Ok(linker)
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// What is not granted.
struct Bounded;

impl HasData for Bounded {
    type Data<'a> = Bound<'a>;
}

struct Bound<'a>(&'a mut Guest);

fn bound(guest: &mut Guest) -> Bound<'_> {
    Bound(guest)
}

fn refuse<T>(capability: Capability) -> wasmtime::Result<T> {
    Err(NotGranted(capability).into())
}

impl random::random::Host for Bound<'_> {
    fn get_random_bytes(&mut self, _length: u64) -> wasmtime::Result<Vec<u8>> {
        refuse(Capability::Random)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        refuse(Capability::Random)
    }
}

impl random::insecure::Host for Bound<'_> {
    fn get_insecure_random_bytes(&mut self, _length: u64) -> wasmtime::Result<Vec<u8>> {
        refuse(Capability::Random)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        refuse(Capability::Random)
    }
}

impl clocks::wall_clock::Host for Bound<'_> {
    fn now(&mut self) -> wasmtime::Result<clocks::wall_clock::Datetime> {
        refuse(Capability::Clock)
    }

    fn resolution(&mut self) -> wasmtime::Result<clocks::wall_clock::Datetime> {
        refuse(Capability::Clock)
    }
}

type Pollable = Resource<wasmtime_wasi::p2::DynPollable>;

impl clocks::monotonic_clock::Host for Bound<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        refuse(Capability::Clock)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        refuse(Capability::Clock)
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Pollable> {
        refuse(Capability::Clock)
    }

    fn subscribe_duration(&mut self, _duration: u64) -> wasmtime::Result<Pollable> {
        refuse(Capability::Clock)
    }
}

impl filesystem::preopens::Host for Bound<'_> {
    fn get_directories(
        &mut self,
    ) -> wasmtime::Result<Vec<(Resource<filesystem::preopens::Descriptor>, String)>> {
        // Runtimes ask when they start, so asking is no offence. What fails afterwards is explained by it.
        self.0.asked_for_files = true;
        filesystem::preopens::Host::get_directories(&mut self.0.filesystem())
    }
}

impl sockets::instance_network::Host for Bound<'_> {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<sockets::network::Network>> {
        refuse(Capability::Network)
    }
}

/// A clock on which nobody waits for longer than a call may take. The call then ends at once: it is out of time.
struct Waiting;

impl HasData for Waiting {
    type Data<'a> = Wait<'a>;
}

struct Wait<'a>(&'a mut Guest);

fn wait(guest: &mut Guest) -> Wait<'_> {
    Wait(guest)
}

impl clocks::monotonic_clock::Host for Wait<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        clocks::monotonic_clock::Host::now(&mut self.0.clocks())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        clocks::monotonic_clock::Host::resolution(&mut self.0.clocks())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Pollable> {
        let now = self.now()?;
        self.subscribe_duration(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Pollable> {
        let left = u64::try_from(self.0.meter.time_left().as_nanos()).unwrap_or(u64::MAX);
        clocks::monotonic_clock::Host::subscribe_duration(&mut self.0.clocks(), duration.min(left))
    }
}
