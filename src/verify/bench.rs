//! What is worked with: the project, what runs its code, and how scratch databases are made.

use dunlin_compat::model::{Adapter, AdapterError, Context, Plan};

use super::counters::Counters;
use crate::db::{self, Connection};
use crate::engine::{self, Event, Observer, OnUnfinished, RunError, RunOptions, RunReport};
use crate::guest::GuestSource;
use crate::schema::{self, SchemaError, Scope, Snapshot, rows};
use crate::scratch::{Scratch, ScratchError};
use crate::trace::Trace;

/// The project on a bench.
pub struct Bench<'a> {
    /// What knows the tool.
    pub adapter: &'a dyn Adapter,
    /// How runs behave.
    pub options: &'a RunOptions,
    /// What runs code.
    pub guests: Option<&'a mut dyn GuestSource>,
    /// What of schemas is looked at.
    pub scope: Scope,
    /// Records what is sent.
    pub trace: Trace,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no scratch database.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// A schema cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What is applied cannot be applied on the scratch database.
    #[error("bringing the scratch database to where the live one is: {0}")]
    Replay(#[source] Box<RunError>),
    /// The history begins with a schema that no migration makes.
    #[error(
        "the history begins with a baseline ({version}): what was there before it is in no migration that could be run"
    )]
    Baseline {
        /// Its version.
        version: String,
    },
    /// Any other failure of the engine.
    #[error(transparent)]
    Run(Box<RunError>),
}

impl From<RunError> for VerifyError {
    fn from(error: RunError) -> VerifyError {
        VerifyError::Run(Box::new(error))
    }
}

/// The state of a scratch database.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Its schema.
    pub schema: Snapshot,
    /// Its rows.
    pub rows: rows::Rows,
    pub(super) counters: Counters,
}

impl Bench<'_> {
    /// Runs a plan on a scratch database; what is sent is traced.
    ///
    /// # Errors
    /// The first failure.
    pub fn run(
        &mut self,
        scratch: &Scratch,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
    ) -> Result<RunReport, RunError> {
        // A command of its own, as it will be: what the tool's library remembers of its session and of what it did is of one.
        self.forget_guests();
        let trace = self.trace.clone();
        let mut observer = self.trace.clone();
        let open = || Ok(db::watched(scratch.open()?, trace.watch()));
        let guests: Option<&mut dyn GuestSource> = match &mut self.guests {
            Some(guests) => Some(&mut **guests),
            None => None,
        };
        engine::run(&open, self.adapter, planner, OnUnfinished::Resume, self.options, guests, &mut observer)
    }

    /// Ends what runs code; it begins anew when it is needed.
    fn forget_guests(&mut self) {
        if let Some(guests) = &mut self.guests {
            guests.forget();
        }
    }

    /// What is in a scratch database.
    ///
    /// # Errors
    /// The server refuses a question.
    pub fn state(&self, scratch: &Scratch) -> Result<State, VerifyError> {
        let mut connection = self.look(scratch)?;
        let schema = schema::read(connection.as_mut(), &self.scope)?;
        let rows = rows::read(connection.as_mut(), &self.scope)?;
        let counters = Counters::read(connection.as_mut()).map_err(SchemaError::Server)?;
        Ok(State { schema, rows, counters })
    }

    /// Has numbers begin where they began in a state.
    pub(super) fn restore_counters(&self, scratch: &Scratch, state: &State) -> Result<(), VerifyError> {
        let mut connection = self.look(scratch)?;
        Ok(state.counters.restore(connection.as_mut()).map_err(SchemaError::Server)?)
    }

    fn look(&self, scratch: &Scratch) -> Result<Box<dyn Connection>, VerifyError> {
        scratch.open().map_err(|error| VerifyError::Schema(SchemaError::Server(error)))
    }
}

/// What is sent while a migration runs is recorded as its own.
impl Observer for Trace {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::MigrationStarted { step, .. } | Event::Resumed { step, .. } => self.begin(&step.id),
            Event::MigrationFinished { .. } | Event::MigrationFailed { .. } => self.begin(""),
            _ => {}
        }
    }
}
