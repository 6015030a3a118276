//! Talking to a guest.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::kept::{Kept, Name};
use super::protocol::{
    Answer, EngineMessage, GuestMessage, LoadProblem, Query, Ready, Run, SavepointAction, SourceFile, Start,
    StatementError, ToLoad, VERSION, WithCode,
};
use super::{Answers, CarrierLink, GuestError};

/// Whoever answers the questions of a guest.
pub trait Steps {
    /// The answer that a statement gets unless it fails, where nothing is likelier. A guest that can do nothing but ask is told
    /// it while the statement runs; one that was told wrongly is ended, and its run fails with [`CarrierError::Misled`].
    fn foretell(&mut self, _query: &Query) -> Option<Answer> {
        None
    }
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
    loaded: bool,
    kept: Kept,
    /// Messages that it was sent already, and is yet to be asked about.
    ahead: VecDeque<String>,
}

impl Guest {
    /// Starts it.
    pub fn start(
        link: Box<dyn CarrierLink>,
        start: Start<'_>,
        steps: &mut dyn Steps,
    ) -> Result<Guest, GuestError> {
        let mut guest = Guest {
            link,
            about: Ready::default(),
            broken: false,
            loaded: false,
            kept: Kept::default(),
            ahead: VecDeque::new(),
        };
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

    /// Has it load what its like compiled of the project earlier, and keep what it compiles.
    pub(super) fn keeping(self, kept: Kept) -> Guest {
        Guest { kept, ..self }
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

    /// Whether it has loaded files.
    pub fn has_loaded(&self) -> bool {
        self.loaded
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
        let names: Vec<Name> = migrations.iter().map(|to_load| name_of_code(&to_load.file)).collect();
        let mut files = Vec::with_capacity(migrations.len());
        for (file, name) in migrations.iter().zip(&names) {
            files
                .push(WithCode { file: *file, code: self.kept.find(name).map(|bytes| BASE64.encode(bytes)) });
        }
        let keep = self.kept.has_place();
        match self.exchange(&EngineMessage::Load { migrations: &files, keep }, steps)? {
            GuestMessage::Loaded { problems, code } => {
                for (to_load, name) in migrations.iter().zip(names) {
                    let text = code.as_ref().and_then(|code| code.get(to_load.file.path));
                    if let Some(bytes) = text.and_then(|text| BASE64.decode(text).ok()) {
                        self.kept.add(name, bytes);
                    }
                }
                self.kept.keep();
                self.loaded = true;
                Ok(problems)
            }
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

    /// Has it begin two migrations, the second when it is done with the first, with which [`Guest::run`] is called next. Says
    /// whether it does.
    pub fn send_ahead(&mut self, runs: [&Run<'_>; 2]) -> bool {
        for run in runs.into_iter().skip(self.ahead.len()) {
            let Ok(text) = serde_json::to_string(&EngineMessage::Run(run.clone())) else { return false };
            if !self.link.send_ahead(&text) {
                return false;
            }
            self.ahead.push_back(text);
        }
        true
    }

    /// Whether it has begun something that it was not asked for yet.
    pub fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
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
        if self.ahead.pop_front().is_some_and(|ahead| ahead != text) {
            self.broken = true;
            return Err(GuestError::Protocol { reason: "it has begun another migration".to_owned() });
        }
        let mut answering = Answering { steps, read: None, foretold: None, misled: false };
        let last = self.link.converse_ahead(&text, &mut answering);
        let last = last.inspect_err(|_| self.broken = true)?;
        match serde_json::from_str(&last) {
            Ok(GuestMessage::Failed(failed)) => Err(GuestError::Failed(failed)),
            Ok(message) => Ok(message),
            Err(error) => Err(GuestError::Protocol { reason: format!("{error} in {}", beginning(&last)) }),
        }
    }
}

/// Answers questions as steps do.
struct Answering<'s> {
    steps: &'s mut dyn Steps,
    /// The question that was last asked for an answer to be foretold.
    read: Option<GuestMessage>,
    foretold: Option<Answer>,
    misled: bool,
}

impl Answers for Answering<'_> {
    fn foretell(&mut self, question: &str) -> Option<String> {
        self.read = serde_json::from_str(question).ok();
        self.foretold = match &self.read {
            Some(GuestMessage::Query(query)) => self.steps.foretell(query),
            _ => None,
        };
        self.foretold.as_ref().map(text_of)
    }

    fn answer(&mut self, question: &str) -> String {
        let message = self.read.take().map_or_else(|| serde_json::from_str(question), Ok);
        let answer = match message {
            Ok(message) => answer(message, self.steps),
            Err(error) => refusal(format!("{error} in {}", beginning(question))),
        };
        self.misled = self.foretold.take().is_some_and(|foretold| foretold != answer);
        text_of(&answer)
    }

    fn is_misled(&self) -> bool {
        self.misled
    }
}

fn text_of(answer: &Answer) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| r#"{"type":"error","kind":"protocol"}"#.to_owned())
}

/// What the code of a file depends on; tracebacks are told by its path.
fn name_of_code(file: &SourceFile<'_>) -> Name {
    let mut hasher = Sha256::new();
    hasher.update((file.path.len() as u64).to_le_bytes());
    hasher.update(file.path);
    hasher.update(file.source);
    hasher.finalize().into()
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use dunlin_compat::model::Direction;
    use serde_json::json;

    use super::*;
    use crate::guest::CarrierError;
    use crate::wasm::{CompiledCache, Key};

    /// Compiles a text to itself in capitals, and remembers what it was given.
    struct Compiler(Arc<Mutex<Vec<Value>>>);

    impl CarrierLink for Compiler {
        fn describe(&self) -> String {
            "a compiler".to_owned()
        }

        fn converse(
            &mut self,
            message: &str,
            _answer: &mut dyn FnMut(&str) -> String,
        ) -> Result<String, CarrierError> {
            let message: Value = serde_json::from_str(message).unwrap();
            if message["type"] == "start" {
                return Ok(json!({"type": "ready", "protocol": VERSION, "interpreter": "a compiler", "libraries": []}).to_string());
            }
            let mut code = serde_json::Map::new();
            for file in message["migrations"].as_array().unwrap() {
                self.0.lock().unwrap().push(file["code"].clone());
                if file["code"].is_null() && message["keep"] == true {
                    let compiled = BASE64.encode(file["source"].as_str().unwrap().to_uppercase());
                    code.insert(file["path"].as_str().unwrap().to_owned(), compiled.into());
                }
            }
            Ok(json!({"type": "loaded", "problems": [], "code": code}).to_string())
        }
    }

    /// Answers nothing.
    struct Nobody;

    impl Steps for Nobody {
        fn query(&mut self, _query: Query) -> Answer {
            Answer::Ok
        }

        fn begin(&mut self) -> Answer {
            Answer::Ok
        }

        fn commit(&mut self) -> Answer {
            Answer::Ok
        }

        fn rollback(&mut self) -> Answer {
            Answer::Ok
        }

        fn savepoint(&mut self, _action: SavepointAction, _name: &str) -> Answer {
            Answer::Ok
        }

        fn log(&mut self, _level: &str, _logger: &str, _text: &str) {}

        fn output(&mut self, _text: &str) {}
    }

    fn start() -> Start<'static> {
        Start {
            protocol: VERSION,
            tool: "alembic",
            project: "",
            import_paths: Vec::new(),
            server: None,
            options: &Value::Null,
        }
    }

    /// What a guest that loads these files is given of their code.
    fn given(cache: Option<&Path>, files: &[(&'static str, &'static str)]) -> Vec<Option<String>> {
        let at = cache.map(|folder| {
            let cache = CompiledCache::at(folder.join("cache"), folder.join("state"));
            (cache, Key::of_bytecode(&[b"a compiler"]))
        });
        let codes = Arc::default();
        let link = Box::new(Compiler(Arc::clone(&codes)));
        let mut guest = Guest::start(link, start(), &mut Nobody).unwrap().keeping(Kept::open(at));
        let to_load =
            |&(path, source)| ToLoad { file: SourceFile { id: "1", path, source }, direction: Direction::Up };
        let files: Vec<ToLoad<'_>> = files.iter().map(to_load).collect();
        assert!(guest.load(&files, &mut Nobody).unwrap().is_empty());
        let codes = codes.lock().unwrap();
        let text = |code: &Value| Some(String::from_utf8(BASE64.decode(code.as_str()?).unwrap()).unwrap());
        codes.iter().map(text).collect()
    }

    #[test]
    fn what_was_compiled_is_given_to_the_next_guest_of_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Some(folder.path());
        assert_eq!(given(cache, &[("/a", "one"), ("/b", "two")]), [None, None]);
        let known = [Some("ONE".to_owned()), None];
        assert_eq!(given(cache, &[("/a", "one"), ("/b", "another")]), known);
        // Neither another place nor another text is the same file; what was not loaded is still known.
        assert_eq!(given(cache, &[("/b", "one"), ("/a", "two")]), [None, None]);
        let all = [("/a", "one"), ("/b", "two"), ("/b", "another"), ("/b", "one")];
        assert_eq!(
            given(cache, &all).into_iter().flatten().collect::<Vec<_>>(),
            ["ONE", "TWO", "ANOTHER", "ONE"]
        );
    }

    /// Takes messages ahead, and says of each that it is done.
    struct Eager(Arc<Mutex<Vec<String>>>);

    impl CarrierLink for Eager {
        fn describe(&self) -> String {
            "somebody eager".to_owned()
        }

        fn send_ahead(&mut self, message: &str) -> bool {
            let message: Value = serde_json::from_str(message).unwrap();
            self.0.lock().unwrap().push(message["id"].as_str().unwrap().to_owned());
            true
        }

        fn converse(
            &mut self,
            message: &str,
            _answer: &mut dyn FnMut(&str) -> String,
        ) -> Result<String, CarrierError> {
            let message: Value = serde_json::from_str(message).unwrap();
            let ready = json!({"type": "ready", "protocol": VERSION, "interpreter": "one", "libraries": []});
            let last = if message["type"] == "start" { ready } else { json!({"type": "done"}) };
            Ok(last.to_string())
        }
    }

    fn run_of(id: &'static str) -> Run<'static> {
        Run {
            file: SourceFile { id, path: "", source: "" },
            direction: Direction::Up,
            offline: false,
            seed: 1,
            now: 2,
            options: &Value::Null,
        }
    }

    #[test]
    fn a_guest_is_sent_each_migration_once_and_runs_no_other_than_it_has_begun() {
        let sent = Arc::default();
        let mut guest = Guest::start(Box::new(Eager(Arc::clone(&sent))), start(), &mut Nobody).unwrap();
        for ids in [["1", "2"], ["2", "3"]] {
            assert!(guest.send_ahead([&run_of(ids[0]), &run_of(ids[1])]));
            guest.run(run_of(ids[0]), &mut Nobody).unwrap();
            assert!(guest.is_ahead());
        }
        assert_eq!(*sent.lock().unwrap(), ["1", "2", "3"]);
        guest.run(run_of("4"), &mut Nobody).unwrap_err();
        assert!(guest.is_broken());
    }

    #[test]
    fn without_a_place_nothing_is_kept() {
        assert_eq!(given(None, &[("/a", "one")]), [None]);
        assert_eq!(given(None, &[("/a", "one")]), [None]);
    }
}
