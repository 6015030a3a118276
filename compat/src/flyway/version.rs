//! Versions of migrations, as Flyway reads, compares and prints them (class `MigrationVersion`).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

/// What Flyway writes to the history for the version *latest*: Java's largest `long`.
pub const LATEST_NUMBER: &str = "9223372036854775807";

/// The version of a migration: `1.2`, `001.2`, `20240131093000`, or one of Flyway's four markers.
///
/// Two versions are equal when they denote the same numbers: `1`, `1.0` and `01` are one version; each still prints
/// as it was written. Order: *empty* < *current* < numbers < *next* < *latest*. (Flyway itself calls *empty* and
/// *current*, and *next* and a number, smaller than each other both ways round; a total order has to choose.)
#[derive(Debug, Clone)]
pub struct MigrationVersion(Repr);

#[derive(Debug, Clone)]
enum Repr {
    Empty,
    Current,
    Numbered { parts: Vec<Number>, raw: String },
    Next,
    Latest,
}

/// A version that Flyway would refuse, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Version may only contain 0..9 and . (dot). Invalid version: {normalized}")]
pub struct InvalidVersion {
    /// The text with `_` already turned into `.`.
    pub normalized: String,
}

impl MigrationVersion {
    /// The version of a schema without migrations.
    pub const EMPTY: MigrationVersion = MigrationVersion(Repr::Empty);
    /// The marker for the version that is applied.
    pub const CURRENT: MigrationVersion = MigrationVersion(Repr::Current);
    /// The marker for the version that would be applied next.
    pub const NEXT: MigrationVersion = MigrationVersion(Repr::Next);
    /// The marker that is greater than all versions.
    pub const LATEST: MigrationVersion = MigrationVersion(Repr::Latest);

    /// Reads a version. `current`, `next` and `latest` (in any case) and 9223372036854775807 are the markers;
    /// otherwise parts are integers of any size separated by `.` or `_`.
    ///
    /// As Java does, a leading sign and the decimal digits of other scripts are accepted.
    pub fn parse(text: &str) -> Result<MigrationVersion, InvalidVersion> {
        if text.eq_ignore_ascii_case("current") {
            return Ok(MigrationVersion::CURRENT);
        }
        if text.eq_ignore_ascii_case("next") {
            return Ok(MigrationVersion::NEXT);
        }
        if text.eq_ignore_ascii_case("latest") || text == LATEST_NUMBER {
            return Ok(MigrationVersion::LATEST);
        }
        let normalized = text.replace('_', ".");
        match parse_parts(&normalized) {
            Some(parts) => Ok(MigrationVersion(Repr::Numbered { parts, raw: text.to_owned() })),
            None => Err(InvalidVersion { normalized }),
        }
    }

    /// The text as it was written, `_` included; for a marker what it prints as.
    pub fn raw(&self) -> String {
        match &self.0 {
            Repr::Numbered { raw, .. } => raw.clone(),
            _ => self.to_string(),
        }
    }

    /// What the `version` column holds; `None` for *empty*.
    pub fn history_text(&self) -> Option<String> {
        match &self.0 {
            Repr::Empty => None,
            Repr::Latest => Some(LATEST_NUMBER.to_owned()),
            _ => Some(self.to_string()),
        }
    }

    /// Whether it is one of the four markers rather than a number.
    pub fn is_marker(&self) -> bool {
        !matches!(self.0, Repr::Numbered { .. })
    }

    /// The order of the kinds, and the parts for numbers.
    fn key(&self) -> (u8, &[Number]) {
        match &self.0 {
            Repr::Empty => (0, &[]),
            Repr::Current => (1, &[]),
            Repr::Numbered { parts, .. } => (2, parts),
            Repr::Next => (3, &[]),
            Repr::Latest => (4, &[]),
        }
    }
}

impl fmt::Display for MigrationVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Empty => formatter.write_str("<< Empty Schema >>"),
            Repr::Current => formatter.write_str("<< Current Version >>"),
            Repr::Next => formatter.write_str("<< Next Version >>"),
            Repr::Latest => formatter.write_str("<< Latest Version >>"),
            Repr::Numbered { raw, .. } => formatter.write_str(&raw.replace('_', ".")),
        }
    }
}

impl Ord for MigrationVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let (kind, parts) = self.key();
        let (other_kind, other_parts) = other.key();
        kind.cmp(&other_kind).then_with(|| compare_parts(parts, other_parts))
    }
}

impl PartialOrd for MigrationVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MigrationVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MigrationVersion {}

impl Hash for MigrationVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Trailing zero parts were dropped when parsing, so equal versions have equal parts.
        self.key().hash(state);
    }
}

/// An integer of any size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Number {
    negative: bool,
    /// Decimal digits `0..=9`, most significant first, without leading zeros; empty for zero.
    digits: Vec<u8>,
}

impl Number {
    const ZERO: Number = Number { negative: false, digits: Vec::new() };
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude =
            || self.digits.len().cmp(&other.digits.len()).then_with(|| self.digits.cmp(&other.digits));
        match (self.negative, other.negative) {
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_parts(left: &[Number], right: &[Number]) -> Ordering {
    let longest = left.len().max(right.len());
    (0..longest)
        .map(|index| left.get(index).unwrap_or(&Number::ZERO).cmp(right.get(index).unwrap_or(&Number::ZERO)))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn parse_parts(normalized: &str) -> Option<Vec<Number>> {
    let mut parts = Vec::new();
    let mut rest = normalized;
    loop {
        let end = part_end(rest);
        parts.push(parse_number(&rest[..end])?);
        if end == rest.len() {
            break;
        }
        rest = &rest[end + 1..];
    }
    while parts.len() > 1 && parts.last() == Some(&Number::ZERO) {
        parts.pop();
    }
    Some(parts)
}

/// Where the first part ends: at a dot followed by an ASCII digit. Any other dot belongs to the part, and spoils it.
fn part_end(text: &str) -> usize {
    text.as_bytes()
        .windows(2)
        .position(|pair| pair[0] == b'.' && pair[1].is_ascii_digit())
        .unwrap_or(text.len())
}

/// Java's `new BigInteger(text)`.
fn parse_number(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned.is_empty() {
        return None;
    }
    let mut digits = Vec::with_capacity(unsigned.len());
    for character in unsigned.chars() {
        let digit = java_digit(character)?;
        if digit != 0 || !digits.is_empty() {
            digits.push(digit);
        }
    }
    Some(Number { negative: negative && !digits.is_empty(), digits })
}

/// The zeros of the decimal digits that Java's `Character.digit(char, 10)` knows; nine more follow each.
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

fn java_digit(character: char) -> Option<u8> {
    let code = u32::from(character);
    let zero = match ZEROS.binary_search(&code) {
        Ok(_) => return Some(0),
        Err(0) => return None,
        Err(index) => ZEROS.get(index - 1)?,
    };
    u8::try_from(code - zero).ok().filter(|digit| *digit < 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> MigrationVersion {
        MigrationVersion::parse(text).unwrap()
    }

    #[test]
    fn prints_what_was_written_with_dots() {
        for (text, shown) in [
            ("1", "1"),
            ("001.2", "001.2"),
            ("1_2", "1.2"),
            ("1.2_3", "1.2.3"),
            ("1.00.0", "1.00.0"),
            ("+1", "+1"),
            ("-1.5", "-1.5"),
            ("-0", "-0"),
            ("20240131093000", "20240131093000"),
            ("99999999999999999999999999.1", "99999999999999999999999999.1"),
            ("9223372036854775808", "9223372036854775808"),
            ("9223372036854775807.0", "9223372036854775807.0"),
            ("09223372036854775807", "09223372036854775807"),
            ("\u{661}.2", "\u{661}.2"),
            ("\u{FF11}\u{FF12}", "\u{FF11}\u{FF12}"),
            ("\u{ABF0}", "\u{ABF0}"),
        ] {
            assert_eq!(version(text).to_string(), shown, "{text}");
            assert_eq!(version(text).history_text().as_deref(), Some(shown), "{text}");
            assert_eq!(version(text).raw(), text);
        }
    }

    #[test]
    fn knows_the_markers() {
        for (text, shown, history) in [
            ("latest", "<< Latest Version >>", "9223372036854775807"),
            ("LATEST", "<< Latest Version >>", "9223372036854775807"),
            ("9223372036854775807", "<< Latest Version >>", "9223372036854775807"),
            ("Current", "<< Current Version >>", "<< Current Version >>"),
            ("nExT", "<< Next Version >>", "<< Next Version >>"),
        ] {
            assert!(version(text).is_marker());
            assert_eq!(version(text).to_string(), shown);
            assert_eq!(version(text).history_text().as_deref(), Some(history));
        }
        assert_eq!(MigrationVersion::EMPTY.history_text(), None);
    }

    #[test]
    fn refuses_what_java_cannot_read_as_integers() {
        for text in [
            "",
            "1.",
            ".1",
            "1..2",
            "1__2",
            "_1",
            "1_",
            "1._2",
            "a",
            "1.a",
            "1.0a",
            "1,2",
            "0x1",
            "1e5",
            "1.-2",
            "1.+2",
            "-",
            "+",
            "--",
            "+-1",
            "1-1",
            " 1",
            "1 ",
            "1\t",
            "1\0",
            "latest ",
            "\u{661}.\u{662}",
            "1.\u{662}",
            "\u{1D7CF}",
            "1\u{1D7CF}",
            "\u{B2}",
            "\u{2167}",
        ] {
            assert!(MigrationVersion::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            MigrationVersion::parse("1_a").unwrap_err().to_string(),
            "Version may only contain 0..9 and . (dot). Invalid version: 1.a"
        );
    }

    #[test]
    fn orders_by_numbers() {
        let ascending = [
            "-2",
            "-1",
            "-1.5",
            "0",
            "0.0.1",
            "1",
            "1.0.1",
            "1.1",
            "1.2",
            "1.10",
            "2",
            "10",
            "99999999999999999999",
            "next",
            "latest",
        ];
        for (index, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(version(left).cmp(&version(right)), index.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn zeros_do_not_distinguish() {
        for text in ["1.0", "01", "+1", "1.0.0", "1_0", "\u{661}"] {
            assert_eq!(version(text), version("1"), "{text}");
        }
        assert_eq!(version("-0"), version("0.0"));
        assert_ne!(version("1"), version("1.0.1"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = MigrationVersion::parse(&text);
        }

        #[test]
        fn is_a_total_order(texts in prop::collection::vec("[-+]?[0-9]{1,3}([._][0-9]{1,2}){0,3}|latest|next|current", 3)) {
            use std::collections::hash_map::DefaultHasher;
            let versions: Vec<_> = texts.iter().map(|text| version(text)).collect();
            let [a, b, c] = versions.as_slice() else { unreachable!() };
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            let hash = |version: &MigrationVersion| {
                let mut hasher = DefaultHasher::new();
                version.hash(&mut hasher);
                hasher.finish()
            };
            prop_assert!(a != b || hash(a) == hash(b));
        }
    }
}
