//! The scratch databases of this process, for when it is asked to end.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{mysql, postgres};
use crate::db::{self, ConnectOptions, Connection, DatabaseUrl, DbError, DbErrorKind};

/// Where a scratch database is, and how it is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Postgres { admin: DatabaseUrl, name: String },
    Mysql { admin: DatabaseUrl, name: String },
    Folder(PathBuf),
}

static PLACES: Mutex<Vec<Place>> = Mutex::new(Vec::new());

pub(super) fn add(place: &Place) {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner).push(place.clone());
}

pub(super) fn forget(place: &Place) {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known != place);
}

/// Drops every scratch database of this process, which is about to end.
pub fn remove_all() {
    let places = std::mem::take(&mut *PLACES.lock().unwrap_or_else(PoisonError::into_inner));
    for place in &places {
        let _ = place.remove();
    }
    // One that was still being made is there now.
    if !places.is_empty() {
        std::thread::sleep(Duration::from_millis(100));
        for place in &places {
            let _ = place.remove();
        }
    }
}

impl Place {
    pub(super) fn name(&self) -> String {
        match self {
            Place::Postgres { name, .. } | Place::Mysql { name, .. } => name.clone(),
            Place::Folder(path) => path.display().to_string(),
        }
    }

    /// Drops it over a session of its own.
    pub(super) fn remove(&self) -> Result<(), DbError> {
        match self {
            Place::Postgres { admin, .. } | Place::Mysql { admin, .. } => {
                let mut connection = db::connect(admin, &ConnectOptions::default())?;
                self.remove_with(connection.as_mut())
            }
            Place::Folder(path) => match std::fs::remove_dir_all(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(DbError::new(DbErrorKind::Storage, error.to_string()))
                }
                _ => Ok(()),
            },
        }
    }

    pub(super) fn remove_with(&self, connection: &mut dyn Connection) -> Result<(), DbError> {
        match self {
            Place::Postgres { name, .. } => postgres::drop_database(connection, name),
            Place::Mysql { name, .. } => mysql::drop_database(connection, name),
            Place::Folder(_) => self.remove(),
        }
    }
}
