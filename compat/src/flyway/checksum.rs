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
