//! SQLite's schema: the statements that made it, which it keeps, taken apart so that only what differs is told. How a name is
//! quoted and a keyword is written makes no difference, since every rebuild of a table writes it anew.

mod definition;

use super::{SchemaError, Snapshot};
use crate::db::Connection;

const OBJECTS: &str =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type = 'table' DESC, rowid";

/// What the text of a table does not tell, or not in one place.
const TABLES: &str = "SELECT 'table' AS kind, name, NULL AS part, NULL AS part_name, \
     CASE WHEN strict THEN 'yes' END AS strict, CASE WHEN wr THEN 'yes' END AS \"without rowid\" \
     FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')";

/// Reads everything.
pub(super) fn read(connection: &mut dyn Connection) -> Result<Snapshot, SchemaError> {
    let mut snapshot = Snapshot::default();
    let outcome = connection.execute(OBJECTS)?;
    for row in outcome.rows {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        let (Some(kind), Some(name), Some(table), Some(sql)) =
            (row.next(), row.next(), row.next(), row.next())
        else {
            continue;
        };
        // Its own tables, and the indexes of constraints.
        if name.starts_with("sqlite_") || table.starts_with("sqlite_") {
            continue;
        }
        match kind.as_str() {
            "table" => definition::table(snapshot.object(&kind, &name), &sql),
            "view" => {
                snapshot.object(&kind, &name).properties.insert("definition".into(), definition::plain(&sql));
            }
            _ => {
                let text = if kind == "index" { definition::folded(&sql) } else { definition::plain(&sql) };
                // A trigger can also be of a view.
                let owner = ["table", "view"].into_iter().find(|owner| {
                    snapshot.objects.keys().any(|known| known.kind == *owner && known.name == table)
                });
                let object = snapshot.object(owner.unwrap_or("view"), &table);
                object.part(&kind, &name).insert("definition".to_owned(), text);
            }
        }
    }
    let known = connection.execute(TABLES)?;
    let is_there = snapshot.clone();
    snapshot.add(&known);
    snapshot.objects.retain(|name, _| name.kind != "table" || is_there.objects.contains_key(name));
    for (property, pragma) in
        [("user_version", "user_version"), ("application_id", "application_id"), ("encoding", "encoding")]
    {
        let outcome = connection.execute(&format!("PRAGMA {pragma}"))?;
        let value = outcome.rows.into_iter().flatten().flatten().next().unwrap_or_default();
        if value != "0" {
            snapshot.object("database", "settings").properties.insert(property.to_owned(), value);
        }
    }
    Ok(snapshot)
}
