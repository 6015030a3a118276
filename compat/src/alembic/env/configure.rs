//! The arguments of `context.configure`.

use std::rc::Rc;

use super::{Fact, Target, engine, metadata};
use crate::alembic::python::value::Place;
use crate::alembic::python::{Arguments, Unknown, Value};
use crate::alembic::url::SqlalchemyUrl;

/// The options that are facts of a [`Target`].
const FACTS: [&str; 12] = [
    "connection",
    "url",
    "version_table",
    "version_table_schema",
    "version_table_pk",
    "transaction_per_migration",
    "transactional_ddl",
    "render_as_batch",
    "include_schemas",
    "compare_type",
    "compare_server_default",
    "target_metadata",
];

pub(super) fn target(arguments: &Arguments, place: &Place, maybe: Option<&Rc<Unknown>>) -> Target {
    let options = Options { arguments, place, maybe };
    let others = arguments.keywords.iter().filter(|(name, _)| !FACTS.contains(&name.as_str()));
    Target {
        place: place.clone(),
        engine_name: None,
        url: options.url(),
        version_table: options.fact("version_table", |value| value.as_text().map(str::to_owned)),
        version_table_schema: options.fact("version_table_schema", |value| match value {
            Value::None => Some(None),
            value => value.as_text().map(|text| Some(text.to_owned())),
        }),
        version_table_pk: options.flag("version_table_pk"),
        transaction_per_migration: options.flag("transaction_per_migration"),
        transactional_ddl: options.fact("transactional_ddl", |value| match value {
            Value::None => Some(None),
            value => value.truth().map(Some),
        }),
        render_as_batch: options.flag("render_as_batch"),
        include_schemas: options.flag("include_schemas"),
        // These two may also be functions.
        compare_type: options.flag("compare_type"),
        compare_server_default: options.flag("compare_server_default"),
        naming_convention: options.convention(),
        others: others.map(|(name, _)| (name.clone(), place.clone())).collect(),
        runs: false,
        said: Vec::new(),
        statements: Vec::new(),
    }
}

struct Options<'a> {
    arguments: &'a Arguments,
    place: &'a Place,
    maybe: Option<&'a Rc<Unknown>>,
}

impl Options<'_> {
    fn flag(&self, name: &str) -> Fact<bool> {
        self.fact(name, |value| match value {
            Value::Function(_) | Value::Method(_) => None,
            value => value.truth(),
        })
    }

    fn fact<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Fact<T> {
        if let Some(reason) = self.doubt(name) {
            return reason;
        }
        let Some(value) = self.arguments.keyword(name) else {
            return Fact::Absent;
        };
        match (value.unknown(), read(value)) {
            (Some(unknown), _) => not_recognised(&unknown),
            (None, Some(value)) => Fact::Known { value, place: self.place.clone() },
            (None, None) => match value {
                Value::Named(from) => self.wrong(format!("`{from}` is not known here")),
                value => self.wrong(format!("`{name}` is {}", value.kind())),
            },
        }
    }

    /// Why nothing said here need hold.
    fn doubt<T>(&self, name: &str) -> Option<Fact<T>> {
        let more = || self.arguments.more.as_ref().filter(|_| self.arguments.keyword(name).is_none());
        self.maybe.or_else(more).map(|unknown| not_recognised(unknown))
    }

    fn wrong<T>(&self, reason: String) -> Fact<T> {
        Fact::NotRecognised { place: self.place.clone(), reason }
    }

    fn url(&self) -> Fact<SqlalchemyUrl> {
        if let Some(unknown) = self.maybe {
            return not_recognised(unknown);
        }
        let connection = self.arguments.get(0, "connection").filter(|value| !matches!(value, Value::None));
        let url = match connection {
            Some(Value::Object(object))
                if matches!(object.class.as_str(), engine::CONNECTION | engine::ENGINE) =>
            {
                object.attribute("url")
            }
            Some(Value::Unknown(unknown)) => return not_recognised(unknown),
            Some(other) => return self.wrong(format!("`connection` is {}", other.kind())),
            None => self.arguments.get(1, "url").cloned(),
        };
        match url {
            Some(Value::Object(object)) if object.class == engine::URL => match object.attribute("text") {
                Some(Value::Text(text)) => {
                    Fact::Known { value: SqlalchemyUrl::new(&*text), place: object.place.clone() }
                }
                _ => self.wrong("the URL is not known".to_owned()),
            },
            Some(Value::Text(text)) => {
                Fact::Known { value: SqlalchemyUrl::new(&*text), place: self.place.clone() }
            }
            Some(Value::Unknown(unknown)) => not_recognised(&unknown),
            Some(Value::None) | None => match &self.arguments.more {
                Some(unknown) => not_recognised(unknown),
                None => self.wrong("neither a connection nor a URL is given".to_owned()),
            },
            Some(other) => self.wrong(format!("the URL is {}", other.kind())),
        }
    }

    fn convention(&self) -> Fact<std::collections::BTreeMap<String, String>> {
        const NAME: &str = "target_metadata";
        match self.doubt(NAME) {
            Some(reason) => reason,
            None => metadata::convention(self.arguments.keyword(NAME), self.place),
        }
    }
}

fn not_recognised<T>(unknown: &Unknown) -> Fact<T> {
    Fact::NotRecognised { place: unknown.place.clone(), reason: unknown.reason.clone() }
}
