//! Built-in functions.

use std::rc::Rc;

use super::value::{Arguments, Items, Place, Unknown, Value};

/// The names that Python 3.13 defines by itself, but for those that are handled where names are looked up.
const NAMES: [&str; 149] = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Ellipsis",
    "EncodingWarning",
    "EnvironmentError",
    "Exception",
    "ExceptionGroup",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "PythonFinalizationError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
    "__build_class__",
    "__builtins__",
    "__debug__",
    "__import__",
    "__loader__",
    "__package__",
    "__spec__",
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];

/// Whether Python defines a name by itself.
pub(super) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The result of a built-in function, if it can be told.
pub(super) fn call(name: &str, arguments: &Arguments, place: &Place) -> Option<Value> {
    if arguments.more.is_some() || !arguments.keywords.is_empty() && name != "dict" {
        return None;
    }
    let first = arguments.positional.first();
    match (name, first) {
        ("str", Some(value)) => value.shown().map(Value::text),
        ("str", None) => Some(Value::text("")),
        ("repr", Some(value)) => value.represented().map(Value::text),
        ("bool", Some(value)) => value.truth().map(Value::Bool),
        ("bool", None) => Some(Value::Bool(false)),
        ("int", Some(Value::Integer(integer))) => Some(Value::Integer(*integer)),
        ("int", Some(Value::Text(text))) => text.trim().parse().ok().map(Value::Integer),
        ("len", Some(value)) => {
            let length = value.iterate()?.ok()?.len();
            i64::try_from(length).ok().map(Value::Integer)
        }
        ("tuple", None) => Some(Value::Tuple(Rc::from([]))),
        ("list", None) => Some(Value::list(Vec::new())),
        ("set" | "frozenset", None) => Some(Value::Set(Items::of(Vec::new()))),
        ("tuple" | "list" | "set" | "frozenset", Some(value)) => match value.iterate()? {
            Ok(items) => Some(match name {
                "tuple" => Value::Tuple(Rc::from(items)),
                "list" => Value::list(items),
                _ => set_of(items, place),
            }),
            Err(unknown) => Some(Value::Unknown(unknown)),
        },
        ("dict", None) => {
            let entries = arguments.keywords.iter();
            Some(Value::dict(entries.map(|(key, value)| (Value::text(key), value.clone())).collect()))
        }
        ("print", _) => Some(Value::None),
        _ => None,
    }
}

/// A set: each item once.
pub(super) fn set_of(items: Vec<Value>, place: &Place) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        match kept
            .iter()
            .map(|held| held.equals(&item))
            .try_fold(false, |found, equal| equal.map(|equal| found || equal))
        {
            Some(true) => {}
            Some(false) => kept.push(item),
            None => {
                let reason = "a set holds what is not known".to_owned();
                return Value::Unknown(
                    item.unknown().unwrap_or_else(|| Rc::new(Unknown { place: place.clone(), reason })),
                );
            }
        }
    }
    Value::Set(Items::of(kept))
}
