//! `dunlin lint` over 1,000 files without a database: `cargo bench --bench lint`.
//!
//! Prints the median and the least time of whole processes for each dialect; asserts nothing. `DUNLIN_BENCH_SQUAWK` may name squawk's
//! program, which then lints the same PostgreSQL files in the same run.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: usize = 1_000;
const RUNS: usize = 7;

fn main() {
    println!("{FILES} files, {RUNS} runs per figure: median, (least)");
    for dialect in ["postgres", "mysql", "mariadb", "sqlite"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_files(folder.path(), dialect);
        let mut own = Command::new(env!("CARGO_BIN_EXE_dunlin"));
        own.current_dir(folder.path()).args(["lint", "--no-database", "--all", "--dialect", dialect]);
        // A program that refuses is quick as well.
        let said = own.output().expect("the program runs").stdout;
        let last =
            String::from_utf8_lossy(&said).trim_end().rsplit('\n').next().unwrap_or_default().to_owned();
        assert!(last.starts_with(&format!("{FILES} migrations checked")), "{last}");
        let figure = measured(&mut own);
        println!("{dialect}: dunlin {}", shown(figure));
        let Some(program) = std::env::var_os("DUNLIN_BENCH_SQUAWK").filter(|_| dialect == "postgres") else {
            continue;
        };
        let mut squawk = Command::new(program);
        squawk.current_dir(folder.path()).arg("migrations/*.sql");
        let other = measured(&mut squawk);
        println!(
            "{dialect}: squawk {}, {:.1} times as long",
            shown(other),
            other.1.as_secs_f64() / figure.1.as_secs_f64()
        );
    }
}

/// A believable history: tables, columns, indexes, keys, rows.
fn write_files(root: &Path, dialect: &str) {
    let folder = root.join("migrations");
    std::fs::create_dir_all(&folder).expect("a folder");
    for number in 0..FILES {
        let table = format!("orders_{}", number / 5);
        let up = match number % 5 {
            0 => format!(
                "CREATE TABLE {table} (\n    id bigint NOT NULL PRIMARY KEY,\n    customer_id bigint NOT NULL,\n    status varchar(20) NOT NULL \
                 DEFAULT 'new',\n    total decimal(10, 2),\n    created_at timestamp NOT NULL\n);\nINSERT INTO {table} (id, customer_id, \
                 created_at) VALUES (1, 1, '2024-01-01 00:00:00');"
            ),
            1 => format!("ALTER TABLE {table} ADD COLUMN note varchar(200);"),
            2 => format!("CREATE INDEX {table}_customer ON {table} (customer_id);"),
            3 => format!("UPDATE {table} SET status = 'old' WHERE created_at < '2020-01-01';"),
            _ => format!("ALTER TABLE {table} RENAME COLUMN note TO remark;"),
        };
        let text = format!("-- migrate:up\n{up}\n\n-- migrate:down\n-- Nothing to do in {dialect}.\n");
        std::fs::write(folder.join(format!("{:06}_change.sql", number + 1)), text).expect("a file");
    }
}

fn measured(command: &mut Command) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
            begun.elapsed()
        })
        .collect();
    times.sort();
    (times[RUNS / 2], times[0])
}

fn shown((median, least): (Duration, Duration)) -> String {
    format!("{} ms, ({} ms)", median.as_millis(), least.as_millis())
}
