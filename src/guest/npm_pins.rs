//! Which versions of npm packages a project wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use semver::{Version, VersionReq};
use serde_json::Value;

/// What a project says of the versions of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Its lock file has this one.
    Exactly(String),
    /// Its manifest has this range.
    Within(VersionReq),
    /// Nothing, or nothing that is understood.
    Any,
}

impl Wish {
    /// What a project's `package-lock.json`, else its `package.json`, says of a package.
    pub fn of(project: &Path, package: &str) -> Wish {
        if let Some(lock) = read(&project.join("package-lock.json")) {
            let places = [
                format!("/packages/node_modules~1{package}/version"),
                format!("/dependencies/{package}/version"),
            ];
            let version = places.iter().find_map(|place| lock.pointer(place)).and_then(Value::as_str);
            if let Some(version) = version {
                return Wish::Exactly(version.to_owned());
            }
        }
        let Some(manifest) = read(&project.join("package.json")) else { return Wish::Any };
        let range = ["dependencies", "devDependencies"]
            .iter()
            .find_map(|kind| manifest.pointer(&format!("/{kind}/{package}")))
            .and_then(Value::as_str);
        range.and_then(within).map_or(Wish::Any, Wish::Within)
    }

    /// Why a version is not what is wished.
    pub fn misfit(&self, version: &str) -> Option<String> {
        match self {
            Wish::Exactly(wanted) if minor(wanted) != minor(version) => Some(wanted.clone()),
            Wish::Within(range) if Version::parse(version).is_ok_and(|version| !range.matches(&version)) => {
                Some(range.to_string())
            }
            _ => None,
        }
    }

    /// For choosing the nearest.
    pub fn pins(&self, package: &str) -> BTreeMap<String, String> {
        match self {
            Wish::Exactly(version) => BTreeMap::from([(package.to_owned(), version.clone())]),
            Wish::Within(_) | Wish::Any => BTreeMap::new(),
        }
    }
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// npm's usual ranges mean what Cargo's mean, but that a plain version is that version alone.
fn within(range: &str) -> Option<VersionReq> {
    let range = range.trim();
    let is_plain = Version::parse(range).is_ok();
    VersionReq::parse(&if is_plain { format!("={range}") } else { range.to_owned() }).ok()
}

fn minor(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(files: &[(&str, &str)]) -> Wish {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Wish::of(folder.path(), "knex")
    }

    #[test]
    fn a_lock_file_says_more_than_a_range() {
        let manifest = ("package.json", r#"{"dependencies": {"knex": "^2.4.0"}}"#);
        let lock = r#"{"lockfileVersion": 3, "packages": {"node_modules/knex": {"version": "2.4.2"}}}"#;
        let exact = wish(&[manifest, ("package-lock.json", lock)]);
        assert_eq!(exact, Wish::Exactly("2.4.2".to_owned()));
        assert_eq!(exact.misfit("2.4.9"), None);
        assert_eq!(exact.misfit("2.5.1"), Some("2.4.2".to_owned()));
        let range = wish(&[manifest]);
        assert_eq!((range.misfit("2.5.1"), range.misfit("3.3.0")), (None, Some("^2.4.0".to_owned())));
    }

    #[test]
    fn a_plain_version_is_that_version_and_what_is_not_understood_is_any() {
        let of = |range: &str| {
            wish(&[("package.json", &format!(r#"{{"devDependencies": {{"knex": {range:?}}}}}"#))])
        };
        assert_eq!(of("3.1.0").misfit("3.3.0"), Some("=3.1.0".to_owned()));
        assert_eq!(of("git+ssh://somewhere"), Wish::Any);
        assert_eq!(of("*").misfit("3.3.0"), None);
        assert_eq!(wish(&[("package.json", "{")]), Wish::Any);
    }
}
