//! Passes over a table: planning chunks up to the bound, and what comes when all of them are done.

use super::BackfillError;
use super::event::BackfillEvent;
use super::key::{KeyValue, decode};
use super::session;
use super::state::{NewChunk, State};
use super::worker::{Step, StepError, Worker, first_row, send};

/// So many passes are made over rows that arrive meanwhile; then something makes them faster than they are done.
const MOST_PASSES: u64 = 20;
/// Without a condition, rows above the bound are what arrived; that many passes over them.
const MOST_LATE_PASSES: u64 = 5;
/// How many keys of the quarantine are looked through for rows that remain; the limit of a quarantine.
const MOST_FAILURES: u64 = 100_000;

impl Worker<'_> {
    /// Plans the next chunk, or finds that the pass is complete.
    pub(super) fn plan(&mut self) -> Result<Step, StepError> {
        let job = self.job;
        let mut statements = session::begin_own(self.connection.server(), job.lock_timeout);
        statements.push(job.tables.position_for_update(job.name));
        let row = send(self.connection.as_mut(), &statements)?.pop().and_then(first_row);
        let mut values = row.unwrap_or_default().into_iter();
        let state = values.next().flatten().and_then(|word| State::of(&word));
        if state != Some(State::Running) {
            self.connection.execute("ROLLBACK")?;
            return Ok(if state == Some(State::Paused) { Step::Idle } else { Step::Over });
        }
        let pass: u64 = values.next().flatten().and_then(|text| text.parse().ok()).unwrap_or(1);
        let last = values.next().flatten().and_then(|text| decode(&text));
        let bound = values.next().flatten().and_then(|text| decode(&text));
        let Some(bound) = bound.filter(|bound| last.as_ref() != Some(bound)) else {
            let open = self.count(&job.tables.count_chunks(job.name))?;
            self.connection.execute("ROLLBACK")?;
            return if open > 0 { Ok(Step::Idle) } else { self.end_pass(pass, last.as_ref()) };
        };
        let size = self.gate.chunk_rows();
        let found = job.stretch(self.connection.as_mut(), last.as_ref(), &bound, size)?;
        let mut statements = match &found {
            None => vec![job.tables.planned_to_the_end(job.name)],
            Some(stretch) => job.tables.plan_chunk(
                job.name,
                &NewChunk {
                    from: &stretch.from,
                    to: &stretch.to,
                    rows: stretch.rows,
                    // Fewer rows than could be: there are no more up to the bound.
                    planned_to: if stretch.rows < size { &bound } else { &stretch.to },
                    size,
                },
            ),
        };
        statements.push("COMMIT".to_owned());
        send(self.connection.as_mut(), &statements)?;
        Ok(Step::Done)
    }

    /// Everything of a pass is done: another pass, or the end.
    fn end_pass(&mut self, pass: u64, bound: Option<&KeyValue>) -> Result<Step, StepError> {
        let job = self.job;
        if self.connection.execute(&job.tables.begin_check(job.name, pass, &self.id))?.affected == 0 {
            return Ok(Step::Idle);
        }
        let result = self.next_pass_or_end(pass, bound);
        if result.is_err() {
            let _ = self.connection.execute(&job.tables.end_check(job.name, &self.id));
        }
        result
    }

    fn next_pass_or_end(&mut self, pass: u64, bound: Option<&KeyValue>) -> Result<Step, StepError> {
        let job = self.job;
        let next = match job.filter {
            Some(filter) if self.some_remain(filter)? => {
                if pass >= MOST_PASSES {
                    return Err(StepError::Fatal(rows_keep_arriving(filter)));
                }
                job.last_key(self.connection.as_mut(), None)?.map(|bound| (None, bound))
            }
            Some(_) => None,
            None if pass > MOST_LATE_PASSES => None,
            None => job.last_key(self.connection.as_mut(), bound)?.map(|last| (bound, last)),
        };
        if let Some((last, bound)) = next {
            let begun = self.connection.execute(&job.tables.next_pass(job.name, pass, last, &bound))?;
            if begun.affected > 0 {
                self.tell(BackfillEvent::Pass { number: pass + 1 });
            }
            return Ok(Step::Done);
        }
        if let Some(until) = job.until {
            let holds = self.count(&format!("SELECT CASE WHEN ({until}\n) THEN 1 ELSE 0 END"))?;
            if holds != 1 {
                return Err(StepError::Fatal(BackfillError::Condition {
                    reason: format!("all rows are done, but `until` does not hold: {until}"),
                    advice: "Nothing that was done is taken back. Find out which rows it does not hold for; the next run looks again."
                        .to_owned(),
                }));
            }
        }
        let mut statements = session::begin_own(self.connection.server(), job.lock_timeout);
        statements.extend(job.tables.finish(job.name, pass));
        statements.push("COMMIT".to_owned());
        send(self.connection.as_mut(), &statements)?;
        Ok(Step::Done)
    }

    /// Whether the filter holds for rows that are not in the quarantine.
    fn some_remain(&mut self, filter: &str) -> Result<bool, StepError> {
        let job = self.job;
        let failures = self.connection.execute(&job.tables.failures(job.name, MOST_FAILURES))?.rows;
        let failed: std::collections::HashSet<KeyValue> = failures
            .into_iter()
            .filter_map(|row| row.into_iter().next().flatten())
            .filter_map(|text| decode(&text))
            .collect();
        let remaining = job.remaining(self.connection.as_mut(), filter, failed.len() as u64 + 1)?;
        Ok(remaining.iter().any(|key| !failed.contains(key)))
    }
}

fn rows_keep_arriving(filter: &str) -> BackfillError {
    BackfillError::Condition {
        reason: format!("after {MOST_PASSES} passes there are still rows for which `where` holds: {filter}"),
        advice: "Something writes them as fast as they are done. Make it write the new value first: a default, a trigger, the new \
                 version of the application."
            .to_owned(),
    }
}
