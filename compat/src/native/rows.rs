//! The options that `-- migrate:batch` and `-- migrate:backfill` share: which rows, and how.

use std::time::Duration;

use crate::backfill::{Backfill, MOST_WORKERS, Pace, RowChange, Work};
use crate::settings::parse_duration;

use super::options::{self, Options};
use super::parse_error::Reason;

/// The options of `batch`.
pub(super) const OPTIONS: [&str; 12] = [
    "table",
    "key",
    "where",
    "until",
    "quarantine",
    "direction",
    "size",
    "target",
    "workers",
    "rate",
    "hours",
    "max-lag",
];

/// The options of `backfill`.
pub(super) const BACKFILL_OPTIONS: [&str; 13] = {
    let mut all = ["plugin"; 13];
    let mut index = 0;
    while index < OPTIONS.len() {
        all[index + 1] = OPTIONS[index];
        index += 1;
    }
    all
};

/// Which rows of a table, and how they are gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The table.
    pub table: String,
    /// The columns of a unique key; empty for the primary key.
    pub key: Vec<String>,
    /// From `where=`: a condition that holds for rows still to be done.
    pub filter: Option<String>,
    /// From `until=`: a condition that must hold in the end.
    pub until: Option<String>,
    /// From `direction=down`: part of what reverts the migration.
    pub down: bool,
    /// How fast, and what it may cost.
    pub pace: Pace,
}

impl Rows {
    /// What a checksum covers: which rows, and not how fast.
    pub(super) fn canonical(&self) -> String {
        let mut text = canonical_option("table", &self.table);
        if !self.key.is_empty() {
            text.push_str(&canonical_option("key", &self.key.join(",")));
        }
        for (name, value) in [("where", &self.filter), ("until", &self.until)] {
            text.push_str(&value.as_ref().map(|value| canonical_option(name, value)).unwrap_or_default());
        }
        text
    }

    /// The backfill of a block.
    pub(super) fn backfill(&self, name: String, work: Work) -> Backfill {
        Backfill {
            name,
            change: RowChange {
                table: self.table.clone(),
                key: self.key.clone(),
                work,
                filter: self.filter.clone(),
                until: self.until.clone(),
            },
            pace: self.pace.clone(),
        }
    }
}

/// An option in its canonical spelling, a space before it.
pub(super) fn canonical_option(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", value.replace('"', "\"\""))
}

/// Takes the options of a directive.
pub(super) fn take(options: &mut Options) -> Result<Rows, Reason> {
    let usual = Pace::default();
    let key = options::parsed(options, "key", "one column, or several divided by commas", key)?;
    let down = options::is_down(options)?;
    let duration = "a time above 0 with its unit, like `500ms` or `2s`";
    Ok(Rows {
        table: options.required("table")?,
        key: key.unwrap_or_default(),
        filter: options.take("where"),
        until: options.take("until"),
        down,
        pace: Pace {
            size: options::number(options, "size", 1, "a number of rows from 1")?,
            target: options::parsed(options, "target", duration, time)?.unwrap_or(usual.target),
            workers: options::parsed(options, "workers", "a number from 1 to 64", workers)?
                .unwrap_or(usual.workers),
            rate: options::number(options, "rate", 1, "a number of rows per second from 1")?,
            hours: options::parsed(
                options,
                "hours",
                "a part of the day like `22:00-06:00`, or `\"22:00-06:00 Europe/Berlin\"`",
                |value| value.parse().ok(),
            )?,
            max_lag: options::parsed(options, "max-lag", duration, time)?,
            quarantine: options::number(options, "quarantine", 0, "a number of rows")?.unwrap_or(0),
        },
    })
}

fn key(text: &str) -> Option<Vec<String>> {
    let columns: Vec<String> = text.split(',').map(|column| column.trim().to_owned()).collect();
    columns.iter().all(|column| !column.is_empty()).then_some(columns)
}

fn time(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|duration| !duration.is_zero())
}

fn workers(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| (1..=MOST_WORKERS).contains(number))
}
