//! The variables that Alembic reads.

use std::path::Path;

use ruff_python_ast::{Expr, ModModule, Stmt};

use super::RevisionFileError;
use crate::alembic::python::source::Lines;
use crate::alembic::python::{Followed, Host, Value};

/// The variables.
pub(super) const NAMES: [&str; 5] = ["revision", "down_revision", "branch_labels", "depends_on", "__doc__"];

/// What the variables say.
pub(super) struct Header {
    pub id: String,
    pub line: usize,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
    pub documentation: String,
}

pub(super) fn read(
    path: &Path,
    module: &ModModule,
    lines: &Lines,
    followed: &Followed,
    host: &dyn Host,
) -> Result<Header, RevisionFileError> {
    if let Some(raised) = &followed.raised {
        return Err(RevisionFileError::Raises {
            path: path.to_owned(),
            line: raised.place.line,
            class: raised.class.clone(),
            message: raised.message.clone(),
        });
    }
    let variables = Variables { path, module, lines, followed, host };
    if followed.gave_up {
        let (name, reason) = ("revision", "the file computes too much at its top".to_owned());
        return Err(variables.not_static(name, 1, reason, &path.to_string_lossy()));
    }
    let (id, line) = variables.id()?;
    let Some(down_revisions) = variables.names("down_revision")? else {
        return Err(RevisionFileError::NoDownRevision { path: path.to_owned() });
    };
    Ok(Header {
        id,
        line,
        down_revisions,
        branch_labels: variables.names("branch_labels")?.unwrap_or_default(),
        depends_on: variables.names("depends_on")?.unwrap_or_default(),
        documentation: variables.documentation()?,
    })
}

struct Variables<'m> {
    path: &'m Path,
    module: &'m ModModule,
    lines: &'m Lines,
    followed: &'m Followed,
    host: &'m dyn Host,
}

impl Variables<'_> {
    fn id(&self) -> Result<(String, usize), RevisionFileError> {
        const NAME: &str = "revision";
        match self.value(NAME)? {
            Some(Value::Text(id)) => Ok((id.to_string(), self.line(NAME))),
            Some(value) => Err(self.wrong_type(NAME, value.kind(), "a string")),
            None => {
                let file_name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                match legacy_id(&file_name) {
                    Some(id) => Ok((id.to_owned(), 1)),
                    None => Err(RevisionFileError::NoRevision { path: self.path.to_owned(), file_name }),
                }
            }
        }
    }

    /// A variable that holds a string, several, or `None`; none if it is not set.
    fn names(&self, name: &'static str) -> Result<Option<Vec<String>>, RevisionFileError> {
        const EXPECTED: &str = "None, a string, or a tuple or list of strings";
        let Some(value) = self.value(name)? else {
            return Ok(None);
        };
        let items = match &value {
            Value::None => return Ok(Some(Vec::new())),
            Value::Text(text) => return Ok(Some(vec![text.to_string()])),
            value => match value.iterate() {
                Some(Ok(items)) => items,
                // The reason was already told by `value`.
                Some(Err(_)) | None => return Err(self.wrong_type(name, value.kind(), EXPECTED)),
            },
        };
        // `(None,)` is what Alembic itself writes for no revision at all.
        if matches!(items.as_slice(), [Value::None]) {
            return Ok(Some(Vec::new()));
        }
        let text = |item: &Value| match item {
            Value::Text(text) => Ok(text.to_string()),
            other => Err(self.wrong_type(name, &format!("{} with {}", value.kind(), other.kind()), EXPECTED)),
        };
        items.iter().map(text).collect::<Result<Vec<String>, RevisionFileError>>().map(Some)
    }

    fn documentation(&self) -> Result<String, RevisionFileError> {
        match self.value("__doc__")? {
            Some(Value::Text(text)) => Ok(text.to_string()),
            Some(Value::None) | None => Ok(String::new()),
            Some(value) => Err(self.wrong_type("__doc__", value.kind(), "a string")),
        }
    }

    /// The value of a variable if it is set and known.
    fn value(&self, name: &'static str) -> Result<Option<Value>, RevisionFileError> {
        if let Some(value) = self.followed.get(name) {
            return match value.unknown() {
                Some(unknown) => Err(self.not_static(
                    name,
                    unknown.place.line,
                    unknown.reason.clone(),
                    &unknown.place.file,
                )),
                None => match imported(&value) {
                    Some(reason) => {
                        Err(self.not_static(name, self.line(name), reason, &self.path.to_string_lossy()))
                    }
                    None => Ok(Some(value)),
                },
            };
        }
        let spares = |module: &str| name.starts_with("__") || self.host.star_import_spares(module, name);
        match self.followed.stars().into_iter().find(|(module, _)| !spares(module)) {
            Some((module, line)) => {
                let reason = match module.as_str() {
                    "globals" | "locals" | "vars" | "exec" | "eval" => format!("`{module}` may set it"),
                    _ => format!("`from {module} import *` may set it"),
                };
                Err(self.not_static(name, line, reason, &self.path.to_string_lossy()))
            }
            None => Ok(None),
        }
    }

    /// The line of the last statement at the top that binds a name; 1 if there is none.
    fn line(&self, name: &str) -> usize {
        let binds = |statement: &&Stmt| targets(statement).iter().any(|target| is_name(target, name));
        self.module.body.iter().rfind(binds).map_or(1, |statement| self.lines.of_node(statement))
    }

    fn not_static(&self, name: &'static str, line: usize, reason: String, file: &str) -> RevisionFileError {
        let own = self.line(name);
        RevisionFileError::NotStatic {
            path: self.path.to_owned(),
            line: if own == 1 && file == self.path.to_string_lossy() { line } else { own },
            name,
            reason,
            reason_file: file.to_owned(),
            reason_line: line,
        }
    }

    fn wrong_type(&self, name: &'static str, kind: &str, expected: &'static str) -> RevisionFileError {
        let line = self.line(name);
        RevisionFileError::Type { path: self.path.to_owned(), line, name, kind: kind.to_owned(), expected }
    }
}

/// Why a value that is no plain one, or holds such a one, cannot be told.
fn imported(value: &Value) -> Option<String> {
    match value {
        Value::Named(from) => Some(format!("it is imported from `{from}`")),
        Value::Object(object) => Some(format!("it comes from `{}`", object.class)),
        Value::Method(method) => Some(format!("it is the attribute `{}` of something", method.1)),
        Value::Tuple(_) | Value::List(_) | Value::Set(_) => value.iterate()?.ok()?.iter().find_map(imported),
        _ => None,
    }
}

fn targets(statement: &Stmt) -> Vec<&Expr> {
    match statement {
        Stmt::Assign(statement) => statement.targets.iter().collect(),
        Stmt::AnnAssign(statement) => vec![&statement.target],
        Stmt::AugAssign(statement) => vec![&statement.target],
        _ => Vec::new(),
    }
}

fn is_name(target: &Expr, name: &str) -> bool {
    match target {
        Expr::Name(target) => target.id.as_str() == name,
        Expr::Tuple(targets) => targets.elts.iter().any(|target| is_name(target, name)),
        Expr::List(targets) => targets.elts.iter().any(|target| is_name(target, name)),
        _ => false,
    }
}

/// The id that the name of an old file is: `([a-f0-9]+)\.py$`.
fn legacy_id(file_name: &str) -> Option<&str> {
    let stem = file_name.strip_suffix(".py")?;
    let fits = |character: char| matches!(character, 'a'..='f' | '0'..='9');
    (!stem.is_empty() && stem.chars().all(fits)).then_some(stem)
}
