//! Turning the bytes of a script into text as Java does: character sets by Java's names, malformed input refused
//! (classes `FileSystemResource` and `EncodingDetector`).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding};
use thiserror::Error;

/// A character set by the name Java knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    name: &'static str,
    decoder: Decoder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decoder {
    Utf8,
    Ascii,
    Latin1,
    /// Endianness by byte order mark, big without one.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// A table of the WHATWG; where it fills holes with C1 control characters, Java sees a malformed byte.
    Table(&'static Encoding),
    /// A table of the WHATWG whose C1 control characters are meant.
    TableWithControls(&'static Encoding),
}

/// A character set that is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Unsupported encoding '{name}'. Use UTF-8, US-ASCII, UTF-16, UTF-16BE, UTF-16LE, ISO-8859-1 to -8, -13, -15 or \
     -16, windows-1250 to -1258, windows-874, KOI8-R, KOI8-U or IBM866, or convert the file to UTF-8 \
     (that changes no checksum)"
)]
pub struct UnknownCharset {
    /// The name as given.
    pub name: String,
}

/// Bytes that are no text in the given character set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "byte {offset} (line {line}) is not valid {charset}\nPlease ensure you have configured the correct file encoding \
     with 'flyway.encoding' or enable 'flyway.detectEncoding' to let Flyway detect it for you"
)]
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
    pub const UTF_8: Charset = Charset {
        name: "UTF-8",
        decoder: Decoder::Utf8,
    };
    const ISO_8859_1: Charset = Charset {
        name: "ISO-8859-1",
        decoder: Decoder::Latin1,
    };
    const UTF_16: Charset = Charset {
        name: "UTF-16",
        decoder: Decoder::Utf16,
    };
    const UTF_16BE: Charset = Charset {
        name: "UTF-16BE",
        decoder: Decoder::Utf16Be,
    };
    const UTF_16LE: Charset = Charset {
        name: "UTF-16LE",
        decoder: Decoder::Utf16Le,
    };

    /// The character set of this name or one of Java's aliases, without regard to case (`Charset.forName`).
    pub fn for_name(name: &str) -> Result<Charset, UnknownCharset> {
        CHARSETS
            .iter()
            .find(|(charset, aliases)| {
                charset.name.eq_ignore_ascii_case(name)
                    || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
            })
            .map(|(charset, _)| *charset)
            .ok_or_else(|| UnknownCharset {
                name: name.to_owned(),
            })
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
        if std::str::from_utf8(bytes).is_ok() {
            Charset::UTF_8
        } else {
            Charset::ISO_8859_1
        }
    }

    /// The text of the bytes. A byte order mark stays in the text as U+FEFF, except that UTF-16 without an explicit
    /// endianness consumes it.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, MalformedText> {
        match self.decoder {
            Decoder::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(error) => {
                    let valid = error.valid_up_to();
                    Err(self.malformed(
                        valid,
                        &String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()),
                    ))
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
        refuse_controls: bool,
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
        if refuse_controls
            && let Some((index, (position, _))) = text
                .char_indices()
                .enumerate()
                .find(|(_, (_, character))| is_c1_control(*character))
        {
            return Err(self.malformed(index, text.get(..position).unwrap_or_default()));
        }
        Ok(Cow::Owned(text))
    }

    fn malformed(self, offset: usize, before: &str) -> MalformedText {
        MalformedText {
            charset: self.name,
            offset,
            line: line_of_end(before),
        }
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

fn is_c1_control(character: char) -> bool {
    ('\u{80}'..='\u{9F}').contains(&character)
}

const fn table(name: &'static str, encoding: &'static Encoding) -> Charset {
    Charset {
        name,
        decoder: Decoder::Table(encoding),
    }
}

const fn iso(name: &'static str, encoding: &'static Encoding) -> Charset {
    Charset {
        name,
        decoder: Decoder::TableWithControls(encoding),
    }
}

/// The character sets with Java's aliases.
const CHARSETS: &[(Charset, &[&str])] = &[
    (Charset::UTF_8, &["UTF8", "unicode-1-1-utf-8"]),
    (
        Charset {
            name: "US-ASCII",
            decoder: Decoder::Ascii,
        },
        &[
            "ASCII",
            "646",
            "iso_646.irv:1991",
            "ISO646-US",
            "ANSI_X3.4-1968",
            "ANSI_X3.4-1986",
            "cp367",
            "IBM367",
            "us",
        ],
    ),
    (
        Charset::ISO_8859_1,
        &[
            "latin1",
            "l1",
            "ISO8859_1",
            "ISO8859-1",
            "ISO_8859-1",
            "ISO_8859_1",
            "8859_1",
            "819",
            "cp819",
            "IBM819",
            "IBM-819",
            "iso-ir-100",
            "csISOLatin1",
            "ISO_8859-1:1987",
        ],
    ),
    (Charset::UTF_16, &["UTF_16", "utf16", "unicode", "UnicodeBig"]),
    (
        Charset::UTF_16BE,
        &["UTF_16BE", "X-UTF-16BE", "UnicodeBigUnmarked", "ISO-10646-UCS-2"],
    ),
    (
        Charset::UTF_16LE,
        &["UTF_16LE", "X-UTF-16LE", "UnicodeLittleUnmarked"],
    ),
    (
        table("windows-1250", encoding_rs::WINDOWS_1250),
        &["cp1250", "cp5346"],
    ),
    (
        table("windows-1251", encoding_rs::WINDOWS_1251),
        &["cp1251", "cp5347", "ansi-1251"],
    ),
    (
        table("windows-1252", encoding_rs::WINDOWS_1252),
        &["cp1252", "cp5348", "ibm-1252", "ibm1252"],
    ),
    (
        table("windows-1253", encoding_rs::WINDOWS_1253),
        &["cp1253", "cp5349"],
    ),
    (
        table("windows-1254", encoding_rs::WINDOWS_1254),
        &["cp1254", "cp5350"],
    ),
    (table("windows-1255", encoding_rs::WINDOWS_1255), &["cp1255"]),
    (table("windows-1256", encoding_rs::WINDOWS_1256), &["cp1256"]),
    (
        table("windows-1257", encoding_rs::WINDOWS_1257),
        &["cp1257", "cp5353"],
    ),
    (table("windows-1258", encoding_rs::WINDOWS_1258), &["cp1258"]),
    (
        table("x-windows-874", encoding_rs::WINDOWS_874),
        &["windows-874", "ms874", "ms-874"],
    ),
    (
        iso("ISO-8859-2", encoding_rs::ISO_8859_2),
        &["latin2", "l2", "ISO8859_2", "ISO8859-2", "8859_2", "cp912"],
    ),
    (
        iso("ISO-8859-3", encoding_rs::ISO_8859_3),
        &["latin3", "l3", "ISO8859_3", "ISO8859-3", "8859_3", "cp913"],
    ),
    (
        iso("ISO-8859-4", encoding_rs::ISO_8859_4),
        &["latin4", "l4", "ISO8859_4", "ISO8859-4", "8859_4", "cp914"],
    ),
    (
        iso("ISO-8859-5", encoding_rs::ISO_8859_5),
        &["cyrillic", "ISO8859_5", "ISO8859-5", "8859_5", "cp915"],
    ),
    (
        iso("ISO-8859-6", encoding_rs::ISO_8859_6),
        &["arabic", "ISO8859_6", "ISO8859-6", "8859_6", "cp1089"],
    ),
    (
        iso("ISO-8859-7", encoding_rs::ISO_8859_7),
        &["greek", "ISO8859_7", "ISO8859-7", "8859_7", "cp813"],
    ),
    (
        iso("ISO-8859-8", encoding_rs::ISO_8859_8),
        &["hebrew", "ISO8859_8", "ISO8859-8", "8859_8", "cp916"],
    ),
    (
        iso("ISO-8859-13", encoding_rs::ISO_8859_13),
        &["ISO8859_13", "ISO8859-13", "8859_13"],
    ),
    (
        iso("ISO-8859-15", encoding_rs::ISO_8859_15),
        &["Latin9", "L9", "ISO8859_15", "ISO8859-15", "8859_15", "cp923"],
    ),
    (
        iso("ISO-8859-16", encoding_rs::ISO_8859_16),
        &["latin10", "l10", "ISO8859_16", "ISO8859-16"],
    ),
    (iso("KOI8-R", encoding_rs::KOI8_R), &["koi8_r", "koi8", "cskoi8r"]),
    (iso("KOI8-U", encoding_rs::KOI8_U), &["koi8_u"]),
    (iso("IBM866", encoding_rs::IBM866), &["cp866", "866", "ibm-866"]),
];
