//! Everything in a database as lines of text, catalog by catalog, and the rows of all tables.
//!
//! Made to be read after every step of a test: one or two calls of the server's own client. For whole schemas as the
//! server's own tools write them, see `schema_dump`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::database::{Database, ServerKind};

/// What is in a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// A sorted line for each fact of the schema: columns, constraints, indexes, triggers, functions, comments ….
    pub catalog: Vec<String>,
    /// A sorted line for each row, `table: values`, and the counters that numbers are taken from.
    pub rows: Vec<String>,
}

impl Database {
    /// What is in it now.
    #[track_caller]
    pub fn contents(&self) -> Contents {
        let mut contents = match self.kind() {
            ServerKind::Sqlite => self.sqlite_contents(),
            ServerKind::Postgres => self.postgres_contents(),
            ServerKind::MariaDb | ServerKind::MySql => self.mysql_contents(),
        };
        let name = self.name();
        for line in contents.catalog.iter_mut().chain(&mut contents.rows) {
            *line = line.replace(&name, "{database}");
        }
        contents.catalog.sort();
        contents.rows.sort();
        contents
    }

    fn postgres_contents(&self) -> Contents {
        let printed = self.sql(include_str!("postgres_catalog.sql"));
        let (catalog, rows) = printed.split_once("ROWS\n").expect("the script says where the rows begin");
        let lines = |text: &str| text.split_terminator('\n').map(str::to_owned).collect();
        Contents { catalog: lines(catalog), rows: lines(rows) }
    }

    fn sqlite_contents(&self) -> Contents {
        // What SQLite itself makes of the text.
        let pragmas = [
            ("table_xinfo", "p.name, p.type, p.\"notnull\", p.dflt_value, p.pk, p.hidden"),
            (
                "foreign_key_list",
                "p.seq, p.\"table\", p.\"from\", p.\"to\", p.on_update, p.on_delete, p.match",
            ),
            ("index_list", "p.\"unique\", p.origin, p.partial"),
        ];
        let of_pragma = |(pragma, key)| {
            format!(
                "SELECT '{pragma}', s.name, {key} FROM sqlite_schema s, pragma_{pragma}(s.name) p WHERE s.type = 'table'"
            )
        };
        let mut queries = vec![
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'".to_owned(),
            // Kept in the file, and part of what a library leaves behind.
            "PRAGMA journal_mode".to_owned(),
        ];
        queries.extend(pragmas.map(of_pragma));
        let mut found = self.queries(&queries).into_iter();
        let (schema, mode) = (found.next().unwrap(), found.next().unwrap());
        let tables: Vec<&str> =
            schema.iter().filter(|row| row[0] == "table").map(|row| row[1].as_str()).collect();
        let object = |row: &Vec<String>| {
            let [kind, name, table, sql] = &row[..] else { panic!("{row:?}") };
            format!("{kind} | {name} | {table} | {}", sorted_constraints(sql).replace('\n', "\\n"))
        };
        let mut catalog: Vec<String> = schema.iter().map(object).collect();
        catalog.extend(mode.into_iter().flatten().map(|mode| format!("journal_mode | {mode}")));
        catalog.extend(found.flatten().map(|row| row.join(" | ")));
        let mut script = ".mode quote\n.separator | \u{1e}\n".to_owned();
        for table in &tables {
            let (text, name) = (table.replace('\'', "''"), table.replace('"', "\"\""));
            writeln!(script, "SELECT '{text}', * FROM \"{name}\";").unwrap();
        }
        let printed = self.sql(&script);
        let rows = printed.split_terminator('\u{1e}').map(|row| row.replace('\n', "\\n")).collect();
        Contents { catalog, rows }
    }

    fn mysql_contents(&self) -> Contents {
        let objects = self.query(
            "SELECT CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END, table_name
             FROM information_schema.tables WHERE table_schema = database()
             UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = database()
             UNION ALL SELECT routine_type, routine_name FROM information_schema.routines
             WHERE routine_schema = database()
             UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = database()",
        );
        let mut script = String::new();
        for object in &objects {
            let (kind, name) = (object[0].as_str(), object[1].replace('`', "``"));
            let text = object[1].replace('\'', "''");
            writeln!(script, "SELECT '{MARK}', '{kind}', '{text}'; SHOW CREATE {kind} `{name}`;").unwrap();
            if matches!(kind, "TABLE" | "SEQUENCE") {
                writeln!(script, "SELECT '{MARK}', 'ROWS', '{text}'; SELECT * FROM `{name}`;").unwrap();
            }
        }
        let mut sections: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut current = None;
        for line in self.mysql_lines(&script) {
            match line.split('\t').collect::<Vec<_>>()[..] {
                [MARK, kind, name] => current = Some((kind.to_owned(), name.to_owned())),
                _ => sections.entry(current.clone().expect("a mark comes first")).or_default().push(line),
            }
        }
        let mut contents = Contents::default();
        for ((kind, name), lines) in sections {
            for line in lines {
                match kind.as_str() {
                    "ROWS" => contents.rows.push(format!("{name}: {line}")),
                    // The last column is the time it was made at.
                    "TRIGGER" => {
                        let kept = line.rsplit_once('\t').map_or(&*line, |(kept, _)| kept);
                        contents.catalog.push(format!("{kind} {kept}"));
                    }
                    "TABLE" => contents.catalog.extend(table_lines(&name, &line)),
                    _ => contents.catalog.push(format!("{kind} {line}")),
                }
            }
        }
        contents
    }
}

/// A `CREATE TABLE` as SQLAlchemy writes it with its constraints, which follow the columns, in the order of their texts:
/// Alembic takes those of a table that it makes anew on SQLite from a Python set.
pub fn sorted_constraints(statement: &str) -> String {
    let is_constraint = |line: &&str| {
        let line = line.trim_start();
        ["CONSTRAINT", "UNIQUE", "CHECK", "FOREIGN KEY", "PRIMARY KEY"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let lines: Vec<&str> = statement.split('\n').map(|line| line.trim_end_matches([' ', ','])).collect();
    let mut constraints: Vec<&str> = lines.iter().copied().filter(is_constraint).collect();
    constraints.sort_unstable();
    let others = lines.iter().copied().filter(|line| !is_constraint(line));
    others.chain(constraints).collect::<Vec<_>>().join("\n")
}

const MARK: &str = "#object";

/// A line for each line of a table's statement, so that differences are short. Columns keep their order; keys, which
/// SQLAlchemy makes in the order of a Python set, do not.
fn table_lines(name: &str, shown: &str) -> Vec<String> {
    let statement = shown.split_once('\t').map_or(shown, |(_, statement)| statement);
    let lines = statement.split("\\n").map(|line| line.trim_end_matches(',')).enumerate();
    let line = |(number, line): (usize, &str)| match line.trim_start().starts_with('`') {
        true => format!("TABLE {name} {number:02} {line}"),
        false => format!("TABLE {name} {line}"),
    };
    lines.map(line).collect()
}
