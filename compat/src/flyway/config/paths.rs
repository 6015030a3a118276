//! Paths as `java.io.File` makes them absolute: joined and tidied, `..` left alone.

use std::path::{Path, PathBuf};

/// `new File(path).getAbsolutePath()` with `base` as the current directory.
pub(super) fn absolute(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    // Collecting components drops doubled and trailing separators, as File does.
    base.join(path).components().collect()
}

const FILESYSTEM: &str = "filesystem:";

/// A location with a relative `filesystem:` path made absolute; others are left alone.
pub(super) fn absolute_location(base: &Path, location: &str) -> String {
    match location.strip_prefix(FILESYSTEM) {
        Some(path) => filesystem(&absolute(base, path)),
        None => location.to_owned(),
    }
}

/// The location of a directory.
pub(super) fn filesystem(directory: &Path) -> String {
    format!("{FILESYSTEM}{}", directory.display())
}
