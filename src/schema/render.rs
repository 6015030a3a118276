//! Differences for people and as JSON.

use owo_colors::OwoColorize;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

use super::compare::{PartChange, PropertyChange};
use super::{Change, Difference, Object, PartName, Properties};

/// Differences as people read them: `-` is only in the first, `+` only in the second, `~` in both and not the same.
pub fn text(differences: &[Difference]) -> String {
    let mut lines = Vec::new();
    for difference in differences {
        let name = format!("{} {}", difference.object.kind, difference.object.name);
        match &difference.change {
            Change::Added(object) => {
                lines.push(added(0, &format!("{name}{}", facts(&object.properties))));
                whole(&mut lines, 1, object, &added);
            }
            Change::Removed(object) => {
                lines.push(removed(0, &format!("{name}{}", facts(&object.properties))));
                whole(&mut lines, 1, object, &removed);
            }
            Change::Changed(changes) => {
                lines.push(changed(0, &name));
                for (part, change) in changes {
                    part_lines(&mut lines, part.as_ref(), change);
                }
            }
            Change::Moved(..) => {}
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

type Line = dyn Fn(usize, &str) -> String;

/// What of an added or removed object does not stand on its first line.
fn whole(lines: &mut Vec<String>, depth: usize, object: &Object, line: &Line) {
    long_facts(lines, depth, &object.properties, line);
    for part in &object.parts {
        lines.push(line(depth, &format!("{} {}{}", part.kind, part.name, facts(&part.properties))));
        long_facts(lines, depth + 1, &part.properties, line);
    }
}

fn part_lines(lines: &mut Vec<String>, part: Option<&PartName>, change: &PartChange) {
    let name = part.map_or_else(String::new, |part| format!("{} {}", part.kind, part.name));
    match change {
        Change::Added(object) => {
            lines.push(added(1, &format!("{name}{}", facts(&object.properties))));
            long_facts(lines, 2, &object.properties, &added);
        }
        Change::Removed(object) => {
            lines.push(removed(1, &format!("{name}{}", facts(&object.properties))));
            long_facts(lines, 2, &object.properties, &removed);
        }
        Change::Moved(before, after) => {
            lines.push(changed(1, "order of the columns"));
            lines.push(removed(2, &before.join(", ")));
            lines.push(added(2, &after.join(", ")));
        }
        Change::Changed(changes) => {
            let depth = if part.is_some() { 2 } else { 1 };
            if part.is_some() {
                lines.push(changed(1, &name));
            }
            for change in changes {
                property_lines(lines, depth, change);
            }
        }
    }
}

fn property_lines(lines: &mut Vec<String>, depth: usize, change: &PropertyChange) {
    let PropertyChange { property, before, after } = change;
    let both = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
    if is_long(both.0) || is_long(both.1) {
        lines.push(changed(depth, property));
        let (before, after) = (ended(both.0), ended(both.1));
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        for group in diff.grouped_ops(2) {
            for operation in &group {
                for change in diff.iter_changes(operation) {
                    let text = change.value().trim_end_matches('\n');
                    lines.push(match change.tag() {
                        ChangeTag::Delete => removed(depth + 1, text),
                        ChangeTag::Insert => added(depth + 1, text),
                        ChangeTag::Equal => format!("{}  {text}", "  ".repeat(depth + 1)),
                    });
                }
            }
        }
        return;
    }
    match (before, after) {
        (Some(before), None) => lines.push(removed(depth, &format!("{property}: {before}"))),
        (None, Some(after)) => lines.push(added(depth, &format!("{property}: {after}"))),
        _ => lines.push(changed(depth, &format!("{property}: {} → {}", both.0, both.1))),
    }
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.len() > 200
}

/// Short facts behind a name. What is its definition needs no name of its own.
fn facts(properties: &Properties) -> String {
    // What it is before what else is to be said of it.
    let (first, rest): (Vec<_>, Vec<_>) = properties
        .iter()
        .filter(|(_, value)| !is_long(value))
        .partition(|(name, _)| matches!(name.as_str(), "definition" | "type" | "privileges"));
    let facts: Vec<String> = first
        .into_iter()
        .chain(rest)
        .map(|(name, value)| match name.as_str() {
            "definition" | "type" | "privileges" => value.clone(),
            _ if value == "yes" => name.clone(),
            _ => format!("{name} {value}"),
        })
        .collect();
    if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) }
}

fn long_facts(lines: &mut Vec<String>, depth: usize, properties: &Properties, line: &Line) {
    for (_, value) in properties.iter().filter(|(_, value)| is_long(value)) {
        lines.extend(value.trim_end_matches('\n').split('\n').map(|text| line(depth, text)));
    }
}

fn added(depth: usize, text: &str) -> String {
    format!("{}{}", "  ".repeat(depth), format!("+ {text}").green())
}

fn removed(depth: usize, text: &str) -> String {
    format!("{}{}", "  ".repeat(depth), format!("- {text}").red())
}

fn changed(depth: usize, text: &str) -> String {
    format!("{}{}", "  ".repeat(depth), format!("~ {text}").yellow())
}

/// Differences as JSON: a list of `{kind, name, change, …}`.
pub fn json(differences: &[Difference]) -> Value {
    let one = |difference: &Difference| {
        let mut document = json!({ "kind": difference.object.kind, "name": difference.object.name });
        match &difference.change {
            Change::Added(object) => put_object(&mut document, "added", object),
            Change::Removed(object) => put_object(&mut document, "removed", object),
            Change::Changed(changes) => {
                document["change"] = json!("changed");
                document["changes"] =
                    changes.iter().map(|(part, change)| of_part(part.as_ref(), change)).collect();
            }
            Change::Moved(..) => {}
        }
        document
    };
    differences.iter().map(one).collect()
}

fn put_object(document: &mut Value, change: &str, object: &Object) {
    document["change"] = json!(change);
    document["properties"] = of_properties(&object.properties);
    if !object.parts.is_empty() {
        let parts = object.parts.iter().map(
            |part| json!({ "kind": part.kind, "name": part.name, "properties": of_properties(&part.properties) }),
        );
        document["parts"] = parts.collect();
    }
}

fn of_part(part: Option<&PartName>, change: &PartChange) -> Value {
    let part = part.map_or(Value::Null, |part| json!({ "kind": part.kind, "name": part.name }));
    let mut document = json!({ "part": part });
    match change {
        Change::Added(object) => put_object(&mut document, "added", object),
        Change::Removed(object) => put_object(&mut document, "removed", object),
        Change::Moved(before, after) => {
            document["change"] = json!("moved");
            document["before"] = json!(before);
            document["after"] = json!(after);
        }
        Change::Changed(changes) => {
            document["change"] = json!("changed");
            let one = |change: &PropertyChange| json!({ "property": change.property, "before": change.before, "after": change.after });
            document["properties"] = changes.iter().map(one).collect();
        }
    }
    document
}

fn of_properties(properties: &Properties) -> Value {
    let map: Map<String, Value> =
        properties.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    Value::Object(map)
}
