//! Rendering a template: its expressions are followed like the code of any Python file, and what cannot be told is
//! refused.

use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};

use super::mako::{self, Node, Part};
use crate::alembic::config::Sources;
use crate::alembic::env::{IniOptions, regular_split};
use crate::alembic::python::value::{Object, Place, UNDEFINED};
use crate::alembic::python::{Arguments, Host, Interpreter, Open, Outcome, Raised, Source, Unknown, Value};

/// A template's line that cannot be rendered, from 1, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub line: usize,
    pub reason: String,
}

/// Renders a template with the names that it may use. `sources` is what stands behind `config`, where there is one.
pub(super) fn render(
    template: &str,
    names: &[(&str, Value)],
    sources: Option<&Sources>,
) -> Result<String, Failure> {
    let nodes = mako::parse(template).map_err(|refused| Failure {
        line: refused.line,
        reason: format!("{} is not followed", refused.what),
    })?;
    let context: Vec<(String, Value)> =
        names.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let host = TemplateHost { ini: sources.map(IniOptions::new), context };
    let mut interpreter = Interpreter::new(host);
    let open = interpreter.open("script.py.mako");
    for (name, value) in names {
        open.bind(name, value.clone());
    }
    open.bind("context", Value::named("mako.context"));
    open.bind("comma", Value::named("mako.comma"));
    if sources.is_some() {
        open.bind("config", Value::named("alembic.context.config"));
    }
    let mut renderer = Renderer { interpreter, open, out: String::new() };
    renderer.nodes(&nodes)?;
    Ok(renderer.out)
}

struct Renderer<'a> {
    interpreter: Interpreter<TemplateHost<'a>>,
    open: Open,
    out: String,
}

/// How often loops may go round in all.
const MOST_OUTPUT: usize = 16 * 1024 * 1024;

impl Renderer<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Result<(), Failure> {
        let mut position = 0;
        while let Some(node) = nodes.get(position) {
            if self.out.len() > MOST_OUTPUT {
                return Err(Failure { line: node.line, reason: "the output is too long".to_owned() });
            }
            position += match &node.part {
                Part::Text(text) => {
                    self.out.push_str(text);
                    1
                }
                Part::Expression { code, filters } => {
                    let text = self.shown(code, filters, node.line)?;
                    self.out.push_str(&text);
                    1
                }
                Part::Code(code) => {
                    self.code(code, node.line)?;
                    1
                }
                Part::Control { .. } => self.control(nodes.get(position..).unwrap_or_default())?,
            };
        }
        Ok(())
    }

    /// Renders a control structure at the start of `nodes`, and tells how many nodes it takes.
    fn control(&mut self, nodes: &[Node]) -> Result<usize, Failure> {
        let (branches, length) = branches(nodes)?;
        for branch in &branches {
            let Node { line, part: Part::Control { keyword, code, .. } } = branch.head else {
                continue;
            };
            match keyword.as_str() {
                "for" => {
                    self.each(code, *line, branch.body)?;
                    break;
                }
                "else" => {
                    self.nodes(branch.body)?;
                    break;
                }
                _ => {
                    let condition = code.strip_prefix(keyword.as_str()).unwrap_or(code).trim();
                    let condition = condition.strip_suffix(':').unwrap_or(condition);
                    let value = self.value(condition, *line)?;
                    let truth = value.truth().ok_or_else(|| Failure {
                        line: *line,
                        reason: reason_for(&value, "the condition cannot be told"),
                    })?;
                    if truth {
                        self.nodes(branch.body)?;
                        break;
                    }
                }
            }
        }
        Ok(length)
    }

    fn each(&mut self, code: &str, line: usize, body: &[Node]) -> Result<(), Failure> {
        let source = format!("{code}\n    pass\n");
        let parsed = ruff_python_parser::parse_module(&source)
            .map_err(|error| Failure { line, reason: format!("SyntaxError: {}", error.error) })?;
        let Some(Stmt::For(statement)) = parsed.syntax().body.first() else {
            return Err(Failure { line, reason: "the loop is not followed".to_owned() });
        };
        let iterated = self.evaluated(&statement.iter, line)?;
        let items = match iterated.iterate() {
            Some(Ok(items)) => items,
            _ => {
                let reason = reason_for(&iterated, "what the loop goes through cannot be told");
                return Err(Failure { line, reason });
            }
        };
        for item in items {
            self.interpreter
                .assign_in(&self.open, &statement.target, item)
                .map_err(|raised| failed(raised, line))?;
            self.nodes(body)?;
        }
        Ok(())
    }

    fn code(&mut self, code: &str, line: usize) -> Result<(), Failure> {
        let code = dedent(code);
        let parsed = ruff_python_parser::parse_module(&code)
            .map_err(|error| Failure { line, reason: format!("SyntaxError: {}", error.error) })?;
        self.interpreter.execute(&self.open, &parsed.syntax().body).map_err(|raised| failed(raised, line))
    }

    fn value(&mut self, code: &str, line: usize) -> Result<Value, Failure> {
        // In brackets, an expression may go over several lines.
        let source = format!("({}\n)", code.trim());
        let parsed = ruff_python_parser::parse_expression(&source)
            .map_err(|error| Failure { line, reason: format!("SyntaxError: {}", error.error) })?;
        self.evaluated(parsed.expr(), line)
    }

    fn evaluated(&mut self, expression: &Expr, line: usize) -> Result<Value, Failure> {
        self.interpreter.evaluate(&self.open, expression).map_err(|raised| failed(raised, line))
    }

    /// The text of an expression. `str` is applied first, unless the filter `n` is among the others.
    fn shown(&mut self, code: &str, filters: &[String], line: usize) -> Result<String, Failure> {
        let mut value = self.value(code, line)?;
        let plain = filters.iter().any(|filter| filter == "n");
        let names = if plain { None } else { Some("str") };
        let named = filters.iter().map(String::as_str).filter(|filter| *filter != "n");
        for filter in names.into_iter().chain(named) {
            value = match filter {
                "str" | "unicode" => Value::text(text_of(&value, line)?),
                "trim" => Value::text(text_of(&value, line)?.trim()),
                name => {
                    let function = self.value(name, line)?;
                    if matches!(&function, Value::Named(function) if &**function == UNDEFINED) {
                        return Err(Failure { line, reason: format!("the filter `{name}` is not followed") });
                    }
                    let arguments = Arguments { positional: vec![value], ..Arguments::default() };
                    self.interpreter
                        .call_in(&self.open, &function, arguments)
                        .map_err(|raised| failed(raised, line))?
                }
            };
        }
        match &value {
            Value::Text(text) => Ok(text.to_string()),
            other => Err(Failure { line, reason: reason_for(other, "the value is no text") }),
        }
    }
}

fn text_of(value: &Value, line: usize) -> Result<String, Failure> {
    if let Value::Named(name) = value
        && &**name == UNDEFINED
    {
        return Err(Failure { line, reason: "NameError: Undefined".to_owned() });
    }
    value.shown().ok_or_else(|| Failure { line, reason: reason_for(value, "the value cannot be told") })
}

fn reason_for(value: &Value, otherwise: &str) -> String {
    value.unknown().map_or_else(|| otherwise.to_owned(), |unknown| unknown.reason.clone())
}

fn failed(raised: Option<Raised>, line: usize) -> Failure {
    let reason = match raised {
        Some(raised) => format!("{}: {}", raised.class, raised.message),
        None => "it computes too much".to_owned(),
    };
    Failure { line, reason }
}

/// One way through a control structure.
struct Branch<'n> {
    head: &'n Node,
    body: &'n [Node],
}

/// The branches of the control structure at the start of `nodes`, and how many nodes it takes.
fn branches(nodes: &[Node]) -> Result<(Vec<Branch<'_>>, usize), Failure> {
    let mut depth = 0;
    let mut heads = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let Part::Control { keyword, is_end, .. } = &node.part else {
            continue;
        };
        let is_primary = matches!(keyword.as_str(), "if" | "for");
        if depth == 0 && (*is_end || !is_primary) {
            let reason = format!("the control line has nothing to end or continue: `{keyword}`");
            return Err(Failure { line: node.line, reason });
        }
        if *is_end {
            depth -= 1;
        } else if is_primary {
            depth += 1;
        }
        if depth == 1 && !is_end {
            heads.push(index);
        }
        if depth == 0 {
            let ends = heads.iter().skip(1).copied().chain([index]);
            let branches = heads.iter().zip(ends).filter_map(|(head, end)| {
                Some(Branch { head: nodes.get(*head)?, body: nodes.get(head + 1..end)? })
            });
            return Ok((branches.collect(), index + 1));
        }
    }
    let line = nodes.first().map_or(1, |node| node.line);
    Err(Failure { line, reason: "the control line is never ended".to_owned() })
}

/// Code without the indentation of its first line, as Mako adjusts it.
fn dedent(code: &str) -> String {
    let lines: Vec<&str> = code.split('\n').collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let margin = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).next().unwrap_or(0);
    let cut = |line: &&str| line.get(margin.min(indent(line))..).unwrap_or_default().to_owned();
    let mut text = lines.iter().map(cut).collect::<Vec<String>>().join("\n");
    text.push('\n');
    text
}

/// What a template may ask.
struct TemplateHost<'a> {
    ini: Option<IniOptions<'a>>,
    context: Vec<(String, Value)>,
}

impl Host for TemplateHost<'_> {
    fn follows_functions(&self) -> bool {
        true
    }

    fn follows_module(&self, _: &str) -> bool {
        false
    }

    fn source(&mut self, _: &str) -> Option<Source> {
        None
    }

    fn star_import_spares(&self, _: &str, _: &str) -> bool {
        false
    }

    fn value_of(&mut self, name: &str, _: &Place) -> Option<Value> {
        let option = name.strip_prefix("alembic.context.config.")?;
        self.ini.as_ref()?.attribute(option)
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        if let Some(function) = name.strip_prefix("alembic.context.config.") {
            return match &mut self.ini {
                Some(ini) => ini.call(function, arguments, place, maybe),
                None => Outcome::NotKnown,
            };
        }
        match (name, arguments.positional.as_slice()) {
            ("re.split", _) => regular_split(arguments),
            // `format_as_comma`.
            ("mako.comma", [Value::None]) => Outcome::Value(Value::text("")),
            ("mako.comma", [Value::Text(text)]) => Outcome::Value(Value::Text(Rc::clone(text))),
            ("mako.comma", [value]) => match value.iterate() {
                Some(Ok(items)) => {
                    let texts: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
                    texts.map_or(Outcome::NotKnown, |texts| Outcome::Value(Value::text(texts.join(", "))))
                }
                _ => Outcome::NotKnown,
            },
            ("mako.context.get", [Value::Text(key), rest @ ..]) => {
                let found =
                    self.context.iter().find(|(name, _)| **name == **key).map(|(_, value)| value.clone());
                Outcome::Value(found.or_else(|| rest.first().cloned()).unwrap_or(Value::None))
            }
            _ => Outcome::NotKnown,
        }
    }

    fn call_method(
        &mut self,
        object: &Rc<Object>,
        method: &str,
        arguments: &Arguments,
        _: &Place,
        _: Option<&Rc<Unknown>>,
    ) -> Outcome {
        match (method, arguments.positional.as_slice()) {
            ("isoformat", []) => match object.attribute("__str__") {
                Some(Value::Text(text)) => Outcome::Value(Value::text(text.replacen(' ', "T", 1))),
                _ => Outcome::NotKnown,
            },
            _ => Outcome::NotKnown,
        }
    }

    fn unbound(&mut self, _: &str) -> Option<Value> {
        Some(Value::named(UNDEFINED))
    }

    fn assign(&mut self, _: &str, _: &str, _: &Value, _: &Place) {}

    fn base(&mut self, _: &str, _: &Place) -> Option<Vec<(String, Value)>> {
        None
    }

    fn subscript(&mut self, _: &str, _: &Value, _: &Place) -> Outcome {
        Outcome::NotKnown
    }
}
