//! What of Node a knexfile may use.

use super::value::{Known, Value};

impl Known {
    /// What `require(name)` gives.
    pub fn module(name: &str) -> Option<Known> {
        match name.strip_prefix("node:").unwrap_or(name) {
            "path" => Some(Known::Path),
            "url" => Some(Known::Url),
            "process" => Some(Known::Process),
            "dotenv" if !name.starts_with("node:") => Some(Known::Dotenv),
            _ => None,
        }
    }

    /// What `import { name }` of it gives: of `process`, what it was when the program began.
    pub fn imported(self, name: &str) -> Option<Value> {
        match (self, name) {
            (Known::Dotenv | Known::Path | Known::Url, "default") => Some(Value::Known(self)),
            (Known::Process, "default") => Some(Value::Known(Known::Process)),
            (Known::Process, _) => None,
            _ => self.member(name),
        }
    }

    /// `object.name`
    pub fn member(self, name: &str) -> Option<Value> {
        let found = match (self, name) {
            (Known::Process, "env") => Known::Environment,
            (Known::Process, "cwd") => Known::WorkingFolder,
            (Known::Path, "join") => Known::Join,
            (Known::Path, "resolve") => Known::Resolve,
            (Known::Path, "normalize") => Known::Normalize,
            (Known::Path, "dirname") => Known::FolderOf,
            (Known::Path, "posix") => Known::Path,
            (Known::Path, "sep") => return Some(Value::text("/")),
            (Known::Url, "fileURLToPath") => Known::FileOfUrl,
            (Known::Meta, "url") => Known::OwnUrl,
            (Known::Dotenv, "config") => Known::ReadDotenv,
            _ => return None,
        };
        Some(Value::Known(found))
    }
}

/// Names that are there in every file.
pub fn of_every_file(name: &str) -> Option<Value> {
    Some(match name {
        "undefined" => Value::Undefined,
        "NaN" => Value::Number(f64::NAN),
        "process" => Value::Known(Known::Process),
        "parseInt" => Value::Known(Known::ParseInt),
        "Number" => Value::Known(Known::ToNumber),
        "String" => Value::Known(Known::ToText),
        "Boolean" => Value::Known(Known::ToBool),
        _ => return None,
    })
}

/// Names of CommonJS.
pub fn of_common_js(name: &str) -> Option<Value> {
    if name == "require" { Some(Value::Known(Known::Require)) } else { of_every_file(name) }
}

/// Names of ES modules.
pub fn of_modules(name: &str) -> Option<Value> {
    if name == "import.meta" { Some(Value::Known(Known::Meta)) } else { of_every_file(name) }
}

/// Names of TypeScript that no package calls a module: of both worlds.
pub fn of_both(name: &str) -> Option<Value> {
    of_common_js(name).or_else(|| of_modules(name))
}
