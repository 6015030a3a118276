//! Statements that are durable on their own: outside of a transaction, or none that could share one with the journal.

use std::thread;

use dunlin_compat::model::Dialect;

use super::{Asked, CodeSteps, Flight};
use crate::db::{DbError, DbErrorKind, TypedOutcome};
use crate::engine::catalog::{self, Settled};
use crate::engine::code::{Stop, is_retryable, own_error, pause_length};
use crate::engine::code_values;
use crate::engine::error::UnfinishedFailure;
use crate::engine::event::Event;
use crate::engine::options::InFlight;
use crate::engine::run::begin_statement;
use crate::guest::protocol::Answer;

impl CodeSteps<'_, '_> {
    /// Outside of a transaction of the guest: the statement and the journal in one of ours.
    pub(super) fn alone(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
        let mut attempt = 1;
        loop {
            match self.try_alone(asked) {
                Ok(answer) => return Ok(answer),
                Err(error) if is_retryable(&error) && attempt < self.runner.options.attempts => {
                    self.runner.roll_back();
                    attempt += 1;
                    self.pause(attempt, &error);
                }
                Err(error) => {
                    self.runner.roll_back();
                    return Err(error);
                }
            }
        }
    }

    pub(super) fn try_alone(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
        let begin = self.runner.begin_statements();
        self.execute(&begin)?;
        let outcome = self.send(asked)?;
        let answer = self.succeeded(asked, outcome);
        let mut statements = self.journal_statements(None);
        statements.push("COMMIT".to_owned());
        match self.execute(&statements) {
            Ok(()) => {
                self.is_durable();
                Ok(answer)
            }
            Err(error) => {
                self.forget_last();
                Err(error)
            }
        }
    }

    /// A statement that cannot share a transaction with the journal: marked before, settled after a crash.
    pub(super) fn marked(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
        let mut attempt = 1;
        loop {
            match self.try_marked(asked) {
                Err(error) if is_retryable(&error) && attempt < self.runner.options.attempts => {
                    attempt += 1;
                    self.pause(attempt, &error);
                }
                result => return result,
            }
        }
    }

    pub(super) fn try_marked(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
        let dialect = self.dialect();
        let statement = asked.as_statement();
        let fingerprint = catalog::fingerprint(self.runner.connection.as_mut(), &statement)?;
        self.mark(asked, fingerprint.as_deref())?;
        if dialect == Dialect::Postgres {
            // See the journaled statements of SQL migrations: CONCURRENTLY stops nobody while it waits.
            let limit = match &asked.facts.target {
                Some(target) if target.concurrently => 0,
                _ => self.runner.options.lock_timeout.as_millis(),
            };
            self.execute(&[format!("SET lock_timeout = {limit}")])?;
        }
        let outcome = match self.send(asked) {
            Ok(outcome) => outcome,
            Err(error) => {
                if dialect == Dialect::Postgres {
                    self.runner.remove_invalid_indexes(&statement, fingerprint.as_deref());
                }
                if error.kind != DbErrorKind::Connection {
                    let mut unmark = self.additions(&[], None);
                    if dialect.is_mysql_family() {
                        unmark.push("COMMIT".to_owned());
                    }
                    self.execute(&unmark)?;
                }
                return Err(error);
            }
        };
        let answer = self.succeeded(asked, outcome);
        if dialect.is_mysql_family()
            && catalog::tells(&statement, fingerprint.as_deref())
            && answer == code_values::result(TypedOutcome::default(), &asked.verb)
        {
            // After a crash the catalog tells that it is done, and that was the answer: what comes next writes it down.
            self.flown = true;
            return Ok(answer);
        }
        let mut statements = self.journal_statements(None);
        if dialect.is_mysql_family() {
            statements.push("COMMIT".to_owned());
        }
        self.execute(&statements)?;
        self.is_durable();
        Ok(answer)
    }

    /// Commits what is pending together with the mark that a statement is about to be sent.
    pub(super) fn mark(&mut self, asked: &Asked<'_>, fingerprint: Option<&str>) -> Result<(), DbError> {
        let flight = match fingerprint {
            Some(fingerprint) => format!("{} {fingerprint}", asked.digest),
            None => asked.digest.clone(),
        };
        if !self.journaled && self.dialect().is_mysql_family() {
            return self.begin_journal_now(Some(&flight));
        }
        let mut statements = Vec::new();
        if !self.dialect().is_mysql_family() {
            statements.push(begin_statement(self.dialect()).to_owned());
        }
        statements.extend(self.journal_statements(Some(&flight)));
        statements.push("COMMIT".to_owned());
        if let Err(error) = self.execute(&statements) {
            self.runner.roll_back();
            return Err(error);
        }
        self.is_durable();
        Ok(())
    }

    /// Finds out what became of the statement that was in flight; `None` when it is to be run.
    pub(super) fn settle(&mut self, flight: &Flight, asked: &Asked<'_>) -> Result<Option<Answer>, Stop> {
        if flight.digest != asked.digest {
            return Err(Stop::Failed(self.edited(asked.path.clone(), asked.line)));
        }
        let doing = "looking for what a half-done migration did";
        let settled = catalog::settle(
            self.runner.connection.as_mut(),
            &asked.as_statement(),
            flight.fingerprint.as_deref(),
        )
        .map_err(own_error(doing))?;
        let done = match (settled, self.runner.options.in_flight) {
            (Settled::Done, _) | (Settled::Unknown { .. }, Some(InFlight::Done)) => true,
            (Settled::Unknown { .. }, Some(InFlight::Again)) => false,
            (Settled::NotDone { cleanup }, _) => {
                for statement in cleanup {
                    self.runner.own(&[statement], "removing what an interrupted statement left")?;
                }
                false
            }
            (Settled::Unknown { because }, None) => {
                return Err(Stop::Failed(
                    UnfinishedFailure::Unknown {
                        id: self.step.id.clone(),
                        direction: self.step.direction,
                        path: asked.path.clone(),
                        line: asked.line,
                        number: self.durable + 1,
                        because,
                    }
                    .into(),
                ));
            }
        };
        if !done {
            return Ok(None);
        }
        let answer = code_values::result(TypedOutcome::default(), &asked.verb);
        self.note(asked.digest.clone(), &answer);
        let mut statements = self.journal_statements(None);
        if self.dialect().is_mysql_family() {
            statements.push("COMMIT".to_owned());
        }
        self.runner.own(&statements, "advancing the statement journal")?;
        self.is_durable();
        Ok(Some(answer))
    }

    /// The session in which an earlier run did something is gone: what it set is set again. A temporary table matters only if
    /// the earlier run did not drop it, which SQLite's rebuilds of a table do.
    pub(super) fn repeat_for_session(&mut self, asked: &Asked<'_>) -> Result<(), Stop> {
        if self.stop.is_some() {
            return Ok(());
        }
        if let Some(dropped) = table_of("DROP", asked.text) {
            self.lost.retain(|(name, _)| *name != dropped);
        }
        if asked.facts.temporary_object {
            let failure = UnfinishedFailure::SessionLost {
                id: self.step.id.clone(),
                path: asked.path.clone(),
                line: asked.line,
                number: self.durable,
            };
            match table_of("CREATE", asked.text) {
                Some(name) => self.lost.push((name.to_owned(), failure)),
                None => return Err(Stop::Failed(failure.into())),
            }
        }
        if asked.facts.session && asked.facts.control.is_none() {
            self.send(asked).map_err(own_error("repeating what the migration set in its session"))?;
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, attempt: u32, error: &DbError) {
        let delay = pause_length(attempt);
        self.runner.observer.event(Event::Retry { error, attempt, delay });
        thread::sleep(delay);
    }
}

/// The table that a `CREATE … TABLE` or `DROP TABLE` names, as it is written but for quotes; `None` where that is not plain.
fn table_of<'s>(verb: &str, text: &'s str) -> Option<&'s str> {
    let mut words = text.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case(verb) {
        return None;
    }
    words.find(|word| word.eq_ignore_ascii_case("table"))?;
    let is_word = |word: &&str| !["if", "not", "exists"].iter().any(|other| word.eq_ignore_ascii_case(other));
    let name = words.find(is_word)?.trim_end_matches(';');
    let name = name.split_once('(').map_or(name, |(name, _)| name);
    let bare = name.trim_matches(['"', '`']);
    let is_plain = bare.chars().all(|each| each.is_alphanumeric() || each == '_') && !bare.is_empty();
    let is_whole = name.len() == bare.len() || name.len() == bare.len() + 2;
    (is_plain && is_whole).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::table_of;

    #[test]
    fn a_table_is_known_by_its_name() {
        for (verb, text, name) in [
            ("CREATE", "CREATE TEMPORARY TABLE \"abook\" (\"id\" integer)", Some("abook")),
            ("CREATE", "create temp table if not exists abook(id int)", Some("abook")),
            ("CREATE", "CREATE TEMPORARY VIEW abook AS SELECT 1", None),
            ("CREATE", "CREATE TEMPORARY TABLE \"a book\" (id int)", None),
            ("DROP", "DROP TABLE \"abook\"", Some("abook")),
            ("DROP", "DROP TABLE IF EXISTS `abook`;", Some("abook")),
            ("DROP", "DROP TABLE abook, book", None),
            ("DROP", "DROP TABLE other.abook", None),
            ("DROP", "CREATE TABLE abook (id int)", None),
        ] {
            assert_eq!(table_of(verb, text), name, "{text}");
        }
    }
}
