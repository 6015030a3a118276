//! Bytecode of modules that is kept between processes.
//!
//! Reading JavaScript takes QuickJS longer than running what a migration needs of it. So what it makes of the guest's own
//! modules and of installed packages is kept, all that a project loads in one file. A function is known by the digest of its
//! text, its file's name and its parameters, and the file by what wrote it; it is only opened where [`CompiledCache`] vouches
//! for it. Bytecode holds all of a function, its text and its lines too, so that errors and `toString()` tell the same.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs;
use std::time::UNIX_EPOCH;

use rquickjs::{Ctx, Function, Value, qjs};
use sha2::{Digest, Sha256};

use crate::guest::kept::{Kept, Name};
use crate::wasm::{CompiledCache, Key};

/// Part of the key, to be changed with what is stored.
const FORMAT: &[u8] = b"dunlin bytecode 1";

/// The bytecode of one project.
pub struct Bytecode {
    kept: Kept,
    /// By its file, what was evaluated of the project's own, which is not kept.
    own: HashMap<String, String>,
}

impl Bytecode {
    /// What is known of a project's packages, which `set` tells from others. Without a cache nothing is kept.
    pub fn open(cache: Option<CompiledCache>, set: &[u8]) -> Bytecode {
        let at = cache.and_then(|cache| Some((cache, key(set)?)));
        Bytecode { kept: Kept::open(at), own: HashMap::new() }
    }

    /// Whether there is something that is not kept yet.
    pub fn is_new(&self) -> bool {
        self.kept.is_new()
    }

    /// Remembers the text of one of the project's own files as it is evaluated.
    pub fn note_own_text(&mut self, file: &str, text: &str) {
        self.own.insert(file.to_owned(), text.to_owned());
    }

    /// That text.
    pub fn own_text(&self, file: &str) -> Option<&str> {
        self.own.get(file).map(String::as_str)
    }

    /// Keeps what was added, with what was there.
    pub fn keep(&mut self) {
        self.kept.keep();
    }
}

/// What the file depends on: this program, its QuickJS, the set.
fn key(set: &[u8]) -> Option<Key> {
    let program = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let changed = program.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    #[allow(unsafe_code, reason = "rquickjs does not tell it")]
    // SAFETY: it is a constant of the library.
    let quickjs = unsafe { CStr::from_ptr(qjs::JS_GetVersion()) };
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    Some(Key::of_bytecode(&[
        FORMAT,
        version,
        &program.len().to_le_bytes(),
        &changed.to_le_bytes(),
        quickjs.to_bytes(),
        set,
    ]))
}

/// A function that a script is the expression of; read anew, unless its bytecode is known.
pub fn function<'js>(
    ctx: &Ctx<'js>,
    known: &mut Bytecode,
    script: &str,
    file: &str,
) -> rquickjs::Result<Function<'js>> {
    let name: Name = digest(script, file);
    if let Some(bytes) = known.kept.find(&name)
        && let Ok(function) = load(ctx, &bytes)
    {
        return Ok(function);
    }
    let compiled = compile(ctx, script, file)?;
    if known.kept.has_place()
        && let Some(bytes) = written(ctx, &compiled)
    {
        known.kept.add(name, bytes);
    }
    run(ctx, compiled)
}

fn digest(script: &str, file: &str) -> Name {
    let mut hasher = Sha256::new();
    hasher.update((file.len() as u64).to_le_bytes());
    hasher.update(file);
    hasher.update(script);
    hasher.finalize().into()
}

/// A script that is compiled and not yet run.
struct Compiled(qjs::JSValue);

#[allow(unsafe_code, reason = "rquickjs compiles modules only")]
fn compile(ctx: &Ctx<'_>, script: &str, file: &str) -> rquickjs::Result<Compiled> {
    let (text, file) = (CString::new(script)?, CString::new(file)?);
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    // SAFETY: both texts end in a zero, which the length of the first does not count, and outlive the call.
    let value = unsafe {
        qjs::JS_Eval(
            ctx.as_raw().as_ptr(),
            text.as_ptr(),
            script.len() as qjs::size_t,
            file.as_ptr(),
            flags.cast_signed(),
        )
    };
    checked(value)
}

#[allow(unsafe_code, reason = "rquickjs writes modules only")]
fn written(ctx: &Ctx<'_>, compiled: &Compiled) -> Option<Vec<u8>> {
    let context = ctx.as_raw().as_ptr();
    let mut size: qjs::size_t = 0;
    let flags = qjs::JS_WRITE_OBJ_BYTECODE.cast_signed();
    // SAFETY: what it gives is null, or as many bytes as it says, which are freed once they are copied.
    unsafe {
        let start = qjs::JS_WriteObject(context, &raw mut size, compiled.0, flags);
        if start.is_null() {
            // Whatever it threw is nobody's.
            drop(ctx.catch());
            return None;
        }
        let bytes = std::slice::from_raw_parts(start, size as usize).to_vec();
        qjs::js_free(context, start.cast());
        Some(bytes)
    }
}

#[allow(unsafe_code, reason = "rquickjs loads modules only")]
fn load<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> rquickjs::Result<Function<'js>> {
    let flags = qjs::JS_READ_OBJ_BYTECODE.cast_signed();
    // SAFETY: `CompiledCache` vouches that this program wrote the file that they are from.
    let value = unsafe {
        qjs::JS_ReadObject(ctx.as_raw().as_ptr(), bytes.as_ptr(), bytes.len() as qjs::size_t, flags)
    };
    run(ctx, checked(value)?)
}

/// The value of a compiled script.
#[allow(unsafe_code, reason = "rquickjs runs modules only")]
fn run<'js>(ctx: &Ctx<'js>, compiled: Compiled) -> rquickjs::Result<Function<'js>> {
    // SAFETY: it is of this context, and it is given away, as `JS_EvalFunction` wants it.
    let value = unsafe {
        let value = qjs::JS_EvalFunction(ctx.as_raw().as_ptr(), compiled.0);
        Value::from_raw(ctx.clone(), checked(value)?.0)
    };
    value.into_function().ok_or(rquickjs::Error::Unknown)
}

/// An exception is left in the context, where the error tells to look for it.
#[allow(unsafe_code, reason = "it looks at a tag")]
fn checked(value: qjs::JSValue) -> rquickjs::Result<Compiled> {
    // SAFETY: every value has a tag.
    let is_exception = unsafe { qjs::JS_IsException(value) };
    if is_exception { Err(rquickjs::Error::Exception) } else { Ok(Compiled(value)) }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use rquickjs::{CatchResultExt, Context, Runtime};

    use super::*;

    const SCRIPT: &str = "(function (name) { const greet = (who) => {\n  if (!who) throw new Error('nobody');\n  return `hello ${who}`;\n};\nreturn [greet(name), String(greet), /a+/.source, 10n, 'ж'].join(' ') \n})";

    fn cache(folder: &Path) -> CompiledCache {
        CompiledCache::at(folder.join("cache"), folder.join("state"))
    }

    /// What a script says for `ann` and, with its stack, for nobody; and whether it had to be read.
    fn run(folder: &Path, script: &str) -> (String, String, bool) {
        let context = Context::full(&Runtime::new().unwrap()).unwrap();
        let mut known = Bytecode::open(Some(cache(folder)), b"/srv/shop/node_modules/knex");
        let said = context.with(|ctx| {
            let function = function(&ctx, &mut known, script, "/srv/shop/node_modules/a.js").unwrap();
            let said: String = function.call(("ann",)).unwrap();
            let error = function.call::<_, String>(("",)).catch(&ctx).unwrap_err().to_string();
            (said, error)
        });
        let is_new = known.is_new();
        known.keep();
        (said.0, said.1, is_new)
    }

    fn file(folder: &Path) -> PathBuf {
        let mut files = fs::read_dir(folder.join("cache")).unwrap().map(|entry| entry.unwrap().path());
        let file = files.next().unwrap();
        assert_eq!(files.next(), None);
        file
    }

    #[test]
    fn bytecode_says_what_its_text_says() {
        let folder = tempfile::tempdir().unwrap();
        let (said, error, is_new) = run(folder.path(), SCRIPT);
        assert!(is_new && said.starts_with("hello ann (who) => {\n  if (!who)"), "{said}");
        assert!(error.contains("nobody") && error.contains("/srv/shop/node_modules/a.js:2"), "{error}");
        assert_eq!(run(folder.path(), SCRIPT), (said, error, false));
    }

    #[test]
    fn another_text_is_read_and_both_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), SCRIPT);
        let other = SCRIPT.replace("hello", "good day,");
        let (said, _, is_new) = run(folder.path(), &other);
        assert!(is_new && said.starts_with("good day, ann"), "{said}");
        assert!(!run(folder.path(), SCRIPT).2);
        assert!(!run(folder.path(), &other).2);
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let expected = run(folder.path(), SCRIPT);
        let whole = fs::read(file(folder.path())).unwrap();
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        let mut poisoned = whole.clone();
        poisoned[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        for damaged in [&whole[..whole.len() / 2], &[], &changed, &poisoned] {
            fs::write(file(folder.path()), damaged).unwrap();
            assert_eq!(run(folder.path(), SCRIPT), expected);
            assert_eq!(fs::read(file(folder.path())).unwrap(), whole);
        }
        // As it was, it is known by its content.
        fs::write(file(folder.path()), &whole).unwrap();
        assert!(!run(folder.path(), SCRIPT).2);
    }

    #[test]
    fn without_a_place_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cache"), "").unwrap();
        for _ in 0..2 {
            assert!(run(folder.path(), SCRIPT).2);
        }
        assert!(!Bytecode::open(None, b"").kept.has_place());
    }
}
