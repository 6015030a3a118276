//! Lists of paths in one value, and paths as Python's `pathlib` writes them.

use std::path::{Component, Path, PathBuf};

use super::error::ConfigError;
use super::provenance::Origin;
use super::sources::Sources;
use crate::alembic::python::text::strip;

/// What separates the paths of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// A character that `path_separator` names.
    Character(char),
    /// No `path_separator`: blanks and commas.
    Legacy,
}

/// The separator that the first of `keys` names which is set.
pub(super) fn separator(
    sources: &Sources,
    keys: &[&str],
    notices: &mut Vec<String>,
) -> Result<Separator, ConfigError> {
    for key in keys {
        let Some(text) = sources.main_option(key)? else {
            continue;
        };
        let character = match text.as_str() {
            "space" => ' ',
            "newline" => '\n',
            "os" | ":" => ':',
            ";" => ';',
            _ => {
                return Err(ConfigError::Value {
                    origin: sources.origin(&sources.section, key).unwrap_or(Origin::Default),
                    key: (*key).to_owned(),
                    message: format!(
                        "'{text}' is not a valid value for {key}; expected 'space', 'newline', 'os', ':', ';'"
                    ),
                });
            }
        };
        if *key == "version_path_separator" {
            notices.push(
                "The version_path_separator configuration parameter is deprecated; please use path_separator"
                    .to_owned(),
            );
        }
        return Ok(Separator::Character(character));
    }
    Ok(Separator::Legacy)
}

/// The items of a list. With a separator each is stripped, and empty ones are passed over; the legacy rule does neither.
pub(super) fn split(text: &str, separator: Separator, legacy_colon: bool) -> Vec<String> {
    match separator {
        Separator::Character(character) => {
            text.split(character).filter(|item| !item.is_empty()).map(|item| strip(item).to_owned()).collect()
        }
        Separator::Legacy => split_legacy(text, legacy_colon),
    }
}

/// `re.split(r", *|(?: +)|\:", text)`, the colon only where it counts.
fn split_legacy(text: &str, colon: bool) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let tail = rest.get(character.len_utf8()..).unwrap_or_default();
        rest = match character {
            ',' | ' ' => tail.trim_start_matches(' '),
            ':' if colon => tail,
            _ => {
                if let Some(item) = items.last_mut() {
                    item.push(character);
                }
                rest = tail;
                continue;
            }
        };
        items.push(String::new());
    }
    items
}

/// `str(pathlib.Path(text))`: without `.` and doubled slashes, but with `..`.
pub(super) fn python_path(text: &str) -> PathBuf {
    let path: PathBuf =
        Path::new(text).components().filter(|component| *component != Component::CurDir).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// `Path(…).absolute()`.
pub(super) fn absolute(directory: &Path, path: &Path) -> PathBuf {
    directory.join(path).components().filter(|component| *component != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_separator_blanks_and_commas_split() {
        // Output of `re.split` of CPython 3.11.
        let cases: [(&str, &[&str]); 6] = [
            ("a, b  c", &["a", "b", "c"]),
            ("a ,b", &["a", "", "b"]),
            ("a,", &["a", ""]),
            ("a\nb", &["a\nb"]),
            ("a:b", &["a:b"]),
            ("", &[""]),
        ];
        for (text, items) in cases {
            assert_eq!(split(text, Separator::Legacy, false), items, "{text}");
        }
        assert_eq!(split(". a:b", Separator::Legacy, true), [".", "a", "b"]);
    }

    #[test]
    fn with_a_separator_items_are_stripped_and_empty_ones_go() {
        assert_eq!(split("a: b c ::d", Separator::Character(':'), false), ["a", "b c", "d"]);
        assert_eq!(split("\na\nb", Separator::Character('\n'), false), ["a", "b"]);
        assert_eq!(split("a: ", Separator::Character(':'), false), ["a", ""]);
    }

    #[test]
    fn paths_are_written_as_pathlib_writes_them() {
        let cases =
            [("./a//b/", "a/b"), ("", "."), (".", "."), ("../a/./b", "../a/b"), ("/a/../b", "/a/../b")];
        for (text, expected) in cases {
            assert_eq!(python_path(text), Path::new(expected), "{text}");
        }
        assert_eq!(absolute(Path::new("/shop"), Path::new("./a/../b")), Path::new("/shop/a/../b"));
    }
}
