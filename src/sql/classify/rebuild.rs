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
            TargetAction::Create | TargetAction::Alter | TargetAction::Truncate | TargetAction::Reindex => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    fn rebuilds(script: &str) -> bool {
        sqlite_rebuilds(&split(script, Dialect::Sqlite).unwrap())
    }

    #[test]
    fn the_usual_orders_are_recognised() {
        for script in [
            "CREATE TABLE new_books (a); INSERT INTO new_books SELECT a FROM books; DROP TABLE books; ALTER TABLE new_books RENAME TO books;",
            "CREATE TABLE new (a); DROP TABLE IF EXISTS \"Books\"; ALTER TABLE new RENAME TO [books];",
            "ALTER TABLE books RENAME TO old; CREATE TABLE books (a); INSERT INTO books SELECT a FROM old; DROP TABLE old;",
            "CREATE TABLE new (a); ALTER TABLE books RENAME TO old; ALTER TABLE new RENAME TO books; DROP TABLE old;",
            "CREATE TEMPORARY TABLE copy AS SELECT a FROM books; DROP TABLE books; CREATE TABLE books (a); INSERT INTO books SELECT a FROM copy",
            "PRAGMA foreign_keys = OFF; SELECT 1;",
            "PRAGMA foreign_keys(0);",
        ] {
            assert!(rebuilds(script), "{script}");
        }
    }

    #[test]
    fn other_scripts_are_no_rebuild() {
        for script in [
            "CREATE TABLE books (a); DROP TABLE magazines;",
            "DROP TABLE IF EXISTS books; CREATE TABLE books (a);",
            "ALTER TABLE books RENAME TO volumes; CREATE TABLE books_index (a);",
            "ALTER TABLE books RENAME COLUMN a TO b; ALTER TABLE shelves RENAME COLUMN b TO a;",
            "PRAGMA foreign_keys = ON; PRAGMA foreign_keys;",
            "DROP INDEX books; CREATE TABLE books (a);",
        ] {
            assert!(!rebuilds(script), "{script}");
        }
    }
}
