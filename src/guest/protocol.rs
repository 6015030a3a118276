//! The messages of the step protocol, version 1, as `docs/step-protocol.md` describes them.

use std::collections::BTreeMap;
use std::fmt;

use dunlin_compat::model::{Dialect, Direction, Server};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version that this engine speaks.
pub const VERSION: u32 = 1;

/// What the engine says; each begins an exchange.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EngineMessage<'a> {
    /// Loads the tool's library.
    Start(Start<'a>),
    /// Loads files without running them.
    Load {
        /// The files.
        migrations: &'a [WithCode<'a>],
        /// Whether the guest tells the code of what it compiles.
        keep: bool,
    },
    /// Runs one migration.
    Run(Run<'a>),
    /// Something else that the adapter needs of the library.
    Call {
        /// What.
        name: &'a str,
        /// With what.
        arguments: &'a Value,
    },
    /// Ends the guest.
    Stop,
}

/// `start`.
#[derive(Debug, Clone, Serialize)]
pub struct Start<'a> {
    /// [`VERSION`].
    pub protocol: u32,
    /// The tool.
    pub tool: &'a str,
    /// The project's folder, absolute.
    pub project: &'a str,
    /// Folders to import from, absolute.
    pub import_paths: Vec<String>,
    /// The server, if one is connected.
    pub server: Option<ServerFacts<'a>>,
    /// The adapter's.
    pub options: &'a Value,
}

/// What a guest is told of the server.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "as in dunlin_compat::model::Server")]
pub struct ServerFacts<'a> {
    pub dialect: &'static str,
    pub version: [u32; 3],
    pub version_text: &'a str,
    pub database: &'a str,
    pub schema: &'a str,
    pub user: &'a str,
    pub search_path: &'a str,
    pub settings: BTreeMap<&'a str, &'a str>,
}

impl<'a> From<&'a Server> for ServerFacts<'a> {
    fn from(server: &'a Server) -> ServerFacts<'a> {
        let (major, minor, patch) = server.version;
        ServerFacts {
            dialect: match server.dialect {
                Dialect::Postgres => "postgres",
                Dialect::Mysql => "mysql",
                Dialect::Mariadb => "mariadb",
                Dialect::Sqlite => "sqlite",
            },
            version: [major, minor, patch],
            version_text: &server.version_text,
            database: &server.database,
            schema: &server.schema,
            user: &server.user,
            search_path: &server.search_path,
            settings: server
                .reported_settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
        }
    }
}

/// A file to load, with what a guest told of its code earlier.
#[derive(Debug, Clone, Serialize)]
pub struct WithCode<'a> {
    /// The file.
    #[serde(flatten)]
    pub file: ToLoad<'a>,
    /// Its code, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A file to load.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ToLoad<'a> {
    /// The migration and its file.
    #[serde(flatten)]
    pub file: SourceFile<'a>,
    /// In which direction it is to run: what only the other needs keeps it from nothing.
    #[serde(serialize_with = "direction")]
    pub direction: Direction,
}

/// A migration's file.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SourceFile<'a> {
    /// The migration.
    pub id: &'a str,
    /// Its file.
    pub path: &'a str,
    /// Its text.
    pub source: &'a str,
}

/// `run`.
#[derive(Debug, Clone, Serialize)]
pub struct Run<'a> {
    /// The migration and its file.
    #[serde(flatten)]
    pub file: SourceFile<'a>,
    /// `up` or `down`.
    #[serde(serialize_with = "direction")]
    pub direction: Direction,
    /// Whether it only writes the SQL that it would run.
    pub offline: bool,
    /// Seed of everything random; 64 bits.
    #[serde(serialize_with = "as_text")]
    pub seed: u64,
    /// Where a clock begins, in microseconds since 1970.
    #[serde(serialize_with = "as_text")]
    pub now: i64,
    /// The adapter's.
    pub options: &'a Value,
}

fn direction<S: serde::Serializer>(direction: &Direction, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(direction)
}

fn as_text<S: serde::Serializer>(number: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// What a guest says: a question, or the end of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum GuestMessage {
    /// Final: the library is loaded.
    Ready(Ready),
    /// Final: files were loaded.
    Loaded {
        /// What stands in the way of running them.
        #[serde(default)]
        problems: Vec<LoadProblem>,
        /// The code of files that were compiled, by path, in base64.
        #[serde(default)]
        code: Option<BTreeMap<String, String>>,
    },
    /// Final: done.
    Done {
        /// What a `call` gave.
        #[serde(default)]
        value: Value,
    },
    /// Final: failed.
    Failed(Box<Failed>),
    /// A statement.
    Query(Query),
    /// Begins a transaction.
    Begin,
    /// Commits it.
    Commit,
    /// Takes it back.
    Rollback,
    /// A savepoint.
    Savepoint {
        /// What to do with it.
        action: SavepointAction,
        /// Its name.
        name: String,
    },
    /// Something for the user.
    Log {
        /// `debug`, `info`, `warning` or `error`.
        level: String,
        /// Who says it.
        #[serde(default)]
        logger: String,
        /// What.
        text: String,
    },
    /// A piece of what an offline run writes.
    Output {
        /// The piece.
        text: String,
    },
    /// The text of a file of the project.
    ReadFile {
        /// Its path.
        path: String,
    },
}

/// Whether a message of a guest ends its exchange. What cannot be read is none that does.
pub fn is_final(message: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
    }
    serde_json::from_str::<Kind<'_>>(message)
        .is_ok_and(|message| ["ready", "loaded", "done", "failed"].contains(&&*message.kind))
}

/// The logger of a line that a migration printed, and of one that came out of the guest another way.
pub const PRINTED: &str = "stdout";
/// See [`PRINTED`].
pub const OTHER_OUTPUT: &str = "output";

/// What a carrier makes of a line that a guest printed.
pub fn log_message(line: &str) -> String {
    serde_json::json!({"type": "log", "level": "info", "logger": OTHER_OUTPUT, "text": line}).to_string()
}

/// `ready`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Ready {
    /// The version that the guest speaks.
    pub protocol: u32,
    /// `CPython 3.11.7`.
    pub interpreter: String,
    /// What it loaded.
    #[serde(default)]
    pub libraries: Vec<Library>,
}

/// A library with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// `alembic`.
    pub name: String,
    /// `1.20.1`.
    pub version: String,
}

/// Something that a file needs and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoadProblem {
    /// The file.
    pub path: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What it imports, if that is the problem.
    #[serde(default)]
    pub import: Option<String>,
    /// Whether every carrier would say so.
    #[serde(default)]
    pub everywhere: bool,
    /// The migration, where it is another file that has the problem.
    #[serde(default)]
    pub needed_by: Option<String>,
    /// Why it cannot be had.
    pub reason: String,
}

impl fmt::Display for LoadProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.path, self.line)?;
        if let Some(import) = &self.import {
            write!(formatter, "{import} cannot be imported: ")?;
        }
        formatter.write_str(&self.reason)
    }
}

/// `failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Failed {
    /// For people, without the traceback.
    pub message: String,
    /// The file of the innermost frame in the project.
    #[serde(default)]
    pub path: Option<String>,
    /// Its line, from 1.
    #[serde(default)]
    pub line: Option<usize>,
    /// As the interpreter prints it.
    #[serde(default)]
    pub traceback: String,
    /// Whether an error that the engine answered is the cause.
    #[serde(default)]
    pub database: bool,
}

/// `query`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Query {
    /// The text; may hold several statements when there are no parameters.
    pub sql: String,
    /// Values for its placeholders.
    #[serde(default)]
    pub parameters: Option<Vec<ParameterValue>>,
    /// PostgreSQL's OIDs of the parameters, where the driver says them.
    #[serde(default)]
    pub types: Option<Vec<Option<u32>>>,
    /// Whether the tool's driver takes one statement only.
    #[serde(default)]
    pub single: bool,
    /// Whether it is a question of the driver's own, such as for the server's version, and none of the migration.
    #[serde(default)]
    pub own: bool,
    /// The project's file that sends it.
    #[serde(default)]
    pub path: Option<String>,
    /// The line in it, from 1.
    #[serde(default)]
    pub line: Option<usize>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// NULL.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// Anything else, by its kind.
    Typed(TypedParameter),
}

/// A parameter that is neither NULL nor a Boolean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypedParameter {
    /// A decimal integer.
    Int(String),
    /// A floating point number; `NaN`, `Infinity` and `-Infinity` too.
    Real(String),
    /// A text.
    Text(String),
    /// Bytes in base64.
    Bytes(String),
}

/// What to do with a savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SavepointAction {
    /// Sets it.
    Set,
    /// Releases it.
    Release,
    /// Goes back to it.
    Rollback,
}

/// What the engine answers to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// Done.
    Ok,
    /// The result of a statement.
    Result(StatementResult),
    /// It failed.
    Error(Box<StatementError>),
    /// A file's content.
    File {
        /// In base64.
        bytes: String,
    },
}

/// `result`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatementResult {
    /// Its columns.
    pub columns: Vec<ResultColumn>,
    /// Its rows: null, text, `{"bytes": …}`, `{"int": …}` or `{"real": …}`.
    pub rows: Vec<Vec<Value>>,
    /// How many rows it affected or returned, where the server counts them.
    pub affected: Option<u64>,
    /// MySQL's last insert id, SQLite's last row id.
    pub last_id: Option<i64>,
    /// Its verb.
    pub tag: String,
    /// What PostgreSQL said beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// A notice of PostgreSQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "as in a PostgreSQL message")]
pub struct Notice {
    pub severity: String,
    pub sqlstate: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A column of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// PostgreSQL's OID, MySQL's column type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub type_id: Option<u32>,
    /// PostgreSQL's type modifier, MySQL's decimals.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modifier: Option<i32>,
    /// MySQL's flags.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flags: Option<u16>,
    /// MySQL's number of the character set; 63 is `binary`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub charset: Option<u16>,
    /// MySQL's length of the column, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub length: Option<u32>,
    /// SQLite's declared type.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub declared: Option<String>,
}

/// `error`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named as the servers name them")]
pub struct StatementError {
    pub kind: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_reads_as_it_is_documented() {
        let text = json!({"type": "query", "sql": "SELECT $1", "line": 7, "parameters":
            [null, true, {"int": "5"}, {"real": "NaN"}, {"text": "a"}, {"bytes": "AAE="}], "unknown": 1});
        let GuestMessage::Query(query) = serde_json::from_value(text).unwrap() else { panic!("no query") };
        assert_eq!(query.line, Some(7));
        assert_eq!(
            query.parameters.unwrap(),
            [
                ParameterValue::Null,
                ParameterValue::Boolean(true),
                ParameterValue::Typed(TypedParameter::Int("5".to_owned())),
                ParameterValue::Typed(TypedParameter::Real("NaN".to_owned())),
                ParameterValue::Typed(TypedParameter::Text("a".to_owned())),
                ParameterValue::Typed(TypedParameter::Bytes("AAE=".to_owned())),
            ]
        );
    }

    #[test]
    fn kinds_of_messages_are_written_as_documented() {
        let read = |text: &str| serde_json::from_str::<GuestMessage>(text).unwrap();
        assert_eq!(read(r#"{"type":"commit"}"#), GuestMessage::Commit);
        assert_eq!(
            read(r#"{"type":"read-file","path":"a.py"}"#),
            GuestMessage::ReadFile { path: "a.py".to_owned() }
        );
        assert_eq!(serde_json::to_value(Answer::Ok).unwrap(), json!({"type": "ok"}));
        let message = EngineMessage::Run(Run {
            file: SourceFile { id: "ae1", path: "/p/ae1.py", source: "" },
            direction: Direction::Down,
            offline: false,
            seed: u64::MAX,
            now: 5,
            options: &Value::Null,
        });
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({"type": "run", "id": "ae1", "path": "/p/ae1.py", "source": "", "direction": "down",
                "offline": false, "seed": "18446744073709551615", "now": "5", "options": null})
        );
    }
}
