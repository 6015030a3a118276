//! Status, plan, run: the part that changes databases, and knows no tool's name.

mod atomic;
mod backfill;
mod call;
mod catalog;
mod code;
mod code_guest;
mod code_steps;
#[cfg(test)]
mod code_tests;
mod code_values;
mod error;
mod event;
#[cfg(feature = "fault-points")]
mod fault;
mod journal;
mod journaled;
mod lint;
mod lint_input;
mod lock;
mod lock_row;
mod message;
mod opening;
mod options;
mod orphans;
mod plugin_step;
mod plugins;
mod prepare;
mod program;
mod read;
mod replay;
mod resume;
mod run;
mod session;
mod stepwise;
mod table_facts;
mod tables;

pub use call::{Call, call};
pub use error::{BackfillFailure, CodeFailure, RunError, StatementFailure, UnfinishedFailure};
pub use event::{Event, Observer, Silent};
pub use journal::{Entry, Journal};
pub use lint::{LintGate, LintOptions, lint};
pub use lint_input::lint_migrations;
pub use lock::locks;
pub use opening::{Opener, open_session};
pub use options::{InFlight, RunOptions};
pub use prepare::{
    Prepared, Statement, Unit, UnitMode, migration as prepare_migration, plan as prepare_plan,
};
pub use read::{READING_HISTORY, Snapshot, plan, status, validate};
pub use run::{Finished, OnUnfinished, Planner, RunReport, run};
pub use table_facts::CatalogFacts;
