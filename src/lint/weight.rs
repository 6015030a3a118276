//! How much a finding weighs in this database: the size of the table, how long the work on it takes, and who writes to it meanwhile.

use std::time::Duration;

use super::{Expected, Facts, Severity, TableFacts, Time};
use crate::count::{counted_in_groups, grouped};
use crate::ddl::{Blocks, Change, ChangeKind, Effect, RowChange, TableName, Work};

/// A table whose statements take no longer than this is left in peace.
const SMALL_ROWS: u64 = 10_000;
const SMALL_BYTES: u64 = 8 << 20;
const LARGE_ROWS: u64 = 1_000_000;
const LARGE_BYTES: u64 = 1 << 30;
/// Writes per second from which on a queue of them is an outage, however soon the lock is gone.
const BUSY: f64 = 100.0;
/// One write in a quarter of an hour: there is hardly anybody to wait.
const QUIET: f64 = 0.001;

/// On a small table a lock is over before anybody waits; on a large or busy one nobody gets away with it.
pub(super) fn severity(severity: Severity, known: &TableFacts, effects: &[Effect]) -> Severity {
    if known.rows == 0 || is_small(known) {
        return severity.min(Severity::Note);
    }
    let blocks = || effects.iter().filter(|effect| effect.lock.blocks() != Blocks::Nothing);
    if !takes_long(effects) || blocks().next().is_none() {
        return severity;
    }
    let is_large = known.rows >= LARGE_ROWS || known.bytes >= LARGE_BYTES;
    let keeps_readers = blocks().any(|effect| effect.lock.blocks() == Blocks::ReadsAndWrites);
    let is_quiet = known.writes_per_second.is_some_and(|rate| rate < QUIET);
    let is_busy = known.writes_per_second.is_some_and(|rate| rate >= BUSY);
    if is_busy || is_large && (keeps_readers || !is_quiet) { Severity::Error } else { severity }
}

fn is_small(known: &TableFacts) -> bool {
    known.rows < SMALL_ROWS && known.bytes < SMALL_BYTES
}

fn takes_long(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| effect.rewrites || effect.scans)
}

/// How long the work takes on a table that is large enough for it to matter, as far as the facts tell.
pub(super) fn time(
    table: &TableName,
    known: &TableFacts,
    change: Option<&Change>,
    effects: &[Effect],
    facts: &dyn Facts,
) -> Option<Time> {
    if known.rows == 0 || is_small(known) {
        return None;
    }
    let work = match change.map(|change| &change.kind) {
        Some(ChangeKind::Rows(_)) => Work::Rows,
        Some(kind) => effects.iter().map(|effect| Work::of(kind, effect)).max()?,
        None if effects.iter().any(|effect| effect.rewrites) => Work::Rewrite,
        None if effects.iter().any(|effect| effect.scans) => Work::Read,
        None => Work::Catalog,
    };
    if work == Work::Catalog {
        return None;
    }
    // How many rows a condition leaves is the planner's to say, which `dunlin estimate` asks.
    let is_most = matches!(
        change.map(|change| &change.kind),
        Some(ChangeKind::Rows(
            RowChange::Update { filtered: true, .. } | RowChange::Delete { filtered: true, .. }
        ))
    );
    Some(Time { work, is_most, expected: facts.expected(table, work)? })
}

/// `about 20,000 writes would wait`: what a lock that is held for long means for those who write.
pub(super) fn waiting(known: &TableFacts, effects: &[Effect], time: Option<&Time>) -> Option<String> {
    let blocks = effects.iter().any(|effect| effect.lock.blocks() != Blocks::Nothing);
    if known.rows == 0 || is_small(known) || !blocks || !takes_long(effects) {
        return None;
    }
    let rate = known.writes_per_second?;
    if rate < QUIET {
        return Some("hardly anybody writes to it".to_owned());
    }
    let would_wait =
        time.filter(|time| !time.is_most).map(|time| rate * time.expected.duration.as_secs_f64());
    match would_wait {
        Some(writes) if writes >= 1.0 => {
            Some(format!("about {} would wait", counted_in_groups(rounded(writes), "write")))
        }
        Some(_) => None,
        None if rate >= 1.0 => {
            Some(format!("{} a second would wait", counted_in_groups(rounded(rate), "write")))
        }
        None => None,
    }
}

/// To two digits: more are not known.
fn rounded(number: f64) -> u64 {
    let mut unit = 1.0;
    while number / unit >= 100.0 {
        unit *= 10.0;
    }
    ((number / unit).round() * unit) as u64
}

/// `2,100,000 rows, 310 MB`
pub(super) fn size(known: &TableFacts) -> String {
    format!("{} rows, {}", grouped(known.rows), bytes(known.bytes))
}

fn bytes(number: u64) -> String {
    match number {
        0..1024 => format!("{number} B"),
        1024..1_048_576 => format!("{} kB", number >> 10),
        1_048_576..1_073_741_824 => format!("{} MB", number >> 20),
        _ => format!("{:.1} GB", number as f64 / f64::from(1 << 30)),
    }
}

impl Time {
    /// `about 40 s`
    pub fn shown(&self) -> String {
        let time = match self.expected.duration {
            duration if duration < Duration::from_secs(1) => "less than a second".to_owned(),
            duration if duration < Duration::from_mins(2) => format!("{} s", duration.as_secs_f64().ceil()),
            duration => format!("{} min", duration.as_secs().div_ceil(60)),
        };
        match (self.is_most, time.starts_with("less")) {
            (true, _) => format!("at most {time}"),
            (false, true) => time,
            (false, false) => format!("about {time}"),
        }
    }

    /// What that rests on: `250 MB/s measured here, corrected by earlier runs`
    pub fn basis(&self) -> String {
        let Expected { bytes_per_second, is_measured, is_learnt, .. } = self.expected;
        let how = if is_measured { "measured here" } else { "assumed" };
        let learnt = if is_learnt { ", corrected by earlier runs" } else { "" };
        format!("reading at {}/s {how}{learnt}", bytes(bytes_per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::{PostgresLock, TableLock};

    fn building(lock: PostgresLock) -> Vec<Effect> {
        let table = TableName::plain("orders");
        vec![Effect { table, lock: TableLock::Postgres(lock), rewrites: false, scans: true }]
    }

    fn orders(rows: u64, rate: Option<f64>) -> TableFacts {
        TableFacts { rows, bytes: rows * 100, writes_per_second: rate, ..TableFacts::default() }
    }

    #[test]
    fn who_writes_decides_with_the_size() {
        let (share, exclusive) = (building(PostgresLock::Share), building(PostgresLock::AccessExclusive));
        for (rows, rate, effects, expected) in [
            (5_000, Some(500.0), &share, Severity::Note),
            (50_000, None, &share, Severity::Warning),
            (50_000, Some(5.0), &share, Severity::Warning),
            (50_000, Some(500.0), &share, Severity::Error),
            (5_000_000, None, &share, Severity::Error),
            (5_000_000, Some(0.0), &share, Severity::Warning),
            // Readers wait all the same.
            (5_000_000, Some(0.0), &exclusive, Severity::Error),
        ] {
            let found = severity(Severity::Warning, &orders(rows, rate), effects);
            assert_eq!(found, expected, "{rows} {rate:?} {effects:?}");
        }
    }

    #[test]
    fn those_who_wait_are_counted_to_what_is_known() {
        let share = building(PostgresLock::Share);
        let time = |seconds| Time {
            work: Work::Index,
            is_most: false,
            expected: Expected {
                duration: Duration::from_secs(seconds),
                bytes_per_second: 100 << 20,
                is_measured: true,
                is_learnt: false,
            },
        };
        let said = |rate, time: Option<Time>| waiting(&orders(50_000, rate), &share, time.as_ref());
        assert_eq!(said(Some(512.3), Some(time(40))).as_deref(), Some("about 20,000 writes would wait"));
        assert_eq!(said(Some(512.3), None).as_deref(), Some("510 writes a second would wait"));
        assert_eq!(said(Some(0.0), Some(time(40))).as_deref(), Some("hardly anybody writes to it"));
        assert_eq!(said(Some(0.01), Some(time(2))), None);
        assert_eq!(said(None, Some(time(40))), None);
        assert_eq!(time(40).shown(), "about 40 s");
        assert_eq!(time(40).basis(), "reading at 100 MB/s measured here");
    }
}
