//! Operators: `and` and `or`, arithmetic, comparisons.

use std::rc::Rc;

use ruff_python_ast::{BoolOp, CmpOp, ExprBoolOp, ExprCompare, Operator};

use super::format;
use super::interpreter::{Host, Interpreter, Outcome, Scope, Stop};
use super::value::Value;

impl<H: Host> Interpreter<H> {
    pub(super) fn bool_op(&mut self, scope: &Rc<Scope>, operation: &ExprBoolOp) -> Result<Value, Stop> {
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

    pub(super) fn compare(&mut self, scope: &Rc<Scope>, comparison: &ExprCompare) -> Result<Value, Stop> {
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
