//! Answering a guest while it runs a migration.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use dunlin_compat::model::{Dialect, Direction, MigrationStep, Server};

use super::RunError;
use super::catalog::{self, Settled};
use super::code::{Stop, fresh_entry, guest_failure, is_retryable, own_error, pause_length};
use super::code_values::{self, refusal};
use super::error::UnfinishedFailure;
use super::event::Event;
use super::journal::Entry;
use super::options::InFlight;
use super::prepare::Statement;
use super::replay::{self, Operation, Origin, Replay};
use super::run::{Runner, begin_statement};
use crate::db::{DbError, DbErrorKind, Outcome, Parameter, TypedOutcome};
use crate::guest::protocol::{Answer, Query, SavepointAction};
use crate::guest::{GuestError, Steps};
use crate::sql::{self, Control, Facts, Verb};

/// A statement that was in flight when an earlier run ended.
struct Flight {
    digest: String,
    fingerprint: Option<String>,
}

/// The state of one code migration while its guest runs.
pub(super) struct CodeSteps<'r, 'a> {
    runner: &'r mut Runner<'a>,
    step: &'r MigrationStep,
    path: &'r Path,
    origin: Origin,
    /// What an earlier run did, still to be answered without doing it.
    replay: VecDeque<Result<Operation, String>>,
    in_flight: Option<Flight>,
    /// What was done since the last commit, not in the journal yet.
    pending: Vec<Operation>,
    /// How many operations of this attempt are in the journal: answered from it, or added.
    durable: usize,
    /// How many operations the journal had to begin with.
    kept: usize,
    journaled: bool,
    /// Whether the guest's transaction is open.
    open: bool,
    /// Whether migrations before this one are in the same transaction.
    shared: bool,
    /// Whether the code took back a transaction that others share, which is not done yet.
    taken_back: bool,
    /// The server's last error, with its statement.
    last_error: Option<(DbError, String)>,
    /// Why this attempt ends, whatever the guest does next.
    stop: Option<Stop>,
}

/// A statement of the guest, with what is known of it.
struct Asked<'s> {
    text: &'s str,
    parameters: &'s [Parameter],
    /// PostgreSQL's OIDs of the parameters, where they are said.
    types: &'s [Option<u32>],
    facts: Facts,
    verb: Verb,
    digest: String,
    path: PathBuf,
    line: usize,
}

impl<'r, 'a> CodeSteps<'r, 'a> {
    /// `open`: whether the migration begins in a transaction.
    pub(super) fn new(
        runner: &'r mut Runner<'a>,
        step: &'r MigrationStep,
        path: &'r Path,
        entry: Option<Entry>,
        replay: Option<Replay>,
        shared: bool,
        open: bool,
    ) -> Result<CodeSteps<'r, 'a>, Stop> {
        let journaled = entry.is_some();
        let kept = entry.as_ref().map_or(0, |entry| entry.next);
        let origin = replay.as_ref().map_or_else(Origin::fresh, |replay| replay.origin);
        let in_flight = entry.filter(|entry| entry.in_flight).and_then(|entry| {
            let fingerprint = entry.fingerprint?;
            let (digest, rest) = fingerprint.split_once(' ').unwrap_or((&fingerprint, ""));
            let fingerprint = (!rest.is_empty()).then(|| rest.to_owned());
            Some(Flight { digest: digest.to_owned(), fingerprint })
        });
        let mut steps = CodeSteps {
            runner,
            step,
            path,
            origin,
            replay: replay.map(|replay| replay.operations.into()).unwrap_or_default(),
            in_flight,
            pending: Vec::new(),
            durable: 0,
            kept,
            journaled,
            open,
            shared,
            taken_back: false,
            last_error: None,
            stop: None,
        };
        if steps.dialect().is_mysql_family() && !steps.journaled {
            // Making the table commits, so it is made before anything else.
            steps.begin_journal_now()?;
        }
        Ok(steps)
    }

    /// Whether the journal has an entry of this migration.
    pub(super) fn is_journaled(&self) -> bool {
        self.journaled
    }

    /// How many operations are in the journal, one that may have been done among them.
    pub(super) fn durable(&self) -> usize {
        self.durable.max(self.kept + usize::from(self.in_flight.is_some()))
    }

    pub(super) fn server(&self) -> Server {
        self.runner.connection.server().clone()
    }

    /// Id, direction and origin.
    pub(super) fn about(&self) -> (String, Direction, Origin) {
        (self.step.id.clone(), self.step.direction, self.origin)
    }

    /// Records the migration, and commits if it is the last of its group or has left the group's transaction. Says whether it
    /// committed.
    pub(super) fn finish(
        mut self,
        result: Result<(), GuestError>,
        started: Instant,
        last: bool,
    ) -> Result<bool, Stop> {
        if let Some(stop) = self.stop.take() {
            return Err(stop);
        }
        if let Err(error) = result {
            let locked = self.last_error.as_ref().map(|(error, _)| error.clone()).filter(is_retryable);
            let caused = matches!(&error, GuestError::Failed(failed) if failed.database);
            let failure = guest_failure(error, self.step, self.path, self.last_error.take());
            return Err(match locked {
                Some(locked) if caused => Stop::Retry(failure, locked),
                _ => Stop::Failed(failure),
            });
        }
        if self.taken_back {
            return Err(Stop::CommitFirst);
        }
        if !self.replay.is_empty() {
            return Err(Stop::Failed(self.edited(self.path.to_path_buf(), 1)));
        }
        if !self.open {
            let begin = self.runner.begin_statements();
            self.runner.own(&begin, "beginning the transaction of the history row")?;
        }
        self.runner.record_success(self.step, started)?;
        if self.journaled {
            self.runner.own(&[self.runner.journal.end()], "ending the statement journal")?;
        }
        let commits = last || self.journaled || !self.open;
        if commits {
            self.runner.own(&["COMMIT".to_owned()], "committing a migration")?;
        }
        Ok(commits)
    }

    fn dialect(&self) -> Dialect {
        self.runner.connection.server().dialect
    }

    fn edited(&self, path: PathBuf, line: usize) -> RunError {
        UnfinishedFailure::Edited { id: self.step.id.clone(), path, line, number: self.durable + 1 }.into()
    }

    /// Ends the attempt; the guest hears that nothing goes on.
    fn end(&mut self, stop: Stop) -> Answer {
        let message = match &stop {
            Stop::Failed(error) | Stop::Retry(error, _) => error.to_string(),
            Stop::Stale | Stop::CommitFirst => "the migration is begun anew".to_owned(),
        };
        self.stop.get_or_insert(stop);
        refusal(message)
    }

    /// Answers from an earlier run, if it did this.
    fn replayed(&mut self, digest: &str, path: &Path, line: usize) -> Option<Answer> {
        let operation = match self.replay.pop_front()? {
            Ok(operation) if operation.digest == digest => operation,
            Ok(_) => {
                let error = self.edited(path.to_path_buf(), line);
                return Some(self.end(Stop::Failed(error)));
            }
            Err(_) => {
                let error = UnfinishedFailure::AnswerLost {
                    id: self.step.id.clone(),
                    path: path.to_path_buf(),
                    line,
                    number: self.durable + 1,
                };
                return Some(self.end(Stop::Failed(error.into())));
            }
        };
        self.durable += 1;
        let answer = match &operation.answer {
            None => Ok(Answer::Ok),
            Some(text) => serde_json::from_str(text),
        };
        Some(answer.unwrap_or_else(|error| refusal(format!("the journal cannot be read: {error}"))))
    }

    /// Runs a step of a transaction, or answers it from an earlier run.
    fn transaction_step(
        &mut self,
        kind: &str,
        text: &str,
        act: impl FnOnce(&mut Self, String) -> Answer,
    ) -> Answer {
        if self.stop.is_some() {
            return refusal("the migration has ended");
        }
        if self.taken_back {
            return self.end(Stop::CommitFirst);
        }
        let digest = replay::digest(kind, text, "");
        let path = self.path.to_path_buf();
        if let Some(answer) = self.replayed(&digest, &path, 1) {
            if answer == Answer::Ok {
                self.open = match kind {
                    "begin" => true,
                    "commit" | "rollback" => false,
                    _ => self.open,
                };
            }
            return answer;
        }
        act(self, digest)
    }

    fn note(&mut self, digest: String, answer: &Answer) {
        let kept = match answer {
            Answer::Ok => None,
            other => serde_json::to_string(other).ok(),
        };
        self.pending.push(Operation::new(digest, kept));
    }

    /// A failure that the guest is told, and may live with.
    fn failed(&mut self, digest: String, text: &str, error: DbError) -> Answer {
        let answer = code_values::error(&error);
        if error.kind == DbErrorKind::Connection {
            self.last_error = Some((error, text.to_owned()));
            return answer;
        }
        self.note(digest, &answer);
        self.last_error = Some((error, text.to_owned()));
        answer
    }

    /// The journal's statements for a commit: its entry, if it has none yet, and what was done since the last.
    fn journal_statements(&mut self, count: usize) -> Vec<String> {
        let mut statements = Vec::new();
        if !self.journaled {
            let entry = fresh_entry(&self.step.id, self.step.direction, self.origin);
            statements.extend(self.runner.journal.begin(&entry, false));
            self.runner.journal_exists = true;
        }
        let digests: Vec<String> = self.pending.iter().map(|operation| operation.digest.clone()).collect();
        let lines = replay::lines(&self.pending);
        statements.push(self.runner.journal.append(self.durable + count, &digests, &lines));
        statements
    }

    /// What was pending is committed.
    fn is_durable(&mut self) {
        self.journaled = true;
        self.durable += self.pending.len();
        self.pending.clear();
    }

    fn begin_journal_now(&mut self) -> Result<(), Stop> {
        let entry = fresh_entry(&self.step.id, self.step.direction, self.origin);
        let doing = "beginning the statement journal";
        let mut begun = false;
        if self.runner.journal_exists {
            let statements = self.runner.journal.begin(&entry, true);
            begun = self.runner.commit_together(&statements, doing).is_ok();
        }
        if !begun {
            self.runner.journal_exists = true;
            let statements = self.runner.journal.begin(&entry, false);
            self.runner.commit_together(&statements, doing).map_err(Stop::Failed)?;
        }
        self.journaled = true;
        Ok(())
    }

    /// Commits the guest's transaction together with the journal.
    fn commit_with(&mut self, text: &str, digest: String) -> Answer {
        self.note(digest.clone(), &Answer::Ok);
        let mut statements = self.journal_statements(self.pending.len());
        statements.push(text.to_owned());
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        match self.runner.connection.execute_many(&texts) {
            Ok(_) => {
                self.is_durable();
                self.open = false;
                self.shared = false;
                Answer::Ok
            }
            Err(failure) => {
                self.pending.pop();
                // A transaction that has failed ends with any commit, and nothing of it remains.
                if failure.error.sqlstate.as_deref() == Some("25P02") {
                    return self.roll_back_now(digest);
                }
                self.failed(digest, text, failure.error)
            }
        }
    }

    fn roll_back_now(&mut self, digest: String) -> Answer {
        if self.shared {
            // A library takes back what a failure left, which takes the whole group back in any case. Only code that goes on
            // behind it needs the migrations before it committed.
            self.taken_back = true;
            self.open = false;
            return Answer::Ok;
        }
        if let Err(error) = self.runner.connection.execute("ROLLBACK") {
            return self.failed(digest, "ROLLBACK", error);
        }
        self.open = false;
        self.note(digest, &Answer::Ok);
        Answer::Ok
    }

    fn begin_with(&mut self, text: Option<&str>, digest: String) -> Answer {
        let mut statements = self.runner.begin_statements();
        if let (Some(text), Some(first)) = (text, statements.first_mut()) {
            text.clone_into(first);
        }
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        if let Err(failure) = self.runner.connection.execute_many(&texts) {
            return self.failed(digest, text.unwrap_or("BEGIN"), failure.error);
        }
        self.open = true;
        self.note(digest, &Answer::Ok);
        Answer::Ok
    }

    /// One statement of the guest.
    fn statement(&mut self, asked: &Asked<'_>) -> Answer {
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
        if let Some(answer) = self.replayed(&asked.digest, &asked.path, asked.line) {
            return match self.repeat_for_session(asked) {
                Ok(()) => answer,
                Err(stop) => self.end(stop),
            };
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
    fn refused(&mut self, asked: &Asked<'_>) -> Option<Answer> {
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
        // Foreign keys stay off while tables are rebuilt, so that no row that refers to one is lost.
        if dialect == Dialect::Sqlite
            && sql::is_foreign_keys_pragma(asked.text)
            && asked.text.contains(['=', '('])
        {
            return Some(Answer::Result(crate::guest::protocol::StatementResult {
                tag: asked.verb.tag.clone(),
                ..Default::default()
            }));
        }
        None
    }

    /// What a driver asks for itself: no part of the migration, so nothing of it is journaled or replayed.
    fn aside(&mut self, asked: &Asked<'_>) -> Answer {
        let reads = matches!(asked.verb.tag.as_str(), "SELECT" | "SHOW" | "PRAGMA" | "SET" | "DESCRIBE");
        if !reads || asked.facts.implicit_commit || asked.facts.control.is_some() {
            return refusal("a driver's own question only reads");
        }
        match self.send(asked) {
            Ok(outcome) => code_values::result(outcome, &asked.verb),
            Err(error) => {
                let answer = code_values::error(&error);
                self.last_error = Some((error, asked.text.to_owned()));
                answer
            }
        }
    }

    fn succeeded(&mut self, asked: &Asked<'_>, outcome: TypedOutcome) -> Answer {
        self.told(asked, &outcome);
        let answer = code_values::result(outcome, &asked.verb);
        self.note(asked.digest.clone(), &answer);
        answer
    }

    fn told(&mut self, asked: &Asked<'_>, outcome: &TypedOutcome) {
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

    /// Sends a statement as it is.
    fn send(&mut self, asked: &Asked<'_>) -> Result<TypedOutcome, DbError> {
        let dialect = self.dialect();
        let returns_rows = asked.verb.returns_rows;
        if asked.parameters.is_empty() {
            return self.runner.connection.execute_typed(asked.text, &[], returns_rows);
        }
        if dialect == Dialect::Sqlite {
            return self.runner.connection.execute_typed(asked.text, asked.parameters, returns_rows);
        }
        let literals: Vec<String> = asked
            .parameters
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let literal = code_values::literal(value, dialect);
                match asked.types.get(index).copied().flatten().and_then(code_values::type_name) {
                    Some(name) if dialect == Dialect::Postgres => format!("{literal}::{name}"),
                    _ => literal,
                }
            })
            .collect();
        let text = sql::bind(asked.text, dialect, &literals)
            .map_err(|error| DbError::new(DbErrorKind::Statement, error.to_string()))?;
        self.runner.connection.execute_typed(&text, &[], returns_rows)
    }

    /// Outside of a transaction of the guest: the statement and the journal in one of ours.
    fn alone(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
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

    fn try_alone(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
        let begin = self.runner.begin_statements();
        self.execute(&begin)?;
        let outcome = self.send(asked)?;
        let answer = self.succeeded(asked, outcome);
        let mut statements = self.journal_statements(self.pending.len());
        statements.push("COMMIT".to_owned());
        match self.execute(&statements) {
            Ok(()) => {
                self.is_durable();
                Ok(answer)
            }
            Err(error) => {
                self.pending.pop();
                Err(error)
            }
        }
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), DbError> {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        if statements.is_empty() {
            return Ok(());
        }
        self.runner.connection.execute_many(&statements).map(drop).map_err(|failure| failure.error)
    }

    fn pause(&mut self, attempt: u32, error: &DbError) {
        let delay = pause_length(attempt);
        self.runner.observer.event(Event::Retry { error, attempt, delay });
        thread::sleep(delay);
    }

    /// A statement that cannot share a transaction with the journal: marked before, settled after a crash.
    fn marked(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
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

    fn try_marked(&mut self, asked: &Asked<'_>) -> Result<Answer, DbError> {
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
                    let unmark = [self.runner.journal.append(self.durable, &[], ""), "COMMIT".to_owned()];
                    let count = if dialect.is_mysql_family() { 2 } else { 1 };
                    self.execute(unmark.get(..count).unwrap_or_default())?;
                }
                return Err(error);
            }
        };
        let answer = self.succeeded(asked, outcome);
        let mut statements = self.journal_statements(self.pending.len());
        if dialect.is_mysql_family() {
            statements.push("COMMIT".to_owned());
        }
        self.execute(&statements)?;
        self.is_durable();
        Ok(answer)
    }

    /// Commits what is pending together with the mark that a statement is about to be sent.
    fn mark(&mut self, asked: &Asked<'_>, fingerprint: Option<&str>) -> Result<(), DbError> {
        let flight = match fingerprint {
            Some(fingerprint) => format!("{} {fingerprint}", asked.digest),
            None => asked.digest.clone(),
        };
        let digests: Vec<String> = self.pending.iter().map(|operation| operation.digest.clone()).collect();
        let lines = replay::lines(&self.pending);
        let next = self.durable + self.pending.len();
        let mut statements = Vec::new();
        if !self.dialect().is_mysql_family() {
            statements.push(begin_statement(self.dialect()).to_owned());
        }
        if !self.journaled {
            let entry = fresh_entry(&self.step.id, self.step.direction, self.origin);
            statements.extend(self.runner.journal.begin(&entry, false));
            self.runner.journal_exists = true;
        }
        statements.push(self.runner.journal.append_and_mark(next, &digests, &lines, Some(&flight)));
        statements.push("COMMIT".to_owned());
        if let Err(error) = self.execute(&statements) {
            self.runner.roll_back();
            return Err(error);
        }
        self.is_durable();
        Ok(())
    }

    /// Finds out what became of the statement that was in flight; `None` when it is to be run.
    fn settle(&mut self, flight: &Flight, asked: &Asked<'_>) -> Result<Option<Answer>, Stop> {
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
        let mut statements = self.journal_statements(self.pending.len());
        if self.dialect().is_mysql_family() {
            statements.push("COMMIT".to_owned());
        }
        self.runner.own(&statements, "advancing the statement journal")?;
        self.is_durable();
        Ok(Some(answer))
    }

    /// The session in which an earlier run did something is gone: what it set is set again.
    fn repeat_for_session(&mut self, asked: &Asked<'_>) -> Result<(), Stop> {
        if self.stop.is_some() {
            return Ok(());
        }
        if asked.facts.temporary_object {
            return Err(Stop::Failed(
                UnfinishedFailure::SessionLost {
                    id: self.step.id.clone(),
                    path: asked.path.clone(),
                    line: asked.line,
                    number: self.durable,
                }
                .into(),
            ));
        }
        if asked.facts.session && asked.facts.control.is_none() {
            self.send(asked).map_err(own_error("repeating what the migration set in its session"))?;
        }
        Ok(())
    }
}

impl Asked<'_> {
    /// For the catalog, which knows statements of files.
    fn as_statement(&self) -> Statement<'_> {
        Statement {
            text: self.text.to_owned(),
            path: &self.path,
            line: self.line,
            facts: self.facts.clone(),
            copy_data: None,
            is_of_body: true,
        }
    }
}

impl Steps for CodeSteps<'_, '_> {
    fn query(&mut self, query: Query) -> Answer {
        if self.stop.is_some() {
            return refusal("the migration has ended");
        }
        if self.taken_back {
            return self.end(Stop::CommitFirst);
        }
        let values = query.parameters.unwrap_or_default();
        let parameters: Result<Vec<Parameter>, String> = values.iter().map(code_values::parameter).collect();
        let parameters = match parameters {
            Ok(parameters) => parameters,
            Err(reason) => return refusal(reason),
        };
        let types = query.types.unwrap_or_default();
        let server = self.server();
        let path = query.path.map_or_else(|| self.path.to_path_buf(), PathBuf::from);
        let line = query.line.unwrap_or(1);
        let written = format!("{parameters:?}");
        let asked = |text| Asked {
            text,
            parameters: &parameters,
            types: &types,
            facts: sql::classify(text, server.dialect, server.version),
            verb: sql::verb(text, server.dialect),
            digest: replay::digest("query", text, &written),
            path: path.clone(),
            line,
        };
        if query.own {
            return self.aside(&asked(&query.sql));
        }
        let found = if parameters.is_empty() {
            sql::split_quoted(&query.sql, server.dialect, server.quoting).ok()
        } else {
            None
        };
        match found {
            // Blanks around a single statement are the guest's own; a text that makes no sense is the server's to refuse.
            None => self.statement(&asked(&query.sql)),
            Some(found) if found.len() == 1 => {
                let whole = asked(&query.sql);
                if found.first().is_some_and(|statement| statement.copy_data.is_some()) {
                    return refusal(
                        "COPY … FROM STDIN needs a stream of data, which code migrations cannot send",
                    );
                }
                self.statement(&whole)
            }
            Some(found) if found.is_empty() => Answer::Result(Default::default()),
            Some(_) if query.single => code_values::several(server.dialect),
            Some(found) => {
                let mut last = Answer::Ok;
                for statement in &found {
                    last = self.statement(&asked(&statement.text));
                    if matches!(last, Answer::Error(_)) {
                        break;
                    }
                }
                last
            }
        }
    }

    fn begin(&mut self) -> Answer {
        if self.open {
            return refusal("a transaction is open already");
        }
        self.transaction_step("begin", "", |steps, digest| steps.begin_with(None, digest))
    }

    fn commit(&mut self) -> Answer {
        if !self.open {
            return refusal("no transaction is open");
        }
        self.transaction_step("commit", "", |steps, digest| steps.commit_with("COMMIT", digest))
    }

    fn rollback(&mut self) -> Answer {
        if !self.open {
            return refusal("no transaction is open");
        }
        self.transaction_step("rollback", "", Self::roll_back_now)
    }

    fn savepoint(&mut self, action: SavepointAction, name: &str) -> Answer {
        let name = self.dialect().quote_identifier(name);
        let sql = match action {
            SavepointAction::Set => format!("SAVEPOINT {name}"),
            SavepointAction::Release => format!("RELEASE SAVEPOINT {name}"),
            SavepointAction::Rollback => format!("ROLLBACK TO SAVEPOINT {name}"),
        };
        match self.query(Query { sql, ..Query::default() }) {
            Answer::Error(error) => Answer::Error(error),
            _ => Answer::Ok,
        }
    }

    fn log(&mut self, level: &str, logger: &str, text: &str) {
        self.runner.observer.event(Event::GuestLog { level, logger, text });
    }

    fn output(&mut self, _text: &str) {}
}
