//! Times, sizes and names as `dunlin.toml` writes them.

use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::native::TableName;

/// The longest time-out: what fits every server's own setting.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TableName, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    const EXPECTED: &str =
        "write a time with its unit in quotes, as in \"500ms\", \"5s\" or \"2m\", up to \"24h\"";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    parse_duration(&text).ok_or_else(|| D::Error::custom(EXPECTED))
}

/// A duration as settings and arguments write it: `500ms`, `5s`, `2m`, `0s`, up to a day.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let duration = text.parse::<SignedDuration>().ok()?;
    Duration::try_from(duration).ok().filter(|duration| *duration <= LONGEST)
}

pub(super) fn positive_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration = duration(deserializer)?;
    if duration.is_zero() {
        return Err(D::Error::custom(
            "the time must be above 0: without it others queue behind a waiting change",
        ));
    }
    Ok(duration)
}

pub(super) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let limit = duration(deserializer)?;
    if limit.is_zero() { Err(D::Error::custom("the time must be above 0")) } else { Ok(limit) }
}

/// A number of bytes with its unit: `512MiB`, `1GiB`.
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const EXPECTED: &str =
        "write a size with its unit in quotes, as in \"512MiB\" or \"1GiB\", up to \"4GiB\"";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    parse_bytes(&text).map(|size| size as u64).ok_or_else(|| D::Error::custom(EXPECTED))
}

/// A size: `512KiB`, `64MiB`, `1GiB`.
pub(super) fn parse_bytes(text: &str) -> Option<usize> {
    const LARGEST: usize = 4 << 30;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let shift = match unit.trim() {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    let bytes = number.parse::<usize>().ok()?.checked_mul(1 << shift)?;
    (bytes > 0 && bytes <= LARGEST).then_some(bytes)
}
