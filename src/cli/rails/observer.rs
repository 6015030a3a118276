//! A run as Rails tells of it: what migrations announce and print.

use dunlin_compat::model::{Body, MigrationStep, TransactionRule};
use dunlin_compat::rails::output as words;

use crate::cli::backfill::sentence;
use crate::cli::output;
use crate::engine::{Event, Observer};
use crate::guest::protocol::{OTHER_OUTPUT, PRINTED};

/// Tells what guests say, and announces what runs without one.
#[derive(Debug, Default)]
pub struct RailsObserver {
    /// Whether nothing is announced: `VERBOSE=false`.
    pub is_quiet: bool,
    /// Whether the migration that began last is in a transaction.
    pub in_transaction: bool,
}

impl RailsObserver {
    /// A stand-in of SQL is announced as the migration would announce itself.
    fn announces(&self, step: &MigrationStep) -> Option<(u128, String)> {
        let is_code = step.blocks.iter().any(|block| matches!(block.body, Body::Code(_)));
        let (version, name) = step.title.split_once(' ')?;
        if is_code || self.is_quiet {
            return None;
        }
        Some((version.parse().ok()?, name.to_owned()))
    }
}

impl Observer for RailsObserver {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::MigrationStarted { step, .. } | Event::Resumed { step, .. } => {
                self.in_transaction =
                    step.blocks.iter().all(|block| block.transaction != TransactionRule::Never);
                if let Some((version, name)) = self.announces(step) {
                    // Who closed standard output does not want it.
                    let _ = output::line(&words::begun(version, &name, step.direction));
                }
            }
            Event::MigrationFinished { step, elapsed } => {
                if let Some((version, name)) = self.announces(step) {
                    let text = words::ended(version, &name, step.direction, elapsed);
                    let _ = output::line(&format!("{text}\n"));
                }
            }
            Event::GuestLog { logger: PRINTED, text, .. } => {
                let _ = output::line(text);
            }
            Event::GuestLog { logger: OTHER_OUTPUT, text, .. } => output::note(text),
            Event::GuestLog { level: "warning" | "error", text, .. } => output::note(text),
            Event::GuestLog { level: "info", logger: "dunlin", text } => {
                output::note(&format!("dunlin: {text}"))
            }
            Event::LockWait { lock, holder, waited } => {
                let by = holder.map(|holder| format!(" held by {holder}")).unwrap_or_default();
                output::note(&format!("dunlin: waiting for the {lock}{by} ({} s)", waited.as_secs()));
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
