//! Having guests load migrations and run them, and go on to the next.

use std::path::Path;

use dunlin_compat::model::{Block, Code, Direction, MigrationStep};

use super::RunError;
use super::code_steps::CodeSteps;
use super::event::{Event, Observer, Silent};
use super::prepare::Prepared;
use super::replay::Origin;
use super::run::Runner;
use crate::guest::protocol::{Answer, LoadProblem, Query, Run, SavepointAction, SourceFile, ToLoad};
use crate::guest::{CarrierError, Guest, GuestError, GuestSource, Steps};

/// A migration that a guest begins before its turn: what it does before its first question is to compute, and nobody hears of it
/// should the migration before fail yet.
pub(super) struct Ahead {
    id: String,
    direction: Direction,
    origin: Origin,
}

impl Runner<'_> {
    /// Loads the files of all code migrations, so that what cannot run is refused before anything is sent.
    pub(super) fn load_code(&mut self, prepared: &[Prepared<'_>]) -> Result<(), RunError> {
        let found: Vec<Loading<'_>> =
            loading(prepared).filter(|(step, _, _)| !self.loaded.contains(&key_of(step))).collect();
        if found.is_empty() {
            return Ok(());
        }
        let Some(guests) = self.guests.as_deref_mut() else { return Err(no_guests(&found[0].1.source.path)) };
        let server = self.connection.server().clone();
        let mut steps = Bystander { observer: &mut *self.observer };
        let (mut problems, mut advice) = (Vec::new(), None);
        let mut rest = found.as_slice();
        // Migrations that share a guest are loaded together.
        while let Some((_, _, first)) = rest.first() {
            let same = |code: &Code| code.carrier == first.carrier && code.guest == first.guest;
            let length = rest.iter().take_while(|(_, _, code)| same(code)).count();
            let (these, others) = rest.split_at(length);
            rest = others;
            let guest = guests.get(&first.guest, first.carrier, Some(&server), &mut steps)?;
            let found = load(guest, these, &mut steps)?;
            if advice.is_none() && found.iter().any(|problem| !problem.everywhere) {
                advice = guest.advice();
            }
            problems.extend(found);
        }
        if !problems.is_empty() {
            return Err(GuestError::CannotLoad { problems, advice }.into());
        }
        self.loaded.extend(found.iter().map(|(step, _, _)| key_of(step)));
        Ok(())
    }

    /// The origin that the guest began a migration with before its turn, or a fresh one.
    pub(super) fn origin_of(&mut self, step: &MigrationStep) -> Origin {
        let ahead =
            self.ahead.take().filter(|ahead| ahead.id == step.id && ahead.direction == step.direction);
        ahead.map_or_else(Origin::fresh, |ahead| ahead.origin)
    }

    /// What a guest began before its turn does not come.
    pub(super) fn call_off(&mut self, guests: &mut (dyn GuestSource + '_)) {
        self.ahead = None;
        guests.call_off();
    }
}

/// A migration that a guest loads.
pub(super) type Loading<'p> = (&'p MigrationStep, &'p Block, &'p Code);

/// Those among migrations.
pub(super) fn loading<'g>(prepared: &'g [Prepared<'_>]) -> impl Iterator<Item = Loading<'g>> {
    prepared.iter().filter_map(|prepared| prepared.code().map(|(block, code)| (prepared.step, block, code)))
}

/// What a migration was loaded for.
fn key_of(step: &MigrationStep) -> (String, Direction) {
    (step.id.clone(), step.direction)
}

fn load(
    guest: &mut Guest,
    migrations: &[Loading<'_>],
    steps: &mut dyn Steps,
) -> Result<Vec<LoadProblem>, GuestError> {
    let paths: Vec<String> = migrations.iter().map(|(_, block, _)| display(block.source.path())).collect();
    let files: Vec<ToLoad<'_>> = migrations
        .iter()
        .zip(&paths)
        .map(|((step, block, _), path)| ToLoad {
            file: SourceFile { id: &step.id, path, source: &block.source.text },
            direction: step.direction,
        })
        .collect();
    guest.load(&files, steps)
}

/// Has a guest that was started in the middle of a run load what the one before it had loaded, of which the user knows.
fn catch_up<'p>(guest: &mut Guest, migrations: &dyn Fn() -> Vec<Loading<'p>>) -> Result<(), GuestError> {
    if guest.has_loaded() {
        return Ok(());
    }
    let problems = load(guest, &migrations(), &mut Bystander { observer: &mut Silent })?;
    if problems.is_empty() {
        Ok(())
    } else {
        Err(GuestError::CannotLoad { problems, advice: guest.advice() })
    }
}

/// Runs one migration, and has the guest go on to the next where it is the same that runs it.
pub(super) fn run_guest<'p>(
    guests: &mut (dyn GuestSource + '_),
    (block, code): (&Block, &Code),
    steps: &mut CodeSteps<'_, '_>,
    next: Option<&Prepared<'_>>,
    files: &dyn Fn() -> Vec<Loading<'p>>,
) -> Result<(), GuestError> {
    let server = steps.server();
    let path = display(block.source.path());
    let (id, direction, origin) = steps.about();
    let run = run_of(&id, direction, origin, (&path, block, code));
    let guest = guests.get(&code.guest, code.carrier, Some(&server), steps)?;
    catch_up(guest, files)?;
    if let Some((next, (block, next_code))) = next.and_then(|next| Some((next.step, next.code()?)))
        && next_code.carrier == code.carrier
        && next_code.guest == code.guest
    {
        let ahead = Ahead { id: next.id.clone(), direction: next.direction, origin: Origin::fresh() };
        let path = display(block.source.path());
        let next = run_of(&ahead.id, ahead.direction, ahead.origin, (&path, block, next_code));
        if guest.send_ahead([&run, &next]) {
            steps.is_ahead(ahead);
        }
    }
    match guest.run(run.clone(), steps) {
        Err(GuestError::Carrier(CarrierError::Misled)) if !steps.is_ending() => {
            let guest = guests.get(&code.guest, code.carrier, Some(&server), steps)?;
            catch_up(guest, files)?;
            steps.begin_again();
            guest.run(run, steps)
        }
        result => result,
    }
}

/// What a guest is told to run.
fn run_of<'r>(
    id: &'r str,
    direction: Direction,
    origin: Origin,
    (path, block, code): (&'r str, &'r Block, &'r Code),
) -> Run<'r> {
    Run {
        file: SourceFile { id, path, source: &block.source.text },
        direction,
        offline: false,
        seed: origin.seed,
        now: origin.now,
        options: &code.options,
    }
}

pub(super) fn no_guests(path: &Path) -> RunError {
    RunError::Refused {
        path: path.to_path_buf(),
        line: 1,
        reason: "this command does not run migrations that are code".to_owned(),
    }
}

fn display(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// Answers a guest that is not running a migration: it may talk, and nothing else.
pub(super) struct Bystander<'o> {
    pub(super) observer: &'o mut dyn Observer,
}

impl Bystander<'_> {
    fn refuse() -> Answer {
        super::code_values::refusal("no migration is running, so no statement is sent")
    }
}

impl Steps for Bystander<'_> {
    fn query(&mut self, _query: Query) -> Answer {
        Bystander::refuse()
    }

    fn begin(&mut self) -> Answer {
        Bystander::refuse()
    }

    fn commit(&mut self) -> Answer {
        Bystander::refuse()
    }

    fn rollback(&mut self) -> Answer {
        Bystander::refuse()
    }

    fn savepoint(&mut self, _action: SavepointAction, _name: &str) -> Answer {
        Bystander::refuse()
    }

    fn log(&mut self, level: &str, logger: &str, text: &str) {
        self.observer.event(Event::GuestLog { level, logger, text });
    }

    fn output(&mut self, _text: &str) {}
}
