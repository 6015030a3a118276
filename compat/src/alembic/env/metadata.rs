//! `MetaData` and what holds one.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fact;
use crate::alembic::python::value::{Object, Place};
use crate::alembic::python::{Arguments, Outcome, Value};

const METADATA: &str = "sqlalchemy.MetaData";

/// A call that makes a `MetaData` or an object with one; none if it is another.
pub(super) fn call(name: &str, arguments: &Arguments, place: &Place) -> Option<Outcome> {
    if is_metadata(name) {
        return Some(Outcome::Value(made(arguments, place)));
    }
    let holds = matches!(
        name,
        "sqlalchemy.orm.declarative_base"
            | "sqlalchemy.ext.declarative.declarative_base"
            | "sqlalchemy.ext.declarative.api.declarative_base"
            | "sqlalchemy.orm.registry"
            | "flask_sqlalchemy.SQLAlchemy"
    );
    if !holds {
        return None;
    }
    let metadata = arguments.keyword("metadata").cloned().unwrap_or_else(|| plain(place));
    let metadata = match &arguments.more {
        Some(unknown) => Value::Unknown(Rc::clone(unknown)),
        None => metadata,
    };
    Some(Outcome::Value(Value::Object(Object::of_host(name, place, vec![("metadata", metadata)]))))
}

fn is_metadata(name: &str) -> bool {
    matches!(
        name,
        "sqlalchemy.MetaData"
            | "sqlalchemy.schema.MetaData"
            | "sqlalchemy.sql.schema.MetaData"
            | "sqlmodel.MetaData"
    )
}

/// `MetaData(bind, reflect, schema, quote_schema, naming_convention, info)`; the arguments before `schema` are gone since
/// SQLAlchemy 2.0, and in either form the convention is given by its keyword.
fn made(arguments: &Arguments, place: &Place) -> Value {
    let convention = match &arguments.more {
        Some(unknown) => Some(Value::Unknown(Rc::clone(unknown))),
        None => arguments.keyword("naming_convention").cloned(),
    };
    let attributes = convention.into_iter().map(|convention| ("naming_convention", convention)).collect();
    Value::Object(Object::of_host(METADATA, place, attributes))
}

fn plain(place: &Place) -> Value {
    Value::Object(Object::of_host(METADATA, place, Vec::new()))
}

/// What exists once in a library.
pub(super) fn singleton(name: &str, place: &Place) -> Option<Value> {
    (name == "sqlmodel.SQLModel.metadata").then(|| plain(place))
}

/// What a class has from a base of a library.
pub(super) fn base(name: &str, place: &Place) -> Option<Vec<(String, Value)>> {
    match name {
        "sqlalchemy.orm.DeclarativeBase" | "sqlalchemy.orm.DeclarativeBaseNoMeta" => {
            Some(vec![("metadata".to_owned(), plain(place))])
        }
        "sqlalchemy.ext.asyncio.AsyncAttrs" | "sqlalchemy.orm.MappedAsDataclass" => Some(Vec::new()),
        _ => None,
    }
}

/// The naming convention of a `target_metadata`.
pub(super) fn convention(value: Option<&Value>, place: &Place) -> Fact<BTreeMap<String, String>> {
    let not_recognised =
        |place: &Place, reason: &str| Fact::NotRecognised { place: place.clone(), reason: reason.to_owned() };
    let metadata = match value {
        // Alembic takes the convention of one, never of several.
        None | Some(Value::None | Value::List(_) | Value::Tuple(_) | Value::Dict(_)) => return Fact::Absent,
        Some(Value::Unknown(unknown)) => return not_recognised(&unknown.place, &unknown.reason),
        Some(Value::Object(object)) if object.class == METADATA => object,
        Some(Value::Named(name)) => return not_recognised(place, &format!("`{name}` is not followed")),
        Some(other) => return not_recognised(place, &format!("`target_metadata` is {}", other.kind())),
    };
    let convention = match metadata.attribute("naming_convention") {
        None | Some(Value::None) => return Fact::Absent,
        Some(convention) => convention,
    };
    if let Some(unknown) = convention.unknown() {
        return not_recognised(&unknown.place, &unknown.reason);
    }
    let Value::Dict(entries) = &convention else {
        return not_recognised(&metadata.place, "the naming convention is not a plain dictionary");
    };
    let pair = |(key, value): &(Value, Value)| Some((key.as_text()?.to_owned(), value.as_text()?.to_owned()));
    match entries.0.borrow().held.iter().map(pair).collect::<Option<BTreeMap<String, String>>>() {
        Some(value) if value.is_empty() => Fact::Absent,
        Some(value) => Fact::Known { value, place: metadata.place.clone() },
        None => not_recognised(&metadata.place, "the naming convention holds what is not a plain string"),
    }
}
