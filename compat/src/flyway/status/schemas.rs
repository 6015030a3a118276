//! Whether schemas exist and are empty (methods `doExists` and `doEmpty` of the classes `Schema`).

use crate::model::{Dialect, Row};

/// What is known of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaFacts {
    /// Whether it exists.
    pub exists: bool,
    /// Whether it has no objects that Flyway counts; only asked where it matters.
    pub empty: bool,
}

impl Default for SchemaFacts {
    /// A schema that has a history exists and has at least that.
    fn default() -> SchemaFacts {
        SchemaFacts { exists: true, empty: false }
    }
}

/// One query for each schema, with one row: whether it exists, whether it is empty, as `1` or `0`.
pub fn schema_queries(dialect: Dialect, schemas: &[String]) -> Vec<String> {
    schemas.iter().map(|schema| schema_query(dialect, schema)).collect()
}

/// The queries that planning needs before there is a history, or with schemas besides the default one.
pub(crate) fn inquiries(dialect: Dialect, schemas: &[String], history_exists: bool) -> Vec<String> {
    let mut queries = Vec::new();
    if !history_exists || schemas.len() > 1 {
        queries = schema_queries(dialect, schemas);
    }
    if !history_exists && dialect == Dialect::Mysql {
        queries.push(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('enforce_gtid_consistency', 'pxc_strict_mode')"
                .to_owned(),
        );
    }
    queries
}

/// Reads the answers to [`inquiries`]; where nothing was asked the schema is there and in use.
pub(super) fn read_facts(schemas: &[String], history_exists: bool, answers: &[Vec<Row>]) -> Vec<SchemaFacts> {
    if history_exists && schemas.len() <= 1 {
        return vec![SchemaFacts::default(); schemas.len()];
    }
    let cell = |index: usize, column: usize| {
        answers
            .get(index)
            .and_then(|rows| rows.first())
            .and_then(|row| row.get(column))
            .and_then(Option::as_deref)
    };
    let read = |index| match cell(index, 0) {
        None => SchemaFacts::default(),
        Some(exists) => SchemaFacts { exists: exists == "1", empty: cell(index, 1) == Some("1") },
    };
    (0..schemas.len()).map(read).collect()
}

/// Whether a table may be created with its first row: not where MySQL replicates by GTID or Percona's cluster is strict.
pub(super) fn read_select_into(dialect: Dialect, answers: &[Vec<Row>]) -> bool {
    if dialect != Dialect::Mysql {
        return true;
    }
    let Some(variables) = answers.last() else { return false };
    let forbids = |row: &Row| {
        let text = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        match text(0).to_lowercase().as_str() {
            "enforce_gtid_consistency" => text(1) == "ON",
            "pxc_strict_mode" => matches!(text(1), "ENFORCING" | "MASTER"),
            _ => false,
        }
    };
    !variables.iter().any(forbids)
}

fn schema_query(dialect: Dialect, schema: &str) -> String {
    let name = dialect.quote_literal(schema);
    match dialect {
        Dialect::Postgres => postgres_query(&name),
        Dialect::Mysql | Dialect::Mariadb => mysql_query(dialect, &name),
        Dialect::Sqlite => sqlite_query(dialect, schema, &name),
    }
}

/// Objects of extensions do not count, nor do array and composite types.
fn postgres_query(name: &str) -> String {
    let own = |catalog: &str, column: &str, condition: &str| {
        format!(
            "EXISTS (SELECT 1 FROM pg_catalog.{catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.{column} \
             LEFT JOIN pg_catalog.pg_depend d ON d.objid = o.oid AND d.deptype = 'e' \
             WHERE n.nspname = {name} AND d.objid IS NULL{condition})"
        )
    };
    format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {name}) THEN '1' ELSE '0' END, \
         CASE WHEN {} OR {} OR {} THEN '0' ELSE '1' END",
        own("pg_class", "relnamespace", " AND o.relkind IN ('r', 'v', 'S', 't')"),
        own("pg_type", "typnamespace", " AND o.typcategory NOT IN ('A', 'C')"),
        own("pg_proc", "pronamespace", "")
    )
}

fn mysql_query(dialect: Dialect, name: &str) -> String {
    let found = |table: &str, column: &str, condition: &str| {
        format!("EXISTS (SELECT 1 FROM information_schema.{table} WHERE {column} = {name}{condition})")
    };
    // With its scheduler disabled, MariaDB refuses to read events; a condition that is false at once keeps it from trying.
    let scheduler = match dialect {
        Dialect::Mariadb => " AND @@GLOBAL.event_scheduler <> 'DISABLED'",
        _ => "",
    };
    let objects = [
        found("tables", "table_schema", ""),
        found("views", "table_schema", ""),
        found("table_constraints", "table_schema", ""),
        found("triggers", "event_object_schema", ""),
        found("routines", "routine_schema", ""),
        found("events", "event_schema", scheduler),
    ];
    format!(
        "SELECT IF({}, '1', '0'), IF({}, '0', '1')",
        found("schemata", "schema_name", ""),
        objects.join(" OR ")
    )
}

/// SQLite creates no schemas: one that is not attached is reported as missing, and creating a table in it fails.
fn sqlite_query(dialect: Dialect, schema: &str, name: &str) -> String {
    if schema != "main" && schema != "temp" {
        return format!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM pragma_database_list WHERE name = {name}) THEN '1' ELSE '0' END, '0'"
        );
    }
    format!(
        "SELECT '1', CASE WHEN EXISTS (SELECT 1 FROM {}.sqlite_master WHERE type = 'table' AND tbl_name NOT IN \
         ('android_metadata', 'sqlite_sequence')) THEN '0' ELSE '1' END",
        dialect.quote_identifier(schema)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(exists: &str, empty: &str) -> Vec<Row> {
        vec![vec![Some(exists.to_owned()), Some(empty.to_owned())]]
    }

    #[test]
    fn one_schema_with_a_history_needs_no_questions() {
        let schemas = ["shop".to_owned()];
        assert!(inquiries(Dialect::Postgres, &schemas, true).is_empty());
        assert_eq!(read_facts(&schemas, true, &[]), [SchemaFacts { exists: true, empty: false }]);
        assert_eq!(inquiries(Dialect::Postgres, &schemas, false).len(), 1);
        assert_eq!(inquiries(Dialect::Mysql, &schemas, false).len(), 2);
    }

    #[test]
    fn answers_are_read_in_the_order_of_schemas() {
        let schemas = ["shop".to_owned(), "audit".to_owned()];
        let facts = read_facts(&schemas, true, &[answer("1", "0"), answer("0", "1")]);
        assert_eq!(
            facts,
            [SchemaFacts { exists: true, empty: false }, SchemaFacts { exists: false, empty: true }]
        );
    }

    #[test]
    fn mysql_with_gtid_creates_the_table_before_its_row() {
        let variables = |value: &str| {
            vec![vec![vec![Some("enforce_gtid_consistency".to_owned()), Some(value.to_owned())]]]
        };
        assert!(!read_select_into(Dialect::Mysql, &variables("ON")));
        assert!(read_select_into(Dialect::Mysql, &variables("OFF")));
        assert!(read_select_into(Dialect::Mariadb, &[]));
    }
}
