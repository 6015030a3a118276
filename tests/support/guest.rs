//! A guest that needs no tool's library, for tests of the carriers, and an engine that answers it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dunlin::guest::protocol::{
    Answer, Query, Run, SavepointAction, SourceFile, StatementError, StatementResult,
};
use dunlin::guest::{Guest, GuestError, GuestSettings, GuestSource, Guests, Steps};
use dunlin::wasm::CompiledCache;
use dunlin_compat::model::{Carrier, Direction, GuestProgram, Language};
use serde_json::{Value, json};

use super::needs::Need;

/// The guest of `tests/guests/plain_guest`.
pub fn plain_guest(import_paths: &[&Path]) -> GuestProgram {
    GuestProgram {
        tool: "alembic",
        language: Language::Python,
        modules: &[
            ("plain_guest.__main__", include_str!("../guests/plain_guest/__main__.py")),
            ("plain_guest.__init__", include_str!("../guests/plain_guest/__init__.py")),
            ("plain_guest.sandbox", include_str!("../guests/plain_guest/sandbox.py")),
            ("plain_guest.serve", include_str!("../guests/plain_guest/serve.py")),
        ],
        import_paths: import_paths.iter().map(|path| path.to_path_buf()).collect(),
        options: Value::Null,
    }
}

/// An engine whose server answers every statement with the statement, and that remembers what it was asked.
#[derive(Debug, Default)]
pub struct Echo {
    /// The statements.
    pub statements: Vec<String>,
    /// What was logged, in order; statements are among it as `> SELECT 1`.
    pub logs: Vec<String>,
    /// How long the server takes.
    pub delay: Duration,
}

impl Steps for Echo {
    fn query(&mut self, query: Query) -> Answer {
        std::thread::sleep(self.delay);
        self.logs.push(format!("> {}", query.sql));
        self.statements.push(query.sql.clone());
        if query.sql == "fail" {
            let message = "relation \"bills\" does not exist".to_owned();
            return Answer::Error(Box::new(StatementError { message, ..StatementError::default() }));
        }
        Answer::Result(StatementResult { rows: vec![vec![json!(query.sql)]], ..StatementResult::default() })
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

    fn log(&mut self, _level: &str, _logger: &str, text: &str) {
        self.logs.push(text.to_owned());
    }

    fn output(&mut self, _text: &str) {}
}

/// A run in a project's folder.
pub struct GuestRun {
    pub guests: Guests,
    pub program: Arc<GuestProgram>,
    pub carrier: Carrier,
    pub echo: Echo,
}

impl GuestRun {
    pub fn new(settings: GuestSettings, carrier: Carrier) -> GuestRun {
        let program = Arc::new(plain_guest(&[&settings.project]));
        GuestRun { guests: Guests::new(settings), program, carrier, echo: Echo::default() }
    }

    /// The guest.
    pub fn guest(&mut self) -> Result<&mut Guest, GuestError> {
        self.guests.get(&self.program, Some(self.carrier), None, &mut self.echo)
    }

    /// Runs a migration's text.
    pub fn run(&mut self, source: &str) -> Result<(), GuestError> {
        let guest = self.guests.get(&self.program, Some(self.carrier), None, &mut self.echo)?;
        let run = Run {
            file: SourceFile { id: "a1", path: "/srv/shop/a1.py", source },
            direction: Direction::Up,
            offline: false,
            seed: 7,
            now: 1_700_000_000_000_000,
            options: &Value::Null,
        };
        guest.run(run, &mut self.echo)
    }

    /// What `result` is when a text has run.
    pub fn value(&mut self, source: &str) -> Result<Value, GuestError> {
        let guest = self.guests.get(&self.program, Some(self.carrier), None, &mut self.echo)?;
        guest.call("run", &json!({"source": source}), &mut self.echo)
    }
}

/// The settings with the packs of `tests/run`, and what was compiled of them. Ask for [`Need::Pack`] first.
pub fn with_packs(settings: GuestSettings) -> GuestSettings {
    let packs = PathBuf::from(Need::Pack.setting().expect("the test has to ask for Need::Pack first"));
    let compiled = |folder: &str| packs.join(folder).join("dunlin").join("compiled");
    let cache = CompiledCache::at(compiled(".cache"), compiled(".state"));
    GuestSettings { packs: Some(packs.clone()), cache: Some(cache), ..settings }
}

/// The same for our binary: variables of its environment.
pub fn variables_of_packs() -> [(&'static str, PathBuf); 3] {
    let packs = PathBuf::from(Need::Pack.setting().expect("the test has to ask for Need::Pack first"));
    [
        ("XDG_CACHE_HOME", packs.join(".cache")),
        ("XDG_STATE_HOME", packs.join(".state")),
        ("DUNLIN_PACKS", packs),
    ]
}
