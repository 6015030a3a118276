//! `[plugin.NAME]` of `dunlin.toml`: where a plugin is, what it is given and what it may use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::values::{parse_bytes, parse_duration};

/// A table `[plugin.NAME]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PluginTable {
    /// Its file, relative to the project; `plugins/NAME.wasm` when nothing is said.
    pub path: Option<PathBuf>,
    /// The SHA-256 that the file must have, in lower-case hexadecimal.
    #[serde(deserialize_with = "sha256")]
    pub sha256: Option<String>,
    /// Bytes of memory that it may use.
    #[serde(deserialize_with = "bytes")]
    pub memory: Option<usize>,
    /// How long one call, which is one chunk of rows, may take.
    #[serde(deserialize_with = "time")]
    pub time: Option<Duration>,
    /// Bytes that one call may give back.
    #[serde(deserialize_with = "bytes")]
    pub output: Option<usize>,
    /// What it may use beside its arguments: nothing, unless it is said here.
    pub grant: GrantTable,
    /// Its options.
    pub options: BTreeMap<String, OptionTable>,
}

/// `grant` of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GrantTable {
    /// The time of day, and waiting.
    pub clock: bool,
    /// Random numbers.
    pub random: bool,
    /// Folders of the project that it may read; it sees them under the names that are written here.
    pub read: Vec<PathBuf>,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a text, a whole number, true, false, { env = \"NAME\" } or { file = \"path\" }"
)]
pub enum OptionTable {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A secret in an environment variable.
    Environment(EnvironmentReference),
    /// A secret in a file, relative to the project; a line end at its end does not count.
    File(FileReference),
}

/// `{ env = "NAME" }`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentReference {
    /// The variable.
    pub env: String,
}

/// `{ file = "path" }`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileReference {
    /// The file.
    pub file: PathBuf,
}

fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?.to_ascii_lowercase();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(text));
    }
    Err(D::Error::custom("a SHA-256 has 64 hexadecimal digits; `dunlin plugin inspect` shows it"))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    const EXPECTED: &str = "write a time with its unit in quotes, as in \"10s\", above 0";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    let time = parse_duration(&text).filter(|time| !time.is_zero());
    time.map(Some).ok_or_else(|| D::Error::custom(EXPECTED))
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    const EXPECTED: &str = "write a size with its unit in quotes, as in \"64MiB\", up to \"4GiB\"";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    parse_bytes(&text).map(Some).ok_or_else(|| D::Error::custom(EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<PluginTable, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn everything_is_read() {
        let table = parsed(
            "path = \"plugins/cents.wasm\"\nmemory = \"64MiB\"\ntime = \"2s\"\noutput = \"512 KiB\"\n\
             grant = { clock = true, read = [\"reference\"] }\n\
             [options]\ncolumn = \"amount\"\ndigits = 2\nstrict = true\nkey = { env = \"SHOP_KEY\" }\nold = { file = \"old.key\" }\n",
        )
        .unwrap();
        assert_eq!(table.memory, Some(64 << 20));
        assert_eq!(table.output, Some(512 << 10));
        assert_eq!(table.time, Some(Duration::from_secs(2)));
        assert_eq!(
            table.grant,
            GrantTable { clock: true, random: false, read: vec![PathBuf::from("reference")] }
        );
        assert_eq!(table.options["digits"], OptionTable::Integer(2));
        assert_eq!(
            table.options["key"],
            OptionTable::Environment(EnvironmentReference { env: "SHOP_KEY".into() })
        );
        assert_eq!(table.options["old"], OptionTable::File(FileReference { file: "old.key".into() }));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        let cases = [
            "memory = 64",
            "memory = \"64MB\"",
            "memory = \"0MiB\"",
            "memory = \"99GiB\"",
            "time = \"0s\"",
            "sha256 = \"12\"",
            "grant = { network = true }",
            "options = { key = { vault = \"x\" } }",
        ];
        let errors: Vec<String> = cases.into_iter().map(|case| parsed(case).unwrap_err()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        write a size with its unit in quotes, as in "64MiB", up to "4GiB"
        write a size with its unit in quotes, as in "64MiB", up to "4GiB"
        write a size with its unit in quotes, as in "64MiB", up to "4GiB"
        write a size with its unit in quotes, as in "64MiB", up to "4GiB"
        write a time with its unit in quotes, as in "10s", above 0
        a SHA-256 has 64 hexadecimal digits; `dunlin plugin inspect` shows it
        unknown field `network`, expected one of `clock`, `random`, `read`
        expected a text, a whole number, true, false, { env = "NAME" } or { file = "path" }
        "#);
    }
}
