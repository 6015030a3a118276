//! Bounds on what a guest uses, and the account of which one it ran into.

use std::fmt;
use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

/// What one guest may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all its linear memories together.
    pub memory: usize,
    /// How long one call may take. Time that the host spends on the guest's behalf counts only where the host lets it
    /// ([`Meter::pause`]).
    pub time: Duration,
    /// Bytes that one call may hand to the host, as the host has to hold them.
    pub output: usize,
}

/// A bound that a guest ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// It asked for more memory than this many bytes.
    Memory(usize),
    /// It asked for more table elements than this many.
    Table(usize),
    /// A call took longer than this.
    Time(Duration),
    /// A call handed over more than this many bytes.
    Output(usize),
}

impl fmt::Display for Exceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exceeded::Memory(bytes) => write!(formatter, "more memory than {}", Bytes(*bytes)),
            Exceeded::Table(elements) => write!(formatter, "a table of more than {elements} elements"),
            Exceeded::Time(time) => write!(formatter, "more time than {time:?}"),
            Exceeded::Output(bytes) => write!(formatter, "more output than {}", Bytes(*bytes)),
        }
    }
}

impl std::error::Error for Exceeded {}

/// A number of bytes in the largest unit that leaves no fraction.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return write!(formatter, "{} {name}", self.0 / unit);
            }
        }
        write!(formatter, "{} bytes", self.0)
    }
}

/// More tables than a compiler emits are an attack.
const TABLE_ELEMENTS: usize = 1 << 20;

/// Counts what one guest uses. It lives in the data of the guest's store.
#[derive(Debug)]
pub struct Meter {
    limits: Limits,
    memory: usize,
    most_memory: usize,
    table_elements: usize,
    deadline: Option<Instant>,
    exceeded: Option<Exceeded>,
}

/// The data of a store that has a [`Meter`].
pub trait Metered {
    /// The meter.
    fn meter(&mut self) -> &mut Meter;
}

impl Metered for Meter {
    fn meter(&mut self) -> &mut Meter {
        self
    }
}

impl Meter {
    /// Nothing used yet.
    pub fn new(limits: Limits) -> Meter {
        Meter { limits, memory: 0, most_memory: 0, table_elements: 0, deadline: None, exceeded: None }
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The bound that the guest ran into. A trap without one is the guest's own doing.
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }

    /// The most bytes of linear memory that there were at a time.
    pub fn most_memory(&self) -> usize {
        self.most_memory
    }

    /// How much of the running call's time is left; the whole when none runs.
    pub fn time_left(&self) -> Duration {
        self.deadline.map_or(self.limits.time, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Does the host's work, such as a statement on a server, off the guest's time.
    pub fn pause<R>(this: &mut impl Metered, work: impl FnOnce() -> R) -> R {
        let began = Instant::now();
        let result = work();
        if let Some(deadline) = &mut this.meter().deadline {
            *deadline += began.elapsed();
        }
        result
    }

    /// Gives the running call its whole time again.
    pub fn restart(&mut self) {
        if self.deadline.is_some() {
            self.begin();
        }
    }

    /// Sets how long the calls that begin from now on may take.
    pub fn limit_time(&mut self, time: Duration) {
        self.limits.time = time;
    }

    pub(super) fn begin(&mut self) {
        self.deadline = Some(Instant::now() + self.limits.time);
    }

    pub(super) fn end(&mut self) {
        self.deadline = None;
    }

    /// Whether the running call may go on.
    ///
    /// # Errors
    /// [`Exceeded::Time`]; a host function that waits returns it as its own error, which traps.
    pub fn check_time(&mut self) -> Result<(), Exceeded> {
        if self.time_left().is_zero() { Err(self.exceed(Exceeded::Time(self.limits.time))) } else { Ok(()) }
    }

    /// Notes that a bound was hit, and returns it. The first one stands.
    pub fn exceed(&mut self, exceeded: Exceeded) -> Exceeded {
        *self.exceeded.get_or_insert(exceeded)
    }
}

// Refusing with an error traps at once. A guest that is only told that there is no more memory may try for ever, or
// end with a message about something else.
impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            return Err(self.exceed(Exceeded::Memory(self.limits.memory)).into());
        }
        self.memory = total;
        self.most_memory = self.most_memory.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > TABLE_ELEMENTS {
            return Err(self.exceed(Exceeded::Table(TABLE_ELEMENTS)).into());
        }
        self.table_elements = total;
        Ok(true)
    }
}
