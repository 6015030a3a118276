//! What the database tells, and how fast it is.

use std::cell::Cell;

use crate::ddl::{TableName, Work};
use crate::engine::CatalogFacts;
use crate::estimate::{self, Extent, Record, Speed};
use crate::lint::{Expected, Facts, TableFacts};

/// The catalog's facts, with a speed that is measured once, and only when a finding depends on it.
pub(super) struct TimedFacts<'f, 'c> {
    facts: &'f CatalogFacts<'c>,
    record: Record,
    speed: Cell<Option<Speed>>,
}

impl<'f, 'c> TimedFacts<'f, 'c> {
    /// Over the catalog's, with what earlier runs taught.
    pub(super) fn new(facts: &'f CatalogFacts<'c>, record: Record) -> TimedFacts<'f, 'c> {
        TimedFacts { facts, record, speed: Cell::new(None) }
    }

    fn speed(&self, table: &TableName, known: &TableFacts) -> Speed {
        if let Some(speed) = self.speed.get() {
            return speed;
        }
        // The next table may be large enough.
        if !estimate::tells(known) {
            return estimate::ASSUMED;
        }
        let tables = [(table.clone(), known.clone())];
        let speed =
            self.facts.with_connection(|connection| estimate::measure(connection, &tables, Extent::BRIEF));
        self.speed.set(Some(speed));
        speed
    }
}

impl Facts for TimedFacts<'_, '_> {
    fn table(&self, table: &TableName) -> Option<TableFacts> {
        self.facts.table(table)
    }

    fn table_of_index(&self, index: &TableName) -> Option<TableName> {
        self.facts.table_of_index(index)
    }

    fn expected(&self, table: &TableName, work: Work) -> Option<Expected> {
        let known = self.table(table)?;
        Some(estimate::expected(&known, work, self.speed(table, &known), &self.record))
    }
}
