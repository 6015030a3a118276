//! Knexfiles that need not be run to be known: an object of constants, paths and environment variables.
//!
//! Starting an interpreter is what a command with nothing to do takes longest for. So a knexfile is looked at first, as its
//! tree; only when each part of it is understood is its configuration taken from there, and else it is evaluated. Both give
//! the same, also the variables that it asks for.

mod dotenv;
mod expression;
mod node;
mod paths;
mod program;
#[cfg(test)]
mod tests;
mod value;
mod world;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::guest::with_deep_stack;
use value::Value;
pub use world::Variable;
use world::World;

/// A longer one is evaluated.
const LONGEST: u64 = 256 << 10;

/// What ends a line of JavaScript.
const LINE_ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

/// What is to be read, and for whom.
#[derive(Clone, Copy)]
pub struct Knexfile<'a> {
    /// The file, absolute.
    pub path: &'a Path,
    /// The folder in which it would be evaluated.
    pub project: &'a Path,
    /// The environment that is asked for; else what `NODE_ENV` says, else `development`.
    pub environment: Option<&'a str>,
    /// Whether QuickJS would evaluate it, not Node.
    pub in_sandbox: bool,
    /// The process' environment.
    pub variables: &'a (dyn Fn(&str) -> Variable + Sync),
}

/// What a knexfile says.
#[derive(Debug, PartialEq)]
pub struct Said {
    /// The configuration of the environment.
    pub config: Json,
    /// The environment, if the knexfile has several.
    pub environment: Option<String>,
    /// The environment variables that it asks for, in order.
    pub variables: Vec<String>,
}

/// What a file is, as its name and its folder say.
#[derive(Debug, Clone, Copy)]
struct FileKind {
    /// An ES module.
    is_module: bool,
    /// Its text may say that it is one.
    may_be_module: bool,
    typescript: bool,
}

/// Reads a knexfile without running it; `None` where that cannot be done with certainty.
pub fn read(knexfile: &Knexfile<'_>) -> Option<Said> {
    let real = fs::canonicalize(knexfile.path).ok()?;
    let file = real.to_str().filter(|path| is_plain(path))?.to_owned();
    let mut kind = kind_of(knexfile, &real)?;
    if fs::metadata(&real).ok()?.len() > LONGEST {
        return None;
    }
    let source = fs::read_to_string(&real).ok()?;
    if source.starts_with('\u{feff}') || (kind.typescript && exports_all(&source)) {
        return None;
    }
    if !kind.is_module && !kind.typescript {
        kind.may_be_module &= has_words_of_modules(&source) && !names_import(&source);
    }
    let folder = real.parent()?.to_str()?.to_owned();
    let project = knexfile.project.to_str()?;
    // With links, carriers name it differently.
    let has_links = fs::canonicalize(knexfile.project).ok()? != knexfile.project;
    let working_folder = (!has_links && is_plain(project)).then(|| project.to_owned());
    let inside = file.strip_prefix(project.trim_end_matches('/')).filter(|rest| rest.starts_with('/'));
    let is_told = inside.is_some_and(|rest| rest.split('/').all(|part| part != "node_modules"));
    with_deep_stack(&source, || {
        let world = World::new(file, folder, working_folder, is_told, knexfile.variables);
        said(&source, kind, knexfile.environment, &world)
    })?
}

fn said(source: &str, kind: FileKind, environment: Option<&str>, world: &World<'_>) -> Option<Said> {
    let all = program::exported(source, kind, world)?;
    // What the command line looks at is none of the knexfile's.
    let name = match environment.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => match world.look("NODE_ENV")? {
            Value::Text(name) if !name.is_empty() => name,
            _ => "development".to_owned(),
        },
    };
    let of_name = all.get(&name)?;
    let is_keyed = of_name.is_truthy();
    let config = if is_keyed { of_name } else { Value::Object(all) };
    let Value::Object(object) = &config else { return None };
    if object.is_awaitable() || matches!(object.get("connection")?, Value::Function(_)) {
        return None;
    }
    // The migrations of a source are asked of it.
    if let Value::Object(migrations) = object.get("migrations")?
        && migrations.get("migrationSource")? != Value::Undefined
    {
        return None;
    }
    Some(Said { config: config.to_json()?, environment: is_keyed.then_some(name), variables: world.asked() })
}

/// Whether a path reads the same in a stack, in a URL and as text.
fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/@+-".contains(&byte))
}

fn kind_of(knexfile: &Knexfile<'_>, real: &Path) -> Option<FileKind> {
    let extension = real.extension()?.to_str()?;
    if knexfile.path.extension()?.to_str()? != extension {
        return None;
    }
    let typescript = matches!(extension, "ts" | "cts" | "mts");
    if !knexfile.in_sandbox {
        // What Node makes of TypeScript is up to the project's loader, and its options may load anything before the file.
        let is_node_changed = (knexfile.variables)("NODE_OPTIONS") != Variable::Unset;
        if typescript || is_node_changed || real != knexfile.path {
            return None;
        }
    }
    let is_module = match extension {
        "mjs" | "mts" => true,
        "cjs" | "cts" => false,
        "js" | "ts" => is_in_module_package(knexfile, real)?,
        _ => return None,
    };
    let may_be_module = is_module || typescript || (knexfile.in_sandbox && extension == "js");
    Some(FileKind { is_module, may_be_module, typescript })
}

/// Whether the innermost package.json says that files are modules, if all carriers see that one.
fn is_in_module_package(knexfile: &Knexfile<'_>, real: &Path) -> Option<bool> {
    let seen = [Some(knexfile.project), knexfile.path.parent()];
    let seen: Vec<_> =
        seen.into_iter().flatten().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    // The sandbox shows no other files.
    if !seen.iter().any(|folder| real.starts_with(folder)) {
        return None;
    }
    for folder in real.ancestors().skip(1) {
        if folder.ends_with("node_modules") {
            return Some(false);
        }
        let manifest = folder.join("package.json");
        if manifest.is_file() {
            let manifest: Json = serde_json::from_slice(&fs::read(&manifest).ok()?).ok()?;
            let is_module = manifest.get("type").and_then(Json::as_str) == Some("module");
            let is_seen = seen.iter().any(|seen| folder.starts_with(seen));
            return (is_seen || !is_module).then_some(is_module);
        }
    }
    Some(false)
}

/// Whether a line begins with a word of modules, by which the sandbox looks whether a file is one that nothing else says to be.
fn has_words_of_modules(source: &str) -> bool {
    let begins = |line: &str, word: &str| {
        let rest = line.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
    };
    source.split(LINE_ENDS).map(str::trim_start).any(|line| begins(line, "import") || begins(line, "export"))
}

/// Whether `import(` is anywhere, also in a comment: then the sandbox takes the file for what its name says.
fn names_import(source: &str) -> bool {
    source.split("import").skip(1).any(|rest| rest.trim_start().starts_with('('))
}

/// Whether a line may begin with `export =`, which is TypeScript's word for `module.exports =`.
fn exports_all(source: &str) -> bool {
    let rests = source.split(LINE_ENDS).filter_map(|line| line.trim_start().strip_prefix("export"));
    rests.map(str::trim_start).any(|rest| rest.starts_with('='))
}
