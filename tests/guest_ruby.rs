//! The guest for Ruby by both carriers: the fixture's migrations on a database of SQLite, up, down and up again.
//!
//! `DUNLIN_TEST_RUBY_WASM` names the interpreter for the sandbox, `DUNLIN_TEST_GEMS` a folder of gems with ActiveRecord.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is test code; the lints see only functions marked `#[test]` as such"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use dunlin::guest::pack_build::{self, BuildRequest};
use dunlin::guest::protocol::{
    Answer, ParameterValue, Query, ResultColumn, Run, SavepointAction, SourceFile, StatementError,
    StatementResult, TypedParameter,
};
use dunlin::guest::{GuestError, GuestSettings, GuestSource, Guests, Steps};
use dunlin::wasm::CompiledCache;
use dunlin_compat::model::{Carrier, Dialect, Direction, GuestProgram, Language, Quoting, Server};
use dunlin_compat::rails::{guest::MODULES, pack::PACK};
use rusqlite::types::{Value as SqlValue, ValueRef};
use serde_json::{Value, json};
use support::Project;

/// The engine's side: a real database of SQLite in memory.
struct Sqlite {
    connection: rusqlite::Connection,
    logs: Vec<String>,
}

impl Sqlite {
    fn new() -> Sqlite {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        // As the engine leaves them while tables are rebuilt.
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        Sqlite { connection, logs: Vec::new() }
    }

    fn execute(&self, sql: &str) -> Answer {
        match self.connection.execute_batch(sql) {
            Ok(()) => Answer::Ok,
            Err(error) => failure(&error),
        }
    }

    fn result(&self, query: &Query) -> rusqlite::Result<StatementResult> {
        let before = self.connection.total_changes();
        let mut statement = self.connection.prepare(&query.sql)?;
        let columns = statement.columns().map(|column| ResultColumn {
            name: column.name().to_owned(),
            declared: column.decl_type().map(str::to_owned),
            ..ResultColumn::default()
        });
        let columns: Vec<ResultColumn> = columns.collect();
        let parameters = query.parameters.iter().flatten().map(parameter);
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((0..columns.len()).map(|index| value(row.get_ref_unwrap(index))).collect());
        }
        drop(rows);
        let tag = query.sql.trim_start().split(|each: char| !each.is_alphabetic()).next().unwrap_or_default();
        Ok(StatementResult {
            columns,
            rows: found,
            affected: Some(self.connection.total_changes() - before),
            last_id: Some(self.connection.last_insert_rowid()),
            tag: tag.to_uppercase(),
            notices: Vec::new(),
        })
    }
}

fn parameter(value: &ParameterValue) -> SqlValue {
    match value {
        ParameterValue::Null => SqlValue::Null,
        ParameterValue::Boolean(value) => SqlValue::Integer(i64::from(*value)),
        ParameterValue::Typed(TypedParameter::Int(text)) => SqlValue::Integer(text.parse().unwrap()),
        ParameterValue::Typed(TypedParameter::Real(text)) => SqlValue::Real(text.parse().unwrap()),
        ParameterValue::Typed(TypedParameter::Text(text)) => SqlValue::Text(text.clone()),
        ParameterValue::Typed(TypedParameter::Bytes(text)) => SqlValue::Blob(from_base64(text)),
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!({"int": number.to_string()}),
        ValueRef::Real(number) => json!({"real": number.to_string()}),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!({"bytes": to_base64(bytes)}),
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all =
            chunk.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte))
        .map(|position| position as u32)
        .collect();
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let all = chunk.iter().fold(0, |all, digit| all << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend((0..chunk.len() - 1).map(|index| (all >> (16 - 8 * index)) as u8));
    }
    bytes
}

fn failure(error: &rusqlite::Error) -> Answer {
    let code = match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
        _ => 1,
    };
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let kind = "statement".to_owned();
    Answer::Error(Box::new(StatementError { kind, message, code: Some(code), ..StatementError::default() }))
}

impl Steps for Sqlite {
    fn query(&mut self, query: Query) -> Answer {
        match self.result(&query) {
            Ok(result) => Answer::Result(result),
            Err(error) => failure(&error),
        }
    }

    fn begin(&mut self) -> Answer {
        self.execute("BEGIN")
    }

    fn commit(&mut self) -> Answer {
        self.execute("COMMIT")
    }

    fn rollback(&mut self) -> Answer {
        self.execute("ROLLBACK")
    }

    fn savepoint(&mut self, action: SavepointAction, name: &str) -> Answer {
        let what = match action {
            SavepointAction::Set => "SAVEPOINT",
            SavepointAction::Release => "RELEASE",
            SavepointAction::Rollback => "ROLLBACK TO",
        };
        self.execute(&format!("{what} {name}"))
    }

    fn log(&mut self, _level: &str, _logger: &str, text: &str) {
        self.logs.push(text.to_owned());
    }

    fn output(&mut self, _text: &str) {}
}

fn server() -> Server {
    Server {
        dialect: Dialect::Sqlite,
        version: (3, 46, 0),
        version_text: rusqlite::version().to_owned(),
        database: ":memory:".to_owned(),
        schema: "main".to_owned(),
        user: String::new(),
        search_path: String::new(),
        session_id: 0,
        quoting: Quoting::of(Dialect::Sqlite).into(),
        session_settings: Vec::new(),
        reported_settings: Vec::new(),
    }
}

struct Clinic {
    guests: Guests,
    program: Arc<GuestProgram>,
    carrier: Carrier,
    engine: Sqlite,
}

impl Clinic {
    fn new(project: &Project, carrier: Carrier, change: impl FnOnce(&mut GuestSettings)) -> Clinic {
        let mut settings = GuestSettings::new(project.path());
        change(&mut settings);
        let program = GuestProgram {
            tool: "rails",
            language: Language::Ruby,
            modules: MODULES,
            import_paths: std::env::var_os("DUNLIN_TEST_GEMS").map(PathBuf::from).into_iter().collect(),
            options: json!({"adapter": "sqlite3"}),
        };
        Clinic { guests: Guests::new(settings), program: Arc::new(program), carrier, engine: Sqlite::new() }
    }

    fn run(&mut self, path: &Path, source: &str, direction: Direction) -> Result<(), GuestError> {
        let guest = self.guests.get(&self.program, Some(self.carrier), Some(&server()), &mut self.engine)?;
        self.engine.execute("BEGIN");
        let run = Run {
            file: SourceFile { id: "1", path: path.to_str().unwrap(), source },
            direction,
            offline: false,
            seed: 7,
            now: 1_700_000_000_000_000,
            options: &Value::Null,
        };
        let result = guest.run(run, &mut self.engine);
        self.engine.execute(if result.is_ok() { "COMMIT" } else { "ROLLBACK" });
        result
    }

    fn dump(&mut self) -> String {
        let guest =
            self.guests.get(&self.program, Some(self.carrier), Some(&server()), &mut self.engine).unwrap();
        let value = guest.call("dump_schema", &json!({}), &mut self.engine).unwrap();
        value["text"].as_str().unwrap().to_owned()
    }
}

/// The fixture's migrations, in the project: the sandbox shows nothing else.
fn migrations(project: &Project) -> Vec<PathBuf> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rails/clinic/db/migrate");
    let folder = project.path().join("db/migrate");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(fixture).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let number = |path: &PathBuf| -> u64 {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.split('_').next().unwrap().parse().unwrap()
    };
    files.sort_by_key(number);
    files
}

/// Up, down and up again; gives both schemas.
fn walk(project: &Project, clinic: &mut Clinic) -> String {
    let files = migrations(project);
    let mut schemas = Vec::new();
    for _ in 0..2 {
        for path in &files {
            let source = fs::read_to_string(path).unwrap();
            clinic
                .run(path, &source, Direction::Up)
                .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        }
        schemas.push(clinic.dump());
        for path in files.iter().rev() {
            let source = fs::read_to_string(path).unwrap();
            clinic
                .run(path, &source, Direction::Down)
                .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        }
        assert!(!clinic.dump().contains("create_table"), "{}", clinic.dump());
    }
    assert_eq!(schemas[0], schemas[1]);
    schemas.remove(0)
}

fn set(name: &str) -> bool {
    let is_set = std::env::var_os(name).is_some();
    if !is_set {
        println!("not run: {name} is not set");
    }
    is_set
}

#[test]
fn the_sandbox_runs_the_clinic_as_the_host_does() {
    if !set("DUNLIN_TEST_RUBY_WASM") || !set("DUNLIN_TEST_GEMS") {
        return;
    }
    let project = Project::new();
    let packs =
        PathBuf::from(std::env::var_os("DUNLIN_TEST_RUBY_PACKS").unwrap_or_else(|| "/nowhere".into()));
    let kept = packs.is_dir();
    let own = tempfile::tempdir().unwrap();
    let packs = if kept { packs } else { own.path().to_owned() };
    let cache = CompiledCache::at(packs.join(".cache"), packs.join(".state"));
    if !packs.join("rails").exists() {
        let request = BuildRequest {
            recipe: &PACK,
            from: None,
            with: Vec::new(),
            python: PathBuf::new(),
            packs: packs.clone(),
        };
        let began = Instant::now();
        pack_build::build(&request, &mut |text| println!("{text}")).unwrap();
        println!("built in {:?}", began.elapsed());
    }
    let mut schemas = Vec::new();
    for carrier in [Carrier::Sandbox, Carrier::Sandbox] {
        let mut clinic = Clinic::new(&project, carrier, |settings| {
            settings.packs = Some(packs.clone());
            settings.cache = Some(cache.clone());
        });
        let began = Instant::now();
        let source = "class Mark < ActiveRecord::Migration[7.0]\n  def up = execute(\"SELECT 1\")\nend";
        clinic.run(&project.path().join("1_mark.rb"), source, Direction::Up).unwrap();
        println!("first statement after {:?}", began.elapsed());
        let began = Instant::now();
        schemas.push(walk(&project, &mut clinic));
        println!("walked in {:?}", began.elapsed());
    }
    #[cfg(target_os = "linux")]
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        println!("{}", status.split('\n').filter(|line| line.starts_with("VmHWM")).collect::<String>());
    }
    assert_eq!(schemas[0], schemas[1]);
    if set("DUNLIN_TEST_RUBY") {
        let mut clinic = Clinic::new(&project, Carrier::Host, |_| {});
        assert_eq!(walk(&project, &mut clinic), schemas[0]);
    }
}
