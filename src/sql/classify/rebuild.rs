//! Recognises a script that rebuilds a SQLite table, during which foreign keys must not be enforced.

use super::sqlite::Pragma;
use super::{ObjectKind, TargetAction, reader::Reader, target};
use crate::sql::Statement;
use dunlin_compat::model::Dialect;

/// Whether a SQLite script turns foreign keys off itself, or takes a table away and puts another in its place, in any
/// of the usual orders:
///
/// - create the new one, drop the old one, rename the new one to its name (SQLite's twelve steps);
/// - rename the old one away, create or rename the new one to its name;
/// - copy the rows away, drop the table and create it anew.
///
/// `DROP TABLE IF EXISTS` followed by `CREATE TABLE` is no rebuild: scripts begin that way on an empty database.
pub fn sqlite_rebuilds(statements: &[Statement]) -> bool {
    let mut gone: Vec<String> = Vec::new();
    let mut droppable: Vec<String> = Vec::new();
    for statement in statements {
        let reader = Reader::new(&statement.text, Dialect::Sqlite, (3, 0, 0));
        if Pragma::of(reader.clone()).is_some_and(|pragma| pragma.disables_foreign_keys()) {
            return true;
        }
        let Some(target) = target::target(reader).filter(|target| target.kind == ObjectKind::Table) else {
            continue;
        };
        let names = || target.names.iter().map(|name| name.name.to_ascii_lowercase());
        match target.action {
            TargetAction::Drop if target.if_exists => droppable.extend(names()),
            TargetAction::Drop => gone.extend(names()),
            TargetAction::Create if names().any(|name| gone.contains(&name)) => return true,
            TargetAction::Rename => {
                let mut arrivals = target.new_names.iter().map(|name| name.name.to_ascii_lowercase());
                if arrivals.any(|name| gone.contains(&name) || droppable.contains(&name)) {
                    return true;
                }
                gone.extend(names());
            }
            TargetAction::Create | TargetAction::Alter | TargetAction::Truncate => {}
        }
    }
    false
}
