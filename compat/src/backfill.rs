//! What a backfill is, whoever asks for it: a migration's block or the command line. Pure data.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::ZonedDateTime;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A change of a table's rows in chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// How `backfill status`, `pause` and the like know it: `20240102_orders/1`, or what the command line says.
    pub name: String,
    /// Which rows, and what to do with them.
    pub change: RowChange,
    /// How fast, and what it may cost.
    pub pace: Pace,
}

/// Which rows of a backfill, and what to do with them. Two that differ in anything here are not the same backfill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The table, as written: `orders` or `shop.orders`.
    pub table: String,
    /// The columns of a unique key, in its order; empty for the primary key.
    pub key: Vec<String>,
    /// What is done with a chunk of rows.
    pub work: Work,
    /// An SQL condition that holds for rows still to be done (`where`). With it the last passes look at the whole table.
    pub filter: Option<String>,
    /// An SQL condition that must hold in the end.
    pub until: Option<String>,
}

/// What is done with a chunk of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Statements in which `:from` and `:to` stand for the first and last key of the chunk.
    Sql {
        /// The statements, as written.
        text: String,
    },
    /// A plugin, which is given the rows and says what becomes of them.
    Plugin {
        /// Its name.
        name: String,
        /// Whether its `inverse` runs instead.
        inverse: bool,
    },
}

/// One digest for the plugins of a migration, each a name and the SHA-256 of its file: that file's, where there is but one.
pub fn digest_of_plugins<'a>(plugins: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let plugins: Vec<(&str, &str)> = plugins.into_iter().collect();
    match plugins.as_slice() {
        [] => None,
        [(_, digest)] => Some((*digest).to_owned()),
        several => {
            let list: String = several.iter().map(|(name, digest)| format!("{name} {digest}\n")).collect();
            Some(Sha256::digest(list).iter().map(|byte| format!("{byte:02x}")).collect())
        }
    }
}

/// How fast a backfill may go and what it may cost. May be another in every process that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The most rows in a chunk. The first has as many; without it chunks begin small.
    pub size: Option<u64>,
    /// How long a chunk should take.
    pub target: Duration,
    /// How many workers in this process.
    pub workers: u32,
    /// The most rows per second, of all processes together.
    pub rate: Option<u64>,
    /// The hours of the day in which it runs.
    pub hours: Option<Hours>,
    /// The most that a replica may lag behind.
    pub max_lag: Option<Duration>,
    /// How many rows may fail; they go to the quarantine.
    pub quarantine: u64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            size: None,
            target: Duration::from_millis(500),
            workers: 1,
            rate: None,
            hours: None,
            max_lag: None,
            quarantine: 0,
        }
    }
}

/// The largest number of workers in one process.
pub const MOST_WORKERS: u32 = 64;

/// A part of the day: `22:00-06:00`, in this machine's time zone or, as `22:00-06:00 Europe/Berlin`, in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hours {
    from: Time,
    to: Time,
    zone: Option<String>,
}

/// Why a text is no [`Hours`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the hours of a day are written like 22:00-06:00, with a time zone behind them where it is not this machine's: \
     \"22:00-06:00 Europe/Berlin\""
)]
pub struct BadHours;

impl Hours {
    /// Whether they hold `now`. The first minute is of them, the last is not; `22:00-06:00` goes over midnight.
    pub fn hold(&self, now: &ZonedDateTime) -> bool {
        let zone = self.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let time = zone.map_or_else(|| now.time(), |zone| now.with_time_zone(zone).time());
        if self.from <= self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }
}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Hours, BadHours> {
        let (times, zone) = match text.trim().split_once(' ') {
            Some((times, zone)) => (times, Some(zone.trim().to_owned())),
            None => (text.trim(), None),
        };
        if zone.as_deref().is_some_and(|name| TimeZone::get(name).is_err()) {
            return Err(BadHours);
        }
        let (from, to) = times.split_once('-').ok_or(BadHours)?;
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(BadHours);
        }
        Ok(Hours { from, to, zone })
    }
}

/// `6:00` or `06:00`; `24:00` is the end of the day.
fn time(text: &str) -> Result<Time, BadHours> {
    let (hour, minute) = text.split_once(':').ok_or(BadHours)?;
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 {
        return Err(BadHours);
    }
    let number = |text: &str| text.parse::<i8>().map_err(|_| BadHours);
    match (number(hour)?, number(minute)?) {
        (24, 0) => Ok(Time::MAX),
        (hour, minute) => Time::new(hour, minute, 0, 0).map_err(|_| BadHours),
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |time: Time| match time {
            Time::MAX => "24:00".to_owned(),
            time => time.strftime("%H:%M").to_string(),
        };
        write!(formatter, "{}-{}", shown(self.from), shown(self.to))?;
        self.zone.as_ref().map_or(Ok(()), |zone| write!(formatter, " {zone}"))
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> String {
        hours.to_string()
    }
}

impl TryFrom<String> for Hours {
    type Error = BadHours;

    fn try_from(text: String) -> Result<Hours, BadHours> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> ZonedDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn hours_may_go_over_midnight() {
        for (hours, time, held) in [
            ("09:00-17:00", "2024-05-06T09:00[UTC]", true),
            ("09:00-17:00", "2024-05-06T17:00[UTC]", false),
            ("22:00-06:00", "2024-05-06T23:30[UTC]", true),
            ("22:00-06:00", "2024-05-06T05:59[UTC]", true),
            ("22:00-06:00", "2024-05-06T06:00[UTC]", false),
            ("18:00-24:00", "2024-05-06T23:59:30[UTC]", true),
            ("0:00-6:00", "2024-05-06T00:00[UTC]", true),
        ] {
            let parsed: Hours = hours.parse().unwrap();
            assert_eq!(parsed.hold(&at(time)), held, "{hours} at {time}");
        }
    }

    #[test]
    fn hours_are_those_of_the_zone_that_is_named() {
        let hours: Hours = "22:00-06:00 Asia/Tokyo".parse().unwrap();
        assert!(hours.hold(&at("2024-05-06T14:00[UTC]")));
        assert!(!hours.hold(&at("2024-05-06T22:00[UTC]")));
    }

    #[test]
    fn what_is_no_part_of_a_day_is_refused() {
        for text in
            ["", "22:00", "22-06", "25:00-06:00", "22:00-22:00", "22:00-06:00 Nowhere/City", "1:5-2:00"]
        {
            assert_eq!(text.parse::<Hours>(), Err(BadHours), "{text}");
        }
    }

    #[test]
    fn a_digest_is_that_of_the_file_or_of_all_files() {
        assert_eq!(digest_of_plugins([]), None);
        assert_eq!(digest_of_plugins([("hash-email", "ab")]).as_deref(), Some("ab"));
        let both = digest_of_plugins([("hash-email", "ab"), ("split-name", "cd")]).unwrap();
        assert_eq!(both.len(), 64);
        assert_ne!(digest_of_plugins([("hash-email", "ab"), ("split-name", "ce")]), Some(both));
    }

    #[test]
    fn hours_are_written_as_they_are_read() {
        for text in ["22:00-06:00", "18:00-24:00", "22:00-06:00 Europe/Berlin"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
    }
}
