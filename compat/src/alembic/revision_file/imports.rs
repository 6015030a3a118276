//! What a file imports, so that it can be told beforehand what will not load.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, ModModule, Stmt, StmtTry};

use crate::alembic::python::source::Lines;

/// One name or module that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The module, with a dot for each level in front if it is relative: `sqlalchemy.dialects`, `..models`.
    pub module: String,
    /// The name that is taken from it, `*` for all; none for `import module`.
    pub name: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// Whether it is only imported when a function is called.
    pub in_function: bool,
    /// Whether it stands under `if TYPE_CHECKING`, and so never runs.
    pub type_checking: bool,
    /// Whether a `try` around it takes the failure.
    pub is_guarded: bool,
    /// Whether it is a call of `importlib.import_module` or `__import__`.
    pub is_dynamic: bool,
}

/// Every import of a module, in order.
pub(super) fn read(module: &ModModule, lines: &Lines) -> Vec<Import> {
    let mut imports = Imports { lines, found: Vec::new(), functions: 0, type_checking: 0, guards: 0 };
    imports.visit_body(&module.body);
    imports.found
}

struct Imports<'l> {
    lines: &'l Lines,
    found: Vec<Import>,
    functions: usize,
    type_checking: usize,
    guards: usize,
}

impl Imports<'_> {
    fn add(&mut self, module: String, name: Option<String>, line: usize, is_dynamic: bool) {
        self.found.push(Import {
            module,
            name,
            line,
            in_function: self.functions > 0,
            type_checking: self.type_checking > 0,
            is_guarded: self.guards > 0,
            is_dynamic,
        });
    }

    fn dynamic(&mut self, call: &ExprCall) {
        let called = match call.func.as_ref() {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return,
        };
        let literal = call.arguments.args.first().and_then(Expr::as_string_literal_expr);
        if let Some(literal) = literal.filter(|_| matches!(called, "import_module" | "__import__")) {
            self.add(literal.value.to_str().to_owned(), None, self.lines.of_node(call), true);
        }
    }

    fn attempt(&mut self, statement: &StmtTry) {
        let guards = usize::from(statement.handlers.iter().any(takes_import_errors));
        self.guards += guards;
        self.visit_body(&statement.body);
        self.guards -= guards;
        for handler in &statement.handlers {
            self.visit_except_handler(handler);
        }
        self.visit_body(&statement.orelse);
        self.visit_body(&statement.finalbody);
    }
}

impl<'a> Visitor<'a> for Imports<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.add(alias.name.to_string(), None, self.lines.of_node(alias), false);
                }
            }
            Stmt::ImportFrom(import) => {
                let dots = ".".repeat(usize::try_from(import.level).unwrap_or(0));
                let module = format!("{dots}{}", import.module.as_deref().unwrap_or_default());
                for alias in &import.names {
                    let name = Some(alias.name.to_string());
                    self.add(module.clone(), name, self.lines.of_node(alias), false);
                }
            }
            Stmt::FunctionDef(_) => {
                self.functions += 1;
                visitor::walk_stmt(self, statement);
                self.functions -= 1;
            }
            Stmt::If(condition) if is_type_checking(&condition.test) => {
                self.type_checking += 1;
                self.visit_body(&condition.body);
                self.type_checking -= 1;
                for clause in &condition.elif_else_clauses {
                    self.visit_elif_else_clause(clause);
                }
            }
            Stmt::Try(attempt) => self.attempt(attempt),
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => {
                self.dynamic(call);
                visitor::walk_expr(self, expression);
            }
            Expr::Lambda(_) => {
                self.functions += 1;
                visitor::walk_expr(self, expression);
                self.functions -= 1;
            }
            _ => visitor::walk_expr(self, expression),
        }
    }
}

fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}

fn takes_import_errors(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    fn takes(class: &Expr) -> bool {
        match class {
            Expr::Name(name) => {
                matches!(
                    name.id.as_str(),
                    "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException"
                )
            }
            Expr::Tuple(classes) => classes.elts.iter().any(takes),
            _ => false,
        }
    }
    handler.type_.as_deref().is_none_or(takes)
}
