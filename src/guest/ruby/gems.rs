//! The gems of a project, as the sandbox finds them: folders of installed gems, without Bundler and without what is compiled.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::sandbox_world::Folder;

/// Where gems are seen, whichever folder they come from.
pub const SEEN_AT: &str = "/dunlin/gems";

/// Where this machine's time zones are seen: `/usr` is the interpreter's own there. `guest/sandbox/carrier.rb` names it, too.
pub const ZONES_SEEN_AT: &str = "/dunlin/zoneinfo";

/// Gems that are part of the interpreter, compiled or in a version that fits it.
const BUILT_IN: [&str; 31] = [
    "base64",
    "benchmark",
    "bigdecimal",
    "cgi",
    "date",
    "delegate",
    "digest",
    "drb",
    "erb",
    "etc",
    "fileutils",
    "io-console",
    "json",
    "logger",
    "mutex_m",
    "nkf",
    "observer",
    "openssl",
    "ostruct",
    "psych",
    "racc",
    "securerandom",
    "set",
    "socket",
    "stringio",
    "strscan",
    "tempfile",
    "time",
    "timeout",
    "tsort",
    "uri",
];

/// What ActiveRecord needs, before everything else.
const FIRST: [&str; 8] = [
    "activerecord",
    "activemodel",
    "activesupport",
    "concurrent-ruby",
    "i18n",
    "tzinfo",
    "connection_pool",
    "minitest",
];

/// Gems that can be loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gems {
    /// Their folders.
    pub folders: Vec<Folder>,
    /// Folders to require from, as they are seen.
    pub load_path: Vec<String>,
    /// Their versions.
    pub versions: BTreeMap<String, String>,
}

/// An installed gem.
struct Installed {
    version: String,
    folder: PathBuf,
    requires: Vec<String>,
}

impl Gems {
    /// The gems of a project: what its lock file names, out of the folders of gems that it has; without a lock file the newest
    /// of each. What is in none of them comes from `pack`, if that has any.
    pub fn of_project(project: &Path, import_paths: &[PathBuf], pack: Option<&Path>) -> Gems {
        let locked = locked_versions(project);
        let homes = homes(project, import_paths, &|name| std::env::var_os(name));
        let mut found: BTreeMap<String, Installed> = BTreeMap::new();
        for home in &homes {
            for (name, gem) in installed_in(home) {
                if locked.get(&name).is_some_and(|version| *version != gem.version)
                    || (!locked.is_empty() && !locked.contains_key(&name))
                {
                    continue;
                }
                add(&mut found, name, gem);
            }
        }
        if let Some(pack) = pack {
            let of_project: Vec<String> = found.keys().cloned().collect();
            for (name, gem) in installed_in(pack).into_iter().filter(|(name, _)| !of_project.contains(name)) {
                add(&mut found, name, gem);
            }
        }
        Gems::of(found)
    }

    /// All gems in a folder.
    pub fn of_folder(home: &Path) -> Gems {
        let mut found = BTreeMap::new();
        for (name, gem) in installed_in(home) {
            add(&mut found, name, gem);
        }
        Gems::of(found)
    }

    fn of(found: BTreeMap<String, Installed>) -> Gems {
        let mut gems = Gems::default();
        let rank = |name: &String| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len());
        let mut names: Vec<&String> = found.keys().collect();
        names.sort_by_key(|name| rank(name));
        for name in names {
            let Some(gem) = found.get(name) else { continue };
            let seen_as = format!("{SEEN_AT}/{name}-{}", gem.version);
            gems.load_path.extend(gem.requires.iter().map(|path| format!("{seen_as}/{path}")));
            gems.folders.push(Folder { path: gem.folder.clone(), seen_as });
            gems.versions.insert(name.clone(), gem.version.clone());
        }
        gems
    }
}

/// The newest of two stays.
fn add(found: &mut BTreeMap<String, Installed>, name: String, gem: Installed) {
    match found.get(&name) {
        Some(other) if numbers(&other.version) >= numbers(&gem.version) => {}
        _ => {
            found.insert(name, gem);
        }
    }
}

/// Versions that `Gemfile.lock` names: those of `specs:`, four spaces deep.
pub fn locked_versions(project: &Path) -> BTreeMap<String, String> {
    let texts = ["Gemfile.lock", "gems.locked"]
        .map(|name| fs::read_to_string(project.join(name)).unwrap_or_default());
    let mut versions = BTreeMap::new();
    for line in texts.iter().flat_map(|text| text.split('\n')) {
        let line = line.trim_end_matches('\r');
        let Some(entry) = line.strip_prefix("    ").filter(|entry| !entry.starts_with(' ')) else { continue };
        let Some((name, version)) = entry.split_once(" (") else { continue };
        let version = version.trim_end_matches(')');
        // A gem with compiled parts has a line for each platform: `1.16.0-x86_64-linux`.
        let version = version.split('-').next().unwrap_or(version);
        versions.entry(name.to_owned()).or_insert_with(|| version.to_owned());
    }
    versions
}

/// Folders of installed gems: those that are named, the project's own, those of the environment and of the system.
fn homes(
    project: &Path,
    import_paths: &[PathBuf],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Vec<PathBuf> {
    let mut candidates: Vec<PathBuf> = import_paths.to_vec();
    let bundle = variable("BUNDLE_PATH").map(|path| project.join(path));
    let configured = fs::read_to_string(project.join(".bundle/config")).unwrap_or_default();
    let configured = configured.split('\n').find_map(|line| line.strip_prefix("BUNDLE_PATH:"));
    let configured = configured.map(|path| project.join(path.trim().trim_matches(['"', '\''])));
    let bundles = [bundle, configured, Some(project.join("vendor/bundle"))];
    for folder in bundles.into_iter().flatten() {
        candidates.extend(children(&folder.join("ruby")));
        candidates.push(folder);
    }
    for name in ["GEM_HOME", "GEM_PATH"] {
        candidates.extend(variable(name).iter().flat_map(std::env::split_paths));
    }
    if let Some(home) = dirs::home_dir() {
        candidates.extend(children(&home.join(".local/share/gem/ruby")));
        candidates.extend(children(&home.join(".gem/ruby")));
    }
    candidates.extend(children(Path::new("/var/lib/gems")));
    candidates.extend(children(Path::new("/usr/share/rubygems-integration")));
    candidates.retain(|folder| folder.join("specifications").is_dir());
    candidates
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The gems in a folder that are plain Ruby.
fn installed_in(home: &Path) -> Vec<(String, Installed)> {
    let specifications = children(&home.join("specifications"));
    specifications.iter().filter_map(|file| installed(home, file)).collect()
}

fn installed(home: &Path, specification: &Path) -> Option<(String, Installed)> {
    let stem = specification.file_name()?.to_str()?.strip_suffix(".gemspec")?;
    let (name, version) = stem.rsplit_once('-')?;
    if !version.starts_with(|each: char| each.is_ascii_digit()) || BUILT_IN.contains(&name) {
        return None;
    }
    let text = fs::read_to_string(specification).ok()?;
    let compiled = list_of(&text, ".extensions").is_some_and(|list| !list.is_empty());
    let folder = home.join("gems").join(stem);
    if compiled || !folder.is_dir() {
        return None;
    }
    let requires = list_of(&text, ".require_paths").filter(|list| !list.is_empty());
    let requires = requires.unwrap_or_else(|| vec!["lib".to_owned()]);
    Some((name.to_owned(), Installed { version: version.to_owned(), folder, requires }))
}

/// The texts of `s.KEY = ["a".freeze, "b".freeze]`.
fn list_of(specification: &str, key: &str) -> Option<Vec<String>> {
    let rest = specification.split_once(&format!("{key} = ["))?.1;
    let list = rest.split_once(']')?.0;
    Some(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The numbers of a version, for comparing.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|each: char| !each.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_are_those_of_the_lock_file_without_what_is_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("vendor/bundle/ruby/3.3.0");
        let add = |stem: &str, more: &str| {
            fs::create_dir_all(home.join("gems").join(stem)).unwrap();
            fs::create_dir_all(home.join("specifications")).unwrap();
            fs::write(home.join("specifications").join(format!("{stem}.gemspec")), more).unwrap();
        };
        add("scenic-1.8.0", "");
        add("activerecord-7.2.2", "");
        add("activerecord-8.0.1", "");
        add("concurrent-ruby-1.3.5", "s.require_paths = [\"lib/concurrent-ruby\".freeze]");
        add("pg-1.5.9", "s.extensions = [\"ext/extconf.rb\".freeze]");
        add("unused-1.0", "");
        let lock = "GEM\n  specs:\n    activerecord (7.2.2)\n      activesupport (= 7.2.2)\n    concurrent-ruby (1.3.5)\n    pg (1.5.9-x86_64-linux)\n    scenic (1.8.0)\n\nDEPENDENCIES\n  scenic\n";
        fs::write(folder.path().join("Gemfile.lock"), lock).unwrap();
        let gems = Gems::of_project(folder.path(), &[], None);
        assert_eq!(
            gems.load_path,
            [
                "/dunlin/gems/activerecord-7.2.2/lib",
                "/dunlin/gems/concurrent-ruby-1.3.5/lib/concurrent-ruby",
                "/dunlin/gems/scenic-1.8.0/lib"
            ]
        );
        assert_eq!(gems.versions.get("scenic").map(String::as_str), Some("1.8.0"));
    }
}
