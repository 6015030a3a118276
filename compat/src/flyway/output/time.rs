//! Moments and durations as Flyway prints them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// Minutes, seconds and milliseconds: `00:00.012s`.
pub fn execution_time(milliseconds: u64) -> String {
    format!("{:02}:{:02}.{:03}s", milliseconds / 60_000, milliseconds % 60_000 / 1000, milliseconds % 1000)
}

/// `installed_on` as the table of `info` shows it: what the history holds, without fractions of a second.
pub fn installed_on_table(installed_on: Option<&str>) -> String {
    let parsed = installed_on.and_then(parse_moment);
    parsed.map_or_else(String::new, |moment| moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// `installed_on` as JSON has it. Flyway takes what the history holds for the time of its own zone, even on SQLite,
/// where it is UTC.
pub fn installed_on_utc(installed_on: Option<&str>, zone: &TimeZone) -> String {
    let zoned =
        installed_on.and_then(parse_moment).and_then(|moment| moment.to_zoned_datetime(zone.clone()).ok());
    zoned.map_or_else(String::new, |zoned| instant(zoned.timestamp()))
}

/// The moment of a result: `2026-11-23T14:24:47.709490736-05:00`, and `Z` for UTC.
pub fn timestamp(now: &ZonedDateTime) -> String {
    let local = now.datetime();
    let offset = now.offset();
    let zone = if offset.is_zero() { "Z".to_owned() } else { now.strftime("%:z").to_string() };
    format!("{}{}{zone}", local.strftime("%Y-%m-%dT%H:%M:%S"), fraction(local.subsec_nanosecond()))
}

/// The civil time of `installed_on`, if it is one.
pub(crate) fn parse_moment(text: &str) -> Option<DateTime> {
    text.trim().parse().ok()
}

fn instant(moment: Timestamp) -> String {
    let local = TimeZone::UTC.to_datetime(moment);
    format!("{}{}Z", local.strftime("%Y-%m-%dT%H:%M:%S"), fraction(local.subsec_nanosecond()))
}

/// A fraction of a second as Java prints it: nothing, or three, six or nine digits.
fn fraction(nanoseconds: i32) -> String {
    if nanoseconds == 0 {
        String::new()
    } else if nanoseconds % 1_000_000 == 0 {
        format!(".{:03}", nanoseconds / 1_000_000)
    } else if nanoseconds % 1000 == 0 {
        format!(".{:06}", nanoseconds / 1000)
    } else {
        format!(".{nanoseconds:09}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_minutes() {
        assert_eq!(execution_time(0), "00:00.000s");
        assert_eq!(execution_time(61_012), "01:01.012s");
        assert_eq!(execution_time(6_000_000), "100:00.000s");
    }

    #[test]
    fn what_the_history_holds_counts_as_local_time() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let stored = Some("2026-11-23 19:24:47.728");
        assert_eq!(installed_on_table(stored), "2026-11-23 19:24:47");
        assert_eq!(installed_on_utc(stored, &zone), "2026-11-24T00:24:47.728Z");
        assert_eq!(
            installed_on_utc(Some("2026-11-23 14:24:49.700643"), &zone),
            "2026-11-23T19:24:49.700643Z"
        );
        assert_eq!(installed_on_utc(Some("2026-11-23 14:24:49"), &zone), "2026-11-23T19:24:49Z");
        assert_eq!(installed_on_table(None), "");
        assert_eq!(installed_on_utc(Some("yesterday"), &zone), "");
    }

    #[test]
    fn timestamps_carry_their_offset() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let moment: Timestamp = "2026-11-23T19:24:47.709490736Z".parse().unwrap();
        assert_eq!(timestamp(&moment.to_zoned_datetime(zone)), "2026-11-23T14:24:47.709490736-05:00");
        assert_eq!(timestamp(&moment.to_zoned_datetime(TimeZone::UTC)), "2026-11-23T19:24:47.709490736Z");
    }
}
