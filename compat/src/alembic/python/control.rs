//! Statements that decide what is run: conditions, loops, exceptions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{
    ExceptHandler, Expr, Stmt, StmtFor, StmtIf, StmtMatch, StmtRaise, StmtTry, StmtWhile, StmtWith,
};

use super::interpreter::{Host, Interpreter, Raised, Scope, Stop};
use super::statement::last_name;
use super::value::{Place, Unknown, Value, not_known};

/// How many items of a list are followed through a loop.
const MOST_ROUNDS: usize = 500;

impl<H: Host> Interpreter<H> {
    pub(super) fn condition(&mut self, scope: &Rc<Scope>, statement: &StmtIf) -> Result<(), Stop> {
        let mut clauses: Vec<(Option<&Expr>, &[Stmt])> = vec![(Some(&statement.test), &statement.body)];
        clauses
            .extend(statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &*clause.body)));
        self.clauses(scope, &clauses, &scope.place(statement))
    }

    fn clauses(
        &mut self,
        scope: &Rc<Scope>,
        clauses: &[(Option<&Expr>, &[Stmt])],
        place: &Place,
    ) -> Result<(), Stop> {
        let Some(((test, body), rest)) = clauses.split_first() else {
            return Ok(());
        };
        let truth = match test {
            Some(test) => self.expression(scope, test)?.truth(),
            None => Some(true),
        };
        match truth {
            Some(true) => self.block(scope, body),
            Some(false) => self.clauses(scope, rest, place),
            None => {
                let unknown = Rc::new(Unknown {
                    place: place.clone(),
                    reason: "it depends on a condition that is not known".to_owned(),
                });
                self.both(scope, &unknown, &mut |this| this.block(scope, body), &mut |this| {
                    this.clauses(scope, rest, place)
                })
            }
        }
    }

    /// Follows two ways, only one of which is taken. An exception is assumed not to be the way that is.
    pub(super) fn both(
        &mut self,
        scope: &Rc<Scope>,
        unknown: &Rc<Unknown>,
        one: &mut dyn FnMut(&mut Self) -> Result<(), Stop>,
        two: &mut dyn FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let outer = self.maybe.clone();
        let top = scope.top();
        let start = (scope.names.borrow().clone(), top.names.borrow().clone());
        self.maybe = Some(Rc::clone(unknown));
        let first = one(self);
        let after_first = (scope.names.borrow().clone(), top.names.borrow().clone());
        top.names.replace(start.1);
        scope.names.replace(start.0);
        let second = two(self);
        self.maybe = self.returned.clone().or(outer);
        match (first, second) {
            (Err(Stop::Limit), _) | (_, Err(Stop::Limit)) => Err(Stop::Limit),
            (Err(Stop::Raise(_)), second) => second,
            (first, Err(Stop::Raise(_))) => {
                top.names.replace(after_first.1);
                scope.names.replace(after_first.0);
                first
            }
            (first, second) => {
                merge(&scope.names, after_first.0, unknown);
                if !Rc::ptr_eq(scope, &top) {
                    merge(&top.names, after_first.1, unknown);
                }
                match (first, second) {
                    (Ok(()), Ok(())) => Ok(()),
                    (Err(Stop::Return(one)), Err(Stop::Return(two))) if one.is_same(&two) => {
                        Err(Stop::Return(one))
                    }
                    (Err(Stop::Break), Err(Stop::Break)) => Err(Stop::Break),
                    (Err(Stop::Continue), Err(Stop::Continue)) => Err(Stop::Continue),
                    (Err(Stop::Return(_)), _) | (_, Err(Stop::Return(_))) => {
                        // What follows may or may not run.
                        self.returned = Some(Rc::clone(unknown));
                        self.maybe = Some(Rc::clone(unknown));
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    pub(super) fn each(&mut self, scope: &Rc<Scope>, statement: &StmtFor) -> Result<(), Stop> {
        let iterated = self.expression(scope, &statement.iter)?;
        let place = scope.place(statement);
        let items = match iterated.iterate() {
            Some(Ok(items)) if items.len() <= MOST_ROUNDS && !statement.is_async => items,
            _ => {
                let unknown = iterated
                    .unknown()
                    .unwrap_or_else(|| not_known(&place, "it depends on a loop over what is not known"));
                let target = Value::Unknown(Rc::clone(&unknown));
                return self.both(
                    scope,
                    &unknown,
                    &mut |this| {
                        this.assign(scope, &statement.target, target.clone())?;
                        loop_end(this.block(scope, &statement.body)).map(|_| ())
                    },
                    &mut |_| Ok(()),
                );
            }
        };
        for item in items {
            self.step()?;
            self.assign(scope, &statement.target, item)?;
            if loop_end(self.block(scope, &statement.body))? {
                return Ok(());
            }
        }
        self.block(scope, &statement.orelse)
    }

    pub(super) fn repeat(&mut self, scope: &Rc<Scope>, statement: &StmtWhile) -> Result<(), Stop> {
        let test = self.expression(scope, &statement.test)?;
        if test.truth() == Some(false) {
            return self.block(scope, &statement.orelse);
        }
        let unknown = not_known(&scope.place(statement), "it depends on a while loop");
        self.both(
            scope,
            &unknown,
            &mut |this| loop_end(this.block(scope, &statement.body)).map(|_| ()),
            &mut |_| Ok(()),
        )
    }

    pub(super) fn with(&mut self, scope: &Rc<Scope>, statement: &StmtWith) -> Result<(), Stop> {
        for item in &statement.items {
            let context = self.expression(scope, &item.context_expr)?;
            if let Some(target) = &item.optional_vars {
                self.assign(scope, target, context)?;
            }
        }
        self.block(scope, &statement.body)
    }

    pub(super) fn attempt(&mut self, scope: &Rc<Scope>, statement: &StmtTry) -> Result<(), Stop> {
        let tried = match self.block(scope, &statement.body) {
            Ok(()) => self.block(scope, &statement.orelse),
            Err(Stop::Raise(raised)) => self.handle(scope, &statement.handlers, raised),
            Err(stop) => Err(stop),
        };
        if matches!(tried, Err(Stop::Limit)) {
            return tried;
        }
        self.block(scope, &statement.finalbody)?;
        tried
    }

    fn handle(&mut self, scope: &Rc<Scope>, handlers: &[ExceptHandler], raised: Raised) -> Result<(), Stop> {
        for handler in handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            if handler.type_.as_deref().is_none_or(|class| catches(class, &raised.class)) {
                if let Some(name) = &handler.name {
                    let value = Self::unknown(raised.place.clone(), "it is an exception");
                    scope.bind(name, value);
                }
                return self.block(scope, &handler.body);
            }
        }
        Err(Stop::Raise(raised))
    }

    pub(super) fn choose(&mut self, scope: &Rc<Scope>, statement: &StmtMatch) -> Result<(), Stop> {
        self.expression(scope, &statement.subject)?;
        let unknown = not_known(&scope.place(statement), "it depends on a match statement");
        for case in &statement.cases {
            self.both(scope, &unknown, &mut |this| this.block(scope, &case.body), &mut |_| Ok(()))?;
        }
        Ok(())
    }

    pub(super) fn raise(&mut self, scope: &Rc<Scope>, statement: &StmtRaise) -> Result<(), Stop> {
        let place = scope.place(statement);
        let (class, message) = match statement.exc.as_deref() {
            Some(Expr::Call(call)) => {
                let message = match call.arguments.args.first() {
                    Some(message) => self.expression(scope, message)?.shown(),
                    None => None,
                };
                (last_name(&call.func), message)
            }
            Some(class) => (last_name(class), None),
            None => (None, None),
        };
        Err(Stop::Raise(Raised {
            class: class.unwrap_or_else(|| "Exception".to_owned()),
            message: message.unwrap_or_default(),
            place,
        }))
    }
}

/// Names whose values differ on two ways are not known after them.
fn merge(names: &RefCell<HashMap<String, Value>>, other: HashMap<String, Value>, unknown: &Rc<Unknown>) {
    let mut names = names.borrow_mut();
    for (name, value) in names.iter_mut() {
        if !other.get(name).is_some_and(|other| other.is_same(value)) {
            *value = Value::Unknown(Rc::clone(unknown));
        }
    }
    for (name, _) in other {
        names.entry(name).or_insert_with(|| Value::Unknown(Rc::clone(unknown)));
    }
}

/// Whether the loop ends.
fn loop_end(round: Result<(), Stop>) -> Result<bool, Stop> {
    match round {
        Ok(()) | Err(Stop::Continue) => Ok(false),
        Err(Stop::Break) => Ok(true),
        Err(stop) => Err(stop),
    }
}

/// Whether `except class` takes an exception of a class.
fn catches(class: &Expr, raised: &str) -> bool {
    match class {
        Expr::Tuple(classes) => classes.elts.iter().any(|class| catches(class, raised)),
        _ => last_name(class).is_some_and(|name| {
            name == raised
                || matches!(name.as_str(), "Exception" | "BaseException")
                || name == "LookupError" && matches!(raised, "KeyError" | "IndexError")
                || name == "ImportError" && raised == "ModuleNotFoundError"
        }),
    }
}
