//! Taking the migration locks: the original tool's and ours, by polling a try-lock.
//!
//! The locks belong to the session that also runs the migrations. If this process dies, the server keeps them until
//! the statement it was executing has ended, so nobody resumes a migration that is still running. Polling a session-level
//! try-lock holds no snapshot between two tries, so `CREATE INDEX CONCURRENTLY` of the holder never waits for us.

use std::thread;
use std::time::{Duration, Instant};

use dunlin_compat::model::{Adapter, Dialect, Lock, Server};
use sha2::{Digest, Sha256};

use super::RunError;
use super::event::{Event, Observer};
use crate::db::Connection;

/// The shortest and longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// All locks of a run, in the order in which to take them.
pub fn locks(adapter: &dyn Adapter, server: &Server) -> Vec<Lock> {
    let mut locks = adapter.locks(server);
    let own = own_lock(adapter, server);
    if !locks.contains(&own) {
        locks.push(own);
    }
    locks
}

/// Our own lock: one per history table.
fn own_lock(adapter: &dyn Adapter, server: &Server) -> Lock {
    let table = adapter.history_table(server);
    // Named locks are the whole server's, advisory ones the database's.
    let place = match server.dialect.is_mysql_family() {
        true => format!("dunlin {} {table}", adapter.history_schema(server)),
        false => format!("dunlin {table}"),
    };
    let digest = Sha256::digest(place);
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    match server.dialect {
        Dialect::Postgres => Lock::Advisory(i64::from_be_bytes(first)),
        Dialect::Mysql | Dialect::Mariadb => {
            Lock::Named(format!("dunlin-{:016x}", u64::from_be_bytes(first)))
        }
        Dialect::Sqlite => Lock::DatabaseFile,
    }
}

/// Takes all locks, waiting up to `limit` for each.
pub fn take(
    connection: &mut dyn Connection,
    locks: &[Lock],
    limit: Duration,
    observer: &mut dyn Observer,
) -> Result<(), RunError> {
    for lock in locks {
        take_one(connection, lock, limit, observer)?;
    }
    Ok(())
}

fn take_one(
    connection: &mut dyn Connection,
    lock: &Lock,
    limit: Duration,
    observer: &mut dyn Observer,
) -> Result<(), RunError> {
    let start = Instant::now();
    let mut pause = PAUSES.0;
    let mut reported = Duration::ZERO;
    loop {
        if connection.try_lock(lock).map_err(RunError::server(format!("taking the {lock}")))? {
            return Ok(());
        }
        let waited = start.elapsed();
        if waited >= limit {
            let holder = connection.lock_holder(lock);
            return Err(RunError::LockNotObtained { lock: lock.clone(), holder, waited });
        }
        if reported == Duration::ZERO || waited >= reported + Duration::from_secs(1) {
            reported = waited.max(Duration::from_millis(1));
            let holder = connection.lock_holder(lock);
            observer.event(Event::LockWait { lock, holder: holder.as_deref(), waited });
        }
        thread::sleep(jittered(pause).min(limit.saturating_sub(waited)).max(Duration::from_millis(1)));
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// A duration between half and one and a half of `base`, so that waiting processes do not march in step.
pub fn jittered(base: Duration) -> Duration {
    base.mul_f64(0.5 + fastrand::f64())
}
