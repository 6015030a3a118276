//! The boolean expressions of `shouldExecute`.

use thiserror::Error;

/// Parentheses nested deeper than this are refused rather than followed.
const DEEPEST: usize = 64;

/// An expression that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Cannot evaluate shouldExecute expression '{expression}': {reason}. Write true, false, A==B or A!=B, combined with \
     &&, || and parentheses"
)]
pub struct ExpressionError {
    /// The whole expression, placeholders already replaced.
    pub expression: String,
    /// What is wrong.
    pub reason: String,
}

/// Evaluates an expression whose placeholders have been replaced: `true`, `false`, `A==B`, `A!=B` and combinations with
/// `&&`, which binds tighter, `||` and parentheses. Operands are compared as text, without the blanks around them.
pub fn evaluate(expression: &str) -> Result<bool, ExpressionError> {
    let error = |reason: String| ExpressionError { expression: expression.to_owned(), reason };
    let mut cursor = Cursor { rest: expression, depth: 0 };
    let value = cursor.alternatives().map_err(error)?;
    match cursor.rest.is_empty() {
        true => Ok(value),
        false => Err(error(format!("unexpected '{}'", cursor.rest.trim()))),
    }
}

struct Cursor<'e> {
    rest: &'e str,
    depth: usize,
}

impl<'e> Cursor<'e> {
    fn alternatives(&mut self) -> Result<bool, String> {
        let mut value = self.conjunction()?;
        while self.take("||") {
            // Both sides are evaluated, so that a mistake shows wherever it is.
            value |= self.conjunction()?;
        }
        Ok(value)
    }

    fn conjunction(&mut self) -> Result<bool, String> {
        let mut value = self.condition()?;
        while self.take("&&") {
            value &= self.condition()?;
        }
        Ok(value)
    }

    fn condition(&mut self) -> Result<bool, String> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("parentheses are nested deeper than {DEEPEST}"));
            }
            let value = self.alternatives()?;
            if !self.take(")") {
                return Err("a closing parenthesis is missing".to_owned());
            }
            self.depth -= 1;
            return Ok(value);
        }
        let left = self.operand();
        if self.take("==") {
            return Ok(left == self.operand());
        }
        if self.take("!=") {
            return Ok(left != self.operand());
        }
        match left {
            _ if left.eq_ignore_ascii_case("true") => Ok(true),
            _ if left.eq_ignore_ascii_case("false") => Ok(false),
            "" => Err("a condition is missing".to_owned()),
            _ => Err(format!("'{left}' is neither true nor false")),
        }
    }

    fn operand(&mut self) -> &'e str {
        let end = ["==", "!=", "&&", "||", "(", ")"].iter().filter_map(|token| self.rest.find(token)).min();
        let (operand, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        operand.trim()
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn evaluates() {
        for (expression, expected) in [
            ("true", true),
            (" FALSE ", false),
            ("a==a", true),
            ("a == b", false),
            ("a!=b", true),
            ("==", true),
            ("x==", false),
            ("my db==my db", true),
            ("true || false && false", true),
            ("(true || false) && false", false),
            ("(a==a && (b!=c || false))", true),
            ("a==b||a==a", true),
        ] {
            assert_eq!(evaluate(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for expression in
            ["", "yes", "!true", "(true", "true)", "a==b==c", "true &&", "|| true", "a(b)==c", "true true"]
        {
            assert!(evaluate(expression).is_err(), "{expression}");
        }
        assert!(evaluate(&"(".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(expression in "([()&|=!]|&&|==|true|a| ){0,40}") {
            let _ = evaluate(&expression);
        }
    }
}
