//! The machine's time zone.

use std::fs;

use jiff::tz::TimeZone;

/// [`TimeZone::system`], without the walk through all zones of the world by which that checks the name.
pub fn system() -> TimeZone {
    linked().unwrap_or_else(TimeZone::system)
}

/// The zone to which `/etc/localtime` is linked; the link itself names it.
fn linked() -> Option<TimeZone> {
    const LOCAL: &str = "/etc/localtime";
    if std::env::var_os("TZ").is_some() {
        return None;
    }
    let target = fs::read_link(LOCAL).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    // These folders hold the same zones under names that servers do not know.
    if name.starts_with("posix/") || name.starts_with("right/") {
        return None;
    }
    TimeZone::tzif(name, &fs::read(LOCAL).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn it_is_the_zone_that_the_library_finds() {
        let (ours, theirs) = (system(), TimeZone::system());
        assert_eq!(ours.iana_name(), theirs.iana_name());
        for second in [0, 1_700_000_000, 1_720_000_000, 4_000_000_000] {
            let moment = Timestamp::from_second(second).unwrap();
            assert_eq!(ours.to_offset(moment), theirs.to_offset(moment), "{moment}");
        }
    }
}
