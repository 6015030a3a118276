//! `structure.sql` by the programs of the servers: their arguments, and what Rails makes of what they write.

use super::connection::{Family, family};
use super::databases::DatabaseConfig;
use super::release::Release;
use crate::model::{AdapterError, Dialect};

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables for it.
    pub variables: Vec<(&'static str, String)>,
    /// The file that its output goes to.
    pub output: Option<String>,
    /// The file that its input comes from.
    pub input: Option<String>,
}

impl Program {
    fn new(name: &'static str, arguments: Vec<String>) -> Program {
        Program { name, arguments, variables: Vec::new(), output: None, input: None }
    }

    /// What Rails says when it fails. A password among the arguments is not shown.
    pub fn failure(&self) -> String {
        let shown = self.arguments.iter().map(|argument| match argument.starts_with("--password=") {
            true => "--password=***".to_owned(),
            false => argument.clone(),
        });
        format!(
            "failed to execute:\n{0} {1}\n\nPlease check the output above for any errors and make sure that `{0}` is installed in your PATH and has proper permissions.\n\n",
            self.name,
            shown.collect::<Vec<_>>().join(" ")
        )
    }
}

/// What of the application decides over dumps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpOptions {
    /// `structure_dump_flags` or `structure_load_flags`.
    pub flags: Vec<String>,
    /// `dump_schemas`.
    pub schemas: DumpSchemas,
    /// Tables that are there and that `SchemaDumper.ignore_tables` names, in the server's order.
    pub ignored: Vec<String>,
}

/// `dump_schemas`: which schemas of PostgreSQL are dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DumpSchemas {
    /// Those of the search path.
    SearchPath,
    /// All.
    All,
    /// These, with commas between them.
    Named(String),
}

/// What writes a database's structure into a file.
///
/// # Errors
/// A value is not known without Ruby, or the adapter is none that dunlin runs.
pub fn dump(
    config: &DatabaseConfig,
    file: &str,
    options: &DumpOptions,
    release: Release,
) -> Result<Program, AdapterError> {
    let database = text(config, "database")?.unwrap_or_default();
    match family(config)? {
        Family::Postgres => {
            let mut arguments = strings(["--schema-only", "--no-privileges", "--no-owner", "--file", file]);
            arguments.extend(options.flags.iter().cloned());
            let schemas = match &options.schemas {
                DumpSchemas::SearchPath => text(config, "schema_search_path")?.unwrap_or_default(),
                DumpSchemas::All => String::new(),
                DumpSchemas::Named(names) => names.clone(),
            };
            if !schemas.trim().is_empty() {
                arguments.extend(schemas.split(',').map(|schema| format!("--schema={}", schema.trim())));
            }
            arguments.extend(options.ignored.iter().flat_map(|table| ["-T".to_owned(), table.clone()]));
            arguments.push(database);
            let variables = postgres_variables(config)?;
            Ok(Program { variables, ..Program::new("pg_dump", arguments) })
        }
        Family::Mysql => {
            let mut arguments = options.flags.clone();
            arguments.extend(mysql_options(config)?);
            arguments.extend(strings(["--result-file", file, "--no-data", "--routines", "--skip-comments"]));
            arguments
                .extend(options.ignored.iter().map(|table| format!("--ignore-table={database}.{table}")));
            arguments.push(database);
            Ok(Program::new("mysqldump", arguments))
        }
        Family::Sqlite => {
            let mut arguments = options.flags.clone();
            arguments.push(database);
            arguments.push(if options.ignored.is_empty() {
                let all = release.structure_without_system_tables();
                if all { ".schema --nosys" } else { ".schema" }.to_owned()
            } else {
                let names: Vec<String> =
                    options.ignored.iter().map(|table| Dialect::Sqlite.quote_literal(table)).collect();
                format!(
                    "SELECT sql || ';' FROM sqlite_master WHERE tbl_name NOT IN ({}) ORDER BY tbl_name, type DESC, name",
                    names.join(", ")
                )
            });
            Ok(Program { output: Some(file.to_owned()), ..Program::new("sqlite3", arguments) })
        }
    }
}

/// What loads a file of a database's structure, where the engine does not do it itself.
///
/// # Errors
/// As [`dump`].
pub fn load(config: &DatabaseConfig, file: &str, flags: &[String]) -> Result<Program, AdapterError> {
    let database = text(config, "database")?.unwrap_or_default();
    match family(config)? {
        Family::Postgres => {
            let mut arguments =
                strings(["--set", "ON_ERROR_STOP=1", "--quiet", "--no-psqlrc", "--output", "/dev/null"]);
            arguments.extend(flags.iter().cloned());
            arguments.extend(strings(["--file", file]));
            arguments.push(database);
            let variables = postgres_variables(config)?;
            Ok(Program { variables, ..Program::new("psql", arguments) })
        }
        Family::Mysql => {
            let mut arguments = flags.to_vec();
            arguments.extend(mysql_options(config)?);
            let script = format!("SET FOREIGN_KEY_CHECKS = 0; SOURCE {file}; SET FOREIGN_KEY_CHECKS = 1");
            arguments.extend(["--execute".to_owned(), script, "--database".to_owned(), database]);
            Ok(Program::new("mysql", arguments))
        }
        Family::Sqlite => {
            let mut arguments = flags.to_vec();
            arguments.push(database);
            Ok(Program { input: Some(file.to_owned()), ..Program::new("sqlite3", arguments) })
        }
    }
}

fn postgres_variables(config: &DatabaseConfig) -> Result<Vec<(&'static str, String)>, AdapterError> {
    let keys = [
        ("PGHOST", "host"),
        ("PGPORT", "port"),
        ("PGPASSWORD", "password"),
        ("PGUSER", "username"),
        ("PGSSLMODE", "sslmode"),
        ("PGSSLCERT", "sslcert"),
        ("PGSSLKEY", "sslkey"),
        ("PGSSLROOTCERT", "sslrootcert"),
    ];
    let mut found = Vec::new();
    for (name, key) in keys {
        found.extend(text(config, key)?.map(|value| (name, value)));
    }
    Ok(found)
}

fn mysql_options(config: &DatabaseConfig) -> Result<Vec<String>, AdapterError> {
    let keys = [
        ("host", "--host"),
        ("port", "--port"),
        ("socket", "--socket"),
        ("username", "--user"),
        ("password", "--password"),
        ("encoding", "--default-character-set"),
        ("sslca", "--ssl-ca"),
        ("sslcert", "--ssl-cert"),
        ("sslcapath", "--ssl-capath"),
        ("sslcipher", "--ssl-cipher"),
        ("sslkey", "--ssl-key"),
        ("ssl_mode", "--ssl-mode"),
    ];
    let mut found = Vec::new();
    for (key, option) in keys {
        found.extend(text(config, key)?.map(|value| format!("{option}={value}")));
    }
    Ok(found)
}

fn strings<const N: usize>(parts: [&str; N]) -> Vec<String> {
    parts.map(str::to_owned).to_vec()
}

fn text(config: &DatabaseConfig, key: &str) -> Result<Option<String>, AdapterError> {
    config.text(key).map_err(|error| error.refusal())
}

/// What Rails keeps of what `pg_dump` wrote: neither the comments at its head nor the lines `\restrict` and `\unrestrict`,
/// which have another key each time. Then comes the search path.
pub fn postgres_structure(dumped: &str, search_path: &str) -> String {
    let mut kept = String::with_capacity(dumped.len());
    let mut is_head = true;
    for line in dumped.split_inclusive('\n') {
        if line.starts_with("\\restrict ") {
            continue;
        }
        if line.starts_with("\\unrestrict ") {
            is_head = true;
            continue;
        }
        if is_head && (line.starts_with("--") || line.trim().is_empty()) {
            continue;
        }
        kept.push_str(line);
        is_head = false;
    }
    kept.push_str(&format!("SET search_path TO {search_path};\n\n"));
    kept
}

/// A `structure.sql` of SQLite without the table that SQLite makes by itself, which releases before 8.0 dump too and
/// `sqlite3` complains of and goes on.
pub fn without_system_table(text: &str) -> String {
    let kept = |line: &str| {
        if line.trim_end() == "CREATE TABLE sqlite_sequence(name,seq);" { "\n" } else { line }.to_owned()
    };
    text.split_inclusive('\n').map(kept).collect()
}

/// A `structure.sql` without the lines that are commands of `psql`.
///
/// # Errors
/// A line is another command than `\restrict` and `\unrestrict`: its number, from 1.
pub fn without_commands(text: &str) -> Result<String, usize> {
    let mut kept = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ") {
            kept.push('\n');
        } else if line.starts_with('\\') {
            return Err(number + 1);
        } else {
            kept.push_str(line);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::databases::Databases;
    use super::super::ruby::evaluate::Surroundings;
    use super::*;

    const POSTGRES: &str = "adapter: postgresql, host: db, port: 5433, username: me, password: pw, database: shop, sslmode: require";
    const MYSQL: &str = "adapter: mysql2, host: db, port: 3307, username: me, password: pw, database: shop, encoding: utf8mb4, sslca: /ca.pem, ssl_mode: required, socket: /s";
    const SQLITE: &str = "adapter: sqlite3, database: db/a.sqlite3";

    fn config(lines: &str) -> DatabaseConfig {
        let around =
            Surroundings { variables: &|_| None, root: Path::new("/srv/shop"), environment: "staging" };
        let text = format!("staging: {{{lines}}}\n");
        let databases = Databases::parse(Path::new("database.yml"), &text, Release(8, 1), around).unwrap();
        databases.all.into_iter().next().unwrap()
    }

    fn dumped(lines: &str, flags: &[&str], ignored: &[&str]) -> String {
        let options = DumpOptions {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            schemas: DumpSchemas::SearchPath,
            ignored: ignored.iter().map(|table| (*table).to_owned()).collect(),
        };
        shown(&dump(&config(lines), "/tmp/structure.sql", &options, Release(8, 1)).unwrap())
    }

    fn shown(program: &Program) -> String {
        let variables: Vec<String> =
            program.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let redirected = program.output.iter().map(|file| format!("> {file}"));
        let fed = program.input.iter().map(|file| format!("< {file}"));
        let parts =
            variables.into_iter().chain([program.name.to_owned()]).chain(program.arguments.iter().cloned());
        parts.chain(redirected).chain(fed).collect::<Vec<_>>().join(" ")
    }

    /// The calls of Rails 8.2's tasks.
    #[test]
    fn programs_are_called_as_rails_calls_them() {
        let lines = [
            dumped(POSTGRES, &[], &[]),
            dumped(MYSQL, &[], &[]),
            dumped(SQLITE, &[], &[]),
            dumped(POSTGRES, &[], &["tmp_x", "users"]),
            dumped(MYSQL, &[], &["tmp_x", "users"]),
            dumped(SQLITE, &[], &["tmp_x", "users"]),
            dumped("adapter: postgresql, database: shop, schema_search_path: 'app, public'", &[], &[]),
            dumped("adapter: postgresql, database: shop", &["--clean", "--x"], &[]),
            dumped("adapter: mysql2, database: shop", &["--clean", "--x"], &[]),
            dumped(SQLITE, &["--noop"], &[]),
            shown(&load(&config(POSTGRES), "/tmp/structure.sql", &["--x".to_owned()]).unwrap()),
            shown(&load(&config(MYSQL), "/tmp/structure.sql", &["--x".to_owned()]).unwrap()),
            shown(&load(&config(SQLITE), "/tmp/structure.sql", &["--x".to_owned()]).unwrap()),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        PGHOST=db PGPORT=5433 PGPASSWORD=pw PGUSER=me PGSSLMODE=require pg_dump --schema-only --no-privileges --no-owner --file /tmp/structure.sql shop
        mysqldump --host=db --port=3307 --socket=/s --user=me --password=pw --default-character-set=utf8mb4 --ssl-ca=/ca.pem --ssl-mode=required --result-file /tmp/structure.sql --no-data --routines --skip-comments shop
        sqlite3 db/a.sqlite3 .schema --nosys > /tmp/structure.sql
        PGHOST=db PGPORT=5433 PGPASSWORD=pw PGUSER=me PGSSLMODE=require pg_dump --schema-only --no-privileges --no-owner --file /tmp/structure.sql -T tmp_x -T users shop
        mysqldump --host=db --port=3307 --socket=/s --user=me --password=pw --default-character-set=utf8mb4 --ssl-ca=/ca.pem --ssl-mode=required --result-file /tmp/structure.sql --no-data --routines --skip-comments --ignore-table=shop.tmp_x --ignore-table=shop.users shop
        sqlite3 db/a.sqlite3 SELECT sql || ';' FROM sqlite_master WHERE tbl_name NOT IN ('tmp_x', 'users') ORDER BY tbl_name, type DESC, name > /tmp/structure.sql
        pg_dump --schema-only --no-privileges --no-owner --file /tmp/structure.sql --schema=app --schema=public shop
        pg_dump --schema-only --no-privileges --no-owner --file /tmp/structure.sql --clean --x shop
        mysqldump --clean --x --result-file /tmp/structure.sql --no-data --routines --skip-comments shop
        sqlite3 --noop db/a.sqlite3 .schema --nosys > /tmp/structure.sql
        PGHOST=db PGPORT=5433 PGPASSWORD=pw PGUSER=me PGSSLMODE=require psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --output /dev/null --x --file /tmp/structure.sql shop
        mysql --x --host=db --port=3307 --socket=/s --user=me --password=pw --default-character-set=utf8mb4 --ssl-ca=/ca.pem --ssl-mode=required --execute SET FOREIGN_KEY_CHECKS = 0; SOURCE /tmp/structure.sql; SET FOREIGN_KEY_CHECKS = 1 --database shop
        sqlite3 --x db/a.sqlite3 < /tmp/structure.sql
        ");
    }

    /// What Rails 8.2 makes of the same text.
    #[test]
    fn what_pg_dump_wrote_is_cut_as_by_rails() {
        let dumped = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 17\n\nSET x = 0;\n\n--\n-- Name: a; Type: TABLE\n--\n\nCREATE TABLE a ();\n   \n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n--x\n";
        let kept = "SET x = 0;\n\n--\n-- Name: a; Type: TABLE\n--\n\nCREATE TABLE a ();\n   \n\n--\n-- PostgreSQL database dump complete\n--\n\n";
        assert_eq!(
            postgres_structure(dumped, "\"$user\", public"),
            format!("{kept}SET search_path TO \"$user\", public;\n\n")
        );
    }

    #[test]
    fn commands_of_psql_are_left_out_or_told() {
        assert_eq!(without_commands("a;\n\\restrict x\nb;\n").as_deref(), Ok("a;\n\nb;\n"));
        assert_eq!(without_commands("a;\n\\connect shop\n"), Err(2));
    }

    #[test]
    fn a_failure_shows_no_password() {
        let options = DumpOptions { flags: Vec::new(), schemas: DumpSchemas::All, ignored: Vec::new() };
        let failure = dump(&config(MYSQL), "s.sql", &options, Release(8, 1)).unwrap().failure();
        assert!(failure.starts_with("failed to execute:\nmysqldump --host=db "), "{failure}");
        assert!(!failure.contains("pw"), "{failure}");
    }

    #[test]
    fn older_releases_dump_the_tables_of_sqlite_too() {
        let options =
            DumpOptions { flags: Vec::new(), schemas: DumpSchemas::SearchPath, ignored: Vec::new() };
        let config = config(SQLITE);
        let program = dump(&config, "s.sql", &options, Release(7, 2)).unwrap();
        assert_eq!(program.arguments, ["db/a.sqlite3", ".schema"]);
        let text = "CREATE TABLE a (b);\nCREATE TABLE sqlite_sequence(name,seq);\nCREATE TABLE c (d);\n";
        assert_eq!(without_system_table(text), "CREATE TABLE a (b);\n\nCREATE TABLE c (d);\n");
    }
}
