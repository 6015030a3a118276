//! The date of a new revision (`ScriptDirectory._generate_create_date`).

use std::time::SystemTime;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

/// The date of a new revision, as Python's `datetime` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDate {
    zoned: ZonedDateTime,
    /// Whether the offset is shown: only when `timezone` is set.
    is_aware: bool,
}

/// Why a date cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// There is no such zone.
    #[error("Can't locate timezone: {0}")]
    Unknown(String),
    /// An empty name or a path.
    #[error("ZoneInfo keys must be normalized relative paths, got: {0}")]
    Malformed(String),
}

impl CreateDate {
    /// A date in the zone that `timezone` names, or in the machine's own.
    ///
    /// # Errors
    /// A zone that is not known. Like Alembic this minds the name's case, but takes it in capitals too.
    pub fn of(now: Timestamp, timezone: Option<&str>, local: TimeZone) -> Result<CreateDate, DateError> {
        let Some(name) = timezone else {
            return Ok(CreateDate { zoned: now.to_zoned_datetime(local), is_aware: false });
        };
        if name.is_empty() || name.starts_with('/') || name.contains("..") {
            return Err(DateError::Malformed(name.to_owned()));
        }
        let find = |name: &str| TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name));
        let zone = find(name).or_else(|| find(&name.to_uppercase()));
        let zone = zone.ok_or_else(|| DateError::Unknown(name.to_owned()))?;
        Ok(CreateDate { zoned: now.to_zoned_datetime(zone), is_aware: true })
    }

    /// A date at a time of the system's clock, in the zone that `timezone` names, or in the system's.
    ///
    /// # Errors
    /// As [`CreateDate::of`].
    pub fn of_system(now: SystemTime, timezone: Option<&str>) -> Result<CreateDate, DateError> {
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        CreateDate::of(now, timezone, TimeZone::system())
    }

    /// `str(date)`: without microseconds when there are none.
    pub fn shown(&self) -> String {
        let date = self.zoned.datetime();
        let mut shown = format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minute(),
            date.second()
        );
        let microseconds = self.microsecond();
        if microseconds > 0 {
            shown.push_str(&format!(".{microseconds:06}"));
        }
        if self.is_aware {
            shown.push_str(&offset(self.zoned.offset()));
        }
        shown
    }

    pub(super) fn microsecond(&self) -> i64 {
        i64::from(self.zoned.subsec_nanosecond()) / 1000
    }

    /// The tokens of `file_template` that come from the date, which are also attributes of it.
    pub(super) fn parts(&self) -> [(&'static str, i64); 6] {
        let date = self.zoned.datetime();
        [
            ("year", i64::from(date.year())),
            ("month", i64::from(date.month())),
            ("day", i64::from(date.day())),
            ("hour", i64::from(date.hour())),
            ("minute", i64::from(date.minute())),
            ("second", i64::from(date.second())),
        ]
    }

    /// `int(date.timestamp())`.
    pub(super) fn epoch(&self) -> i64 {
        self.zoned.timestamp().as_second()
    }
}

fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut shown = format!("{sign}{hours:02}:{minutes:02}");
    if rest > 0 {
        shown.push_str(&format!(":{rest:02}"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(timestamp: &str, zone: Option<&str>) -> Result<String, String> {
        let local = TimeZone::fixed(Offset::constant(2));
        let date =
            CreateDate::of(timestamp.parse().unwrap(), zone, local).map_err(|error| error.to_string())?;
        Ok(date.shown())
    }

    #[test]
    fn a_date_is_shown_as_python_shows_it() {
        let cases = [
            ("2024-03-01T07:30:00Z", None, "2024-03-01 09:30:00"),
            ("2024-03-01T07:30:00.000123Z", None, "2024-03-01 09:30:00.000123"),
            ("2024-03-01T07:30:00.5Z", Some("UTC"), "2024-03-01 07:30:00.500000+00:00"),
            ("2024-03-01T07:30:00Z", Some("utc"), "2024-03-01 07:30:00+00:00"),
            ("2024-07-01T07:30:00Z", Some("America/St_Johns"), "2024-07-01 05:00:00-02:30"),
            ("1880-01-01T00:00:00Z", Some("Europe/Paris"), "1880-01-01 00:09:21+00:09:21"),
        ];
        for (timestamp, zone, expected) in cases {
            assert_eq!(date(timestamp, zone).as_deref(), Ok(expected), "{timestamp} {zone:?}");
        }
    }

    #[test]
    fn a_zone_that_is_not_known_is_told_in_alembics_words() {
        let error = |zone| date("2024-03-01T07:30:00Z", Some(zone)).unwrap_err();
        assert_eq!(error("europe/berlin"), "Can't locate timezone: europe/berlin");
        assert_eq!(error("Mars/Olympus"), "Can't locate timezone: Mars/Olympus");
        assert_eq!(error(""), "ZoneInfo keys must be normalized relative paths, got: ");
    }
}
