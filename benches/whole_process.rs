//! Whole-process timings against other tools, in one run: `cargo bench`.
//!
//! Prints medians, minima and ratios; asserts nothing, since timings do not belong in tests. Servers come from `DUNLIN_TEST_POSTGRES` and
//! `DUNLIN_TEST_MARIADB` (`tests/run --keep` prints them), SQLite is always there. Peers take part when they are found:
//! Flyway at `DUNLIN_TEST_FLYWAY`, `dbmate` and `sqlx` on the PATH. `DUNLIN_BENCH_RUNS` sets the runs per figure (7; a peer that
//! takes long gets fewer), `DUNLIN_BENCH_SERVERS` the servers (`sqlite postgres mariadb`).

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to say")]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod support;

use std::path::Path;

use support::measure::{Figure, median_of};
use support::peer::{Peer, Work};
use support::project::Projects;
use support::server::Server;

#[path = "../tests/support/round_trips.rs"]
mod round_trips;
use round_trips::RoundTrips;

/// A line of a table.
struct Line {
    peer: Option<Peer>,
    work: Work,
    files: usize,
    figure: Figure,
}

fn main() {
    let runs = std::env::var("DUNLIN_BENCH_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let peers = Peer::all();
    let names: Vec<&str> = peers.iter().map(Peer::name).collect();
    println!(
        "peers: {}; up to {runs} runs per figure: median, (least), ratio of the least",
        names.join(", ")
    );
    println!("binary: {:.1} MB", binary_megabytes());
    for server in Server::all() {
        println!("\n== {} ==", server.name());
        let mut lines = nothing_to_do(&server, &peers, runs);
        lines.extend(from_empty(&server, &peers, runs));
        if server.port().is_some() {
            round_trips(&server, &peers);
        }
        summary(&lines);
        server.tidy();
    }
}

/// `up` and `status` when everything is applied.
fn nothing_to_do(server: &Server, peers: &[Peer], runs: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for files in [10, 500, 5_000] {
        let projects = Projects::with_rows(files);
        let from = lines.len();
        for peer in peers {
            // To apply 5,000 migrations takes a JVM most of a minute, and says nothing about doing nothing.
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
                    Ok(figure) => lines.push(Line { peer: Some(peer.clone()), work, files, figure }),
                    Err(error) => println!("  {} {}: {error}", peer.name(), work.name()),
                }
            }
            if *peer == Peer::Dunlin
                && let Ok(figure) =
                    median_of(runs, || server.connect_and_read(&database, "dunlin_migrations"))
            {
                lines.push(Line { peer: None, work: Work::Status, files, figure });
            }
        }
        print_table(&format!("nothing to do, {files} files"), lines.get(from..).unwrap_or_default());
    }
    lines
}

/// 500 one-table migrations on an empty database.
fn from_empty(server: &Server, peers: &[Peer], runs: usize) -> Vec<Line> {
    let projects = Projects::with_tables(500);
    let mut lines = Vec::new();
    for peer in peers {
        match median_of(runs.min(3), || peer.run(Work::Up, &projects, &server.fresh_database())) {
            Ok(figure) => {
                lines.push(Line { peer: Some(peer.clone()), work: Work::FromEmpty, files: 500, figure });
            }
            Err(error) => println!("  {}: {error}", peer.name()),
        }
    }
    print_table("500 migrations from empty, a table each", &lines);
    lines
}

/// Messages to the server, counted by a proxy: per migration, and in a run that finds nothing to do.
fn round_trips(server: &Server, peers: &[Peer]) {
    println!("  round trips            per migration   with nothing to do (connections)");
    for peer in peers {
        let count = |files: usize| -> Result<(usize, usize, usize), String> {
            let (projects, database) = (Projects::with_tables(files), server.fresh_database());
            let proxied = |proxy: &RoundTrips| database.through(server.port(), proxy.port());
            let (first, second) = (server.proxy()?, server.proxy()?);
            peer.run(Work::Up, &projects, &proxied(&first))?;
            peer.run(Work::Up, &projects, &proxied(&second))?;
            Ok((first.count(), second.count(), second.connections()))
        };
        match (count(10), count(20)) {
            (Ok((few, ..)), Ok((many, nothing, connections))) => {
                let each = (many as f64 - few as f64) / 10.0;
                println!("    {:<20} {each:>13.1} {nothing:>20} ({connections})", peer.name());
            }
            (Err(error), _) | (_, Err(error)) => println!("    {:<20} {error}", peer.name()),
        }
    }
}

/// What the tables come to, as the goals are put; by the least of the runs.
fn summary(lines: &[Line]) {
    println!("  in short");
    let of = |peer: Option<&Peer>, work: Work, files: usize| {
        lines
            .iter()
            .find(|line| line.peer.as_ref() == peer && line.work == work && line.files == files)
            .map(|line| line.figure.least)
    };
    let floor = of(None, Work::Status, 500);
    for (peer, work, name) in [
        (Peer::Dunlin, Work::Up, "dunlin up"),
        (Peer::Dunlin, Work::Status, "dunlin status"),
        (Peer::DunlinFlyway, Work::Up, "dunlin flyway migrate"),
        (Peer::DunlinFlyway, Work::Status, "dunlin flyway info"),
    ] {
        let (few, many) = (of(Some(&peer), work, 500), of(Some(&peer), work, 5_000));
        if let (Some(time), Some(floor)) = (few, floor) {
            println!("    {name}, 500 files: {:+.1} ms beside connecting and reading", time - floor);
        }
        if let (Some(few), Some(many), Some(fewest)) = (few, many, of(Some(&peer), work, 10)) {
            let (low, high) = ((few - fewest) / 490.0 * 1e3, (many - few) / 4_500.0 * 1e3);
            println!(
                "    {name}: a file more takes {low:.1} µs up to 500 files, {high:.1} µs from there to 5,000"
            );
        }
    }
    let flyway =
        lines.iter().find_map(|line| line.peer.clone().filter(|peer| matches!(peer, Peer::Flyway(_))));
    for (work, name) in
        [(Work::Up, "migrate"), (Work::Status, "info"), (Work::FromEmpty, "migrate from empty")]
    {
        let original = of(flyway.as_ref(), work, 500);
        if let (Some(original), Some(ours)) = (original, of(Some(&Peer::DunlinFlyway), work, 500)) {
            println!("    dunlin flyway {name}, 500 files: {:.1} times faster than Flyway", original / ours);
        }
    }
}

fn print_table(title: &str, lines: &[Line]) {
    println!("  {title}");
    let Some(first) = lines.first() else { return };
    for line in lines {
        let name = match &line.peer {
            Some(peer) => format!("{} {}", peer.name(), line.work.name()),
            None => "(start a process, connect, read the history)".to_owned(),
        };
        let memory = line.figure.peak_megabytes.map_or_else(|| "?".to_owned(), |peak| format!("{peak:.1}"));
        println!(
            "    {name:<46} {:>9.1} ms {:>11}  x{:<8.2} {memory:>7} MB",
            line.figure.milliseconds,
            format!("({:.1})", line.figure.least),
            line.figure.least / first.figure.least
        );
    }
}

fn binary_megabytes() -> f64 {
    let bytes =
        std::fs::metadata(Path::new(env!("CARGO_BIN_EXE_dunlin"))).map_or(0, |metadata| metadata.len());
    bytes as f64 / 1e6
}
