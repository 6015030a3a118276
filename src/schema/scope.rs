//! What of a database a snapshot is about.

use super::{ObjectName, Snapshot};

/// What to leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Names of tables as snapshots have them, qualified; what belongs to them goes too.
    pub without_tables: Vec<String>,
    /// Leave out what is of the database itself and not in it: its settings, its privileges.
    pub without_database: bool,
    /// Leave out what MySQL and MariaDB note of the client that made a view, a routine or a trigger: its character set, which is
    /// another for every driver.
    pub without_clients: bool,
}

impl Scope {
    /// Whether a table is left out.
    pub fn leaves_out(&self, table: &str) -> bool {
        self.without_tables.iter().any(|name| name == table)
    }

    pub(super) fn apply(&self, snapshot: &mut Snapshot) {
        if self.without_clients {
            forget_clients(snapshot);
        }
        snapshot.objects.retain(|ObjectName { kind, name }, object| {
            if self.without_database && kind == "database" {
                return false;
            }
            // A sequence goes with the column that owns it.
            let owner = object.properties.get("owned by").and_then(|column| column.rsplit_once('.'));
            let is_of_left_out = owner.is_some_and(|(table, _)| self.leaves_out(table));
            let is_left_out = kind == "table" && self.leaves_out(name);
            !is_left_out && !is_of_left_out
        });
    }
}

fn forget_clients(snapshot: &mut Snapshot) {
    for (name, object) in &mut snapshot.objects {
        if !matches!(name.kind.as_str(), "table" | "database") {
            object.properties.retain(|property, _| !OF_CLIENT.contains(&property.as_str()));
        }
        for part in object.parts.iter_mut().filter(|part| part.kind == "trigger") {
            part.properties.retain(|property, _| !OF_CLIENT.contains(&property.as_str()));
        }
    }
}

const OF_CLIENT: [&str; 2] = ["character set", "collation"];
