//! Where Flyway looks for scripts (classes `LocationParser` and `Locations`).

use std::cmp::Ordering;

use thiserror::Error;

use crate::flyway::location_pattern::{LocationPattern, PatternMatch};

/// What a location is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationKind {
    /// `classpath:`, and no prefix: the resources of a Java project.
    Classpath,
    /// `filesystem:`: the working directory.
    Filesystem,
}

/// A place to look for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What it is relative to.
    pub kind: LocationKind,
    /// Prefix and path, by which Flyway sorts and compares locations.
    pub descriptor: String,
    /// The path up to the first wildcard, with `/` between its parts and none at its end.
    pub root: String,
    /// The rest of the path, if it has wildcards.
    pub pattern: Option<LocationPattern>,
}

/// A location that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LocationError {
    /// A prefix that Flyway knows and this program does not.
    #[error(
        "Location {descriptor} is in a cloud store, which cannot be read here; copy the scripts to a directory and use \
         filesystem:"
    )]
    Cloud {
        /// The location as given.
        descriptor: String,
    },
    /// A prefix that nobody knows.
    #[error("Unknown prefix for location (should be one of classpath:, filesystem:): {descriptor}")]
    UnknownPrefix {
        /// The location as given.
        descriptor: String,
    },
}

/// Reads locations, sorts them and drops duplicates and those that lie within another; the second result says which
/// were dropped, in Flyway's words.
pub fn parse_all<S: AsRef<str>>(descriptors: &[S]) -> Result<(Vec<Location>, Vec<String>), LocationError> {
    let mut sorted =
        descriptors.iter().map(|text| Location::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
    sorted.sort_by(|left, right| compare_utf16(&left.descriptor, &right.descriptor));
    let mut kept: Vec<Location> = Vec::with_capacity(sorted.len());
    let mut warnings = Vec::new();
    for location in sorted {
        if kept.iter().any(|other| other.descriptor == location.descriptor) {
            warnings.push(format!("Discarding duplicate location '{}'", location.descriptor));
        } else if let Some(parent) = kept.iter().find(|other| other.contains(&location)) {
            warnings.push(format!(
                "Discarding location '{}' as it is a sub-location of '{}'",
                location.descriptor, parent.descriptor
            ));
        } else {
            kept.push(location);
        }
    }
    Ok((kept, warnings))
}

impl Location {
    /// Reads one location: `db/migration`, `classpath:db/migration`, `filesystem:sql/**/common`.
    pub fn parse(text: &str) -> Result<Location, LocationError> {
        // Java's `trim`.
        let text = text.trim_matches(|character| character <= ' ');
        let (prefix, path) = match text.split_once(':') {
            Some(parts) if !is_plain_path(text) => parts,
            _ => ("classpath", text),
        };
        let kind = match prefix.to_ascii_lowercase().as_str() {
            "classpath" => LocationKind::Classpath,
            "filesystem" => LocationKind::Filesystem,
            "s3" | "gcs" | "azureblob" => {
                return Err(LocationError::Cloud { descriptor: text.to_owned() });
            }
            _ => {
                return Err(LocationError::UnknownPrefix { descriptor: text.to_owned() });
            }
        };
        let (root, pattern) = match LocationPattern::split(path) {
            Some((root, pattern)) => (kind.normalize(&root), Some(pattern)),
            None => (kind.normalize(path), None),
        };
        let shown = if pattern.is_some() { path } else { root.as_str() };
        Ok(Location { kind, descriptor: format!("{}{shown}", kind.prefix()), root, pattern })
    }

    /// Whether a file, given by its path relative to the root, belongs to the location, and its path relative to the
    /// location: what the history calls its script.
    pub fn script<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self.pattern.as_ref().map(|pattern| pattern.matches(path)) {
            None | Some(Some(PatternMatch::File)) => Some(path),
            Some(Some(PatternMatch::Under(relative))) => Some(relative),
            Some(None) => None,
        }
    }

    fn contains(&self, other: &Location) -> bool {
        if self.pattern.is_some() || other.pattern.is_some() {
            return false;
        }
        other.descriptor.strip_prefix(self.descriptor.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl LocationKind {
    /// The prefix with its colon.
    pub fn prefix(self) -> &'static str {
        match self {
            LocationKind::Classpath => "classpath:",
            LocationKind::Filesystem => "filesystem:",
        }
    }

    /// The path as `java.io.File` (no doubled and no trailing separators) or the class path (no separator at either
    /// end) has it.
    fn normalize(self, path: &str) -> String {
        match self {
            LocationKind::Classpath => {
                let path = path.strip_prefix('/').unwrap_or(path);
                path.strip_suffix('/').unwrap_or(path).to_owned()
            }
            LocationKind::Filesystem => {
                let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
                let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
                let root = if path.starts_with('/') { "/" } else { "" };
                format!("{root}{}", names.join("/"))
            }
        }
    }
}

/// The order of Java's strings: by UTF-16 code units, which differs from ours beyond U+FFFF.
pub(crate) fn compare_utf16(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// Whether the colon belongs to a path: `C:\sql` or `file:///sql`.
fn is_plain_path(text: &str) -> bool {
    let is_separator = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'\\'));
    let bytes = text.as_bytes();
    let has_drive = bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.get(1) == Some(&b':')
        && is_separator(bytes.get(2));
    let is_url = text.starts_with("file:") && (5..8).all(|index| is_separator(bytes.get(index)));
    has_drive || is_url
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All results are those of Flyway 13.0.0.
    #[test]
    fn reads_locations() {
        for (text, descriptor, root) in [
            ("db/migration", "classpath:db/migration", "db/migration"),
            ("classpath:/db/migration/", "classpath:db/migration", "db/migration"),
            ("", "classpath:", ""),
            ("c:/x", "classpath:c:/x", "c:/x"),
            ("filesystem:sql/", "filesystem:sql", "sql"),
            ("filesystem:/a//b/", "filesystem:/a/b", "/a/b"),
            ("  filesystem:x  ", "filesystem:x", "x"),
            ("filesystem: x", "filesystem: x", " x"),
            ("FileSystem:x", "filesystem:x", "x"),
            ("filesystem:", "filesystem:", ""),
            ("filesystem:/", "filesystem:/", "/"),
            ("filesystem:a:b", "filesystem:a:b", "a:b"),
            ("filesystem:./a/../b", "filesystem:./a/../b", "./a/../b"),
            ("filesystem:db//*/x/", "filesystem:db//*/x/", "db"),
            ("filesystem:*/x", "filesystem:*/x", ""),
        ] {
            let location = Location::parse(text).unwrap();
            assert_eq!((location.descriptor.as_str(), location.root.as_str()), (descriptor, root), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for text in ["s3:bucket/x", "gcs:bucket", "azureblob:x"] {
            assert!(matches!(Location::parse(text), Err(LocationError::Cloud { .. })), "{text}");
        }
        assert_eq!(
            Location::parse("foo:bar").unwrap_err().to_string(),
            "Unknown prefix for location (should be one of classpath:, filesystem:): foo:bar"
        );
        assert!(Location::parse(":x").is_err());
    }

    #[test]
    fn sorts_and_drops_duplicates_and_locations_within_others() {
        let (locations, warnings) = parse_all(&[
            "filesystem:b",
            "filesystem:a",
            "filesystem:b/",
            "filesystem:a/c",
            "filesystem:ab",
            "filesystem:a/*",
        ])
        .unwrap();
        let kept: Vec<_> = locations.iter().map(|location| location.descriptor.as_str()).collect();
        assert_eq!(kept, ["filesystem:a", "filesystem:a/*", "filesystem:ab", "filesystem:b"]);
        assert_eq!(
            warnings,
            [
                "Discarding location 'filesystem:a/c' as it is a sub-location of 'filesystem:a'",
                "Discarding duplicate location 'filesystem:b'",
            ]
        );
    }

    #[test]
    fn sorts_by_utf16_code_units() {
        let (locations, _) = parse_all(&["filesystem:\u{FF5E}", "filesystem:😀"]).unwrap();
        assert_eq!(locations[0].root, "😀");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(filesystem:|classpath:|s3:)?[*?./\\\\a: é]{0,20}") {
            let _ = Location::parse(&text);
        }
    }
}
