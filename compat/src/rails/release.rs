//! Releases of Active Record, which differ in what their tasks do.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A release of Active Record, without its patch level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub u32, pub u32);

impl Release {
    /// The newest that is known here, for projects that do not tell theirs.
    pub const NEWEST: Release = Release(8, 2);

    /// The release that `Gemfile.lock` says, as in `    activerecord (7.1.3.4)`.
    pub fn of_lock_file(text: &str) -> Option<Release> {
        text.split('\n').find_map(|line| {
            let version = line.strip_prefix("    activerecord (")?.trim_end().strip_suffix(')')?;
            version.parse().ok()
        })
    }

    /// The release of a project, if its `Gemfile.lock` tells.
    pub fn of_project(root: &Path) -> Option<Release> {
        ["Gemfile.lock", "gems.locked"]
            .iter()
            .find_map(|name| Release::of_lock_file(&std::fs::read_to_string(root.join(name)).ok()?))
    }

    /// Sessions on SQLite write a log ahead, and what goes with it.
    pub fn sets_pragmas(self) -> bool {
        self >= Release(7, 1)
    }

    /// `pragmas` of a database replace them and add to them.
    pub fn reads_pragmas(self) -> bool {
        self >= Release(7, 2)
    }

    /// `db:migrate` loads the schema file into a database without history.
    pub fn migrate_loads_schema(self) -> bool {
        self >= Release(8, 0)
    }

    /// `db:version` tells of every database.
    pub fn version_of_all(self) -> bool {
        self >= Release(7, 1)
    }

    /// `db:migrate` of several databases goes by version across all of them.
    pub fn interleaves_databases(self) -> bool {
        self >= Release(7, 0)
    }

    /// `db:rollback` refuses `VERSION`.
    pub fn rollback_refuses_version(self) -> bool {
        self >= Release(7, 0)
    }

    /// `db:migrate:status` goes by number rather than by text.
    pub fn status_by_number(self) -> bool {
        self >= Release(7, 0)
    }

    /// Versions in the future can be refused.
    pub fn validates_timestamps(self) -> bool {
        self >= Release(7, 2)
    }

    /// Protected environments are looked for in every database rather than in the first.
    pub fn protects_all(self) -> bool {
        self >= Release(7, 1)
    }

    /// `schema_dump` and `database_tasks` are keys of a database.
    pub fn has_schema_dump_key(self) -> bool {
        self >= Release(7, 0)
    }

    /// `schema_format` is a key of a database.
    pub fn has_schema_format_key(self) -> bool {
        self >= Release(8, 0)
    }

    /// `SCHEMA_FORMAT` is heard.
    pub fn hears_schema_format(self) -> bool {
        self >= Release(7, 0)
    }

    /// `structure.sql` of SQLite leaves out the tables of SQLite itself.
    pub fn structure_without_system_tables(self) -> bool {
        self >= Release(8, 0)
    }

    /// The versions in `structure.sql` go from the newest to the oldest, without an empty line after them.
    pub fn structure_newest_first(self) -> bool {
        self >= Release(7, 1)
    }
}

impl FromStr for Release {
    type Err = ();

    fn from_str(text: &str) -> Result<Release, ()> {
        let mut parts = text.split('.');
        let mut next = || parts.next().and_then(|part| part.parse().ok()).ok_or(());
        Ok(Release(next()?, next()?))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells() {
        let text = "GEM\n  specs:\n    activerecord (7.1.3.4)\n      activemodel (= 7.1.3.4)\n    rails (7.1.3.4)\n      activerecord (= 9)\n";
        assert_eq!(Release::of_lock_file(text), Some(Release(7, 1)));
        assert_eq!(Release::of_lock_file("    activerecord (8.0.0.beta1)\r\n"), Some(Release(8, 0)));
        assert_eq!(Release::of_lock_file("GEM\n"), None);
    }
}
