//! The functions that a revision file defines at its top.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

use ruff_python_ast::ModModule;

use crate::alembic::python::source::Lines;

/// A function at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `def`, from 1.
    pub line: usize,
    /// Whether it does nothing: a docstring, `pass`, `...` or a bare `return` is all there is in it.
    pub is_empty: bool,
    /// How many arguments it takes by position at least.
    pub required: usize,
    /// Whether it is defined under an `if` or a `try`.
    pub is_conditional: bool,
}

/// What stands behind the name of an entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'f> {
    /// A function of the file.
    Function(&'f Function),
    /// Something else, bound on this line.
    Bound(usize),
    /// Nothing: Alembic fails when it is to run.
    Missing,
}

/// The functions, and the other names of entry points that are bound.
pub(super) fn read(module: &ModModule, lines: &Lines) -> (Vec<Function>, Vec<(String, usize)>) {
    let mut found = Found { lines, functions: Vec::new(), bound: Vec::new() };
    found.body(&module.body, false);
    (found.functions, found.bound)
}

struct Found<'l> {
    lines: &'l Lines,
    functions: Vec<Function>,
    bound: Vec<(String, usize)>,
}

impl Found<'_> {
    fn body(&mut self, body: &[Stmt], is_conditional: bool) {
        for statement in body {
            self.statement(statement, is_conditional);
        }
    }

    fn statement(&mut self, statement: &Stmt, is_conditional: bool) {
        match statement {
            Stmt::FunctionDef(definition) => self.functions.push(self.function(definition, is_conditional)),
            Stmt::Assign(assignment) => {
                for target in &assignment.targets {
                    if let Expr::Name(name) = target {
                        self.bind(name.id.as_str(), self.lines.of_node(statement));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.bind(name, self.lines.of_node(alias));
                }
            }
            Stmt::If(statement) => {
                self.body(&statement.body, true);
                for clause in &statement.elif_else_clauses {
                    self.body(&clause.body, true);
                }
            }
            Stmt::Try(statement) => {
                self.body(&statement.body, true);
                for handler in &statement.handlers {
                    if let Some(handler) = handler.as_except_handler() {
                        self.body(&handler.body, true);
                    }
                }
                self.body(&statement.orelse, true);
                self.body(&statement.finalbody, true);
            }
            Stmt::With(statement) => self.body(&statement.body, is_conditional),
            _ => {}
        }
    }

    fn bind(&mut self, name: &str, line: usize) {
        if name.starts_with("upgrade") || name.starts_with("downgrade") {
            self.bound.push((name.to_owned(), line));
        }
    }

    fn function(&self, definition: &StmtFunctionDef, is_conditional: bool) -> Function {
        let parameters = definition.parameters.posonlyargs.iter().chain(&definition.parameters.args);
        Function {
            name: definition.name.to_string(),
            line: self.lines.of_node(&definition.name),
            is_empty: definition.body.iter().all(does_nothing),
            required: parameters.filter(|parameter| parameter.default.is_none()).count(),
            is_conditional,
        }
    }
}

fn does_nothing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(statement) => {
            statement.value.is_string_literal_expr() || statement.value.is_ellipsis_literal_expr()
        }
        Stmt::Return(statement) => statement.value.as_deref().is_none_or(Expr::is_none_literal_expr),
        _ => false,
    }
}
