//! A story of commands, told several times: by Flyway alone, by Dunlin alone, and by both in turn.

use std::sync::{Condvar, Mutex};
use std::thread;

use crate::state::{self, State};
use crate::support::{Database, Output, Project, ServerKind, flyway_is_here, servers};

/// Who runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Flyway,
    Dunlin,
}

impl Tool {
    fn other(self) -> Self {
        match self {
            Self::Flyway => Self::Dunlin,
            Self::Dunlin => Self::Flyway,
        }
    }
}

/// What a command is expected to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeds,
    Fails,
}

/// One step: the files change, then a command runs.
pub struct Step {
    /// What happens, for messages.
    pub name: &'static str,
    /// How the files change before.
    pub prepare: Box<dyn Fn(&Stage) + Send + Sync>,
    /// The command.
    pub arguments: Vec<&'static str>,
    pub outcome: Outcome,
}

/// A command that succeeds.
pub fn step(
    name: &'static str,
    arguments: &[&'static str],
    prepare: impl Fn(&Stage) + Send + Sync + 'static,
) -> Step {
    Step { name, prepare: Box::new(prepare), arguments: arguments.to_vec(), outcome: Outcome::Succeeds }
}

/// A command that fails.
pub fn failing(
    name: &'static str,
    arguments: &[&'static str],
    prepare: impl Fn(&Stage) + Send + Sync + 'static,
) -> Step {
    Step { outcome: Outcome::Fails, ..step(name, arguments, prepare) }
}

/// Where a story is told: a project and a database of its own.
pub struct Stage {
    pub project: Project,
    pub database: Database,
}

impl Stage {
    pub fn new(kind: ServerKind) -> Option<Self> {
        Some(Self { project: Project::new(), database: Database::create(kind)? })
    }

    pub fn kind(&self) -> ServerKind {
        self.database.kind()
    }

    /// Runs a command that prints JSON.
    pub fn run(&self, tool: Tool, arguments: &[&str]) -> Output {
        let json = [arguments, &["-outputType=json"]].concat();
        match tool {
            Tool::Dunlin => self.project.dunlin(&[&["flyway"], &json[..]].concat()),
            Tool::Flyway => {
                let _turn = Turn::wait();
                self.project.flyway_again(&json)
            }
        }
    }
}

/// A story and where its traces are.
pub struct Story {
    pub steps: Vec<Step>,
    /// The history table, qualified and quoted if need be.
    pub history: fn(&Stage) -> String,
    /// Tables outside the default schema.
    pub elsewhere: fn(&Stage) -> Vec<String>,
    /// Files that migrations write.
    pub written: &'static [&'static str],
}

impl Story {
    /// A story whose traces are where they usually are.
    pub fn of(steps: Vec<Step>) -> Self {
        Self {
            steps,
            history: |_| "flyway_schema_history".to_owned(),
            elsewhere: |_| Vec::new(),
            written: &[],
        }
    }
}

/// Tells the story on all servers, in all casts, and compares each step with Flyway's own.
pub fn tell(story: &Story) {
    tell_on(story, &servers());
}

/// Tells the story on some servers. Servers run side by side.
pub fn tell_on(story: &Story, kinds: &[ServerKind]) {
    if !flyway_is_here() {
        return;
    }
    thread::scope(|scope| {
        let threads: Vec<_> =
            kinds.iter().map(|kind| (kind, scope.spawn(move || tell_on_one(story, *kind)))).collect();
        let failed: Vec<String> = threads
            .into_iter()
            .filter_map(|(kind, thread)| {
                let panic = thread.join().err()?;
                let message = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default();
                // Later steps follow from earlier ones.
                let message: Vec<&str> = message.split('\n').take(60).collect();
                Some(format!("{kind:?}: {}", message.join("\n")))
            })
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    });
}

fn tell_on_one(story: &Story, kind: ServerKind) {
    let Some(reference) = perform(story, kind, "Flyway alone", |_| Tool::Flyway, None) else { return };
    perform(story, kind, "Dunlin alone", |_| Tool::Dunlin, Some(&reference));
    perform(
        story,
        kind,
        "Dunlin first, then in turn",
        |step| alternate(Tool::Dunlin, step),
        Some(&reference),
    );
    // The two speak one dialect; one order on the second of them is enough.
    if kind != ServerKind::MySql {
        perform(
            story,
            kind,
            "Flyway first, then in turn",
            |step| alternate(Tool::Flyway, step),
            Some(&reference),
        );
    }
}

fn alternate(first: Tool, step: usize) -> Tool {
    if step.is_multiple_of(2) { first } else { first.other() }
}

/// Plays the story and returns what each step left; compared with what it should have left.
fn perform(
    story: &Story,
    kind: ServerKind,
    cast: &str,
    tool_of: impl Fn(usize) -> Tool,
    reference: Option<&[State]>,
) -> Option<Vec<State>> {
    let stage = Stage::new(kind)?;
    let mut states = Vec::new();
    let mut differences = Vec::new();
    let alone = cast.ends_with("alone");
    for (number, step) in story.steps.iter().enumerate() {
        (step.prepare)(&stage);
        let tool = tool_of(number);
        let place = format!("{cast}, step {} \"{}\" by {tool:?}", number + 1, step.name);
        // Flyway starts slowly, so it reads in the same breath; a failure keeps it from that.
        let breath = if tool == Tool::Flyway { &["info", "validate"][..] } else { &[] };
        let output = stage.run(tool, &[&step.arguments, breath].concat()).json();
        let (result, mut read) = state::divided(output);
        let failed = state::has_failed(&result);
        assert!(
            failed == (step.outcome == Outcome::Fails),
            "{}\n{place} failed: {failed}\n{}",
            differences.join("\n\n"),
            state::shown(&stage, &result)
        );
        // With one of them alone, equal rows and objects say that the other would read the same.
        let readers = if alone { &[tool][..] } else { &[Tool::Flyway, Tool::Dunlin] };
        // Options of the command decide what the readers see.
        let options: Vec<&str> =
            step.arguments.iter().copied().filter(|argument| argument.starts_with('-')).collect();
        let traces = state::Traces::of(&stage, story);
        for reader in readers {
            let read = match read.take() {
                Some(read) if *reader == tool => read,
                _ => stage.run(*reader, &[&["info", "validate"], &options[..]].concat()).json(),
            };
            let state = State::new(&stage, &result, read, traces.clone());
            match reference {
                Some(reference) => {
                    let place = format!("{place}, read by {reader:?}");
                    differences.extend(state.differences(&reference[number], &place));
                }
                None => states.push(state),
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    Some(states)
}

/// Java takes memory: no more than three at once.
struct Turn;

static RUNNING: Mutex<u32> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

impl Turn {
    fn wait() -> Self {
        let mut running = ENDED.wait_while(RUNNING.lock().unwrap(), |running| *running >= 3).unwrap();
        *running += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap() -= 1;
        ENDED.notify_one();
    }
}
