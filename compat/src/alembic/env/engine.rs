//! SQLAlchemy's engines, connections and URLs.

use std::rc::Rc;

use super::ini_options::missing;
use crate::alembic::python::value::{Object, Place};
use crate::alembic::python::{Arguments, Outcome, Unknown, Value};

pub(super) const ENGINE: &str = "engine";
pub(super) const CONNECTION: &str = "connection";
pub(super) const URL: &str = "url";
/// What the driver makes: a connection without SQLAlchemy.
pub(super) const DRIVER_CONNECTION: &str = "driver connection";
/// The attribute of engines and connections with what the driver is given.
pub(super) const CONNECT_ARGS: &str = "connect_args";
/// The attribute of those that put other schemas in the place of some.
pub(super) const TRANSLATES: &str = "schema_translate_map";

/// A function of SQLAlchemy that makes an engine or a URL; none if it is another.
pub(super) fn call(name: &str, arguments: &Arguments, place: &Place) -> Option<Outcome> {
    if !name.starts_with("sqlalchemy.") && !name.starts_with("sqlmodel.") {
        return None;
    }
    let function = name.rsplit('.').next().unwrap_or_default();
    let outcome = match function {
        "create_engine" | "create_async_engine" => engine(arguments.get(0, "url"), arguments, place),
        "engine_from_config" | "async_engine_from_config" => from_config(arguments, place),
        "make_url" => match arguments.get(0, "name_or_url").or(arguments.positional.first()) {
            Some(value) => Outcome::Value(url_object(value, place)),
            None => Outcome::NotKnown,
        },
        "create" if name.ends_with("URL.create") => Outcome::Value(composed(arguments, place)),
        "URL" => Outcome::Value(composed(arguments, place)),
        // A plain string in a wrapper.
        "text" => Outcome::Value(arguments.positional.first().cloned().unwrap_or(Value::None)),
        _ => return None,
    };
    Some(outcome)
}

fn engine(url: Option<&Value>, arguments: &Arguments, place: &Place) -> Outcome {
    let url = match url {
        Some(url) => url_object(url, place),
        None => return Outcome::NotKnown,
    };
    let given = arguments.keyword(CONNECT_ARGS).map(|given| (CONNECT_ARGS, given.clone()));
    let translates = match arguments.keyword("execution_options") {
        Some(Value::Dict(options)) => {
            options.0.borrow().held.iter().any(|(key, _)| key.as_text() == Some(TRANSLATES))
        }
        _ => false,
    };
    let translates = translates.then_some((TRANSLATES, Value::Bool(true)));
    let dialect = dialect(&url, place).map(|dialect| ("dialect", dialect));
    let attributes = [("url", url)].into_iter().chain(dialect).chain(given).chain(translates).collect();
    Outcome::Value(Value::Object(Object::of_host(ENGINE, place, attributes)))
}

/// `engine.dialect`, of which scripts ask the name.
fn dialect(url: &Value, place: &Place) -> Option<Value> {
    let Value::Object(url) = url else { return None };
    let text = url.attribute("text")?;
    let (scheme, _) = text.as_text()?.split_once("://")?;
    let name = Value::text(scheme.split('+').next()?);
    Some(Value::Object(Object::of_host("dialect", place, vec![("name", name)])))
}

/// `engine_from_config(configuration, prefix="sqlalchemy.")`.
fn from_config(arguments: &Arguments, place: &Place) -> Outcome {
    let prefix = match arguments.get(1, "prefix") {
        Some(Value::Text(prefix)) => prefix.to_string(),
        Some(_) => return Outcome::NotKnown,
        None => "sqlalchemy.".to_owned(),
    };
    let key = format!("{prefix}url");
    if let Some(url) = arguments.keyword("url") {
        return engine(Some(url), arguments, place);
    }
    let configuration = arguments.get(0, "configuration");
    let Some(Value::Dict(entries)) = configuration else {
        let unknown = configuration.and_then(Value::unknown);
        return engine(Some(&unknown.map_or(Value::None, Value::Unknown)), arguments, place);
    };
    let contents = entries.0.borrow();
    if let Some(unknown) = &contents.unknown {
        return engine(Some(&Value::Unknown(Rc::clone(unknown))), arguments, place);
    }
    match contents.held.iter().find(|(held, _)| held.as_text() == Some(&key)) {
        Some((_, url)) => engine(Some(url), arguments, place),
        None => missing(&key, place),
    }
}

/// A URL from a string or a URL.
fn url_object(value: &Value, place: &Place) -> Value {
    match value {
        Value::Object(object) if object.class == URL => value.clone(),
        Value::Text(_) => Value::Object(Object::of_host(URL, place, vec![("text", value.clone())])),
        Value::Unknown(_) => value.clone(),
        other => {
            let reason = format!("the URL is {}", other.kind());
            Value::Unknown(Rc::new(Unknown { place: place.clone(), reason }))
        }
    }
}

/// `URL.create(drivername, username, password, host, port, database, query)`.
fn composed(arguments: &Arguments, place: &Place) -> Value {
    let names = ["drivername", "username", "password", "host", "port", "database"];
    let mut parts: Vec<Option<String>> = Vec::new();
    for (position, name) in names.iter().enumerate() {
        match arguments.get(position, name) {
            None | Some(Value::None) => parts.push(None),
            Some(Value::Text(text)) => parts.push(Some(text.to_string())),
            Some(Value::Integer(integer)) => parts.push(Some(integer.to_string())),
            Some(other) => {
                let reason = format!("the part `{name}` of the URL is not known");
                let unknown =
                    other.unknown().unwrap_or_else(|| Rc::new(Unknown { place: place.clone(), reason }));
                return Value::Unknown(unknown);
            }
        }
    }
    let with_query = arguments.get(6, "query").is_some_and(|query| query.truth() != Some(false));
    let [driver, user, password, host, port, database] = parts.as_slice() else {
        return Value::None;
    };
    if with_query || arguments.more.is_some() || driver.is_none() {
        let reason = "the URL has parts that are not followed".to_owned();
        return Value::Unknown(Rc::new(Unknown { place: place.clone(), reason }));
    }
    let mut text = format!("{}://", driver.as_deref().unwrap_or_default());
    if let Some(user) = user {
        text.push_str(&quoted(user));
        if let Some(password) = password {
            text.push(':');
            text.push_str(&quoted(password));
        }
        text.push('@');
    }
    if let Some(host) = host {
        text.push_str(&if host.contains(':') { format!("[{host}]") } else { host.clone() });
    }
    if let Some(port) = port {
        text.push(':');
        text.push_str(port);
    }
    if let Some(database) = database {
        text.push('/');
        text.push_str(database);
    }
    url_object(&Value::text(text), place)
}

/// `quote(text, safe=" +")`.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~ +".contains(&byte);
    let quote = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(quote).collect()
}

/// A method of an engine, a connection or a URL.
pub(super) fn call_method(
    object: &Rc<Object>,
    method: &str,
    arguments: &Arguments,
    place: &Place,
) -> Outcome {
    let same = || Outcome::Value(Value::Object(Rc::clone(object)));
    match (object.class.as_str(), method) {
        (ENGINE, "connect" | "begin") => {
            let attributes = ["url", "dialect", CONNECT_ARGS, TRANSLATES];
            let attributes = attributes.into_iter().filter_map(|name| Some((name, object.attribute(name)?)));
            Outcome::Value(Value::Object(Object::of_host(CONNECTION, place, attributes.collect())))
        }
        (ENGINE | CONNECTION, "execution_options") => {
            if arguments.keyword(TRANSLATES).is_some() {
                object.attributes.borrow_mut().insert(TRANSLATES.to_owned(), Value::Bool(true));
            }
            same()
        }
        (CONNECTION, "connect") => same(),
        (ENGINE | CONNECTION, "dispose" | "close" | "commit" | "rollback" | "invalidate") => {
            Outcome::Value(Value::None)
        }
        (CONNECTION, "begin" | "begin_nested" | "begin_twophase") => {
            Outcome::Value(Value::Object(Object::of_host("transaction", place, Vec::new())))
        }
        (CONNECTION, "run_sync") => match arguments.positional.split_first() {
            Some((function, rest)) => {
                let mut handed = arguments.clone();
                handed.positional =
                    std::iter::once(Value::Object(Rc::clone(object))).chain(rest.to_vec()).collect();
                Outcome::Calls(function.clone(), handed)
            }
            None => Outcome::NotKnown,
        },
        (URL, "render_as_string") => {
            let shows = arguments.get(0, "hide_password").and_then(Value::truth) == Some(false);
            match object.attribute("text") {
                Some(text) if shows => Outcome::Value(text),
                _ => Outcome::NotKnown,
            }
        }
        (URL, "set") => set(object, arguments, place),
        (URL, "get_backend_name" | "get_driver_name") => match object.attribute("text") {
            Some(Value::Text(text)) => {
                let driver = text.split("://").next().unwrap_or_default();
                let (dialect, driver) = driver.split_once('+').unwrap_or((driver, ""));
                let part = if method == "get_backend_name" { dialect } else { driver };
                if part.is_empty() { Outcome::NotKnown } else { Outcome::Value(Value::text(part)) }
            }
            _ => Outcome::NotKnown,
        },
        _ => Outcome::NotKnown,
    }
}

/// `url.set(drivername=…)`, which is how drivers are exchanged.
fn set(object: &Rc<Object>, arguments: &Arguments, place: &Place) -> Outcome {
    let (Some(Value::Text(text)), [(key, Value::Text(driver))]) =
        (object.attribute("text"), arguments.keywords.as_slice())
    else {
        return Outcome::NotKnown;
    };
    match text.split_once("://") {
        Some((_, rest)) if key == "drivername" => {
            Outcome::Value(url_object(&Value::text(format!("{driver}://{rest}")), place))
        }
        _ => Outcome::NotKnown,
    }
}
