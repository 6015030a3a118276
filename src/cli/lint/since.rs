//! Files that changed since a revision of git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::failure::Failure;

/// Files below a folder that differ from the revision, and those that git does not know yet; whole paths.
pub(super) fn changed(root: &Path, revision: &str) -> Result<BTreeSet<PathBuf>, Failure> {
    if revision.starts_with('-') {
        return Err(Failure::usage(format!("{revision} is no revision of git")));
    }
    let root = whole(root)?;
    // What the revision's branch got since they parted is no change of ours.
    let base = git(&root, &["merge-base", revision, "HEAD"])?;
    let base = base.trim_end().to_owned();
    let differing =
        git(&root, &["diff", "--name-only", "--relative", "--diff-filter=d", "-z", &base, "--", "."])?;
    let unknown = git(&root, &["ls-files", "--others", "--exclude-standard", "-z", "--", "."])?;
    let names = differing.split('\0').chain(unknown.split('\0')).filter(|name| !name.is_empty());
    Ok(names.map(|name| root.join(name)).collect())
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let failed = |reason: String| {
        Failure::new("GIT", format!("git {}: {reason}", arguments.join(" "))).help(
            "--since needs git, and a revision that it knows; without it every file is checked with --all.",
        )
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The whole path of a file that is there.
pub(super) fn whole(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))
}
