//! A run as Alembic logs it.

use dunlin_compat::alembic::graph::Graph;
use dunlin_compat::alembic::output::{Level, running};
use dunlin_compat::alembic::version_table::VersionStep;
use dunlin_compat::model::{Body, Direction, MigrationStep};

use super::console::{self, Console, note};
use crate::cli::backfill::sentence;
use crate::engine::{Event, Observer};
use crate::guest::protocol::{OTHER_OUTPUT, PRINTED};

/// Logs each step.
pub struct LogObserver<'c> {
    console: &'c Console,
    graph: &'c Graph,
}

impl<'c> LogObserver<'c> {
    /// An observer of steps through a graph.
    pub fn new(console: &'c Console, graph: &'c Graph) -> LogObserver<'c> {
        LogObserver { console, graph }
    }

    fn line(&self, step: &MigrationStep) -> String {
        let is_stamp = step.blocks.iter().all(|block| block.body == Body::Nothing);
        match self.graph.get(&step.id).filter(|_| !is_stamp) {
            Some(node) => running(
                self.graph,
                &match step.direction {
                    Direction::Up => VersionStep::Upgrade(node),
                    Direction::Down => VersionStep::Downgrade(node),
                },
            ),
            None => format!("Running {}", step.title),
        }
    }
}

impl Observer for LogObserver<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::MigrationStarted { step, .. } | Event::Resumed { step, .. } => {
                self.console.log("alembic.runtime.migration", Level::Info, &self.line(step));
            }
            Event::GuestLog { logger: PRINTED, text, .. } => console::print(&format!("{text}\n")),
            Event::GuestLog { logger: OTHER_OUTPUT, text, .. } => console::print_error(&format!("{text}\n")),
            Event::GuestLog { level, logger, text } => self.console.log_of_guest(level, logger, text),
            Event::LockWait { lock, holder, waited } => {
                let by = holder.map(|holder| format!(" held by {holder}")).unwrap_or_default();
                note(&format!("waiting for the {lock}{by} ({} s)", waited.as_secs()));
            }
            Event::Retry { error, attempt, .. } => {
                note(&format!("{error}; trying again (attempt {attempt})"))
            }
            Event::Backfill { event, .. } => {
                if let Some(text) = sentence(event) {
                    note(&text);
                }
            }
            // The server's, which begin with how grave they are, go to Python's drivers, which say nothing of them.
            Event::Notice { text } if text.starts_with(char::is_uppercase) => {}
            Event::Notice { text } => note(text),
            _ => {}
        }
    }
}

/// A command that a guest carries out.
pub struct GuestObserver<'c> {
    console: &'c Console,
}

impl<'c> GuestObserver<'c> {
    /// An observer of one command.
    pub fn new(console: &'c Console) -> GuestObserver<'c> {
        GuestObserver { console }
    }
}

impl Observer for GuestObserver<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            // What it prints comes as output.
            Event::GuestLog { logger: PRINTED | OTHER_OUTPUT, text, .. } => {
                console::print_error(&format!("{text}\n"));
            }
            Event::GuestLog { level, logger, text } => self.console.log_of_guest(level, logger, text),
            Event::GuestOutput { text } => console::print(text),
            _ => {}
        }
    }
}
