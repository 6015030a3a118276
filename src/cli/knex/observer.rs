//! A run as Knex tells of it: what migrations print, and warnings.

use crate::cli::backfill::sentence;
use crate::cli::output;
use crate::engine::{Event, Observer};
use crate::guest::protocol::{OTHER_OUTPUT, PRINTED};

/// Tells what guests say.
#[derive(Debug, Default)]
pub struct KnexObserver {
    /// The migration that began last.
    pub current: Option<String>,
}

impl Observer for KnexObserver {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::MigrationStarted { step, .. } | Event::Resumed { step, .. } => {
                self.current = Some(step.id.clone());
            }
            Event::GuestLog { logger: PRINTED, text, .. } => {
                // Who closed it does not want it.
                let _ = output::line(text);
            }
            Event::GuestLog { logger: OTHER_OUTPUT, text, .. } => output::note(text),
            // Knex' logger prints what it warns of to standard output.
            Event::GuestLog { logger: "knex", text, .. } => {
                let _ = output::line(text);
            }
            Event::GuestLog { level: "warning" | "error", text, .. } => output::note(text),
            Event::GuestLog { level: "info", logger: "dunlin", text } => {
                output::note(&format!("dunlin: {text}"))
            }
            Event::LockWait { lock, holder, waited } => {
                let by = holder.map(|holder| format!(" held by {holder}")).unwrap_or_default();
                output::note(&format!("dunlin: waiting for the {lock}{by} ({} s)", waited.as_secs()));
            }
            Event::LockRowWait { table, waited } => {
                output::note(&format!("dunlin: waiting for the lock in {table} ({} s)", waited.as_secs()));
            }
            Event::Retry { error, attempt, .. } => {
                output::note(&format!("dunlin: {error}; trying again (attempt {attempt})"));
            }
            Event::Backfill { event, .. } => {
                if let Some(text) = sentence(event) {
                    output::note(&format!("dunlin: {text}"));
                }
            }
            _ => {}
        }
    }
}
