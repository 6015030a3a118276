//! Scratch databases on PostgreSQL.

use dunlin_compat::model::Dialect;

use super::fence::Fence;
use super::registry::{self, Place};
use super::{PREFIX, Scratch, ScratchError, Wanted, address, fresh_name, session_of};
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};

/// What of a database a new one has to be told, the schemas that are searched among it: something is made in the first of them.
/// `{provider}` depends on the server's version.
const FACTS: &str = "SELECT pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, {provider}, \
     (SELECT string_agg(s, chr(10)) FROM pg_db_role_setting r, unnest(r.setconfig) s \
     WHERE r.setdatabase = d.oid AND r.setrole = 0), \
     (SELECT string_agg(quote_ident(s), chr(10)) FROM unnest(current_schemas(false)) s WHERE s <> 'public') \
     FROM pg_database d WHERE d.datname = current_database()";

pub(super) fn create(wanted: &Wanted<'_>, removed: &mut dyn FnMut(&str)) -> Result<Scratch, ScratchError> {
    let mut live = connect(wanted.live)?;
    let live_name = live.server().database.clone();
    let version = live.server().version.0;
    let provider = match version {
        17.. => "d.datlocprovider, d.datlocale",
        15.. => "d.datlocprovider, d.daticulocale",
        _ => "'c', NULL",
    };
    let facts = live
        .execute(&FACTS.replace("{provider}", provider))
        .map_err(ScratchError::server("asking for the database's locale"))?;
    drop(live);
    let admin = match (wanted.server, wanted.copy) {
        (Some(_), true) => return Err(ScratchError::CopyElsewhere),
        (Some(server), false) => server.clone(),
        // Nobody may be connected to what is copied, we neither.
        (None, true) => DatabaseUrl { database: Some("postgres".to_owned()), ..wanted.live.clone() },
        (None, false) => wanted.live.clone(),
    };
    let mut keeper = connect(&admin)?;
    sweep(keeper.as_mut(), removed);
    let name = fresh_name(keeper.server().session_id);
    let mut facts = facts.rows.into_iter().flatten();
    let mut fact = || facts.next().flatten().unwrap_or_default();
    let (encoding, collate, ctype, provider, locale, settings, schemas) =
        (fact(), fact(), fact(), fact(), fact(), fact(), fact());
    let literal = |text: &str| Dialect::Postgres.quote_literal(text);
    let statement = if wanted.copy {
        format!("CREATE DATABASE {name} TEMPLATE {}", Dialect::Postgres.quote_identifier(&live_name))
    } else {
        let provider = match provider.as_str() {
            "i" => format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(&locale)),
            "b" => format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(&locale)),
            _ => String::new(),
        };
        format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}{provider}",
            literal(&encoding),
            literal(&collate),
            literal(&ctype)
        )
    };
    let place = Place::Postgres { admin: admin.clone(), name: name.clone() };
    // Before it is there, so that an interruption finds it at any time.
    registry::add(&place);
    keeper.execute(&statement).map_err(|error| {
        registry::forget(&place);
        refused(error, keeper.as_ref(), wanted.copy, &live_name)
    })?;
    let fence = if wanted.server.is_some() { Fence::None } else { Fence::Cluster };
    let mut scratch = Scratch::new(address(wanted.live, &admin, &name), place, Some(keeper), fence);
    for setting in settings.split('\n').filter(|setting| !setting.is_empty()) {
        if let (Some((setting, value)), Some(keeper)) = (setting.split_once('='), scratch.keeper.as_mut()) {
            // Lists are kept as they are written.
            let value = if setting == "search_path" { value.to_owned() } else { literal(value) };
            let statement = format!("ALTER DATABASE {name} SET {setting} = {value}");
            keeper
                .execute(&statement)
                .map_err(ScratchError::server("giving the scratch database the settings of the live one"))?;
        }
    }
    if !wanted.copy && !schemas.is_empty() {
        let mut fresh = connect(scratch.url())?;
        for schema in schemas.split('\n') {
            fresh
                .execute(&format!("CREATE SCHEMA {schema}"))
                .map_err(ScratchError::server("giving the scratch database the schemas of the live one"))?;
        }
    }
    Ok(scratch)
}

fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>, ScratchError> {
    let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
    db::connect(url, &options).map_err(ScratchError::server(url.to_string()))
}

fn refused(error: DbError, keeper: &dyn Connection, copy: bool, live: &str) -> ScratchError {
    let user = keeper.server().user.clone();
    match error.sqlstate.as_deref() {
        Some("55006") if copy => ScratchError::InUse { database: live.to_owned(), error },
        Some("42501") if copy && error.message.contains("copy") => {
            ScratchError::NotOwner { database: live.to_owned(), error }
        }
        Some("42501") => {
            let grant = format!("ALTER ROLE {} CREATEDB", Dialect::Postgres.quote_identifier(&user));
            ScratchError::MayNotCreate { user, grant }
        }
        _ => ScratchError::Server { doing: "making a scratch database".to_owned(), error },
    }
}

/// Drops what dead runs have left: their session is gone.
fn sweep(connection: &mut dyn Connection, removed: &mut dyn FnMut(&str)) {
    let query = format!(
        "SELECT datname FROM pg_database WHERE datname LIKE '{}%' AND pg_has_role(datdba, 'USAGE')",
        PREFIX.replace('_', "\\_")
    );
    let Ok(outcome) = connection.execute(&query) else { return };
    for name in outcome.rows.into_iter().flatten().flatten() {
        let Some(session) = session_of(&name) else { continue };
        if matches!(connection.session_alive(session), Ok(false)) && drop_database(connection, &name).is_ok()
        {
            removed(&name);
        }
    }
}

pub(super) fn drop_database(connection: &mut dyn Connection, name: &str) -> Result<(), DbError> {
    let quoted = Dialect::Postgres.quote_identifier(name);
    if connection.server().version.0 >= 13 {
        return connection.execute(&format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")).map(drop);
    }
    let literal = Dialect::Postgres.quote_literal(name);
    connection.execute(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {literal} AND pid <> pg_backend_pid()"
    ))?;
    connection.execute(&format!("DROP DATABASE IF EXISTS {quoted}")).map(drop)
}
