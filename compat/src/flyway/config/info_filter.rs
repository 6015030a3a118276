//! The filters of `info`.

use jiff::Span;
use jiff::civil::{DateTime, date};

use super::arguments::Invocation;
use super::error::ConfigError;
use super::text::{has_text, split_commas, strip};

/// The names of Flyway's `MigrationState`.
const STATES: &[&str] = &[
    "PENDING",
    "ABOVE_TARGET",
    "BELOW_BASELINE",
    "BASELINE_IGNORED",
    "BASELINE",
    "IGNORED",
    "MISSING_SUCCESS",
    "MISSING_FAILED",
    "SUCCESS",
    "UNDONE",
    "AVAILABLE",
    "FAILED",
    "OUT_OF_ORDER",
    "FUTURE_SUCCESS",
    "FUTURE_FAILED",
    "OUTDATED",
    "SUPERSEDED",
    "DELETED",
];

/// What `info` shows: bounds are inclusive, `None` is no bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InfoFilter {
    /// Installed at or after.
    pub since_date: Option<DateTime>,
    /// Installed at or before.
    pub until_date: Option<DateTime>,
    /// From this version on, as written.
    pub since_version: Option<String>,
    /// Up to this version, as written.
    pub until_version: Option<String>,
    /// Only these states, by the names of Flyway's `MigrationState`: `MISSING_SUCCESS`.
    pub states: Option<Vec<String>>,
}

impl Invocation {
    /// The filters of `info`.
    ///
    /// # Errors
    /// [`ConfigError::Argument`] for a malformed date or an unknown state. Flyway finds that out only when `info` runs.
    pub fn info_filter(&self) -> Result<InfoFilter, ConfigError> {
        let states =
            Some(self.option("infoOfState")).filter(|text| has_text(text)).map(parse_states).transpose()?;
        Ok(InfoFilter {
            since_date: self
                .option_with_text("infoSinceDate")
                .map(|text| parse_date("infoSinceDate", text))
                .transpose()?,
            until_date: self
                .option_with_text("infoUntilDate")
                .map(|text| parse_date("infoUntilDate", text))
                .transpose()?,
            since_version: self.option_with_text("infoSinceVersion").map(str::to_owned),
            until_version: self.option_with_text("infoUntilVersion").map(str::to_owned),
            states,
        })
    }
}

fn parse_states(text: &str) -> Result<Vec<String>, ConfigError> {
    let known = |state: &String| STATES.contains(&state.as_str());
    let states: Vec<String> = split_commas(text).iter().map(|state| state.to_uppercase()).collect();
    if let Some(unknown) = states.iter().find(|state| !known(state)) {
        return Err(ConfigError::Argument(format!(
            "'{unknown}' is an invalid value for the infoOfState option. Use one or more of {}.",
            STATES.join(", ")
        )));
    }
    Ok(states)
}

/// `SimpleDateFormat("dd/MM/yyyy HH:mm")`: lenient, so day 32 is the first of the next month.
fn parse_date(option: &str, text: &str) -> Result<DateTime, ConfigError> {
    lenient_date(text).ok_or_else(|| {
        ConfigError::Argument(format!(
            "'{text}' is an invalid value for the {option} option. The expected format is 'dd/mm/yyyy hh:mm', like '13/10/2020 16:30'."
        ))
    })
}

fn lenient_date(text: &str) -> Option<DateTime> {
    let (day, rest) = strip(text).split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, rest) = rest.split_once(' ')?;
    let (hour, minute) = rest.split_once(':')?;
    let digits = minute.trim_start().bytes().take_while(u8::is_ascii_digit).count();
    let minute = minute.trim_start().get(..digits)?;
    let number = |text: &str| text.trim_start().parse::<i32>().ok();
    let span = Span::new().try_months(number(month)?.checked_sub(1)?).ok()?;
    let time = Span::new()
        .try_days(number(day)?.checked_sub(1)?)
        .ok()?
        .try_hours(number(hour)?)
        .ok()?
        .try_minutes(number(minute)?)
        .ok()?;
    let year = i16::try_from(number(year)?).ok().filter(|year| (0..=9999).contains(year))?;
    date(year, 1, 1).at(0, 0, 0, 0).checked_add(span).ok()?.checked_add(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Invocation, ConfigError> {
        Invocation::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn dates_are_read_leniently() {
        let cases = [
            ("13/10/2020 16:30", Some("2020-10-13T16:30:00")),
            ("1/2/2020 5:3", Some("2020-02-01T05:03:00")),
            ("32/12/2020 00:00", Some("2021-01-01T00:00:00")),
            ("1/13/2020 24:00", Some("2021-01-02T00:00:00")),
            ("2020", None),
            ("1/2/99999999999 1:1", None),
            ("1/999999999/2020 1:1", None),
        ];
        for (text, date) in cases {
            assert_eq!(lenient_date(text).map(|date| date.to_string()).as_deref(), date, "{text}");
        }
    }

    #[test]
    fn states_are_flyway_s_names_in_any_case() {
        let filter = parse(&["info", "-infoOfState=success,missing_success"]).expect("valid").info_filter();
        assert_eq!(filter.expect("known").states.expect("some"), ["SUCCESS", "MISSING_SUCCESS"]);
        assert!(parse(&["info", "-infoOfState=foo"]).expect("valid").info_filter().is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_date_panics(text in "[0-9/ :-]{0,30}") {
            let _ = lenient_date(&text);
        }
    }
}
