//! What `dotenv` does to the environment, for files in which all of its versions see the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::value::{Value, is_of_every_object};
use super::world::{Variable, World};

/// The version that reads files as this does: those before it parse otherwise, and later ones print something.
const MAJOR: u64 = 16;

/// Variables that change what it does.
const SETTINGS: [&str; 8] = [
    "DOTENV_KEY",
    "DOTENV_CONFIG_PATH",
    "DOTENV_CONFIG_ENCODING",
    "DOTENV_CONFIG_DEBUG",
    "DOTENV_CONFIG_OVERRIDE",
    "DOTENV_CONFIG_QUIET",
    "DOTENV_CONFIG_DOTENV_KEY",
    "DOTENV_DEBUG",
];

/// Whether the package that a knexfile gets is the one that is known.
pub fn package(world: &World<'_>) -> Option<()> {
    #[derive(Deserialize)]
    struct Manifest {
        version: String,
    }
    let folders = Path::new(&world.folder).ancestors();
    let manifest =
        folders.map(|folder| folder.join("node_modules/dotenv/package.json")).find(|it| it.exists())?;
    let manifest: Manifest = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
    let major = semver::Version::parse(&manifest.version).ok()?.major;
    (major == MAJOR).then_some(())
}

/// `import 'dotenv/config'`
pub fn read_at_import(world: &World<'_>) -> Option<()> {
    package(world)?;
    read(world, &[])
}

/// `config()` or `config({ path })`: the variables of a file are set as far as they are not.
pub fn read(world: &World<'_>, given: &[Value]) -> Option<()> {
    if SETTINGS.iter().any(|name| (world.variables)(name) != Variable::Unset) {
        return None;
    }
    let path = match given {
        [] => ".env".to_owned(),
        [Value::Object(options)] => {
            let is_known = |(name, value): (&str, &Value)| match name {
                "path" => matches!(value, Value::Text(path) if !path.is_empty() && !path.starts_with('~')),
                "quiet" => *value == Value::Bool(true),
                _ => false,
            };
            if !options.entries().all(is_known) {
                return None;
            }
            match options.get("path")? {
                Value::Text(path) => path,
                _ => ".env".to_owned(),
            }
        }
        _ => return None,
    };
    let folder = Path::new(world.working_folder.as_deref()?);
    let path: PathBuf = super::paths::resolve(folder.to_str()?, &[path]).into();
    // Outside of the project, or by a link, carriers do not see the same.
    if !path.starts_with(folder) || fs::canonicalize(path.parent()?).ok()? != path.parent()? {
        return None;
    }
    match fs::symlink_metadata(&path) {
        Ok(data) if data.is_file() => {
            let entries = entries(&fs::read_to_string(&path).ok()?)?;
            entries.iter().for_each(|(name, value)| world.add(name, value));
            Some(())
        }
        Ok(_) => None,
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(()),
    }
}

/// The variables of a file. In it are comments, and names with values that need no quotes or have them at both ends;
/// the last one of a name counts.
fn entries(text: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for line in text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=')?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name || is_of_every_object(name) {
            return None;
        }
        let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        let is_plain = |text: &str| {
            text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !br#""'`\#"#.contains(&byte))
        };
        let value = match inner {
            Some(inner) if is_plain(inner) => inner,
            None if is_plain(value) && value.trim() == value => value,
            _ => return None,
        };
        found.insert(name.to_owned(), value.to_owned());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn only_files_that_have_one_meaning_are_read() {
        let read = entries("# a\n\nA=1\nB_2='two words'\nC=\nD=\"x=y\"\nA=2\n").unwrap();
        let text: Vec<String> = read.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        assert_eq!(text, ["A:2", "B_2:two words", "C:", "D:x=y"]);
        for other in
            ["export A=1", "A: 1", "A =1", "A= 1", "A=1 # b", "A='1", "A=\"a\\nb\"", "A=1\r\n", " A=1", "é=1"]
        {
            assert_eq!(entries(other), None, "{other}");
        }
    }
}
