//! Talking to a guest.

use serde_json::Value;

use super::protocol::{
    Answer, EngineMessage, GuestMessage, LoadProblem, Query, Ready, Run, SavepointAction, Start,
    StatementError, ToLoad, VERSION,
};
use super::{CarrierLink, GuestError};

/// Whoever answers the questions of a guest.
pub trait Steps {
    /// Runs a statement.
    fn query(&mut self, query: Query) -> Answer;
    /// Begins a transaction.
    fn begin(&mut self) -> Answer;
    /// Commits it.
    fn commit(&mut self) -> Answer;
    /// Takes it back.
    fn rollback(&mut self) -> Answer;
    /// Sets, releases or goes back to a savepoint.
    fn savepoint(&mut self, action: SavepointAction, name: &str) -> Answer;
    /// Tells the user something.
    fn log(&mut self, level: &str, logger: &str, text: &str);
    /// A piece of what an offline run writes.
    fn output(&mut self, text: &str);
}

/// An interpreter with a tool's library loaded.
pub struct Guest {
    link: Box<dyn CarrierLink>,
    about: Ready,
    broken: bool,
}

impl Guest {
    /// Starts it.
    pub fn start(
        link: Box<dyn CarrierLink>,
        start: Start<'_>,
        steps: &mut dyn Steps,
    ) -> Result<Guest, GuestError> {
        let mut guest = Guest { link, about: Ready::default(), broken: false };
        match guest.exchange(&EngineMessage::Start(start), steps)? {
            GuestMessage::Ready(about) if about.protocol == VERSION => {
                guest.about = about;
                Ok(guest)
            }
            GuestMessage::Ready(about) => Err(GuestError::Protocol {
                reason: format!("version {} instead of {VERSION}", about.protocol),
            }),
            other => Err(unexpected(other)),
        }
    }

    /// How messages name the carrier.
    pub fn carrier(&self) -> String {
        self.link.describe()
    }

    /// Its interpreter and libraries.
    pub fn about(&self) -> &Ready {
        &self.about
    }

    /// Whether it can no longer be talked to, after a failure of its carrier.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// What to do about files that it cannot load, if another carrier might.
    pub fn advice(&self) -> Option<String> {
        self.link.advice()
    }

    /// Loads files without running them; says what stands in the way.
    pub fn load(
        &mut self,
        migrations: &[ToLoad<'_>],
        steps: &mut dyn Steps,
    ) -> Result<Vec<LoadProblem>, GuestError> {
        match self.exchange(&EngineMessage::Load { migrations }, steps)? {
            GuestMessage::Loaded { problems } => Ok(problems),
            other => Err(unexpected(other)),
        }
    }

    /// Runs one migration.
    pub fn run(&mut self, run: Run<'_>, steps: &mut dyn Steps) -> Result<(), GuestError> {
        match self.exchange(&EngineMessage::Run(run), steps)? {
            GuestMessage::Done { .. } => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// Asks for something else.
    pub fn call(
        &mut self,
        name: &str,
        arguments: &Value,
        steps: &mut dyn Steps,
    ) -> Result<Value, GuestError> {
        match self.exchange(&EngineMessage::Call { name, arguments }, steps)? {
            GuestMessage::Done { value } => Ok(value),
            other => Err(unexpected(other)),
        }
    }

    /// One exchange, from a message of ours to the guest's final one.
    fn exchange(
        &mut self,
        message: &EngineMessage<'_>,
        steps: &mut dyn Steps,
    ) -> Result<GuestMessage, GuestError> {
        let text = serde_json::to_string(message)
            .map_err(|error| GuestError::Protocol { reason: error.to_string() })?;
        let last = self.link.converse(&text, &mut |question| {
            let answer = match serde_json::from_str::<GuestMessage>(question) {
                Ok(message) => answer(message, steps),
                Err(error) => refusal(format!("{error} in {}", beginning(question))),
            };
            serde_json::to_string(&answer)
                .unwrap_or_else(|_| r#"{"type":"error","kind":"protocol"}"#.to_owned())
        });
        let last = last.inspect_err(|_| self.broken = true)?;
        match serde_json::from_str(&last) {
            Ok(GuestMessage::Failed(failed)) => Err(GuestError::Failed(failed)),
            Ok(message) => Ok(message),
            Err(error) => Err(GuestError::Protocol { reason: format!("{error} in {}", beginning(&last)) }),
        }
    }
}

fn answer(message: GuestMessage, steps: &mut dyn Steps) -> Answer {
    match message {
        GuestMessage::Query(query) => steps.query(query),
        GuestMessage::Begin => steps.begin(),
        GuestMessage::Commit => steps.commit(),
        GuestMessage::Rollback => steps.rollback(),
        GuestMessage::Savepoint { action, name } => steps.savepoint(action, &name),
        GuestMessage::Log { level, logger, text } => {
            steps.log(&level, &logger, &text);
            Answer::Ok
        }
        GuestMessage::Output { text } => {
            steps.output(&text);
            Answer::Ok
        }
        GuestMessage::ReadFile { path } => refusal(format!("{path}: files are not read through the engine")),
        GuestMessage::Ready(_)
        | GuestMessage::Loaded { .. }
        | GuestMessage::Done { .. }
        | GuestMessage::Failed(_) => refusal("a final message where a question belongs".to_owned()),
    }
}

fn refusal(message: String) -> Answer {
    Answer::Error(Box::new(StatementError {
        kind: "protocol".to_owned(),
        message,
        ..StatementError::default()
    }))
}

fn unexpected(message: GuestMessage) -> GuestError {
    match message {
        GuestMessage::Failed(failed) => GuestError::Failed(failed),
        other => GuestError::Protocol { reason: beginning(&format!("{other:?}")) },
    }
}

/// As much of a message as fits an error.
fn beginning(text: &str) -> String {
    text.chars().take(200).collect()
}
