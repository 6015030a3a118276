//! The character sets by the names and aliases of Java.

use encoding_rs::Encoding;

use crate::flyway::encoding::{Charset, Decoder};

const fn table(name: &'static str, encoding: &'static Encoding) -> Charset {
    Charset { name, decoder: Decoder::Table(encoding) }
}

const fn iso(name: &'static str, encoding: &'static Encoding) -> Charset {
    Charset { name, decoder: Decoder::TableWithControls(encoding) }
}

/// The character sets with Java's aliases.
pub(super) const CHARSETS: &[(Charset, &[&str])] = &[
    (Charset::UTF_8, &["UTF8", "unicode-1-1-utf-8"]),
    (
        Charset { name: "US-ASCII", decoder: Decoder::Ascii },
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
    (Charset::UTF_16BE, &["UTF_16BE", "X-UTF-16BE", "UnicodeBigUnmarked", "ISO-10646-UCS-2"]),
    (Charset::UTF_16LE, &["UTF_16LE", "X-UTF-16LE", "UnicodeLittleUnmarked"]),
    (table("windows-1250", encoding_rs::WINDOWS_1250), &["cp1250", "cp5346"]),
    (table("windows-1251", encoding_rs::WINDOWS_1251), &["cp1251", "cp5347", "ansi-1251"]),
    (table("windows-1252", encoding_rs::WINDOWS_1252), &["cp1252", "cp5348", "ibm-1252", "ibm1252"]),
    (table("windows-1253", encoding_rs::WINDOWS_1253), &["cp1253", "cp5349"]),
    (table("windows-1254", encoding_rs::WINDOWS_1254), &["cp1254", "cp5350"]),
    (table("windows-1255", encoding_rs::WINDOWS_1255), &["cp1255"]),
    (table("windows-1256", encoding_rs::WINDOWS_1256), &["cp1256"]),
    (table("windows-1257", encoding_rs::WINDOWS_1257), &["cp1257", "cp5353"]),
    (table("windows-1258", encoding_rs::WINDOWS_1258), &["cp1258"]),
    (table("x-windows-874", encoding_rs::WINDOWS_874), &["windows-874", "ms874", "ms-874"]),
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
    (iso("ISO-8859-5", encoding_rs::ISO_8859_5), &["cyrillic", "ISO8859_5", "ISO8859-5", "8859_5", "cp915"]),
    (iso("ISO-8859-6", encoding_rs::ISO_8859_6), &["arabic", "ISO8859_6", "ISO8859-6", "8859_6", "cp1089"]),
    (iso("ISO-8859-7", encoding_rs::ISO_8859_7), &["greek", "ISO8859_7", "ISO8859-7", "8859_7", "cp813"]),
    (iso("ISO-8859-8", encoding_rs::ISO_8859_8), &["hebrew", "ISO8859_8", "ISO8859-8", "8859_8", "cp916"]),
    (
        Charset { name: "ISO-8859-9", decoder: Decoder::Latin5 },
        &["latin5", "l5", "ISO8859_9", "ISO8859-9", "8859_9", "cp920"],
    ),
    (iso("ISO-8859-13", encoding_rs::ISO_8859_13), &["ISO8859_13", "ISO8859-13", "8859_13"]),
    (
        iso("ISO-8859-15", encoding_rs::ISO_8859_15),
        &["Latin9", "L9", "ISO8859_15", "ISO8859-15", "8859_15", "cp923"],
    ),
    (iso("ISO-8859-16", encoding_rs::ISO_8859_16), &["latin10", "l10", "ISO8859_16", "ISO8859-16"]),
    (iso("KOI8-R", encoding_rs::KOI8_R), &["koi8_r", "koi8", "cskoi8r"]),
    (Charset { name: "KOI8-U", decoder: Decoder::Koi8U }, &["koi8_u"]),
    (iso("IBM866", encoding_rs::IBM866), &["cp866", "866", "ibm-866"]),
];
