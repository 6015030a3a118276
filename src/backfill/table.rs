//! What the catalog says of a table: its name in full, its unique keys, how large it is. Reads only.

use dunlin_compat::model::{Dialect, Row, Server};

use super::BackfillError;
use super::key::{Form, Key, KeyColumn};
use crate::db::{Connection, DbError};

/// A table that can be gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name as SQL, quoted and qualified.
    pub name: String,
    /// The key to go by.
    pub key: Key,
    /// How many rows it has, by the server's statistics; `None` when they do not say.
    pub rows: Option<u64>,
    /// How many bytes a row has, by the same.
    pub row_bytes: Option<u64>,
}

/// A unique key as the catalog lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    index: String,
    primary: bool,
    columns: Vec<CandidateColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct CandidateColumn {
    name: String,
    nullable: bool,
    /// The type's name, in lower case on MySQL and MariaDB.
    type_name: String,
    /// An index on a part of the column or an expression.
    partial: bool,
}

/// Looks a table up. `wanted` names the columns of a unique key; empty means the primary key.
///
/// # Errors
/// There is no such table, it has no such key, or its rows cannot be gone through exactly once by it.
pub fn find(connection: &mut dyn Connection, table: &str, wanted: &[String]) -> Result<Table, BackfillError> {
    let server = connection.server().clone();
    let found = match server.dialect {
        Dialect::Postgres => postgres(connection, table),
        Dialect::Mysql | Dialect::Mariadb => mysql(connection, table, &server),
        Dialect::Sqlite => sqlite(connection, table),
    };
    let found = found.map_err(BackfillError::server("reading the catalog"))?;
    let Some(found) = found else {
        return Err(BackfillError::refused(
            format!("there is no table {table}"),
            "Write it as `table` or `schema.table`, as the database spells it.",
        ));
    };
    if let Some((reason, advice)) = found.obstacle {
        return Err(BackfillError::refused(reason, advice));
    }
    let key = choose(table, &found.candidates, wanted, server.dialect)?;
    Ok(Table { name: found.name, key, rows: found.rows, row_bytes: found.row_bytes })
}

struct Found {
    name: String,
    candidates: Vec<Candidate>,
    rows: Option<u64>,
    row_bytes: Option<u64>,
    /// Why it cannot be gone through at all, and the way out.
    obstacle: Option<(String, &'static str)>,
}

fn choose(
    table: &str,
    candidates: &[Candidate],
    wanted: &[String],
    dialect: Dialect,
) -> Result<Key, BackfillError> {
    let same = |left: &str, right: &str| match dialect {
        Dialect::Postgres => left == right,
        _ => left.eq_ignore_ascii_case(right),
    };
    let matches = |candidate: &&Candidate| {
        if wanted.is_empty() {
            return candidate.primary;
        }
        candidate.columns.len() == wanted.len()
            && candidate.columns.iter().zip(wanted).all(|(column, wanted)| same(&column.name, wanted))
    };
    let Some(candidate) = candidates.iter().find(matches) else {
        let reason = if wanted.is_empty() {
            format!("{table} has no primary key to go through its rows by")
        } else {
            format!("{table} has no unique key on ({})", wanted.join(", "))
        };
        let usable: Vec<String> = candidates
            .iter()
            .filter(|candidate| forms(candidate, dialect).is_ok())
            .map(|candidate| {
                let names: Vec<&str> = candidate.columns.iter().map(|column| column.name.as_str()).collect();
                format!("key={}", names.join(","))
            })
            .collect();
        let advice = if usable.is_empty() {
            "Give it a unique key whose columns are NOT NULL.".to_owned()
        } else {
            format!("It could go by {}.", usable.join(", or "))
        };
        return Err(BackfillError::refused(reason, advice));
    };
    let forms = forms(candidate, dialect).map_err(|reason| {
        BackfillError::refused(
            format!("the rows of {table} cannot be gone through by its key {}: {reason}", candidate.index),
            "Name another unique key.",
        )
    })?;
    let columns = candidate.columns.iter().zip(forms);
    Ok(Key::new(
        dialect,
        columns.map(|(column, form)| KeyColumn { name: column.name.clone(), form }).collect(),
    ))
}

/// The form of each column, or why the key does not serve.
fn forms(candidate: &Candidate, dialect: Dialect) -> Result<Vec<Form>, String> {
    candidate.columns.iter().map(|column| form(column, dialect)).collect()
}

fn form(column: &CandidateColumn, dialect: Dialect) -> Result<Form, String> {
    let name = &column.name;
    if column.partial {
        return Err("it is on a part of a column, or on an expression".to_owned());
    }
    if column.nullable {
        return Err(format!("{name} may be NULL, and NULLs are not told apart"));
    }
    match dialect {
        Dialect::Postgres => Ok(Form::Typed(column.type_name.clone())),
        Dialect::Sqlite => Ok(Form::Quoted),
        Dialect::Mysql | Dialect::Mariadb => match column.type_name.as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => Ok(Form::Number),
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "date" | "time"
            | "datetime" | "uuid" | "inet4" | "inet6" => Ok(Form::Text),
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Ok(Form::Bytes),
            "timestamp" => Err(format!("{name} is a timestamp, which the change of clocks repeats")),
            other => Err(format!("{name} is of type {other}, whose order or text is not exact")),
        },
    }
}

/// `schema.table`, divided at the first point.
pub(super) fn split_name(table: &str) -> (Option<&str>, &str) {
    match table.split_once('.') {
        Some((schema, table)) if !schema.is_empty() && !table.is_empty() => (Some(schema), table),
        _ => (None, table),
    }
}

fn postgres(connection: &mut dyn Connection, table: &str) -> Result<Option<Found>, DbError> {
    let dialect = Dialect::Postgres;
    let (schema, bare) = split_name(table);
    let quoted = match schema {
        Some(schema) => format!("{}.{}", dialect.quote_identifier(schema), dialect.quote_identifier(bare)),
        None => dialect.quote_identifier(bare),
    };
    let rows = connection
        .execute(&format!(
            "SELECT c.oid, n.nspname, c.relname, c.relkind, greatest(c.reltuples, 0)::bigint, \
             CASE WHEN c.reltuples > 0 THEN (c.relpages::bigint * current_setting('block_size')::bigint / c.reltuples)::bigint END \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = pg_catalog.to_regclass({})",
            dialect.quote_literal(&quoted)
        ))?
        .rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let oid = text(row, 0);
    let kind = text(row, 3);
    let name =
        format!("{}.{}", dialect.quote_identifier(&text(row, 1)), dialect.quote_identifier(&text(row, 2)));
    let obstacle = (kind != "r" && kind != "p")
        .then(|| (format!("{table} is no table"), "Name the table whose rows are to be changed."));
    let keys = connection.execute(&format!(
        "SELECT i.relname, x.indisprimary, a.attname, NOT a.attnotnull, pg_catalog.format_type(a.atttypid, a.atttypmod), \
         x.indpred IS NOT NULL OR x.indexprs IS NOT NULL OR NOT x.indisvalid OR NOT x.indimmediate \
         FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
         CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum \
         WHERE x.indrelid = {oid} AND x.indisunique AND k.place <= x.indnkeyatts \
         ORDER BY x.indisprimary DESC, i.relname, k.place"
    ))?;
    Ok(Some(Found {
        name,
        candidates: candidates(&keys.rows),
        rows: number(row, 4).filter(|rows| *rows > 0),
        row_bytes: number(row, 5),
        obstacle,
    }))
}

fn mysql(connection: &mut dyn Connection, table: &str, server: &Server) -> Result<Option<Found>, DbError> {
    let dialect = server.dialect;
    let (schema, bare) = split_name(table);
    let schema = dialect.quote_literal(schema.unwrap_or(&server.schema));
    let bare = dialect.quote_literal(bare);
    let rows = connection
        .execute(&format!(
            "SELECT table_schema, table_name, engine, table_rows, avg_row_length, table_type \
             FROM information_schema.tables WHERE table_schema = {schema} AND table_name = {bare}"
        ))?
        .rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let name =
        format!("{}.{}", dialect.quote_identifier(&text(row, 0)), dialect.quote_identifier(&text(row, 1)));
    let engine = text(row, 2);
    let obstacle = if text(row, 5) != "BASE TABLE" {
        Some((format!("{table} is no table"), "Name the table whose rows are to be changed."))
    } else if !engine.eq_ignore_ascii_case("InnoDB") {
        Some((
            format!("{table} is kept by {engine}, which has no transactions"),
            "Move it to InnoDB first: in any other engine a chunk that fails stays half done.",
        ))
    } else {
        None
    };
    // MySQL lists indexes on expressions in a column that MariaDB does not have; their column name is null on both.
    let keys = connection.execute(&format!(
        "SELECT s.index_name, s.index_name = 'PRIMARY', s.column_name, COALESCE(c.is_nullable, 'YES') = 'YES', \
         LOWER(c.data_type), s.sub_part IS NOT NULL OR s.column_name IS NULL FROM information_schema.statistics s \
         LEFT JOIN information_schema.columns c ON c.table_schema = s.table_schema AND c.table_name = s.table_name \
         AND c.column_name = s.column_name WHERE s.non_unique = 0 AND s.table_schema = {schema} AND s.table_name = {bare} \
         ORDER BY s.index_name <> 'PRIMARY', s.index_name, s.seq_in_index"
    ))?;
    Ok(Some(Found {
        name,
        candidates: candidates(&keys.rows),
        rows: number(row, 3),
        row_bytes: number(row, 4).filter(|bytes| *bytes > 0),
        obstacle,
    }))
}

fn sqlite(connection: &mut dyn Connection, table: &str) -> Result<Option<Found>, DbError> {
    let dialect = Dialect::Sqlite;
    let (schema, bare) = split_name(table);
    let schema = schema.unwrap_or("main");
    let (schema_literal, literal) = (dialect.quote_literal(schema), dialect.quote_literal(bare));
    let rows = connection
        .execute(&format!(
            "SELECT name, type, wr FROM pragma_table_list({literal}) WHERE schema = {schema_literal} COLLATE NOCASE"
        ))?
        .rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let (bare, kind, without_rowid) = (text(row, 0), text(row, 1), text(row, 2) == "1");
    let name = format!("{}.{}", dialect.quote_identifier(schema), dialect.quote_identifier(&bare));
    let obstacle = (kind != "table")
        .then(|| (format!("{table} is no table"), "Name the table whose rows are to be changed."));
    let columns = connection.execute(&format!(
        "SELECT name, pk, \"notnull\", upper(type) FROM pragma_table_xinfo({literal}, {schema_literal}) ORDER BY pk"
    ))?;
    let mut primary: Vec<CandidateColumn> = Vec::new();
    let parts = columns.rows.iter().filter(|row| number(row, 1).unwrap_or(0) > 0).count();
    for row in columns.rows.iter().filter(|row| number(row, 1).unwrap_or(0) > 0) {
        // Only here SQLite lets a primary key be null: in tables with a rowid, unless the column is the rowid.
        let is_rowid = parts == 1 && text(row, 3) == "INTEGER";
        primary.push(CandidateColumn {
            name: text(row, 0),
            nullable: text(row, 2) != "1" && !is_rowid && !without_rowid,
            type_name: text(row, 3),
            partial: false,
        });
    }
    let keys = connection.execute(&format!(
        "SELECT l.name, 0, i.name, NOT COALESCE(c.\"notnull\", 0), c.type, l.partial OR i.name IS NULL \
         FROM pragma_index_list({literal}, {schema_literal}) l JOIN pragma_index_info(l.name, {schema_literal}) i \
         LEFT JOIN pragma_table_xinfo({literal}, {schema_literal}) c ON c.name = i.name \
         WHERE l.\"unique\" AND l.origin <> 'pk' ORDER BY l.name, i.seqno"
    ))?;
    let mut candidates = candidates(&keys.rows);
    if !primary.is_empty() {
        let primary = Candidate { index: "PRIMARY KEY".to_owned(), primary: true, columns: primary };
        candidates.insert(0, primary);
    }
    let counted = match obstacle {
        Some(_) => None,
        // SQLite keeps no statistics by itself, and counts fast.
        None => number_of(connection.execute(&format!("SELECT count(*) FROM {name}"))?.rows.first()),
    };
    Ok(Some(Found { name, candidates, rows: counted, row_bytes: None, obstacle }))
}

/// Rows of (index, primary, column, nullable, type, partial), a key's columns one after the other.
fn candidates(rows: &[Row]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for row in rows {
        let column = CandidateColumn {
            name: text(row, 2),
            nullable: is_true(row, 3),
            type_name: text(row, 4),
            partial: is_true(row, 5),
        };
        let index = text(row, 0);
        match found.last_mut() {
            Some(last) if last.index == index => last.columns.push(column),
            _ => found.push(Candidate { index, primary: is_true(row, 1), columns: vec![column] }),
        }
    }
    found
}

fn text(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

fn is_true(row: &Row, index: usize) -> bool {
    matches!(text(row, index).as_str(), "t" | "1" | "true")
}

fn number(row: &Row, index: usize) -> Option<u64> {
    row.get(index)?.as_deref()?.parse().ok()
}

fn number_of(row: Option<&Row>) -> Option<u64> {
    number(row?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(index: &str, primary: bool, columns: &[(&str, bool, &str)]) -> Candidate {
        let column = |(name, nullable, type_name): &(&str, bool, &str)| CandidateColumn {
            name: (*name).to_owned(),
            nullable: *nullable,
            type_name: (*type_name).to_owned(),
            partial: false,
        };
        Candidate { index: index.to_owned(), primary, columns: columns.iter().map(column).collect() }
    }

    fn refusal(candidates: &[Candidate], wanted: &[&str], dialect: Dialect) -> String {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        choose("orders", candidates, &wanted, dialect).unwrap_err().to_string()
    }

    #[test]
    fn the_primary_key_serves_unless_another_is_named() {
        let keys = [
            candidate("PRIMARY", true, &[("id", false, "bigint")]),
            candidate("by_number", false, &[("shop", false, "int"), ("number", false, "varchar")]),
        ];
        let key = choose("orders", &keys, &[], Dialect::Mysql).unwrap();
        assert_eq!(key.columns, [KeyColumn { name: "id".into(), form: Form::Number }]);
        let wanted = ["Shop".to_owned(), "number".to_owned()];
        let key = choose("orders", &keys, &wanted, Dialect::Mysql).unwrap();
        assert_eq!(key.columns[1], KeyColumn { name: "number".into(), form: Form::Text });
    }

    #[test]
    fn a_key_that_does_not_serve_is_refused_with_those_that_do() {
        let keys = [
            candidate("by_mail", false, &[("mail", true, "varchar")]),
            candidate("by_number", false, &[("number", false, "int")]),
        ];
        assert_eq!(
            refusal(&keys, &[], Dialect::Mysql),
            "orders has no primary key to go through its rows by"
        );
        assert_eq!(refusal(&keys, &["numbr"], Dialect::Mysql), "orders has no unique key on (numbr)");
        assert_eq!(
            refusal(&keys, &["mail"], Dialect::Mysql),
            "the rows of orders cannot be gone through by its key by_mail: mail may be NULL, and NULLs are not told apart"
        );
        let error = choose("orders", &keys, &[], Dialect::Mysql).unwrap_err();
        assert_eq!(error.advice().as_deref(), Some("It could go by key=number."));
    }

    #[test]
    fn types_whose_text_is_not_exact_are_refused() {
        for type_name in ["double", "enum", "timestamp", "json"] {
            let keys = [candidate("PRIMARY", true, &[("at", false, type_name)])];
            assert!(choose("orders", &keys, &[], Dialect::Mariadb).is_err(), "{type_name}");
        }
    }
}
