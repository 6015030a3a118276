//! PostgreSQL statements. What cannot run in a transaction is what calls `PreventInTransactionBlock` in the server.

use super::reader::Reader;
use super::{Facts, TransactionNeed};

const DEFINITIONS: [&str; 11] = [
    "CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "REINDEX", "REASSIGN", "REFRESH",
    "SECURITY",
];

pub(super) fn facts(reader: &Reader<'_>, server_version: (u32, u32, u32)) -> Facts {
    let set = Setting::of(reader);
    Facts {
        control: None,
        transaction: forbidden(reader.clone(), server_version)
            .map_or(TransactionNeed::Any, |reason| TransactionNeed::Forbidden { reason }),
        implicit_commit: false,
        session: set.session || changes_session(reader.clone()),
        temporary_object: is_temporary(reader.clone()),
        controls_transaction: controls_transaction(reader.clone()),
        ddl: reader.is_any(&DEFINITIONS)
            || selects_into(reader)
            || reader.clone().eat_all(&["IMPORT", "FOREIGN"]),
        changes_parsing: set.parsing || is_discard_all(reader),
        changes_role: set.role || is_discard_all(reader),
        drops_locks: is_discard_all(reader) || unlocks_all(reader),
        copy_from_stdin: copies_from_stdin(reader.clone()),
        target: None,
    }
}

fn forbidden(mut reader: Reader<'_>, (major, _, _): (u32, u32, u32)) -> Option<&'static str> {
    if reader.eat("CREATE") {
        reader.eat("UNIQUE");
        if reader.eat("INDEX") {
            return reader.is("CONCURRENTLY").then_some("CREATE INDEX CONCURRENTLY");
        }
        return match () {
            () if reader.is("DATABASE") => Some("CREATE DATABASE"),
            () if reader.is("TABLESPACE") => Some("CREATE TABLESPACE"),
            // Without a replication slot to create nothing outside the database changes.
            () if reader.is("SUBSCRIPTION") => (!switched_off(&reader, "create_slot")
                && !switched_off(&reader, "connect"))
            .then_some("CREATE SUBSCRIPTION with a replication slot"),
            () => None,
        };
    }
    if reader.eat("DROP") {
        return match () {
            () if reader.eat("INDEX") => reader.is("CONCURRENTLY").then_some("DROP INDEX CONCURRENTLY"),
            () if reader.is("DATABASE") => Some("DROP DATABASE"),
            () if reader.is("TABLESPACE") => Some("DROP TABLESPACE"),
            () if reader.is("SUBSCRIPTION") => Some("DROP SUBSCRIPTION"),
            () => None,
        };
    }
    if reader.eat("ALTER") {
        return forbidden_alter(reader, major);
    }
    if reader.eat("REINDEX") {
        return forbidden_reindex(reader);
    }
    if reader.eat("CLUSTER") {
        reader.eat("VERBOSE");
        reader.skip_parentheses();
        return reader.at_end().then_some("CLUSTER of all tables");
    }
    if reader.is("VACUUM") {
        return Some("VACUUM");
    }
    if is_discard_all(&reader) {
        return Some("DISCARD ALL");
    }
    if reader.clone().eat_all(&["COMMIT", "PREPARED"]) {
        return Some("COMMIT PREPARED");
    }
    reader.eat_all(&["ROLLBACK", "PREPARED"]).then_some("ROLLBACK PREPARED")
}

fn forbidden_alter(mut reader: Reader<'_>, major: u32) -> Option<&'static str> {
    if reader.is("SYSTEM") {
        return Some("ALTER SYSTEM");
    }
    if reader.eat("DATABASE") {
        reader.name();
        return reader.eat_all(&["SET", "TABLESPACE"]).then_some("ALTER DATABASE … SET TABLESPACE");
    }
    if reader.eat("TABLE") {
        let detaches = reader.find("DETACH") && reader.eat("PARTITION");
        return (detaches && reader.has("CONCURRENTLY")).then_some("DETACH PARTITION CONCURRENTLY");
    }
    if reader.eat("TYPE") {
        reader.name();
        return (major < 12 && reader.eat_all(&["ADD", "VALUE"])).then_some("ALTER TYPE … ADD VALUE");
    }
    if reader.eat("SUBSCRIPTION") {
        reader.name();
        if reader.eat("REFRESH") {
            return Some("ALTER SUBSCRIPTION … REFRESH");
        }
        let refreshes = reader.eat_any(&["SET", "ADD", "DROP"]) && reader.eat("PUBLICATION");
        return (refreshes && !switched_off(&reader, "refresh")).then_some("ALTER SUBSCRIPTION with refresh");
    }
    None
}

fn forbidden_reindex(mut reader: Reader<'_>) -> Option<&'static str> {
    let options = reader.clone();
    let concurrently = reader.skip_parentheses() && switched_on(&options, "concurrently");
    reader.eat("VERBOSE");
    if concurrently {
        return Some("REINDEX CONCURRENTLY");
    }
    if reader.eat_any(&["SCHEMA", "DATABASE", "SYSTEM"]) {
        return Some("REINDEX of a schema or database");
    }
    reader.skip();
    reader.is("CONCURRENTLY").then_some("REINDEX CONCURRENTLY")
}

/// Whether an option is named in the parenthesis that is next, and not as `option = false`.
pub(super) fn switched_on(options: &Reader<'_>, option: &str) -> bool {
    options.mentions(&[option]) && !switched_off(options, option)
}

/// Whether `option = false` stands somewhere, in any of its spellings.
fn switched_off(reader: &Reader<'_>, option: &str) -> bool {
    let mut reader = reader.clone();
    while !reader.at_end() {
        if !reader.eat(option) {
            reader.skip();
            continue;
        }
        reader.eat_symbol("=");
        let value = reader.peek().unwrap_or_default().trim_matches('\'');
        return ["false", "off", "0", "no"].iter().any(|off| value.eq_ignore_ascii_case(off));
    }
    false
}

fn is_discard_all(reader: &Reader<'_>) -> bool {
    reader.clone().eat_all(&["DISCARD", "ALL"])
}

/// What a `SET`, `RESET` or `set_config()` changes.
#[derive(Debug, Clone, Copy, Default)]
struct Setting {
    session: bool,
    parsing: bool,
    role: bool,
}

impl Setting {
    fn of(reader: &Reader<'_>) -> Setting {
        let mut reader = reader.clone();
        if reader.eat("SET") {
            let local = reader.eat("LOCAL");
            // `SET SESSION AUTHORIZATION` and `SET SESSION CHARACTERISTICS` are names of settings too.
            if reader.clone().eat_all(&["SESSION", "AUTHORIZATION"]) {
                return Setting { session: !local, parsing: false, role: true };
            }
            let session = reader.eat("SESSION");
            if !session && reader.is_any(&["TRANSACTION", "CONSTRAINTS"]) {
                return Setting::default();
            }
            return Setting::named(reader.peek().unwrap_or_default(), !local);
        }
        if reader.eat("RESET") {
            if reader.is("SESSION") {
                return Setting { session: true, parsing: false, role: true };
            }
            return Setting::named(reader.peek().unwrap_or_default(), true);
        }
        let mut all = Setting::default();
        if reader.is_any(&["SELECT", "DO", "WITH", "VALUES"]) {
            for (name, argument) in reader.calls() {
                if name.eq_ignore_ascii_case("set_config") {
                    let one = Setting::named(&argument.unwrap_or_default(), true);
                    all.session |= one.session;
                    all.parsing |= one.parsing;
                    all.role |= one.role;
                }
            }
        }
        all
    }

    fn named(name: &str, session: bool) -> Setting {
        let is = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
        Setting {
            session,
            parsing: is(&[
                "standard_conforming_strings",
                "backslash_quote",
                "client_encoding",
                "names",
                "all",
            ]),
            role: is(&["role", "session_authorization"]),
        }
    }
}

fn changes_session(mut reader: Reader<'_>) -> bool {
    if reader.eat("PREPARE") {
        return !reader.is("TRANSACTION");
    }
    reader.is_any(&["DEALLOCATE", "DISCARD", "LISTEN", "UNLISTEN", "LOAD"])
}

fn is_temporary(mut reader: Reader<'_>) -> bool {
    if reader.eat("CREATE") {
        reader.eat_all(&["OR", "REPLACE"]);
        reader.eat_any(&["GLOBAL", "LOCAL"]);
        if reader.eat_any(&["TEMP", "TEMPORARY"]) {
            return true;
        }
        let target = super::target::create(reader);
        return target
            .is_some_and(|target| target.names.iter().any(|name| name.schema.as_deref() == Some("pg_temp")));
    }
    reader.is_any(&["SELECT", "WITH"]) && reader.find("INTO") && reader.eat_any(&["TEMP", "TEMPORARY"])
}

/// `SELECT … INTO new_table` creates a table. The INTO of an `INSERT` behind a `WITH` does not.
fn selects_into(reader: &Reader<'_>) -> bool {
    if reader.is("SELECT") {
        return reader.has("INTO");
    }
    reader.is("WITH") && reader.has("INTO") && !reader.has("INSERT") && !reader.has("MERGE")
}

fn controls_transaction(mut reader: Reader<'_>) -> bool {
    if reader.eat_any(&["PREPARE", "START"]) {
        return reader.is("TRANSACTION");
    }
    reader.is_any(&["BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"])
}

fn unlocks_all(reader: &Reader<'_>) -> bool {
    const UNLOCK_ALL: &str = "pg_advisory_unlock_all";
    let mut block = reader.clone();
    if block.eat("DO") {
        block.eat("LANGUAGE");
        if block.kind() == Some(crate::sql::lexer::TokenKind::Word) {
            block.skip();
        }
        return block.literal().is_some_and(|code| code.to_ascii_lowercase().contains(UNLOCK_ALL));
    }
    reader.calls().any(|(name, _)| name.eq_ignore_ascii_case(UNLOCK_ALL))
}

fn copies_from_stdin(mut reader: Reader<'_>) -> bool {
    reader.eat("COPY") && reader.find("FROM") && reader.is("STDIN")
}
