//! The project's own modules, found as Python finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::interpreter::{Host, NoHost, Outcome, Source};
use super::source::decode;
use super::value::{Arguments, Object, Place, Unknown, Value};

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

    /// Whether a module is found, but as one of an installed package.
    fn is_installed(&self, module: &str) -> bool {
        let first = module.split('.').next().unwrap_or_default();
        let found = |folder: &PathBuf| {
            let base = folder.join(first);
            [base.join("__init__.py"), base.with_added_extension("py")]
                .into_iter()
                .find(|path| path.is_file())
        };
        !first.is_empty() && self.search_path.iter().find_map(found).is_some_and(|path| !self.is_own(&path))
    }

    fn is_own(&self, path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let installed = |part: &std::ffi::OsStr| part == "site-packages" || part == "dist-packages";
        path.strip_prefix(root).is_ok_and(|inside| !inside.iter().any(installed))
    }
}

/// A host that follows the project's own functions and modules, and knows nothing else.
#[derive(Debug, Clone, Copy)]
pub struct ProjectHost<'m>(pub &'m Modules);

impl Host for ProjectHost<'_> {
    fn follows_functions(&self) -> bool {
        true
    }

    fn follows_module(&self, module: &str) -> bool {
        self.0.find(module).is_some()
    }

    fn source(&mut self, module: &str) -> Option<Source> {
        self.0.source(module)
    }

    fn star_import_spares(&self, module: &str, name: &str) -> bool {
        // A library has no reason to define what Alembic reads of a revision.
        NoHost.star_import_spares(module, name) || self.0.is_installed(module)
    }

    fn value_of(&mut self, name: &str, place: &Place) -> Option<Value> {
        self.follows_module(name).then(|| Value::import(name, place))
    }

    fn call(&mut self, _: &str, _: &Arguments, _: &Place, _: Option<&Rc<Unknown>>) -> Outcome {
        Outcome::NotKnown
    }

    fn call_method(
        &mut self,
        _: &Rc<Object>,
        _: &str,
        _: &Arguments,
        _: &Place,
        _: Option<&Rc<Unknown>>,
    ) -> Outcome {
        Outcome::NotKnown
    }

    fn unbound(&mut self, _: &str) -> Option<Value> {
        None
    }

    fn assign(&mut self, _: &str, _: &str, _: &Value, _: &Place) {}

    fn base(&mut self, _: &str, _: &Place) -> Option<Vec<(String, Value)>> {
        None
    }

    fn subscript(&mut self, _: &str, _: &Value, _: &Place) -> Outcome {
        Outcome::NotKnown
    }
}
