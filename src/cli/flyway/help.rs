//! Usage of Flyway's command line as far as dunlin has it.

use dunlin_compat::flyway::config::Help;
use dunlin_compat::flyway::config::parameters::{PARAMETERS, Tier};

const COMMANDS: &str = "Usage:
    dunlin flyway [options] [command]

Commands:
    migrate                 Migrates the database
    info                    Prints the information about applied, current and pending migrations
    validate                Validates the applied migrations against the ones on disk
    repair                  Repairs the schema history table
    baseline                Baselines an existing database
    undo                    Undoes the last versioned migration, or those down to the target
    clean                   Drops all objects in the configured schemas (needs -cleanDisabled=false)
    version, -v, --version  Print the Flyway version whose behaviour this is
    list-engines            Print which databases there are
    help                    Print this usage info and exit

Flags:
    -X                      Print debug output
    -q                      Suppress all output, except for errors and warnings
    --help, -h, -?          Print this usage info and exit

Example:
    dunlin flyway -user=shop -password=s3cr3t -url=jdbc:postgresql://localhost/shop migrate";

/// Prints the usage; the full one with all parameters.
pub fn print(which: Help) {
    anstream::println!("{COMMANDS}");
    if which == Help::Full {
        anstream::println!("\nConfiguration parameters (format: -key=value):");
        for parameter in
            PARAMETERS.iter().filter(|parameter| matches!(parameter.tier, Tier::Community | Tier::Paid))
        {
            match parameter.default {
                Some(default) if !default.is_empty() => {
                    anstream::println!("    {:<34}{default}", parameter.name)
                }
                _ => anstream::println!("    {}", parameter.name),
            }
        }
    }
}
