//! Calls and classes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{ExprCall, StmtClassDef};

use super::builtin;
use super::interpreter::{Host, Interpreter, Outcome, Scope, Stop};
use super::method;
use super::value::{Arguments, Function, Kind, Object, Place, Unknown, Value};

impl<H: Host> Interpreter<H> {
    pub(super) fn call(&mut self, scope: &Rc<Scope>, call: &ExprCall) -> Result<Value, Stop> {
        let function = self.expression(scope, &call.func)?;
        let mut arguments = Arguments::default();
        for argument in &call.arguments.args {
            let value = self.expression(scope, argument)?;
            if !argument.is_starred_expr() {
                arguments.positional.push(value);
                continue;
            }
            match value.iterate() {
                Some(Ok(items)) => arguments.positional.extend(items),
                _ => {
                    arguments.more = Some(self.reason_of(&value, scope.place(argument), "a `*` is not known"))
                }
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.expression(scope, &keyword.value)?;
            match (&keyword.arg, &value) {
                (Some(name), _) => arguments.keywords.push((name.to_string(), value)),
                (None, Value::Dict(entries)) if entries.0.borrow().unknown.is_none() => {
                    for (key, value) in &entries.0.borrow().held {
                        if let Some(key) = key.as_text() {
                            arguments.keywords.push((key.to_owned(), value.clone()));
                        }
                    }
                }
                (None, _) => {
                    arguments.more =
                        Some(self.reason_of(&value, scope.place(keyword), "a `**` is not known"));
                }
            }
        }
        self.call_value(&function, arguments, &scope.place(call))
    }

    fn reason_of(&self, value: &Value, place: Place, reason: &str) -> Rc<Unknown> {
        value.unknown().unwrap_or_else(|| Rc::new(Unknown { place, reason: reason.to_owned() }))
    }

    pub(super) fn call_value(
        &mut self,
        function: &Value,
        arguments: Arguments,
        place: &Place,
    ) -> Result<Value, Stop> {
        match function {
            Value::Function(function) => self.call_function(function, arguments, place),
            Value::Named(name) => {
                if let Some(name) = name.strip_prefix("builtins.")
                    && let Some(value) = builtin::call(name, &arguments, place)
                {
                    return Ok(value);
                }
                let maybe = self.maybe.clone();
                let mut outcome = self.host.call(name, &arguments, place, maybe.as_ref());
                if matches!(outcome, Outcome::AfterImports) {
                    self.catch_up()?;
                    outcome = self.host.call(name, &arguments, place, maybe.as_ref());
                }
                self.settle(outcome, name, &arguments, place)
            }
            Value::Method(method) => {
                let (receiver, name) = method.as_ref();
                if let Value::Object(object) = receiver
                    && object.kind == Kind::Instance
                    && let Some(Value::Function(function)) = object.attribute(name)
                {
                    let mut arguments = arguments;
                    arguments.positional.insert(0, receiver.clone());
                    return self.call_function(&function, arguments, place);
                }
                if let Value::Object(object) = receiver {
                    let maybe = self.maybe.clone();
                    let outcome = self.host.call_method(object, name, &arguments, place, maybe.as_ref());
                    let shown = format!("{}.{name}", object.class);
                    return self.settle(outcome, &shown, &arguments, place);
                }
                if let Some(value) = method::call(receiver, name, &arguments, place, self.maybe.as_ref()) {
                    return Ok(value);
                }
                self.spoil(receiver, place, &format!("its method `{name}` is not followed"));
                let reason = format!("the result of the method `{name}` is not known");
                Ok(self.lost(&arguments, place, reason))
            }
            Value::Object(class) if class.kind == Kind::Class => self.instance(class, arguments, place),
            Value::Unknown(_) => {
                self.lost(&arguments, place, String::new());
                Ok(function.clone())
            }
            _ => Ok(self.lost(&arguments, place, "what is called is not known".to_owned())),
        }
    }

    fn settle(
        &mut self,
        outcome: Outcome,
        name: &str,
        arguments: &Arguments,
        place: &Place,
    ) -> Result<Value, Stop> {
        match outcome {
            Outcome::Value(value) => Ok(value),
            Outcome::Raises(raised) => Err(Stop::Raise(raised)),
            Outcome::Calls(function, arguments) => self.call_value(&function, arguments, place),
            Outcome::NotKnown | Outcome::AfterImports => {
                let shown = name.strip_prefix("builtins.").unwrap_or(name);
                Ok(self.lost(arguments, place, format!("the result of `{shown}(…)` is not known")))
            }
        }
    }

    /// The result of a call that is not followed. It may have changed the containers that it was given.
    fn lost(&mut self, arguments: &Arguments, place: &Place, reason: String) -> Value {
        let values: Vec<Value> = arguments.values().cloned().collect();
        for value in values {
            self.spoil(&value, place, "it is handed to a call that is not followed");
        }
        Self::unknown(place.clone(), reason)
    }

    fn call_function(
        &mut self,
        function: &Rc<Function>,
        arguments: Arguments,
        place: &Place,
    ) -> Result<Value, Stop> {
        self.enter()?;
        let scope = Scope::inside(&function.scope);
        self.bind_parameters(function, &scope, &arguments, place)?;
        let returned = self.returned.take();
        let maybe = self.maybe.clone();
        let result = self.block(&scope, &function.definition.body);
        let may_have_returned = std::mem::replace(&mut self.returned, returned);
        self.maybe = maybe;
        self.depth -= 1;
        let value = match result {
            Ok(()) => Value::None,
            Err(Stop::Return(value)) => value,
            Err(stop) => return Err(stop),
        };
        Ok(may_have_returned.map_or(value, Value::Unknown))
    }

    fn bind_parameters(
        &mut self,
        function: &Rc<Function>,
        scope: &Rc<Scope>,
        arguments: &Arguments,
        place: &Place,
    ) -> Result<(), Stop> {
        let parameters = &function.definition.parameters;
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        let mut given = arguments.positional.iter();
        for (parameter, by_position) in positional
            .map(|parameter| (parameter, true))
            .chain(parameters.kwonlyargs.iter().map(|kept| (kept, false)))
        {
            let name = parameter.parameter.name.as_str();
            let value = if by_position { given.next().cloned() } else { None };
            let value = match value.or_else(|| arguments.keyword(name).cloned()) {
                Some(value) => value,
                None => match (&parameter.default, &arguments.more) {
                    (_, Some(more)) => Value::Unknown(Rc::clone(more)),
                    (Some(default), None) => self.expression(&function.scope, default)?,
                    (None, None) => Self::unknown(place.clone(), format!("the argument `{name}` is missing")),
                },
            };
            scope.bind(name, value);
        }
        if let Some(rest) = &parameters.vararg {
            scope.bind(&rest.name, Value::Tuple(given.cloned().collect()));
        }
        if let Some(rest) = &parameters.kwarg {
            let named = |name: &str| {
                parameters.iter_non_variadic_params().any(|known| known.parameter.name.as_str() == name)
            };
            let entries = arguments.keywords.iter().filter(|(name, _)| !named(name));
            let entries = entries.map(|(name, value)| (Value::text(name), value.clone())).collect();
            scope.bind(&rest.name, Value::dict(entries));
        }
        Ok(())
    }

    /// A class: an object with its attributes and those of its bases.
    pub(super) fn class(&mut self, scope: &Rc<Scope>, definition: &StmtClassDef) -> Result<Value, Stop> {
        let place = scope.place(&definition.name);
        let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
        let mut opaque = None;
        let not_followed =
            |reason: &str| Rc::new(Unknown { place: place.clone(), reason: reason.to_owned() });
        if !definition.decorator_list.is_empty() {
            opaque = Some(not_followed(&format!("the class `{}` is decorated", definition.name)));
        }
        if let Some(arguments) = &definition.arguments {
            if !arguments.keywords.is_empty() {
                opaque = Some(not_followed(&format!("the class `{}` has a metaclass", definition.name)));
            }
            for base in arguments.args.iter().rev() {
                match self.expression(scope, base)? {
                    Value::Object(base) if base.kind == Kind::Class || base.kind == Kind::Host => {
                        attributes.extend(base.attributes.borrow().clone());
                        opaque = opaque.or_else(|| base.opaque.clone());
                    }
                    Value::Named(name) if &*name == "builtins.object" => {}
                    Value::Named(name) => match self.host.base(&name, &place) {
                        Some(more) => attributes.extend(more),
                        None => {
                            let reason = format!("the class `{}` inherits from `{name}`", definition.name);
                            opaque = Some(not_followed(&reason));
                        }
                    },
                    other => {
                        let reason =
                            format!("the class `{}` inherits from what is not known", definition.name);
                        opaque = Some(other.unknown().unwrap_or_else(|| not_followed(&reason)));
                    }
                }
            }
        }
        let inside = Scope::inside(scope);
        self.block(&inside, &definition.body)?;
        attributes.extend(inside.names.borrow().clone());
        if let Some(unknown) = &opaque {
            // Such a class may treat what is written in it as it likes.
            for value in attributes
                .values_mut()
                .filter(|value| !matches!(value, Value::Function(_) | Value::Object(_)))
            {
                *value = Value::Unknown(Rc::clone(unknown));
            }
        }
        Ok(Value::Object(Rc::new(Object {
            kind: Kind::Class,
            class: definition.name.to_string(),
            attributes: RefCell::new(attributes),
            place,
            opaque,
        })))
    }

    /// An instance of a class of the project, with what its constructor does.
    fn instance(&mut self, class: &Rc<Object>, arguments: Arguments, place: &Place) -> Result<Value, Stop> {
        let object = Value::Object(Rc::new(Object {
            kind: Kind::Instance,
            class: class.class.clone(),
            attributes: class.attributes.clone(),
            place: place.clone(),
            opaque: class.opaque.clone(),
        }));
        if let Some(Value::Function(constructor)) = class.attribute("__init__") {
            let mut arguments = arguments;
            arguments.positional.insert(0, object.clone());
            self.call_function(&constructor, arguments, place)?;
        }
        Ok(object)
    }
}
