//! Colours, widths, pipes that close and outputs that cannot be written.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::shop::Shop;
use insta::assert_snapshot;

/// Runs the binary on a terminal with this many columns. `None` where `script` is not installed.
fn on_terminal(shop: &Shop, columns: u32, setting: &str, arguments: &str) -> Option<String> {
    let dunlin = env!("CARGO_BIN_EXE_dunlin");
    let command = format!("stty rows 24 cols {columns}; {setting} {dunlin} {arguments}");
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(shop.project.path())
        .env("DATABASE_URL", shop.database.url())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")),
        Err(_) => {
            not_run("`script` is not installed");
            None
        }
    }
}

#[test]
fn states_are_coloured_on_a_terminal_unless_told_not_to() {
    let shop = Shop::applied();
    let Some(coloured) = on_terminal(&shop, 100, "", "status") else { return };
    assert!(coloured.contains("\u{1b}[32mapplied\u{1b}[0m"), "{coloured}");
    let plain = on_terminal(&shop, 100, "NO_COLOR=1", "status").unwrap_or_default();
    assert!(!plain.contains('\u{1b}') && plain.contains("applied"), "{plain}");
    assert!(!shop.dunlin(&["status"]).stdout.contains('\u{1b}'));
}

#[test]
fn a_run_shows_a_bar_on_a_terminal_and_its_lines_stay() {
    let shop = Shop::new();
    let Some(shown) = on_terminal(&shop, 80, "NO_COLOR=1", "up") else { return };
    assert!(shown.contains("applying 3_order_status") && shown.contains("3/3"), "{shown}");
    assert!(shown.contains("applied 3_order_status ("), "{shown}");
    assert!(!shown.contains("\u{1b}[32m"), "{shown}");
    assert!(shown.ends_with("Applied 3 migrations.\n"), "{shown}");
    let nothing = on_terminal(&shop, 80, "", "up").unwrap_or_default();
    assert_eq!(nothing, "Nothing is pending.\n");
}

#[test]
fn tables_fit_narrow_terminals() {
    let shop = Shop::new();
    shop.dunlin(&["up", "--steps", "1"]).success();
    shop.project.write(
        "migrations/4_a_name_that_goes_on_and_on_until_nobody_reads_it.sql",
        "-- migrate:up\nSELECT 1;\n",
    );
    let Some(shown) = on_terminal(&shop, 40, "NO_COLOR=1", "status") else { return };
    assert_snapshot!(shown, @"
    Version  Description             State
    1        customers               applied
    2        orders                  pending
    3        order_status            pending
    4        a_name_that_goes_on_a…  pending

    1 applied, 3 pending
    ");
    assert!(shown.split('\n').all(|line| line.chars().count() <= 40), "{shown}");
}

#[test]
fn errors_are_wrapped_at_words_on_narrow_terminals_and_nowhere_else() {
    let shop = Shop::new();
    let Some(shown) = on_terminal(&shop, 60, "NO_COLOR=1", "baseline") else { return };
    assert_snapshot!(shown, @"
    error: baseline needs a version
    help: Give the version of the last migration whose
          changes the database already has: `dunlin baseline
          20240102`.
    ");
    assert_snapshot!(shop.says(&["baseline"]), @"
    exit 2
    -- stderr
      error: baseline needs a version
      help: Give the version of the last migration whose changes the database already has: `dunlin baseline 20240102`.
    ");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let shop = Shop::new();
    for index in 10..2000 {
        shop.project.write(&format!("migrations/{index}_notes.sql"), "-- migrate:up\nSELECT 1;\n");
    }
    let mut command = shop.project.dunlin_command(&["status"]);
    command.env("DATABASE_URL", shop.database.url());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_output_that_cannot_be_written_is_said_and_stops_no_run() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        not_run("there is no /dev/full");
        return;
    };
    let shop = Shop::new();
    let run = |arguments: &[&str], to_stderr: bool| {
        let mut command = shop.project.dunlin_command(arguments);
        command.env("DATABASE_URL", shop.database.url()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let full = full.try_clone().unwrap();
        if to_stderr {
            command.stderr(full)
        } else {
            command.stdout(full)
        };
        command.output().unwrap()
    };
    let output = run(&["status"], false);
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"
    error: the result cannot be written to standard output: No space left on device (os error 28)
    help: The command itself did its work; only what it has to say is lost.
    ");
    let output = run(&["up", "--steps", "2", "--format", "json"], false);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(shop.history(), ["1", "2"]);
    let output = run(&["up"], true);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(shop.history(), ["1", "2", "3"]);
    assert_eq!(run(&["--help"], false).status.code(), Some(1));
}

/// Says that the current test did not run. Not with `eprintln!`, which the test harness swallows.
fn not_run(because: &str) {
    let current = std::thread::current();
    let line = format!("not run: {}: {because}\n", current.name().unwrap_or("a test"));
    let _ = std::io::stderr().write_all(line.as_bytes());
}
