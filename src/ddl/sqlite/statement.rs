//! What a statement is, by its first words.

use super::super::clause::{self, Reading};
use super::super::{ChangeKind, Index, RowChange, TableName};
use super::column;
use crate::sql::Reader;

/// Reads a whole statement.
pub(super) fn statement(reading: &mut Reading<'_>) {
    reading.whole(known);
}

fn known(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let word = reading.at.peek()?.to_ascii_uppercase();
    if let Some(change) = rows(&reading.at) {
        reading.push_whole(start, ChangeKind::Rows(change));
        return Some(());
    }
    let reader = &mut reading.at;
    match word.as_str() {
        "CREATE" => {
            reader.skip();
            create(reading, start)
        }
        "ALTER" => {
            reader.skip();
            alter(reading, start)
        }
        "DROP" => {
            reader.skip();
            drop(reading, start)
        }
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" => {
            // Back to a savepoint: the transaction goes on.
            if reader.has("TO") {
                reading.of_no_matter(start);
                return Some(());
            }
            let verb = match word.as_str() {
                "BEGIN" => "BEGIN",
                "ROLLBACK" => "ROLLBACK",
                _ => "COMMIT",
            };
            reading.push_whole(start, ChangeKind::Transaction { verb });
            Some(())
        }
        "PRAGMA" => {
            reader.skip();
            pragma(reading, start)
        }
        "VACUUM" => {
            reading.push_whole(start, ChangeKind::RewriteTable { table: None, command: word });
            Some(())
        }
        "REINDEX" => {
            reader.skip();
            let name = clause::table(reader).unwrap_or_default();
            let what = if name.name.is_empty() { "DATABASE" } else { "INDEX" }.to_owned();
            reading.push_whole(start, ChangeKind::Reindex { what, name, concurrently: false });
            Some(())
        }
        "SELECT" | "VALUES" | "EXPLAIN" | "WITH" => {
            reading.push_whole(start, ChangeKind::Query);
            Some(())
        }
        "ATTACH" | "DETACH" | "SAVEPOINT" | "RELEASE" | "ANALYZE" => {
            reading.of_no_matter(start);
            Some(())
        }
        _ => None,
    }
}

/// What a statement does to rows.
fn rows(from: &Reader<'_>) -> Option<RowChange> {
    let mut reader = from.clone();
    if reader.eat("WITH") {
        while !reader.at_end() && !reader.is_any(&["INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT"]) {
            clause::skip_one(&mut reader);
        }
    }
    if reader.is_any(&["INSERT", "REPLACE"]) {
        reader.skip();
        if reader.eat("OR") {
            reader.skip();
        }
        if !reader.eat("INTO") {
            return None;
        }
        let table = clause::table(&mut reader)?;
        if reader.eat("AS") {
            reader.skip();
        }
        reader.skip_parentheses();
        return Some(RowChange::Insert { table, from_query: reader.is_any(&["SELECT", "WITH"]) });
    }
    if reader.eat("UPDATE") {
        if reader.eat("OR") {
            reader.skip();
        }
        let table = clause::table(&mut reader)?;
        if !reader.find("SET") {
            return None;
        }
        let filtered = reader.has("WHERE");
        return Some(RowChange::Update { table, filtered, limited: reader.has("LIMIT") });
    }
    if reader.eat_all(&["DELETE", "FROM"]) {
        let table = clause::table(&mut reader)?;
        let filtered = reader.has("WHERE");
        return Some(RowChange::Delete { table, filtered, limited: reader.has("LIMIT") });
    }
    None
}

/// `PRAGMA foreign_keys = OFF`, also `PRAGMA main.foreign_keys(0)`; a mere question is a query.
fn pragma(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let name = reader.name()?.name.to_ascii_lowercase();
    let parentheses = reader.eat_symbol("(");
    if !parentheses && !reader.eat_symbol("=") {
        reading.push_whole(start, ChangeKind::Query);
        return Some(());
    }
    let from = reader.start();
    while !reader.at_end() && !reader.is_symbol(")") {
        reader.skip();
    }
    let value = reader.text_from(from).trim_matches(['\'', '"']).to_owned();
    const QUESTIONS: [&str; 9] = [
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "index_xinfo",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
    ];
    let kind = if QUESTIONS.contains(&name.as_str()) {
        ChangeKind::Query
    } else {
        ChangeKind::SetSetting { name, value, local: false }
    };
    reading.push_whole(start, kind);
    Some(())
}

fn if_not_exists(reader: &mut Reader<'_>) -> bool {
    reader.eat_all(&["IF", "NOT", "EXISTS"])
}

fn create(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let temporary = reader.eat_any(&["TEMP", "TEMPORARY"]);
    if reader.eat("TABLE") {
        return create_table(reading, start, temporary);
    }
    if reader.eat_all(&["VIRTUAL", "TABLE"]) {
        let if_not_exists = if_not_exists(reader);
        let table = clause::table(reader)?;
        let options = vec![("VIRTUAL".to_owned(), String::new())];
        reading.push_whole(start, new_table(table, Parts { if_not_exists, options, ..Parts::default() }));
        return Some(());
    }
    let unique = reader.eat("UNIQUE");
    if reader.eat("INDEX") {
        let if_not_exists = if_not_exists(reader);
        let name = clause::table(reader)?;
        if !reader.eat("ON") {
            return None;
        }
        let table = TableName { schema: name.schema, ..clause::table(reader)? };
        let columns = clause::index_columns(reader);
        let partial = reader.is("WHERE");
        let index =
            Box::new(Index { name: Some(name.name), table, columns, unique, partial, ..Index::default() });
        reading.push_whole(start, ChangeKind::CreateIndex { index, if_not_exists });
        return Some(());
    }
    if reader.eat("VIEW") {
        if_not_exists(reader);
        let view = clause::table(reader)?;
        reading.push_whole(start, ChangeKind::CreateView { view, or_replace: false, materialized: false });
        return Some(());
    }
    if reader.eat("TRIGGER") {
        if_not_exists(reader);
        let name = reader.name()?.name;
        if !reader.find("ON") {
            return None;
        }
        let table = clause::table(reader)?;
        reading.push_whole(start, ChangeKind::CreateTrigger { table, name });
        return Some(());
    }
    None
}

#[derive(Default)]
struct Parts {
    columns: Vec<super::super::Column>,
    constraints: Vec<super::super::Constraint>,
    options: Vec<(String, String)>,
    temporary: bool,
    if_not_exists: bool,
    from_query: bool,
}

fn new_table(table: TableName, parts: Parts) -> ChangeKind {
    ChangeKind::CreateTable {
        table,
        columns: parts.columns,
        constraints: parts.constraints,
        indexes: Vec::new(),
        temporary: parts.temporary,
        unlogged: false,
        if_not_exists: parts.if_not_exists,
        from_query: parts.from_query,
        partition_of: None,
        options: parts.options,
    }
}

fn create_table(reading: &mut Reading<'_>, start: usize, temporary: bool) -> Option<()> {
    let mut parts = Parts { temporary, if_not_exists: if_not_exists(&mut reading.at), ..Parts::default() };
    let table = clause::table(&mut reading.at)?;
    if reading.at.eat("AS") {
        parts.from_query = true;
        reading.push_whole(start, new_table(table, parts));
        return Some(());
    }
    if !reading.at.eat_symbol("(") {
        return None;
    }
    while !reading.at.at_end() && !reading.at.eat_symbol(")") {
        match column::table_constraint(&mut reading.at) {
            Some(constraint) => parts.constraints.push(constraint),
            None => match column::column(reading) {
                Some(column) => parts.columns.push(column),
                None => reading.resynchronise(),
            },
        }
        // Constraints of a table need no comma between them.
        let next = reading.at.eat_symbol(",")
            || reading.at.is_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]);
        if !next && !reading.at.is_symbol(")") {
            reading.resynchronise();
            reading.at.eat_symbol(",");
        }
    }
    loop {
        if reading.at.eat("STRICT") {
            parts.options.push(("STRICT".to_owned(), String::new()));
        } else if reading.at.eat_all(&["WITHOUT", "ROWID"]) {
            parts.options.push(("WITHOUT ROWID".to_owned(), String::new()));
        } else if !reading.at.eat_symbol(",") {
            break;
        }
    }
    reading.push(start, new_table(table, parts));
    Some(())
}

fn alter(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    if !reader.eat("TABLE") {
        return None;
    }
    let table = clause::table(reader)?;
    if reader.eat("RENAME") {
        let kind = if reader.eat("TO") {
            ChangeKind::RenameTable { table, to: clause::table(reader)? }
        } else {
            reader.eat("COLUMN");
            let column = reader.identifier()?;
            if !reader.eat("TO") {
                return None;
            }
            ChangeKind::RenameColumn { table, column, to: reader.identifier()? }
        };
        reading.push(start, kind);
        return Some(());
    }
    if reader.eat("ADD") {
        if !reader.eat("COLUMN")
            && reader.is_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"])
            && let Some(constraint) = column::table_constraint(reader)
        {
            let constraint = Box::new(constraint);
            reading.push(start, ChangeKind::AddConstraint { table, constraint, if_not_exists: false });
            return Some(());
        }
        let column = Box::new(column::column(reading)?);
        let kind = ChangeKind::AddColumn { table, column, if_not_exists: false, positioned: false };
        reading.push(start, kind);
        return Some(());
    }
    if reader.eat("DROP") {
        if reader.eat("CONSTRAINT") {
            let name = reader.identifier();
            let kind =
                ChangeKind::DropConstraint { table, name, kind: None, if_exists: false, cascade: false };
            reading.push(start, kind);
            return Some(());
        }
        reader.eat("COLUMN");
        let column = reader.identifier()?;
        reading.push(start, ChangeKind::DropColumn { table, column, if_exists: false, cascade: false });
        return Some(());
    }
    if reader.eat("ALTER") {
        // Other databases' statements, which SQLite refuses up to 3.52.
        reader.eat("COLUMN");
        let column = reader.identifier()?;
        let kind = if reader.eat_all(&["SET", "NOT", "NULL"]) {
            ChangeKind::SetNotNull { table, column }
        } else if reader.eat_all(&["DROP", "NOT", "NULL"]) {
            ChangeKind::DropNotNull { table, column }
        } else if reader.eat_all(&["SET", "DEFAULT"]) {
            ChangeKind::SetDefault { table, column, default: clause::default(reader, |_| false) }
        } else if reader.eat_all(&["DROP", "DEFAULT"]) {
            ChangeKind::DropDefault { table, column }
        } else {
            reader.eat_all(&["SET", "DATA"]);
            reader.eat("TYPE");
            let data_type = clause::data_type(reader, &["PRECISION", "VARYING"], &[]);
            ChangeKind::SetColumnType { table, column, data_type, using: None }
        };
        reading.push(start, kind);
        return Some(());
    }
    let clause = reader.peek().unwrap_or_default().to_ascii_uppercase();
    reading.push_whole(start, ChangeKind::OtherTableChange { table, clause });
    Some(())
}

fn drop(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let what = reader.peek()?.to_ascii_uppercase();
    reader.skip();
    let if_exists = reader.eat_all(&["IF", "EXISTS"]);
    let name = clause::table(reader)?;
    let kind = match what.as_str() {
        "TABLE" => ChangeKind::DropTable { tables: vec![name], if_exists, cascade: false },
        "INDEX" => ChangeKind::DropIndex {
            table: None,
            names: vec![name],
            concurrently: false,
            if_exists,
            cascade: false,
        },
        "VIEW" => ChangeKind::DropView { views: vec![name], materialized: false, if_exists, cascade: false },
        "TRIGGER" => ChangeKind::DropTrigger { table: None, name: name.name },
        _ => return None,
    };
    reading.push(start, kind);
    Some(())
}
