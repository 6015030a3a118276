//! The clients as people run scripts with them, and everything a database holds as text.

use std::process::Command;

use url::Url;

use crate::support::{Database, Output, ServerKind, run};

impl Database {
    /// Runs a script as `psql -f`, `mariadb <` or `sqlite3 <` would.
    #[track_caller]
    pub fn run_in_client(&self, script: &str) -> Output {
        match self.kind() {
            ServerKind::Sqlite | ServerKind::Postgres => self.try_sql(script),
            // Without this option the client of MariaDB takes comments out of the bodies that it sends.
            ServerKind::MariaDb | ServerKind::MySql => {
                let mut client = self.with_login("mariadb", &["--comments", "--batch"]);
                client.arg(self.name());
                run(client, script)
            }
        }
    }

    /// What `mariadb-dump` writes of a database with everything in it.
    #[track_caller]
    pub fn mysql_dump(&self, options: &[&str]) -> String {
        let mut dump = self.with_login("mariadb-dump", &["--routines", "--events", "--triggers"]);
        dump.args(options).arg(self.name());
        run(dump, "").success().stdout
    }

    /// What `pg_dump` writes.
    #[track_caller]
    pub fn postgres_dump(&self, options: &[&str]) -> String {
        let mut dump = self.program("pg_dump");
        dump.args(["--dbname", &self.url()]).args(options);
        run(dump, "").success().stdout
    }

    /// Schema, rows and counters.
    #[track_caller]
    pub fn state(&self) -> String {
        let mut state = vec![self.schema_dump()];
        for table in self.tables() {
            let quoted = if self.kind().is_mysql_like() {
                format!("`{}`", table.replace('`', "``"))
            } else {
                format!("\"{}\"", table.replace('"', "\"\""))
            };
            state.push(format!("== {table}"));
            state.push(self.table_rows(&quoted));
        }
        let more: &[&str] = match self.kind() {
            ServerKind::Sqlite => {
                &["SELECT * FROM pragma_user_version", "SELECT * FROM pragma_integrity_check"]
            }
            ServerKind::Postgres => {
                &["SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"]
            }
            ServerKind::MariaDb | ServerKind::MySql => &[
                "SELECT trigger_name, sql_mode, character_set_client, collation_connection
                 FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1",
                "SELECT routine_name, sql_mode, character_set_client, collation_connection
                 FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1",
                "SELECT event_name, sql_mode, time_zone, starts, execute_at, status
                 FROM information_schema.events WHERE event_schema = database() ORDER BY 1",
            ],
        };
        for query in more {
            state.extend(self.query(query).into_iter().map(|row| row.join("|")));
        }
        state.join("\n")
    }

    /// Takes away what is dunlin's own.
    #[track_caller]
    pub fn remove_our_tables(&self) {
        self.sql("DROP TABLE dunlin_migrations; DROP TABLE IF EXISTS dunlin_journal;");
    }

    fn with_login(&self, program: &str, options: &[&str]) -> Command {
        let url = Url::parse(&self.url()).unwrap();
        let mut command = self.program(program);
        command.args(["--no-defaults", "--default-character-set=utf8mb4", "--protocol=tcp"]);
        command.arg(format!("--host={}", url.host_str().unwrap()));
        command.arg(format!("--port={}", url.port().unwrap_or(3306)));
        command.arg(format!("--user={}", url.username()));
        command.env("MYSQL_PWD", url.password().unwrap_or_default());
        command.args(options);
        command
    }
}
