//! Splits and classifies any text: nothing may panic, and every statement must be found where it is said to be.
//!
//! `cargo +nightly fuzz run split`. The first byte chooses the dialect.
#![no_main]

use dunlin::sql;
use dunlin_compat::model::Dialect;
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 4] = [
    Dialect::Postgres,
    Dialect::Mysql,
    Dialect::Mariadb,
    Dialect::Sqlite,
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let Ok(script) = std::str::from_utf8(rest) else {
        return;
    };
    let dialect = DIALECTS[usize::from(first) % DIALECTS.len()];
    let version = (u32::from(first), 0, 0);
    sql::classify(script, dialect, version);
    sql::flyway_non_transactional(script, dialect, version);
    let Ok(statements) = sql::split(script, dialect) else {
        return;
    };
    let mut end = 0;
    for statement in &statements {
        assert!(statement.start >= end);
        assert!(script[statement.start..].starts_with(&statement.text));
        end = statement.start + statement.text.len();
        sql::classify(&statement.text, dialect, version);
    }
    sql::sqlite_rebuilds(&statements);
});
