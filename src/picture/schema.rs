//! Tables, and where they go in a picture.

use std::collections::BTreeMap;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name, with its schema where that is not the usual one.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its foreign keys.
    pub references: Vec<Reference>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the server spells it.
    pub data_type: String,
    /// Whether it is of the primary key.
    pub is_key: bool,
    /// Whether it must have a value.
    pub not_null: bool,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to, named as its own [`Table::name`].
    pub table: String,
    /// Whether no two rows refer to the same one.
    pub is_unique: bool,
}

impl Table {
    /// Whether a foreign key has the column.
    pub(super) fn refers(&self, column: &str) -> bool {
        self.references.iter().any(|reference| reference.columns.iter().any(|name| name == column))
    }
}

/// The layer of each table, from 0: a table stands behind all that it refers to. Where they refer to each other in a circle, the
/// first stays in front.
pub(super) fn layers(tables: &[Table]) -> Vec<usize> {
    let index: BTreeMap<&str, usize> =
        tables.iter().enumerate().map(|(index, table)| (table.name.as_str(), index)).collect();
    let mut layers = vec![0; tables.len()];
    // No chain is longer than there are tables; in a circle it would grow for ever.
    for _ in 0..tables.len() {
        let mut changed = false;
        for (place, table) in tables.iter().enumerate() {
            for reference in &table.references {
                let Some(other) =
                    index.get(reference.table.as_str()).copied().filter(|other| *other != place)
                else {
                    continue;
                };
                if reaches(tables, &index, other, place) && other > place {
                    continue;
                }
                let wanted = layers.get(other).copied().unwrap_or(0) + 1;
                if let Some(layer) =
                    layers.get_mut(place).filter(|layer| **layer < wanted && wanted < tables.len())
                {
                    *layer = wanted;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    layers
}

/// Whether foreign keys lead from one table to another.
fn reaches(tables: &[Table], index: &BTreeMap<&str, usize>, from: usize, to: usize) -> bool {
    let mut seen = vec![false; tables.len()];
    let mut left = vec![from];
    while let Some(place) = left.pop() {
        if place == to {
            return true;
        }
        let Some(seen) = seen.get_mut(place).filter(|seen| !**seen) else { continue };
        *seen = true;
        let references = tables.get(place).map(|table| table.references.as_slice()).unwrap_or_default();
        left.extend(references.iter().filter_map(|reference| index.get(reference.table.as_str()).copied()));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, references: &[&str]) -> Table {
        let reference = |table: &&str| Reference { table: (*table).to_owned(), ..Reference::default() };
        Table {
            name: name.to_owned(),
            columns: Vec::new(),
            references: references.iter().map(reference).collect(),
        }
    }

    #[test]
    fn a_table_stands_behind_what_it_refers_to() {
        let tables = [
            table("lines", &["orders", "products"]),
            table("orders", &["customers"]),
            table("customers", &[]),
            table("products", &[]),
        ];
        assert_eq!(layers(&tables), [2, 1, 0, 0]);
    }

    #[test]
    fn circles_and_tables_that_refer_to_themselves_end() {
        let tables = [table("a", &["b"]), table("b", &["a", "b"]), table("c", &["a", "gone"])];
        let layers = layers(&tables);
        assert!(layers.iter().all(|layer| *layer < 3), "{layers:?}");
        assert_ne!(layers[0], layers[1]);
    }
}
