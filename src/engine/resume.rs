//! Taking a half-done migration up again: what ran is checked, what was in flight is settled, the session is brought back.

use super::RunError;
use super::catalog::{self, Settled};
use super::error::UnfinishedFailure;
use super::journal::Entry;
use super::options::InFlight;
use super::prepare::{Prepared, Statement};
use super::run::Runner;
use super::stepwise::{first_word_is, statement_failure};

impl Runner<'_> {
    /// Checks a half-done migration against the journal, settles what was in flight, and brings the session to where it
    /// was. Returns the next statement.
    pub(super) fn take_up(&mut self, prepared: &Prepared<'_>, entry: &Entry) -> Result<usize, RunError> {
        let statements: Vec<&Statement<'_>> = prepared.statements().collect();
        let digests: Vec<String> = statements.iter().map(|statement| statement.digest()).collect();
        if let Some(number) = (0..entry.next).find(|&number| digests.get(number) != entry.digests.get(number))
        {
            return Err(edited(&statements, number, entry).into());
        }
        let mut next = entry.next;
        if entry.in_flight {
            let same = digests.get(next).is_some() && digests.get(next) == entry.digests.get(next);
            let Some(statement) = statements.get(next).filter(|_| same) else {
                return Err(edited(&statements, next, entry).into());
            };
            if self.in_flight_took_effect(statement, next, entry)? {
                next += 1;
            }
        }
        self.bring_session_back(prepared, statements.get(..next).unwrap_or_default(), entry)?;
        let update = vec![self.journal.set_digests(&digests), self.journal.advance(next)];
        self.commit_together(&update, "taking up the statement journal")?;
        Ok(next)
    }

    fn in_flight_took_effect(
        &mut self,
        statement: &Statement<'_>,
        number: usize,
        entry: &Entry,
    ) -> Result<bool, RunError> {
        let settled = catalog::settle(self.connection.as_mut(), statement, entry.fingerprint.as_deref())
            .map_err(RunError::server("looking for what a half-done migration did"))?;
        match (settled, self.options.in_flight) {
            (Settled::Done, _) | (Settled::Unknown { .. }, Some(InFlight::Done)) => Ok(true),
            (Settled::Unknown { .. }, Some(InFlight::Again)) => Ok(false),
            (Settled::NotDone { cleanup }, _) => {
                for sql in cleanup {
                    self.connection
                        .execute(&sql)
                        .map_err(RunError::server("removing what an interrupted statement left"))?;
                }
                Ok(false)
            }
            (Settled::Unknown { because }, None) => Err(UnfinishedFailure::Unknown {
                id: entry.id.clone(),
                direction: entry.direction,
                path: statement.path.to_path_buf(),
                line: statement.line,
                number: number + 1,
                because,
            }
            .into()),
        }
    }

    /// Repeats what earlier statements did to the session alone: settings, the current database, prepared statements,
    /// table locks that are still to be held.
    fn bring_session_back(
        &mut self,
        prepared: &Prepared<'_>,
        done: &[&Statement<'_>],
        entry: &Entry,
    ) -> Result<(), RunError> {
        let mut table_lock = None;
        for (number, &statement) in done.iter().enumerate() {
            if let Some(what) = lost_with_session(statement) {
                return Err(UnfinishedFailure::SessionLost {
                    id: entry.id.clone(),
                    path: statement.path.to_path_buf(),
                    line: statement.line,
                    number: number + 1,
                    what,
                }
                .into());
            }
            if first_word_is(statement, "LOCK") {
                table_lock = Some(statement);
            } else if first_word_is(statement, "UNLOCK") {
                table_lock = None;
            } else if statement.facts.session && statement.facts.control.is_none() {
                self.send_statement(statement)
                    .map_err(|error| statement_failure(prepared, statement, error, done.len()))?;
            }
        }
        if let Some(statement) = table_lock {
            let advance = self.journal.advance(done.len());
            self.lock_tables(statement, &advance, &advance)
                .map_err(|error| statement_failure(prepared, statement, error, done.len()))?;
        }
        Ok(())
    }
}

/// What of a statement ended with its session and cannot be brought back by repeating it.
fn lost_with_session(statement: &Statement<'_>) -> Option<&'static str> {
    if statement.facts.temporary_object {
        return Some("made a temporary object");
    }
    let reads_data = first_word_is(statement, "SELECT")
        || (statement.facts.session && statement.text.to_ascii_uppercase().contains("SELECT"));
    (statement.facts.session && reads_data).then_some("kept a value that it read from tables")
}

fn edited(statements: &[&Statement<'_>], number: usize, entry: &Entry) -> UnfinishedFailure {
    let place = statements.get(number).or(statements.last());
    UnfinishedFailure::Edited {
        id: entry.id.clone(),
        path: place.map(|place| place.path.to_path_buf()).unwrap_or_default(),
        line: place.map_or(1, |place| place.line),
        number: number + 1,
    }
}
