//! A run as Alembic logs it.

use dunlin_compat::alembic::graph::Graph;
use dunlin_compat::alembic::output::{Level, running};
use dunlin_compat::alembic::version_table::VersionStep;
use dunlin_compat::model::{Body, Direction, MigrationStep};

use super::console::{self, Console};
use crate::engine::{Event, Observer};

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
            Event::GuestLog { level, logger, text } => {
                let level = match level {
                    "debug" => Level::Debug,
                    "info" => Level::Info,
                    "warning" => Level::Warning,
                    _ => Level::Error,
                };
                self.console.log(logger, level, text);
            }
            Event::LockWait { lock, holder, waited } => {
                let by = holder.map(|holder| format!(" held by {holder}")).unwrap_or_default();
                note(&format!("waiting for the {lock}{by} ({} s)", waited.as_secs()));
            }
            Event::Retry { error, attempt, .. } => {
                note(&format!("{error}; trying again (attempt {attempt})"))
            }
            Event::Notice { text } => note(text),
            _ => {}
        }
    }
}

/// Something that Alembic has no words for.
fn note(text: &str) {
    console::print_error(&format!("dunlin: {text}\n"));
}
