//! What statements do to tables, as the server tells.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dunlin::ddl::PostgresLock;
use dunlin_compat::model::Dialect;

use crate::support::Database;

/// What statements did to the tables that were there.
#[derive(Debug, Default, Clone)]
pub struct Measured {
    /// The strongest lock on any of them.
    pub lock: Option<PostgresLock>,
    /// Whether one of them was written anew.
    pub rewrites: bool,
    /// Whether one of them was read through.
    pub scans: bool,
}

impl Measured {
    pub fn mode(&self) -> &'static str {
        self.lock.map_or("", PostgresLock::mode)
    }

    pub fn and(self, other: Measured) -> Measured {
        Measured {
            lock: self.lock.max(other.lock),
            rewrites: self.rewrites || other.rewrites,
            scans: self.scans || other.scans,
        }
    }
}

pub fn statements(text: &str) -> Vec<String> {
    let found = dunlin::sql::split(text, Dialect::Postgres).unwrap();
    found.into_iter().map(|statement| statement.text.trim().to_owned()).collect()
}

/// Whether the server runs it by itself only.
pub fn is_alone(statement: &str) -> bool {
    dunlin::sql::classify(statement, Dialect::Postgres, (15, 0, 0)).transaction.is_forbidden()
}

/// Tables, materialized views and partitioned tables with the files that they lie in.
const FILES: &str = "SELECT c.oid::regclass, coalesce(pg_relation_filenode(c.oid), 0) FROM pg_class c WHERE c.oid >= 16384 AND \
                     relkind IN ('r', 'm', 'p')";

fn files(database: &Database) -> BTreeMap<String, String> {
    database.query(FILES).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

/// Runs statements in one transaction; what is scanned is counted of the last alone.
pub fn together(database: &Database, statements: &[String]) -> Measured {
    let before = files(database);
    let (last, earlier) = statements.split_last().unwrap();
    let mut script = "BEGIN;\n".to_owned();
    for statement in earlier {
        script.push_str(&format!("{statement};\n"));
    }
    let scans = "COPY (SELECT 'scan', relid::regclass, seq_scan FROM pg_stat_xact_user_tables WHERE relid >= 16384) TO STDOUT;\n";
    script.push_str(&scans.replace("'scan'", "'before'"));
    script.push_str(&format!("\\o /dev/null\n{last};\n\\o\n"));
    script.push_str(scans);
    script.push_str(
        "COPY (SELECT 'lock', relation::regclass, mode FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid() AND \
         granted AND relation >= 16384) TO STDOUT;\n",
    );
    script.push_str(&format!("COPY ({}) TO STDOUT;\nCOMMIT;\n", FILES.replace("SELECT ", "SELECT 'file', ")));
    let printed = database.sql(&script);
    let rows: Vec<Vec<&str>> =
        printed.split('\n').filter(|line| !line.is_empty()).map(|line| line.split('\t').collect()).collect();
    let counts = |what: &str| -> BTreeMap<String, u64> {
        let rows = rows.iter().filter(|row| row[0] == what);
        rows.map(|row| (row[1].to_owned(), row[2].parse().unwrap())).collect()
    };
    let (counted_before, counted) = (counts("before"), counts("scan"));
    Measured {
        lock: rows
            .iter()
            .filter(|row| row[0] == "lock" && before.contains_key(row[1]))
            .filter_map(|row| PostgresLock::of_mode(row[2]))
            .max(),
        rewrites: rows
            .iter()
            .filter(|row| row[0] == "file")
            .any(|row| before.get(row[1]).is_some_and(|file| file != row[2])),
        scans: counted
            .iter()
            .filter(|(table, _)| before.contains_key(*table))
            .any(|(table, count)| counted_before.get(table).copied().unwrap_or(0) < *count),
    }
}

/// Runs a statement by itself, against a lock of somebody else's that it has to wait behind, so that the lock that it asks for can
/// be seen. What it takes after that, for a moment, is not.
pub fn alone(database: &Database, statement: &str) -> Measured {
    let before = files(database);
    let tables =
        database.query("SELECT oid::regclass FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p')");
    let tables: Vec<String> = tables.into_iter().map(|row| row[0].clone()).collect();
    let mut holder = psql(database, "holder");
    let names = tables.join(", ");
    tell(&mut holder, &format!("BEGIN; LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE;\n"));
    wait_until(
        database,
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'holder' AND datname = current_database() AND state = \
         'idle in transaction'",
    );
    let mut worker = psql(database, "worker");
    tell(&mut worker, &format!("{statement};\n"));
    drop(worker.stdin.take());
    let lock = waiting_lock(database, &mut worker, &names, statement);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert!(worker.wait().unwrap().success(), "{statement}");
    let after = files(database);
    Measured {
        lock,
        rewrites: before.iter().any(|(table, file)| after.get(table).is_some_and(|now| now != file)),
        scans: false,
    }
}

/// The strongest lock on a table that the worker holds or wants once it waits; `None` when it ends without having waited.
fn waiting_lock(
    database: &Database,
    worker: &mut Child,
    tables: &str,
    statement: &str,
) -> Option<PostgresLock> {
    let query = format!(
        "SELECT mode FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE application_name = 'worker' AND datname = \
         current_database() AND wait_event_type = 'Lock' AND locktype = 'relation' AND relation::regclass::text = ANY \
         (string_to_array('{tables}', ', '))"
    );
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let modes = database.query(&query);
        let strongest = modes.iter().filter_map(|row| PostgresLock::of_mode(&row[0])).max();
        if strongest.is_some() {
            return strongest;
        }
        if worker.try_wait().unwrap().is_some() {
            return None;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{statement} neither waits for a table nor ends");
}

fn wait_until(database: &Database, query: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while database.query(query) != [["t"]] {
        assert!(Instant::now() < end, "{query}");
        sleep(Duration::from_millis(10));
    }
}

fn psql(database: &Database, name: &str) -> Child {
    let mut command = database.program("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &database.url()]);
    command.env("PGAPPNAME", name).env("PGOPTIONS", "-c client_min_messages=warning");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn tell(session: &mut Child, script: &str) {
    let input = session.stdin.as_mut().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    input.flush().unwrap();
}
