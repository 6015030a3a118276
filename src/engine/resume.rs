//! Taking up a half-done migration: is it the same one, what became of the statement in flight, and what the session was.

use super::catalog::{self, Settled};
use super::error::UnfinishedFailure;
use super::journal::Entry;
use super::options::InFlight;
use super::prepare::{Prepared, Statement};
use super::run::Runner;
use super::stepwise::statement_failure;
use super::{RunError, session};

impl Runner<'_> {
    /// Checks a half-done migration against the journal, settles what was in flight, and brings the session to where it
    /// was. Returns the next statement.
    pub(super) fn take_up(&mut self, prepared: &Prepared<'_>, entry: &Entry) -> Result<usize, RunError> {
        let statements: Vec<&Statement<'_>> = prepared.statements().collect();
        let digests: Vec<String> = statements.iter().map(|statement| statement.digest()).collect();
        let edited = |number: usize| {
            let place = statements.get(number).or(statements.last());
            UnfinishedFailure::Edited {
                id: entry.id.clone(),
                path: place.map(|place| place.path.to_path_buf()).unwrap_or_default(),
                line: place.map_or(1, |place| place.line),
                number: number + 1,
            }
        };
        if let Some(number) = (0..entry.next).find(|&number| digests.get(number) != entry.digests.get(number))
        {
            return Err(edited(number).into());
        }
        // Before the catalog is asked: names mean what they meant to the statement in flight.
        self.bring_session_back(prepared, entry)?;
        let mut next = entry.next;
        if entry.in_flight {
            let same = digests.get(next).is_some() && digests.get(next) == entry.digests.get(next);
            let Some(statement) = statements.get(next).filter(|_| same) else {
                return Err(edited(next).into());
            };
            if self.in_flight_took_effect(statement, next, entry)? {
                next += 1;
            }
        }
        let mut update = self.own_rights(prepared);
        update.extend([self.journal.set_digests(&digests), self.journal.advance(next, None)]);
        self.commit_together(&update, "taking up the statement journal")?;
        Ok(next)
    }

    /// Repeats what the statements that ran changed in their session, which is gone.
    fn bring_session_back(&mut self, prepared: &Prepared<'_>, entry: &Entry) -> Result<(), RunError> {
        let dialect = self.connection.server().dialect;
        let ran: Vec<&Statement<'_>> = prepared.statements().take(entry.next).collect();
        if let Some((number, statement)) =
            ran.iter().enumerate().find(|(_, statement)| statement.facts.temporary_object)
        {
            return Err(UnfinishedFailure::SessionLost {
                id: entry.id.clone(),
                path: statement.path.to_path_buf(),
                line: statement.line,
                number: number + 1,
            }
            .into());
        }
        let values = entry.session.as_deref().map(session::restoring).unwrap_or_default();
        let restore = |runner: &mut Self| -> Result<(), RunError> {
            for sql in &values {
                runner.connection.execute(sql).map_err(RunError::server("restoring the session"))?;
            }
            Ok(())
        };
        // Settings may be made from variables, and making them may change variables.
        restore(self)?;
        for statement in session::repeated(&ran, dialect) {
            let result = match self.lock_tables_with_ours(statement) {
                Some(text) => self.connection.execute(&text).map(drop),
                None => self.send_statement(statement).map(drop),
            };
            result.map_err(|error| statement_failure(prepared, statement, error, entry.next))?;
        }
        restore(self)
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
}
