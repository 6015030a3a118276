//! Scratch schemas on MySQL and MariaDB.

use dunlin_compat::model::Dialect;

use super::fence::Fence;
use super::registry::{self, Place};
use super::{PREFIX, Scratch, ScratchError, Wanted, address, copy, fresh_name};
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};

const FACTS: &str = "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
     WHERE schema_name = DATABASE()";

/// Schemas that every server has.
const OF_SERVER: [&str; 4] = ["information_schema", "performance_schema", "mysql", "sys"];

pub(super) fn create(wanted: &Wanted<'_>, removed: &mut dyn FnMut(&str)) -> Result<Scratch, ScratchError> {
    let mut live = connect(wanted.live)?;
    let facts =
        live.execute(FACTS).map_err(ScratchError::server("asking for the database's character set"))?;
    if wanted.copy && wanted.server.is_some() {
        return Err(ScratchError::CopyElsewhere);
    }
    let admin = match wanted.server {
        Some(server) => server.clone(),
        None => wanted.live.clone(),
    };
    let mut keeper = connect(&admin)?;
    // The session does nothing for as long as migrations run.
    let _ = keeper.execute("SET SESSION wait_timeout = 86400");
    sweep(keeper.as_mut(), removed);
    let name = fresh_name(keeper.server().session_id);
    let doing = || ScratchError::server("making a scratch database");
    // Held before the database is there, so that no other run takes it for left behind.
    keeper.execute(&format!("SELECT GET_LOCK('{name}', 0)")).map_err(doing())?;
    let mut facts = facts.rows.into_iter().flatten();
    let mut fact = || facts.next().flatten();
    let options = match (fact(), fact()) {
        (Some(set), Some(collation)) => format!(" CHARACTER SET {set} COLLATE {collation}"),
        _ => String::new(),
    };
    let place = Place::Mysql { admin: admin.clone(), name: name.clone() };
    registry::add(&place);
    keeper.execute(&format!("CREATE DATABASE `{name}`{options}")).map_err(|error| {
        registry::forget(&place);
        refused(error, keeper.as_ref())
    })?;
    let url = address(wanted.live, &admin, &name);
    let others = keeper.execute("SELECT schema_name FROM information_schema.schemata").map_err(doing());
    let mut scratch = Scratch::new(url, place, Some(keeper), Fence::None);
    let others = others?.rows.into_iter().flatten().flatten();
    let others = others.filter(|other| *other != name && !OF_SERVER.contains(&other.as_str()));
    scratch.fence = std::sync::Arc::new(Fence::Schemas {
        own: name.clone(),
        others: others.map(|other| other.to_lowercase()).collect(),
        cluster: wanted.server.is_none(),
    });
    if wanted.copy {
        let mut target = db::connect(&scratch.url, &ConnectOptions::default())
            .map_err(ScratchError::server("connecting to the scratch database"))?;
        copy::copy_schema(live.as_mut(), target.as_mut())
            .map_err(ScratchError::server("copying the database"))?;
    }
    Ok(scratch)
}

fn refused(error: DbError, keeper: &dyn Connection) -> ScratchError {
    match error.code {
        Some(1044) => {
            let user = keeper.server().user.clone();
            let grant = format!("GRANT ALL ON `{}%`.* TO '{user}'@'…'", PREFIX.replace('_', "\\_"));
            ScratchError::MayNotCreate { user, grant }
        }
        _ => ScratchError::Server { doing: "making a scratch database".to_owned(), error },
    }
}

fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>, ScratchError> {
    let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
    db::connect(url, &options).map_err(ScratchError::server(url.to_string()))
}

/// Drops what dead runs have left: nobody holds the lock of its name.
fn sweep(connection: &mut dyn Connection, removed: &mut dyn FnMut(&str)) {
    let query = format!(
        "SELECT schema_name FROM information_schema.schemata \
         WHERE schema_name LIKE '{}%' AND IS_FREE_LOCK(schema_name) = 1",
        PREFIX.replace('_', "\\_")
    );
    let Ok(outcome) = connection.execute(&query) else { return };
    for name in outcome.rows.into_iter().flatten().flatten() {
        if drop_database(connection, &name).is_ok() {
            removed(&name);
        }
    }
}

/// Drops a schema, what is connected to it, and the privileges on its tables, which outlive them.
pub(super) fn drop_database(connection: &mut dyn Connection, name: &str) -> Result<(), DbError> {
    let literal = Dialect::Mysql.quote_literal(name);
    let own = connection.server().session_id;
    let query = format!(
        "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = {literal} AND id <> {own} \
         UNION SELECT CONCAT('REVOKE ALL PRIVILEGES ON `', table_schema, '`.`', REPLACE(table_name, '`', '``'), '` FROM ', grantee) \
         FROM information_schema.table_privileges WHERE table_schema = {literal} \
         UNION SELECT CONCAT('REVOKE ALL PRIVILEGES ON `', table_schema, '`.`', REPLACE(table_name, '`', '``'), '` FROM ', grantee) \
         FROM information_schema.column_privileges WHERE table_schema = {literal}"
    );
    if let Ok(outcome) = connection.execute(&query) {
        for statement in outcome.rows.into_iter().flatten().flatten() {
            // A session may have ended by itself, and a privilege gone with another.
            let _ = connection.execute(&statement);
        }
    }
    let _ = connection.execute("SET SESSION lock_wait_timeout = 10");
    connection.execute(&format!("DROP DATABASE IF EXISTS {}", Dialect::Mysql.quote_identifier(name)))?;
    Ok(())
}
