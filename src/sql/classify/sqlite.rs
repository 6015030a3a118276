//! SQLite statements.

use super::reader::Reader;
use super::{Facts, TransactionNeed};

/// Settings that SQLite refuses or ignores inside a transaction.
const OUTSIDE_PRAGMAS: [(&str, &str); 4] = [
    ("foreign_keys", "PRAGMA foreign_keys"),
    ("journal_mode", "PRAGMA journal_mode"),
    ("synchronous", "PRAGMA synchronous"),
    ("wal_checkpoint", "PRAGMA wal_checkpoint"),
];

/// Settings that are kept in the file, and commands that only look like settings.
const FILE_PRAGMAS: [&str; 10] = [
    "application_id",
    "auto_vacuum",
    "encoding",
    "incremental_vacuum",
    "optimize",
    "page_size",
    "schema_version",
    "shrink_memory",
    "user_version",
    "wal_checkpoint",
];

/// Questions whose argument is no value to set.
const QUESTIONS: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

pub(super) fn facts(reader: &Reader<'_>) -> Facts {
    let pragma = Pragma::of(reader.clone());
    let reason = match &pragma {
        Some(pragma) => pragma.outside(),
        None if reader.is("VACUUM") => Some("VACUUM"),
        None if reader.is("DETACH") => Some("DETACH"),
        None => None,
    };
    Facts {
        transaction: reason.map_or(TransactionNeed::Any, |reason| TransactionNeed::Forbidden { reason }),
        session: pragma.as_ref().is_some_and(Pragma::is_session) || reader.is_any(&["ATTACH", "DETACH"]),
        temporary_object: is_temporary(reader.clone()),
        controls_transaction: reader.is_any(&["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"]),
        ddl: reader.is_any(&["CREATE", "ALTER", "DROP", "REINDEX"]),
        ..Facts::default()
    }
}

/// A `PRAGMA [schema.]name [= value]`.
#[derive(Debug)]
pub(super) struct Pragma {
    name: String,
    /// The value as written, in lower case; none where it is asked for.
    value: Option<String>,
}

impl Pragma {
    pub(super) fn of(mut reader: Reader<'_>) -> Option<Pragma> {
        if !reader.eat("PRAGMA") {
            return None;
        }
        let name = reader.name()?.name.to_ascii_lowercase();
        let assigned = reader.eat_symbol("=") || reader.eat_symbol("(");
        let value = if assigned { reader.peek() } else { None };
        Some(Pragma { name, value: value.map(|value| value.trim_matches(['\'', '"']).to_ascii_lowercase()) })
    }

    /// Whether it turns the enforcement of foreign keys off.
    pub(super) fn disables_foreign_keys(&self) -> bool {
        let off = |value: &str| matches!(value, "0" | "off" | "false" | "no");
        self.name == "foreign_keys" && self.value.as_deref().is_some_and(off)
    }

    fn outside(&self) -> Option<&'static str> {
        let (_, reason) = OUTSIDE_PRAGMAS.into_iter().find(|(name, _)| *name == self.name)?;
        (self.value.is_some() || self.name == "wal_checkpoint").then_some(reason)
    }

    fn is_session(&self) -> bool {
        let name = self.name.as_str();
        self.value.is_some() && !FILE_PRAGMAS.contains(&name) && !QUESTIONS.contains(&name)
    }
}

fn is_temporary(mut reader: Reader<'_>) -> bool {
    if !reader.eat("CREATE") {
        return false;
    }
    if reader.is_any(&["TEMP", "TEMPORARY"]) {
        return true;
    }
    let in_temp = |name: &super::QualifiedName| {
        name.schema.as_deref().is_some_and(|schema| schema.eq_ignore_ascii_case("temp"))
    };
    super::target::create(reader).is_some_and(|target| target.names.iter().any(in_temp))
}
