//! Scratch databases of SQLite: a file in a folder of its own.

use std::path::Path;

use dunlin_compat::model::Dialect;

use super::fence::Fence;
use super::registry::{self, Place};
use super::{Scratch, ScratchError, Wanted};
use crate::db::url::SqliteTarget;
use crate::db::{self, Access, ConnectOptions, DatabaseUrl};

const FOLDER: &str = "dunlin-scratch-";

pub(super) fn create(wanted: &Wanted<'_>, removed: &mut dyn FnMut(&str)) -> Result<Scratch, ScratchError> {
    sweep(removed);
    let parent = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix(&format!("{FOLDER}{}-", std::process::id()))
        .tempdir_in(&parent)
        .map_err(|error| ScratchError::File { path: parent, error })?
        .keep();
    let file = folder.join("scratch.db");
    let url = DatabaseUrl { sqlite: SqliteTarget::File(file.clone()), ..wanted.live.clone() };
    let place = Place::Folder(folder);
    registry::add(&place);
    let scratch = Scratch::new(url, place, None, Fence::Attach);
    if wanted.copy {
        // A session for reading leaves the live file and its log as they are, and what is still in the log is copied too. It must
        // only be told that it may write, which here is the copy.
        let doing = || ScratchError::server("copying the database");
        if let SqliteTarget::File(path) = &wanted.live.sqlite
            && !path.exists()
        {
            return Ok(scratch);
        }
        let plain = DatabaseUrl { pragmas: Vec::new(), ..wanted.live.clone() };
        let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
        let mut live = db::connect(&plain, &options).map_err(doing())?;
        live.execute("PRAGMA query_only = 0").map_err(doing())?;
        let target = Dialect::Sqlite.quote_literal(&file.display().to_string());
        live.execute(&format!("VACUUM INTO {target}")).map_err(doing())?;
    }
    Ok(scratch)
}

/// Deletes what dead processes have left. Only Linux tells which are dead.
fn sweep(removed: &mut dyn FnMut(&str)) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(FOLDER).and_then(|rest| rest.split('-').next());
        let Some(process) = process.and_then(|text| text.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{process}")).exists() && std::fs::remove_dir_all(entry.path()).is_ok() {
            removed(&entry.path().display().to_string());
        }
    }
}
