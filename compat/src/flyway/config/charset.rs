//! Character sets by Java's names, decoding strictly: malformed bytes are an error, as in Flyway.

use encoding_rs::Encoding;

/// A character set. Unlike the web's labels, `ISO-8859-1` and `US-ASCII` mean what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// ISO-8859-1: every byte is the code point of its number.
    Latin1,
    /// US-ASCII: bytes from 0x80 are malformed.
    Ascii,
    /// UTF-16 with an optional byte order mark, big endian without one.
    Utf16,
    /// Any other, UTF-8 among them.
    Other(&'static Encoding),
}

impl Charset {
    /// UTF-8, Flyway's default.
    pub const UTF_8: Charset = Charset::Other(encoding_rs::UTF_8);

    /// The character set with this name or alias, in any case (`Charset.forName`); `None` if there is none.
    pub fn named(name: &str) -> Option<Charset> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "iso-8859-1" | "iso8859-1" | "iso8859_1" | "iso_8859-1" | "iso_8859_1" | "latin1" | "l1"
            | "8859_1" | "819" | "cp819" | "ibm819" | "ibm-819" => Some(Charset::Latin1),
            "us-ascii" | "ascii" | "iso646-us" | "iso_646.irv:1991" | "ascii7" | "646" | "default" => {
                Some(Charset::Ascii)
            }
            "utf-16" | "utf16" | "utf_16" | "unicode" | "unicodebig" => Some(Charset::Utf16),
            "utf-16be" | "utf_16be" | "utf-16-be" | "unicodebigunmarked" => {
                Some(Charset::Other(encoding_rs::UTF_16BE))
            }
            "utf-16le" | "utf_16le" | "utf-16-le" | "unicodelittleunmarked" => {
                Some(Charset::Other(encoding_rs::UTF_16LE))
            }
            _ => Encoding::for_label(java_label(&lower).as_bytes()).map(Charset::Other),
        }
    }

    /// The name as messages show it.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Latin1 => "ISO-8859-1",
            Charset::Ascii => "US-ASCII",
            Charset::Utf16 => "UTF-16",
            Charset::Other(encoding) => encoding.name(),
        }
    }

    /// The text, or `None` where a byte sequence is malformed. A byte order mark stays, except in [`Charset::Utf16`].
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        let encoding = match self {
            Charset::Latin1 => return Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Charset::Ascii if !bytes.is_ascii() => return None,
            Charset::Ascii => encoding_rs::UTF_8,
            Charset::Utf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => return Charset::Other(encoding_rs::UTF_16LE).decode(rest),
                [0xfe, 0xff, rest @ ..] => return Charset::Other(encoding_rs::UTF_16BE).decode(rest),
                _ => encoding_rs::UTF_16BE,
            },
            Charset::Other(encoding) => encoding,
        };
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
    }
}

/// Java's spellings that the web's list of labels lacks.
fn java_label(lower: &str) -> String {
    if let Some(number) = lower.strip_prefix("iso8859_").or_else(|| lower.strip_prefix("iso8859-")) {
        return format!("iso-8859-{number}");
    }
    match lower {
        "cp1250" | "cp1251" | "cp1252" | "cp1253" | "cp1254" | "cp1255" | "cp1256" | "cp1257" | "cp1258" => {
            lower.replace("cp", "windows-")
        }
        "utf_8" => "utf-8".to_owned(),
        "ms932" => "windows-31j".to_owned(),
        "ms936" => "gbk".to_owned(),
        "euc_jp" | "eucjp" => "euc-jp".to_owned(),
        "euc_kr" | "euckr" => "euc-kr".to_owned(),
        "koi8_r" => "koi8-r".to_owned(),
        "koi8_u" => "koi8-u".to_owned(),
        _ => lower.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decode_as_in_java() {
        let cases: &[(&str, &[u8], Option<&str>)] = &[
            ("UTF-8", "né".as_bytes(), Some("né")),
            ("utf8", b"n\xe9", None),
            ("ISO-8859-1", b"n\xe9\x85", Some("né\u{85}")),
            ("windows-1252", b"\x85", Some("…")),
            ("Cp1252", b"\x85", Some("…")),
            ("US-ASCII", b"\xe9", None),
            ("UTF-16", b"\0a", Some("a")),
            ("UTF-16", b"\xff\xfea\0", Some("a")),
            ("UTF-16LE", b"a\0", Some("a")),
            ("UTF-16LE", b"a", None),
            ("ISO8859_15", b"\xa4", Some("€")),
        ];
        for (name, bytes, text) in cases {
            let charset = Charset::named(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(charset.decode(bytes).as_deref(), *text, "{name}");
        }
        assert_eq!(Charset::named("nope"), None);
    }
}
