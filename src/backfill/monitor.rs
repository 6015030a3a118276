//! Watches over the workers of one process, on a connection of its own: what they are told, whom they keep waiting, how far
//! the whole backfill is.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use dunlin_compat::backfill::Pace;
use dunlin_compat::model::Dialect;
use jiff::ZonedDateTime;

use super::event::{BackfillEvent, Progress};
use super::gate::{Gate, Hold};
use super::pressure;
use super::run::Message;
use super::state::{State, Tables};
use crate::db::{Connection, DbError};

/// How often it looks.
const TICK: Duration = Duration::from_millis(500);

/// The watcher.
pub(super) struct Monitor<'a> {
    pub(super) connection: Box<dyn Connection>,
    pub(super) name: &'a str,
    pub(super) tables: &'a Tables,
    pub(super) pace: &'a Pace,
    pub(super) gate: &'a Gate,
    pub(super) sender: Sender<Message>,
    /// Replicas to ask how far they lag behind.
    pub(super) replicas: Vec<Box<dyn Connection>>,
    /// A query on the primary for the seconds of lag.
    pub(super) lag_query: Option<String>,
    /// How long a chunk may take at most; zero: as long as it wants.
    pub(super) limit: Duration,
    /// Rows, as far as known.
    pub(super) estimate: Option<u64>,
    /// Rows done before any worker that is listed.
    pub(super) done_before: u64,
}

impl Monitor<'_> {
    /// Looks until the workers have ended.
    pub(super) fn run(mut self) {
        let mut speed = Speed::default();
        let mut complained = false;
        while self.gate.sleep(TICK) {
            match self.look(&mut speed) {
                Ok(()) => complained = false,
                // The workers say what is wrong with the server, if anything is.
                Err(error) if !complained => {
                    complained = true;
                    self.tell(BackfillEvent::Note {
                        text: format!("watching the backfill: {}", error.message),
                    });
                }
                Err(_) => {}
            }
        }
    }

    fn tell(&self, event: BackfillEvent) {
        let _ = self.sender.send(Message::Event(event));
    }

    fn look(&mut self, speed: &mut Speed) -> Result<(), DbError> {
        let rows = self.connection.execute(&self.tables.state(self.name))?.rows;
        let mut values = rows.into_iter().flatten();
        let state = values.next().flatten().and_then(|word| State::of(&word));
        let pass = values.next().flatten().and_then(|text| text.parse().ok()).unwrap_or(1);
        if !matches!(state, Some(State::Running | State::Paused)) {
            // The workers see it themselves at their next chunk.
            self.hold(None);
            return Ok(());
        }
        self.end_overdue();
        let lag = self.lag()?;
        let hold = self.reason_to_hold(state == Some(State::Paused), lag)?;
        self.hold(hold);
        self.progress(speed, lag, pass)
    }

    fn hold(&self, hold: Option<Hold>) {
        if self.gate.hold(hold.clone()) {
            self.tell(BackfillEvent::Held(hold));
        }
    }

    fn reason_to_hold(&mut self, paused: bool, lag: Option<Duration>) -> Result<Option<Hold>, DbError> {
        if paused {
            return Ok(Some(Hold::Paused));
        }
        if self.pace.hours.as_ref().is_some_and(|hours| !hours.hold(&ZonedDateTime::now())) {
            return Ok(Some(Hold::Hours));
        }
        if let (Some(limit), Some(lag)) = (self.pace.max_lag, lag)
            && lag > limit
        {
            return Ok(Some(Hold::Lag(lag)));
        }
        let Some(query) = pressure::waiting_query(self.tables, &self.gate.sessions()) else {
            return Ok(None);
        };
        match pressure::first_number(self.connection.as_mut(), &query) {
            Ok(count) => Ok(count.filter(|count| *count >= 1.0).map(|count| Hold::Waiting(count as u64))),
            Err(error) if is_denied(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lag(&mut self) -> Result<Option<Duration>, DbError> {
        let own = self.lag_query.as_deref();
        let mut lag = None;
        if let Some(query) = own.or(pressure::lag_query(self.tables.dialect())) {
            lag = match pressure::first_number(self.connection.as_mut(), query) {
                Ok(value) => value.map(pressure::seconds),
                Err(error) if own.is_none() && is_denied(&error) => None,
                Err(error) => return Err(error),
            };
        }
        for replica in &mut self.replicas {
            // One that does not answer is no reason to go on as if it kept up.
            let behind = pressure::replica_lag(replica.as_mut()).unwrap_or(Duration::MAX);
            lag = Some(lag.unwrap_or_default().max(behind));
        }
        Ok(lag)
    }

    /// MySQL bounds no statement but queries in time, so this does.
    fn end_overdue(&mut self) {
        if self.tables.dialect() != Dialect::Mysql || self.limit.is_zero() {
            return;
        }
        for session in self.gate.overdue(self.limit) {
            let _ = self.connection.execute(&format!("KILL QUERY {session}"));
        }
    }

    fn progress(&mut self, speed: &mut Speed, lag: Option<Duration>, pass: u64) -> Result<(), DbError> {
        let rows = self.connection.execute(&self.tables.totals(self.name))?.rows;
        let mut numbers = rows
            .into_iter()
            .flatten()
            .map(|value| value.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let (done, changed, chunks, workers) = (next() + self.done_before, next(), next(), next());
        if let Some(rate) = self.pace.rate {
            let share = f64::from(self.pace.workers) / (workers as f64).max(f64::from(self.pace.workers));
            self.gate.set_rate(Some(rate as f64 * share));
        }
        let rate = speed.note(done, Instant::now());
        let left = self.estimate.filter(|rows| *rows > done && rate > 0.0);
        self.tell(BackfillEvent::Progress(Progress {
            done,
            changed,
            chunks,
            estimate: self.estimate,
            rate,
            left: left.map(|rows| pressure::seconds((rows - done) as f64 / rate)),
            lag,
            chunk_rows: self.gate.chunk_rows(),
            workers,
            pass,
        }));
        Ok(())
    }
}

/// What the user may not look at: then it is left out.
fn is_denied(error: &DbError) -> bool {
    error.sqlstate.as_deref() == Some("42501") || matches!(error.code, Some(1142 | 1143 | 1227))
}

/// Rows per second, smoothed.
#[derive(Debug, Default)]
struct Speed {
    last: Option<(u64, Instant)>,
    rate: Option<f64>,
}

impl Speed {
    fn note(&mut self, done: u64, now: Instant) -> f64 {
        let Some((before, then)) = self.last else {
            self.last = Some((done, now));
            return 0.0;
        };
        let seconds = now.duration_since(then).as_secs_f64();
        if seconds < 0.2 {
            return self.rate.unwrap_or(0.0);
        }
        let current = done.saturating_sub(before) as f64 / seconds;
        self.last = Some((done, now));
        let rate = self.rate.map_or(current, |rate| 0.8 * rate + 0.2 * current);
        self.rate = Some(rate);
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_rows_per_second_and_smooth() {
        let mut speed = Speed::default();
        let start = Instant::now();
        assert_eq!(speed.note(0, start), 0.0);
        let rate = speed.note(1_000, start + Duration::from_secs(1));
        assert!((rate - 1_000.0).abs() < 1.0);
        let slower = speed.note(1_000, start + Duration::from_secs(2));
        assert!(slower > 700.0 && slower < 900.0, "{slower}");
    }
}
