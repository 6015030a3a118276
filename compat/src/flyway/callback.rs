//! The events of Flyway's life cycle (class `Event`) and the scripts that are named after them.

use std::fmt;
use std::path::PathBuf;

use crate::flyway::encoding::Charset;
use crate::flyway::name::ResourceName;
use crate::flyway::script_config::ScriptConfig;

/// A script that runs at an event: `afterMigrate.sql`, `beforeEachMigrate__audit.sql`, `afterInfo.sh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackScript {
    /// When it runs.
    pub event: Event,
    /// The part of the name after the separator, `_` turned into a space; empty when there is none.
    pub description: String,
    /// Path relative to its location, with `/`.
    pub script: String,
    /// The absolute path.
    pub path: PathBuf,
    /// Whether it is a program to run (`.sh`, `.ps1` …) rather than SQL.
    pub is_program: bool,
    /// How its bytes become text.
    pub charset: Charset,
    /// Its name, parsed.
    pub name: ResourceName,
    /// Settings of its `.conf` file, if it has one.
    pub config: Option<ScriptConfig>,
    /// Whether placeholders in its text are to be replaced.
    pub placeholder_replacement: bool,
}

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $id:literal,)*) => {
        /// An event at which Flyway runs callbacks, in Flyway's own order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Event {
            $($(#[$doc])* $event,)*
        }

        impl Event {
            /// All events.
            pub const ALL: &'static [Event] = &[$(Event::$event,)*];

            /// Its name, which begins the file names of its callbacks: `afterMigrate`.
            pub fn id(self) -> &'static str {
                match self {
                    $(Event::$event => $id,)*
                }
            }
        }
    };
}

events! {
    /// Before clean.
    BeforeClean = "beforeClean",
    /// After clean succeeded.
    AfterClean = "afterClean",
    /// After clean failed.
    AfterCleanError = "afterCleanError",
    /// Before migrate.
    BeforeMigrate = "beforeMigrate",
    /// Before each migration, in its transaction.
    BeforeEachMigrate = "beforeEachMigrate",
    /// Before each statement of a migration, in its transaction.
    BeforeEachMigrateStatement = "beforeEachMigrateStatement",
    /// After each statement of a migration that succeeded, in its transaction.
    AfterEachMigrateStatement = "afterEachMigrateStatement",
    /// After each statement of a migration that failed.
    AfterEachMigrateStatementError = "afterEachMigrateStatementError",
    /// After each migration that succeeded, in its transaction.
    AfterEachMigrate = "afterEachMigrate",
    /// After each migration that failed.
    AfterEachMigrateError = "afterEachMigrateError",
    /// Before the first repeatable migration.
    BeforeRepeatables = "beforeRepeatables",
    /// After the last versioned migration.
    AfterVersioned = "afterVersioned",
    /// After migrate succeeded and applied something.
    AfterMigrateApplied = "afterMigrateApplied",
    /// After migrate succeeded.
    AfterMigrate = "afterMigrate",
    /// After migrate failed.
    AfterMigrateError = "afterMigrateError",
    /// Before undo.
    BeforeUndo = "beforeUndo",
    /// Before each undo migration.
    BeforeEachUndo = "beforeEachUndo",
    /// Before each statement of an undo migration.
    BeforeEachUndoStatement = "beforeEachUndoStatement",
    /// After each statement of an undo migration that succeeded.
    AfterEachUndoStatement = "afterEachUndoStatement",
    /// After each statement of an undo migration that failed.
    AfterEachUndoStatementError = "afterEachUndoStatementError",
    /// After each undo migration that succeeded.
    AfterEachUndo = "afterEachUndo",
    /// After each undo migration that failed.
    AfterEachUndoError = "afterEachUndoError",
    /// After undo succeeded.
    AfterUndo = "afterUndo",
    /// After undo failed.
    AfterUndoError = "afterUndoError",
    /// Before validate.
    BeforeValidate = "beforeValidate",
    /// After validate succeeded.
    AfterValidate = "afterValidate",
    /// After validate failed.
    AfterValidateError = "afterValidateError",
    /// Before baseline.
    BeforeBaseline = "beforeBaseline",
    /// After baseline succeeded.
    AfterBaseline = "afterBaseline",
    /// After baseline failed.
    AfterBaselineError = "afterBaselineError",
    /// Before repair.
    BeforeRepair = "beforeRepair",
    /// After repair succeeded.
    AfterRepair = "afterRepair",
    /// After repair failed.
    AfterRepairError = "afterRepairError",
    /// Before info.
    BeforeInfo = "beforeInfo",
    /// After info succeeded.
    AfterInfo = "afterInfo",
    /// After info failed.
    AfterInfoError = "afterInfoError",
    /// When a migrate operation is over.
    AfterMigrateOperationFinish = "afterMigrateOperationFinish",
    /// When an info operation is over. Flyway gave five more events this same name, so files cannot mean those.
    AfterInfoOperationFinish = "afterInfoOperationFinish",
    /// Before missing schemas are created; deprecated by Flyway in favour of `beforeCreateSchema`.
    CreateSchema = "createSchema",
    /// Before missing schemas are created.
    BeforeCreateSchema = "beforeCreateSchema",
    /// Before a connection is opened; programs only.
    BeforeConnect = "beforeConnect",
    /// After a connection was opened.
    AfterConnect = "afterConnect",
}

impl Event {
    /// The event of this name, which is case-sensitive.
    pub fn from_id(id: &str) -> Option<Event> {
        Event::ALL.iter().copied().find(|event| event.id() == id)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}
