//! MySQL's and MariaDB's schemas, as `SHOW CREATE` writes them: it is the only description that leaves nothing out. Two round
//! trips: what there is, and then everything at once.

mod table;

use super::{SchemaError, Snapshot};
use crate::db::{Connection, Outcome};
use dunlin_compat::model::Dialect;

/// Definitions are printed the same whatever the server's own settings are.
const SETTLE: &str = "SET SESSION sql_mode = '', sql_quote_show_create = 1, time_zone = '+00:00'";

const DATABASE: &str = "SELECT 'database' AS kind, 'settings' AS name, NULL AS part, NULL AS part_name, \
     default_character_set_name AS `character set`, default_collation_name AS `collation` \
     FROM information_schema.schemata WHERE schema_name = DATABASE()";

/// Kind and name of everything that `SHOW CREATE` shows.
const OBJECTS: &str = "SELECT CASE table_type WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END AS kind, \
     table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'TEMPORARY' \
     UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() \
     UNION ALL SELECT 'event', event_name FROM information_schema.events WHERE event_schema = DATABASE() \
     ORDER BY 1, 2";

/// An event without a start of its own starts when it was made.
const EVENTS: &str = "SELECT event_name FROM information_schema.events \
     WHERE event_schema = DATABASE() AND ABS(TIMESTAMPDIFF(SECOND, starts, created)) <= 1";

const TRIGGERS: &str = "SELECT 'table' AS kind, event_object_table AS name, 'trigger' AS part, trigger_name AS part_name, \
     CONCAT_WS(' ', action_timing, event_manipulation, 'order', action_order) AS `fires`, action_statement AS definition, \
     sql_mode AS `sql_mode`, definer AS definer, character_set_client AS `character set`, \
     collation_connection AS `collation` \
     FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY event_object_table, trigger_name";

const PRIVILEGES: [&str; 2] = [
    "SELECT 'table' AS kind, table_name AS name, 'grant' AS part, grantee AS part_name, \
     GROUP_CONCAT(CONCAT(privilege_type, IF(is_grantable = 'YES', ' with grant option', '')) ORDER BY privilege_type SEPARATOR ', ') \
     AS privileges FROM information_schema.table_privileges WHERE table_schema = DATABASE() \
     GROUP BY table_name, grantee ORDER BY table_name, grantee",
    "SELECT 'table' AS kind, table_name AS name, 'grant' AS part, CONCAT(grantee, ' on column ', column_name) AS part_name, \
     GROUP_CONCAT(CONCAT(privilege_type, IF(is_grantable = 'YES', ' with grant option', '')) ORDER BY privilege_type SEPARATOR ', ') \
     AS privileges FROM information_schema.column_privileges WHERE table_schema = DATABASE() \
     GROUP BY table_name, grantee, column_name ORDER BY table_name, grantee, column_name",
];

/// What was granted on the whole database is of the database, not in it.
const DATABASE_PRIVILEGES: &str = "SELECT 'database' AS kind, 'settings' AS name, 'grant' AS part, grantee AS part_name, \
     GROUP_CONCAT(CONCAT(privilege_type, IF(is_grantable = 'YES', ' with grant option', '')) ORDER BY privilege_type SEPARATOR ', ') \
     AS privileges FROM information_schema.schema_privileges WHERE table_schema = DATABASE() GROUP BY grantee";

/// Reads everything.
pub(super) fn read(connection: &mut dyn Connection) -> Result<Snapshot, SchemaError> {
    let listing =
        [SETTLE, OBJECTS, EVENTS, DATABASE, DATABASE_PRIVILEGES, TRIGGERS, PRIVILEGES[0], PRIVILEGES[1]];
    let outcomes = connection.execute_many(&listing)?;
    let names = |index: usize| -> Vec<Vec<String>> {
        let rows = outcomes.get(index).map(|outcome| outcome.rows.as_slice()).unwrap_or_default();
        rows.iter().map(|row| row.iter().map(|value| value.clone().unwrap_or_default()).collect()).collect()
    };
    let objects = names(1);
    let without_start: Vec<String> = names(2).into_iter().flatten().collect();
    let mut snapshot = Snapshot::default();
    let quote = |name: &str| Dialect::Mysql.quote_identifier(name);
    let shows: Vec<String> = objects
        .iter()
        .filter_map(|object| match object.as_slice() {
            [kind, name] => Some(format!("SHOW CREATE {} {}", kind.to_uppercase(), quote(name))),
            _ => None,
        })
        .collect();
    let database = connection.server().database.clone();
    if !shows.is_empty() {
        let shows: Vec<&str> = shows.iter().map(String::as_str).collect();
        let shown = connection.execute_many(&shows)?;
        for (object, shown) in objects.iter().zip(&shown) {
            if let [kind, name] = object.as_slice() {
                add_shown(&mut snapshot, (kind, name), shown, &database, without_start.contains(name));
            }
        }
    }
    for outcome in outcomes.iter().skip(3) {
        snapshot.add(outcome);
    }
    // A grant outlives what it is for; on nothing it gives nothing.
    snapshot.objects.retain(|name, object| {
        name.kind != "table"
            || object.properties.contains_key("engine")
            || object.parts.iter().any(|part| part.kind != "grant")
    });
    let foreign = format!("{}.", quote(&database));
    for object in snapshot.objects.values_mut() {
        let parts = object.parts.iter_mut().map(|part| &mut part.properties);
        for properties in parts.chain([&mut object.properties]) {
            for value in properties.values_mut().filter(|value| value.contains(&foreign)) {
                *value = value.replace(&foreign, "");
            }
        }
    }
    Ok(snapshot)
}

/// What a `SHOW CREATE` gave: the statement, and by which settings of the session it is read.
fn add_shown(
    snapshot: &mut Snapshot,
    (kind, name): (&str, &str),
    shown: &Outcome,
    database: &str,
    without_start: bool,
) {
    let Some(row) = shown.rows.first() else { return };
    let column = |wanted: &dyn Fn(&str) -> bool| {
        let index = shown.columns.iter().position(|column| wanted(&column.name.to_ascii_lowercase()))?;
        row.get(index)?.clone()
    };
    // `Create Table`, `Create View`, `Create Function`; `SHOW CREATE SEQUENCE` calls its own a table.
    let Some(statement) = column(&|name| name.starts_with("create ") || name == "sql original statement")
    else {
        // The body of a routine is hidden from those who may not see it.
        snapshot
            .object(kind, name)
            .properties
            .insert("definition".into(), "(not to be seen by this user)".into());
        return;
    };
    let object = snapshot.object(kind, name);
    if kind == "table" {
        table::parse(object, &statement);
        return;
    }
    let mut statement = statement.replace(&format!("{}.", Dialect::Mysql.quote_identifier(database)), "");
    if without_start && let Some((before, rest)) = statement.split_once(" STARTS '") {
        let after = rest.split_once('\'').map_or("", |(_, after)| after);
        statement = format!("{before}{after}");
    }
    object.properties.insert("definition".to_owned(), statement);
    for (property, wanted) in [
        ("sql_mode", "sql_mode"),
        ("time zone", "time_zone"),
        ("character set", "character_set_client"),
        ("collation", "collation_connection"),
    ] {
        if let Some(value) = column(&|name| name == wanted) {
            object.properties.insert(property.to_owned(), value);
        }
    }
}
