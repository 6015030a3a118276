//! Which commands there are, and what they take.

use super::{Opt, OptKind, Positional, Takes};

/// A command as it is written.
#[derive(Debug, Clone, Copy)]
pub struct CommandWords {
    /// Its name; empty for the program itself.
    pub name: &'static str,
    /// Its options.
    pub options: &'static [Opt],
    /// What it takes besides.
    pub positionals: &'static [Positional],
    /// What `--help` shows, as Alembic 1.20.1 words it for a terminal of 80 columns; the usage comes first.
    pub help: &'static str,
}

const HELP: Opt = Opt { names: &["-h", "--help"], kind: OptKind::Help };
const VERBOSE: Opt = flag(&["-v", "--verbose"]);
const SQL: Opt = flag(&["--sql"]);
const TAG: Opt = value(&["--tag"]);
const MESSAGE: Opt = value(&["-m", "--message"]);
const BRANCH_LABEL: Opt = value(&["--branch-label"]);
const REV_ID: Opt = value(&["--rev-id"]);
const SPLICE: Opt = flag(&["--splice"]);
const REVISION: Positional = Positional { name: "revision", takes: Takes::One };
const REV: Positional = Positional { name: "rev", takes: Takes::One };
const REVISIONS: Positional = Positional { name: "revisions", takes: Takes::Some };

const fn flag(names: &'static [&'static str]) -> Opt {
    Opt { names, kind: OptKind::Flag }
}

const fn value(names: &'static [&'static str]) -> Opt {
    Opt { names, kind: OptKind::Value }
}

const fn append(names: &'static [&'static str]) -> Opt {
    Opt { names, kind: OptKind::Append }
}

macro_rules! command {
    ($name:literal, [$($option:expr),*], [$($positional:expr),*]) => {
        CommandWords {
            name: $name,
            options: &[HELP, $($option),*],
            positionals: &[$($positional),*],
            help: include_str!(concat!("../help/", $name, ".txt")),
        }
    };
}

/// All commands, in the order in which help lists them.
pub const COMMANDS: [CommandWords; 15] = [
    command!("branches", [VERBOSE], []),
    command!("check", [], []),
    command!("current", [flag(&["-c", "--check-heads"]), VERBOSE], []),
    command!("downgrade", [SQL, TAG], [REVISION]),
    command!("edit", [], [REV]),
    command!("ensure_version", [SQL], []),
    command!("heads", [VERBOSE, flag(&["--resolve-dependencies"])], []),
    command!("history", [value(&["-r", "--rev-range"]), VERBOSE, flag(&["-i", "--indicate-current"])], []),
    command!(
        "init",
        [value(&["-t", "--template"]), flag(&["--package"])],
        [Positional { name: "directory", takes: Takes::One }]
    ),
    command!("list_templates", [], []),
    command!("merge", [MESSAGE, BRANCH_LABEL, REV_ID, SPLICE], [REVISIONS]),
    command!(
        "revision",
        [
            MESSAGE,
            flag(&["--autogenerate"]),
            SQL,
            value(&["--head"]),
            SPLICE,
            BRANCH_LABEL,
            value(&["--version-path"]),
            REV_ID,
            append(&["--depends-on"])
        ],
        []
    ),
    command!("show", [], [REV]),
    command!("stamp", [SQL, TAG, flag(&["--purge"])], [REVISIONS]),
    command!("upgrade", [SQL, TAG], [REVISION]),
];

/// Options of every command.
const TOP: [Opt; 7] = [
    HELP,
    Opt { names: &["--version"], kind: OptKind::Version },
    append(&["-c", "--config"]),
    value(&["-n", "--name"]),
    append(&["-x"]),
    flag(&["--raiseerr"]),
    flag(&["-q", "--quiet"]),
];

impl CommandWords {
    /// The program itself.
    pub fn top() -> CommandWords {
        CommandWords {
            name: "",
            options: &TOP,
            positionals: &[Positional { name: "command", takes: Takes::Command }],
            help: include_str!("../help/alembic.txt"),
        }
    }
}
