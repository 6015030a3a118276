//! What is found.

use std::collections::BTreeMap;

use super::bench::State;
use crate::db::url::Engine;
use crate::engine::RunError;
use crate::schema::rows::{self, RowsDifference};
use crate::schema::{self, Difference};
use crate::trace::Traced;

/// What is wrong with a migration.
#[derive(Debug)]
pub enum Finding {
    /// It cannot be applied.
    UpFails(RunError),
    /// It has no down: why it cannot be taken back.
    NoDown(String),
    /// Its down could not be tried: why.
    NotTried(String),
    /// Its down fails.
    DownFails(RunError),
    /// After its down something is not as it was before its up.
    DownLeaves(Changed),
    /// After its down it cannot be applied.
    UpAgainFails(RunError),
    /// Applied again it does not give what it gave first.
    UpAgainDiffers(Changed),
}

/// How two states of a database differ.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// Their schemas.
    pub schema: Vec<Difference>,
    /// Their rows.
    pub rows: Vec<RowsDifference>,
    /// Statements that set the counters of the first where those of the second are others; empty where they do not count.
    pub counters: Vec<String>,
}

/// What a migration does to a table that was there before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableImpact {
    /// The strongest lock on it, as the server names it.
    pub lock: Option<String>,
    /// The statement that took it.
    pub statement: Option<String>,
    /// Whether its rows are written anew.
    pub rewritten: bool,
}

impl Finding {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Finding::UpFails(_) => "UP_FAILS",
            Finding::NoDown(_) => "NO_DOWN",
            Finding::NotTried(_) => "NOT_TRIED",
            Finding::DownFails(_) => "DOWN_FAILS",
            Finding::DownLeaves(changed) if changed.loses_rows() => "DOWN_LOSES_DATA",
            Finding::DownLeaves(_) => "DOWN_DIFFERS",
            Finding::UpAgainFails(_) => "UP_AGAIN_FAILS",
            Finding::UpAgainDiffers(_) => "UP_AGAIN_DIFFERS",
        }
    }

    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Finding::UpFails(error) => format!("it fails: {error}"),
            Finding::NoDown(reason) => format!("it has no down: {reason}"),
            Finding::NotTried(reason) => format!("its down was not tried: {reason}"),
            Finding::DownFails(error) => format!("its down fails: {error}"),
            Finding::DownLeaves(changed) => match (changed.schema.is_empty(), changed.rows.is_empty()) {
                (false, true) => "its down does not give back the schema that was there before".to_owned(),
                (true, false) => "its down does not give back the rows that were there before".to_owned(),
                _ => "its down gives back neither the schema nor the rows that were there before".to_owned(),
            },
            Finding::UpAgainFails(error) => format!("after its down it cannot be applied again: {error}"),
            Finding::UpAgainDiffers(_) => "applied again after its down it gives something else".to_owned(),
        }
    }

    /// What differs, where something does.
    pub fn changed(&self) -> Option<&Changed> {
        match self {
            Finding::DownLeaves(changed) | Finding::UpAgainDiffers(changed) => Some(changed),
            _ => None,
        }
    }
}

impl Changed {
    /// The same where the numbers that the server gives out next count too.
    pub fn between_with_counters(before: &State, after: &State) -> Option<Changed> {
        let mut changed = Changed::between(before, after).unwrap_or_default();
        changed.counters = before.counters.compare(&after.counters);
        let is_same = changed.schema.is_empty() && changed.rows.is_empty() && changed.counters.is_empty();
        (!is_same).then_some(changed)
    }

    /// How two states differ; `None` when they do not.
    pub fn between(before: &State, after: &State) -> Option<Changed> {
        let changed = Changed {
            schema: schema::compare(&before.schema, &after.schema),
            rows: rows::compare(&before.rows, &after.rows),
            counters: Vec::new(),
        };
        (!changed.schema.is_empty() || !changed.rows.is_empty()).then_some(changed)
    }

    /// The same of two runs of one migration: what it takes from a clock or makes up is another each time.
    pub(super) fn between_runs(first: &State, second: &State) -> Option<Changed> {
        let mut changed = Changed::between(first, second)?;
        changed.rows.retain(|difference| {
            let made_up = |column: &String| {
                let kind = first.rows.get(&difference.table).and_then(|rows| rows.kinds.get(column));
                kind.is_some_and(|kind| ["time", "date", "uuid"].iter().any(|word| kind.contains(word)))
            };
            difference.count.0 != difference.count.1
                || difference.columns.is_empty()
                || !difference.columns.iter().all(made_up)
        });
        (!changed.schema.is_empty() || !changed.rows.is_empty()).then_some(changed)
    }

    /// Whether rows or values that were there are gone.
    pub fn loses_rows(&self) -> bool {
        self.rows.iter().any(|rows| {
            let (before, after) = rows.count;
            after < before || (after == before && !rows.columns.is_empty())
        })
    }
}

/// Lock modes that let others write to the table, PostgreSQL's and MySQL's, from weak to strong.
const WRITERS_GO_ON: [&str; 14] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "INTENTION_EXCLUSIVE",
    "SHARED",
    "SHARED_HIGH_PRIO",
    "SHARED_READ",
    "SHARED_WRITE_LOW_PRIO",
    "SHARED_WRITE",
    "SHARED_UPGRADABLE",
    "ALGORITHM=INSTANT",
    "ALGORITHM=INPLACE, LOCK=NONE",
    "ALGORITHM=COPY, LOCK=NONE",
];

/// The others, from weak to strong.
const WRITERS_WAIT: [&str; 11] = [
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
    "SHARED_READ_ONLY",
    "SHARED_NO_WRITE",
    "ALGORITHM=INPLACE, LOCK=SHARED",
    "ALGORITHM=COPY, LOCK=SHARED",
    "SHARED_NO_READ_WRITE",
    "EXCLUSIVE",
    "LOCK=EXCLUSIVE",
];

impl TableImpact {
    /// Whether the lock keeps others from writing to the table.
    pub fn keeps_writers_out(&self) -> bool {
        self.lock.as_deref().is_some_and(|lock| WRITERS_WAIT.contains(&lock))
    }
}

/// What traced statements did to tables that were there before.
pub(super) fn impact(before: &State, traced: &[Traced], engine: Engine) -> BTreeMap<String, TableImpact> {
    let was_there = |table: &str| {
        before
            .schema
            .objects
            .keys()
            .any(|name| name.name == table && matches!(name.kind.as_str(), "table" | "materialized view"))
    };
    let strength = |mode: &str| WRITERS_GO_ON.iter().chain(&WRITERS_WAIT).position(|known| *known == mode);
    let mut impacts: BTreeMap<String, TableImpact> = BTreeMap::new();
    for statement in traced {
        for lock in statement.locks.iter().filter(|lock| was_there(&lock.table)) {
            let impact = impacts.entry(lock.table.clone()).or_default();
            if impact.lock.as_deref().and_then(strength) < strength(&lock.mode) {
                impact.lock = Some(lock.mode.clone());
                impact.statement = Some(statement.sql.clone());
            }
        }
        // MySQL writes an empty table anew where it would not touch the rows of a full one.
        let tells = |table: &&String| {
            engine != Engine::Mysql || before.rows.get(*table).is_some_and(|rows| rows.count > 0)
        };
        for table in statement.rewritten.iter().filter(|table| was_there(table)).filter(tells) {
            impacts.entry(table.clone()).or_default().rewritten = true;
        }
    }
    impacts
}
