//! Packs: a tool's library with an interpreter, as a component for the sandbox. Here they are found, chosen and checked;
//! `pack_build.rs` makes them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::protocol::Library;

/// The form of packs that this version reads and writes.
pub const FORMAT: u32 = 1;

/// The file that makes a folder a pack.
pub const MANIFEST: &str = "manifest.json";

/// The component, compressed; it is read only where it has to be compiled.
pub const COMPONENT: &str = "component.wasm.zst";

/// The libraries' files, for what is not in the component: data, and modules that are rarely imported.
pub const LIBRARIES: &str = "lib";

/// What a pack says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The tool, as `GuestProgram::tool` names it.
    pub tool: String,
    /// `CPython 3.14.0`.
    pub interpreter: String,
    /// What is in it, with versions.
    pub libraries: Vec<Library>,
    /// Names of those whose major and minor version a project has to share.
    pub decisive: Vec<String>,
    /// What it was built with: our version and that of the builder of components.
    pub built_with: BTreeMap<String, String>,
    /// SHA-256 of the guest's modules in it.
    pub guest_sha256: String,
    /// SHA-256 of the component, before it was compressed; empty where the interpreter is dunlin's own.
    pub component_sha256: String,
    /// SHA-256 of the compressed component; empty without one.
    pub file_sha256: String,
    /// SHA-256 of the libraries' files, with their names.
    pub libraries_sha256: String,
    /// Where the component expects the libraries' files.
    pub libraries_seen_as: String,
    /// The machine that it was compiled for when it was built. Elsewhere it is compiled anew, once.
    pub compiled_for: CompiledFor,
    /// Modules that could not be imported, and why.
    #[serde(default)]
    pub missing: BTreeMap<String, String>,
}

/// What compiled code depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledFor {
    /// `x86_64-linux`.
    pub target: String,
    /// wasmtime's version, settings and the processor's features, as a digest.
    pub wasmtime: String,
}

/// A pack in a folder of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Its folder.
    pub folder: PathBuf,
    /// What it says about itself.
    pub manifest: Manifest,
}

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Something of it cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Its manifest is none.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A part is not what the manifest says.
    #[error("{} is not what the pack was built with: its SHA-256 has changed", path.display())]
    Changed {
        /// The part.
        path: PathBuf,
    },
}

/// Where packs are: `$DUNLIN_PACKS`, else `dunlin/packs` in the user's data folder; `None` without a home.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("DUNLIN_PACKS").filter(|folder| !folder.is_empty()) {
        return Some(folder.into());
    }
    dirs::data_dir().map(|data| data.join("dunlin").join("packs"))
}

/// All packs in a folder, by name, and what is there but cannot be used.
pub fn list(folder: &Path) -> (Vec<Pack>, Vec<PackError>) {
    let (mut packs, mut errors) = (Vec::new(), Vec::new());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    // One that is being built has a name that begins with a dot.
    let visible = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let mut folders: Vec<PathBuf> = visible.map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders.into_iter().filter(|folder| folder.join(MANIFEST).exists()) {
        match Pack::open(folder) {
            Ok(pack) => packs.push(pack),
            Err(error) => errors.push(error),
        }
    }
    (packs, errors)
}

impl Pack {
    /// Reads a pack's manifest.
    ///
    /// # Errors
    /// There is none, or it is of another form.
    pub fn open(folder: PathBuf) -> Result<Pack, PackError> {
        let path = folder.join(MANIFEST);
        let text = read(&path)?;
        let wrong = |reason: String| PackError::Manifest { path: path.clone(), reason };
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let form: Form = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if form.format != FORMAT {
            let reason = format!(
                "the pack has form {}, and this dunlin reads {FORMAT}; build it again: dunlin pack build",
                form.format
            );
            return Err(wrong(reason));
        }
        let manifest = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        Ok(Pack { folder, manifest })
    }

    /// The name of its folder.
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The version of a library in it.
    pub fn version_of(&self, library: &str) -> Option<&str> {
        self.manifest.libraries.iter().find(|each| each.name == library).map(|each| each.version.as_str())
    }

    /// The component's binary form.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn component(&self) -> io::Result<Vec<u8>> {
        zstd::decode_all(fs::File::open(self.folder.join(COMPONENT))?)
    }

    /// Compares every part with the manifest.
    ///
    /// # Errors
    /// A part is missing or has changed.
    pub fn verify(&self) -> Result<(), PackError> {
        let path = self.folder.join(COMPONENT);
        let has_component = !self.manifest.file_sha256.is_empty();
        if has_component && hexadecimal(&Sha256::digest(read(&path)?)) != self.manifest.file_sha256 {
            return Err(PackError::Changed { path });
        }
        let path = self.folder.join(LIBRARIES);
        if digest_of_folder(&path)? != self.manifest.libraries_sha256 {
            return Err(PackError::Changed { path });
        }
        Ok(())
    }

    /// What keeps a project from using it: a decisive library of which the project has another major or minor version.
    /// `pins` are the project's own versions by name.
    pub fn misfit(&self, pins: &BTreeMap<String, String>) -> Option<String> {
        self.manifest.decisive.iter().find_map(|name| {
            let (ours, theirs) = (self.version_of(name)?, pins.get(name)?);
            let minor = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
            (minor(ours) != minor(theirs))
                .then(|| format!("{} has {name} {ours}, the project {theirs}", self.name()))
        })
    }
}

/// The best pack for a tool, given the project's own versions; else what the packs for it lack.
///
/// # Errors
/// There is no pack for the tool (an empty list), or none fits (why, one by one).
pub fn choose(packs: Vec<Pack>, tool: &str, pins: &BTreeMap<String, String>) -> Result<Pack, Vec<String>> {
    let of_tool: Vec<Pack> = packs.into_iter().filter(|pack| pack.manifest.tool == tool).collect();
    let misfits: Vec<String> = of_tool.iter().filter_map(|pack| pack.misfit(pins)).collect();
    let fitting = of_tool.into_iter().filter(|pack| pack.misfit(pins).is_none());
    let rank = |pack: &Pack| {
        let same = |library: &&Library| pins.get(&library.name) == Some(&library.version);
        let versions: Vec<Vec<u64>> =
            pack.manifest.libraries.iter().map(|library| numbers(&library.version)).collect();
        (pack.manifest.libraries.iter().filter(same).count(), versions)
    };
    fitting.max_by_key(rank).ok_or(misfits)
}

/// The numbers of a version, for comparing: `2.0.58` is 2, 0, 58.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// The digest of a guest's modules.
pub fn digest_of_modules(modules: &[(&str, &str)]) -> String {
    let mut hasher = Sha256::new();
    for (name, text) in modules {
        for part in [name, text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hexadecimal(&hasher.finalize())
}

/// The digest of a folder's files and their names.
pub fn digest_of_folder(folder: &Path) -> Result<String, PackError> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let content = read(&file)?;
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(&name);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    Ok(hexadecimal(&hasher.finalize()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), PackError> {
    let unreadable = |error| PackError::Unreadable { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    fs::read(path).map_err(|error| PackError::Unreadable { path: path.to_owned(), error })
}

/// Lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits, if there are 32.
pub fn sha256_from(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(alembic: &str, sqlalchemy: &str) -> Pack {
        let library =
            |name: &str, version: &str| Library { name: name.to_owned(), version: version.to_owned() };
        let digest = "00".repeat(32);
        Pack {
            folder: format!("/packs/alembic-{alembic}-sqlalchemy-{sqlalchemy}").into(),
            manifest: Manifest {
                format: FORMAT,
                tool: "alembic".to_owned(),
                interpreter: "CPython 3.14.0".to_owned(),
                libraries: vec![library("alembic", alembic), library("sqlalchemy", sqlalchemy)],
                decisive: vec!["sqlalchemy".to_owned()],
                built_with: BTreeMap::new(),
                guest_sha256: digest.clone(),
                component_sha256: digest.clone(),
                file_sha256: digest.clone(),
                libraries_sha256: digest,
                libraries_seen_as: "/lib".to_owned(),
                compiled_for: CompiledFor { target: "x86_64-linux".to_owned(), wasmtime: String::new() },
                missing: BTreeMap::new(),
            },
        }
    }

    #[test]
    fn the_pack_with_the_projects_versions_is_taken() {
        let packs = || vec![pack("1.20.1", "2.0.9"), pack("1.20.1", "2.0.58"), pack("1.13.3", "2.1.0")];
        let chosen = |pins: &[(&str, &str)]| {
            let pins =
                pins.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
            choose(packs(), "alembic", &pins).map(|pack| pack.name())
        };
        assert_eq!(chosen(&[]).unwrap(), "alembic-1.20.1-sqlalchemy-2.0.58");
        assert_eq!(chosen(&[("sqlalchemy", "2.0.9")]).unwrap(), "alembic-1.20.1-sqlalchemy-2.0.9");
        assert_eq!(chosen(&[("sqlalchemy", "2.0.40")]).unwrap(), "alembic-1.20.1-sqlalchemy-2.0.58");
        assert_eq!(chosen(&[("alembic", "1.13.3")]).unwrap(), "alembic-1.13.3-sqlalchemy-2.1.0");
        let refused = chosen(&[("sqlalchemy", "1.4.54")]).unwrap_err();
        assert_eq!(refused.len(), 3);
        assert_eq!(refused[0], "alembic-1.20.1-sqlalchemy-2.0.9 has sqlalchemy 2.0.9, the project 1.4.54");
        assert_eq!(choose(packs(), "rails", &BTreeMap::new()), Err(Vec::new()));
    }

    #[test]
    fn a_pack_of_another_form_is_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), r#"{"format": 9, "size": 1}"#).unwrap();
        let text = Pack::open(folder.path().to_owned()).unwrap_err().to_string();
        assert!(
            text.ends_with("the pack has form 9, and this dunlin reads 1; build it again: dunlin pack build")
        );
    }

    #[test]
    fn digests_are_read_back() {
        let digest: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
        assert_eq!(sha256_from(&hexadecimal(&digest)), Some(digest));
        assert_eq!(sha256_from("00"), None);
        assert_eq!(sha256_from(&"zz".repeat(32)), None);
    }
}
