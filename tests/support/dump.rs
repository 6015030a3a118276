//! The state of a database as text, for comparing what two tools left behind.

use super::database::{Database, ServerKind};
use super::program::run;

/// What is not of the migrated database but of the moment or the machine.
const CHANGING_LINES: [&str; 4] = ["--", "SET ", "\\restrict", "\\unrestrict"];

impl Database {
    /// Every object of the database as its server writes it, in a fixed order, without anything that changes between
    /// two runs. History tables are included: their shape has to be the original's.
    #[track_caller]
    pub fn schema_dump(&self) -> String {
        match self.kind() {
            ServerKind::Sqlite => self.sqlite_schema(),
            ServerKind::Postgres => self.postgres_schema(),
            ServerKind::MariaDb | ServerKind::MySql => self.mysql_schema(),
        }
    }

    /// A table's rows as text: a line with the names of its columns, then a sorted line for each row, values divided by
    /// `|`. The name is used as written, so quote it if it needs that.
    #[track_caller]
    pub fn table_rows(&self, table: &str) -> String {
        self.rows_of_tables(&[table]).concat()
    }

    /// The same of several tables.
    #[track_caller]
    pub fn rows_of_tables(&self, tables: &[impl AsRef<str>]) -> Vec<String> {
        let of_table = |table: &str| [self.columns_query(table), format!("SELECT * FROM {table}")];
        let queries: Vec<String> = tables.iter().flat_map(|table| of_table(table.as_ref())).collect();
        if queries.is_empty() {
            return Vec::new();
        }
        let found = self.queries(&queries);
        let text = |both: &[Vec<Vec<String>>]| {
            let [columns, rows] = both else { panic!("{both:?}") };
            let mut rows: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
            rows.sort();
            rows.insert(0, columns.concat().join("|"));
            rows.join("\n")
        };
        found.chunks(2).map(text).collect()
    }

    /// A Flyway history in order of rank, a line for each row: rank, version, description, type, script, checksum,
    /// success. Left out are the columns that differ from run to run (installed_on, installed_by, execution_time).
    #[track_caller]
    pub fn history_rows(&self, table: &str) -> Vec<String> {
        let rows = self.query(&format!(
            "SELECT installed_rank, version, description, type, script, checksum,
                    CASE WHEN success THEN 'true' ELSE 'false' END
             FROM {table} ORDER BY installed_rank"
        ));
        rows.into_iter().map(|row| row.join("|")).collect()
    }

    /// Names of tables, sorted, in the default schema.
    #[track_caller]
    pub fn tables(&self) -> Vec<String> {
        let query = match self.kind() {
            ServerKind::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            }
            ServerKind::Postgres => {
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
            }
            ServerKind::MariaDb | ServerKind::MySql => {
                "SELECT table_name FROM information_schema.tables
                 WHERE table_schema = database() AND table_type = 'BASE TABLE' ORDER BY 1"
            }
        };
        self.query(query).into_iter().flatten().collect()
    }

    /// The names of a table's columns.
    fn columns_query(&self, table: &str) -> String {
        let bare = table.trim_matches(['"', '`']);
        match self.kind() {
            ServerKind::Sqlite => format!("SELECT name FROM pragma_table_info('{bare}') ORDER BY cid"),
            ServerKind::Postgres => format!(
                "SELECT attname FROM pg_attribute
                 WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
            ),
            ServerKind::MariaDb | ServerKind::MySql => format!(
                "SELECT column_name FROM information_schema.columns
                 WHERE table_schema = database() AND table_name = '{bare}' ORDER BY ordinal_position"
            ),
        }
    }

    fn sqlite_schema(&self) -> String {
        let rows = self.query(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY type, name",
        );
        rows.into_iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n")
    }

    fn postgres_schema(&self) -> String {
        let mut command = self.program("pg_dump");
        command.args(["--schema-only", "--dbname", &self.url()]);
        let dump = run(command, "").success().stdout;
        let kept =
            |line: &&str| !line.is_empty() && !CHANGING_LINES.iter().any(|start| line.starts_with(start));
        dump.split('\n').filter(kept).collect::<Vec<_>>().join("\n")
    }

    fn mysql_schema(&self) -> String {
        // Kind, where its `SHOW CREATE` puts the statement, and the query that lists the names.
        let kinds = [
            (
                "TABLE",
                1,
                "SELECT table_name FROM information_schema.tables
                 WHERE table_schema = database() AND table_type = 'BASE TABLE' ORDER BY 1",
            ),
            (
                "VIEW",
                1,
                "SELECT table_name FROM information_schema.views WHERE table_schema = database() ORDER BY 1",
            ),
            (
                "TRIGGER",
                2,
                "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1",
            ),
            (
                "PROCEDURE",
                2,
                "SELECT routine_name FROM information_schema.routines
                 WHERE routine_schema = database() AND routine_type = 'PROCEDURE' ORDER BY 1",
            ),
            (
                "FUNCTION",
                2,
                "SELECT routine_name FROM information_schema.routines
                 WHERE routine_schema = database() AND routine_type = 'FUNCTION' ORDER BY 1",
            ),
            (
                "EVENT",
                3,
                "SELECT event_name FROM information_schema.events WHERE event_schema = database() ORDER BY 1",
            ),
        ];
        let lists = self.queries(&kinds.map(|(_, _, list)| list));
        let mut objects = Vec::new();
        for ((kind, position, _), names) in kinds.iter().zip(lists) {
            objects.extend(names.concat().into_iter().map(|name| (*kind, *position, name)));
        }
        if objects.is_empty() {
            return String::new();
        }
        let show =
            |(kind, _, name): &(&str, _, String)| format!("SHOW CREATE {kind} `{}`", name.replace('`', "``"));
        let shown = self.queries(&objects.iter().map(show).collect::<Vec<_>>());
        let own = format!("`{}`.", self.name());
        let mut dump = Vec::new();
        for ((_, position, _), shown) in objects.iter().zip(shown) {
            let statement = shown[0][*position].replace(&own, "");
            dump.push(without(&statement, " AUTO_INCREMENT=", ' ').unwrap_or(statement));
        }
        // What a client's session was set to when an event was made decides its start; nothing else is a time.
        dump.into_iter()
            .map(|statement| without(&statement, " STARTS '", '\'').unwrap_or(statement))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The text without the first stretch from `start` to the next `end`; a space as the end stays.
fn without(text: &str, start: &str, end: char) -> Option<String> {
    let (before, rest) = text.split_once(start)?;
    let (_, after) = rest.split_once(end)?;
    let space = if end == ' ' { " " } else { "" };
    Some(format!("{before}{space}{after}"))
}
