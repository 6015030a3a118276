//! PostgreSQL's catalogs. Names and definitions are as the server's own deparsers write them with nothing in the search
//! path, so all are qualified.

mod expression;

use super::{SchemaError, Snapshot};
use crate::db::Connection;

/// The queries by subject; each row is kind, name, kind of part, name of part and facts (see [`Snapshot::add`]).
const QUERIES: [&str; 7] = [
    include_str!("relations.sql"),
    include_str!("parts.sql"),
    include_str!("types.sql"),
    include_str!("code.sql"),
    include_str!("operators.sql"),
    include_str!("outside.sql"),
    include_str!("privileges.sql"),
];

/// Reads everything in one round trip and one snapshot of the server's.
pub(super) fn read(connection: &mut dyn Connection) -> Result<Snapshot, SchemaError> {
    let version = connection.server().version.0;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut statements = vec![begin.to_owned(), "SET LOCAL search_path = pg_catalog".to_owned()];
    let queries = QUERIES.iter().flat_map(|file| file.split(";\n")).filter(|query| !query.trim().is_empty());
    statements.extend(queries.map(|query| expand(query, version)));
    statements.push("COMMIT".to_owned());
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let outcomes = match connection.execute_many(&statements) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            // The transaction is the session's, not this function's, to keep.
            let _ = connection.execute("ROLLBACK");
            return Err(error.into());
        }
    };
    let mut snapshot = Snapshot::default();
    for outcome in outcomes.iter().filter(|outcome| outcome.columns.len() >= 4) {
        snapshot.add(outcome);
    }
    for object in snapshot.objects.values_mut() {
        let parts = object.parts.iter_mut().map(|part| &mut part.properties);
        for value in parts.chain([&mut object.properties]).flat_map(|properties| properties.values_mut()) {
            if value.contains("(ARRAY[") {
                *value = expression::settled(value);
            }
        }
    }
    Ok(snapshot)
}

/// Fills in what the queries share: `{{word argument …}}`.
fn expand(query: &str, version: u32) -> String {
    let mut text = String::new();
    let mut rest = query;
    while let Some((before, (inside, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        text.push_str(before);
        text.push_str(&shared(inside, version));
        rest = after;
    }
    text.push_str(rest);
    text
}

fn shared(inside: &str, version: u32) -> String {
    let (word, argument) = inside.trim().split_once(' ').unwrap_or((inside.trim(), ""));
    match word {
        // The name of a relation `c` in its schema `n`.
        "relation" => "quote_ident(n.nspname) || '.' || quote_ident(c.relname)".to_owned(),
        "kind" => "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' \
                   WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' \
                   WHEN 'c' THEN 'type' END"
            .to_owned(),
        // Schemas that are the user's.
        "own" => "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'".to_owned(),
        // Not part of an extension: catalog, OID.
        "free" => {
            let (catalog, oid) = argument.split_once(' ').unwrap_or((argument, "oid"));
            format!(
                "NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '{catalog}'::regclass AND x.objid = {oid} \
                 AND x.deptype = 'e')"
            )
        }
        // Whoever owns the database or looks at it owns what is in it, as a rule, and is another one elsewhere.
        "owner" => format!(
            "CASE WHEN {argument} <> (SELECT datdba FROM pg_database WHERE datname = current_database()) \
             AND {argument} <> current_user::regrole AND {argument}::regrole::text <> 'pg_database_owner' \
             THEN {argument}::regrole::text END"
        ),
        // The locale of ICU has had three names.
        "collation_locale" => match version {
            17.. => "c.colllocale",
            15.. => "c.colliculocale",
            _ => "NULL",
        }
        .to_owned(),
        // An expression that only newer servers know.
        "since" => {
            let (least, expression) = argument.split_once(' ').unwrap_or((argument, "NULL"));
            let least: u32 = least.parse().unwrap_or(u32::MAX);
            if version >= least { expression.to_owned() } else { "NULL".to_owned() }
        }
        _ => String::new(),
    }
}
