//! The files that Ruby in the sandbox sees: folders of this machine at their own places, to read, and the guest's own modules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::super::sandbox_world::Folder;

/// What is at a path.
#[derive(Debug, Clone)]
enum Node {
    /// A file or folder of this machine.
    Real(PathBuf),
    /// A text of ours.
    Text(&'static str),
    /// A folder that only leads to others.
    Virtual,
}

/// What a guest is told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether it is a folder.
    pub folder: bool,
    /// Its number.
    pub inode: u64,
    /// Its length.
    pub size: u64,
    /// When it was changed, in nanoseconds since 1970.
    pub modified: u64,
}

/// Something open.
#[derive(Debug)]
pub enum Open {
    /// A file of this machine.
    File(File, PathBuf),
    /// A text of ours, and where its next byte is.
    Text(&'static str, u64),
    /// A folder: names, whether each is a folder itself.
    Folder(String, Vec<(String, bool)>),
}

/// The tree.
#[derive(Debug, Default)]
pub struct Files {
    folders: Vec<Folder>,
    /// Where they really are; nothing outside of them is shown, whatever links say.
    real: Vec<PathBuf>,
    texts: BTreeMap<String, &'static str>,
}

impl Files {
    /// These folders, and texts below `at`.
    pub fn new(folders: Vec<Folder>, at: &str, texts: &'static [(&'static str, &'static str)]) -> Files {
        let real = folders.iter().filter_map(|folder| fs::canonicalize(&folder.path).ok()).collect();
        let texts = texts.iter().map(|(name, text)| (format!("{at}/{name}"), *text)).collect();
        Files { folders, real, texts }
    }

    /// What a path is; an error that the guest gets otherwise.
    pub fn facts(&self, path: &str) -> io::Result<Facts> {
        let path = normal(path);
        let node = self.node(&path)?;
        self.facts_of(&path, &node)
    }

    fn facts_of(&self, path: &str, node: &Node) -> io::Result<Facts> {
        let inode = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(match node {
            Node::Virtual => Facts { folder: true, inode, size: 0, modified: 0 },
            Node::Text(text) => Facts { folder: false, inode, size: text.len() as u64, modified: 0 },
            Node::Real(real) => {
                let metadata = fs::metadata(real)?;
                let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                let modified = modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(0));
                Facts { folder: metadata.is_dir(), inode, size: metadata.len(), modified }
            }
        })
    }

    /// Opens it for reading.
    pub fn open(&self, path: &str) -> io::Result<Open> {
        let path = normal(path);
        let node = self.node(&path)?;
        Ok(match node {
            Node::Text(text) => Open::Text(text, 0),
            Node::Real(real) if real.is_file() => Open::File(File::open(&real)?, real),
            Node::Real(_) | Node::Virtual => {
                let names = self.names(&path, &node);
                Open::Folder(path, names)
            }
        })
    }

    fn names(&self, path: &str, node: &Node) -> Vec<(String, bool)> {
        let mut names: BTreeMap<String, bool> = BTreeMap::new();
        if let Node::Real(real) = node {
            for entry in fs::read_dir(real).into_iter().flatten().flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                names.insert(name, entry.path().is_dir());
            }
        }
        names.extend(self.inner(path).into_iter().map(|name| (name, true)));
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let texts = self.texts.keys().filter_map(|name| name.strip_prefix(&prefix));
        for rest in texts {
            match rest.split_once('/') {
                Some((folder, _)) => names.insert(folder.to_owned(), true),
                None => names.insert(rest.to_owned(), false),
            };
        }
        names.into_iter().collect()
    }

    /// Names below a path that lead to folders.
    fn inner(&self, path: &str) -> BTreeSet<String> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let below = self.folders.iter().filter_map(|folder| folder.seen_as.strip_prefix(&prefix));
        below
            .filter_map(|rest| rest.split('/').next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn node(&self, path: &str) -> io::Result<Node> {
        if let Some(text) = self.texts.get(path) {
            return Ok(Node::Text(text));
        }
        let inside = |folder: &&Folder| {
            path == folder.seen_as
                || path.strip_prefix(folder.seen_as.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        // The innermost: one may be seen inside of another.
        let folder = self.folders.iter().filter(inside).max_by_key(|folder| folder.seen_as.len());
        let found = folder.and_then(|folder| {
            let rest = path.strip_prefix(folder.seen_as.as_str())?.trim_start_matches('/');
            fs::canonicalize(folder.path.join(rest)).ok()
        });
        match found {
            Some(real) if self.real.iter().any(|root| real.starts_with(root)) => return Ok(Node::Real(real)),
            Some(_) => return Err(io::ErrorKind::PermissionDenied.into()),
            None => {}
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let leads = path == "/"
            || self.folders.iter().any(|folder| folder.seen_as.starts_with(&prefix))
            || self.texts.keys().any(|name| name.starts_with(&prefix));
        if leads { Ok(Node::Virtual) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

impl Open {
    /// Reads from where it stands, or from `at`.
    pub fn read(&mut self, buffer: &mut [u8], at: Option<u64>) -> io::Result<usize> {
        match self {
            Open::File(file, _) => match at {
                None => file.read(buffer),
                Some(offset) => {
                    let before = file.stream_position()?;
                    file.seek(SeekFrom::Start(offset))?;
                    let length = file.read(buffer)?;
                    file.seek(SeekFrom::Start(before))?;
                    Ok(length)
                }
            },
            Open::Text(text, position) => {
                let start = usize::try_from(at.unwrap_or(*position)).unwrap_or(usize::MAX);
                let rest = text.as_bytes().get(start..).unwrap_or_default();
                let length = rest.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(rest) {
                    *to = *from;
                }
                if at.is_none() {
                    *position += length as u64;
                }
                Ok(length)
            }
            Open::Folder(..) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Moves to another place, and says where that is.
    pub fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Open::File(file, _) => file.seek(to),
            Open::Text(text, position) => {
                let target = match to {
                    SeekFrom::Start(offset) => i128::from(offset),
                    SeekFrom::Current(offset) => i128::from(*position) + i128::from(offset),
                    SeekFrom::End(offset) => text.len() as i128 + i128::from(offset),
                };
                *position = u64::try_from(target).map_err(|_| io::ErrorKind::InvalidInput)?;
                Ok(*position)
            }
            Open::Folder(..) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// What it is.
    pub fn facts(&self, files: &Files) -> io::Result<Facts> {
        match self {
            Open::File(_, real) => files.facts_of(&real.to_string_lossy(), &Node::Real(real.clone())),
            Open::Text(text, _) => files.facts_of("", &Node::Text(text)),
            Open::Folder(path, _) => files.facts(path),
        }
    }
}

/// An absolute path without `.`, `..` and doubled slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => parts.extend(name.to_str()),
            Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_are_seen_and_no_link_leads_out() {
        let root = tempfile::tempdir().unwrap();
        let shop = root.path().join("shop");
        fs::create_dir_all(shop.join("db")).unwrap();
        fs::write(shop.join("db/a.rb"), "1").unwrap();
        fs::write(root.path().join("secret"), "2").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path().join("secret"), shop.join("link")).unwrap();
        let seen_as = shop.display().to_string();
        let files = Files::new(
            vec![Folder { path: shop, seen_as: seen_as.clone() }],
            "/guest",
            &[("a/b.rb", "text")],
        );
        assert!(files.facts(&format!("{seen_as}/db")).unwrap().folder);
        assert_eq!(files.facts(&format!("{seen_as}/db/./../db/a.rb")).unwrap().size, 1);
        assert!(files.facts(&format!("{seen_as}/../secret")).is_err());
        assert!(files.open(&format!("{seen_as}/link")).is_err());
        assert!(files.facts("/").unwrap().folder && files.facts("/etc").is_err());
        let Open::Folder(_, names) = files.open("/guest").unwrap() else { panic!("no folder") };
        assert_eq!(names, [("a".to_owned(), true)]);
        let mut text = files.open("/guest/a/b.rb").unwrap();
        let mut buffer = [0; 3];
        assert_eq!((text.read(&mut buffer, None).unwrap(), text.read(&mut buffer, None).unwrap()), (3, 1));
    }
}
