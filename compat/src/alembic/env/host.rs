//! The world around an `env.py`: Alembic, SQLAlchemy, the process.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::ini_options::IniOptions;
use super::sql::Sent;
use super::{EnvPy, Inputs, Note, Said, Target, configure, dotenv, engine, metadata};
use crate::alembic::output::Level;
use crate::alembic::python::project::Modules;
use crate::alembic::python::text::is_space;
use crate::alembic::python::value::{Object, Place};
use crate::alembic::python::{Arguments, Host, Outcome, Raised, Source, Unknown, Value};

/// Packages whose names never hide a module of the project.
const LIBRARIES: [&str; 6] = ["alembic", "sqlalchemy", "logging", "os", "typing", "asyncio"];

pub(super) struct EnvHost<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) env_py: PathBuf,
    pub(super) modules: Modules,
    pub(super) ini: IniOptions<'a>,
    /// What a `.env` file added to the environment.
    pub(super) loaded: HashMap<String, String>,
    /// Variables that were set to what is not known, or removed.
    pub(super) lost: HashMap<String, Rc<Unknown>>,
    pub(super) read: BTreeMap<String, bool>,
    pub(super) targets: Vec<Target>,
    /// What was logged since the last target.
    pub(super) said: Vec<Said>,
    pub(super) notes: Vec<Note>,
    pub(super) sent: Sent,
    /// Whether every import was looked into.
    pub(super) caught_up: bool,
    /// Objects that exist once, by name: `sqlmodel.SQLModel.metadata`.
    pub(super) singletons: HashMap<String, Value>,
}

impl<'a> EnvHost<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, env_py: &Path) -> EnvHost<'a> {
        let prepended =
            inputs.config.prepend_sys_path.value.iter().map(|folder| inputs.directory.join(folder));
        let mut search_path: Vec<PathBuf> = prepended.collect();
        search_path = inputs.packages.search_path(&search_path);
        // What `env.py` may add itself, and where projects keep their package.
        search_path.push(inputs.directory.to_owned());
        let modules = Modules::new(inputs.directory, search_path);
        EnvHost {
            inputs,
            env_py: env_py.to_owned(),
            modules,
            ini: IniOptions::new(&inputs.config.sources),
            loaded: HashMap::new(),
            lost: HashMap::new(),
            read: BTreeMap::new(),
            targets: Vec::new(),
            said: Vec::new(),
            notes: Vec::new(),
            sent: Sent::default(),
            caught_up: false,
            singletons: HashMap::new(),
        }
    }

    pub(super) fn finish(&mut self, gave_up: bool) -> EnvPy {
        if gave_up {
            let file = Rc::from(self.env_py.to_string_lossy());
            self.note(&Place { file, line: 1 }, "it computes too much to be followed to its end");
        }
        self.sent.tell(&mut self.targets);
        EnvPy {
            targets: std::mem::take(&mut self.targets),
            notes: std::mem::take(&mut self.notes),
            variables: std::mem::take(&mut self.read),
        }
    }

    pub(super) fn note(&mut self, place: &Place, text: &str) {
        let note = Note { place: place.clone(), text: text.to_owned() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn context_call(
        &mut self,
        function: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        match function {
            "configure" => {
                let target = configure::target(arguments, place, maybe);
                self.sent.configured(arguments);
                self.targets.push(Target { said: std::mem::take(&mut self.said), ..target });
                Outcome::Value(Value::None)
            }
            "is_offline_mode" => Outcome::Value(Value::Bool(self.inputs.offline)),
            "begin_transaction" => {
                Outcome::Value(Value::Object(Object::of_host("transaction", place, Vec::new())))
            }
            "run_migrations" => {
                if let Some(target) = self.targets.last_mut() {
                    target.runs = true;
                    let name = arguments.keyword("engine_name").or_else(|| arguments.keyword("name"));
                    target.engine_name = name.and_then(Value::as_text).map(str::to_owned);
                }
                Outcome::Value(Value::None)
            }
            "get_x_argument" => Outcome::Value(self.x_arguments(arguments)),
            "get_tag_argument" => Outcome::Value(Value::None),
            "execute" => {
                let connection = self.sent.last_connection();
                self.executes(connection.as_ref(), arguments, place, maybe);
                Outcome::Value(Value::None)
            }
            _ => Outcome::NotKnown,
        }
    }

    fn executes(
        &mut self,
        connection: Option<&Rc<Object>>,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) {
        let after_run = self.targets.last().is_some_and(|target| target.runs);
        self.sent.execute(connection, arguments, place, maybe, after_run);
    }

    fn x_arguments(&self, arguments: &Arguments) -> Value {
        let as_dictionary = arguments.get(0, "as_dictionary").and_then(Value::truth).unwrap_or(false);
        let x = self.inputs.x.iter();
        if !as_dictionary {
            return Value::list(x.map(Value::text).collect());
        }
        let mut entries: Vec<(Value, Value)> = Vec::new();
        for argument in x {
            let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
            match entries.iter_mut().find(|(held, _)| held.as_text() == Some(key)) {
                Some(entry) => entry.1 = Value::text(value),
                None => entries.push((Value::text(key), Value::text(value))),
            }
        }
        Value::dict(entries)
    }

    fn system_call(&mut self, name: &str, arguments: &Arguments, place: &Place) -> Outcome {
        let first = arguments.positional.first();
        match name {
            "sys.path.append" | "sys.path.insert" => {
                if let Some(folder) = arguments.positional.last().and_then(Value::as_text) {
                    self.modules.prepend(self.inputs.directory.join(folder));
                }
                Outcome::Value(Value::None)
            }
            "os.getcwd" => Outcome::Value(Value::text(self.inputs.directory.to_string_lossy())),
            "os.path.join" => {
                let parts: Option<Vec<&str>> = arguments.positional.iter().map(Value::as_text).collect();
                match parts {
                    Some(parts) => {
                        let joined: PathBuf = parts.iter().collect();
                        Outcome::Value(Value::text(joined.to_string_lossy()))
                    }
                    None => Outcome::NotKnown,
                }
            }
            "os.path.dirname" | "os.path.basename" | "os.path.abspath" | "os.path.realpath"
            | "os.path.normpath" => match first.and_then(Value::as_text) {
                Some(path) => Outcome::Value(Value::text(self.path_part(name, path))),
                None => Outcome::NotKnown,
            },
            "os.path.exists" | "os.path.isfile" | "os.path.isdir" => match first.and_then(Value::as_text) {
                Some(path) => {
                    let path = self.inputs.directory.join(path);
                    Outcome::Value(Value::Bool(match name {
                        "os.path.isfile" => path.is_file(),
                        "os.path.isdir" => path.is_dir(),
                        _ => path.exists(),
                    }))
                }
                None => Outcome::NotKnown,
            },
            "sqlalchemy.event.listen" => match arguments.positional.get(2) {
                Some(Value::Function(function)) => {
                    let parameters = function.definition.parameters.len();
                    let function = Value::Function(Rc::clone(function));
                    let given = self.decorated(name, parameters, place);
                    given.map_or(Outcome::Value(Value::None), |given| Outcome::Calls(function, given))
                }
                _ => Outcome::NotKnown,
            },
            "asyncio.run" => Outcome::Value(first.cloned().unwrap_or(Value::None)),
            "logging.config.fileConfig" | "logging.config.dictConfig" | "logging.basicConfig" => {
                Outcome::Value(Value::None)
            }
            "logging.getLogger" => {
                let name = first.map(|name| ("name", name.clone()));
                Outcome::Value(Value::Object(Object::of_host("logger", place, name.into_iter().collect())))
            }
            "re.split" => regular_split(arguments),
            "builtins.open" => Outcome::Value(Value::Object(Object::of_host("file", place, Vec::new()))),
            "builtins.getattr" => match arguments.positional.as_slice() {
                [Value::Object(object), Value::Text(name)]
                | [Value::Object(object), Value::Text(name), _] => {
                    object.attribute(name).map_or(Outcome::NotKnown, Outcome::Value)
                }
                _ => Outcome::NotKnown,
            },
            _ => Outcome::NotKnown,
        }
    }

    fn path_part(&self, function: &str, path: &str) -> String {
        match function {
            "os.path.dirname" => path.rfind('/').map_or("", |slash| match slash {
                0 => "/",
                slash => path.get(..slash).unwrap_or_default(),
            }),
            "os.path.basename" => path.rsplit('/').next().unwrap_or_default(),
            _ => {
                let absolute = if function == "os.path.normpath" {
                    PathBuf::from(path)
                } else {
                    self.inputs.directory.join(path)
                };
                return normalized(&absolute).to_string_lossy().into_owned();
            }
        }
        .to_owned()
    }
}

/// `re.split`, for the one pattern of Alembic's own templates.
pub(in crate::alembic) fn regular_split(arguments: &Arguments) -> Outcome {
    match arguments.positional.as_slice() {
        [Value::Text(pattern), Value::Text(text)] if &**pattern == ",\\s*" => {
            let strip = |(index, part): (usize, &str)| {
                Value::text(if index == 0 { part } else { part.trim_start_matches(is_space) })
            };
            Outcome::Value(Value::list(text.split(',').enumerate().map(strip).collect()))
        }
        _ => Outcome::NotKnown,
    }
}

/// A line that is logged, where it is known.
fn said(logger: &Object, method: &str, arguments: &Arguments) -> Option<Said> {
    let level = match method {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warning" => Level::Warning,
        "error" => Level::Error,
        _ => return None,
    };
    let [Value::Text(text)] = arguments.positional.as_slice() else { return None };
    let name = logger.attribute("name")?;
    Some(Said { logger: name.as_text()?.to_owned(), level, text: text.to_string() })
}

/// `os.path.normpath`: without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            other => out.push(other),
        }
    }
    out
}

impl Host for EnvHost<'_> {
    fn follows_functions(&self) -> bool {
        true
    }

    fn follows_module(&self, module: &str) -> bool {
        let first = module.split('.').next().unwrap_or_default();
        !LIBRARIES.contains(&first) && self.modules.find(module).is_some()
    }

    fn source(&mut self, module: &str) -> Option<Source> {
        self.modules.source(module)
    }

    fn star_import_spares(&self, _: &str, _: &str) -> bool {
        false
    }

    fn value_of(&mut self, name: &str, place: &Place) -> Option<Value> {
        if let Some(value) = self.singletons.get(name) {
            return Some(value.clone());
        }
        if let Some(value) = metadata::singleton(name, place) {
            self.singletons.insert(name.to_owned(), value.clone());
            return Some(value);
        }
        if let Some(option) = name.strip_prefix("alembic.context.config.") {
            return self.ini.attribute(option);
        }
        // A package of the project without `__init__.py` is known by name alone, but what is in it is not.
        self.follows_module(name).then(|| Value::import(name, place))
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        if let Some(function) = name.strip_prefix("alembic.context.config.") {
            return self.ini.call(function, arguments, place, maybe);
        }
        if let Some(function) = name.strip_prefix("alembic.context.") {
            return self.context_call(function, arguments, place, maybe);
        }
        if name.starts_with("os.environ.") || matches!(name, "os.getenv" | "os.putenv") {
            return self.variable_call(name, arguments, place, maybe);
        }
        if name.starts_with("dotenv.") {
            return dotenv::call(self, name, arguments, place, maybe);
        }
        if let Some(outcome) = metadata::call(name, arguments, place) {
            return outcome;
        }
        if let Some(outcome) = engine::call(name, arguments, place) {
            return outcome;
        }
        self.system_call(name, arguments, place)
    }

    fn call_method(
        &mut self,
        object: &Rc<Object>,
        method: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        match object.class.as_str() {
            "logger" => {
                let said = if maybe.is_none() { said(object, method, arguments) } else { None };
                self.said.extend(said);
                Outcome::Value(Value::None)
            }
            "file" if matches!(method, "write" | "close" | "flush") => Outcome::Value(Value::None),
            "transaction" if method == "start" => Outcome::Value(Value::Object(Rc::clone(object))),
            "transaction" => Outcome::Value(Value::None),
            engine::CONNECTION if matches!(method, "execute" | "exec_driver_sql" | "scalar" | "scalars") => {
                self.executes(Some(object), arguments, place, maybe);
                Outcome::Value(Value::None)
            }
            // Its cursors send the same.
            engine::DRIVER_CONNECTION => match method {
                "cursor" => Outcome::Value(Value::Object(Rc::clone(object))),
                "execute" | "executescript" => {
                    self.executes(None, arguments, place, maybe);
                    Outcome::Value(Value::None)
                }
                "close" | "commit" => Outcome::Value(Value::None),
                _ => Outcome::NotKnown,
            },
            _ => engine::call_method(object, method, arguments, place),
        }
    }

    fn unbound(&mut self, _: &str) -> Option<Value> {
        None
    }

    fn assign(&mut self, name: &str, attribute: &str, _: &Value, place: &Place) {
        if name.starts_with("alembic.context.script") || attribute == "version_locations" {
            self.note(
                place,
                &format!(
                    "it sets `{attribute}` of the folder of revisions, which decides what is found there"
                ),
            );
        }
        if name.contains("DefaultImpl") || attribute == "version_table_impl" {
            self.note(place, "it changes how the version table is made");
        }
    }

    /// A listener gets connections of the driver or what leads to them. Those of the application's modules are for the
    /// application's own engines.
    fn decorated(&mut self, name: &str, parameters: usize, place: &Place) -> Option<Arguments> {
        let listens = matches!(name, "sqlalchemy.event.listens_for" | "sqlalchemy.event.listen");
        (listens && Path::new(&*place.file).ends_with("env.py")).then(|| {
            let connection = Value::Object(Object::of_host(engine::DRIVER_CONNECTION, place, Vec::new()));
            Arguments { positional: vec![connection; parameters], ..Arguments::default() }
        })
    }

    fn base(&mut self, name: &str, place: &Place) -> Option<Vec<(String, Value)>> {
        metadata::base(name, place)
    }

    fn subscript(&mut self, name: &str, key: &Value, place: &Place) -> Outcome {
        match (name, key) {
            ("os.environ", Value::Text(key)) => self.variable(key, place),
            _ => Outcome::NotKnown,
        }
    }
}

/// A `KeyError`.
pub(super) fn key_error(key: &str, place: &Place) -> Outcome {
    Outcome::Raises(Raised {
        class: "KeyError".to_owned(),
        message: format!("'{key}'"),
        place: place.clone(),
    })
}
