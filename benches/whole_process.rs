//! Whole-process timings against other tools, in one run: `cargo bench`.
//!
//! Prints medians and ratios; asserts nothing, since timings do not belong in tests. Servers come from `DUNLIN_TEST_POSTGRES` and
//! `DUNLIN_TEST_MARIADB` (`tests/run --keep` prints them), SQLite is always there. Peers take part when they are found:
//! Flyway at `DUNLIN_TEST_FLYWAY`, `dbmate` and `sqlx` on the PATH. `DUNLIN_BENCH_RUNS` sets the runs per figure (5).

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

mod support;

use std::path::Path;

use support::measure::{Figure, median_of};
use support::peer::{Peer, Work};
use support::project::Projects;
use support::proxy::RoundTrips;
use support::server::Server;

fn main() {
    let runs = std::env::var("DUNLIN_BENCH_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let peers = Peer::all();
    let names: Vec<&str> = peers.iter().map(Peer::name).collect();
    println!("peers: {}; {runs} runs per figure, medians", names.join(", "));
    println!("binary: {:.1} MB", binary_megabytes());
    for server in Server::all() {
        println!("\n== {} ==", server.name());
        nothing_to_do(&server, &peers, runs);
        from_empty(&server, &peers, runs);
        if server.counts_round_trips() {
            round_trips(&server, &peers);
        }
    }
}

/// `up` and `status` when everything is applied.
fn nothing_to_do(server: &Server, peers: &[Peer], runs: usize) {
    for files in [10, 500, 5_000] {
        let projects = Projects::with_tables(files);
        let mut table = Vec::new();
        for peer in peers.iter().filter(|peer| peer.speaks(server)) {
            // Making 5,000 tables with a JVM or over DDL commits takes minutes and says nothing about doing nothing.
            if files > 500 && !peer.is_ours() && !server.is_sqlite() {
                continue;
            }
            let database = server.fresh_database();
            if let Err(error) = peer.run(Work::Up, &projects, &database) {
                println!("  {}: {error}", peer.name());
                continue;
            }
            for work in [Work::Up, Work::Status] {
                match median_of(runs, || peer.run(work, &projects, &database)) {
                    Ok(figure) => table.push((format!("{} {}", peer.name(), work.name()), figure)),
                    Err(error) => println!("  {} {}: {error}", peer.name(), work.name()),
                }
            }
            if peer.is_native()
                && let Ok(figure) =
                    median_of(runs, || server.connect_and_read(&database, "dunlin_migrations"))
            {
                table.push(("(connect and read history, process start included)".to_owned(), figure));
            }
        }
        print_table(&format!("nothing to do, {files} files"), &table);
    }
}

/// 500 one-table migrations on an empty database.
fn from_empty(server: &Server, peers: &[Peer], runs: usize) {
    let projects = Projects::with_tables(500);
    let mut table = Vec::new();
    for peer in peers.iter().filter(|peer| peer.speaks(server)) {
        let result = median_of(runs.min(3), || peer.run(Work::Up, &projects, &server.fresh_database()));
        match result {
            Ok(figure) => table.push((peer.name().to_owned(), figure)),
            Err(error) => println!("  {}: {error}", peer.name()),
        }
    }
    print_table("500 migrations from empty", &table);
}

/// Messages to the server, counted by a proxy, per migration.
fn round_trips(server: &Server, peers: &[Peer]) {
    println!("  round trips per migration (from the difference between 20 and 10 migrations)");
    for peer in peers.iter().filter(|peer| peer.speaks(server)) {
        let counted: Result<Vec<usize>, String> = [10, 20]
            .into_iter()
            .map(|files| {
                let proxy = RoundTrips::to(server)?;
                let database = proxy.through(&server.fresh_database());
                peer.run(Work::Up, &Projects::with_tables(files), &database)?;
                Ok(proxy.count())
            })
            .collect();
        match counted.as_deref() {
            Ok([few, many]) => println!("    {:<24} {:.1}", peer.name(), (*many as f64 - *few as f64) / 10.0),
            Ok(_) => {}
            Err(error) => println!("    {:<24} {error}", peer.name()),
        }
    }
}

fn print_table(title: &str, rows: &[(String, Figure)]) {
    println!("  {title}");
    let Some((_, first)) = rows.first() else { return };
    for (name, figure) in rows {
        println!(
            "    {name:<52} {:>9.1} ms  x{:<8.2} {:>7.1} MB",
            figure.milliseconds,
            figure.milliseconds / first.milliseconds,
            figure.peak_megabytes
        );
    }
}

fn binary_megabytes() -> f64 {
    let bytes =
        std::fs::metadata(Path::new(env!("CARGO_BIN_EXE_dunlin"))).map_or(0, |metadata| metadata.len());
    bytes as f64 / 1e6
}
