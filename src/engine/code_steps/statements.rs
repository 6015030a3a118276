//! The statements of a guest.

use dunlin_compat::model::Dialect;

use super::{Asked, CodeSteps, Stop};
use crate::db::{DbError, Outcome, TypedOutcome};
use crate::engine::code_values::{self, refusal};
use crate::engine::event::Event;
use crate::guest::protocol::Answer;
use crate::sql::{self, Control};

impl CodeSteps<'_, '_> {
    /// One statement of the guest.
    pub(super) fn statement(&mut self, asked: &Asked<'_>) -> Answer {
        let dialect = self.dialect();
        if let Some(answer) = self.refused(asked) {
            return answer;
        }
        match asked.facts.control {
            Some(Control::Begin) if !self.open => {
                let text = (dialect != Dialect::Sqlite).then(|| asked.text.to_owned());
                return self.transaction_step("begin", asked.text, |steps, digest| {
                    steps.begin_with(text.as_deref(), digest)
                });
            }
            Some(Control::Begin) if dialect.is_mysql_family() => {
                // It commits what is open and begins anew.
                let answer = self.transaction_step("commit", asked.text, |steps, digest| {
                    steps.commit_with("COMMIT", digest)
                });
                self.open = true;
                return answer;
            }
            Some(Control::Commit) if self.open => {
                return self.transaction_step("commit", asked.text, |steps, digest| {
                    steps.commit_with(asked.text, digest)
                });
            }
            Some(Control::Rollback) if self.open => {
                return self.transaction_step("rollback", asked.text, Self::roll_back_now);
            }
            // PostgreSQL warns and MySQL is silent where no transaction is to be ended, or one is open already.
            Some(Control::Begin | Control::Commit | Control::Rollback) if dialect != Dialect::Sqlite => {
                return self.transaction_step("nothing", asked.text, |steps, digest| {
                    steps.note(digest, &Answer::Ok);
                    Answer::Ok
                });
            }
            _ => {}
        }
        if let Some(answer) = self.rerun(&asked.digest, &asked.path, asked.line) {
            return answer;
        }
        if let Some(answer) = self.replayed(&asked.digest, &asked.path, asked.line) {
            return match self.repeat_for_session(asked) {
                Ok(()) => answer,
                Err(stop) => self.end(stop),
            };
        }
        if let Some((_, failure)) = self.lost.pop() {
            return self.end(Stop::Failed(failure.into()));
        }
        if let Some(flight) = self.in_flight.take() {
            match self.settle(&flight, asked) {
                Ok(Some(answer)) => return answer,
                Ok(None) => {}
                Err(stop) => {
                    self.in_flight = Some(flight);
                    return self.end(stop);
                }
            }
        }
        let marked = asked.facts.transaction.is_forbidden()
            || asked.facts.implicit_commit
            || sql::may_commit(asked.text, dialect);
        if !marked && let Err(stop) = self.ensure_journal() {
            return self.end(stop);
        }
        if self.open && !(dialect.is_mysql_family() && marked) {
            return match self.send(asked) {
                Ok(outcome) => self.succeeded(asked, outcome),
                Err(error) => self.failed(asked.digest.clone(), asked.text, error),
            };
        }
        let result = if marked { self.marked(asked) } else { self.alone(asked) };
        match result {
            Ok(answer) => answer,
            Err(error) => self.failed(asked.digest.clone(), asked.text, error),
        }
    }

    /// What the engine does not do for code.
    pub(super) fn refused(&mut self, asked: &Asked<'_>) -> Option<Answer> {
        let dialect = self.dialect();
        if asked.facts.copy_from_stdin {
            return Some(refusal(
                "COPY … FROM STDIN needs a stream of data, which code migrations cannot send",
            ));
        }
        if asked.facts.control == Some(Control::Other) {
            return Some(refusal(
                "two-phase commit and SET autocommit would part the migration from its history row; use the driver's own \
                 commit and autocommit",
            ));
        }
        if asked.facts.changes_parsing
            && let Some(encoding) = sql::foreign_client_encoding(asked.text, dialect)
        {
            return Some(refusal(format!(
                "the session speaks UTF-8, and this would change it to {encoding}"
            )));
        }
        self.switch_foreign_keys(asked, false)
    }

    /// What a driver asks for itself: no part of the migration, so nothing of it is journaled or replayed.
    pub(super) fn aside(&mut self, asked: &Asked<'_>) -> Answer {
        if let Some(answer) = self.switch_foreign_keys(asked, true).or_else(|| self.asked_aside(asked)) {
            return answer;
        }
        let reads = matches!(asked.verb.tag.as_str(), "SELECT" | "SHOW" | "PRAGMA" | "SET" | "DESCRIBE");
        if !reads || asked.facts.implicit_commit || asked.facts.control.is_some() {
            return refusal("a driver's own question only reads");
        }
        let result = match self.send(asked) {
            Err(error) if self.open && is_kept_from_transactions(&error) => self.send_before_all(asked),
            result => result,
        };
        match result {
            Ok(outcome) => {
                let answer = code_values::result(outcome, &asked.verb);
                if self.runner.foretells {
                    self.runner.asides.insert(asked.digest.clone(), answer.clone());
                }
                answer
            }
            Err(error) => {
                let answer = code_values::error(&error);
                self.last_error = Some((error, asked.text.to_owned()));
                answer
            }
        }
    }

    /// What SQLite does not change in a transaction, such as `journal_mode`, and what a connection of the project begins with: it
    /// comes before the transaction. Once something is in that, it is left as it is.
    fn send_before_all(&mut self, asked: &Asked<'_>) -> Result<TypedOutcome, DbError> {
        if self.shared || self.durable > 0 || !self.pending.is_empty() {
            return Ok(TypedOutcome::default());
        }
        self.execute(&["ROLLBACK".to_owned()])?;
        let outcome = self.send(asked);
        let begin = self.runner.begin_statements();
        self.execute(&begin)?;
        outcome
    }

    pub(super) fn succeeded(&mut self, asked: &Asked<'_>, outcome: TypedOutcome) -> Answer {
        let notices = self.runner.connection.notice_parts();
        self.told(asked, &outcome);
        let answer = code_values::with_notices(code_values::result(outcome, &asked.verb), notices);
        self.note(asked.digest.clone(), &answer);
        answer
    }

    pub(super) fn told(&mut self, asked: &Asked<'_>, outcome: &TypedOutcome) {
        self.runner.pass_on_notices();
        let index = self.durable + self.pending.len();
        let outcome = Outcome { affected: outcome.affected, ..Outcome::default() };
        self.runner.observer.event(Event::StatementDone {
            path: &asked.path,
            text: asked.text,
            index,
            total: index + 1,
            outcome: &outcome,
        });
    }
}

/// In SQLite's words, which has no code for it.
fn is_kept_from_transactions(error: &DbError) -> bool {
    ["inside a transaction", "from within a transaction"].iter().any(|words| error.message.contains(words))
}
