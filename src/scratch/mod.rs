//! Scratch databases: made to try something on, and dropped on every way out.
//!
//! Nothing is ever dropped but what has a name that was made here. A name tells whose it is, so that what a run that was
//! killed left behind is recognised by the next one and taken away.

mod copy;
mod dump;
mod error;
mod fence;
mod mysql;
mod postgres;
mod registry;
mod sqlite;

pub use error::ScratchError;
pub use registry::remove_all;

use std::path::Path;
use std::sync::Arc;

use crate::db::url::Engine;
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};
use fence::Fence;
use registry::Place;

/// What all names begin with.
const PREFIX: &str = "dunlin_scratch_";

/// A database that is dropped with this value.
pub struct Scratch {
    url: DatabaseUrl,
    place: Place,
    /// Keeps the session open by which others see that the database is in use.
    keeper: Option<Box<dyn Connection>>,
    fence: Arc<Fence>,
    dropped: bool,
}

/// What a scratch database is made from.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The database that it is like: its encoding, its locale, its session settings.
    pub live: &'a DatabaseUrl,
    /// Another server to make it on.
    pub server: Option<&'a DatabaseUrl>,
    /// Whether it begins with everything that is in the live database.
    pub copy: bool,
}

impl Scratch {
    /// Makes one. `removed` is told the names of those that dead runs had left.
    ///
    /// # Errors
    /// The user may not create databases, or a copy cannot be made.
    pub fn create(wanted: &Wanted<'_>, removed: &mut dyn FnMut(&str)) -> Result<Scratch, ScratchError> {
        let server = wanted.server.unwrap_or(wanted.live);
        if server.engine != wanted.live.engine {
            return Err(ScratchError::OtherEngine {
                server: server.to_string(),
                live: wanted.live.to_string(),
            });
        }
        match wanted.live.engine {
            Engine::Postgres => postgres::create(wanted, removed),
            Engine::Mysql => mysql::create(wanted, removed),
            Engine::Sqlite => sqlite::create(wanted, removed),
        }
    }

    fn new(url: DatabaseUrl, place: Place, keeper: Option<Box<dyn Connection>>, fence: Fence) -> Scratch {
        Scratch { url, place, keeper, fence: Arc::new(fence), dropped: false }
    }

    /// Its address.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Opens a session in which nothing can be sent that would change anything else.
    ///
    /// # Errors
    /// The server refuses.
    pub fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        let options = ConnectOptions { access: Access::Write, ..ConnectOptions::default() };
        let connection = db::connect(&self.url, &options)?;
        Ok(db::watched(connection, Box::new(fence::Guard(Arc::clone(&self.fence)))))
    }

    /// Runs what a file of SQL says, COPY data included: a dump, or rows to begin with.
    ///
    /// # Errors
    /// The file cannot be read or a statement of it fails.
    pub fn load(&self, path: &Path) -> Result<(), ScratchError> {
        let mut connection =
            self.open().map_err(ScratchError::server("connecting to the scratch database"))?;
        dump::load(connection.as_mut(), path)
    }

    /// Drops it.
    ///
    /// # Errors
    /// The server refuses; it has to be dropped by hand then.
    pub fn remove(mut self) -> Result<(), ScratchError> {
        self.remove_now()
    }

    fn remove_now(&mut self) -> Result<(), ScratchError> {
        if self.dropped {
            return Ok(());
        }
        self.dropped = true;
        registry::forget(&self.place);
        let result = match self.keeper.take() {
            Some(mut keeper) => self.place.remove_with(keeper.as_mut()).or_else(|_| self.place.remove()),
            None => self.place.remove(),
        };
        result.map_err(|error| ScratchError::Left { name: self.place.name(), error })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whoever wants to know whether it went well calls `remove`.
        let _ = self.remove_now();
    }
}

/// A name that no other has.
fn fresh_name(session: i64) -> String {
    format!("{PREFIX}{session}_{:08x}", fastrand::u32(..))
}

/// The session that a name tells of.
fn session_of(name: &str) -> Option<i64> {
    name.strip_prefix(PREFIX)?.split('_').next()?.parse().ok()
}

/// The address of a database on the server `on`, with what `live` sets in its sessions.
fn address(live: &DatabaseUrl, on: &DatabaseUrl, name: &str) -> DatabaseUrl {
    let mut url = on.clone();
    url.database = Some(name.to_owned());
    url.create_database = false;
    url.session.clone_from(&live.session);
    url.beginning.clone_from(&live.beginning);
    url.preparing.clone_from(&live.preparing);
    url.options.clone_from(&live.options);
    url
}
