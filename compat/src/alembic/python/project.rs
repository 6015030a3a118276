//! The project's own modules, found as Python finds them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;

use super::interpreter::{Host, NoHost, Outcome, Source};
use super::source::decode;
use super::value::{Arguments, Object, Place, Unknown, Value};

/// Where the project's modules are.
#[derive(Debug, Default)]
pub struct Modules {
    /// The project: what lies outside of it, or in its installed packages, is not its own.
    root: PathBuf,
    /// The same without links.
    real_root: PathBuf,
    /// Python's search path, absolute.
    search_path: Vec<PathBuf>,
    /// What was looked for already.
    known: Mutex<HashMap<String, Option<PathBuf>>>,
}

impl Modules {
    /// The modules of a project in its search path.
    pub fn new(root: &Path, search_path: Vec<PathBuf>) -> Modules {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Modules { root: root.to_owned(), real_root, search_path, known: Mutex::default() }
    }

    /// Puts a folder in front of the search path.
    pub fn prepend(&mut self, folder: PathBuf) {
        self.search_path.insert(0, folder);
        self.known = Mutex::default();
    }

    /// The file of a module of the project by its full name.
    pub fn find(&self, module: &str) -> Option<PathBuf> {
        if let Ok(known) = self.known.lock()
            && let Some(path) = known.get(module)
        {
            return path.clone();
        }
        let path = self.look_for(module);
        if let Ok(mut known) = self.known.lock() {
            known.insert(module.to_owned(), path.clone());
        }
        path
    }

    fn look_for(&self, module: &str) -> Option<PathBuf> {
        if module.is_empty() || module.contains(['/', '\\']) {
            return None;
        }
        // What is in a package that is not the project's own is not looked for at all.
        if let Some((package, _)) = module.split_once('.')
            && self.is_installed(package)
        {
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
        let installed = |part: &OsStr| part == "site-packages" || part == "dist-packages";
        path.strip_prefix(&self.real_root).is_ok_and(|inside| !inside.iter().any(installed))
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
