//! What guests compiled of a project, kept between processes: all of it in one file, each piece known by a digest.
//!
//! The file is only opened where [`CompiledCache`] vouches for it: what is compiled is not checked when it is loaded.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::wasm::{CompiledCache, Key};

/// What was not used by the last process that added something is left out when the file is larger than this.
const LARGEST: u64 = 64 << 20;

/// A digest and the place of what it stands for.
const ENTRY: usize = 32 + 8 + 8;

/// The digest of all that a piece depends on, and the file's key does not tell.
pub type Name = [u8; 32];

/// Where a piece lies in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    size: u64,
}

/// The compiled pieces of one project.
#[derive(Default)]
pub struct Kept {
    at: Option<(CompiledCache, Key)>,
    file: Option<File>,
    places: HashMap<Name, Place>,
    used: Vec<Name>,
    added: Vec<(Name, Vec<u8>)>,
}

impl Kept {
    /// What earlier processes kept. Without a place nothing is.
    pub fn open(at: Option<(CompiledCache, Key)>) -> Kept {
        let mut file = at.as_ref().and_then(|(cache, key)| cache.open(key));
        let places = file.as_mut().and_then(places);
        let (file, places) = places.map_or((None, HashMap::new()), |places| (file, places));
        Kept { at, file, places, used: Vec::new(), added: Vec::new() }
    }

    /// Whether there is a place to keep anything.
    pub fn has_place(&self) -> bool {
        self.at.is_some()
    }

    /// Whether there is something that is not kept yet.
    pub fn is_new(&self) -> bool {
        !self.added.is_empty()
    }

    /// A piece, if it was kept.
    pub fn find(&mut self, name: &Name) -> Option<Vec<u8>> {
        let place = *self.places.get(name)?;
        let bytes = read(self.file.as_mut()?, place)?;
        self.used.push(*name);
        Some(bytes)
    }

    /// Adds a piece to what [`Kept::keep`] is to keep.
    pub fn add(&mut self, name: Name, bytes: Vec<u8>) {
        self.added.push((name, bytes));
    }

    /// Keeps what was added, with what was there.
    pub fn keep(&mut self) {
        let added = std::mem::take(&mut self.added);
        let Some((cache, key)) = &self.at else { return };
        if added.is_empty() {
            return;
        }
        let whole: u64 = self.places.values().map(|place| place.size).sum();
        let (places, used) = (&self.places, &self.used);
        let kept = places.iter().filter(|(name, _)| whole < LARGEST || used.contains(name));
        let mut all: Vec<(Name, Vec<u8>)> = Vec::new();
        if let Some(file) = &mut self.file {
            all.extend(kept.filter_map(|(name, place)| Some((*name, read(file, *place)?))));
        }
        all.extend(added);
        let mut start = (8 + all.len() * ENTRY) as u64;
        let mut bytes = (all.len() as u64).to_le_bytes().to_vec();
        for (name, piece) in &all {
            let size = piece.len() as u64;
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&start.to_le_bytes());
            bytes.extend_from_slice(&size.to_le_bytes());
            start += size;
        }
        all.iter().for_each(|(_, piece)| bytes.extend_from_slice(piece));
        cache.keep(key, &bytes);
    }
}

fn places(file: &mut File) -> Option<HashMap<Name, Place>> {
    let size = file.metadata().ok()?.len();
    let count = u64::from_le_bytes(read(file, Place { at: 0, size: 8 })?.try_into().ok()?);
    let table = Place { at: 8, size: count.checked_mul(ENTRY as u64).filter(|table| *table < size)? };
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    let entry = |bytes: &[u8]| {
        let place = Place { at: number(bytes.get(32..40)?)?, size: number(bytes.get(40..48)?)? };
        let end = place.at.checked_add(place.size)?;
        (end <= size).then_some((bytes.get(..32)?.try_into().ok()?, place))
    };
    read(file, table)?.chunks_exact(ENTRY).map(entry).collect()
}

fn read(file: &mut File, place: Place) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(place.size).ok()?];
    file.seek(SeekFrom::Start(place.at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
