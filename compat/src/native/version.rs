//! Versions: decimal numbers of any length, compared by value and kept as written.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A version as a file or a history row writes it. `1`, `01` and `001` are equal.
#[derive(Debug, Clone)]
pub struct Version {
    /// As written; decimal digits, at least one.
    text: String,
}

impl Version {
    /// Reads decimal digits; `None` for anything else, the empty text included.
    pub fn parse(text: &str) -> Option<Version> {
        let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits_only.then(|| Version { text: text.to_owned() })
    }

    /// The version 1.
    pub fn first() -> Version {
        Version { text: "1".to_owned() }
    }

    /// As written, leading zeros included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the value is 0, the place before the first migration.
    pub fn is_zero(&self) -> bool {
        self.value().is_empty()
    }

    /// The next number, in at least as many digits.
    pub fn next(&self) -> Version {
        let mut digits = self.text.clone().into_bytes();
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return Version { text: digits.into_iter().map(char::from).collect() };
            }
            *digit = b'0';
        }
        Version { text: std::iter::once('1').chain(digits.into_iter().map(char::from)).collect() }
    }

    /// The significant digits: no leading zeros, so that longer means greater.
    fn value(&self) -> &str {
        self.text.trim_start_matches('0')
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let (left, right) = (self.value(), other.value());
        left.len().cmp(&right.len()).then_with(|| left.cmp(right))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.value() == other.value()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn only_decimal_digits_are_a_version() {
        for text in ["", "1.2", "-1", "1a", " 1", "١٢"] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn leading_zeros_do_not_change_the_value_but_are_kept() {
        assert_eq!(version("007"), version("7"));
        assert_eq!(version("007").as_str(), "007");
        assert!(version("000").is_zero());
    }

    #[test]
    fn versions_longer_than_any_machine_integer_compare_by_value() {
        let long = "9".repeat(200);
        assert!(version("99999999999999999999") < version("100000000000000000000"));
        assert!(version(&long) < version(&long).next());
    }

    #[test]
    fn the_next_version_keeps_the_width_until_it_overflows() {
        for (text, next) in [("001", "002"), ("009", "010"), ("999", "1000"), ("0", "1")] {
            assert_eq!(version(text).next().as_str(), next);
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers(left: u64, right: u64, zeros in 0usize..4) {
            let padded = format!("{}{left}", "0".repeat(zeros));
            prop_assert_eq!(version(&padded).cmp(&version(&right.to_string())), left.cmp(&right));
        }
    }
}
