//! Showing a backfill while it goes: a bar on a terminal, a JSON object per line elsewhere. Both on standard error.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::super::output;
use super::super::progress::duration;
use crate::backfill::{BackfillEvent, Hold, Progress};
use crate::count::grouped;

/// How often a line tells how far it is where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(5);

/// A display.
pub struct Shown {
    bar: Option<ProgressBar>,
    name: String,
    last: Option<Instant>,
    held: Option<String>,
}

impl Shown {
    /// A display for wherever standard error goes.
    pub fn new() -> Shown {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} [{elapsed_precise}]") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Shown { bar, ..Shown::lines() }
    }

    /// A display that has no bar of its own.
    pub fn lines() -> Shown {
        Shown { bar: None, name: String::new(), last: None, held: None }
    }

    /// Ends the display.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Remembers what later lines tell.
    pub fn note(&mut self, event: &BackfillEvent) {
        if let BackfillEvent::Started { name, .. } = event {
            self.name.clone_from(name);
        }
        if let BackfillEvent::Held(hold) = event {
            self.held = hold.as_ref().map(worded);
        }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &BackfillEvent) {
        self.note(event);
        let Some(bar) = &self.bar else {
            if self.is_worth_a_line(event) {
                output::note(&line(&self.name, event).to_string());
            }
            return;
        };
        match event {
            BackfillEvent::Progress(progress) => bar.set_message(self.message(progress)),
            BackfillEvent::Started { .. } => bar.set_message(self.name.clone()),
            BackfillEvent::Held(hold) => {
                if let Some(hold) = hold {
                    bar.set_message(format!("{}: {}", self.name, worded(hold)));
                }
            }
            other => {
                if let Some(text) = sentence(other) {
                    bar.println(text);
                }
            }
        }
    }

    /// The state in one line, for a bar that is another's.
    pub fn message(&self, progress: &Progress) -> String {
        let mut text = format!("{}: {}", self.name, worded_progress(progress));
        if let Some(held) = &self.held {
            text.push_str(&format!("; {held}"));
        }
        text
    }

    fn is_worth_a_line(&mut self, event: &BackfillEvent) -> bool {
        if !matches!(event, BackfillEvent::Progress(_)) {
            return true;
        }
        let due = self.last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

fn worded_progress(progress: &Progress) -> String {
    let mut text = match progress.estimate.filter(|rows| *rows > 0) {
        Some(rows) => {
            let percent = (progress.done as f64 / rows as f64 * 100.0).min(100.0);
            format!("{percent:.0} % of about {} rows", grouped(rows))
        }
        None => format!("{} rows", grouped(progress.done)),
    };
    text.push_str(&format!(", {} rows/s", grouped(progress.rate as u64)));
    if let Some(left) = progress.left {
        text.push_str(&format!(", about {} left", duration(left)));
    }
    if let Some(lag) = progress.lag.filter(|lag| !lag.is_zero()) {
        text.push_str(&format!(", replicas {} behind", duration(lag)));
    }
    text
}

/// Why the workers wait, in words.
pub fn worded(hold: &Hold) -> String {
    match hold {
        Hold::Paused => "paused; `dunlin backfill resume` lets it go on".to_owned(),
        Hold::Hours => "waiting for its hours".to_owned(),
        Hold::Lag(lag) if *lag == Duration::MAX => "waiting for a replica that does not follow".to_owned(),
        Hold::Lag(lag) => format!("waiting for a replica that is {} behind", duration(*lag)),
        Hold::Waiting(count) => format!("giving way to {count} sessions that waited"),
    }
}

/// What else is worth a sentence.
pub fn sentence(event: &BackfillEvent) -> Option<String> {
    match event {
        BackfillEvent::Pass { number } => Some(format!("pass {number}, over rows that arrived meanwhile")),
        BackfillEvent::Retry { reason, delay } if delay.is_zero() => {
            Some(format!("{reason}; trying again with fewer rows"))
        }
        BackfillEvent::Retry { reason, delay } => {
            Some(format!("{reason}; trying again in {}", duration(*delay)))
        }
        BackfillEvent::Quarantined { row, message } => {
            Some(format!("to the quarantine: the row with {row}: {message}"))
        }
        BackfillEvent::Note { text } => Some(text.clone()),
        _ => None,
    }
}

/// An event as JSON: `{"backfill": …, "event": …}` and what belongs to it.
pub fn line(name: &str, event: &BackfillEvent) -> Value {
    let seconds = |duration: Option<Duration>| {
        duration.filter(|duration| *duration != Duration::MAX).map(|duration| duration.as_secs_f64())
    };
    match event {
        BackfillEvent::Started { table, key, estimate, done, .. } => {
            json!({ "backfill": name, "event": "started", "table": table, "key": key, "estimate": estimate, "done": done })
        }
        BackfillEvent::Progress(progress) => json!({
            "backfill": name,
            "event": "progress",
            "done": progress.done,
            "changed": progress.changed,
            "chunks": progress.chunks,
            "estimate": progress.estimate,
            "rowsPerSecond": progress.rate.round(),
            "secondsLeft": seconds(progress.left).map(f64::round),
            "lagSeconds": seconds(progress.lag),
            "chunkRows": progress.chunk_rows,
            "workers": progress.workers,
            "pass": progress.pass,
        }),
        BackfillEvent::Held(hold) => match hold {
            Some(hold) => {
                json!({ "backfill": name, "event": "held", "by": hold.word(), "text": worded(hold) })
            }
            None => json!({ "backfill": name, "event": "released" }),
        },
        BackfillEvent::Pass { number } => json!({ "backfill": name, "event": "pass", "number": number }),
        BackfillEvent::Retry { reason, delay } => {
            json!({ "backfill": name, "event": "retry", "reason": reason, "seconds": delay.as_secs_f64() })
        }
        BackfillEvent::Quarantined { row, message } => {
            json!({ "backfill": name, "event": "quarantined", "row": row, "message": message })
        }
        BackfillEvent::Note { text } => json!({ "backfill": name, "event": "note", "text": text }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line_with_rate_estimate_and_lag() {
        let progress = Progress {
            done: 450_000,
            estimate: Some(1_000_000),
            rate: 21_000.4,
            left: Some(Duration::from_secs(26)),
            lag: Some(Duration::from_millis(300)),
            ..Progress::default()
        };
        assert_eq!(
            worded_progress(&progress),
            "45 % of about 1,000,000 rows, 21,000 rows/s, about 26 s left, replicas 300 ms behind"
        );
        let event = BackfillEvent::Progress(progress);
        assert_eq!(line("fill", &event)["secondsLeft"], 26.0);
    }
}
