//! What has to be done to a file before QuickJS can evaluate it as the body of a function: types are taken out of TypeScript,
//! and imports and exports of ES modules become calls.

use std::path::Path;

use oxc::allocator::Allocator;
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use oxc::transformer::{TransformOptions, Transformer};
use oxc_transformer_plugins::ModuleRunnerTransform;

/// A file that QuickJS can evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transformed {
    /// The body of an asynchronous function for a module, of a plain one else.
    pub code: String,
    /// Whether it is an ES module.
    pub module: bool,
    /// The line of the file, from 1, for each line of the code.
    pub lines: Vec<u32>,
}

/// What a file is, as its name and its folder say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ES module.
    Module,
    /// CommonJS.
    CommonJs,
    /// What its text says: a module if it imports or exports.
    Either,
}

/// Why a file is not JavaScript or TypeScript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SyntaxError {
    /// Why.
    pub reason: String,
    /// Where, from 1.
    pub line: u32,
}

/// Brackets in brackets that a file may have; nobody writes so many.
const DEEPEST: usize = 4000;

/// Stack for a file of no length, and for each byte of it: a parser, and what goes through its tree, recurse for each
/// bracket, operator and arrow. The system gives only what is used of it.
const STACK: usize = 64 << 20;
const STACK_PER_BYTE: usize = 1 << 10;
const LARGEST_STACK: usize = 1 << 30;

/// Transforms a file, on a thread whose stack is enough for it.
///
/// # Errors
/// It cannot be parsed.
pub fn transform(source: &str, path: &str, kind: Kind) -> Result<Transformed, SyntaxError> {
    let refused = |reason: &str| SyntaxError { reason: reason.to_owned(), line: 1 };
    with_deep_stack(source, || transform_here(source, path, kind))
        .unwrap_or_else(|| Err(refused("the file is too large, or nested too deeply")))
}

/// Does something with the tree of a file, on a thread whose stack is enough for it; `None` if there is no such stack.
pub fn with_deep_stack<T: Send>(source: &str, work: impl FnOnce() -> T + Send) -> Option<T> {
    let stack = STACK + source.len().saturating_mul(STACK_PER_BYTE);
    if nesting(source) > DEEPEST || stack > LARGEST_STACK {
        return None;
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack);
        thread.spawn_scoped(scope, work).ok()?.join().ok()
    })
}

/// The deepest nesting of brackets that there could be; those in strings count as well.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn transform_here(source: &str, path: &str, kind: Kind) -> Result<Transformed, SyntaxError> {
    let allocator = Allocator::default();
    let path = Path::new(path);
    let named = SourceType::from_path(path).unwrap_or_else(|_| SourceType::mjs());
    let typescript = named.is_typescript();
    let source_type = match kind {
        Kind::Module => named.with_module(true),
        Kind::CommonJs => named.with_commonjs(true),
        Kind::Either => named.with_unambiguous(true),
    };
    // Only what says so is JSX; its tags would make type assertions ambiguous.
    let source_type = source_type.with_jsx(named.is_jsx() && typescript);
    let options =
        ParseOptions { allow_return_outside_function: kind != Kind::Module, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, source, source_type).with_options(options).parse();
    if let Some(error) = first_error(source, parsed.diagnostics.iter()) {
        return Err(error);
    }
    let mut program = parsed.program;
    let module = parsed.module_record.has_module_syntax || kind == Kind::Module;

    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_excess_capacity(2.0)
        .with_enum_eval(true)
        .build(&program);
    if let Some(error) = first_error(source, built.diagnostics.iter()) {
        return Err(error);
    }
    let mut scoping = built.semantic.into_scoping();
    if typescript {
        let transformer = Transformer::new(&allocator, path, &TransformOptions::default());
        let transformed = transformer.build_with_scoping(scoping, &mut program);
        if let Some(error) = first_error(source, transformed.diagnostics.iter()) {
            return Err(error);
        }
        scoping = transformed.scoping;
    }
    ModuleRunnerTransform::new().transform(&allocator, &mut program, scoping);

    let options = CodegenOptions { source_map_path: Some(path.to_owned()), ..CodegenOptions::default() };
    let generated = Codegen::new().with_options(options).build(&program);
    let mut lines = Vec::new();
    if let Some(map) = &generated.map {
        for token in map.get_tokens() {
            let index = token.get_dst_line() as usize;
            // The first token of a line says where it is from; a line without one continues the last.
            while lines.len() <= index {
                let last = lines.last().copied().unwrap_or(1);
                lines.push(if lines.len() == index { token.get_src_line() + 1 } else { last });
            }
        }
    }
    Ok(Transformed { code: generated.code, module, lines })
}

fn first_error<'a>(
    source: &str,
    diagnostics: impl Iterator<Item = &'a oxc::diagnostics::OxcDiagnostic>,
) -> Option<SyntaxError> {
    let error = diagnostics.into_iter().find(|each| each.severity == oxc::diagnostics::Severity::Error)?;
    let offset = error.labels.iter().next().map_or(0, |label| label.offset() as usize);
    let before = source.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    Some(SyntaxError { reason: error.message.to_string(), line: u32::try_from(line).unwrap_or(u32::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_out_and_lines_are_known() {
        let source = "import type { Knex } from 'knex';\n\ninterface Row {\n  id: number;\n}\n\nexport async function up(knex: Knex): Promise<void> {\n  const rows = (await knex('a')) as Row[];\n  throw new Error(String(rows));\n}\n";
        let done = transform(source, "/p/1_a.ts", Kind::Either).unwrap();
        assert!(done.module);
        assert!(!done.code.contains("Knex"), "{}", done.code);
        let at = done.code.split('\n').position(|line| line.contains("throw")).unwrap();
        assert_eq!(done.lines[at], 9);
    }

    #[test]
    fn common_js_stays_what_it_is() {
        let done = transform("exports.up = () => import('./a.mjs');\n", "/p/a.js", Kind::CommonJs).unwrap();
        assert!(!done.module);
        assert!(done.code.contains("__vite_ssr_dynamic_import__"), "{}", done.code);
    }

    #[test]
    fn no_file_overflows_the_stack() {
        let hostile = [
            "(".repeat(1_000_000),
            format!("x = {}1;", "1 + ".repeat(20_000)),
            format!("x = {}1;", "- ".repeat(20_000)),
            format!("x = {}1;", "a => ".repeat(10_000)),
            format!("x = a{};", ".b".repeat(20_000)),
            format!("x = {}1;", "a ? 1 : ".repeat(10_000)),
            "if (a) ".repeat(10_000) + ";",
            format!("let x: {}a;", "a | ".repeat(10_000)),
        ];
        for source in hostile {
            // Whether it is taken or refused: it ends.
            let _ = transform(&source, "/p/1_a.ts", Kind::Either);
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_told_with_its_line() {
        let error = transform("const a = 1;\nconst = 2;\n", "/p/a.js", Kind::CommonJs).unwrap_err();
        assert_eq!(error.line, 2);
    }
}
