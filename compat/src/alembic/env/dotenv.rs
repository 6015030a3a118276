//! `load_dotenv` of python-dotenv.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::host::EnvHost;
use crate::alembic::python::value::Place;
use crate::alembic::python::{Arguments, Outcome, Unknown, Value};

pub(super) fn call(
    host: &mut EnvHost<'_>,
    name: &str,
    arguments: &Arguments,
    place: &Place,
    maybe: Option<&Rc<Unknown>>,
) -> Outcome {
    match name {
        "dotenv.find_dotenv" => {
            let file = arguments.get(0, "filename").and_then(Value::as_text).unwrap_or(".env");
            let found = find(host, place, file);
            Outcome::Value(Value::text(
                found.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
            ))
        }
        "dotenv.load_dotenv" => {
            let path = match arguments.get(0, "dotenv_path") {
                None | Some(Value::None) => find(host, place, ".env"),
                Some(Value::Text(text)) if text.is_empty() => find(host, place, ".env"),
                Some(Value::Text(text)) => Some(host.inputs.directory.join(&**text)),
                Some(_) => {
                    host.note(place, "it loads environment variables from a file that is not known");
                    return Outcome::NotKnown;
                }
            };
            let overrides = arguments.keyword("override").and_then(Value::truth).unwrap_or(false);
            let text = path.and_then(|path| fs::read_to_string(path).ok());
            let entries = text.as_deref().map(parse).unwrap_or_default();
            let any = !entries.is_empty();
            for (key, value) in entries {
                load(host, &key, value, overrides, place, maybe);
            }
            Outcome::Value(Value::Bool(any))
        }
        _ => Outcome::NotKnown,
    }
}

fn load(
    host: &mut EnvHost<'_>,
    key: &str,
    value: Option<String>,
    overrides: bool,
    place: &Place,
    maybe: Option<&Rc<Unknown>>,
) {
    let is_set = (host.inputs.variables)(key).is_some() || host.loaded.contains_key(key);
    if is_set && !overrides {
        return;
    }
    let value = match value {
        Some(value) => Value::text(value),
        None => Value::None,
    };
    host.set(key, &value, place, maybe);
}

/// `find_dotenv`: from the folder of the file that calls it upwards.
fn find(host: &EnvHost<'_>, place: &Place, name: &str) -> Option<PathBuf> {
    let file = host.inputs.directory.join(&*place.file);
    let start: &Path = file.parent()?;
    start.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The entries of a `.env` file: a value without `=` is none, and one that refers to others, or that is written in a way
/// that is not followed, is none too.
fn parse(text: &str) -> Vec<(String, Option<String>)> {
    let text = text.replace("\r\n", "\n");
    text.split('\n').filter_map(entry).collect()
}

fn entry(line: &str) -> Option<(String, Option<String>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let Some((key, value)) = line.split_once('=') else {
        return Some((line.to_owned(), None));
    };
    let key = key.trim().trim_matches('\'').to_owned();
    Some((key, plain(value.trim())))
}

fn plain(value: &str) -> Option<String> {
    let text = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let inner = value.get(1..)?;
            let (inner, rest) = inner.split_once(quote)?;
            let rest = rest.trim();
            if inner.contains('\\') || !(rest.is_empty() || rest.starts_with('#')) {
                return None;
            }
            inner.to_owned()
        }
        _ => {
            let end = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
            value.get(..end)?.trim_end().to_owned()
        }
    };
    // Single quotes do not protect references either.
    (!text.contains("${")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_by_python_dotenv() {
        let text = "# shop\nexport A=1\nB = 'two # words' # note\nC=\"x=y\"\nD=plain value # note\nE=\nF\nG=${A}\nH=a#b\r\n";
        let expected = [
            ("A", Some("1")),
            ("B", Some("two # words")),
            ("C", Some("x=y")),
            ("D", Some("plain value")),
            ("E", Some("")),
            ("F", None),
            ("G", None),
            ("H", Some("a#b")),
        ];
        let expected: Vec<(String, Option<String>)> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect();
        assert_eq!(parse(text), expected);
    }
}
