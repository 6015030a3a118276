//! Methods of strings, lists, sets and dictionaries.

use std::rc::Rc;

use super::text::{is_space, strip};
use super::value::{Arguments, Place, Unknown, Value};

/// The result of a method, if it can be told. `maybe` says why the call may not be reached: then nothing is changed.
pub(super) fn call(
    receiver: &Value,
    method: &str,
    arguments: &Arguments,
    place: &Place,
    maybe: Option<&Rc<Unknown>>,
) -> Option<Value> {
    if arguments.more.is_some() || receiver.is_large() || arguments.values().any(Value::is_large) {
        return None;
    }
    match receiver {
        Value::Text(text) => of_text(text, method, arguments),
        Value::Dict(_) => of_dict(receiver, method, arguments, place),
        Value::List(items) if maybe.is_none() && arguments.keywords.is_empty() => {
            // A list may be handed to itself, so that nothing is borrowed while an argument is looked at.
            let more = match (method, arguments.positional.as_slice()) {
                ("append", [item]) => vec![item.clone()],
                ("extend", [more]) => more.iterate()?.ok()?,
                ("copy", []) => return Some(Value::list(receiver.iterate()?.ok()?)),
                _ => return None,
            };
            items.0.borrow_mut().held.extend(more);
            Some(Value::None)
        }
        Value::Set(items) if maybe.is_none() && method == "add" => {
            let [item] = arguments.positional.as_slice() else {
                return None;
            };
            let mut known = true;
            for held in receiver.iterate()?.ok()? {
                match held.equals(item) {
                    Some(true) => return Some(Value::None),
                    Some(false) => {}
                    None => known = false,
                }
            }
            known.then(|| {
                items.0.borrow_mut().held.push(item.clone());
                Value::None
            })
        }
        _ => None,
    }
}

fn of_text(text: &str, method: &str, arguments: &Arguments) -> Option<Value> {
    if method == "format" {
        return format(text, arguments).map(Value::text);
    }
    if !arguments.keywords.is_empty() {
        return None;
    }
    let texts: Option<Vec<&str>> = arguments.positional.iter().map(Value::as_text).collect();
    match (method, texts.as_deref()) {
        ("strip", Some([])) => Some(Value::text(strip(text))),
        ("rstrip", Some([])) => Some(Value::text(text.trim_end_matches(is_space))),
        ("lstrip", Some([])) => Some(Value::text(text.trim_start_matches(is_space))),
        ("strip", Some([characters])) => {
            Some(Value::text(text.trim_matches(|character| characters.contains(character))))
        }
        ("rstrip", Some([characters])) => {
            Some(Value::text(text.trim_end_matches(|character| characters.contains(character))))
        }
        ("lstrip", Some([characters])) => {
            Some(Value::text(text.trim_start_matches(|character| characters.contains(character))))
        }
        ("lower", Some([])) => Some(Value::text(text.to_lowercase())),
        ("upper", Some([])) => Some(Value::text(text.to_uppercase())),
        ("replace", Some([from, to])) => Some(Value::text(text.replace(from, to))),
        ("replace", None) => match arguments.positional.as_slice() {
            [Value::Text(from), Value::Text(to), Value::Integer(count)] => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                Some(Value::text(text.replacen(&**from, to, count)))
            }
            _ => None,
        },
        ("startswith", Some([prefix])) => Some(Value::Bool(text.starts_with(prefix))),
        ("endswith", Some([suffix])) => Some(Value::Bool(text.ends_with(suffix))),
        ("removeprefix", Some([prefix])) => Some(Value::text(text.strip_prefix(prefix).unwrap_or(text))),
        ("removesuffix", Some([suffix])) => Some(Value::text(text.strip_suffix(suffix).unwrap_or(text))),
        ("split", Some([separator])) if !separator.is_empty() => {
            Some(Value::list(text.split(separator).map(Value::text).collect()))
        }
        ("split", Some([])) => {
            Some(Value::list(text.split(is_space).filter(|part| !part.is_empty()).map(Value::text).collect()))
        }
        ("partition", Some([separator])) if !separator.is_empty() => {
            let (before, found, after) = match text.split_once(separator) {
                Some((before, after)) => (before, *separator, after),
                None => (text, "", ""),
            };
            Some(Value::Tuple([before, found, after].map(Value::text).into()))
        }
        ("join", _) => {
            let items = arguments.positional.first()?.iterate()?.ok()?;
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
            texts.map(|texts| Value::text(texts.join(text)))
        }
        _ => None,
    }
}

/// `str.format` with plain fields: `{}`, `{0}`, `{name}`.
fn format(template: &str, arguments: &Arguments) -> Option<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some(index) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at(index);
        out.push_str(before);
        if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            out.push_str(tail.get(..1)?);
            rest = after;
            continue;
        }
        let (field, after) = tail.strip_prefix('{')?.split_once('}')?;
        let value = if field.is_empty() {
            next += 1;
            arguments.positional.get(next - 1)
        } else if let Ok(index) = field.parse::<usize>() {
            arguments.positional.get(index)
        } else {
            arguments.keyword(field)
        };
        out.push_str(&value?.shown()?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn of_dict(receiver: &Value, method: &str, arguments: &Arguments, place: &Place) -> Option<Value> {
    let Value::Dict(entries) = receiver else {
        return None;
    };
    let contents = entries.0.borrow();
    if let Some(unknown) = &contents.unknown {
        return Some(Value::Unknown(Rc::clone(unknown)));
    }
    match (method, arguments.positional.as_slice()) {
        ("get", [key] | [key, _]) => {
            for (held, value) in &contents.held {
                match held.equals(key) {
                    Some(true) => return Some(value.clone()),
                    Some(false) => {}
                    None => {
                        let reason = "a key is not known".to_owned();
                        return Some(Value::Unknown(Rc::new(Unknown { place: place.clone(), reason })));
                    }
                }
            }
            Some(arguments.positional.get(1).cloned().unwrap_or(Value::None))
        }
        ("items", []) => {
            let pairs =
                contents.held.iter().map(|(key, value)| Value::Tuple([key.clone(), value.clone()].into()));
            Some(Value::list(pairs.collect()))
        }
        ("values", []) => Some(Value::list(contents.held.iter().map(|(_, value)| value.clone()).collect())),
        ("keys", []) => Some(Value::list(contents.held.iter().map(|(key, _)| key.clone()).collect())),
        ("copy", []) => Some(Value::dict(contents.held.clone())),
        _ => None,
    }
}
