//! Backfills against other ways to change the rows of a table in chunks: `cargo bench --bench backfill`.
//!
//! Five columns are read and two written, from the same two where it is pure SQL. Prints rows per second, CPU time and the
//! peak of memory of the client process, and ratios to pure SQL batches in the same run; asserts nothing.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DUNLIN_BENCH_ROWS` | rows of the table | 100000 |
//! | `DUNLIN_BENCH_CHUNK` | rows in a chunk of the scripts and of pure SQL | 10000 |
//! | `DUNLIN_BENCH_RUNS` | runs per figure, of which the median counts | 3 |
//! | `DUNLIN_BENCH_PYTHON` | a Python with SQLAlchemy, psycopg2 and PyMySQL | none: left out |
//! | `DUNLIN_BENCH_RUBY` | a Ruby with activerecord, pg and mysql2 | none: left out |
//! | `DUNLIN_BENCH_NODE` | a folder with `node_modules` of knex, pg and mysql2 | none: left out |
//!
//! Servers come from `DUNLIN_TEST_POSTGRES`, `DUNLIN_TEST_MARIADB` and `DUNLIN_TEST_MYSQL`; SQLite is always there. The clients of
//! the servers have to be on the PATH.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

fn main() {
    let setup = Setup::from_environment();
    println!(
        "{} rows, chunks of {}, medians of {} runs; client process only: CPU and memory",
        setup.rows, setup.chunk, setup.runs
    );
    for server in Server::all() {
        println!("\n== {} ==", server.name);
        let mut base = None;
        for contender in Contender::all(&setup) {
            match contender.median(&setup, &server) {
                Ok(figure) => {
                    let rate = setup.rows as f64 / figure.seconds;
                    let base = *base.get_or_insert(rate);
                    println!(
                        "{:28} {:>9.0} rows/s  {:>5.2} of pure SQL  {:>6.2} s CPU  {:>6.1} MB",
                        contender.name,
                        rate,
                        rate / base,
                        figure.cpu_seconds,
                        figure.peak_megabytes
                    );
                }
                Err(error) => println!("{:28} {error}", contender.name),
            }
        }
    }
}

struct Setup {
    rows: u64,
    chunk: u64,
    runs: usize,
    folder: tempfile::TempDir,
}

impl Setup {
    fn from_environment() -> Setup {
        let number = |name: &str, usual: u64| {
            std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
        };
        Setup {
            rows: number("DUNLIN_BENCH_ROWS", 100_000),
            chunk: number("DUNLIN_BENCH_CHUNK", 10_000),
            runs: number("DUNLIN_BENCH_RUNS", 3) as usize,
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What one run cost.
#[derive(Debug, Clone, Copy)]
struct Figure {
    seconds: f64,
    cpu_seconds: f64,
    peak_megabytes: f64,
}

/// A server with a database of the benchmark's own.
struct Server {
    name: &'static str,
    /// As `DATABASE_URL`.
    url: String,
    kind: Kind,
    _folder: Option<tempfile::TempDir>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mysql,
    Sqlite,
}

impl Server {
    fn all() -> Vec<Server> {
        let mut all = Vec::new();
        for (name, variable, kind) in [
            ("PostgreSQL", "DUNLIN_TEST_POSTGRES", Kind::Postgres),
            ("MariaDB", "DUNLIN_TEST_MARIADB", Kind::Mysql),
            ("MySQL", "DUNLIN_TEST_MYSQL", Kind::Mysql),
        ] {
            let Ok(administrator) = std::env::var(variable) else { continue };
            let mut url = url::Url::parse(&administrator).expect("a URL");
            url.set_path("dunlin_bench_backfill");
            let server = Server { name, url: url.to_string(), kind, _folder: None };
            let create =
                "DROP DATABASE IF EXISTS dunlin_bench_backfill; CREATE DATABASE dunlin_bench_backfill;";
            match kind {
                // Each of its own: PostgreSQL creates databases outside of transactions.
                Kind::Postgres => {
                    create.split_inclusive(';').for_each(|sql| client(&administrator, kind, sql))
                }
                _ => client(&administrator, kind, create),
            }
            all.push(server);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("bench.db").display());
        all.push(Server { name: "SQLite", url, kind: Kind::Sqlite, _folder: Some(folder) });
        all
    }

    /// The table as it is before any backfill: new pages, new statistics.
    fn reset(&self, rows: u64) {
        let filler = "repeat('x', 40)";
        let series = match self.kind {
            Kind::Postgres => format!(
                "SELECT n, 'Customer ' || n, n % 997, {filler} FROM generate_series(1, {rows}) AS s (n)"
            ),
            Kind::Mysql => format!(
                "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) \
                 SELECT n, CONCAT('Customer ', n), n % 997, {filler} FROM s"
            ),
            Kind::Sqlite => format!(
                "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) \
                 SELECT n, 'Customer ' || n, n % 997, printf('%.40c', 'x') FROM s"
            ),
        };
        let before = match (self.kind, self.name) {
            (Kind::Mysql, "MariaDB") => format!("SET SESSION max_recursive_iterations = {};", rows + 1),
            (Kind::Mysql, _) => format!("SET SESSION cte_max_recursion_depth = {};", rows + 1),
            _ => String::new(),
        };
        let after = match self.kind {
            Kind::Postgres => "VACUUM ANALYZE orders;",
            Kind::Mysql => "ANALYZE TABLE orders;",
            Kind::Sqlite => "ANALYZE;",
        };
        client(&self.url, self.kind, "DROP TABLE IF EXISTS orders;");
        client(&self.url, self.kind, "DROP TABLE IF EXISTS dunlin_backfills;");
        client(
            &self.url,
            self.kind,
            &format!(
                "{before} CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, customer varchar(80) NOT NULL, amount integer NOT NULL, \
                 note varchar(80) NOT NULL, status varchar(20), search varchar(120)); \
                 INSERT INTO orders (id, customer, amount, note) {series};"
            ),
        );
        client(&self.url, self.kind, after);
    }

    fn check(&self) {
        let left =
            query(&self.url, self.kind, "SELECT count(*) FROM orders WHERE status IS NULL OR search IS NULL");
        assert_eq!(left.trim(), "0", "rows were left");
    }
}

/// What is done with a row, as an SQL assignment.
fn assignment(kind: Kind) -> &'static str {
    match kind {
        Kind::Mysql => {
            "status = CASE WHEN amount > 500 THEN 'large' ELSE 'small' END, search = CONCAT(LOWER(customer), ' ', LOWER(note))"
        }
        _ => {
            "status = CASE WHEN amount > 500 THEN 'large' ELSE 'small' END, search = lower(customer) || ' ' || lower(note)"
        }
    }
}

type MakeCommand = dyn Fn(&Setup, &Server) -> Option<Command>;

/// A way to do it.
struct Contender {
    name: String,
    command: Box<MakeCommand>,
}

impl Contender {
    fn all(setup: &Setup) -> Vec<Contender> {
        let mut all = vec![Contender { name: "pure SQL in batches".to_owned(), command: Box::new(pure_sql) }];
        for workers in [1, 4] {
            all.push(Contender {
                name: format!("dunlin, {workers} worker{}", if workers == 1 { "" } else { "s" }),
                command: Box::new(move |_, server| Some(dunlin(server, workers))),
            });
        }
        all.push(Contender { name: "dunlin, a plugin".to_owned(), command: Box::new(plugin) });
        let scripts: [(&str, &str, Option<Vec<String>>, &'static str); 3] = [
            ("SQLAlchemy", "backfill.py", program("DUNLIN_BENCH_PYTHON"), SQLALCHEMY),
            ("ActiveRecord in_batches", "backfill.rb", program("DUNLIN_BENCH_RUBY"), ACTIVE_RECORD),
            (
                "Knex",
                "backfill.js",
                std::env::var("DUNLIN_BENCH_NODE").ok().map(|_| vec!["node".into()]),
                KNEX,
            ),
        ];
        for (name, file, program, text) in scripts {
            let Some(program) = program else {
                println!("{name}: not here");
                continue;
            };
            let path = setup.path(file);
            std::fs::write(&path, text).expect("a script");
            all.push(Contender {
                name: name.to_owned(),
                command: Box::new(move |setup, server| script(&program, &path, setup, server)),
            });
        }
        all
    }

    fn median(&self, setup: &Setup, server: &Server) -> Result<Figure, String> {
        let mut figures = Vec::new();
        for _ in 0..setup.runs.max(1) {
            server.reset(setup.rows);
            let Some(command) = (self.command)(setup, server) else {
                return Err("not on this server".to_owned());
            };
            figures.push(measured(command)?);
            server.check();
        }
        figures.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
        figures.get(figures.len() / 2).copied().ok_or_else(|| "no run".to_owned())
    }
}

fn program(variable: &str) -> Option<Vec<String>> {
    std::env::var(variable).ok().map(|path| vec![path])
}

/// The server's own client with one statement after the other, each a transaction: nobody is faster.
fn pure_sql(setup: &Setup, server: &Server) -> Option<Command> {
    let path = setup.path("batches.sql");
    let mut text = String::new();
    let mut from = 1;
    while from <= setup.rows {
        let to = from + setup.chunk - 1;
        text.push_str(&format!(
            "UPDATE orders SET {} WHERE id BETWEEN {from} AND {to};\n",
            assignment(server.kind)
        ));
        from = to + 1;
    }
    std::fs::write(&path, text).expect("a script");
    Some(reading(&server.url, server.kind, &path))
}

fn dunlin(server: &Server, workers: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dunlin"));
    command.args([
        "--url",
        &server.url,
        "backfill",
        "run",
        "bench",
        "--table",
        "orders",
        "--workers",
        &workers.to_string(),
    ]);
    command
        .arg("--sql")
        .arg(format!("UPDATE orders SET {} WHERE id BETWEEN :from AND :to", assignment(server.kind)));
    command
}

/// The plugin of the demo reads the customer's name and writes both columns. What it computes is not what the others do, but
/// as little; its share of the time is the CPU time beside the one without it.
fn plugin(setup: &Setup, server: &Server) -> Option<Command> {
    let options =
        "[plugin.split-name.options]\nfull = \"customer\"\ngiven = \"status\"\nfamily = \"search\"\n";
    std::fs::write(setup.path("dunlin.toml"), options).expect("the settings");
    std::fs::create_dir_all(setup.path("plugins")).expect("a folder");
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/split-name.wasm");
    std::fs::copy(compiled, setup.path("plugins/split-name.wasm")).expect("the plugin");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dunlin"));
    command.arg("-C").arg(setup.folder.path()).args(["--url", &server.url]);
    command.args(["backfill", "run", "bench", "--table", "orders", "--plugin", "split-name"]);
    Some(command)
}

fn script(program: &[String], path: &Path, setup: &Setup, server: &Server) -> Option<Command> {
    let (first, rest) = program.split_first()?;
    let mut command = Command::new(first);
    command.args(rest).arg(path).arg(setup.chunk.to_string()).env("DATABASE_URL", &server.url);
    if let Ok(folder) = std::env::var("DUNLIN_BENCH_NODE") {
        command.env("NODE_PATH", Path::new(&folder).join("node_modules"));
    }
    Some(command)
}

/// The loop that applications write: read a chunk as objects, compute, save.
const SQLALCHEMY: &str = r#"
import os, sys
from sqlalchemy import BigInteger, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

url = os.environ["DATABASE_URL"]
url = url.replace("postgres://", "postgresql+psycopg2://").replace("mysql://", "mysql+pymysql://")
if url.startswith("sqlite:"):
    url = "sqlite:///" + url[len("sqlite:"):]

class Base(DeclarativeBase):
    pass

class Order(Base):
    __tablename__ = "orders"
    id = mapped_column(BigInteger, primary_key=True)
    customer = mapped_column(String(80))
    amount = mapped_column(Integer)
    note = mapped_column(String(80))
    status = mapped_column(String(20))
    search = mapped_column(String(120))

size, last = int(sys.argv[1]), 0
with Session(create_engine(url)) as session:
    while True:
        orders = session.scalars(select(Order).where(Order.id > last).order_by(Order.id).limit(size)).all()
        if not orders:
            break
        for order in orders:
            order.status = "large" if order.amount > 500 else "small"
            order.search = f"{order.customer.lower()} {order.note.lower()}"
        last = orders[-1].id
        session.commit()
        session.expunge_all()
"#;

const ACTIVE_RECORD: &str = r##"
require "active_record"
url = ENV["DATABASE_URL"].sub(/\Amysql:/, "mysql2:").sub(/\Asqlite:/, "sqlite3:")
ActiveRecord::Base.establish_connection(url)
class Order < ActiveRecord::Base; end
Order.in_batches(of: ARGV[0].to_i) do |batch|
  Order.transaction do
    batch.each do |order|
      order.update!(status: order.amount > 500 ? "large" : "small", search: "#{order.customer.downcase} #{order.note.downcase}")
    end
  end
end
"##;

const KNEX: &str = r#"
const url = process.env.DATABASE_URL;
const client = url.startsWith("postgres") ? "pg" : url.startsWith("mysql") ? "mysql2" : "better-sqlite3";
const connection = url.startsWith("sqlite:") ? { filename: url.slice("sqlite:".length) } : url;
const knex = require("knex")({ client, connection, useNullAsDefault: true });
(async () => {
  const size = Number(process.argv[2]);
  for (let last = 0; ; ) {
    const orders = await knex("orders").where("id", ">", last).orderBy("id").limit(size);
    if (orders.length === 0) break;
    await knex.transaction(async (transaction) => {
      for (const order of orders) {
        await transaction("orders").where({ id: order.id }).update({
          status: order.amount > 500 ? "large" : "small",
          search: `${order.customer.toLowerCase()} ${order.note.toLowerCase()}`,
        });
      }
    });
    last = orders[orders.length - 1].id;
  }
  await knex.destroy();
})();
"#;

/// Runs a command to its end; GNU time, where it is installed, tells CPU time and the peak of memory.
fn measured(command: Command) -> Result<Figure, String> {
    let with_time = Path::new("/usr/bin/time").exists();
    let mut timed = if with_time {
        let mut timed = Command::new("/usr/bin/time");
        timed.args(["-f", "cost=%U %S %M"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            timed.env(name, value.unwrap_or_default());
        }
        timed
    } else {
        command
    };
    timed.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let output = timed.output().map_err(|error| error.to_string())?;
    let seconds = started.elapsed().as_secs_f64();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let shown: String = stderr.chars().take(400).collect();
        return Err(format!("failed: {shown}"));
    }
    let cost = stderr.rsplit("cost=").next().unwrap_or_default();
    let mut numbers = cost.split_whitespace().map(|text| text.parse::<f64>().unwrap_or(0.0));
    let mut next = || numbers.next().unwrap_or(0.0);
    let (user, system, kilobytes) = if with_time { (next(), next(), next()) } else { (0.0, 0.0, 0.0) };
    Ok(Figure { seconds, cpu_seconds: user + system, peak_megabytes: kilobytes / 1024.0 })
}

/// The server's client, which reads statements from a file.
fn reading(url: &str, kind: Kind, path: &Path) -> Command {
    let mut command = Command::new("sh");
    let parsed = url::Url::parse(url).expect("a URL");
    let program = match kind {
        Kind::Postgres => format!("psql -X -q -v ON_ERROR_STOP=1 -d '{url}'"),
        Kind::Mysql => format!(
            "mariadb --no-defaults --protocol=tcp --host={} --port={} --user={} --password={} {}",
            parsed.host_str().unwrap_or("127.0.0.1"),
            parsed.port().unwrap_or(3306),
            parsed.username(),
            parsed.password().unwrap_or_default(),
            parsed.path().trim_start_matches('/')
        ),
        Kind::Sqlite => format!("sqlite3 -batch -bail '{}'", url.trim_start_matches("sqlite:")),
    };
    command.arg("-c").arg(format!("exec {program} < '{}'", path.display()));
    command
}

fn client(url: &str, kind: Kind, sql: &str) {
    query(url, kind, sql);
}

fn query(url: &str, kind: Kind, sql: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("statement.sql");
    std::fs::write(&path, sql).expect("a script");
    let output = reading(url, kind, &path).output().expect("the server's client");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The value is the last line that is no footer.
    text.lines_of_values()
}

trait Values {
    fn lines_of_values(&self) -> String;
}

impl Values for String {
    fn lines_of_values(&self) -> String {
        let number =
            |line: &&str| !line.trim().is_empty() && line.trim().bytes().all(|byte| byte.is_ascii_digit());
        self.split('\n').rfind(number).unwrap_or_default().trim().to_owned()
    }
}
