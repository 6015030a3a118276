//! The checksum of a migration (class `ChecksumCalculator`): a CRC-32 over its lines without their ends.

use crc32fast::Hasher;

/// U+FEFF, the byte order mark.
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The checksum of a text: a byte order mark at its very start is skipped, and so is every CR and LF.
///
/// So line endings, a final newline and even line joins do not matter; every other character does.
///
/// ```
/// use dunlin_compat::flyway::checksum::checksum;
/// assert_eq!(checksum("abc\ndef efg\nxyz"), 989464445);
/// assert_eq!(checksum("abc\r\ndef efg\r\nxyz\r\n"), 989464445);
/// ```
pub fn checksum(text: &str) -> i32 {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut hasher = Hasher::new();
    // Lines are short, the CRC is fast on long input: gather them first.
    let mut gathered = [0u8; 8192];
    let mut filled = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        if filled == gathered.len() {
            hasher.update(&gathered);
            filled = 0;
        }
        gathered[filled] = byte;
        filled += 1;
    }
    hasher.update(&gathered[..filled]);
    hasher.finalize().cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All values are Flyway 13.0.0's own.
    #[test]
    fn agrees_with_flyway() {
        for (text, expected) in [
            ("", 0),
            ("SELECT 1;", 78787420),
            ("SELECT 1;\n", 78787420),
            ("\u{FEFF}SELECT 1;", 78787420),
            ("select 1;", -690524359),
            ("abc\ndef efg\nxyz", 989464445),
            ("abc\r\ndef efg\r\nxyz\r\n", 989464445),
            ("abc\rdef efg\rxyz", 989464445),
            ("é", 235179326),
            ("create view v as select '${x}' as x;", -970937452),
            ("create view v as select '1' as x;", 133034667),
        ] {
            assert_eq!(checksum(text), expected, "{text:?}");
        }
    }

    #[test]
    fn skips_only_one_mark_and_only_at_the_start() {
        let marked = |text: &str| checksum(&format!("\u{FEFF}{text}"));
        assert_eq!(marked("\na"), checksum("a"));
        assert_ne!(marked("\u{FEFF}a"), checksum("a"));
        assert_ne!(checksum("\n\u{FEFF}a"), checksum("a"));
    }

    #[test]
    fn takes_every_other_blank_and_separator_seriously() {
        for text in ["a b", "a  b", "a\tb", "a\u{B}b", "a\u{C}b", "a\u{85}b", "a\u{2028}b"] {
            assert_ne!(checksum(text), checksum("ab"), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn does_not_depend_on_line_endings(lines in prop::collection::vec("[^\r\n\u{FEFF}]{0,3000}", 0..12)) {
            let unix = lines.join("\n");
            prop_assert_eq!(checksum(&unix), checksum(&lines.join("\r\n")));
            prop_assert_eq!(checksum(&unix), checksum(&lines.join("\r")));
            prop_assert_eq!(checksum(&unix), crc32fast::hash(lines.concat().as_bytes()).cast_signed());
        }
    }
}
