//! `--help`, and command lines that are wrong.

use crate::shop::Shop;
use insta::assert_snapshot;

const COMMANDS: [&str; 20] = [
    "status",
    "plan",
    "up",
    "down",
    "redo",
    "new",
    "validate",
    "verify",
    "drift",
    "lint",
    "graph",
    "estimate",
    "diff",
    "repair",
    "baseline",
    "squash",
    "backfill",
    "plugin",
    "doctor",
    "completions",
];

#[test]
fn the_overview_names_every_command() {
    assert_snapshot!(Shop::new().says(&["--help"]), @"
    exit 0
    Migrates databases: opens a project of Flyway, Alembic, Knex, Rails or its own and continues its
    history.

    The project is found from the directory; the database from --url, DATABASE_URL, dunlin.toml or the
    tool's own configuration.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 pending (with --check) or drifted, 4 lock not
    obtained, 5 lint, validation or verification found something.

    Usage: dunlin [OPTIONS] <COMMAND>

    Commands:
      status       Show what is applied and what is pending
      plan         Show the SQL that `up` or `down` would run; writes nothing
      up           Apply what is pending
      down         Take applied migrations back, the last one first
      redo         Take the last migration back and apply it again
      new          Write a new migration file with empty up and down blocks
      validate     Compare the history with the files
      lint         Check migrations for what hurts a running application
      estimate     Say how long pending migrations will take, and what they lock
      verify       Try pending migrations on a scratch database: up, down and up again
      drift        Compare the live schema with what the applied migrations give
      diff         Compare the schemas of two databases
      graph        Draw the schema, or the migrations with their branches and states
      repair       Make the history fit the files again
      baseline     Start a history on a database that already has its schema
      squash       Replace old migrations by one baseline that gives the same
      backfill     Change the rows of a table in chunks, while it is in use
      plugin       Write, build and try plugins: code in a sandbox that changes rows, does a migration's
                   step or checks migrations
      doctor       Say what was detected: the project, the database, the lock, and what would stop a run
      pack         Build, list, check and remove packs: the libraries with which code migrations run in
                   the sandbox
      completions  Print a completion script for a shell
      flyway       Flyway's own command line: its commands, arguments and output
      alembic      Alembic's own command line: its commands, arguments and output
      knex         Knex' own command line: its commands, arguments and output
      rails        Rails' own database tasks: their names, variables and output
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Options of every command:
      -C, --directory <DIR>
              The project's directory [default: the current one]

          --url <URL>
              The database: postgres://, mysql://, mariadb://, sqlite: or a jdbc: URL [env:
              DATABASE_URL]

          --format <FORMAT>
              Print tables for people, or one JSON document
              
              [default: table]
              [possible values: table, json]

          --lock-wait <DURATION>
              How long to wait for another run to end, like 30s; 0s: fail at once [default: 60s]

          --lock-timeout <DURATION>
              How long a statement may wait for a lock on a table; 0s: as the server says [default: 5s]

    Examples:
      dunlin status --url sqlite:shop.db     what is applied and what is pending
      dunlin plan                            the SQL that `up` would run
      dunlin up                              apply what is pending
      dunlin down --steps 2                  take the last two back
      dunlin new add orders                  write a new migration file
      dunlin flyway info -outputType=json    Flyway's own arguments and output
    ");
}

#[test]
fn every_command_has_examples_and_names_the_options_of_every_command() {
    let shop = Shop::new();
    for command in COMMANDS {
        for help in ["-h", "--help"] {
            let output = shop.dunlin(&[command, help]).success();
            assert!(output.stdout.contains("\nExample"), "{output}");
            assert!(output.stdout.contains("\nOptions of every command:\n"), "{output}");
            let widest = output.stdout.split('\n').map(|line| line.chars().count()).max();
            assert!(widest <= Some(100), "{output}");
        }
    }
    assert_snapshot!(shop.says(&["up", "--help"]), @"
    exit 0
    Apply what is pending

    Each migration and its history row commit together where the database can. Where it cannot, every
    statement is journaled, and a run that was interrupted continues at the statement where it stopped.
    What the safety rules call an error stops it before anything is sent.

    Usage: dunlin up [OPTIONS]

    Options:
          --to <VERSION>
              Up to and including this version

          --steps <N>
              At most so many migrations

          --no-lint
              Run it whatever the safety rules say

          --watch
              Show who waits for the run, and for whom it waits, while it goes

          --block-limit <DURATION>
              Stand back and try again later when somebody waits for the run longer than this, like 2s

          --in-flight <WHAT>
              What became of the statement that was in flight when an earlier run died, if dunlin asks:
              `done`, go on behind it, or `again`, run it again

      -h, --help
              Print help (see a summary with '-h')

    Options of every command:
      -C, --directory <DIR>
              The project's directory [default: the current one]

          --url <URL>
              The database: postgres://, mysql://, mariadb://, sqlite: or a jdbc: URL [env:
              DATABASE_URL]

          --format <FORMAT>
              Print tables for people, or one JSON document
              
              [default: table]
              [possible values: table, json]

          --lock-wait <DURATION>
              How long to wait for another run to end, like 30s; 0s: fail at once [default: 60s]

          --lock-timeout <DURATION>
              How long a statement may wait for a lock on a table; 0s: as the server says [default: 5s]

    Examples:
      dunlin up
      dunlin up --steps 1                   one migration and no more
      dunlin up --to 20250107103000         up to and including this one
      dunlin up --watch --block-limit 2s    nobody waits for it longer than two seconds
      dunlin up --lock-wait 10min           wait longer for another run to end
    ");
}

#[test]
fn a_wrong_command_line_is_answered_with_2() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["stauts"]), @"
    exit 2
    -- stderr
    error: unrecognized subcommand 'stauts'

      tip: some similar subcommands exist: 'estimate', 'status'

    Usage: dunlin [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(shop.says(&["up", "--steps", "some"]), @"
    exit 2
    -- stderr
    error: invalid value 'some' for '--steps <N>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_snapshot!(shop.says(&["up", "--lock-wait", "soon", "--format", "json"]), @r#"
    exit 2
    {
      "error": {
        "code": "USAGE",
        "message": "invalid value 'soon' for '--lock-wait <DURATION>': a duration is a number with a unit, like 500ms, 5s or 2min, and at most a day",
        "path": null,
        "line": null,
        "serverCode": null,
        "help": "`dunlin --help` shows how it is written.",
        "problems": []
      }
    }
    "#);
    shop.dunlin(&[]).exits(2);
}

#[test]
fn rails_tasks_are_for_an_application() {
    let shop = Shop::new();
    let said =
        shop.says(&["rails", "db:migrate"]).replace(&shop.project.path().display().to_string(), "<project>");
    assert_snapshot!(said, @"
    exit 1
    -- stderr
      error: there is no Rails application in <project>: neither config/application.rb nor config/database.yml
      help: Go to the application's folder.
    ");
}

/// The tool's own command line would pass it over, and go to the database of the tool's configuration.
#[test]
fn an_option_of_ours_before_a_tools_command_line_is_refused() {
    let shop = Shop::new();
    for tool in ["flyway", "alembic", "knex", "rails"] {
        let output = shop.dunlin(&["--url", "postgres://me:fish7@db/shop", tool, "info"]);
        assert_eq!(output.status, 2, "{output}");
        let expected = format!("`dunlin {tool}` reads only the tool's own arguments");
        assert!(output.stderr.contains(&expected), "{output}");
        assert!(!output.stderr.contains("fish7"), "{output}");
    }
}
