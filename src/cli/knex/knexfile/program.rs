//! The statements of a knexfile, and what it exports.

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    AssignmentOperator, AssignmentTarget, Class, Declaration, Decorator, ExportDefaultDeclarationKind,
    Expression, ExpressionStatement, ImportDeclaration, ImportDeclarationSpecifier, ImportExpression,
    ImportMeta, JSXElement, JSXFragment, Program, RegExpLiteral, Statement, TSEnumDeclaration,
    TSImportEqualsDeclaration, VariableDeclaration, WithStatement,
};
use oxc::ast_visit::Visit;
use oxc::ast_visit::walk;
use oxc::diagnostics::Severity;
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::SourceType;

use super::expression::{Evaluator, Names, declare, declared};
use super::node;
use super::value::{Known, Object, Value};
use super::world::World;
use super::{FileKind, dotenv};

/// What a file exports; functions called, as Knex does it.
///
/// # Errors
/// `None`: it has to be evaluated.
pub fn exported(source: &str, kind: FileKind, world: &World<'_>) -> Option<Object> {
    let allocator = Allocator::default();
    let of_scripts = SourceType::cjs();
    let of_either = SourceType::unambiguous();
    let first = match kind.may_be_module {
        false => of_scripts,
        true if kind.is_module => SourceType::mjs(),
        true => of_either,
    };
    let source_type = first.with_typescript(kind.typescript);
    let options = ParseOptions { parse_regular_expression: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, source, source_type).with_options(options).parse();
    let is_module = kind.is_module || parsed.module_record.has_module_syntax;
    if !parsed.diagnostics.is_empty() || (is_module && !kind.may_be_module) {
        return None;
    }
    if !is_module && source_type != of_scripts.with_typescript(kind.typescript) {
        // Read as what it is.
        return exported(source, FileKind { may_be_module: false, ..kind }, world);
    }
    let program = &parsed.program;
    let built = SemanticBuilder::new().with_check_syntax_error(true).build(program);
    if built.diagnostics.iter().any(|each| each.severity == Severity::Error) || is_unusual(program, is_module)
    {
        return None;
    }
    let globals = match (is_module, kind.typescript && !kind.is_module) {
        (true, true) => node::of_both,
        (true, false) => node::of_modules,
        (false, _) => node::of_common_js,
    };
    let value = if is_module {
        of_module(program, kind, built.semantic.scoping(), globals, world)?
    } else {
        of_script(program, globals, world)?
    };
    Some(value)
}

/// Syntax that some versions of Node, or QuickJS, may refuse, also where it is not evaluated.
fn is_unusual(program: &Program<'_>, is_module: bool) -> bool {
    let mut unusual = Unusual { found: false, is_module };
    unusual.visit_program(program);
    unusual.found
}

struct Unusual {
    found: bool,
    is_module: bool,
}

impl<'a> Visit<'a> for Unusual {
    fn visit_class(&mut self, _: &Class<'a>) {
        self.found = true;
    }

    fn visit_decorator(&mut self, _: &Decorator<'a>) {
        self.found = true;
    }

    fn visit_import_expression(&mut self, _: &ImportExpression<'a>) {
        self.found = true;
    }

    fn visit_with_statement(&mut self, _: &WithStatement<'a>) {
        self.found = true;
    }

    fn visit_ts_enum_declaration(&mut self, _: &TSEnumDeclaration<'a>) {
        self.found = true;
    }

    fn visit_ts_import_equals_declaration(&mut self, _: &TSImportEqualsDeclaration<'a>) {
        self.found = true;
    }

    fn visit_jsx_element(&mut self, _: &JSXElement<'a>) {
        self.found = true;
    }

    fn visit_jsx_fragment(&mut self, _: &JSXFragment<'a>) {
        self.found = true;
    }

    fn visit_reg_exp_literal(&mut self, literal: &RegExpLiteral<'a>) {
        // Only what every engine knows.
        let flags = literal.regex.flags.to_string();
        let groups = ["(?<", "(?-", "(?i", "(?m", "(?s", "\\p", "\\P"];
        let pattern = literal.regex.pattern.text.as_str();
        self.found |= flags.contains(['v', 'd']) || groups.iter().any(|group| pattern.contains(group));
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        self.found |= declaration.kind.is_using() || declaration.declare;
        walk::walk_variable_declaration(self, declaration);
    }

    fn visit_import_meta(&mut self, _: &ImportMeta) {
        self.found |= !self.is_module;
    }
}

// -- CommonJS

fn of_script<'b, 'a: 'b>(
    program: &'b Program<'a>,
    globals: fn(&str) -> Option<Value>,
    world: &World<'_>,
) -> Option<Object> {
    let names = declared(program.body.iter())?;
    // They are parameters of the file's function, which its own names would replace.
    if ["exports", "module", "require"].iter().any(|name| names.contains_key(*name)) {
        return None;
    }
    let mut evaluator = Evaluator::new(world, globals, names);
    let mut exports = Object::default();
    let mut replaced = None;
    hoist(program.body.iter(), &mut evaluator)?;
    for statement in &program.body {
        match statement {
            Statement::ExpressionStatement(statement) => {
                match assigned(statement) {
                    Some((Export::Whole, value)) => replaced = Some(evaluator.evaluate(value)?),
                    Some((Export::Name { of_module, name }, value)) => {
                        let value = evaluator.evaluate(value)?;
                        // What `module.exports` was replaced by may have other names.
                        if of_module && replaced.is_some() {
                            return None;
                        }
                        exports.set(&name, value)?;
                    }
                    None => {
                        // Reading dotenv is all that an expression may be there for.
                        let value = evaluator.evaluate(&statement.expression)?;
                        (value == Value::Known(Known::ReadDotenv)).then_some(())?;
                    }
                }
            }
            other => declaration(other, &mut evaluator)?,
        }
    }
    // As Knex does it: the file may have been an ES module.
    let exported = replaced.unwrap_or(Value::Object(exports));
    let default = match &exported {
        Value::Object(object) => Some(object.get("default")?).filter(Value::is_truthy),
        _ => None,
    };
    finish(default.unwrap_or(exported), &mut evaluator)
}

/// What a statement exports.
enum Export {
    Whole,
    Name { of_module: bool, name: String },
}

fn assigned<'b, 'a>(statement: &'b ExpressionStatement<'a>) -> Option<(Export, &'b Expression<'a>)> {
    let Expression::AssignmentExpression(assignment) = &statement.expression else { return None };
    let AssignmentTarget::StaticMemberExpression(target) = &assignment.left else { return None };
    if assignment.operator != AssignmentOperator::Assign || target.optional {
        return None;
    }
    let name = target.property.name.as_str();
    let export = match &target.object {
        Expression::Identifier(object) if object.name == "module" && name == "exports" => Export::Whole,
        Expression::Identifier(object) if object.name == "exports" => {
            Export::Name { of_module: false, name: name.to_owned() }
        }
        Expression::StaticMemberExpression(inner) => match &inner.object {
            Expression::Identifier(object) if object.name == "module" && inner.property.name == "exports" => {
                Export::Name { of_module: true, name: name.to_owned() }
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((export, &assignment.right))
}

// -- ES modules

fn of_module<'b, 'a: 'b>(
    program: &'b Program<'a>,
    kind: FileKind,
    scoping: &Scoping,
    globals: fn(&str) -> Option<Value>,
    world: &World<'_>,
) -> Option<Object> {
    let mut names = declared(program.body.iter())?;
    let mut constants = Vec::new();
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(import) => {
                imported(import, kind, scoping, world, &mut names, &mut constants)?;
            }
            Statement::ExportDeclaration(export) => {
                for declarator in &variable_declaration(&export.declaration)?.declarations {
                    declare(&declarator.id, &mut names)?;
                }
            }
            Statement::ExportDefaultDeclaration(export) => {
                if let ExportDefaultDeclarationKind::FunctionDeclaration(function) = &export.declaration
                    && let Some(name) = &function.id
                {
                    names.insert(name.name.to_string(), None);
                }
            }
            _ => {}
        }
    }
    if ["exports", "module"].iter().any(|name| names.contains_key(*name)) {
        return None;
    }
    let mut evaluator = Evaluator::new(world, globals, names);
    for (name, value) in constants {
        evaluator.set(&name, value)?;
    }
    hoist(program.body.iter(), &mut evaluator)?;
    let has_names = program.body.iter().any(|each| matches!(each, Statement::ExportDeclaration(_)));
    let (mut default, mut replaced) = (None, None);
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(_) => {}
            Statement::ExportDefaultDeclaration(export) => {
                default = Some(match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) if !function.declare => {
                        evaluator.function(function)
                    }
                    other => evaluator.evaluate(other.as_expression()?)?,
                });
            }
            Statement::ExportDeclaration(export) => {
                variables(variable_declaration(&export.declaration)?, &mut evaluator)?;
            }
            Statement::ExpressionStatement(statement) => match assigned(statement) {
                // TypeScript that no package calls a module has both worlds.
                Some((Export::Whole, value)) if kind.typescript && !kind.is_module => {
                    replaced = Some(evaluator.evaluate(value)?);
                }
                _ => {
                    let value = evaluator.evaluate(&statement.expression)?;
                    (value == Value::Known(Known::ReadDotenv)).then_some(())?;
                }
            },
            other => declaration(other, &mut evaluator)?,
        }
    }
    if replaced.is_some() && (default.is_some() || has_names) {
        return None;
    }
    // Of a module with names alone these would be the configuration.
    finish(default.or(replaced).filter(Value::is_truthy)?, &mut evaluator)
}

fn imported(
    import: &ImportDeclaration<'_>,
    kind: FileKind,
    scoping: &Scoping,
    world: &World<'_>,
    names: &mut Names,
    constants: &mut Vec<(String, Value)>,
) -> Option<()> {
    if import.phase.is_some() || import.with_clause.is_some() {
        return None;
    }
    if import.import_kind.is_type() {
        return kind.typescript.then_some(());
    }
    let from = import.source.value.as_str();
    let Some(specifiers) = &import.specifiers else {
        return if from == "dotenv/config" { dotenv::read_at_import(world) } else { None };
    };
    // TypeScript leaves out what is only a type, and the whole import when nothing else is imported.
    let is_type = |specifier: &ImportDeclarationSpecifier<'_>| {
        let (local, says_so) = match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                (&specifier.local, specifier.import_kind.is_type())
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => (&specifier.local, false),
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => (&specifier.local, false),
        };
        let is_used = |id| scoping.get_resolved_references(id).any(|reference| reference.is_value());
        says_so || local.symbol_id.get().is_some_and(|id| !is_used(id))
    };
    if kind.typescript && !specifiers.is_empty() && specifiers.iter().all(is_type) {
        return Some(());
    }
    let known = Known::module(from)?;
    if known == Known::Dotenv {
        dotenv::package(world)?;
    }
    for specifier in specifiers {
        if kind.typescript && is_type(specifier) {
            continue;
        }
        let (local, value) = match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                (&specifier.local, known.imported(&specifier.imported.name())?)
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                (&specifier.local, known.imported("default")?)
            }
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => match known {
                Known::Process => return None,
                other => (&specifier.local, Value::Known(other)),
            },
        };
        names.insert(local.name.to_string(), None);
        constants.push((local.name.to_string(), value));
    }
    Some(())
}

// -- both

/// Functions have their values from the beginning.
fn hoist<'b, 'a: 'b>(
    statements: impl Iterator<Item = &'b Statement<'a>>,
    evaluator: &mut Evaluator<'b, 'a, '_>,
) -> Option<()> {
    for statement in statements {
        if let Statement::FunctionDeclaration(function) = statement {
            let value = evaluator.function(function);
            evaluator.set(&function.id.as_ref()?.name, value)?;
        }
    }
    Some(())
}

fn declaration<'b, 'a: 'b>(
    statement: &'b Statement<'a>,
    evaluator: &mut Evaluator<'b, 'a, '_>,
) -> Option<()> {
    match statement {
        Statement::VariableDeclaration(declaration) => variables(declaration, evaluator),
        Statement::FunctionDeclaration(function) => (!function.declare).then_some(()),
        Statement::EmptyStatement(_)
        | Statement::TSTypeAliasDeclaration(_)
        | Statement::TSInterfaceDeclaration(_) => Some(()),
        _ => None,
    }
}

fn variable_declaration<'b, 'a>(declaration: &'b Declaration<'a>) -> Option<&'b VariableDeclaration<'a>> {
    match declaration {
        Declaration::VariableDeclaration(declaration) => Some(declaration),
        _ => None,
    }
}

fn variables<'b, 'a: 'b>(
    declaration: &'b VariableDeclaration<'a>,
    evaluator: &mut Evaluator<'b, 'a, '_>,
) -> Option<()> {
    for declarator in &declaration.declarations {
        let value = evaluator.evaluate(declarator.init.as_ref()?)?;
        evaluator.bind(&declarator.id, value)?;
    }
    Some(())
}

/// The configuration, or what it gives when it is called.
fn finish(exported: Value, evaluator: &mut Evaluator<'_, '_, '_>) -> Option<Object> {
    let config = match exported {
        Value::Function(number) => evaluator.call(number)?,
        other => other,
    };
    match config {
        Value::Object(object) if !object.is_awaitable() => Some(object),
        _ => None,
    }
}
