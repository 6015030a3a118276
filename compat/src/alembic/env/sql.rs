//! SQL that `env.py` sends by itself: what it executes on connections, and what `create_engine` has the driver set.

use std::rc::Rc;

use super::{Fact, Target, engine};
use crate::alembic::python::value::{Object, Place};
use crate::alembic::python::{Arguments, Unknown, Value};

/// What was sent so far.
#[derive(Default)]
pub(super) struct Sent {
    all: Vec<Statement>,
    /// The connection of each target, by its number.
    targets: Vec<Option<Rc<Object>>>,
}

struct Statement {
    connection: Option<Rc<Object>>,
    text: Fact<String>,
    /// How many targets were configured before.
    targets: usize,
    /// Whether the last of them has run its migrations.
    after_run: bool,
}

impl Sent {
    /// A connection executes something; without one, it is not known which.
    pub(super) fn execute(
        &mut self,
        connection: Option<&Rc<Object>>,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
        after_run: bool,
    ) {
        if arguments.get(0, "statement").and_then(Value::as_text).is_some_and(is_of_foreign_keys) {
            return;
        }
        let text = match (maybe, arguments.get(0, "statement")) {
            (Some(unknown), _) => not_recognised(unknown),
            (None, Some(Value::Text(text))) if arguments.positional.len() + arguments.keywords.len() == 1 => {
                Fact::Known { value: text.trim().to_owned(), place: place.clone() }
            }
            (None, Some(Value::Unknown(unknown))) => not_recognised(unknown),
            _ => wrong(place, "its SQL is no plain text"),
        };
        self.push(connection.cloned(), text, after_run);
    }

    fn push(&mut self, connection: Option<Rc<Object>>, text: Fact<String>, after_run: bool) {
        self.all.push(Statement { connection, text, targets: self.targets.len(), after_run });
    }

    /// The next target is configured.
    pub(super) fn configured(&mut self, arguments: &Arguments) {
        let connection = match arguments.get(0, "connection") {
            Some(Value::Object(object)) => Some(Rc::clone(object)),
            _ => None,
        };
        self.targets.push(connection);
    }

    /// The connection that was configured last.
    pub(super) fn last_connection(&self) -> Option<Rc<Object>> {
        self.targets.last().cloned().flatten()
    }

    /// Tells each target what is sent for it.
    pub(super) fn tell(&self, targets: &mut [Target]) {
        for (number, (target, connection)) in targets.iter_mut().zip(&self.targets).enumerate() {
            if let Some(connection) = connection {
                target.statements.extend(by_driver(connection));
            }
            let is_last_of_it =
                !self.targets.iter().skip(number + 1).any(|other| same(other.as_ref(), connection.as_ref()));
            for statement in &self.all {
                let is_own = same(statement.connection.as_ref(), connection.as_ref());
                let is_before =
                    statement.targets <= number || (statement.targets == number + 1 && !statement.after_run);
                let is_of_another = !is_own && statement.connection.is_some();
                match &statement.text {
                    // What changes another session changes nothing here.
                    Fact::Known { value, .. } if is_of_another && is_of_session(value) => {}
                    Fact::Known { .. } if is_of_another => target.statements.push(statement.text.clone()),
                    _ if is_before => target.statements.push(statement.text.clone()),
                    Fact::Known { place, .. } if is_last_of_it => {
                        target.statements.push(wrong(place, "it comes after the migrations"));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn same(one: Option<&Rc<Object>>, other: Option<&Rc<Object>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Rc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Whether a statement says what its session is like, and nothing else.
pub(in crate::alembic) fn is_of_session(statement: &str) -> bool {
    let mut words = statement.split(|character: char| character.is_whitespace() || "(=.".contains(character));
    let mut word = || words.find(|word| !word.is_empty()).unwrap_or_default().to_ascii_lowercase();
    let says_so = match word().as_str() {
        // The first are over with the transaction in which they are said, the others are for the server.
        "set" => !matches!(
            word().as_str(),
            "local" | "transaction" | "constraints" | "global" | "@@global" | "persist" | "@@persist"
        ),
        "use" | "pragma" => true,
        "select" => word() == "set_config" && statement.to_ascii_lowercase().contains("false"),
        _ => false,
    };
    says_so && is_single(statement)
}

/// They stay off on SQLite, whatever `env.py` says: with them rebuilding a table deletes the rows of others.
fn is_of_foreign_keys(statement: &str) -> bool {
    let statement = statement.trim_start().to_ascii_lowercase();
    statement.starts_with("pragma") && statement.contains("foreign_keys")
}

/// Whether a statement only reads, and calls no function that might do more.
pub(in crate::alembic) fn is_reading(statement: &str) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    is_single(statement) && (first == "show" || first == "select" && !statement.contains('('))
}

/// Whether a statement makes what others need and may be there already.
pub(in crate::alembic) fn is_preparation(statement: &str) -> bool {
    let words: Vec<String> = statement.split_whitespace().take(5).map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["create", "schema" | "extension" | "database", "if", "not", "exists"])
        && is_single(statement)
}

/// Whether nothing follows its semicolon.
fn is_single(statement: &str) -> bool {
    !statement.trim_end().trim_end_matches(';').contains(';')
}

/// Settings of every session in `connect_args`: libpq's `options`, asyncpg's `server_settings`, `init_command` of MySQL's drivers.
fn by_driver(connection: &Object) -> Vec<Fact<String>> {
    let place = &connection.place;
    let known = |value: String| Fact::Known { value, place: place.clone() };
    let mut found = Vec::new();
    if connection.attribute(engine::TRANSLATES).is_some() {
        found.push(wrong(place, "its connections translate the names of schemas (`schema_translate_map`)"));
    }
    match connection.attribute(engine::CONNECT_ARGS) {
        Some(Value::Dict(entries)) => {
            let contents = entries.0.borrow();
            for (key, value) in &contents.held {
                let unclear = || {
                    wrong(
                        place,
                        &format!(
                            "what `connect_args` say cannot be told of {:?}",
                            key.as_text().unwrap_or_default()
                        ),
                    )
                };
                match (key.as_text(), value) {
                    (Some("options"), Value::Text(text)) => match settings(text) {
                        Some(all) => {
                            found.extend(all.into_iter().map(|(name, value)| known(set(&name, &value))))
                        }
                        None => found.push(unclear()),
                    },
                    (Some("server_settings"), Value::Dict(all)) => {
                        for (name, value) in &all.0.borrow().held {
                            match (name.as_text(), value.as_text()) {
                                (Some(name), Some(value)) => found.push(known(set(name, value))),
                                _ => found.push(unclear()),
                            }
                        }
                    }
                    (Some("init_command"), Value::Text(text)) => found.push(known(text.trim().to_owned())),
                    (Some("options" | "server_settings" | "init_command"), _) => found.push(unclear()),
                    _ => {}
                }
            }
        }
        Some(Value::Unknown(unknown)) => found.push(not_recognised(&unknown)),
        _ => {}
    }
    found
}

/// `-c name=value --name=value` as PostgreSQL's backend reads them, without backslashes; `None` if there is more to it.
fn settings(options: &str) -> Option<Vec<(String, String)>> {
    if options.contains('\\') {
        return None;
    }
    let mut found = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let setting = match word {
            "-c" => words.next()?,
            word => word.strip_prefix("-c").or_else(|| word.strip_prefix("--"))?,
        };
        let (name, value) = setting.split_once('=')?;
        found.push((name.to_owned(), value.to_owned()));
    }
    Some(found)
}

/// Takes lists as `search_path` as they are written, other than `SET`.
fn set(name: &str, value: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!("SELECT set_config({}, {}, false)", quoted(name), quoted(value))
}

fn wrong(place: &Place, reason: &str) -> Fact<String> {
    Fact::NotRecognised { place: place.clone(), reason: reason.to_owned() }
}

fn not_recognised(unknown: &Unknown) -> Fact<String> {
    Fact::NotRecognised { place: unknown.place.clone(), reason: unknown.reason.clone() }
}
