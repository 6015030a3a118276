//! What is timed of tools whose migrations are code, and how it is shown.

use std::path::PathBuf;

use super::measure::Figure;
use super::server::Server;

/// Nothing to do, one migration pending, all of them on an empty database.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Nothing to do.
    pub nothing: Figure,
    /// One pending.
    pub one: Figure,
    /// From empty.
    pub all: Figure,
}

/// Which of the figures.
type Pick = fn(&Figures) -> Figure;

const WORK: [(&str, Pick); 3] = [
    ("nothing to do", |figures| figures.nothing),
    ("one migration pending", |figures| figures.one),
    ("from empty", |figures| figures.all),
];

/// Measures contenders on every server and prints them; the first is what the others are compared with.
pub fn compare<C>(
    contenders: &[C],
    name: impl Fn(&C) -> &'static str,
    measured: impl Fn(&C, &Server) -> Result<Figures, String>,
) {
    for server in Server::all() {
        println!("\n== {} ==", server.name());
        let figures: Vec<Option<Figures>> = contenders
            .iter()
            .map(|contender| {
                let figures = measured(contender, &server);
                figures.inspect_err(|error| println!("  {}: {error}", name(contender))).ok()
            })
            .collect();
        for (title, figure) in WORK {
            println!("  {title}");
            let of = |figures: &Option<Figures>| figures.as_ref().map(figure);
            let original = figures.first().and_then(of);
            let against = contenders.first().map_or("", &name);
            for (contender, figures) in contenders.iter().zip(&figures) {
                if let Some(figure) = of(figures) {
                    print_line(name(contender), figure, original, against);
                }
            }
        }
        server.tidy();
    }
}

fn print_line(name: &str, figure: Figure, original: Option<Figure>, against: &str) {
    let memory = figure.peak_megabytes.map_or_else(|| "?".to_owned(), |peak| format!("{peak:.1}"));
    let ratio = original.map_or_else(String::new, |original| {
        format!("{:.1} times as fast as {against}", original.least / figure.least)
    });
    println!(
        "    {name:<18} {:>9.1} ms {:>11} {memory:>7} MB  {ratio}",
        figure.milliseconds,
        format!("({:.1})", figure.least)
    );
}

/// A variable that is set.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs per figure.
pub fn runs() -> usize {
    setting("DUNLIN_BENCH_RUNS").and_then(|text| text.parse().ok()).unwrap_or(7)
}

/// The packs, and what was compiled of them, as the tests keep it.
pub fn packs() -> Vec<(String, String)> {
    let Some(packs) = setting("DUNLIN_TEST_PACKS") else { return Vec::new() };
    let inside = |name: &str| PathBuf::from(&packs).join(name).display().to_string();
    vec![
        ("XDG_CACHE_HOME".to_owned(), inside(".cache")),
        ("XDG_STATE_HOME".to_owned(), inside(".state")),
        ("DUNLIN_PACKS".to_owned(), packs.clone()),
    ]
}
