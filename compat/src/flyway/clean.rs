//! Emptying schemas (classes `DbClean`, `CleanExecutor` and the methods `doClean` of the classes `Schema`).
//!
//! Cleaning asks first and drops then: [`queries`] lists a schema's objects, [`statements`] drops them. Flyway goes
//! through all schemas twice, the second time in reverse, since an object may depend on another schema's; every pass
//! asks again.

use crate::flyway::history::{AppliedMigration, MigrationType};
use crate::flyway::status::View;
use crate::model::{AdapterError, Dialect, Row};

/// What is to be cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    /// The schemas to empty, unquoted, in the order of the first pass.
    pub schemas: Vec<String>,
    /// Those among them that Flyway created, to be dropped in the end. Failures to empty them do not matter.
    pub dropped: Vec<String>,
    /// Managed schemas that do not exist.
    pub warnings: Vec<String>,
}

/// Decides what `clean` empties and drops. Refused while `cleanDisabled` is set, which it is by default. The view must
/// have been asked for all its schemas ([`crate::flyway::info::queries`]), with the answers in `exists`.
pub fn clean(view: &View<'_>, exists: &[bool]) -> Result<Clean, AdapterError> {
    if view.adapter.config.clean_disabled {
        return Err(AdapterError::refused(
            "ERROR",
            "Unable to execute clean as it has been disabled with the 'flyway.cleanDisabled' property.",
        )
        .advise("Set cleanDisabled to false only where losing all data of the schemas is meant."));
    }
    let created = created_schemas(view.server.dialect, &view.rows);
    let mut clean = Clean { schemas: Vec::new(), dropped: Vec::new(), warnings: Vec::new() };
    for (index, schema) in view.schemas.iter().enumerate() {
        let is_there = exists.get(index).copied().unwrap_or(true);
        if is_there {
            clean.schemas.push(schema.clone());
        } else {
            let quoted = view.server.dialect.quote_identifier(schema);
            clean.warnings.push(format!("Unable to clean unknown schema: {quoted}"));
        }
        if is_there && created.contains(schema) {
            clean.dropped.push(schema.clone());
        }
    }
    Ok(clean)
}

/// The schemas that SCHEMA markers name.
fn created_schemas(dialect: Dialect, rows: &[AppliedMigration]) -> Vec<String> {
    let quote = if dialect.is_mysql_family() { '`' } else { '"' };
    let markers = rows.iter().filter(|row| row.kind == MigrationType::Schema);
    let names = markers.flat_map(|row| row.script.split(','));
    names
        .map(|name| match name.strip_prefix(quote).and_then(|name| name.strip_suffix(quote)) {
            Some(inner) => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
            None => name.to_owned(),
        })
        .collect()
}

/// The statement that drops a schema which Flyway created; SQLite cannot.
pub fn drop_schema(dialect: Dialect, schema: &str) -> Option<String> {
    let name = dialect.quote_identifier(schema);
    match dialect {
        Dialect::Postgres => Some(format!("DROP SCHEMA {name} CASCADE")),
        Dialect::Mysql | Dialect::Mariadb => Some(format!("DROP SCHEMA {name}")),
        Dialect::Sqlite => None,
    }
}

/// The queries that list what is in a schema. Rows are kind, name and, for routines of PostgreSQL, arguments, in the
/// order in which they are to be dropped.
pub fn queries(dialect: Dialect, schema: &str) -> Vec<String> {
    let name = dialect.quote_literal(schema);
    match dialect {
        Dialect::Postgres => postgres_queries(&name),
        Dialect::Mysql | Dialect::Mariadb => mysql_queries(dialect, &name),
        Dialect::Sqlite => {
            let catalog = dialect.quote_identifier(schema);
            vec![
                format!("SELECT 'VIEW', tbl_name FROM {catalog}.sqlite_master WHERE type = 'view'"),
                format!("SELECT 'TABLE', tbl_name FROM {catalog}.sqlite_master WHERE type = 'table'"),
            ]
        }
    }
}

/// The statements that empty a schema, by the answers to [`queries`].
pub fn statements(dialect: Dialect, schema: &str, answers: &[Vec<Row>]) -> Vec<String> {
    let objects: Vec<Object<'_>> = answers.iter().flatten().filter_map(Object::read).collect();
    let qualified = |object: &Object<'_>| {
        format!("{}.{}", dialect.quote_identifier(schema), dialect.quote_identifier(object.name))
    };
    match dialect {
        Dialect::Postgres => {
            objects.iter().map(|object| drop_on_postgres(object, &qualified(object))).collect()
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let drops =
                objects.iter().map(|object| format!("DROP {} IF EXISTS {}", object.kind, qualified(object)));
            let head = "SET FOREIGN_KEY_CHECKS = 0".to_owned();
            let tail = "SET FOREIGN_KEY_CHECKS = 1".to_owned();
            [head].into_iter().chain(drops).chain([tail]).collect()
        }
        Dialect::Sqlite => drop_on_sqlite(&objects, qualified),
    }
}

/// Something to drop.
struct Object<'a> {
    kind: &'a str,
    name: &'a str,
    arguments: &'a str,
}

impl Object<'_> {
    fn read(row: &Row) -> Option<Object<'_>> {
        let text = |index: usize| row.get(index).and_then(Option::as_deref);
        Some(Object { kind: text(0)?, name: text(1)?, arguments: text(2).unwrap_or_default() })
    }
}

/// With IF EXISTS throughout: dropping one object may have taken others with it.
fn drop_on_postgres(object: &Object<'_>, qualified: &str) -> String {
    match object.kind {
        "EXTENSION" => {
            format!("DROP EXTENSION IF EXISTS {} CASCADE", Dialect::Postgres.quote_identifier(object.name))
        }
        "FUNCTION" | "PROCEDURE" | "AGGREGATE" => {
            let arguments = if object.kind == "AGGREGATE" && object.arguments.is_empty() {
                "*"
            } else {
                object.arguments
            };
            format!("DROP {} IF EXISTS {qualified}({arguments}) CASCADE", object.kind)
        }
        kind => format!("DROP {kind} IF EXISTS {qualified} CASCADE"),
    }
}

fn drop_on_sqlite(objects: &[Object<'_>], qualified: impl Fn(&Object<'_>) -> String) -> Vec<String> {
    let is_counter = |object: &&Object<'_>| object.name == "sqlite_sequence";
    let mut statements: Vec<String> = objects
        .iter()
        .filter(|object| !is_counter(object))
        .map(|object| format!("DROP {} IF EXISTS {}", object.kind, qualified(object)))
        .collect();
    if objects.iter().any(|object| is_counter(&object)) {
        statements.push("DELETE FROM sqlite_sequence".to_owned());
    }
    statements
}

/// What extensions own stays, except extensions that the session's user owns in the schema: they go last.
fn postgres_queries(name: &str) -> Vec<String> {
    let class = |kind: &str, relkind: &str, more: &str| {
        format!(
            "SELECT '{kind}', c.relname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.deptype = 'e' \
             WHERE n.nspname = {name} AND c.relkind IN ({relkind}) AND d.objid IS NULL{more}"
        )
    };
    // Partitions and other children go with their parents.
    let no_children = " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)";
    vec![
        class("MATERIALIZED VIEW", "'m'", ""),
        class("VIEW", "'v'", ""),
        class("TABLE", "'r', 'p'", no_children),
        class("FOREIGN TABLE", "'f'", no_children),
        // Types go before routines: a range type's own functions go with it and cannot go alone.
        format!(
            "SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typname FROM pg_catalog.pg_type t \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             LEFT JOIN pg_catalog.pg_depend d ON d.objid = t.oid AND d.deptype = 'e' \
             WHERE n.nspname = {name} AND d.objid IS NULL AND t.typtype <> 'm' AND (t.typrelid = 0 OR EXISTS \
             (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)"
        ),
        format!(
            "SELECT CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.proname, \
             pg_catalog.pg_get_function_identity_arguments(p.oid) FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             LEFT JOIN pg_catalog.pg_depend d ON d.objid = p.oid AND d.deptype IN ('e', 'i') \
             WHERE n.nspname = {name} AND d.objid IS NULL"
        ),
        class("SEQUENCE", "'S'", ""),
        format!(
            "SELECT 'COLLATION', c.collname FROM pg_catalog.pg_collation c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace \
             LEFT JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.deptype = 'e' \
             WHERE n.nspname = {name} AND d.objid IS NULL"
        ),
        format!(
            "SELECT 'EXTENSION', e.extname FROM pg_catalog.pg_extension e \
             JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = e.extowner WHERE n.nspname = {name} AND r.rolname = current_user"
        ),
    ]
}

fn mysql_queries(dialect: Dialect, name: &str) -> Vec<String> {
    // With its scheduler disabled, MariaDB refuses to read events.
    let scheduler = match dialect {
        Dialect::Mariadb => " AND @@GLOBAL.event_scheduler <> 'DISABLED'",
        _ => "",
    };
    let tables = |kind: &str, types: &str| {
        format!(
            "SELECT '{kind}', table_name FROM information_schema.tables WHERE table_schema = {name} \
             AND table_type IN ({types})"
        )
    };
    vec![
        format!(
            "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = {name}{scheduler}"
        ),
        format!(
            "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = {name}"
        ),
        format!("SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema = {name}"),
        tables("TABLE", "'BASE TABLE', 'SYSTEM VERSIONED'"),
        tables("SEQUENCE", "'SEQUENCE'"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Row {
        cells.iter().map(|cell| Some((*cell).to_owned())).collect()
    }

    #[test]
    fn postgres_drops_with_everything_that_depends() {
        let answers = vec![
            vec![row(&["VIEW", "sales"])],
            vec![row(&["FUNCTION", "total", "integer, text"]), row(&["AGGREGATE", "all_of", ""])],
            vec![row(&["EXTENSION", "hstore"])],
        ];
        assert_eq!(
            statements(Dialect::Postgres, "shop", &answers),
            [
                "DROP VIEW IF EXISTS \"shop\".\"sales\" CASCADE",
                "DROP FUNCTION IF EXISTS \"shop\".\"total\"(integer, text) CASCADE",
                "DROP AGGREGATE IF EXISTS \"shop\".\"all_of\"(*) CASCADE",
                "DROP EXTENSION IF EXISTS \"hstore\" CASCADE",
            ]
        );
    }

    #[test]
    fn mysql_drops_while_foreign_keys_are_not_checked() {
        let answers = vec![vec![row(&["PROCEDURE", "refund"])], vec![row(&["TABLE", "orders"])]];
        assert_eq!(
            statements(Dialect::Mariadb, "shop", &answers),
            [
                "SET FOREIGN_KEY_CHECKS = 0",
                "DROP PROCEDURE IF EXISTS `shop`.`refund`",
                "DROP TABLE IF EXISTS `shop`.`orders`",
                "SET FOREIGN_KEY_CHECKS = 1",
            ]
        );
    }

    #[test]
    fn sqlite_s_counters_are_emptied_since_they_cannot_be_dropped() {
        let answers = vec![vec![row(&["TABLE", "orders"]), row(&["TABLE", "sqlite_sequence"])]];
        assert_eq!(
            statements(Dialect::Sqlite, "main", &answers),
            ["DROP TABLE IF EXISTS \"main\".\"orders\"", "DELETE FROM sqlite_sequence"]
        );
    }

    #[test]
    fn markers_name_the_schemas_that_flyway_created() {
        let rows = crate::flyway::history::parse_rows(&[[
            "0",
            "",
            "s",
            "SCHEMA",
            "\"shop\",\"au\"\"dit\"",
            "",
            "",
            "",
            "0",
            "t",
        ]
        .iter()
        .map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned()))
        .collect()]);
        assert_eq!(created_schemas(Dialect::Postgres, &rows.unwrap()), ["shop", "au\"dit"]);
    }
}
