//! Imports, and the modules of the project that they lead to.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{StmtImport, StmtImportFrom};

use super::interpreter::{Host, Interpreter, Scope, Stop};
use super::source::{docstring, with_module};
use super::value::{Import, Kind, Object, Place, Value, not_known};

impl<H: Host> Interpreter<H> {
    pub(super) fn import(&mut self, scope: &Rc<Scope>, statement: &StmtImport) {
        for alias in &statement.names {
            let module = alias.name.as_str();
            let place = scope.place(alias);
            let (bound, name) = match &alias.asname {
                Some(asname) => (asname.as_str(), module),
                None => {
                    let first = module.split('.').next().unwrap_or(module);
                    (first, first)
                }
            };
            let value = self.imported(name, None, &place);
            scope.bind(bound, value);
            self.note_pending(module);
        }
    }

    pub(super) fn import_from(&mut self, scope: &Rc<Scope>, statement: &StmtImportFrom) -> Result<(), Stop> {
        let dots = usize::try_from(statement.level).unwrap_or(0);
        let module = format!("{}{}", ".".repeat(dots), statement.module.as_deref().unwrap_or_default());
        let module = absolute_name(&module, &scope.module.name);
        for alias in &statement.names {
            let place = scope.place(alias);
            if alias.name.as_str() == "*" {
                self.import_all(scope, &module, &place)?;
                continue;
            }
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let value = self.imported(&module, Some(alias.name.as_str()), &place);
            scope.bind(bound, value);
            self.note_pending(&module);
        }
        Ok(())
    }

    /// What an import binds: modules of the project are looked into only when that is needed.
    fn imported(&mut self, module: &str, name: Option<&str>, place: &Place) -> Value {
        if self.host.follows_module(module) {
            let (module, name) = (module.to_owned(), name.map(str::to_owned));
            return Value::Import(Rc::new(Import { module, name, place: place.clone() }));
        }
        let full = match name {
            Some(name) => format!("{module}.{name}"),
            None => module.to_owned(),
        };
        self.host.value_of(&full, place).unwrap_or_else(|| Value::named(full))
    }

    fn note_pending(&mut self, module: &str) {
        if self.host.follows_module(module) && !self.modules.contains_key(module) {
            self.pending.push_back(module.to_owned());
        }
    }

    /// Looks into every module that was imported so far, and into those that they import.
    pub(super) fn catch_up(&mut self) -> Result<(), Stop> {
        while let Some(module) = self.pending.pop_front() {
            self.module(&module)?;
        }
        Ok(())
    }

    /// The value of an import.
    pub(super) fn resolve(&mut self, import: &Import) -> Result<Value, Stop> {
        let Import { module, name, place } = import;
        let Some(followed) = self.module(module)? else {
            let full = name.as_ref().map_or_else(|| module.clone(), |name| format!("{module}.{name}"));
            return Ok(Self::unknown(place.clone(), format!("the module of `{full}` cannot be read")));
        };
        let Some(name) = name else {
            return Ok(module_object(&followed, module, place));
        };
        match followed.find(name) {
            Some(Value::Import(import)) => self.resolve_deeper(&import),
            Some(value) => Ok(value),
            None => {
                let full = format!("{module}.{name}");
                match self.module(&full)? {
                    Some(followed) => Ok(module_object(&followed, &full, place)),
                    None => Ok(Self::unknown(place.clone(), format!("`{full}` is not found in the project"))),
                }
            }
        }
    }

    fn resolve_deeper(&mut self, import: &Import) -> Result<Value, Stop> {
        self.enter()?;
        let value = self.resolve(import);
        self.depth -= 1;
        value
    }

    fn import_all(&mut self, scope: &Rc<Scope>, module: &str, place: &Place) -> Result<(), Stop> {
        if self.host.follows_module(module)
            && let Some(followed) = self.module(module)?
        {
            let names = followed.names.borrow().clone();
            let public = names.into_iter().filter(|(name, _)| !name.starts_with('_'));
            scope.names.borrow_mut().extend(public);
            return Ok(());
        }
        let spares = |name: &str| name.starts_with("__") || self.host.star_import_spares(module, name);
        let reason = format!("`from {module} import *` may set it");
        for (name, value) in scope.names.borrow_mut().iter_mut() {
            if !spares(name) {
                *value = Self::unknown(place.clone(), reason.clone());
            }
        }
        scope.module.stars.borrow_mut().push((module.to_owned(), place.line));
        Ok(())
    }

    /// The names of a module of the project, if it is one that is to be followed.
    pub(super) fn module(&mut self, module: &str) -> Result<Option<Rc<Scope>>, Stop> {
        if let Some(known) = self.modules.get(module) {
            return Ok(Some(Rc::clone(known)));
        }
        // Packages run before what is in them.
        if let Some((package, _)) = module.rsplit_once('.')
            && self.host.follows_module(package)
        {
            self.module(package)?;
            if let Some(known) = self.modules.get(module) {
                return Ok(Some(Rc::clone(known)));
            }
        }
        let Some(source) = self.host.source(module) else {
            return Ok(None);
        };
        self.enter()?;
        let maybe = self.maybe.take();
        let returned = self.returned.take();
        let followed = with_module(&source.text, |tree, lines| {
            self.follow(&source.file, module, docstring(tree).as_deref(), tree, lines).gave_up
        });
        self.maybe = maybe;
        self.returned = returned;
        self.depth -= 1;
        match followed {
            Ok(true) => Err(Stop::Limit),
            Ok(false) => Ok(self.modules.get(module).map(Rc::clone)),
            Err(_) => Ok(None),
        }
    }
}

/// The full name of a relative module.
fn absolute_name(module: &str, current: &str) -> String {
    let dots = module.len() - module.trim_start_matches('.').len();
    if dots == 0 {
        return module.to_owned();
    }
    let rest = module.get(dots..).unwrap_or_default();
    let mut parts: Vec<&str> = current.split('.').collect();
    parts.truncate(parts.len().saturating_sub(dots));
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.join(".")
}

fn module_object(scope: &Rc<Scope>, name: &str, place: &Place) -> Value {
    let attributes = scope.names.borrow().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let stars = scope.module.stars.borrow();
    let opaque = stars.first().map(|(module, line)| {
        let place = Place { file: Rc::clone(&scope.module.file), line: *line };
        not_known(&place, &format!("`from {module} import *` is not followed"))
    });
    let object = Object {
        kind: Kind::Module,
        class: name.to_owned(),
        attributes: RefCell::new(attributes),
        place: place.clone(),
        opaque,
    };
    Value::Object(Rc::new(object))
}
