//! The project that the tests of the commands share: a shop with three migrations that every server runs.

use std::sync::LazyLock;

use regex::Regex;

use crate::support::{Database, Output, Project, ServerKind};

const MIGRATIONS: [(&str, &str); 3] = [
    (
        "migrations/1_customers.sql",
        "-- migrate:up\n\
         CREATE TABLE customers (id integer PRIMARY KEY, name varchar(80) NOT NULL);\n\
         INSERT INTO customers VALUES (1, 'Ada; -- Okafor'), (2, 'Bruno');\n\n\
         -- migrate:down\nDROP TABLE customers;\n",
    ),
    (
        "migrations/2_orders.sql",
        "-- migrate:up\n\
         CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);\n\n\
         -- migrate:down\nDROP TABLE orders;\n",
    ),
    (
        "migrations/3_order_status.sql",
        "-- migrate:up\n\
         ALTER TABLE orders ADD COLUMN status varchar(20);\n\n\
         -- migrate:down\nALTER TABLE orders DROP COLUMN status;\n",
    ),
];

/// The history without what differs from run to run.
const HISTORY: &str =
    "SELECT version, name, kind, checksum, batch, dunlin_version FROM dunlin_migrations ORDER BY version";

/// A project with its database.
pub struct Shop {
    pub project: Project,
    pub database: Database,
}

impl Shop {
    /// On SQLite, with nothing applied.
    pub fn new() -> Shop {
        Shop::on(Database::sqlite())
    }

    /// On SQLite, with everything applied.
    pub fn applied() -> Shop {
        let shop = Shop::new();
        shop.dunlin(&["up"]).success();
        shop
    }

    /// On a database.
    pub fn on(database: Database) -> Shop {
        Shop { project: Project::with(&MIGRATIONS), database }
    }

    /// Runs the binary in the project with `DATABASE_URL` set.
    #[track_caller]
    pub fn dunlin(&self, arguments: &[&str]) -> Output {
        let url = self.database.url();
        self.project.dunlin_with(arguments, |command| {
            command.env("DATABASE_URL", url);
        })
    }

    /// Runs the binary and returns what a user sees.
    #[track_caller]
    pub fn says(&self, arguments: &[&str]) -> String {
        self.shown(&self.dunlin(arguments))
    }

    /// Exit code and both outputs, without what differs from run to run.
    pub fn shown(&self, output: &Output) -> String {
        let mut text = format!("exit {}\n{}", output.status, output.stdout);
        if !output.stderr.is_empty() {
            text.push_str("-- stderr\n");
            text.push_str(&output.stderr);
        }
        steady(&text)
            .replace(&self.database.name(), "shop.db")
            .replace(&self.project.path().display().to_string(), "<project>")
    }

    /// Edits what the second migration runs.
    pub fn edit(&self) {
        let text = self.project.read("migrations/2_orders.sql").replace("NOT NULL", "");
        self.project.write("migrations/2_orders.sql", text);
    }

    /// Everything that the tests of the commands can change in a database.
    pub fn state(&self) -> String {
        let mut state = self.database.schema_dump();
        for table in self.database.tables() {
            let rows = if table == "dunlin_migrations" {
                self.database
                    .query(HISTORY)
                    .into_iter()
                    .map(|row| row.join("|"))
                    .collect::<Vec<_>>()
                    .join("\n")
            } else {
                self.database.table_rows(&table)
            };
            state.push_str(&format!("\n{table}\n{rows}"));
        }
        state
    }

    /// The versions that the history has, in order.
    pub fn history(&self) -> Vec<String> {
        let query = "SELECT version FROM dunlin_migrations ORDER BY version";
        self.database.query(query).into_iter().flatten().collect()
    }

    pub fn kind(&self) -> ServerKind {
        self.database.kind()
    }
}

/// Text without times.
pub fn steady(text: &str) -> String {
    static TIMES: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            (Regex::new(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ").unwrap(), "2026-01-02 03:04:05Z"),
            (Regex::new(r"\(\d+(\.\d)? m?s\)").unwrap(), "(5 ms)"),
            (Regex::new(r#""milliseconds": \d+"#).unwrap(), r#""milliseconds": 5"#),
            (Regex::new(r"SQLite \d+\.\d+\.\d+").unwrap(), "SQLite 3"),
        ]
    });
    TIMES
        .iter()
        .fold(text.to_owned(), |text, (pattern, steady)| pattern.replace_all(&text, *steady).into_owned())
}
