//! How long the work of a finding takes, and who waits for it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{Database, Output, Project, ServerKind, databases};

/// A shop that is to get an index whose building keeps writers out.
fn shop(kind: ServerKind) -> Project {
    let index = match kind {
        ServerKind::MySql | ServerKind::MariaDb => "CREATE FULLTEXT INDEX orders_note ON orders (note);",
        _ => "CREATE INDEX orders_note ON orders (note);",
    };
    super::shop(&format!("-- migrate:up\n{index}\n\n-- migrate:down\n-- Nothing.\n"))
}

/// Some 40,000 rows of more than a megabyte, with statistics of them.
fn filled(project: &Project, database: &Database) {
    project.dunlin(&["up", "--steps", "1", "--url", &database.url()]).success();
    database.sql(
        "INSERT INTO orders (id, status, note) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT \
         a.i * 1000 + b.i, 'new', 'to be delivered to the back door, where the dog is; ring twice' FROM n a CROSS JOIN n b",
    );
    match database.kind() {
        ServerKind::Postgres => {
            database.sql("ANALYZE orders");
        }
        ServerKind::Sqlite => {}
        _ => {
            database.sql("ANALYZE TABLE orders");
        }
    }
}

/// What is found of the statement that builds the index; what runs took is remembered in a folder of the project.
fn finding(project: &Project, database: &Database) -> Value {
    let document = remembering(project, &["lint", "--format", "json", "--url", &database.url()]).json();
    let findings = document["findings"].as_array().unwrap();
    let rules = ["index-without-concurrently", "writes-blocked", "index-holds-writers"];
    let found = findings.iter().find(|finding| rules.iter().any(|rule| finding["rule"] == *rule));
    found.unwrap_or_else(|| panic!("{document:#}")).clone()
}

fn remembering(project: &Project, arguments: &[&str]) -> Output {
    let cache = project.path().join("cache");
    project.dunlin_with(arguments, |command| {
        command.env("XDG_CACHE_HOME", cache);
    })
}

#[test]
fn the_time_is_told_with_what_it_rests_on() {
    for database in databases() {
        let project = shop(database.kind());
        filled(&project, &database);
        let found = finding(&project, &database);
        let time = &found["time"];
        assert!(time["milliseconds"].as_u64().is_some_and(|time| (1..60_000).contains(&time)), "{found:#}");
        assert_eq!(time["measured"], true, "{found:#}");
        assert_eq!(time["learnt"], false, "{found:#}");
        let url = database.url();
        let people = project.dunlin(&["lint", "--url", &url]).stdout.clone();
        // How long is the machine's business.
        let told = people.split_once("time: ").map(|(_, told)| told);
        let told = told.and_then(|told| told.split_once(", reading at ")).map(|(time, _)| time);
        assert!(told.is_some_and(|time| time.contains("second") || time.ends_with(" s")), "{people}");
        assert!(people.contains("/s measured here"), "{people}");
        let sarif = project.dunlin(&["lint", "--reporter", "sarif", "--url", &url]).json();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let timed = results.iter().find(|result| result["properties"]["time"]["measured"] == true);
        assert!(timed.is_some(), "{sarif:#}");
    }
}

#[test]
fn what_earlier_runs_took_corrects_the_time() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = shop(ServerKind::Postgres);
    filled(&project, &database);
    let first = finding(&project, &database);
    // As if building an index had taken far longer here than was estimated.
    remembering(&project, &["estimate", "--url", &database.url()]).success();
    let folder = project.path().join("cache/dunlin/estimates");
    let records: Vec<_> = std::fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    std::fs::write(record.path(), r#"{"pending":{},"factors":{"index":50.0}}"#).unwrap();
    let second = finding(&project, &database);
    assert_eq!(second["time"]["learnt"], true, "{second:#}");
    let milliseconds = |found: &Value| found["time"]["milliseconds"].as_u64().unwrap();
    assert!(milliseconds(&second) > 5 * milliseconds(&first), "{first:#} {second:#}");
}

#[test]
fn who_writes_meanwhile_decides_how_bad_a_lock_is() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = shop(ServerKind::Postgres);
    filled(&project, &database);
    database.sql("SELECT pg_stat_reset()");
    let quiet = finding(&project, &database);
    assert_eq!(quiet["severity"], "warning", "{quiet:#}");
    assert!(quiet["message"].as_str().unwrap().ends_with("; hardly anybody writes to it"), "{quiet:#}");

    // Customers, each of whom changes an order and is gone.
    database.sql("SELECT pg_stat_reset()");
    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        let script: String = (0..200)
            .map(|number| format!("UPDATE orders SET status = 'paid' WHERE id = {};\n", 1001 + number))
            .collect();
        database.sql(&script);
        written += 200;
    }
    let rate = f64::from(written) / begun.elapsed().as_secs_f64();
    assert!(rate > 200.0, "{rate}: the server is too slow to be loaded");
    let busy = finding(&project, &database);
    assert_eq!(busy["severity"], "error", "{rate} {busy:#}");
    let message = busy["message"].as_str().unwrap();
    let count = message.rsplit("; about ").next().unwrap().split(' ').next().unwrap().replace(',', "");
    assert!(message.ends_with(" would wait"), "{message}");
    let expected = rate * busy["time"]["milliseconds"].as_f64().unwrap() / 1000.0;
    let count: f64 = count.parse().unwrap();
    assert!((expected / 3.0..expected * 2.0).contains(&count), "{message}: {expected}");
}

#[test]
fn mysql_tells_who_writes_where_its_performance_schema_does() {
    let Some(database) = Database::create(ServerKind::MySql) else { return };
    let project = shop(ServerKind::MySql);
    filled(&project, &database);
    for _ in 0..10 {
        database.sql("UPDATE orders SET status = CONCAT('p', LENGTH(status))");
    }
    let rate = |found: &Value| found["message"].as_str().unwrap().to_owned();
    let written = rate(&finding(&project, &database));
    assert!(written.ends_with("would wait"), "{written}");
    database.sql("TRUNCATE TABLE performance_schema.table_io_waits_summary_by_table");
    let quiet = rate(&finding(&project, &database));
    assert!(quiet.ends_with("; hardly anybody writes to it"), "{quiet}");
}
