//! Showing a run while it goes: a bar on a terminal, plain lines elsewhere. Everything goes to standard error, so that
//! standard output holds the result alone.

use std::io::IsTerminal;
use std::time::Duration;

use dunlin_compat::model::Direction;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::OwoColorize;

use super::backfill::{Shown, sentence};
use super::output;
use crate::backfill::BackfillEvent;
use crate::count::counted;
use crate::engine::{Event, Observer};
use crate::lint::Severity;

/// Shows the events of a run.
pub struct Progress {
    bar: ProgressBar,
    backfill: Shown,
    quiet: bool,
}

/// Says lines beside a display.
pub struct Line {
    bar: ProgressBar,
}

impl Line {
    /// Says a line.
    pub fn say(&self, text: &str) {
        if self.bar.is_hidden() {
            output::note(text);
        } else {
            // The bar writes past `anstream`, which knows whether colours are wanted.
            let plain = anstream::AutoStream::choice(&std::io::stderr()) == anstream::ColorChoice::Never;
            self.bar.println(if plain {
                anstream::adapter::strip_str(text).to_string()
            } else {
                text.to_owned()
            });
        }
    }
}

impl Progress {
    /// A display for people; `quiet` shows only what needs attention (for JSON output).
    pub fn new(quiet: bool) -> Progress {
        // Hidden until it is known that there is something to do.
        let bar = ProgressBar::hidden();
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {wide_msg} {pos}/{len} [{elapsed_precise}]")
        {
            bar.set_style(style);
        }
        Progress { bar, backfill: Shown::lines(), quiet }
    }

    /// Ends the display.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// What says lines beside the display, from other threads too.
    pub fn lines(&self) -> Line {
        Line { bar: self.bar.clone() }
    }

    fn line(&self, text: &str) {
        self.lines().say(text);
    }

    /// On a terminal the migration's bar tells how far its backfill is.
    fn backfill(&mut self, event: &BackfillEvent) {
        if self.bar.is_hidden() {
            return self.backfill.event(event);
        }
        if let BackfillEvent::Progress(progress) = event {
            self.bar.set_message(self.backfill.message(progress));
        } else {
            self.backfill.note(event);
            if let Some(text) = sentence(event) {
                self.line(&text);
            }
        }
    }

    fn chat(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }
}

impl Observer for Progress {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::LockWait { lock, holder, waited } => {
                let holder = holder.unwrap_or("another session");
                self.line(&format!("waiting for the {lock}, held by {holder} ({} s)", waited.as_secs()));
            }
            Event::LockRowWait { table, waited } => {
                self.line(&format!("waiting for the lock in {table} ({} s)", waited.as_secs()));
            }
            Event::Planned { migrations, warnings } => {
                for warning in warnings {
                    self.line(&warning_line(warning));
                }
                self.bar.set_length(migrations as u64);
                if migrations > 0 && !self.quiet && std::io::stderr().is_terminal() {
                    self.bar.set_draw_target(ProgressDrawTarget::stderr());
                    self.bar.enable_steady_tick(Duration::from_millis(100));
                }
            }
            Event::Checked { findings } => {
                let warnings =
                    findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
                if warnings > 0 {
                    self.line(&warning_line(&format!(
                        "the safety rules have {}; `dunlin lint` shows them",
                        counted(warnings, "warning")
                    )));
                }
            }
            Event::Setup { message } => self.chat(message),
            Event::Script { name, .. } => self.chat(&format!("running {name}")),
            Event::MigrationStarted { step, .. } => {
                self.bar.set_message(format!("{} {}", doing(step.direction), step.title));
            }
            Event::Resumed { step, next_statement, total } => {
                self.line(&format!(
                    "continuing {} with statement {} of {total}; the earlier ones ran before",
                    step.title,
                    next_statement + 1
                ));
            }
            Event::StatementDone { .. } => {}
            Event::Backfill { event, .. } => self.backfill(event),
            Event::Notice { text } => self.line(&format!("notice: {text}")),
            Event::ProgramOutput { line } => self.chat(&format!("  {line}")),
            Event::GuestLog { level: "warning" | "error", text, .. } => self.line(&warning_line(text)),
            Event::GuestLog { level: "info", text, .. } => self.chat(&format!("  {text}")),
            // Only commands of Alembic's write any.
            Event::GuestLog { .. } | Event::GuestOutput { .. } => {}
            Event::Retry { error, attempt, delay } => {
                self.line(&format!(
                    "{}; trying again in {:.1} s (attempt {attempt})",
                    error.message,
                    delay.as_secs_f64()
                ));
            }
            Event::MigrationFinished { step, elapsed } => {
                self.bar.inc(1);
                let time = format!("({})", duration(elapsed));
                self.chat(&format!("{} {} {}", done(step.direction).green(), step.title, time.dimmed()));
            }
            Event::MigrationFailed { step, rolled_back } => {
                let what = if rolled_back { "failed and was rolled back" } else { "failed" };
                self.chat(&format!("{} {}", step.title, what.red()));
            }
        }
    }
}

/// A warning as it is shown, here and by commands that run nothing.
pub fn warning_line(warning: &str) -> String {
    format!("{} {warning}", "warning:".yellow())
}

fn doing(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applying",
        Direction::Down => "reverting",
    }
}

fn done(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applied",
        Direction::Down => "reverted",
    }
}

/// A duration for people: `7 ms`, `1.3 s`, `2 min 5 s`.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds >= 60 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else if seconds >= 1 {
        format!("{:.1} s", elapsed.as_secs_f64()).replace(".0 s", " s")
    } else {
        format!("{} ms", elapsed.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_worded_in_the_unit_that_fits() {
        assert_eq!(duration(Duration::from_millis(7)), "7 ms");
        assert_eq!(duration(Duration::from_millis(1340)), "1.3 s");
        assert_eq!(duration(Duration::from_secs(5)), "5 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
