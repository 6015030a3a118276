//! What was called that is no function, in V8's words: QuickJS says "not a function" and tells a place, and the text there
//! says the rest.
//!
//! QuickJS marks the place of names as it evaluates them and not that of calls: the place is the last name before the call.
//! So it is often clear which call was meant, and words are given only where no other can have been.

use oxc::allocator::Allocator;
use oxc::ast::AstKind;
use oxc::ast::ast::{Argument, CallExpression, Expression, NewExpression, ObjectPropertyKind};
use oxc::ast_visit::Visit;
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};

use super::transform::with_deep_stack;

/// V8's words for a call at a line and a column, from 1, of a script, if they are known for sure.
pub fn words(script: &str, line: u32, column: u32) -> Option<String> {
    // Whoever says so himself may not mean a call.
    if script.contains("not a function") {
        return None;
    }
    let offset = offset(script, line, column)?;
    with_deep_stack(script, || words_at(script, offset)).flatten()
}

fn words_at(script: &str, offset: u32) -> Option<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::cjs()).parse();
    if !parsed.diagnostics.is_empty() {
        return None;
    }
    let mut search = Search { offset, around: Vec::new(), found: Vec::new() };
    search.visit_program(&parsed.program);
    match search.found.as_slice() {
        [Some(words)] => Some(words.clone()),
        _ => None,
    }
}

/// Where a place is in a text; columns of a line that is not ASCII are not sure.
fn offset(script: &str, line: u32, column: u32) -> Option<u32> {
    let start = match line {
        0 => return None,
        1 => 0,
        _ => script.match_indices('\n').nth(line as usize - 2)?.0 + 1,
    };
    let end = start + (column as usize).checked_sub(1)?;
    script.get(start..end)?.is_ascii().then(|| u32::try_from(end).ok())?
}

struct Search<'a> {
    offset: u32,
    around: Vec<AstKind<'a>>,
    /// The calls that it can have been, with what V8 says of each.
    found: Vec<Option<String>>,
}

impl<'a> Visit<'a> for Search<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) if self.is_called(call) => {
                let words = (!call.optional && self.nothing_follows())
                    .then(|| printed(&call.callee))
                    .flatten()
                    .map(|callee| format!("{callee} is not a function"));
                self.found.push(words);
            }
            AstKind::NewExpression(made) if self.is_made(made) => {
                let words = self
                    .nothing_follows()
                    .then(|| printed(&made.callee))
                    .flatten()
                    .map(|callee| format!("{callee} is not a constructor"));
                self.found.push(words);
            }
            _ => {}
        }
        self.around.push(kind);
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.around.pop();
    }
}

impl<'a> Search<'a> {
    /// Whether the place is the last that is marked before this call: the name of what is called, or a name in the arguments
    /// behind which nothing is called.
    fn is_called(&self, call: &CallExpression<'a>) -> bool {
        let mark = match call.callee.get_inner_expression() {
            Expression::Identifier(name) => Some(name.span.start).filter(|_| !name.name.ends_with("Error")),
            Expression::StaticMemberExpression(member) => Some(member.property.span.start),
            _ => None,
        };
        let arguments = Span::new(call.callee.span().end, call.span.end);
        match mark {
            Some(mark) if mark == self.offset => call.arguments.iter().all(|argument| !marks(argument)),
            Some(_) => {
                self.is_in(arguments)
                    && call.arguments.last().is_some_and(|last| self.is_name(last.as_expression()))
            }
            None => false,
        }
    }

    fn is_made(&self, made: &NewExpression<'a>) -> bool {
        let is_error = match made.callee.get_inner_expression() {
            Expression::Identifier(name) => name.name.ends_with("Error"),
            Expression::StaticMemberExpression(member) => member.property.name.ends_with("Error"),
            _ => true,
        };
        made.callee.span().start == self.offset
            && !is_error
            && made.arguments.iter().all(|argument| !marks(argument))
    }

    fn is_in(&self, span: Span) -> bool {
        span.start <= self.offset && self.offset < span.end
    }

    /// Whether an expression is a name at the place.
    fn is_name(&self, expression: Option<&Expression<'a>>) -> bool {
        matches!(expression, Some(Expression::Identifier(name)) if name.span.start == self.offset)
    }

    /// Whether nothing is done with the result that could fail in the same words at the same place.
    fn nothing_follows(&self) -> bool {
        for kind in self.around.iter().rev() {
            match kind {
                AstKind::ParenthesizedExpression(_)
                | AstKind::ChainExpression(_)
                | AstKind::AwaitExpression(_) => {}
                // The name of a member is marked before it is called.
                AstKind::StaticMemberExpression(_)
                | AstKind::ExpressionStatement(_)
                | AstKind::FunctionBody(_)
                | AstKind::ArrowFunctionExpression(_)
                | AstKind::ReturnStatement(_) => return true,
                AstKind::VariableDeclarator(declared) => return declared.id.is_binding_identifier(),
                _ => return false,
            }
        }
        false
    }
}

/// Whether evaluating an argument marks a place, or may: literals and functions do not.
fn marks(argument: &Argument<'_>) -> bool {
    argument.as_expression().is_none_or(|expression| !is_constant(expression))
}

fn is_constant(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::StringLiteral(_)
        | Expression::NumericLiteral(_)
        | Expression::BooleanLiteral(_)
        | Expression::NullLiteral(_)
        | Expression::ArrowFunctionExpression(_)
        | Expression::FunctionExpression(_) => true,
        Expression::ArrayExpression(array) => {
            array.elements.iter().all(|element| element.as_expression().is_some_and(is_constant))
        }
        Expression::ObjectExpression(object) => object.properties.iter().all(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                !property.computed && is_constant(&property.value)
            }
            ObjectPropertyKind::SpreadProperty(_) => false,
        }),
        _ => false,
    }
}

/// An expression as V8 prints it in its messages, of those whose form is known.
fn printed(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::Identifier(name) => {
            // What stands for an import in a module.
            (!name.name.starts_with("__vite_ssr")).then(|| name.name.to_string())
        }
        Expression::ThisExpression(_) => Some("this".to_owned()),
        Expression::ParenthesizedExpression(inner) => printed(&inner.expression),
        Expression::StaticMemberExpression(member) => {
            let dot = if member.optional { "?." } else { "." };
            Some(format!("{}{dot}{}", printed(&member.object)?, member.property.name))
        }
        Expression::ComputedMemberExpression(member) if !member.optional => {
            let object = printed(&member.object)?;
            match &member.expression {
                Expression::StringLiteral(name) => Some(format!("{object}.{}", name.value)),
                Expression::Identifier(name) => Some(format!("{object}[{}]", name.name)),
                Expression::NumericLiteral(number) => {
                    let index = number.raw?.to_string();
                    let is_plain = index == "0"
                        || (!index.starts_with('0') && index.bytes().all(|byte| byte.is_ascii_digit()));
                    is_plain.then(|| format!("{object}[{index}]"))
                }
                _ => None,
            }
        }
        Expression::CallExpression(call) if !call.optional => {
            Some(format!("{}(...)", printed(&call.callee)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words for the place that `^` stands before.
    fn said(text: &str) -> Option<String> {
        let (before, behind) = text.split_once('^').unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().len() + 1;
        words(&format!("{before}{behind}"), u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
    }

    #[test]
    fn calls_are_told_as_v8_tells_them() {
        for (text, wanted) in [
            ("^x()", "x is not a function"),
            ("t.^strin('x')", "t.strin is not a function"),
            ("async () => { const made = await t\n  .s\n  .^foo(1); }", "t.s.foo is not a function"),
            ("return_(() => { return knex('x').^wher({}).first() })", "knex(...).wher is not a function"),
            ("knex.schema.^creatTable('x', (t) => { t.id(1); })", "knex.schema.creatTable is not a function"),
            ("t['a-b'][0][k].^c()", "t.a-b[0][k].c is not a function"),
            ("t?.s.^foo()", "t?.s.foo is not a function"),
            ("table.^day('at', { useTz: true, of: [1, 'a'] }).notNullable()", "table.day is not a function"),
            ("table.enumm('mood', ^moods)", "table.enumm is not a function"),
            ("new ^Shop()", "Shop is not a constructor"),
            ("new ^shop.Shop('x')", "shop.Shop is not a constructor"),
            ("this.^sell('x').on(day)", "this.sell is not a function"),
        ] {
            assert_eq!(said(text).as_deref(), Some(wanted), "{text}");
        }
    }

    /// Where another call can have failed at the same place, or V8's words are not known.
    #[test]
    fn nothing_is_guessed() {
        for text in [
            "sell(t.^strin('x'))",
            "t.^f()()",
            "const [a] = t.^f()",
            "for (const a of t.^f()) ;",
            "t.f(a.^b, c())",
            "t.f(c(), g(^a))",
            "throw new ^TypeError(told)",
            "throw ^told",
            "return_(() => ^TypeError(told))",
            "t.^f({ a: b })",
            "t.f(^a, b)",
            "(a || b).^f()",
            "[1].^f()",
            "__vite_ssr_import_0__.^shop()",
            "'is not a function'; t.^f()",
            "t.f(...^a)",
            "é = t.^f()",
            "a = t.^f(1)",
            "if (a) {",
        ] {
            if text.contains('^') {
                assert_eq!(said(text), None, "{text}");
            } else {
                assert_eq!(words(text, 1, 1), None, "{text}");
            }
        }
    }
}
