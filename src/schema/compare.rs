//! Comparing two snapshots.

use std::collections::BTreeSet;

use super::{Object, ObjectName, Part, Properties, Snapshot};

/// An object that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object.
    pub object: ObjectName,
    /// What became of it.
    pub change: Change<Changes>,
}

/// What became of the parts of an object; of itself where no part is named.
pub type Changes = Vec<(Option<PartName>, PartChange)>;

/// What became of a part.
pub type PartChange = Change<Vec<PropertyChange>>;

/// What became of an object or a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It is only in the second.
    Added(Object),
    /// It is only in the first.
    Removed(Object),
    /// It is in both and not the same.
    Changed(T),
    /// Parts of this kind stand in another order: the names before and after.
    Moved(Vec<String>, Vec<String>),
}

/// What a part is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartName {
    /// `column`, `index` …
    pub kind: String,
    /// Its name; empty for all of the kind.
    pub name: String,
}

/// A fact that is not the same; `None` where it is as by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyChange {
    /// Its name.
    pub property: String,
    /// In the first.
    pub before: Option<String>,
    /// In the second.
    pub after: Option<String>,
}

/// What is not the same in two snapshots, in the order of their objects.
pub fn compare(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let names: BTreeSet<&ObjectName> = before.objects.keys().chain(after.objects.keys()).collect();
    let difference = |name: &ObjectName| {
        let change = match (before.objects.get(name), after.objects.get(name)) {
            (None, Some(object)) => Change::Added(object.clone()),
            (Some(object), None) => Change::Removed(object.clone()),
            (Some(before), Some(after)) if before != after => {
                let changes = object_changes(before, after);
                if changes.is_empty() {
                    return None;
                }
                Change::Changed(changes)
            }
            _ => return None,
        };
        Some(Difference { object: name.clone(), change })
    };
    names.into_iter().filter_map(difference).collect()
}

fn object_changes(before: &Object, after: &Object) -> Changes {
    let mut changes = Changes::new();
    let own = property_changes(&before.properties, &after.properties);
    if !own.is_empty() {
        changes.push((None, Change::Changed(own)));
    }
    let name_of = |part: &Part| PartName { kind: part.kind.clone(), name: part.name.clone() };
    let find = |object: &Object, name: &PartName| {
        object.parts.iter().find(|part| part.kind == name.kind && part.name == name.name).cloned()
    };
    // In the order in which the parts stand, those that are gone first.
    let mut names: Vec<PartName> =
        before.parts.iter().map(name_of).filter(|name| find(after, name).is_none()).collect();
    names.extend(after.parts.iter().map(name_of));
    for name in names {
        let as_object = |part: Part| Object { properties: part.properties, parts: Vec::new() };
        let change = match (find(before, &name), find(after, &name)) {
            (None, Some(part)) => Change::Added(as_object(part)),
            (Some(part), None) => Change::Removed(as_object(part)),
            (Some(before), Some(after)) => {
                let changed = property_changes(&before.properties, &after.properties);
                if changed.is_empty() {
                    continue;
                }
                Change::Changed(changed)
            }
            (None, None) => continue,
        };
        changes.push((Some(name), change));
    }
    changes.extend(moved(before, after));
    changes
}

/// Columns that are in both and in another order: a row has its values in that of the columns, and so has an INSERT without names.
fn moved(before: &Object, after: &Object) -> Option<(Option<PartName>, PartChange)> {
    let columns = |object: &Object| -> Vec<String> {
        object.parts.iter().filter(|part| part.kind == "column").map(|part| part.name.clone()).collect()
    };
    let (before, after) = (columns(before), columns(after));
    let common = |own: &[String], other: &[String]| -> Vec<String> {
        own.iter().filter(|name| other.contains(name)).cloned().collect()
    };
    let (first, second) = (common(&before, &after), common(&after, &before));
    let name = PartName { kind: "column".to_owned(), name: String::new() };
    (first != second).then_some((Some(name), Change::Moved(before, after)))
}

fn property_changes(before: &Properties, after: &Properties) -> Vec<PropertyChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| {
        let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
        (before != after).then(|| PropertyChange { property: name.clone(), before, after })
    };
    names.into_iter().filter_map(change).collect()
}
