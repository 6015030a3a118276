//! Turning the bytes of a script into text as Java does: character sets by Java's names, malformed input refused
//! (classes `FileSystemResource` and `EncodingDetector`).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding};
use thiserror::Error;

use crate::flyway::encoding_charsets::CHARSETS;

/// A character set by the name Java knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    pub(super) name: &'static str,
    pub(super) decoder: Decoder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    Utf8,
    Ascii,
    Latin1,
    /// ISO-8859-9, which the WHATWG takes for windows-1254: ISO-8859-1 but for six Turkish letters.
    Latin5,
    /// KOI8-U, in which the WHATWG has two Belarusian letters instead of box drawings.
    Koi8U,
    /// Endianness by byte order mark, big without one.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// A table of the WHATWG; where it fills holes, Java sees a malformed byte.
    Table(&'static Encoding),
    /// A table of the WHATWG whose C1 control characters are meant.
    TableWithControls(&'static Encoding),
}

/// A character set that is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Unsupported encoding '{name}'. Use UTF-8, US-ASCII, UTF-16, UTF-16BE, UTF-16LE, ISO-8859-1 to -9, -13, -15 or \
     -16, windows-1250 to -1258, windows-874, KOI8-R, KOI8-U or IBM866, or convert the file to UTF-8 \
     (that changes no checksum)"
)]
pub struct UnknownCharset {
    /// The name as given.
    pub name: String,
}

/// Flyway's advice about files it cannot decode.
pub(crate) const ENCODING_ADVICE: &str = "Please ensure you have configured the correct file encoding with \
    'flyway.encoding' or enable 'flyway.detectEncoding' to let Flyway detect it for you";

/// Bytes that are no text in the given character set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("byte {offset} (line {line}) is not valid {charset}\n{ENCODING_ADVICE}")]
pub struct MalformedText {
    /// The character set.
    pub charset: &'static str,
    /// Where the malformed sequence begins, in bytes from 0.
    pub offset: usize,
    /// The line it stands on, from 1.
    pub line: usize,
}

impl Charset {
    /// Flyway's default.
    pub const UTF_8: Charset = Charset { name: "UTF-8", decoder: Decoder::Utf8 };
    pub(super) const ISO_8859_1: Charset = Charset { name: "ISO-8859-1", decoder: Decoder::Latin1 };
    pub(super) const UTF_16: Charset = Charset { name: "UTF-16", decoder: Decoder::Utf16 };
    pub(super) const UTF_16BE: Charset = Charset { name: "UTF-16BE", decoder: Decoder::Utf16Be };
    pub(super) const UTF_16LE: Charset = Charset { name: "UTF-16LE", decoder: Decoder::Utf16Le };

    /// The character set of this name or one of Java's aliases, without regard to case (`Charset.forName`).
    pub fn for_name(name: &str) -> Result<Charset, UnknownCharset> {
        CHARSETS
            .iter()
            .find(|(charset, aliases)| {
                charset.name.eq_ignore_ascii_case(name)
                    || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
            })
            .map(|(charset, _)| *charset)
            .ok_or_else(|| UnknownCharset { name: name.to_owned() })
    }

    /// The canonical name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What Flyway's `detectEncoding` takes the bytes for: a UTF-16 byte order mark, valid UTF-8, else ISO-8859-1;
    /// but UTF-16 when more than half of the bytes at odd positions are zero.
    ///
    /// UTF-16 found in the last way is read as big-endian though it is little-endian text that looks so. That is
    /// Flyway's behaviour, and the checksum in the history comes from it.
    pub fn detect(bytes: &[u8]) -> Charset {
        if bytes.len().is_multiple_of(2) {
            match bytes {
                [0xFE, 0xFF, ..] => return Charset::UTF_16BE,
                [0xFF, 0xFE, ..] => return Charset::UTF_16LE,
                _ => {}
            }
            let odd = bytes.iter().skip(1).step_by(2);
            let zeros = odd.filter(|byte| **byte == 0).count();
            if zeros > bytes.len() / 2 - zeros {
                return Charset::UTF_16;
            }
        }
        if std::str::from_utf8(bytes).is_ok() { Charset::UTF_8 } else { Charset::ISO_8859_1 }
    }

    /// The text of the bytes. A byte order mark stays in the text as U+FEFF, except that UTF-16 without an explicit
    /// endianness consumes it.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, MalformedText> {
        match self.decoder {
            Decoder::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(error) => {
                    let valid = error.valid_up_to();
                    Err(self
                        .malformed(valid, &String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default())))
                }
            },
            Decoder::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
                None => Ok(String::from_utf8_lossy(bytes)),
                Some(position) => {
                    let valid = bytes.get(..position).unwrap_or_default();
                    Err(self.malformed(position, &String::from_utf8_lossy(valid)))
                }
            },
            Decoder::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes)),
            Decoder::Latin5 => Ok(Cow::Owned(bytes.iter().copied().map(latin5).collect())),
            Decoder::Koi8U => {
                let text = self.decode_table(bytes, encoding_rs::KOI8_U, false)?;
                Ok(Cow::Owned(text.replace('\u{45E}', "\u{255D}").replace('\u{40E}', "\u{256C}")))
            }
            Decoder::Utf16 => match bytes {
                [0xFF, 0xFE, rest @ ..] => self.decode_utf16(rest, 2, u16::from_le_bytes),
                [0xFE, 0xFF, rest @ ..] => self.decode_utf16(rest, 2, u16::from_be_bytes),
                _ => self.decode_utf16(bytes, 0, u16::from_be_bytes),
            },
            Decoder::Utf16Be => self.decode_utf16(bytes, 0, u16::from_be_bytes),
            Decoder::Utf16Le => self.decode_utf16(bytes, 0, u16::from_le_bytes),
            Decoder::Table(table) => self.decode_table(bytes, table, true),
            Decoder::TableWithControls(table) => self.decode_table(bytes, table, false),
        }
    }

    fn decode_utf16(
        self,
        bytes: &[u8],
        skipped: usize,
        unit: fn([u8; 2]) -> u16,
    ) -> Result<Cow<'static, str>, MalformedText> {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut text = String::with_capacity(bytes.len());
        let mut offset = skipped;
        for decoded in char::decode_utf16(pairs.iter().copied().map(unit)) {
            let Ok(character) = decoded else {
                return Err(self.malformed(offset, &text));
            };
            text.push(character);
            offset += character.len_utf16() * 2;
        }
        if !odd.is_empty() {
            return Err(self.malformed(offset, &text));
        }
        Ok(Cow::Owned(text))
    }

    fn decode_table(
        self,
        bytes: &[u8],
        table: &'static Encoding,
        refuse_holes: bool,
    ) -> Result<Cow<'static, str>, MalformedText> {
        let mut decoder = table.new_decoder_without_bom_handling();
        let mut text = String::new();
        if let Some(capacity) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) {
            text.reserve(capacity);
        }
        let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
        if let DecoderResult::Malformed(length, after) = result {
            let offset = read.saturating_sub(usize::from(length) + usize::from(after));
            return Err(self.malformed(offset, &text));
        }
        // All tables are of single bytes, so the character's index is the byte's.
        if refuse_holes
            && let Some((index, (position, _))) =
                text.char_indices().enumerate().find(|(_, (_, character))| is_hole(*character))
        {
            return Err(self.malformed(index, text.get(..position).unwrap_or_default()));
        }
        Ok(Cow::Owned(text))
    }

    fn malformed(self, offset: usize, before: &str) -> MalformedText {
        MalformedText { charset: self.name, offset, line: line_of_end(before) }
    }
}

/// What Flyway does to decoded text before it is run: U+FEFF is dropped wherever it stands, but of two in a row the
/// second stays (class `BomStrippingReader`).
pub fn strip_byte_order_marks(text: &str) -> Cow<'_, str> {
    const MARK: char = '\u{FEFF}';
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut stripped = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == MARK {
            stripped.extend(characters.next());
        } else {
            stripped.push(character);
        }
    }
    Cow::Owned(stripped)
}

/// The line, from 1, on which the end of `text` stands; CR, LF and CR LF each end one.
pub(crate) fn line_of_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let feeds = bytes.iter().filter(|byte| **byte == b'\n').count();
    let lone_returns = bytes
        .iter()
        .enumerate()
        .filter(|(index, byte)| **byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'))
        .count();
    1 + feeds + lone_returns
}

/// Whether the WHATWG's tables have a character where Java's have a hole: C1 controls, and one in windows-1255.
fn is_hole(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9F}' | '\u{5BA}')
}

fn latin5(byte: u8) -> char {
    match byte {
        0xD0 => '\u{11E}',
        0xDD => '\u{130}',
        0xDE => '\u{15E}',
        0xF0 => '\u{11F}',
        0xFD => '\u{131}',
        0xFE => '\u{15F}',
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flyway::checksum::checksum;

    fn decode(name: &str, bytes: &[u8]) -> Result<String, MalformedText> {
        Charset::for_name(name).unwrap().decode(bytes).map(Cow::into_owned)
    }

    #[test]
    fn decodes_as_java_does() {
        for (name, bytes, text) in [
            ("UTF-8", b"\xEF\xBB\xBFa".as_slice(), "\u{FEFF}a"),
            ("utf8", b"\xF0\x9F\x98\x80", "😀"),
            ("latin1", b"\x80\xE9\xFF", "\u{80}éÿ"),
            ("ISO-8859-9", b"\xD0\xDD\xFE\xE9", "Ğİşé"),
            ("ISO-8859-15", b"\xA4\x80", "€\u{80}"),
            ("Cp1252", b"\x80\xE9", "€é"),
            ("windows-1251", b"\xCF", "П"),
            ("KOI8-U", b"\xAE\xBE", "\u{255D}\u{256C}"),
            ("UTF-16", b"\xFF\xFEa\0", "a"),
            ("UTF-16", b"\xFE\xFF\0a", "a"),
            ("UTF-16", b"\0a", "a"),
            ("UTF-16LE", b"\xFF\xFEa\0", "\u{FEFF}a"),
            ("UTF-16BE", b"\xD8\x3D\xDE\x00", "😀"),
        ] {
            assert_eq!(decode(name, bytes).as_deref(), Ok(text), "{name}");
        }
    }

    #[test]
    fn malformed_bytes_are_errors_with_their_place() {
        for (name, bytes, offset, line) in [
            ("UTF-8", b"a\r\nb\rc\n\xFF".as_slice(), 7, 4),
            ("UTF-8", b"a\xC3", 1, 1),
            ("UTF-8", b"\xED\xA0\x80", 0, 1),
            ("UTF-8", b"\xC0\x80", 0, 1),
            ("US-ASCII", b"\n\x80", 1, 2),
            ("windows-1252", b"\xE9\n\x81", 2, 2),
            ("windows-1255", b"\xCA", 0, 1),
            ("UTF-16BE", b"\0a\xD8\0", 2, 1),
            ("UTF-16LE", b"a\0\0\xDC", 2, 1),
            ("UTF-16", b"\xFF\xFE\n\0a", 4, 2),
        ] {
            let error = decode(name, bytes).unwrap_err();
            assert_eq!((error.offset, error.line), (offset, line), "{name}");
            assert!(error.to_string().contains("enable 'flyway.detectEncoding'"));
        }
    }

    #[test]
    fn unknown_names_are_refused() {
        for name in ["", "nope", "Shift_JIS", "IBM850"] {
            assert!(
                Charset::for_name(name).unwrap_err().to_string().contains("convert the file to UTF-8"),
                "{name}"
            );
        }
    }

    /// Results, and checksums of the texts they lead to, are those of Flyway 13.0.0.
    #[test]
    fn detects_as_flyway_does() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for (bytes, name, sum) in [
            (b"".to_vec(), "UTF-8", 0),
            ("select é;".as_bytes().to_vec(), "UTF-8", -907208984),
            (b"select \xE9;".to_vec(), "ISO-8859-1", -907208984),
            (utf16("\u{FEFF}select 1;"), "UTF-16LE", -690524359),
            // Without a mark the bytes are taken for big-endian: kept, since such checksums are in histories.
            (utf16("select 1;"), "UTF-16", 1473096746),
            (b"a\n\xFF".to_vec(), "ISO-8859-1", 224219797),
        ] {
            let charset = Charset::detect(&bytes);
            assert_eq!(charset.name(), name);
            assert_eq!(checksum(&charset.decode(&bytes).unwrap()), sum, "{name}");
        }
        assert_eq!(Charset::detect(b"\xFE\xFF\0a").name(), "UTF-16BE");
        assert_eq!(Charset::detect(b"\xFE\xFF\0").name(), "ISO-8859-1");
    }

    #[test]
    fn byte_order_marks_are_dropped_but_for_every_second_in_a_row() {
        for (text, stripped) in [
            ("\u{FEFF}a", "a"),
            ("a\u{FEFF}b", "ab"),
            ("\u{FEFF}\u{FEFF}a", "\u{FEFF}a"),
            ("\u{FEFF}\u{FEFF}\u{FEFF}a", "\u{FEFF}a"),
            ("\u{FEFF}", ""),
        ] {
            assert_eq!(strip_byte_order_marks(text), stripped, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Charset::detect(&bytes).decode(&bytes);
            for (charset, _) in CHARSETS {
                if let Err(error) = charset.decode(&bytes) {
                    prop_assert!(error.offset < bytes.len());
                }
            }
        }
    }
}
