//! The project's own modules, found as Python finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::interpreter::Source;
use super::source::decode;

/// Where the project's modules are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modules {
    /// The project: what lies outside of it, or in its installed packages, is not its own.
    pub root: PathBuf,
    /// Python's search path, absolute.
    pub search_path: Vec<PathBuf>,
}

impl Modules {
    /// The file of a module of the project by its full name.
    pub fn find(&self, module: &str) -> Option<PathBuf> {
        if module.is_empty() || module.contains(['/', '\\']) {
            return None;
        }
        let relative: PathBuf = module.split('.').collect();
        let candidates = self.search_path.iter().flat_map(|folder| {
            let base = folder.join(&relative);
            [base.join("__init__.py"), base.with_added_extension("py")]
        });
        candidates.into_iter().find(|path| path.is_file()).filter(|path| self.is_own(path))
    }

    /// The source of a module of the project.
    pub fn source(&self, module: &str) -> Option<Source> {
        let path = self.find(module)?;
        let text = decode(&fs::read(&path).ok()?).ok()?;
        let shown = path.strip_prefix(&self.root).unwrap_or(&path);
        Some(Source { file: Rc::from(shown.to_string_lossy()), text })
    }

    fn is_own(&self, path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let installed = |part: &std::ffi::OsStr| part == "site-packages" || part == "dist-packages";
        path.strip_prefix(root).is_ok_and(|inside| !inside.iter().any(installed))
    }
}
