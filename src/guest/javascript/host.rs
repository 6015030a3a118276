//! The functions that the guest's programs are given, on one object: `__dunlin`.
//!
//! | name | what it does |
//! |---|---|
//! | `ask(question)` | the engine's answer |
//! | `has(name)` | whether there is a module of the guest |
//! | `module(name, parameters)` | a function with the text of a module of the guest as its body |
//! | `compile(source, file, parameters, asynchronous)` | a function with this body |
//! | `commonJs(file, parameters)` | the same of a file; undefined if its text has to be looked at first |
//! | `transform(source, file, kind)` | see [`super::transform`]; JSON |
//! | `called(file, line, column)` | see [`super::called`]; undefined if nothing is known |
//! | `jobs()` | runs reactions of promises that are due |
//! | `kind(path)` | of a module: 0: nothing to see, 1: a file, 2: a folder |
//! | `leads(path)` | whether something may be seen in a folder |
//! | `realModule(path)` | the path of a module without links; undefined when there is none |
//! | `stat(path)`, `list(path)`, `realPath(path)` | JSON, or `{"error": {code, reason}}` |
//! | `read(path)` | bytes, or such JSON |
//! | `now()`, `monotonic()`, `random(count)` | a clock in milliseconds, bytes |
//! | `enter()` | goes on with a clock and bytes that do not depend on what was read so far |
//! | `encode(text, encoding)`, `decode(bytes, encoding)` | between text and bytes |
//! | `hash(name, bytes)`, `hmac(name, key, bytes)` | bytes, or undefined |
//!
//! `environment` and `folder` are values. The programs put `converse`, `ticks`, `next`, `rejected` and `final` there.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rquickjs::context::EvalOptions;
use rquickjs::function::{Func, MutFn};
use rquickjs::{Ctx, Exception, FromJs, Function, Object, TypedArray, Value};
use serde_json::json;

use super::bytecode::{self, Bytecode};
use super::called;
use super::digest;
use super::files::{FileError, Files};
use super::transform::{self, Kind};
use crate::guest::sources::Sources;

/// The name of the object.
const OBJECT: &str = "__dunlin";

/// The most random bytes that are given at once.
const MOST_RANDOM: usize = 16 << 20;

/// What the functions work on.
pub struct World {
    /// The guest's modules.
    pub modules: &'static [(&'static str, &'static str)],
    /// What it sees of the file system.
    pub files: Files,
    /// Its working folder.
    pub folder: String,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// Its clock and randomness.
    pub sources: Sources,
    /// What is known of its programs.
    pub bytecode: Rc<RefCell<Bytecode>>,
    /// Asks the engine; `None` when it is gone.
    pub ask: Box<dyn FnMut(String) -> Option<String>>,
}

/// The object.
pub fn object<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    ctx.globals().get(OBJECT)
}

/// Evaluates a script that is no strict code.
pub fn evaluate<'js, T: FromJs<'js>>(ctx: &Ctx<'js>, source: String, file: String) -> rquickjs::Result<T> {
    let mut options = EvalOptions::default();
    options.global = true;
    options.strict = false;
    options.filename = Some(file);
    ctx.eval_with_options(source, options)
}

/// Makes the object.
pub fn install(ctx: &Ctx<'_>, world: World) -> rquickjs::Result<()> {
    let host = Object::new(ctx.clone())?;
    let World { modules, files, folder, environment, sources, bytecode, mut ask } = world;
    let files = Rc::new(files);
    host.set("folder", folder)?;
    let variables = Object::new(ctx.clone())?;
    for (name, value) in environment {
        variables.set(name, value)?;
    }
    host.set("environment", variables)?;
    host.set(
        "ask",
        Func::from(MutFn::from(move |ctx: Ctx<'_>, question: String| {
            ask(question).ok_or_else(|| Exception::throw_message(&ctx, "the engine is gone"))
        })),
    )?;
    programs(&host, modules, &files, &bytecode)?;
    file_system(&host, files)?;
    world_around(&host, sources)?;
    bytes(&host)?;
    ctx.globals().set(OBJECT, host)
}

/// Helps the compiler to see that what a closure gives lives as long as the context that it is given.
fn generic<A, F>(function: F) -> impl for<'js> Fn(Ctx<'js>, A) -> rquickjs::Result<Value<'js>>
where
    F: for<'js> Fn(&Ctx<'js>, A) -> rquickjs::Result<Value<'js>>,
{
    move |ctx, argument| function(&ctx, argument)
}

// -- programs

/// Keeps the bytecode of its functions.
type Known = Rc<RefCell<Bytecode>>;

fn programs(
    host: &Object<'_>,
    modules: &'static [(&'static str, &'static str)],
    files: &Rc<Files>,
    bytecode: &Known,
) -> rquickjs::Result<()> {
    let text_of = move |name: &str| modules.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    host.set("has", Func::from(move |name: String| text_of(&name).is_some()))?;
    let known = bytecode.clone();
    let of_guest = compiler(move |ctx, (name, parameters): (String, String)| {
        let Some(text) = text_of(&name) else {
            return Err(Exception::throw_message(ctx, &format!("the guest has no module {name}")));
        };
        let file = format!("dunlin:{name}");
        function(ctx, &known, text, &file, &parameters, false).map(Some)
    });
    host.set("module", Func::from(move |ctx, name, parameters| of_guest(ctx, (name, parameters))))?;
    let known = bytecode.clone();
    let compile = compiler(move |ctx, given: (String, String, String, bool)| {
        let (source, file, parameters, asynchronous) = given;
        function(ctx, &known, &source, &file, &parameters, asynchronous).map(Some)
    });
    host.set(
        "compile",
        Func::from(move |ctx, source, file, parameters, asynchronous| {
            compile(ctx, (source, file, parameters, asynchronous))
        }),
    )?;
    let (known, files) = (bytecode.clone(), files.clone());
    let common_js = compiler(move |ctx, (file, parameters): (String, String)| {
        let text = files.read(&file).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(text) = text.filter(|text| is_plain_common_js(text)) else { return Ok(None) };
        let compiled = function(ctx, &known, &text, &file, &parameters, false);
        if compiled.is_err() {
            // Whoever looks at the text says so.
            drop(ctx.catch());
        }
        Ok(compiled.ok())
    });
    host.set("commonJs", Func::from(move |ctx, file, parameters| common_js(ctx, (file, parameters))))?;
    host.set("transform", Func::from(transformed))?;
    let known = bytecode.clone();
    host.set(
        "called",
        Func::from(move |file: String, line: u32, column: u32| {
            let known = known.try_borrow().ok()?;
            called::words(known.own_text(&file)?, line, column)
        }),
    )?;
    host.set(
        "jobs",
        Func::from(|ctx: Ctx<'_>| {
            let mut worked = false;
            while ctx.execute_pending_job() {
                worked = true;
            }
            worked
        }),
    )
}

/// As [`generic`], for what gives a function.
fn compiler<A, F>(make: F) -> impl for<'js> Fn(Ctx<'js>, A) -> rquickjs::Result<Option<Function<'js>>>
where
    F: for<'js> Fn(&Ctx<'js>, A) -> rquickjs::Result<Option<Function<'js>>>,
{
    move |ctx, argument| make(&ctx, argument)
}

/// A function whose body is the text of a file. What belongs to the guest or is installed is kept as bytecode; the project's
/// own files change, and are short.
fn function<'js>(
    ctx: &Ctx<'js>,
    known: &Known,
    source: &str,
    file: &str,
    parameters: &str,
    asynchronous: bool,
) -> rquickjs::Result<Function<'js>> {
    // The body begins in the first line, so that its lines are those of the file.
    let kind = if asynchronous { "async function" } else { "function" };
    let script = format!("({kind} ({parameters}) {{{source}\n}})");
    if file.starts_with("dunlin:") || file.contains("/node_modules/") {
        bytecode::function(ctx, &mut known.borrow_mut(), &script, file)
    } else {
        known.borrow_mut().note_own_text(file, &script);
        evaluate(ctx, script, file.to_owned())
    }
}

/// Whether a text is surely the body of a function: it begins with no mark, and imports nothing.
fn is_plain_common_js(text: &str) -> bool {
    let imports = || text.split("import").skip(1).any(|rest| rest.trim_start().starts_with('('));
    !text.starts_with("#!") && !text.starts_with('\u{feff}') && !imports()
}

fn transformed(source: String, path: String, kind: String) -> String {
    let kind = match kind.as_str() {
        "module" => Kind::Module,
        "commonjs" => Kind::CommonJs,
        _ => Kind::Either,
    };
    match transform::transform(&source, &path, kind) {
        Ok(done) => json!({"code": done.code, "module": done.module, "lines": done.lines}),
        Err(error) => json!({"error": error.reason, "line": error.line}),
    }
    .to_string()
}

// -- files

fn file_system(host: &Object<'_>, files: Rc<Files>) -> rquickjs::Result<()> {
    let of = files.clone();
    host.set("kind", Func::from(move |path: String| of.kind(&path)))?;
    let of = files.clone();
    host.set("leads", Func::from(move |path: String| of.leads(&path)))?;
    let of = files.clone();
    host.set("realModule", Func::from(move |path: String| of.real_module(&path)))?;
    let of = files.clone();
    host.set("stat", Func::from(move |path: String| told(of.stat(&path))))?;
    let of = files.clone();
    host.set("list", Func::from(move |path: String| told(of.list(&path).map(|names| json!(names)))))?;
    let of = files.clone();
    host.set("realPath", Func::from(move |path: String| told(of.real_path(&path).map(|real| json!(real)))))?;
    host.set("read", Func::from(generic(move |ctx, path: String| read(ctx, &files, &path))))
}

fn read<'js>(ctx: &Ctx<'js>, files: &Files, path: &str) -> rquickjs::Result<Value<'js>> {
    match files.read(path) {
        Ok(bytes) => Ok(TypedArray::<u8>::new(ctx.clone(), bytes)?.into_value()),
        Err(error) => Ok(rquickjs::String::from_str(ctx.clone(), &told(Err(error)))?.into_value()),
    }
}

fn told(result: Result<serde_json::Value, FileError>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => json!({"error": {"code": error.code, "reason": error.reason}}).to_string(),
    }
}

// -- clocks and randomness

fn world_around(host: &Object<'_>, sources: Sources) -> rquickjs::Result<()> {
    let of = sources.clone();
    host.set("now", Func::from(move || of.now().as_secs_f64() * 1000.0))?;
    let of = sources.clone();
    host.set("enter", Func::from(move || of.enter()))?;
    let began = Instant::now();
    host.set("monotonic", Func::from(move || began.elapsed().as_secs_f64() * 1000.0))?;
    host.set(
        "random",
        Func::from(generic(move |ctx, count: usize| {
            if count > MOST_RANDOM {
                return Err(Exception::throw_range(ctx, "so many random bytes are not given at once"));
            }
            let mut bytes = vec![0; count];
            sources.fill(&mut bytes);
            Ok(typed(ctx, bytes)?.into_value())
        })),
    )
}

// -- bytes

fn bytes(host: &Object<'_>) -> rquickjs::Result<()> {
    host.set("encode", Func::from(encoded))?;
    host.set("decode", Func::from(decoded))?;
    host.set("hash", Func::from(hash))?;
    host.set("hmac", Func::from(hmac))
}

fn encoded<'js>(ctx: Ctx<'js>, text: String, encoding: String) -> rquickjs::Result<TypedArray<'js, u8>> {
    typed(&ctx, encode(&text, &encoding))
}

fn decoded<'js>(ctx: Ctx<'js>, bytes: TypedArray<'js, u8>, encoding: String) -> rquickjs::Result<String> {
    Ok(decode(&content(&ctx, &bytes)?, &encoding))
}

fn hash<'js>(
    ctx: Ctx<'js>,
    name: String,
    bytes: TypedArray<'js, u8>,
) -> rquickjs::Result<Option<TypedArray<'js, u8>>> {
    let digest = digest::hash(&name, &content(&ctx, &bytes)?);
    digest.map(|digest| typed(&ctx, digest)).transpose()
}

fn hmac<'js>(
    ctx: Ctx<'js>,
    name: String,
    key: TypedArray<'js, u8>,
    bytes: TypedArray<'js, u8>,
) -> rquickjs::Result<Option<TypedArray<'js, u8>>> {
    let digest = digest::hmac(&name, &content(&ctx, &key)?, &content(&ctx, &bytes)?);
    digest.map(|digest| typed(&ctx, digest)).transpose()
}

fn typed<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> rquickjs::Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx.clone(), bytes)
}

/// A copy of bytes of the guest.
#[allow(unsafe_code, reason = "rquickjs has no other way to read many bytes at once")]
fn content(ctx: &Ctx<'_>, bytes: &TypedArray<'_, u8>) -> rquickjs::Result<Vec<u8>> {
    // SAFETY: no JavaScript runs, and so nothing changes or frees the bytes, before they are copied in this very statement.
    let copy = unsafe { bytes.as_bytes() }.map(<[u8]>::to_vec);
    copy.ok_or_else(|| Exception::throw_type(ctx, "the bytes are detached"))
}

const BASE64: GeneralPurpose = engine(&alphabet::STANDARD, true);
const BASE64URL: GeneralPurpose = engine(&alphabet::URL_SAFE, false);

const fn engine(alphabet: &alphabet::Alphabet, padded: bool) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(padded)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

/// Text as bytes; what does not belong into an encoding is left out or ends it, as Node has it.
fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "hex" => {
            let digits: Vec<u8> =
                text.chars().map_while(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
            digits.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
        }
        "base64" | "base64url" => {
            let end = text.find('=').unwrap_or(text.len());
            let digits: String = text[..end]
                .chars()
                .filter_map(|digit| match digit {
                    '-' => Some('+'),
                    '_' => Some('/'),
                    digit if digit.is_ascii_alphanumeric() || digit == '+' || digit == '/' => Some(digit),
                    _ => None,
                })
                .collect();
            // A single digit at the end says nothing.
            let whole = if digits.len() % 4 == 1 { digits.len() - 1 } else { digits.len() };
            BASE64.decode(&digits[..whole]).unwrap_or_default()
        }
        "latin1" => text.encode_utf16().map(|unit| unit as u8).collect(),
        "utf16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

fn decode(bytes: &[u8], encoding: &str) -> String {
    match encoding {
        "hex" => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0') as char;
            bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
        }
        "base64" => BASE64.encode(bytes),
        "base64url" => BASE64URL.encode(bytes),
        "ascii" => bytes.iter().map(|byte| char::from(byte & 127)).collect(),
        "latin1" => bytes.iter().map(|byte| char::from(*byte)).collect(),
        "utf16le" => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn encodings_are_nodes() {
        let cases: [(&str, &str, &[u8]); 8] = [
            ("hex", "0aFfzz11", &[10, 255]),
            ("hex", "abc", &[0xab]),
            ("base64", "AAEC/w==", &[0, 1, 2, 255]),
            ("base64", "AAEC_w", &[0, 1, 2, 255]),
            ("base64", "AA EC\n/w===x", &[0, 1, 2, 255]),
            ("latin1", "é", &[0xe9]),
            ("utf16le", "a€", &[0x61, 0, 0xac, 0x20]),
            ("utf8", "é", &[0xc3, 0xa9]),
        ];
        for (encoding, text, bytes) in cases {
            assert_eq!(encode(text, encoding), bytes, "{encoding} {text}");
        }
        assert_eq!(decode(&[0, 1, 2, 255], "base64"), "AAEC/w==");
        assert_eq!(decode(&[251, 255], "base64url"), "-_8");
        assert_eq!(decode(&[10, 255], "hex"), "0aff");
        assert_eq!(decode(&[0x61, 0xff], "utf8"), "a\u{fffd}");
    }
}
