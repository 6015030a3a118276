//! Expressions.

use std::rc::Rc;

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, ConversionFlag, Expr, ExprBoolOp, ExprCompare, ExprDict, ExprFString,
    ExprSlice, ExprSubscript, FStringPart, InterpolatedElement, InterpolatedStringElement, Number, Operator,
    UnaryOp,
};

use super::builtin;
use super::format;
use super::interpreter::{Host, Interpreter, Outcome, Raised, Scope, Stop};
use super::value::{Import, Items, Kind, Place, Value};

impl<H: Host> Interpreter<H> {
    pub(super) fn expression(&mut self, scope: &Rc<Scope>, expression: &Expr) -> Result<Value, Stop> {
        self.step()?;
        let not_followed = |scope: &Rc<Scope>, what: &str| {
            Ok(Self::unknown(scope.place(expression), format!("{what} is not followed")))
        };
        match expression {
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::BooleanLiteral(literal) => Ok(Value::Bool(literal.value)),
            Expr::StringLiteral(literal) => Ok(Value::text(literal.value.to_str())),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(integer) => match integer.as_i64() {
                    Some(integer) => Ok(Value::Integer(integer)),
                    None => not_followed(scope, "so large a number"),
                },
                _ => not_followed(scope, "a number with a fraction"),
            },
            Expr::FString(literal) => self.f_string(scope, literal),
            Expr::Name(name) => self.name(scope, name.id.as_str(), &scope.place(expression)),
            Expr::Tuple(tuple) => Ok(match self.elements(scope, &tuple.elts)? {
                Ok(items) => Value::Tuple(Rc::from(items)),
                Err(unknown) => unknown,
            }),
            Expr::List(list) => Ok(match self.elements(scope, &list.elts)? {
                Ok(items) => Value::list(items),
                Err(unknown) => unknown,
            }),
            Expr::Set(set) => Ok(match self.elements(scope, &set.elts)? {
                Ok(items) => builtin::set_of(items, &scope.place(expression)),
                Err(unknown) => unknown,
            }),
            Expr::Dict(dict) => self.dict(scope, dict),
            Expr::BoolOp(operation) => self.bool_op(scope, operation),
            Expr::BinOp(operation) => {
                let left = self.expression(scope, &operation.left)?;
                let right = self.expression(scope, &operation.right)?;
                match Self::binary(&left, operation.op, &right) {
                    Some(value) => Ok(value),
                    None => not_followed(scope, &format!("the operator {}", operation.op.as_str())),
                }
            }
            Expr::UnaryOp(operation) => {
                let operand = self.expression(scope, &operation.operand)?;
                match (operation.op, &operand) {
                    (_, Value::Unknown(_)) => Ok(operand),
                    (UnaryOp::Not, _) => match operand.truth() {
                        Some(truth) => Ok(Value::Bool(!truth)),
                        None => not_followed(scope, "the condition"),
                    },
                    (UnaryOp::USub, Value::Integer(integer)) => match integer.checked_neg() {
                        Some(integer) => Ok(Value::Integer(integer)),
                        None => not_followed(scope, "so large a number"),
                    },
                    _ => not_followed(scope, "the operator"),
                }
            }
            Expr::If(choice) => {
                let test = self.expression(scope, &choice.test)?;
                match test.truth() {
                    Some(true) => self.expression(scope, &choice.body),
                    Some(false) => self.expression(scope, &choice.orelse),
                    None => {
                        let one = self.expression(scope, &choice.body)?;
                        let two = self.expression(scope, &choice.orelse)?;
                        if one.is_same(&two) {
                            return Ok(one);
                        }
                        Ok(test.unknown().map_or_else(
                            || {
                                let reason = "it depends on a condition that is not known";
                                Self::unknown(scope.place(expression), reason)
                            },
                            Value::Unknown,
                        ))
                    }
                }
            }
            Expr::Named(named) => {
                let value = self.expression(scope, &named.value)?;
                self.assign(scope, &named.target, value.clone())?;
                Ok(value)
            }
            Expr::Compare(comparison) => self.compare(scope, comparison),
            Expr::Attribute(attribute) => {
                let value = self.expression(scope, &attribute.value)?;
                self.attribute(&value, &attribute.attr, &scope.place(expression))
            }
            Expr::Subscript(subscript) => self.subscript(scope, subscript),
            Expr::Call(call) => self.call(scope, call),
            Expr::Await(awaited) => self.expression(scope, &awaited.value),
            Expr::ListComp(list) => self.comprehension(scope, &list.elt, &list.generators, expression),
            Expr::Generator(list) => self.comprehension(scope, &list.elt, &list.generators, expression),
            Expr::SetComp(set) => {
                Ok(match self.comprehension(scope, &set.elt, &set.generators, expression)? {
                    Value::List(items) => {
                        builtin::set_of(items.0.borrow().held.clone(), &scope.place(expression))
                    }
                    other => other,
                })
            }
            Expr::DictComp(_) => not_followed(scope, "a comprehension of a dictionary"),
            Expr::Lambda(_) => not_followed(scope, "a lambda"),
            Expr::BytesLiteral(_) => not_followed(scope, "a literal of bytes"),
            Expr::Starred(starred) => self.expression(scope, &starred.value),
            Expr::Yield(_)
            | Expr::YieldFrom(_)
            | Expr::TString(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Slice(_)
            | Expr::IpyEscapeCommand(_) => not_followed(scope, "such an expression"),
        }
    }

    fn name(&mut self, scope: &Rc<Scope>, name: &str, place: &Place) -> Result<Value, Stop> {
        match scope.find(name) {
            Some(Value::Import(import)) => return self.resolve(&import),
            Some(value) => return Ok(value),
            None => {}
        }
        for (module, line) in scope.module.stars.borrow().iter() {
            if !builtin::exists(name) {
                let place = Place { file: Rc::clone(&scope.module.file), line: *line };
                return Ok(Self::unknown(place, format!("`{name}` comes from `from {module} import *`")));
            }
        }
        match name {
            "globals" | "locals" | "vars" | "exec" | "eval" => {
                self.spoil_all(scope, place, name);
                Ok(Self::unknown(place.clone(), format!("`{name}` is not followed")))
            }
            "__name__" => Ok(Value::text(&scope.module.name)),
            _ if builtin::exists(name) => Ok(Value::named(format!("builtins.{name}"))),
            _ => self.host.unbound(name).ok_or_else(|| {
                Stop::Raise(Raised {
                    class: "NameError".to_owned(),
                    message: format!("name '{name}' is not defined"),
                    place: place.clone(),
                })
            }),
        }
    }

    /// What `globals()` and its like may have changed.
    fn spoil_all(&mut self, scope: &Rc<Scope>, place: &Place, name: &str) {
        let reason = format!("`{name}` may have changed it");
        for (bound, value) in scope.top().names.borrow_mut().iter_mut() {
            if !bound.starts_with("__") && !matches!(value, Value::Function(_) | Value::Named(_)) {
                *value = Self::unknown(place.clone(), reason.clone());
            }
        }
        scope.module.stars.borrow_mut().push((name.to_owned(), place.line));
    }

    /// Elements of a display, in which a known `*` is spread.
    fn elements(&mut self, scope: &Rc<Scope>, elements: &[Expr]) -> Result<Result<Vec<Value>, Value>, Stop> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.expression(scope, element)?;
            if !element.is_starred_expr() {
                items.push(value);
                continue;
            }
            match value.iterate() {
                Some(Ok(more)) => items.extend(more),
                Some(Err(unknown)) => return Ok(Err(Value::Unknown(unknown))),
                None => {
                    let reason = "it holds a `*` of what is not known";
                    return Ok(Err(Self::unknown(scope.place(element), reason)));
                }
            }
        }
        Ok(Ok(items))
    }

    fn dict(&mut self, scope: &Rc<Scope>, dict: &ExprDict) -> Result<Value, Stop> {
        let built = Value::dict(Vec::new());
        let Value::Dict(entries) = &built else {
            return Ok(built);
        };
        for item in &dict.items {
            let value = self.expression(scope, &item.value)?;
            let more = match &item.key {
                Some(key) => vec![(self.expression(scope, key)?, value)],
                None => match &value {
                    Value::Dict(other) if other.0.borrow().unknown.is_none() => other.0.borrow().held.clone(),
                    _ => {
                        let reason = "it holds a `**` of what is not known";
                        self.spoil(&built, &scope.place(&item.value), reason);
                        continue;
                    }
                },
            };
            let mut contents = entries.0.borrow_mut();
            for (key, value) in more {
                match contents.held.iter_mut().find(|(held, _)| held.equals(&key) == Some(true)) {
                    Some(entry) => entry.1 = value,
                    None => contents.held.push((key, value)),
                }
            }
        }
        Ok(built)
    }

    fn bool_op(&mut self, scope: &Rc<Scope>, operation: &ExprBoolOp) -> Result<Value, Stop> {
        let decides = match operation.op {
            BoolOp::And => false,
            BoolOp::Or => true,
        };
        let mut result = Value::None;
        for operand in &operation.values {
            result = self.expression(scope, operand)?;
            match result.truth() {
                Some(truth) if truth == decides => return Ok(result),
                Some(_) => {}
                None => {
                    let reason = "it depends on a condition that is not known";
                    return Ok(result
                        .unknown()
                        .map_or_else(|| Self::unknown(scope.place(operation), reason), Value::Unknown));
                }
            }
        }
        Ok(result)
    }

    pub(super) fn binary(left: &Value, operator: Operator, right: &Value) -> Option<Value> {
        if left.is_large() || right.is_large() {
            return None;
        }
        match (left, operator, right) {
            (Value::Unknown(_), _, _) => Some(left.clone()),
            (Value::Text(left), Operator::Mod, _) => percent(left, right),
            (_, _, Value::Unknown(_)) => Some(right.clone()),
            (Value::Text(left), Operator::Add, Value::Text(right)) => {
                Some(Value::text(format!("{left}{right}")))
            }
            (Value::Tuple(left), Operator::Add, Value::Tuple(right)) => {
                Some(Value::Tuple(left.iter().chain(right.iter()).cloned().collect()))
            }
            (Value::List(_), Operator::Add, Value::List(_)) => {
                let (Some(left), Some(right)) = (left.iterate(), right.iterate()) else {
                    return None;
                };
                match (left, right) {
                    (Ok(mut left), Ok(right)) => {
                        left.extend(right);
                        Some(Value::list(left))
                    }
                    (Err(unknown), _) | (_, Err(unknown)) => Some(Value::Unknown(unknown)),
                }
            }
            (Value::Integer(left), Operator::Add, Value::Integer(right)) => {
                left.checked_add(*right).map(Value::Integer)
            }
            (Value::Integer(left), Operator::Sub, Value::Integer(right)) => {
                left.checked_sub(*right).map(Value::Integer)
            }
            _ => None,
        }
    }

    fn compare(&mut self, scope: &Rc<Scope>, comparison: &ExprCompare) -> Result<Value, Stop> {
        let mut left = self.expression(scope, &comparison.left)?;
        let mut holds = true;
        for (operator, right) in comparison.ops.iter().zip(&comparison.comparators) {
            let right = self.expression(scope, right)?;
            let truth = match operator {
                CmpOp::Eq => left.equals(&right),
                CmpOp::NotEq => left.equals(&right).map(|equal| !equal),
                CmpOp::Is | CmpOp::IsNot => {
                    is_same_object(&left, &right).map(|same| same == (*operator == CmpOp::Is))
                }
                CmpOp::In | CmpOp::NotIn => {
                    let inside = match &right {
                        Value::Named(name) => {
                            let place = scope.place(comparison);
                            match self.ask_subscript(name, &left, &place)? {
                                Outcome::Value(_) => Some(true),
                                Outcome::Raises(raised) if raised.class == "KeyError" => Some(false),
                                _ => None,
                            }
                        }
                        _ => contains(&right, &left),
                    };
                    inside.map(|inside| inside == (*operator == CmpOp::In))
                }
                _ => match (&left, &right) {
                    (Value::Integer(left), Value::Integer(right)) => Some(match operator {
                        CmpOp::Lt => left < right,
                        CmpOp::LtE => left <= right,
                        CmpOp::Gt => left > right,
                        _ => left >= right,
                    }),
                    _ => None,
                },
            };
            let Some(truth) = truth else {
                let unknown = left.unknown().or(right.unknown());
                let otherwise = || Self::unknown(scope.place(comparison), "the comparison is not followed");
                return Ok(unknown.map_or_else(otherwise, Value::Unknown));
            };
            holds = holds && truth;
            left = right;
        }
        Ok(Value::Bool(holds))
    }

    pub(super) fn attribute(&mut self, value: &Value, attribute: &str, place: &Place) -> Result<Value, Stop> {
        let method = || Value::Method(Rc::new((value.clone(), attribute.to_owned())));
        Ok(match value {
            Value::Named(name) => {
                let full = format!("{name}.{attribute}");
                self.host.value_of(&full, place).unwrap_or_else(|| Value::named(full))
            }
            Value::Object(object) => match (object.attribute(attribute), object.kind) {
                (Some(Value::Function(_)), Kind::Instance) | (None, Kind::Host) => method(),
                (Some(Value::Import(import)), _) => self.resolve(&import)?,
                (Some(held), _) => held,
                (None, Kind::Module)
                    if self.host.follows_module(&format!("{}.{attribute}", object.class)) =>
                {
                    let module = format!("{}.{attribute}", object.class);
                    self.resolve(&Import { module, name: None, place: place.clone() })?
                }
                (None, _) => match &object.opaque {
                    Some(unknown) => Value::Unknown(Rc::clone(unknown)),
                    None => {
                        let reason = format!("`{}` has no `{attribute}` that is seen here", object.class);
                        Self::unknown(place.clone(), reason)
                    }
                },
            },
            Value::Unknown(_) => value.clone(),
            _ => method(),
        })
    }

    fn subscript(&mut self, scope: &Rc<Scope>, subscript: &ExprSubscript) -> Result<Value, Stop> {
        let container = self.expression(scope, &subscript.value)?;
        let place = scope.place(subscript);
        if let Expr::Slice(slice) = subscript.slice.as_ref() {
            return self.slice(scope, &container, slice, &place);
        }
        let key = self.expression(scope, &subscript.slice)?;
        if let Value::Named(name) = &container {
            return match self.ask_subscript(name, &key, &place)? {
                Outcome::Value(value) => Ok(value),
                Outcome::Raises(raised) => Err(Stop::Raise(raised)),
                Outcome::NotKnown | Outcome::Calls(..) | Outcome::AfterImports => {
                    Ok(Self::unknown(place, format!("an item of `{name}` is not known")))
                }
            };
        }
        if let Some(unknown) = own_unknown(&container).or_else(|| own_unknown(&key)) {
            return Ok(Value::Unknown(unknown));
        }
        let found = match (&container, &key) {
            (Value::Dict(entries), _) => {
                let contents = entries.0.borrow();
                let entry = contents.held.iter().find(|(held, _)| held.equals(&key) == Some(true));
                match entry {
                    Some((_, value)) => Some(value.clone()),
                    None if contents.held.iter().all(|(held, _)| held.equals(&key) == Some(false)) => {
                        return Err(Stop::Raise(Raised {
                            class: "KeyError".to_owned(),
                            message: key.represented().unwrap_or_default(),
                            place,
                        }));
                    }
                    None => None,
                }
            }
            (_, Value::Integer(index)) => {
                let items = match container.iterate() {
                    Some(Ok(items)) if !matches!(container, Value::Set(_)) => items,
                    _ => Vec::new(),
                };
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = if *index < 0 { length.saturating_add(*index) } else { *index };
                usize::try_from(index).ok().and_then(|index| items.get(index).cloned())
            }
            _ => None,
        };
        Ok(found.unwrap_or_else(|| Self::unknown(place, "the item is not known")))
    }

    fn ask_subscript(&mut self, name: &str, key: &Value, place: &Place) -> Result<Outcome, Stop> {
        match self.host.subscript(name, key, place) {
            Outcome::AfterImports => {
                self.catch_up()?;
                Ok(self.host.subscript(name, key, place))
            }
            outcome => Ok(outcome),
        }
    }

    fn slice(
        &mut self,
        scope: &Rc<Scope>,
        container: &Value,
        slice: &ExprSlice,
        place: &Place,
    ) -> Result<Value, Stop> {
        let mut bounds = [None, None];
        for (bound, expression) in bounds.iter_mut().zip([&slice.lower, &slice.upper]) {
            if let Some(expression) = expression {
                match self.expression(scope, expression)? {
                    Value::Integer(integer) => *bound = Some(integer),
                    _ => return Ok(Self::unknown(place.clone(), "the slice is not known")),
                }
            }
        }
        let items = match container.iterate() {
            Some(Ok(items)) if slice.step.is_none() => items,
            Some(Err(unknown)) => return Ok(Value::Unknown(unknown)),
            _ => return Ok(Self::unknown(place.clone(), "the slice is not known")),
        };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let clamp = |bound: i64| {
            let bound = if bound < 0 { length.saturating_add(bound) } else { bound };
            usize::try_from(bound.clamp(0, length)).unwrap_or(0)
        };
        let (start, end) = (bounds[0].map_or(0, clamp), bounds[1].map_or(items.len(), clamp));
        let part = items.get(start..end).unwrap_or_default().to_vec();
        Ok(match container {
            Value::Text(_) => Value::text(part.iter().filter_map(Value::as_text).collect::<String>()),
            Value::Tuple(_) => Value::Tuple(Rc::from(part)),
            Value::List(_) => Value::list(part),
            _ => Self::unknown(place.clone(), "the slice is not known"),
        })
    }

    fn f_string(&mut self, scope: &Rc<Scope>, literal: &ExprFString) -> Result<Value, Stop> {
        let mut text = String::new();
        for part in &literal.value {
            match part {
                FStringPart::Literal(literal) => text.push_str(&literal.value),
                FStringPart::FString(part) => {
                    for element in &part.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                            InterpolatedStringElement::Interpolation(element) => {
                                match self.interpolation(scope, element)? {
                                    Ok(shown) => text.push_str(&shown),
                                    Err(unknown) => return Ok(unknown),
                                }
                            }
                        }
                    }
                }
            }
        }
        let text = Value::text(text);
        if text.is_large() {
            return Ok(Self::unknown(scope.place(literal), "it is too long"));
        }
        Ok(text)
    }

    fn interpolation(
        &mut self,
        scope: &Rc<Scope>,
        element: &InterpolatedElement,
    ) -> Result<Result<String, Value>, Stop> {
        let value = self.expression(scope, &element.expression)?;
        let plain = element.format_spec.is_none() && element.debug_text.is_none();
        let shown = match element.conversion {
            _ if !plain => None,
            ConversionFlag::None | ConversionFlag::Str => value.shown(),
            ConversionFlag::Repr => value.represented(),
            ConversionFlag::Ascii => None,
        };
        Ok(shown.ok_or_else(|| {
            let reason = "a part of the f-string is not known";
            value
                .unknown()
                .map_or_else(|| Self::unknown(scope.place(&*element.expression), reason), Value::Unknown)
        }))
    }

    fn comprehension(
        &mut self,
        scope: &Rc<Scope>,
        element: &Expr,
        generators: &[Comprehension],
        whole: &Expr,
    ) -> Result<Value, Stop> {
        let [generator] = generators else {
            return Ok(Self::unknown(scope.place(whole), "a nested comprehension is not followed"));
        };
        let iterated = self.expression(scope, &generator.iter)?;
        let items = match iterated.iterate() {
            Some(Ok(items)) => items,
            Some(Err(unknown)) => return Ok(Value::Unknown(unknown)),
            None => return Ok(Self::unknown(scope.place(whole), "what it goes through is not known")),
        };
        let inside = Scope::inside(scope);
        let mut made = Vec::new();
        for item in items {
            self.assign(&inside, &generator.target, item)?;
            let mut kept = true;
            for condition in &generator.ifs {
                match self.expression(&inside, condition)?.truth() {
                    Some(truth) => kept = kept && truth,
                    None => {
                        let reason = "it depends on a condition that is not known";
                        return Ok(Self::unknown(scope.place(whole), reason));
                    }
                }
            }
            if kept {
                made.push(self.expression(&inside, element)?);
            }
        }
        Ok(Value::List(Items::of(made)))
    }
}

/// Why the value itself is not known, whatever is in it.
pub(super) fn own_unknown(value: &Value) -> Option<Rc<super::value::Unknown>> {
    match value {
        Value::Unknown(unknown) => Some(Rc::clone(unknown)),
        Value::List(items) | Value::Set(items) => items.0.borrow().unknown.clone(),
        Value::Dict(entries) => entries.0.borrow().unknown.clone(),
        _ => None,
    }
}

/// `template % value`.
fn percent(template: &str, value: &Value) -> Option<Value> {
    let positional = match value {
        Value::Unknown(_) => return Some(value.clone()),
        Value::Dict(entries) => {
            let contents = entries.0.borrow();
            let lookup = |key: &str| {
                let held = contents.held.iter().find(|(held, _)| held.as_text() == Some(key));
                match held.map(|(_, value)| value)? {
                    Value::Text(text) => Some(format::Value::Text(text.to_string())),
                    Value::Integer(integer) => Some(format::Value::Integer(*integer)),
                    _ => None,
                }
            };
            return format::format(template, &lookup).ok().map(Value::text);
        }
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let mut items = positional.iter();
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let conversion = after.chars().next()?;
        match conversion {
            '%' => out.push('%'),
            's' => out.push_str(&items.next()?.shown()?),
            'r' => out.push_str(&items.next()?.represented()?),
            'd' => match items.next()? {
                Value::Integer(integer) => out.push_str(&integer.to_string()),
                _ => return None,
            },
            _ => return None,
        }
        rest = after.get(1..)?;
    }
    out.push_str(rest);
    items.next().is_none().then(|| Value::text(out))
}

/// `is`, for the values of which there is one.
fn is_same_object(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Unknown(_) | Value::Named(_), _) | (_, Value::Unknown(_) | Value::Named(_)) => None,
        (Value::None, Value::None) => Some(true),
        (Value::None, _) | (_, Value::None) => Some(false),
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        _ => None,
    }
}

/// `item in container`.
fn contains(container: &Value, item: &Value) -> Option<bool> {
    if let (Value::Text(text), Value::Text(part)) = (container, item) {
        return Some(text.contains(&**part));
    }
    let items = container.iterate()?.ok()?;
    let mut certain = true;
    for held in items {
        match held.equals(item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => certain = false,
        }
    }
    certain.then_some(false)
}
