//! Answering a guest while it runs a migration.

mod foreign_keys;
mod foretold;
mod parts;
mod statements;
mod transactions;
mod unshared;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dunlin_compat::model::{Dialect, Direction, MigrationStep, Server};

use super::RunError;
use super::code::{Stop, fresh_entry, guest_failure, is_retryable, own_error};
use super::code_guest::Ahead;
use super::code_values::{self, refusal};
use super::error::UnfinishedFailure;
use super::event::Event;
use super::journal::{Addition, Entry};
use super::prepare::Statement;
use super::replay::{self, Operation, Origin, Replay};
use super::run::Runner;
use crate::db::{DbError, DbErrorKind, Parameter};
use crate::guest::protocol::{Answer, Query, SavepointAction};
use crate::guest::{GuestError, Steps};
use crate::sql::{self, Facts, Verb};
use foretold::{Memory, Rerun};
use parts::{Piece, Place};

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
    /// Where the journal ends.
    place: Place,
    /// Whether the journal still says of the first pending operation that it is in flight, although it is done.
    flown: bool,
    /// Whether the guest's transaction is open.
    open: bool,
    /// Whether it was when the migration began.
    began_open: bool,
    /// What was done, in case that the guest is told wrongly.
    memory: Memory,
    /// What a second guest is not to do again.
    rerun: Rerun,
    /// Whether migrations before this one are in the same transaction.
    shared: bool,
    /// Whether the code took back a transaction that others share, which is not done yet.
    taken_back: bool,
    /// Whether the code has asked for foreign keys to be off inside of a transaction.
    rebuilds: bool,
    /// Temporary tables that an earlier run made, by their names, with what to say when they are needed.
    lost: Vec<(String, UnfinishedFailure)>,
    /// The names of savepoints, in the order in which they were first set.
    savepoints: Vec<String>,
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
        let place = entry.as_ref().map_or(Place::BEGIN, Place::behind);
        let origin = match &replay {
            Some(replay) => replay.origin,
            None => runner.origin_of(step),
        };
        let in_flight = entry.filter(|entry| entry.in_flight).and_then(|entry| {
            let fingerprint = entry.fingerprint?;
            let (digest, rest) = fingerprint.split_once(' ').unwrap_or((&fingerprint, ""));
            let fingerprint = (!rest.is_empty()).then(|| rest.to_owned());
            Some(Flight { digest: digest.to_owned(), fingerprint })
        });
        Ok(CodeSteps {
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
            place,
            flown: false,
            open,
            began_open: open,
            memory: Memory::default(),
            rerun: Rerun::default(),
            shared,
            taken_back: false,
            rebuilds: false,
            lost: Vec::new(),
            savepoints: Vec::new(),
            last_error: None,
            stop: None,
        })
    }

    /// Whether the journal has an entry of this migration.
    pub(super) fn is_journaled(&self) -> bool {
        self.journaled
    }

    /// How many operations are in the journal, one that may have been done among them.
    pub(super) fn durable(&self) -> usize {
        (self.durable + usize::from(self.flown)).max(self.kept + usize::from(self.in_flight.is_some()))
    }

    /// Whether the attempt ends here, although the guest may have been content.
    pub(super) fn is_ending(&self) -> bool {
        self.stop.is_some() || self.taken_back || !self.replay.is_empty()
    }

    /// The guest has begun the next migration before its turn.
    pub(super) fn is_ahead(&mut self, ahead: Ahead) {
        self.runner.ahead = Some(ahead);
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
        if self.stop.is_some() || result.is_err() {
            self.forget_switches();
            self.land();
        }
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
        let end = self.journaled.then(|| self.runner.journal.end());
        self.runner.record_success(self.step, started, end)?;
        // On MySQL the next migration's entry in the journal is committed before anything else.
        let commits = last || self.journaled || !self.open || self.dialect().is_mysql_family();
        if commits {
            let doing = format!("committing {}", self.step.title);
            self.runner.own(&["COMMIT".to_owned()], &doing)?;
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
            Stop::Stale | Stop::CommitFirst | Stop::Again => "the migration is begun anew".to_owned(),
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
        Some(operation.read_answer())
    }

    fn note(&mut self, digest: String, answer: &Answer) {
        let operation = Operation::of(digest, answer);
        self.memory.note(&operation);
        self.pending.push(operation);
    }

    /// What was noted last was not done after all.
    fn forget_last(&mut self) {
        self.memory.forget_last();
        self.pending.pop();
    }

    /// A failure that the guest is told, and may live with.
    fn failed(&mut self, digest: String, text: &str, error: DbError) -> Answer {
        let answer = code_values::error(&error);
        if error.kind == DbErrorKind::Connection {
            self.memory.note(&Operation::of(digest, &answer));
            self.last_error = Some((error, text.to_owned()));
            return answer;
        }
        self.note(digest, &answer);
        self.last_error = Some((error, text.to_owned()));
        answer
    }

    /// The journal's statements for a commit: its entry, if it has none yet, and what was done since the last; perhaps with a
    /// statement that is about to be sent.
    fn journal_statements(&mut self, flight: Option<&str>) -> Vec<String> {
        let mut statements = Vec::new();
        if !self.journaled {
            let entry = fresh_entry(&self.step.id, self.step.direction, self.origin);
            statements.extend(self.runner.journal.begin(&entry, false));
            self.runner.journal_exists = true;
        }
        statements.extend(self.additions(&self.pending, flight));
        statements
    }

    /// Statements that add operations to the journal.
    fn additions(&self, operations: &[Operation], flight: Option<&str>) -> Vec<String> {
        let mut next = self.durable;
        let (pieces, _) = self.place.cut(operations);
        let add = |Piece { part, is_new, operations }: Piece<'_>| {
            next += operations.len();
            let digests: Vec<String> = operations.iter().map(|operation| operation.digest.clone()).collect();
            let answers = replay::lines(operations);
            let addition = Addition { part, is_new, next, digests: &digests, answers: &answers, flight };
            self.runner.journal.add(&addition)
        };
        pieces.into_iter().map(add).collect()
    }

    /// What was pending is committed.
    fn is_durable(&mut self) {
        self.journaled = true;
        self.flown = false;
        self.durable += self.pending.len();
        (_, self.place) = self.place.cut(&self.pending);
        self.pending.clear();
    }

    /// On MySQL making the journal's table commits, so it is there, with an entry, before anything is done.
    fn ensure_journal(&mut self) -> Result<(), Stop> {
        if self.journaled || !self.dialect().is_mysql_family() {
            return Ok(());
        }
        self.begin_journal_now(None).map_err(own_error("beginning the statement journal"))
    }

    /// Begins the journal, where nothing was done yet, perhaps with a statement in flight.
    fn begin_journal_now(&mut self, flight: Option<&str>) -> Result<(), DbError> {
        let mut entry = fresh_entry(&self.step.id, self.step.direction, self.origin);
        entry.in_flight = flight.is_some();
        entry.fingerprint = flight.map(str::to_owned);
        let begin = |steps: &mut Self, exists| {
            let mut statements = steps.runner.journal.begin(&entry, exists);
            statements.push("COMMIT".to_owned());
            let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
            steps.runner.patiently(|runner| runner.send_together(&statements))
        };
        // Another history's run may have dropped the table since.
        if !(self.runner.journal_exists && begin(self, true).is_ok()) {
            self.runner.journal_exists = true;
            begin(self, false)?;
        }
        self.is_durable();
        Ok(())
    }

    /// Where a migration ends whose last statement is still in flight by the journal, though it is known to be done: says so. If
    /// that fails, the next run finds it out.
    fn land(&mut self) {
        if !self.flown {
            return;
        }
        self.runner.roll_back();
        let mut statements = self.additions(self.pending.get(..1).unwrap_or_default(), None);
        statements.push("COMMIT".to_owned());
        let _ = self.execute(&statements);
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), DbError> {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        if statements.is_empty() {
            return Ok(());
        }
        self.runner.connection.execute_many(&statements).map(drop).map_err(|failure| failure.error)
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
            plugin: None,
            is_of_body: true,
        }
    }
}

impl Steps for CodeSteps<'_, '_> {
    fn foretell(&mut self, query: &Query) -> Option<Answer> {
        self.foretold(query)
    }

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
        if self.stop.is_some() {
            return refusal("the migration has ended");
        }
        if self.taken_back {
            return self.end(Stop::CommitFirst);
        }
        // Libraries count their savepoints over all migrations of a process, so another run names them otherwise.
        let known = self.savepoints.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.savepoints.push(name.to_owned());
            self.savepoints.len() - 1
        });
        let name = self.rerun.savepoint(number).unwrap_or(name);
        let name = self.dialect().quote_identifier(name);
        let (kind, text) = match action {
            SavepointAction::Set => ("set", format!("SAVEPOINT {name}")),
            SavepointAction::Release => ("release", format!("RELEASE SAVEPOINT {name}")),
            SavepointAction::Rollback => ("rollback to", format!("ROLLBACK TO SAVEPOINT {name}")),
        };
        let server = self.server();
        let asked = Asked {
            text: &text,
            parameters: &[],
            types: &[],
            facts: sql::classify(&text, server.dialect, server.version),
            verb: sql::verb(&text, server.dialect),
            digest: replay::digest("savepoint", kind, &number.to_string()),
            path: self.path.to_path_buf(),
            line: 1,
        };
        match self.statement(&asked) {
            Answer::Error(error) => Answer::Error(error),
            _ => Answer::Ok,
        }
    }

    fn log(&mut self, level: &str, logger: &str, text: &str) {
        if self.is_news() {
            self.runner.observer.event(Event::GuestLog { level, logger, text });
        }
    }

    fn output(&mut self, _text: &str) {}
}
